//! Signals to processes, and processes that wait for signals.

#[path = "support/alone.rs"]
mod alone;

use std::time::Duration;

use alone::tests;
use osier::process::{ExitStatus, Process, pipe};
use osier::signal::{Signal, Signals};

/// Longer than any test.
const FOREVER: Duration = Duration::from_secs(3600);

tests! {
    #[test]
    fn signals_end_it_and_do_nothing_once_it_has_ended_pr_06() {
        osier::run(|| {
            for (signal, number) in [
                (Process::terminate as fn(&Process) -> _, 15),
                (Process::kill, 9),
                (Process::interrupt, 2),
            ] {
                let process = Process::fork(|| osier::sleep(FOREVER)).unwrap();
                signal(&process).unwrap();
                assert_eq!(process.join(), ExitStatus::Signal(number));
                signal(&process).unwrap();
            }
        });
    }

    #[test]
    fn a_signal_that_the_parent_waits_for_still_ends_a_child() {
        osier::run(|| {
            let term = Signals::new([Signal::TERM]).unwrap();
            let process = Process::fork(move || {
                drop(term); // a copy of the parent's
                osier::sleep(FOREVER);
            });
            let process = process.unwrap();
            process.terminate().unwrap();
            assert_eq!(process.join(), ExitStatus::Signal(15));
        });
    }

    #[test]
    fn a_child_waits_for_signals_of_its_own() {
        osier::run(|| {
            let _ours = Signals::new([Signal::TERM]).unwrap();
            let (ready, told) = pipe::duplex::<u8>().unwrap();
            let process = Process::fork(move || {
                let term = Signals::new([Signal::TERM]).unwrap();
                told.send(&1).unwrap();
                term.wait().unwrap();
                7
            });
            let process = process.unwrap();
            assert_eq!(ready.recv().unwrap(), 1);
            process.terminate().unwrap();
            assert_eq!(process.join(), ExitStatus::Code(7));
        });
    }
}
