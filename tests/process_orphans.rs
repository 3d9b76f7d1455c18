//! Processes whose parent is killed: none is left a second later, whatever it does at the time.
//!
//! What sees to that is there more than once, and each of it is tried where the others do not help.

#[path = "support/alone.rs"]
mod alone;

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use alone::tests;
use osier::process::pool::Pool;
use osier::process::{Builder, Process, Workers, functions, pipe};
use rustix::process::{Pid, Signal, kill_process};

const SECOND: Duration = Duration::from_secs(1);
const FOREVER: Duration = Duration::from_secs(3600);
/// What fcntl(2) calls O_ASYNC, and O_WRONLY: flags of open files.
const ASYNC: u32 = 0o20000;
const WRITING: u32 = 0o1;

functions! {
    fn spins() { spin() }
    fn sleeps() { osier::sleep(FOREVER) }
    fn spins_for_a_pool(_n: u32) -> u32 { spin(); 0 }
    fn number() -> u32 { std::process::id() }
}

/// Looks at nothing, and waits for nothing.
fn spin() {
    while std::hint::black_box(true) {
        std::hint::spin_loop();
    }
}

/// The state of a process, as one letter; none if there is no such process.
fn state(pid: u32) -> Option<char> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit(") ").next()?.chars().next()
}

/// Whether it has not ended; nobody here can reap those of others.
fn lives(pid: u32) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}

/// Whether that is so before long: on the way to what is tried.
fn soon(is_so: impl FnMut() -> bool) -> bool {
    within(20 * SECOND, is_so)
}

fn within(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let began = osier::clock::now();
    while began.elapsed() < limit {
        if is_so() {
            return true;
        }
        osier::sleep(Duration::from_millis(1));
    }
    false
}

fn signal(pid: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(pid as i32).unwrap(), signal);
}

/// Sees that none of them is left within a second; if some are they are killed.
fn are_gone(pids: &[u32], what: &str) {
    let gone = within(SECOND, || !pids.iter().any(|pid| lives(*pid)));
    pids.iter().filter(|_| !gone).for_each(|pid| signal(*pid, Signal::KILL));
    assert!(gone, "orphans: {what}");
}

/// The descriptors of a process, and their flags.
fn files(pid: u32) -> Vec<(String, u32)> {
    let all = fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten();
    let flags = |path: &Path| {
        let text = fs::read_to_string(path).ok()?;
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
        u32::from_str_radix(flags.trim(), 8).ok()
    };
    all.filter_map(|entry| Some((entry.file_name().into_string().ok()?, flags(&entry.path())?)))
        .collect()
}

/// Writing ends of all pipes that a process has: its lifeline is one of them.
fn hold_pipes(pid: u32) -> Vec<File> {
    let writes = files(pid).into_iter().filter(|(_, flags)| flags & 0o3 == WRITING);
    let paths = writes.map(|(name, _)| format!("/proc/{pid}/fd/{name}"));
    let is_pipe = |path: &String| {
        fs::read_link(path).is_ok_and(|target| target.display().to_string().starts_with("pipe:"))
    };
    let pipes: Vec<_> = paths.filter(is_pipe).collect();
    assert!(!pipes.is_empty(), "a process with children has a lifeline");
    pipes.iter().map(|path| File::options().write(true).open(path).unwrap()).collect()
}

