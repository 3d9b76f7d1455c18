//! Signals while something waits: with a handler that restarts no system call, in a hub and outside.
//!
//! Here and not among the tests of the facade, as a handler cannot be installed without unsafe.

use std::time::{Duration, Instant};

use log::{Log, Metadata, Record};
use osier_runtime::{clock, run, sleep};

use super::{ExitStatus, Process};
use crate::pipe::{self, Connection, Writer};
use crate::queue::{GetError, Queue};
use crate::sync::{Event, Lock};
use crate::sys::restless::Restless;

const MOMENT: Duration = Duration::from_millis(20);
const FOREVER: Duration = Duration::from_secs(3600);

crate::functions! {
    fn rests(for_so_long: Duration) -> i32 {
        sleep(for_so_long);
        7
    }
    fn answers(line: Connection<u32>) {
        sleep(MOMENT);
        line.send(&1).unwrap();
        let first = line.recv().unwrap(); // by then the pipe is full
        sleep(MOMENT);
        (1..=first).for_each(|n| assert_eq!(line.recv().unwrap(), first - n));
    }
    fn puts(queue: Queue<u32>) {
        sleep(MOMENT);
        queue.put(5).unwrap();
    }
    fn holds(lock: Lock, event: Event, ready: Writer<()>) {
        let held = lock.lock().unwrap();
        ready.send(&()).unwrap();
        sleep(3 * MOMENT);
        drop(held);
        sleep(MOMENT);
        event.set();
    }
}

/// What `f` gives, which takes at least a moment and is interrupted meanwhile.
#[track_caller]
fn not_before<T>(moments: u32, f: impl FnOnce() -> T) -> T {
    let (began, handled) = (clock::now(), Restless::handled());
    let value = f();
    let took: Duration = clock::now() - began;
    assert!(took >= moments * MOMENT, "after {took:?}");
    assert!(Restless::handled() > handled, "it was not interrupted");
    value
}

fn joins() {
    let process = Process::spawn(rests, (2 * MOMENT,)).unwrap();
    assert_eq!(not_before(1, || process.join_timeout(MOMENT)), None);
    assert_eq!(process.join(), ExitStatus::Code(7));
    let process = Process::spawn(rests, (FOREVER,)).unwrap();
    let until: Instant = clock::now() + MOMENT;
    assert_eq!(not_before(1, || process.join_deadline(until)), None);
    process.kill().unwrap();
    assert_eq!(process.join(), ExitStatus::Signal(9));
}

fn talks() {
    const MANY: u32 = 2000;
    let (near, far) = pipe::duplex::<u32>().unwrap();
    assert!(!not_before(1, || near.poll(MOMENT)).unwrap());
    assert!(not_before(1, || near.recv_timeout(MOMENT)).is_err());
    let process = Process::spawn(answers, (far,)).unwrap();
    assert!(not_before(1, || near.poll(None)).unwrap());
    assert_eq!(near.recv().unwrap(), 1);
    not_before(1, || (0..=MANY).for_each(|n| near.send(&(MANY - n)).unwrap()));
    assert!(process.join().is_success());
}

fn queues() {
    let queue = Queue::bounded(1).unwrap();
    assert!(matches!(not_before(1, || queue.get_timeout(MOMENT)), Err(GetError::TimedOut)));
    let process = Process::spawn(puts, (queue.clone(),)).unwrap();
    assert_eq!(not_before(1, || queue.get()).unwrap(), 5);
    queue.put(1).unwrap();
    assert!(not_before(1, || queue.put_timeout(2, MOMENT)).is_err());
    assert!(process.join().is_success());
    assert_eq!(queue.get().unwrap(), 1);
}

fn locks() {
    let (lock, event) = (Lock::new().unwrap(), Event::new().unwrap());
    let (ready, says) = pipe::simplex().unwrap();
    let process = Process::spawn(holds, (lock.clone(), event.clone(), says)).unwrap();
    ready.recv().unwrap();
    assert!(not_before(1, || lock.lock_timeout(MOMENT)).is_err());
    assert!(!not_before(1, || event.wait_timeout(MOMENT)));
    drop(lock.lock().unwrap());
    assert!(event.wait());
    assert!(process.join().is_success());
}

/// Says nothing: a join reads what children log, too, where somebody wants to hear of it.
struct Mute;

impl Log for Mute {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }
    fn log(&self, _: &Record<'_>) {}
    fn flush(&self) {}
}

fn everything() {
    let _restless = Restless::start();
    joins();
    let _ = crate::log_to_parent(Mute); // the other test may have
    joins();
    talks();
    queues();
    locks();
}

#[test]
fn what_waits_in_a_hub_is_not_ended_by_signals_pr_15() {
    run(everything);
}

#[test]
fn what_waits_without_a_hub_is_not_ended_by_signals_pr_15() {
    everything();
}
