//! Records on their way to the parent: many at once, a parent that is busy or gone, ends of all kinds, nothing left behind.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/heard.rs"]
mod heard;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use alone::tests;
use heard::{heard, listen, texts};
use log::{LevelFilter, Log, Metadata, Record, info};
use osier::clock;
use osier::process::{ExitStatus, Passed, Process, functions, log_to_parent};
use rustix::process::{Signal, getpid, kill_process};

functions! {
    fn count(to: u32) { count_to(to) }
    fn count_and_die(to: u32) {
        count_to(to);
        kill_process(getpid(), Signal::KILL).unwrap();
    }
    fn count_and_tell(to: u32, who: Passed<UnixStream>) {
        count_to(to);
        (&who.0).write_all(b"x").unwrap();
        // Not the end, but a task sends on what the kernel did not take.
        osier::io::Source::new(&who.0).wait_readable(None).unwrap();
    }
}

fn count_to(to: u32) {
    (0..to).for_each(|n| info!("{n}"));
}

/// The numbers that each process has said, in the order in which they were heard.
fn numbers() -> BTreeMap<u32, Vec<u32>> {
    let mut all: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for heard in heard() {
        all.entry(heard.pid).or_default().push(heard.text.parse().unwrap());
    }
    all
}

/// Stops this OS thread, and with it the hub, until somebody writes.
fn stand_still(mut until: &UnixStream) {
    let _ = until.read(&mut [0]);
}

fn open_here() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn readers() -> usize {
    let name = |task: &osier::Task| task.name();
    osier::enumerate().iter().filter_map(name).filter(|name| name == "osier-log").count()
}

/// Writes each record to a socket, as a line.
struct Lines(UnixStream);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &Record<'_>) {
        writeln!(&self.0, "{}", record.args()).unwrap();
    }
    fn flush(&self) {
        writeln!(&self.0, "flushed").unwrap();
    }
}