/// The children of this process.
fn children() -> Vec<u32> {
    let pid = std::process::id();
    let text = fs::read_to_string(format!("/proc/self/task/{pid}/children")).unwrap();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// Stops a process, and waits until it is.
fn freeze(pid: u32) {
    signal(pid, Signal::STOP);
    assert!(soon(|| state(pid) == Some('T')), "it does not stop: {:?}", state(pid));
}

/// A process between this one and those that are to die with it. It sends their numbers.
fn middle(start: impl FnOnce(pipe::Writer<Vec<u32>>) + 'static) -> (Process, Vec<u32>) {
    let (reader, writer) = pipe::simplex().unwrap();
    let middle = Process::fork(move || start(writer)).unwrap();
    let pids: Vec<u32> = reader.recv().unwrap();
    assert!(!pids.is_empty());
    (middle, pids)
}

/// Has it killed.
fn kill(middle: &Process) {
    middle.kill().unwrap();
    middle.join();
}

/// Starts a daemon, by a fork or anew.
fn daemon(forks: bool) -> Process {
    let builder = Builder::new().daemon(true);
    if forks { builder.fork(spin).unwrap() } else { builder.spawn(spins, ()).unwrap() }
}

/// Whether it has done all that it does to die with its parent.
fn is_settled(pid: u32) -> bool {
    files(pid).iter().any(|(_, flags)| flags & ASYNC != 0)
}

/// Calls something when it is dropped in that process.
struct InProcess<F: FnMut()>(u32, F);

impl<F: FnMut()> Drop for InProcess<F> {
    fn drop(&mut self) {
        if self.0 == std::process::id() {
            (self.1)();
        }
    }
}

tests! {
    #[test]
    fn no_daemon_is_left_that_looks_at_nothing_c_20() {
        osier::run(|| for forks in [true, false] {
            let (middle, pids) = middle(move |say| {
                let all = [daemon(forks), daemon(forks)].map(|daemon| daemon.pid());
                assert!(soon(|| all.iter().all(|pid| is_settled(*pid))));
                say.send(&all.to_vec()).unwrap();
                osier::sleep(FOREVER);
            });
            kill(&middle);
            are_gone(&pids, &format!("daemons, forked: {forks}"));
        });
    }

    #[test]
    fn no_worker_of_a_pool_is_left_that_looks_at_nothing_c_20() {
        osier::run(|| for forks in [true, false] {
            let (middle, pids) = middle(move |say| {
                let builder = Pool::builder().workers(2);
                let pool = if forks { builder.fork().build() } else { builder.build() }.unwrap();
                pool.apply(number, ()).unwrap();
                let _busy = [0, 1].map(|n| pool.apply_async(spins_for_a_pool, (n,)));
                osier::sleep(Duration::from_millis(20));
                say.send(&pool.pids()).unwrap();
                osier::sleep(FOREVER);
            });
            kill(&middle);
            are_gone(&pids, &format!("workers of a pool, forked: {forks}"));
        });
    }

    #[test]
    fn no_worker_of_a_crew_is_left_that_looks_at_nothing_c_20() {
        osier::run(|| for threads in [1, 2] {
            let (middle, pids) = middle(move |say| {
                let plan = Workers::new().processes(2).threads(threads).counter("ready");
                let crew = plan.start(|worker| {
                    worker.counter("ready").add(1);
                    spin();
                });
                let crew = crew.unwrap();
                assert!(soon(|| crew.total("ready") == 2 * threads as u64));
                say.send(&crew.status().iter().filter_map(|one| one.pid).collect()).unwrap();
                osier::sleep(FOREVER);
            });
            kill(&middle);
            are_gone(&pids, &format!("workers with {threads} threads"));
        });
    }

    #[test]
    fn a_daemon_dies_though_somebody_holds_its_lifeline_c_20() {
        osier::run(|| for forks in [true, false] {
            let (middle, pids) = middle(move |say| {
                let pid = daemon(forks).pid();
                assert!(soon(|| is_settled(pid)));
                say.send(&vec![pid]).unwrap();
                osier::sleep(FOREVER);
            });
            let held = hold_pipes(middle.pid());
            kill(&middle);
            are_gone(&pids, &format!("by PDEATHSIG alone, forked: {forks}"));
            drop(held);
        });
    }

    #[test]
    fn a_daemon_outlives_the_thread_that_has_started_it_and_no_more_c_20() {
        osier::run(|| {
            let (middle, pids) = middle(|say| {
                let other = Process::fork(|| osier::sleep(60 * SECOND)).unwrap(); // no daemon: it stays
                let pid = std::thread::spawn(|| daemon(false).pid()).join().unwrap();
                assert!(soon(|| is_settled(pid)));
                osier::sleep(Duration::from_millis(10));
                assert!(lives(pid), "the thread has ended, and not the process");
                say.send(&vec![pid, other.pid()]).unwrap();
                osier::sleep(FOREVER);
            });
            kill(&middle);
            let gone = within(SECOND, || !lives(pids[0]));
            let stays = lives(pids[1]);
            pids.iter().for_each(|pid| signal(*pid, Signal::KILL));
            assert!(gone, "by the lifeline alone, of which a brother has no copy");
            assert!(stays, "it is no daemon");
        });
    }

    #[test]
    fn a_forked_daemon_dies_whose_parent_went_before_it_had_begun_c_20() {
        osier::run(|| for hold in [false, true] {
            let (middle, pids) = middle(|say| {
                // What it has captured is dropped here before it may begin.
                let me = std::process::id();
                let captured = InProcess(me, || children().into_iter().for_each(freeze));
                let body = move || {
                    let _captured = &captured;
                    spin();
                };
                let daemon = Builder::new().daemon(true).fork(body).unwrap();
                say.send(&vec![daemon.pid()]).unwrap();
                osier::sleep(FOREVER);
            });
            assert!(!is_settled(pids[0]) && state(pids[0]) == Some('T'));
            let held = hold.then(|| hold_pipes(middle.pid()));
            kill(&middle);
            signal(pids[0], Signal::CONT);
            are_gone(&pids, &format!("one that began late, lifeline held: {hold}"));
            drop(held);
        });
    }

    #[test]
    fn a_spawned_daemon_dies_whose_parent_went_before_it_had_begun_c_20() {
        osier::run(|| for round in 0..8 {
            let (middle, pids) = middle(|say| {
                let daemon = Builder::new().daemon(true).spawn(sleeps, ()).unwrap();
                freeze(daemon.pid());
                say.send(&vec![daemon.pid()]).unwrap();
                osier::sleep(FOREVER);
            });
            let late = !is_settled(pids[0]);
            let held = (round % 2 == 0).then(|| hold_pipes(middle.pid()));
            kill(&middle);
            signal(pids[0], Signal::CONT);
            are_gone(&pids, &format!("one that began late: {late}, lifeline held: {}", held.is_some()));
        });
    }

    #[test]
    fn a_child_ends_whose_parent_dies_in_the_middle_of_the_fork_c_20() {
        osier::run(|| for is_daemon in [true, false] {
            let (middle, pids) = middle(move |say| {
                let me = std::process::id();
                let captured = InProcess(me, move || {
                    say.send(&children()).unwrap();
                    signal(me, Signal::KILL);
                });
                let body = move || {
                    let _captured = &captured;
                    spin();
                };
                let _ = Builder::new().daemon(is_daemon).fork(body);
            });
            middle.join();
            are_gone(&pids, &format!("one that waits for its parent, a daemon: {is_daemon}"));
        });
    }
}
