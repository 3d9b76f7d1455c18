//! Workers: processes that do the same, are replaced when they die, and end as they are told to.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/workers.rs"]
mod workers;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alone::tests;
use osier::process::{ExitStatus, Process, StartError, Workers, WorkersError, pipe};
use rustix::process::{Signal, getpid};
use workers::{signal, soon};

/// Longer than any test.
const FOREVER: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(1);

/// Whether there is such a process, and it has not ended.
fn lives(pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !text.rsplit(") ").next().unwrap().starts_with(['Z', 'X'])
}

/// A line of what the kernel says of this process.
fn kernel_says(what: &str) -> String {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().last().unwrap().to_string()
}

/// Plans that replace without a pause worth speaking of.
fn plan(n: usize) -> Workers {
    Workers::new().processes(n).pause(SHORT).gauge("ready").counter("bodies")
}

tests! {
    #[test]
    fn each_is_a_process_and_calls_the_body_once_c_15() {
        osier::run(|| {
            let crew = plan(3).counter("pids").start(|worker| {
                assert_eq!((worker.starts(), worker.hub()), (1, 0));
                worker.counter("pids").set(u64::from(std::process::id()));
                worker.common("bodies").add(1);
            });
            let crew = crew.unwrap();
            assert_eq!(crew.join().unwrap().killed, 0);
            assert_eq!(crew.common("bodies"), 3);
            let mut pids: Vec<u64> = crew.status().iter().map(|one| one.counters[2].1).collect();
            pids.push(std::process::id().into());
            pids.sort_unstable();
            pids.dedup();
            assert_eq!(pids.len(), 4);
            assert!(crew.status().iter().all(|one| one.pid.is_none()));
        });
    }

    #[test]
    fn there_are_as_many_as_processors_c_15() {
        osier::run(|| {
            let crew = Workers::new().counter("n").start(|worker| _ = worker.counter("n").add(1)).unwrap();
            crew.join().unwrap();
            assert_eq!(crew.total("n"), osier::process::cpu_count() as u64);
        });
    }

    #[test]
    fn each_process_can_have_several_hubs_on_threads_c_15() {
        osier::run(|| {
            let crew = plan(2).threads(3).gauge("hubs").start(|worker| {
                let rest = osier::spawn(osier::yield_now);
                worker.counter("bodies").add(1);
                worker.counter("hubs").add(1 << (8 * worker.hub()));
                worker.stop().wait();
                rest.join().unwrap();
            });
            let crew = crew.unwrap();
            assert!(soon(|| crew.total("bodies") == 6));
            assert!(crew.status().iter().all(|one| one.counters[2].1 == 0x1_0101), "{crew:?}");
            crew.drain();
            assert_eq!(crew.join().unwrap().killed, 0);
        });
    }

    #[test]
    fn a_hub_that_fails_has_its_process_replaced_as_a_whole_c_15() {
        osier::run(|| {
            let crew = plan(1).threads(2).start(|worker| {
                worker.counter("bodies").add(1);
                if worker.starts() == 1 && worker.hub() == 1 {
                    panic!("expected");
                }
                worker.stop().wait();
            });
            let crew = crew.unwrap();
            assert!(soon(|| crew.total("bodies") == 4));
            assert_eq!(crew.status()[0].starts, 2);
            crew.drain();
            crew.join().unwrap();
        });
    }

    #[test]
    fn one_that_dies_is_replaced_and_its_numbers_go_on_c_15() {
        osier::run(|| {
            let crew = plan(2).start(|worker| {
                worker.counter("bodies").add(1);
                worker.counter("ready").add(1);
                worker.stop().wait();
            });
            let crew = crew.unwrap();
            assert!(soon(|| crew.total("bodies") == 2));
            let before = crew.status();
            signal(before[1].pid.unwrap(), Signal::KILL);
            assert!(soon(|| crew.total("bodies") == 3));
            let after = crew.status();
            assert_eq!((after[0].pid, after[0].starts), (before[0].pid, 1));
            assert_ne!(after[1].pid, before[1].pid);
            assert_eq!((after[1].starts, after[1].counters[0].1), (2, 1), "a gauge begins anew");
            crew.drain();
            assert_eq!(crew.join().unwrap().killed, 0);
        });
    }

    #[test]
    fn one_that_somebody_told_to_end_is_replaced_and_one_that_is_done_is_not_c_15() {
        osier::run(|| {
            let crew = plan(2).crash_limit(1).start(|worker| {
                worker.counter("bodies").add(1);
                if worker.index() == 0 {
                    worker.stop().wait();
                }
            });
            let crew = crew.unwrap();
            for (n, how) in [(3, Signal::TERM), (4, Signal::INT)] {
                assert!(soon(|| crew.total("bodies") == n - 1 && crew.status()[1].pid.is_none()));
                signal(crew.status()[0].pid.unwrap(), how);
                assert!(soon(|| crew.total("bodies") == n));
            }
            assert_eq!(crew.status()[1].starts, 1);
            crew.drain();
            assert_eq!(crew.join().unwrap().killed, 0);
        });
    }

    #[test]
    fn a_crash_loop_is_an_error_that_says_who_and_how_c_15() {
        osier::run(|| {
            let crew = plan(2).crash_limit(3).start(|worker| {
                if worker.index() == 1 {
                    worker.counter("bodies").add(1);
                    std::process::abort();
                }
                worker.stop().wait();
            });
            let crew = crew.unwrap();
            let error = crew.join().unwrap_err();
            let text = error.to_string();
            let WorkersError::CrashLoop { worker, times, status, .. } = error else { panic!("{text}") };
            assert_eq!((worker, times, status), (1, 3, ExitStatus::Signal(6)));
            assert!(text.starts_with("worker 1 has died 3 times in a row, each time young; the last time by signal 6"), "{text}");
            assert_eq!(crew.total("bodies"), 3);
            assert!(osier::process::active_children().is_empty(), "the others were drained");
        });
    }

    #[test]
    fn lives_that_are_long_enough_are_no_loop_c_15() {
        osier::run(|| {
            let crew = plan(1).crash_limit(2).healthy_after(Duration::ZERO).start(|worker| -> i32 {
                i32::from(worker.counter("bodies").add(1) < 10)
            });
            crew.unwrap().join().unwrap();
        });
    }

    #[test]
    fn nothing_is_half_started_c_15() {
        let go = Arc::new(osier::thread::Event::new());
        let gone = go.clone();
        let stays = std::thread::spawn(move || gone.wait());
        osier::run(|| {
            let error = plan(2).start(|_| ()).unwrap_err();
            assert!(matches!(error, WorkersError::Start(StartError::OtherThreads(_))), "{error}");
        });
        go.set();
        stays.join().unwrap();
        // The third finds no room for its pidfd.
        osier::run(|| {
            use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
            let crew = plan(1).start(|_| ()).unwrap(); // what is made once is there
            crew.join().unwrap();
            let before = getrlimit(Resource::Nofile);
            let open = fs::read_dir("/proc/self/fd").unwrap().count() as u64;
            setrlimit(Resource::Nofile, Rlimit { current: Some(open + 8), ..before }).unwrap();
            let error = plan(20).start(|worker| _ = worker.stop().wait()).unwrap_err();
            setrlimit(Resource::Nofile, before).unwrap();
            assert!(matches!(error, WorkersError::Start(StartError::Io(_))), "{error}");
            assert!(osier::process::active_children().is_empty());
        });
    }

    #[test]
    fn term_lets_them_finish_and_the_late_ones_are_killed_c_15() {
        osier::run(|| {
            osier::spawn(|| signal(std::process::id(), Signal::TERM));
            let plan = plan(2).grace(Duration::from_millis(100));
            let ended = plan.run(|worker| {
                worker.stop().wait();
                if worker.index() == 1 {
                    osier::sleep(FOREVER);
                }
            });
            assert_eq!(ended.unwrap().killed, 1);
        });
    }

    #[test]
    fn a_worker_that_never_waits_is_killed_when_its_time_is_up_c_15() {
        osier::run(|| {
            let plan = plan(1).quick_grace(Duration::from_millis(20));
            let crew = plan.start(|worker| {
                worker.counter("ready").set(1);
                loop {
                    std::hint::spin_loop();
                }
                #[expect(unreachable_code, reason = "a closure has one type")]
                ()
            });
            let crew = crew.unwrap();
            assert!(soon(|| crew.total("ready") == 1));
            crew.quit();
            assert_eq!(crew.join().unwrap().killed, 1);
        });
    }

    #[test]
    fn int_ends_them_at_once_c_15() {
        osier::run(|| {
            osier::spawn(|| signal(std::process::id(), Signal::INT));
            let began = osier::clock::now();
            let ended = plan(2).run(|_| osier::sleep(FOREVER));
            assert_eq!(ended.unwrap().killed, 0);
            assert!(osier::clock::now() - began < Duration::from_secs(2), "nobody was waited for");
        });
    }

    #[test]
    fn a_second_signal_goes_a_step_further_c_15() {
        osier::run(|| {
            // The body takes no notice of TERM; INT ends it.
            let (reader, writer) = pipe::simplex::<u32>().unwrap();
            let supervisor = Process::fork(move || {
                let plan = plan(1).grace(FOREVER).quick_grace(FOREVER);
                let body = move |worker: &osier::process::Worker| {
                    worker.stop().wait();
                    osier::sleep(FOREVER);
                };
                osier::spawn(move || writer.send(&0).unwrap());
                assert_eq!(plan.run(body).unwrap().killed, 0);
                7
            });
            let supervisor = supervisor.unwrap();
            reader.recv().unwrap();
            // Signals that come together count as one: the kernel's queue holds one of each.
            signal(supervisor.pid(), Signal::TERM);
            assert_eq!(supervisor.join_timeout(Duration::from_millis(50)), None, "it drains");
            signal(supervisor.pid(), Signal::TERM);
            assert_eq!(supervisor.join(), ExitStatus::Code(7));
        });
    }

    #[test]
    fn a_third_one_kills_them_c_15() {
        osier::run(|| {
            static READY: AtomicBool = AtomicBool::new(false);
            let plan = plan(1).grace(FOREVER).quick_grace(FOREVER);
            osier::Builder::new().daemon(true).spawn(|| {
                for how in [Signal::TERM, Signal::INT, Signal::INT] {
                    signal(getpid().as_raw_nonzero().get() as u32, how);
                    osier::sleep(Duration::from_millis(20));
                }
            }).unwrap();
            // It never waits, so it takes no notice of anything.
            let ended = plan.run(|_| while !READY.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            });
            assert_eq!(ended.unwrap().killed, 0, "nobody was late");
        });
    }

    #[test]
    fn handlers_are_called_as_well_and_restored_and_nothing_stays_blocked_c_27() {
        use std::os::unix::net::UnixStream;
        osier::run(|| {
            let (caught, blocked) = (kernel_says("SigCgt"), kernel_says("SigBlk"));
            let crew = plan(1).start(|worker| worker.counter("bodies").set(
                1 + u64::from_str_radix(&kernel_says("SigBlk"), 16).unwrap(),
            ));
            let crew = crew.unwrap();
            crew.join().unwrap();
            assert_eq!(crew.total("bodies"), 1, "a worker has signals blocked");
            assert_eq!(kernel_says("SigCgt"), caught, "a start alone catches none");
            // Who has dumps made on the signal has them all the same.
            let (mut near, far) = UnixStream::pair().unwrap();
            let process = Process::fork(move || {
                let dumps = osier::inspect::dump_on_signal_with(15, move |_| {
                    use std::io::Write;
                    (&far).write_all(b"x").unwrap();
                });
                // The thread that makes dumps is another one: without the fork of a worker.
                let before = kernel_says("SigCgt");
                osier::spawn(|| signal(std::process::id(), Signal::TERM));
                let refused = plan(1).run(|_| ()).unwrap_err();
                assert!(matches!(refused, WorkersError::Start(StartError::OtherThreads(_))));
                assert_eq!(kernel_says("SigCgt"), before);
                osier::sleep(Duration::from_millis(20));
                drop(dumps);
            });
            assert!(process.unwrap().join().is_success());
            let mut byte = [0];
            std::io::Read::read_exact(&mut near, &mut byte).unwrap();
            osier::spawn(|| signal(std::process::id(), Signal::TERM));
            plan(1).run(|worker| _ = worker.stop().wait()).unwrap();
            assert_eq!((kernel_says("SigCgt"), kernel_says("SigBlk")), (caught, blocked));
        });
    }

    #[test]
    fn two_that_obey_signals_do_not_mix_c_27() {
        osier::run(|| {
            let first = osier::spawn(|| plan(1).run(|worker| _ = worker.stop().wait()).unwrap());
            osier::yield_now();
            let refused = plan(1).run(|_| ()).unwrap_err();
            assert!(matches!(refused, WorkersError::Io(_)), "{refused}");
            signal(std::process::id(), Signal::TERM);
            assert_eq!(first.join().unwrap().killed, 0);
        });
    }

    #[test]
    fn no_worker_outlives_its_parent_that_is_killed_c_20() {
        osier::run(|| {
            let (reader, writer) = pipe::simplex::<Vec<u32>>().unwrap();
            let supervisor = Process::fork(move || {
                let crew = plan(3).threads(2).start(|worker| {
                    worker.counter("ready").add(1);
                    match worker.index() {
                        0 => osier::sleep(FOREVER),
                        1 => loop {
                            std::hint::spin_loop();
                        },
                        _ => _ = worker.stop().wait(),
                    }
                });
                let crew = crew.unwrap();
                assert!(soon(|| crew.total("ready") == 6));
                let pids: Vec<u32> = crew.status().iter().filter_map(|one| one.pid).collect();
                writer.send(&pids).unwrap();
                crew.join().unwrap();
            });
            let supervisor = supervisor.unwrap();
            let pids = reader.recv().unwrap();
            assert!(pids.len() == 3 && pids.iter().all(|pid| lives(*pid)));
            supervisor.kill().unwrap();
            supervisor.join();
            let began = osier::clock::now();
            assert!(soon(|| !pids.iter().any(|pid| lives(*pid))), "an orphan");
            assert!(osier::clock::now() - began < Duration::from_secs(1));
        });
    }

    #[test]
    fn a_crew_that_is_dropped_takes_its_workers_along_c_15() {
        osier::run(|| {
            let crew = plan(2).start(|_| osier::sleep(FOREVER)).unwrap();
            let pids: Vec<u32> = crew.status().iter().filter_map(|one| one.pid).collect();
            drop(crew);
            assert!(soon(|| !pids.iter().any(|pid| lives(*pid))));
        });
    }

    #[test]
    fn a_name_that_nobody_has_chosen_is_told_c_15() {
        osier::run(|| {
            let crew = plan(1).start(|worker| {
                let told = std::panic::catch_unwind(|| worker.counter("typo")).unwrap_err();
                assert!(told.downcast_ref::<String>().unwrap().contains("'typo'"));
            });
            crew.unwrap().join().unwrap();
        });
    }
}
