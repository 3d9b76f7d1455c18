//! Processes that are copies of this one, and what is true of all processes.

#[path = "support/alone.rs"]
mod alone;

use std::cell::Cell;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use alone::tests;
use osier::io::{Got, Source};
use osier::process::{
    Builder, Exit, ExitStatus, Process, Run, StartError, active_children, at_exit, current, exit,
    parent, set_authkey,
};

/// Longer than any test.
const FOREVER: Duration = Duration::from_secs(3600);

/// The words of a process' state, as the kernel has them.
fn state_of(pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit(") ").next()?.split(' ').next()?.to_string())
}

/// What a child printed on stderr.
fn said(f: impl FnOnce() -> i32 + 'static) -> (ExitStatus, String) {
    let (mut near, far) = UnixStream::pair().unwrap();
    let process = Process::fork(move || {
        rustix::stdio::dup2_stderr(far.as_fd()).unwrap();
        f()
    });
    let status = process.unwrap().join();
    let mut text = String::new();
    near.read_to_string(&mut text).unwrap();
    (status, text)
}

/// Whether that is so before long.
fn soon(mut is_so: impl FnMut() -> bool) -> bool {
    (0..2000).any(|_| {
        is_so() || {
            osier::sleep(Duration::from_millis(1));
            false
        }
    })
}