tests! {
    #[test]
    fn thousands_of_lines_of_five_children_at_once_keep_their_order_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            let children: Vec<_> = (0..5).map(|n| match n % 2 {
                0 => Process::fork(|| count_to(3000)).unwrap(),
                _ => Process::spawn(count, (3000,)).unwrap(),
            }).collect();
            assert!(children.iter().all(|child| child.join().is_success()));
            let said = numbers();
            assert_eq!(said.len(), 5);
            assert!(said.values().all(|said| said.iter().copied().eq(0..3000)));
        });
    }

    #[test]
    fn without_a_hub_a_join_delivers_pr_21c() {
        listen(LevelFilter::Info);
        let forked = Process::fork(|| count_to(3000)).unwrap();
        let anew = Process::spawn(count, (3000,)).unwrap();
        assert_eq!(forked.join_timeout(Duration::from_secs(30)), Some(ExitStatus::Code(0)));
        anew.join();
        let said = numbers();
        assert!(said[&forked.pid()].iter().copied().eq(0..3000));
        assert!(said[&anew.pid()].iter().copied().eq(0..3000));
        let late = Process::fork(|| osier::sleep(Duration::from_secs(3600))).unwrap();
        assert_eq!(late.join_timeout(Duration::from_millis(5)), None);
        late.kill().unwrap();
        late.join();
    }

    #[test]
    fn at_the_end_all_that_children_say_is_delivered_pr_21c() {
        let (near, far) = UnixStream::pair().unwrap();
        let root = Process::fork(move || {
            log_to_parent(Lines(far)).unwrap();
            log::set_max_level(LevelFilter::Info);
            drop(Process::fork(|| count_to(3000)).unwrap()); // nobody joins it
        });
        let lines: Vec<String> = BufReader::new(near).lines().map(Result::unwrap).collect();
        assert!(root.unwrap().join().is_success());
        let want = (0..3000).map(|n| n.to_string()).chain(["flushed".to_string()]);
        assert!(lines.iter().cloned().eq(want), "{} lines", lines.len());
    }

    #[test]
    fn a_child_that_is_killed_has_said_what_it_has_logged_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            let forked = Process::fork(|| count_and_die(100)).unwrap();
            let anew = Process::spawn(count_and_die, (100,)).unwrap();
            assert_eq!((forked.join(), anew.join()), (ExitStatus::Signal(9), ExitStatus::Signal(9)));
            let said = numbers();
            assert!(said[&forked.pid()].iter().copied().eq(0..100));
            assert!(said[&anew.pid()].iter().copied().eq(0..100));
        });
    }

    #[test]
    fn a_parent_that_is_busy_stops_nobody_and_loses_nothing_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            for anew in [false, true] {
                let (near, far) = UnixStream::pair().unwrap();
                let process = match anew {
                    false => Process::fork(move || count_and_tell(3000, Passed(far))),
                    true => Process::spawn(count_and_tell, (3000, Passed(far))),
                }.unwrap();
                stand_still(&near); // more than the kernel takes is said by now
                let mut said = Vec::new();
                while said.len() < 3000 {
                    osier::sleep(Duration::from_millis(1));
                    said.extend(numbers().remove(&process.pid()).unwrap_or_default());
                }
                assert!(said.into_iter().eq(0..3000) && process.is_alive());
                (&near).write_all(b"x").unwrap();
                assert!(process.join().is_success());
            }
        });
    }

    #[test]
    fn a_parent_that_stands_still_costs_a_second_once_and_hears_the_count_pr_21c() {
        const MANY: usize = 30_000;
        listen(LevelFilter::Info);
        osier::run(|| {
            let (near, far) = UnixStream::pair().unwrap();
            let process = Process::fork(move || {
                let began = clock::now();
                (0..MANY).for_each(|n| info!("{n:0>99}"));
                let took = began.elapsed();
                (&far).write_all(b"x").unwrap();
                assert!((1..3).contains(&took.as_secs()), "{took:?}");
            });
            stand_still(&near);
            assert!(process.unwrap().join().is_success());
            let all = heard();
            let (lost, said): (Vec<_>, Vec<_>) = all.iter().partition(|heard| heard.level == "WARN");
            let [lost] = &lost[..] else { panic!("{} reports", lost.len()) };
            assert_eq!(lost.target, "osier_process::log");
            assert_eq!((lost.process.as_str(), all.last().unwrap().level.as_str()), ("Process-1", "WARN"));
            let missing: usize = lost.text.split(' ').next().unwrap().parse().unwrap();
            assert!(missing > 0 && said.len() > 3000, "{missing} {}", said.len());
            assert_eq!(said.len() + missing, MANY);
            assert!(said.iter().map(|heard| heard.text.parse::<usize>().unwrap()).eq(0..said.len()));
        });
    }

    #[test]
    fn a_parent_that_is_gone_stops_nobody_pr_21c() {
        let (near, far) = UnixStream::pair().unwrap();
        let (mut gate, opener) = UnixStream::pair().unwrap();
        let root = Process::fork(move || {
            listen(LevelFilter::Info);
            Process::fork(move || {
                let _ = gate.read(&mut [0]); // until the root is dead
                let began = clock::now();
                count_to(30_000);
                assert!(began.elapsed() < Duration::from_millis(900));
                log::logger().flush();
                (&far).write_all(b"through").unwrap();
            }).unwrap().join();
        }).unwrap();
        assert_eq!(root.join_timeout(Duration::from_millis(5)), None);
        root.kill().unwrap();
        root.join();
        (&opener).write_all(b"x").unwrap();
        let mut said = [0; 7];
        (&near).read_exact(&mut said).unwrap();
        assert_eq!(&said, b"through");
    }

    #[test]
    fn logging_switches_no_tasks_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            let (near, far) = UnixStream::pair().unwrap();
            let process = Process::fork(move || {
                let inside = Rc::new(Cell::new(false));
                let other = osier::Builder::new().daemon(true).spawn({
                    let inside = inside.clone();
                    move || loop {
                        assert!(!inside.get(), "it runs while another one logs");
                        osier::yield_now();
                    }
                }).unwrap();
                inside.set(true);
                count_to(3000); // more than the kernel takes
                inside.set(false);
                (&far).write_all(b"x").unwrap();
                osier::yield_now();
                assert!(!other.is_finished());
            });
            stand_still(&near);
            assert!(process.unwrap().join().is_success());
            assert_eq!(texts().len(), 3000);
        });
    }

    #[test]
    fn a_fork_while_records_are_kept_sends_none_twice_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            let (near, far) = UnixStream::pair().unwrap();
            let process = Process::fork(move || {
                count_to(2000);
                let below = Process::fork(|| info!("2000")).unwrap();
                (&far).write_all(b"x").unwrap();
                assert!(below.join().is_success());
                count_to(10);
            }).unwrap();
            stand_still(&near);
            assert!(process.join().is_success());
            let mut said = numbers();
            let mine = said.remove(&process.pid()).unwrap();
            assert!(mine.iter().copied().eq((0..2000).chain(0..10)), "{}", mine.len());
            assert_eq!(said.into_values().collect::<Vec<_>>(), [[2000]]);
        });
    }

    #[test]
    fn nothing_of_it_stays_behind_and_a_deadlock_is_reported_pr_21c() {
        listen(LevelFilter::Info);
        let once = || osier::run(|| {
            Process::fork(|| info!("once")).unwrap().join();
            Process::spawn(count, (2,)).unwrap().join();
            osier::sleep(Duration::from_millis(2));
            (open_here(), readers())
        });
        let (open, readers) = once();
        assert_eq!(readers, 0, "the last child has ended");
        assert_eq!((0..3).map(|_| once()).collect::<Vec<_>>(), [(open, 0); 3]);
        assert_eq!(texts().len(), 4 * 3);
        let stuck = catch_unwind(AssertUnwindSafe(|| osier::run(|| {
            Process::fork(|| info!("once")).unwrap().join();
            osier::sync::Event::new().wait();
        })));
        assert!(stuck.unwrap_err().is::<osier::Deadlock>());
    }

    #[test]
    fn a_reader_that_is_killed_is_replaced_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            let (near, far) = UnixStream::pair().unwrap();
            let process = Process::fork(move || {
                stand_still(&far);
                count_to(3000);
            }).unwrap();
            osier::yield_now();
            let reader = |task: &osier::Task| task.name().as_deref() == Some("osier-log");
            osier::enumerate().into_iter().find(reader).expect("there is a child").kill();
            osier::yield_now();
            assert_eq!(readers(), 0);
            (&near).write_all(b"x").unwrap();
            assert!(process.join().is_success());
            assert!(numbers()[&process.pid()].iter().copied().eq(0..3000));
        });
    }
}
