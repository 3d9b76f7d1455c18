//! Very many tasks parked at once: they come through, they are small, their guards hold.
//!
//! Each try is a process of its own, this program again, which is asked through the environment:
//! one dies, and memory can be measured only where nothing else has used it.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::process::{Command, Output};
use std::rc::Rc;

use osier::{Builder, JoinHandle, Reason, Unparker, Wake, join_all, park, yield_now};

/// Abort, on every Linux.
const SIGABRT: i32 = 6;

/// Bytes resident for a parked task: a page of stack, its control block, what holds it here.
const MOST: f64 = 4.8 * 1024.0;

#[test]
fn a_hundred_thousand_come_through() {
    come_through(100_000);
}

#[test]
#[ignore = "minutes of page faults: .ci/long runs it"]
fn a_million_come_through() {
    come_through(1_000_000);
}

#[test]
fn any_of_a_hundred_thousand_overflows_with_its_name() {
    overflow(100_000);
}

#[test]
#[ignore = "minutes of page faults: .ci/long runs it"]
fn any_of_a_million_overflows_with_its_name() {
    overflow(1_000_000);
}

/// How many fit: with a mapping for each guard, about 32,000 by default.
fn as_many_as_fit(n: usize) -> usize {
    let mprotect = std::env::var_os("OSIER_GUARD").is_some_and(|guard| guard == "mprotect");
    if mprotect { n.min(20_000) } else { n }
}

fn come_through(n: usize) {
    let n = as_many_as_fit(n);
    let done = again(n, None);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let bytes = said.split_once("bytes a task: ").expect("it says so").1;
    let bytes: f64 = bytes.lines().next().unwrap_or("").parse().expect("a number");
    // An unoptimised task parks from further down its stack.
    assert!(cfg!(debug_assertions) || bytes <= MOST, "{bytes} bytes a task, at most {MOST}");
}

fn overflow(n: usize) {
    use std::os::unix::process::ExitStatusExt;
    let n = as_many_as_fit(n);
    for victim in [0, n / 3, n - 1] {
        let done = again(n, Some(victim));
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.signal(), Some(SIGABRT), "{said}");
        let sentence = format!("green thread 'task {victim}' has overflowed its stack");
        assert!(said.contains(&sentence), "{said}");
    }
}

/// Runs [`child`] in a process of its own.
fn again(n: usize, victim: Option<usize>) -> Output {
    let this = std::env::current_exe().expect("a process knows its program");
    let mut command = Command::new(this);
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env("OSIER_PARKED", n.to_string());
    if let Some(victim) = victim {
        command.env("OSIER_VICTIM", victim.to_string());
    }
    command.output().expect("a program that runs can be run")
}

/// Does nothing unless [`again`] asks it to.
#[test]
fn child() {
    let asked = |name| std::env::var(name).ok()?.parse().ok();
    let Some(n) = asked("OSIER_PARKED") else { return };
    osier::run(|| park_all(n, asked("OSIER_VICTIM")));
}

/// Who waits.
struct Crowd {
    /// By the number of the task.
    waiting: RefCell<Vec<Option<Unparker>>>,
    count: Cell<usize>,
}

impl Crowd {
    fn wait(&self, i: usize) {
        self.waiting.borrow_mut()[i] = Some(Unparker::current());
        self.count.set(self.count.get() + 1);
        assert_eq!(park(Reason::new("waiting with all the others"), None, || {}), Wake::Woken);
    }

    fn wake(&self, i: usize) {
        self.waiting.borrow()[i].as_ref().expect("it waits").unpark();
    }
}

fn park_all(n: usize, victim: Option<usize>) {
    let before = resident();
    let waiting = RefCell::new((0..n).map(|_| None).collect());
    let crowd = Rc::new(Crowd { waiting, count: Cell::new(0) });
    let start = |i| start(i, victim == Some(i), &crowd);
    let handles: Vec<JoinHandle<usize>> = (0..n).map(start).collect();
    while crowd.count.get() < n {
        // One that has ended had no stack: then the rest would be waited for in vain.
        let early = handles.iter().find_map(JoinHandle::error);
        assert!(early.is_none(), "{}", early.expect("it is there"));
        yield_now();
    }
    println!("\nbytes a task: {:.0}", (resident() - before) / n as f64);
    match victim {
        Some(victim) => crowd.wake(victim),
        None => (0..n).for_each(|i| crowd.wake(i)),
    }
    let sum: usize = join_all(handles).into_iter().map(|i| i.expect("it returns")).sum();
    assert_eq!(sum, n * (n - 1) / 2);
}

fn start(i: usize, is_victim: bool, crowd: &Rc<Crowd>) -> JoinHandle<usize> {
    let crowd = crowd.clone();
    let body = move || {
        crowd.wait(i);
        if is_victim { dig(i) } else { i }
    };
    // Only the victim's name is looked at, and names take memory.
    let builder = Builder::new();
    let builder = if is_victim { builder.name(format!("task {i}")) } else { builder };
    builder.spawn(body).expect("there is room for its stack")
}

/// Calls itself until the stack ends.
#[expect(unconditional_recursion, reason = "that is the point")]
fn dig(x: usize) -> usize {
    let block = black_box([x as u8; 1024]);
    dig(black_box(x + 1)) + usize::from(block[x % 1024])
}

/// Bytes that this process holds in memory.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has VmRSS");
    let kib = line.split_whitespace().next().expect("a number");
    kib.parse::<f64>().expect("a number") * 1024.0
}
