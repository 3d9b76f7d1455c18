//! What children log arrives in their parent's logger: what of it, from whom, in which order.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/heard.rs"]
mod heard;

use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use alone::tests;
use heard::{Keep, heard, listen, texts};
use log::{Level, LevelFilter, Log, Metadata, Record, debug, info, warn};
use osier::log::TaskLogger;
use osier::process::pool::Pool;
use osier::process::{Builder, ExitStatus, Process, at_exit, functions, log_to_parent};

functions! {
    fn tell() { told() }
    fn say(text: String) { info!("{text}") }
    fn level() -> i32 { log::max_level() as i32 }
    fn nest(left: u32) {
        info!("{left} left");
        if left > 0 {
            // Both ways to start, in turns.
            let process = match left % 2 {
                0 => Process::spawn(nest, (left - 1,)),
                _ => Process::fork(move || nest(left - 1)),
            };
            assert!(process.unwrap().join().is_success());
        }
    }
    fn square(n: u64) -> u64 {
        info!("squares {n}");
        n * n
    }
    fn ends_in_all_ways() { end_in_all_ways() }
    fn another_logger() -> i32 { i32::from(log_to_parent(Keep).is_ok()) }
    fn from_threads() {
        let threads = (0..3).map(|n| std::thread::spawn(move || (0..50).for_each(|m| info!("{n} {m}"))));
        threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
    }
}

fn told() {
    warn!(target: "mine", user = 7, name = "x"; "{} {}", "in", "main");
    osier::Builder::new().name("fetch").spawn(|| info!("in a task")).unwrap().join().unwrap();
    osier::spawn(|| info!("in another one")).join().unwrap();
    debug!("not enabled, and so not sent");
}

/// What a copy says, and what begins anew.
fn both(f: impl Fn(bool) -> Process) {
    [false, true].into_iter().for_each(|anew| assert!(f(anew).join().is_success(), "{anew}"));
}

fn end_in_all_ways() {
    at_exit(0, || info!("from a hook"));
    osier::Builder::new()
        .daemon(true)
        .spawn(|| {
            struct Last;
            impl Drop for Last {
                fn drop(&mut self) {
                    info!("from a destructor");
                }
            }
            let _last = Last;
            osier::sleep(std::time::Duration::from_secs(3600));
        })
        .unwrap();
    osier::yield_now();
    std::process::exit(0)
}

