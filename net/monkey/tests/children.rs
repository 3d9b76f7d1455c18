//! Waiting for processes, as std does it and as C does.
//!
//! # Why unsafe
//! libc is called as C calls it.
#![allow(unsafe_code)]
#![expect(clippy::zombie_processes, reason = "they are waited for by libc's call")]
use osier_monkey as _;

use std::cell::Cell;
use std::io;
use std::mem::zeroed;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::ptr::null_mut;
use std::rc::Rc;

use osier::yield_now;

/// A process that ends, with that number, when its input does.
fn child(code: i32) -> Child {
    let script = format!("read line; exit {code}");
    Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).process_group(0).spawn().unwrap()
}

fn error() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap()
}

/// # Safety
/// As `waitpid`.
unsafe fn waitpid(pid: i32, options: i32) -> Result<(i32, i32), i32> {
    let mut status = 0;
    // SAFETY: the caller's promise.
    let result = unsafe { libc::waitpid(pid, &mut status, options) };
    if result < 0 { Err(error()) } else { Ok((result, status)) }
}

#[test]
fn a_hundred_children_are_waited_for_at_once() {
    osier::run(|| {
        let ended = Rc::new(Cell::new(0));
        let mut inputs = Vec::new();
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let mut child = child(number % 50);
                inputs.push(child.stdin.take());
                let ended = ended.clone();
                osier::spawn(move || {
                    assert_eq!(child.wait().unwrap().code(), Some(number % 50));
                    ended.set(ended.get() + 1);
                })
            })
            .collect();
        for _ in 0..10 {
            yield_now();
        }
        assert_eq!(ended.get(), 0);
        drop(inputs);
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(ended.get(), 100);
    });
}

#[test]
fn commands_of_many_tasks_have_their_output_and_status() {
    osier::run(|| {
        let tasks: Vec<_> = (0..20)
            .map(|number: i32| {
                osier::spawn(move || {
                    let script = format!("echo {number}; exit {number}");
                    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
                    assert_eq!(output.stdout, format!("{number}\n").as_bytes());
                    assert_eq!(output.status.code(), Some(number));
                    assert!(Command::new("true").status().unwrap().success());
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn what_the_kernel_says_is_said() {
    let check = || {
        // SAFETY: statuses are written where they are; the children are this test's own.
        unsafe {
            assert_eq!(waitpid(std::process::id() as i32, 0), Err(libc::ECHILD));
            assert_eq!(waitpid(1 << 30, 0), Err(libc::ECHILD));
            assert_eq!(waitpid(1, 1 << 20), Err(libc::EINVAL));
            let mut child = child(3);
            let pid = child.id() as i32;
            assert_eq!(waitpid(pid, libc::WNOHANG), Ok((0, 0)));
            let input = child.stdin.take();
            // It ends while it is waited for, if somebody can end it meanwhile.
            osier_if_any(move || drop(input));
            let (found, status) = waitpid(pid, 0).unwrap();
            assert_eq!((found, libc::WEXITSTATUS(status)), (pid, 3));
            assert_eq!(waitpid(pid, 0), Err(libc::ECHILD));
        }
    };
    check();
    osier::run(check);
}

/// In a task of its own, or at once.
fn osier_if_any(f: impl FnOnce() + 'static) {
    if osier_runtime::who::task().is_some() {
        drop(osier::spawn(f));
    } else {
        f();
    }
}

#[test]
fn any_child_of_a_group_is_waited_for_and_one_that_stops() {
    osier::run(|| {
        // SAFETY: the children are this test's own.
        unsafe {
            let mut child = child(5);
            let pid = child.id() as i32;
            let ran = Rc::new(Cell::new(false));
            let other = osier::spawn({
                let ran = ran.clone();
                move || {
                    ran.set(true);
                    assert_eq!(libc::kill(pid, libc::SIGSTOP), 0);
                }
            });
            let (found, status) = waitpid(pid, libc::WUNTRACED).unwrap();
            assert!(found == pid && libc::WIFSTOPPED(status) && ran.get());
            other.join().unwrap();
            assert_eq!(libc::kill(pid, libc::SIGCONT), 0);
            let input = child.stdin.take();
            drop(osier::spawn(move || drop(input)));
            let (found, status) = waitpid(-pid, 0).unwrap();
            assert_eq!((found, libc::WEXITSTATUS(status)), (pid, 5));
            assert_eq!(waitpid(-pid, 0), Err(libc::ECHILD));
        }
    });
}

#[test]
fn waitid_waits_by_number_and_by_descriptor_and_leaves_who_is_to_be_left() {
    osier::run(|| {
        // SAFETY: the children are this test's own, and what is written to is right here.
        unsafe {
            for by_descriptor in [false, true] {
                let mut child = child(6);
                let pid = child.id();
                let descriptor = libc::syscall(libc::SYS_pidfd_open, pid, 0) as i32;
                let (kind, id) = match by_descriptor {
                    true => (libc::P_PIDFD, descriptor as u32),
                    false => (libc::P_PID, pid),
                };
                let wait = |options| {
                    let mut info: libc::siginfo_t = zeroed();
                    let result = libc::waitid(kind, id, &mut info, options);
                    if result < 0 {
                        return Err(error());
                    }
                    assert_eq!(result, 0);
                    Ok((info.si_pid() as u32, info.si_status()))
                };
                assert_eq!(wait(libc::WEXITED | libc::WNOHANG), Ok((0, 0)));
                let input = child.stdin.take();
                drop(osier::spawn(move || drop(input)));
                assert_eq!(wait(libc::WEXITED | libc::WNOWAIT), Ok((pid, 6)));
                assert_eq!(libc::waitid(kind, id, null_mut(), libc::WEXITED), 0);
                assert_eq!(wait(libc::WEXITED), Err(libc::ECHILD));
                assert_eq!(libc::close(descriptor), 0);
            }
        }
    });
}

#[test]
fn a_kill_ends_the_wait_with_an_error_and_unwinds_at_the_next() {
    osier::run(|| {
        let mut child = child(0);
        let pid = child.id() as i32;
        let input = child.stdin.take();
        let seen = Rc::new(Cell::new(None));
        let waits = osier::spawn({
            let seen = seen.clone();
            move || {
                // SAFETY: no status is written.
                seen.set(unsafe { waitpid(pid, 0) }.err());
                yield_now();
                unreachable!("it was killed");
            }
        });
        yield_now();
        yield_now();
        waits.kill();
        assert!(waits.join().unwrap_err().is_killed());
        assert_eq!(seen.get(), Some(libc::ECANCELED));
        drop(input);
        assert_eq!(child.wait().unwrap().into_raw(), 0);
    });
}