tests! {
    #[test]
    fn a_code_is_that_of_the_body_and_none_while_it_runs_pr_01() {
        osier::run(|| {
            for (code, want) in [(0, 0), (7, 7), (255, 255), (256, 0)] {
                let process = Process::fork(move || code).unwrap();
                assert_eq!(process.join(), ExitStatus::Code(want));
                assert_eq!(process.exit_status(), Some(ExitStatus::Code(want)));
            }
            let process = Process::fork(|| osier::sleep(FOREVER)).unwrap();
            assert_eq!(process.exit_status(), None);
            process.kill().unwrap();
            assert_eq!(process.join(), ExitStatus::Signal(9));
            let process = Process::fork(|| -> i32 { exit(3) }).unwrap();
            assert_eq!(process.join(), ExitStatus::Code(3));
            let process = Process::fork(|| -> i32 { std::process::exit(4) }).unwrap();
            assert_eq!(process.join(), ExitStatus::Code(4));
        });
    }

    #[test]
    fn an_error_and_a_panic_are_printed_behind_the_name_pr_01() {
        osier::run(|| {
            let (status, text) = said(|| Err::<(), _>("no such file").exit_code());
            assert_eq!((status, text.as_str()), (ExitStatus::Code(1), "Process Process-1: no such file\n"));
            let (status, text) = said(|| panic!("it broke: {}", 7));
            assert_eq!(status, ExitStatus::Code(1));
            assert!(text.ends_with("\nProcess Process-2: it broke: 7\n"), "{text}");
            assert!(text.contains("panicked at tests/process_fork.rs"), "{text}");
        });
    }

    #[test]
    fn names_count_and_nest_and_key_and_daemon_are_handed_on_pr_02() {
        osier::run(|| {
            set_authkey("first");
            let plain = Process::fork(|| {
                assert_eq!((current().name(), current().is_daemon()), ("Process-1", false));
                assert_eq!(current().authkey(), b"first");
                let nested = Process::fork(|| assert_eq!(current().name(), "Process-1:1")).unwrap();
                assert_eq!(nested.name(), "Process-1:1");
                assert!(nested.join().is_success());
                let nested = Process::fork(|| assert_eq!(current().name(), "Process-1:2")).unwrap();
                assert!(nested.join().is_success());
            });
            let named = Builder::new().name("fetcher").authkey("other").daemon(true).fork(|| {
                assert_eq!((current().name(), current().is_daemon()), ("fetcher", true));
                assert_eq!(current().authkey(), b"other");
            });
            let (plain, named) = (plain.unwrap(), named.unwrap());
            assert_eq!((plain.name(), named.name()), ("Process-1", "fetcher"));
            assert!(named.is_daemon());
            assert!(plain.join().is_success() && named.join().is_success());
        });
    }

    #[test]
    fn only_who_has_started_it_can_wait_for_it_pr_03() {
        osier::run(|| {
            let process = Rc::new(Process::fork(|| osier::sleep(FOREVER)).unwrap());
            let copy = process.clone();
            let (status, text) = said(move || {
                copy.join();
                0
            });
            assert_eq!(status, ExitStatus::Code(1));
            assert!(text.contains("is not a child of this process"), "{text}");
            process.kill().unwrap();
            process.join();
        });
    }

    #[test]
    fn a_daemon_starts_no_process_pr_04() {
        osier::run(|| {
            let daemon = Builder::new().daemon(true).fork(|| {
                let refused = Process::fork(|| ()).unwrap_err();
                assert!(matches!(refused, StartError::Daemonic), "{refused}");
            });
            assert!(daemon.unwrap().join().is_success());
        });
    }

    #[test]
    fn a_join_has_its_time_and_can_be_repeated_pr_05() {
        osier::run(|| {
            let process = Process::fork(|| osier::sleep(FOREVER)).unwrap();
            assert_eq!(process.join_timeout(Duration::ZERO), None);
            assert_eq!(process.join_timeout(Duration::from_millis(2)), None);
            assert_eq!(process.join_deadline(osier::clock::now()), None);
            process.terminate().unwrap();
            for _ in 0..2 {
                assert_eq!(process.join(), ExitStatus::Signal(15));
                assert_eq!(process.join_timeout(Duration::ZERO), Some(ExitStatus::Signal(15)));
            }
        });
    }

    #[test]
    fn many_tasks_join_one_process_while_others_run_pr_05() {
        osier::run(|| {
            let process = Rc::new(Process::fork(|| osier::sleep(FOREVER)).unwrap());
            let joiners: Vec<_> = (0..10)
                .map(|_| {
                    let process = process.clone();
                    osier::spawn(move || process.join())
                })
                .collect();
            osier::sleep(Duration::from_millis(2));
            process.kill().unwrap();
            for joined in osier::join_all(joiners) {
                assert_eq!(joined.unwrap(), ExitStatus::Signal(9));
            }
        });
    }

    #[test]
    fn a_handle_is_closed_when_the_process_has_ended_pr_07() {
        osier::run(|| {
            let process = Process::fork(|| osier::sleep(FOREVER)).unwrap();
            let still = process.close().unwrap_err();
            assert!(still.to_string().contains("still running"), "{still}");
            still.0.kill().unwrap();
            still.0.join();
            still.0.close().unwrap();
        });
    }

    #[test]
    fn a_process_can_be_waited_for_among_other_things_pr_08() {
        osier::run(|| {
            let slow = Process::fork(|| osier::sleep(FOREVER)).unwrap();
            let quick = Process::fork(|| osier::sleep(Duration::from_millis(5))).unwrap();
            let things: [&dyn osier::Waitable; 2] = [&slow, &quick];
            let first = osier::iwait(things).next().map(|(place, _)| place);
            assert_eq!(first, Some(1));
            assert!(!quick.is_alive() && slow.is_alive());
            slow.kill().unwrap();
            slow.join();
        });
    }

    #[test]
    fn finished_children_are_reaped_and_only_live_ones_listed_pr_09() {
        osier::run(|| {
            let long = Process::fork(|| osier::sleep(FOREVER)).unwrap();
            let short = Process::fork(|| ()).unwrap();
            let pid = short.pid();
            drop(short); // nobody joins it
            assert!(soon(|| state_of(pid).is_none()), "{:?}", state_of(pid));
            let active: Vec<u32> = active_children().iter().map(Process::pid).collect();
            assert_eq!(active, [long.pid()]);
            long.kill().unwrap();
            long.join();
            assert!(active_children().is_empty());
        });
    }

    #[test]
    fn without_a_hub_the_next_start_reaps_pr_09() {
        let short = Process::fork(|| ()).unwrap();
        let pid = short.pid();
        drop(short);
        assert!(soon(|| state_of(pid).as_deref() == Some("Z")));
        assert!(active_children().is_empty());
        assert_eq!(state_of(pid), None);
    }

    #[test]
    fn a_child_knows_its_parent_and_sees_its_death_pr_10() {
        osier::run(|| {
            assert!(parent().is_none());
            let (mut near, far) = UnixStream::pair().unwrap();
            let middle = Builder::new().name("middle").fork(move || {
                let me = std::process::id();
                let _ = Process::fork(move || {
                    let parent = parent().unwrap();
                    assert_eq!((parent.pid(), parent.name()), (me, "middle"));
                    assert!(parent.is_alive() && !parent.join_timeout(Duration::from_millis(1)));
                    (&far).write_all(b"up").unwrap();
                    parent.join();
                    assert!(!parent.is_alive());
                    (&far).write_all(b"!").unwrap();
                });
                osier::sleep(FOREVER);
            });
            let middle = middle.unwrap();
            let mut text = [0; 2];
            near.read_exact(&mut text).unwrap();
            middle.kill().unwrap();
            middle.join();
            let mut text = String::new();
            near.read_to_string(&mut text).unwrap();
            assert_eq!(text, "!");
        });
    }

    #[test]
    fn at_the_end_daemons_are_ended_and_others_waited_for_pr_11() {
        osier::run(|| {
            let (mut near, far) = UnixStream::pair().unwrap();
            let process = Process::fork(move || {
                let daemon = Builder::new().daemon(true).fork(|| osier::sleep(FOREVER)).unwrap();
                let copy = far.try_clone().unwrap();
                at_exit(0, {
                    let far = far.try_clone().unwrap();
                    move || (&far).write_all(b"b").unwrap()
                });
                at_exit(1, move || (&far).write_all(b"a").unwrap());
                let _ = Process::fork(move || {
                    osier::sleep(Duration::from_millis(10));
                    (&copy).write_all(b"c").unwrap();
                });
                i32::try_from(daemon.pid()).map(drop).unwrap();
            });
            assert!(process.unwrap().join().is_success());
            let mut text = String::new();
            near.read_to_string(&mut text).unwrap(); // to the end: nobody is left
            assert_eq!(text, "abc");
        });
    }

    #[test]
    fn a_daemon_dies_with_a_parent_that_is_killed_c_20() {
        osier::run(|| {
            let (mut near, far) = UnixStream::pair().unwrap();
            let middle = Process::fork(move || {
                let daemon = Builder::new().daemon(true).fork(move || {
                    (&far).write_all(b"up").unwrap();
                    loop {
                        std::hint::spin_loop(); // it looks at nothing
                    }
                    #[expect(unreachable_code, reason = "the type of the body")]
                    ()
                });
                daemon.unwrap().join();
            });
            let middle = middle.unwrap();
            let mut text = [0; 2];
            near.read_exact(&mut text).unwrap();
            middle.kill().unwrap();
            middle.join();
            let mut rest = String::new();
            near.read_to_string(&mut rest).unwrap(); // it ends when the daemon does
        });
    }

    #[test]
    fn a_hundred_children_and_children_of_children_pr_12() {
        osier::run(|| {
            let all: Vec<_> = (0..100).map(|_| Process::fork(|| ()).unwrap()).collect();
            assert!(all.iter().all(|process| process.join().is_success()));
            fn deep(left: u32) -> i32 {
                match left {
                    0 => 0,
                    _ => match Process::fork(move || deep(left - 1)).unwrap().join() {
                        ExitStatus::Code(code) => code + 1,
                        other => panic!("{other}"),
                    },
                }
            }
            assert_eq!(Process::fork(|| deep(5)).unwrap().join(), ExitStatus::Code(5));
        });
    }

    #[test]
    fn starting_many_holds_no_more_descriptors_pr_13() {
        osier::run(|| {
            let open = || fs::read_dir("/proc/self/fd").unwrap().count();
            Process::fork(|| ()).unwrap().join();
            osier::sleep(Duration::from_millis(2)); // for the reaper
            let before = open();
            for _ in 0..20 {
                Process::fork(|| ()).unwrap().join();
            }
            assert!(soon(|| open() <= before), "{} {before}", open());
        });
    }

    #[test]
    fn a_type_can_be_a_process_and_what_it_holds_is_dropped_here_pr_14() {
        struct Noted(Rc<Cell<bool>>);
        impl Drop for Noted {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        struct Worker(#[expect(dead_code, reason = "it is dropped")] Noted, i32);
        impl Run for Worker {
            type Out = i32;
            fn run(self) -> i32 {
                self.1
            }
        }
        osier::run(|| {
            let dropped = Rc::new(Cell::new(false));
            let process = Worker(Noted(dropped.clone()), 9).start().unwrap();
            assert!(dropped.get());
            assert_eq!(process.join(), ExitStatus::Code(9));
        });
    }

    #[test]
    fn a_fork_next_to_other_threads_is_refused_and_names_them_c_02() {
        let (say, said) = std::sync::mpsc::channel::<()>();
        let other = std::thread::Builder::new().name("printer".into()).spawn(move || said.iter().count());
        osier::run(|| {
            let refused = Process::fork(|| ()).unwrap_err();
            let text = refused.to_string();
            assert!(text.contains("printer") && text.contains("Process::spawn"), "{text}");
        });
        drop(say);
        other.unwrap().join().unwrap();
        assert!(soon(|| fs::read_dir("/proc/self/task").unwrap().count() == 1));
        Process::fork(|| ()).unwrap().join();
    }

    #[test]
    fn idle_threads_of_ours_do_not_stand_in_the_way_c_02() {
        osier::run(|| {
            let executor = osier::thread::ThreadPoolExecutor::builder().max_workers(2).build();
            assert_eq!(osier::thread::offload(|| 6 * 7), 42);
            assert_eq!(executor.submit(|| 1).unwrap().result().unwrap(), 1);
            let process = Process::fork(|| {
                assert_eq!(osier::thread::offload(|| 6 * 7), 42);
                42
            });
            assert_eq!(process.unwrap().join(), ExitStatus::Code(42));
            assert_eq!(osier::thread::offload(|| 6 * 7), 42);
            assert_eq!(executor.submit(|| 2).unwrap().result().unwrap(), 2);
        });
    }

    #[test]
    fn tasks_of_the_parent_neither_run_nor_unwind_in_the_child_c_01() {
        struct Loud(UnixStream);
        impl Drop for Loud {
            fn drop(&mut self) {
                let _ = (&self.0).write_all(&std::process::id().to_le_bytes());
            }
        }
        osier::run(|| {
            let (mut near, far) = UnixStream::pair().unwrap();
            let task = osier::spawn(move || {
                let loud = Loud(far);
                osier::sleep(Duration::from_millis(5));
                drop(loud);
            });
            osier::yield_now(); // it holds it now
            let process = Process::fork(|| {
                osier::join_rest(None);
                osier::sleep(Duration::from_millis(20));
                assert_eq!(osier::active_count(), 1);
            });
            assert!(process.unwrap().join().is_success());
            task.join().unwrap();
            let mut said = Vec::new();
            near.read_to_end(&mut said).unwrap();
            assert_eq!(said, std::process::id().to_le_bytes(), "once, and here");
        });
    }

    #[test]
    fn sockets_of_the_parent_keep_their_events_when_a_child_drops_its_copies_c_01() {
        osier::run(|| {
            let (near, mut far) = UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            let near = Rc::new(Source::new(near));
            let read = |near: &Source<UnixStream>| {
                let mut byte = [0];
                let op = |mut near: &UnixStream| near.read(&mut byte).map(|value| Got { value, drained: false });
                near.read(osier::clock::deadline(Duration::from_secs(5)), op)
            };
            let reader = osier::spawn({
                let near = near.clone();
                move || read(&near)
            });
            osier::yield_now(); // it waits: the socket is registered
            let copy = Source::new(near.get_ref().try_clone().unwrap());
            let process = Process::fork({
                let near = near.clone();
                move || {
                    drop(copy);
                    // A registration of its own, and its end, in another epoll.
                    let limit = osier::clock::deadline(Duration::from_millis(1));
                    assert!(near.wait_readable(limit).is_err());
                    near.share();
                    drop(near);
                }
            });
            assert!(process.unwrap().join().is_success());
            far.write_all(b"x").unwrap();
            assert_eq!(reader.join().unwrap().unwrap(), 1);
        });
    }

    #[test]
    fn a_task_with_its_own_stack_can_fork_and_a_child_has_tasks_c_01() {
        osier::run(|| {
            let forker = osier::spawn(|| {
                let process = Process::fork(|| {
                    let all = osier::join_all((0..100).map(|n| osier::spawn(move || n)));
                    all.into_iter().map(Result::unwrap).sum::<i32>() / 100
                });
                process.unwrap().join()
            });
            assert_eq!(forker.join().unwrap(), ExitStatus::Code(49));
        });
    }
}