tests! {
    #[test]
    fn a_record_arrives_whole_with_process_and_task_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| both(|anew| {
            let named = Builder::new().name("teller");
            let process = if anew { named.spawn(tell, ()) } else { named.fork(told) }.unwrap();
            process.join();
            let all = heard();
            assert_eq!(all.len(), 3, "{all:?}");
            assert!(all.iter().all(|heard| (heard.pid, heard.process.as_str()) == (process.pid(), "teller")));
            let [first, second, third] = &all[..] else { unreachable!() };
            assert_eq!((first.level.as_str(), first.target.as_str(), first.text.as_str()), ("WARN", "mine", "in main"));
            let place = (Some("process_log".to_string()), Some("tests/process_log.rs".to_string()), true);
            assert_eq!(first.place, place);
            assert_eq!((first.pairs["user"].as_str(), first.pairs["name"].as_str()), ("7", "x"));
            assert_eq!(first.task_name.as_deref(), Some("main"));
            assert_eq!((second.text.as_str(), second.task_name.as_deref()), ("in a task", Some("fetch")));
            assert!(second.task.is_some() && second.task != first.task);
            assert_eq!((third.text.as_str(), third.task_name.as_deref()), ("in another one", None));
            assert!(third.task.is_some());
            process
        }));
    }

    #[test]
    fn the_level_is_the_starters_at_the_start_pr_21c() {
        listen(LevelFilter::Debug);
        osier::run(|| {
            for filter in [LevelFilter::Debug, LevelFilter::Warn, LevelFilter::Off] {
                log::set_max_level(filter);
                let code = ExitStatus::Code(filter as i32);
                assert_eq!(Process::spawn(level, ()).unwrap().join(), code);
                assert_eq!(Process::fork(|| log::max_level() as i32).unwrap().join(), code);
            }
            log::set_max_level(LevelFilter::Info);
            let changes = Process::fork(|| {
                assert!(!log::log_enabled!(Level::Debug));
                log::set_max_level(LevelFilter::Trace);
                debug!("its own level");
                let handed_on = ExitStatus::Code(LevelFilter::Trace as i32);
                assert_eq!(Process::spawn(level, ()).unwrap().join(), handed_on);
            });
            assert!(changes.unwrap().join().is_success());
            assert_eq!(log::max_level(), LevelFilter::Info);
            assert_eq!(texts(), ["its own level"]);
        });
    }

    #[test]
    fn a_task_logger_says_process_and_task_pr_21c() {
        static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
        struct Lines;
        impl Log for Lines {
            fn enabled(&self, _: &Metadata<'_>) -> bool {
                true
            }
            fn log(&self, record: &Record<'_>) {
                LINES.lock().unwrap().push(format!("{} {}", record.args(), record.key_values().count()));
            }
            fn flush(&self) {}
        }
        static LOGGER: TaskLogger<Lines> = TaskLogger::new(Lines);
        log_to_parent(&LOGGER).unwrap();
        log::set_max_level(LevelFilter::Info);
        osier::run(|| both(|anew| {
            info!("here");
            let process = if anew { Process::spawn(tell, ()) } else { Process::fork(told) }.unwrap();
            process.join();
            let lines = std::mem::take(&mut *LINES.lock().unwrap());
            let (name, pid) = (process.name(), process.pid());
            assert!(lines[0].starts_with("[task ") && lines[0].ends_with(" 'main'] here 0"), "{lines:?}");
            assert!(lines[1].starts_with(&format!("[process {pid} '{name}', task ")), "{lines:?}");
            assert!(lines[1].ends_with(" 'main'] in main 2"), "{lines:?}"); // its own two
            assert!(lines[2].ends_with(" 'fetch'] in a task 0"), "{lines:?}");
            LOGGER.set_on(false);
            Process::fork(|| info!("plain")).unwrap().join();
            assert_eq!(std::mem::take(&mut *LINES.lock().unwrap()), ["plain 4"]);
            LOGGER.set_on(true);
            process
        }));
    }

    #[test]
    fn grandchildren_are_heard_by_the_first_one_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            Process::spawn(nest, (4,)).unwrap().join();
            let all = heard();
            let said: Vec<_> = all.iter().map(|heard| (heard.process.as_str(), heard.text.as_str())).collect();
            assert_eq!(said, [
                ("Process-1", "4 left"),
                ("Process-1:1", "3 left"),
                ("Process-1:1:1", "2 left"),
                ("Process-1:1:1:1", "1 left"),
                ("Process-1:1:1:1:1", "0 left"),
            ]);
            // One whose parent is dead is heard all the same.
            let (gate, opener) = osier::process::pipe::simplex::<()>().unwrap();
            let (said, says) = osier::process::pipe::simplex::<()>().unwrap();
            let middle = Process::fork(move || {
                Process::fork(move || {
                    says.send(&()).unwrap();
                    let _ = gate.recv();
                    info!("an orphan");
                    says.send(&()).unwrap();
                }).unwrap().join();
            }).unwrap();
            said.recv().unwrap(); // it has begun
            middle.kill().unwrap();
            middle.join();
            drop(opener);
            said.recv().unwrap();
            Process::fork(|| ()).unwrap().join();
            assert_eq!(texts(), ["an orphan"]);
        });
    }

    #[test]
    fn workers_of_pools_are_heard_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            assert_eq!(pool.map(square, 1..=3).unwrap(), [1, 4, 9]);
            pool.close();
            pool.join().unwrap();
            let mut said = texts();
            said.sort();
            assert_eq!(said, ["squares 1", "squares 2", "squares 3"]);
        });
    }

    #[test]
    fn what_is_logged_at_the_end_arrives_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            both(|anew| if anew { Process::spawn(ends_in_all_ways, ()) } else { Process::fork(end_in_all_ways) }.unwrap());
            assert_eq!(texts(), ["from a hook", "from a hook"], "an exit unwinds nothing");
            let ends = Process::fork(|| -> i32 {
                at_exit(0, || info!("from a hook"));
                panic::set_hook(Box::new(|info| log::error!("panic: {}", info.payload().downcast_ref::<&str>().unwrap())));
                struct Last;
                impl Drop for Last {
                    fn drop(&mut self) {
                        info!("while it unwinds");
                    }
                }
                let _last = Last;
                panic!("on purpose");
            });
            assert_eq!(ends.unwrap().join(), ExitStatus::Code(1));
            assert_eq!(texts(), ["panic: on purpose", "while it unwinds", "from a hook"]);
        });
    }

    #[test]
    fn other_threads_of_a_child_are_heard_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            assert!(Process::spawn(from_threads, ()).unwrap().join().is_success());
            let all = heard();
            assert!(all.iter().all(|heard| heard.task.is_none()));
            for n in 0..3 {
                let of = all.iter().filter(|heard| heard.text.starts_with(&n.to_string()));
                assert!(of.map(|heard| heard.text.clone()).eq((0..50).map(|m| format!("{n} {m}"))));
            }
        });
    }

    #[test]
    fn there_is_one_logger_and_without_one_nothing_is_sent_pr_21c() {
        osier::run(|| {
            assert!(Process::spawn(say, ("nobody hears it".into(),)).unwrap().join().is_success());
            // A copy may be the first of its own family.
            let first = Process::fork(|| {
                listen(LevelFilter::Info);
                Process::spawn(say, ("below".into(),)).unwrap().join();
                assert_eq!(texts(), ["below"]);
            });
            assert!(first.unwrap().join().is_success());
        });
        listen(LevelFilter::Info);
        assert!(log_to_parent(Keep).is_err());
        osier::run(|| {
            assert_eq!(Process::spawn(another_logger, ()).unwrap().join(), ExitStatus::Code(0));
            Process::fork(|| assert!(log_to_parent(Keep).is_err())).unwrap().join();
            Process::spawn(say, ("heard".into(),)).unwrap().join();
            assert_eq!(texts(), ["heard"]);
        });
    }

    #[test]
    fn a_logger_that_panics_hears_the_next_record_pr_21c() {
        static PANICS: AtomicBool = AtomicBool::new(true);
        struct Panics;
        impl Log for Panics {
            fn enabled(&self, metadata: &Metadata<'_>) -> bool {
                Keep.enabled(metadata)
            }
            fn log(&self, record: &Record<'_>) {
                assert!(!PANICS.swap(false, Ordering::Relaxed), "the log is out of order");
                Keep.log(record);
            }
            fn flush(&self) {}
        }
        log_to_parent(Panics).unwrap();
        log::set_max_level(LevelFilter::Info);
        osier::run(|| {
            Process::fork(|| (0..3).for_each(|n| info!("{n}"))).unwrap().join();
            assert_eq!(texts(), ["1", "2"]);
        });
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_pr_21c() {
        listen(LevelFilter::Info);
        osier::run(|| {
            Process::fork(|| {
                info!("{}", "x".repeat(1 << 20));
                info!("next");
            }).unwrap().join();
            let said = texts();
            assert_eq!(said.len(), 2);
            assert_eq!(said[0], format!("{} [... {} bytes more]", "x".repeat(64 << 10), (1 << 20) - (64 << 10)));
        });
    }
}
