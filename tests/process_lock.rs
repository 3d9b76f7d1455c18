//! Locks between processes: who has them, in which order, and what is told of who waits.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/shared.rs"]
mod shared;

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use alone::tests;
use osier::process::sync::{Event, Lock, LockError, NotHeld, RLock};
use osier::process::{Process, functions};
use shared::{Scratch, until, waits};

const FOREVER: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(3);

functions! {
    fn count_up(lock: Lock, path: PathBuf, times: u32) {
        for _ in 0..times {
            let _held = lock.lock().unwrap();
            let n: u32 = fs::read_to_string(&path).unwrap().parse().unwrap();
            fs::write(&path, (n + 1).to_string()).unwrap();
        }
    }
}

tests! {
    #[test]
    fn a_lock_is_released_once_and_by_whatever_process_sy_01() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            assert_eq!(lock.release(), Err(NotHeld));
            lock.lock().unwrap().keep();
            assert!(lock.is_locked() && lock.holder() == Some(std::process::id()));
            assert!(matches!(lock.try_lock(), Err(LockError::WouldBlock)));
            let theirs = lock.clone();
            let child = Process::fork(move || {
                assert!(theirs.is_locked());
                theirs.release().unwrap();
                assert_eq!(theirs.release(), Err(NotHeld));
            });
            assert!(child.unwrap().join().is_success());
            assert!(!lock.is_locked());
            drop(lock.try_lock().unwrap());
        });
    }

    #[test]
    fn it_is_had_by_one_process_at_a_time_sy_01() {
        osier::run(|| {
            let (lock, counter) = (Lock::new().unwrap(), Scratch::new("0"));
            let forked: Vec<_> = (0..4).map(|_| {
                let (lock, path) = (lock.clone(), counter.0.clone());
                Process::fork(move || count_up(lock, path, 50)).unwrap()
            }).collect();
            let anew: Vec<_> = (0..2).map(|_| Process::spawn(count_up, (lock.clone(), counter.0.clone(), 50)).unwrap()).collect();
            let tasks: Vec<_> = (0..3).map(|_| {
                let (lock, path) = (lock.clone(), counter.0.clone());
                osier::spawn(move || count_up(lock, path, 50))
            }).collect();
            assert!(forked.iter().chain(&anew).all(|child| child.join().is_success()));
            osier::join_all(tasks).into_iter().for_each(|end| end.unwrap());
            assert_eq!(counter.text(), "450");
            assert!(!lock.is_locked() && !lock.is_poisoned(), "{lock:?}");
        });
    }

    #[test]
    fn a_copy_hands_a_lock_on_to_a_process_that_begins_anew_pr_17() {
        osier::run(|| {
            let scratch = Scratch::new("0");
            let lock = Lock::new().unwrap();
            // Each start says for itself which way it is; each mixes with any other.
            let forked = {
                let (lock, path) = (lock.clone(), scratch.0.clone());
                Process::fork(move || {
                    let anew = Process::spawn(count_up, (lock.clone(), path.clone(), 50)).unwrap();
                    let again = Process::fork({
                        let (lock, path) = (lock.clone(), path.clone());
                        move || count_up(lock, path, 50)
                    });
                    count_up(lock, path, 50);
                    assert!(anew.join().is_success() && again.unwrap().join().is_success());
                }).unwrap()
            };
            let anew = Process::spawn(count_up, (lock.clone(), scratch.0.clone(), 50)).unwrap();
            assert!(forked.join().is_success() && anew.join().is_success());
            assert_eq!(fs::read_to_string(&scratch.0).unwrap(), "200");
        });
    }

    #[test]
    fn a_lock_of_a_task_can_be_locked_again_by_it_alone_sy_01() {
        osier::run(|| {
            let lock = RLock::new().unwrap();
            assert_eq!(lock.release(), Err(NotHeld));
            let outer = lock.lock().unwrap();
            let inner = lock.lock_timeout(Duration::ZERO).unwrap();
            assert_eq!(lock.depth(), 2);
            let theirs = lock.clone();
            let child = Process::fork(move || {
                assert_eq!(theirs.release(), Err(NotHeld));
                assert!(matches!(theirs.try_lock(), Err(LockError::WouldBlock)));
                assert!(matches!(theirs.lock_timeout(MOMENT), Err(LockError::TimedOut)));
            });
            let ours = lock.clone();
            let task = osier::spawn(move || {
                assert_eq!(ours.release(), Err(NotHeld));
                assert!(matches!(ours.lock_timeout(MOMENT), Err(LockError::TimedOut)));
            });
            task.join().unwrap();
            assert!(child.unwrap().join().is_success());
            drop(outer);
            assert!(lock.is_locked());
            drop(inner);
            assert!(!lock.is_locked() && lock.depth() == 0);
            let theirs = lock.clone();
            assert!(Process::fork(move || drop(theirs.try_lock().unwrap())).unwrap().join().is_success());
        });
    }

    #[test]
    fn a_wait_stops_its_own_task_alone_and_has_its_time_sy_01() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            let held = lock.lock().unwrap();
            let (theirs, turns) = (lock.clone(), Rc::new(Cell::new(0)));
            let child = Process::fork(move || {
                let counts = turns.clone();
                let _ = osier::Builder::new().daemon(true).spawn(move || loop {
                    counts.set(counts.get() + 1);
                    osier::sleep(Duration::from_millis(1));
                });
                let began = osier::clock::now();
                assert!(matches!(theirs.lock_timeout(Duration::from_millis(30)), Err(LockError::TimedOut)));
                assert!(osier::clock::now() - began >= Duration::from_millis(30));
                assert!(turns.get() > 2, "{turns:?}");
                let late = osier::clock::now();
                assert!(matches!(theirs.lock_deadline(late), Err(LockError::TimedOut)));
                drop(theirs.lock().unwrap());
            }).unwrap();
            osier::sleep(Duration::from_millis(40));
            until(|| waits(&lock, child.pid()));
            drop(held);
            assert!(child.join().is_success());
        });
    }

    #[test]
    fn ten_processes_have_it_in_the_order_they_came_sy_01() {
        osier::run(|| {
            let (lock, order) = (Lock::new().unwrap(), Scratch::new(""));
            let held = lock.lock().unwrap();
            let children: Vec<_> = (0..10).map(|number| {
                let (theirs, path) = (lock.clone(), order.0.clone());
                let child = Process::fork(move || {
                    let _held = theirs.lock().unwrap();
                    Scratch::append(&path, &number.to_string());
                });
                let child = child.unwrap();
                until(|| waits(&lock, child.pid()));
                child
            }).collect();
            drop(held);
            assert!(children.iter().all(|child| child.join().is_success()));
            assert_eq!(order.text(), "0123456789");
        });
    }

    #[test]
    fn tasks_of_one_process_have_it_in_their_order_and_can_be_killed_sy_01() {
        osier::run(|| {
            let (lock, order) = (Lock::new().unwrap(), Rc::new(RefCell::new(Vec::new())));
            let held = lock.lock().unwrap();
            let tasks: Vec<_> = (0..5).map(|number| {
                let (lock, order) = (lock.clone(), order.clone());
                osier::spawn(move || {
                    let _held = lock.lock().unwrap();
                    osier::sleep(Duration::from_millis(1));
                    order.borrow_mut().push(number);
                })
            }).collect();
            osier::sleep(MOMENT);
            tasks[1].kill();
            drop(held);
            tasks[0].kill(); // it was rung: the next one is, in its place
            for (number, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.join().is_ok(), number > 1);
            }
            assert_eq!(*order.borrow(), [2, 3, 4]);
            assert!(format!("{lock:?}").contains("held_by: [], wanted_by: []"), "{lock:?}");
        });
    }

    #[test]
    fn a_panic_poisons_a_lock_and_a_kill_does_not_sy_01() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            let theirs = lock.clone();
            let child = Process::fork(move || {
                let _held = theirs.lock().unwrap();
                assert!(!theirs.is_locked(), "on purpose");
            });
            assert!(!child.unwrap().join().is_success());
            assert!(lock.is_poisoned());
            assert!(lock.lock().unwrap_err().into_guard().is_some());
            assert!(matches!(lock.try_lock(), Err(LockError::Poisoned(_))));
            lock.clear_poison();
            let ours = lock.clone();
            let task = osier::spawn(move || {
                let _held = ours.lock().unwrap();
                osier::sleep(FOREVER);
            });
            osier::sleep(MOMENT);
            task.kill();
            let _ = task.join();
            drop(lock.lock().unwrap());
        });
    }

    #[test]
    fn without_a_hub_and_while_unwinding_sy_01() {
        struct Tries(Lock);
        impl Drop for Tries {
            fn drop(&mut self) {
                assert!(matches!(self.0.lock(), Err(LockError::Refused)));
            }
        }
        let lock = Lock::new().unwrap();
        let theirs = lock.clone();
        let go = Event::new().unwrap();
        let set = go.clone();
        let child = Process::fork(move || {
            let _held = theirs.lock().unwrap();
            set.set();
            osier::sleep(Duration::from_millis(20));
        });
        let child = child.unwrap();
        assert!(go.wait());
        drop(lock.lock().unwrap()); // the OS thread waits
        assert!(child.join().is_success());
        osier::run(|| {
            let _held = lock.lock().unwrap();
            let tries = Tries(lock.clone());
            let task = osier::spawn(move || {
                let _tries = tries;
                osier::sleep(FOREVER);
            });
            osier::yield_now();
            task.kill();
            let _ = task.join();
        });
    }

    #[test]
    fn what_a_task_of_the_parent_holds_is_had_by_the_child_in_time_pr_21() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            let ours = lock.clone();
            let task = osier::spawn(move || {
                let _held = ours.lock().unwrap();
                osier::sleep(Duration::from_millis(10));
            });
            osier::yield_now();
            let child = Process::fork(move || {
                drop(lock.lock().unwrap());
                println!("and stdout is nobody's");
            });
            assert!(child.unwrap().join().is_success());
            task.join().unwrap();
        });
    }

    #[test]
    fn a_deadlock_of_two_processes_is_in_both_dumps_sy_01() {
        osier::run(|| {
            let (one, other) = (Lock::new().unwrap(), Lock::new().unwrap());
            let held = one.lock().unwrap();
            let (theirs, wanted) = (other.clone(), one.clone());
            let (mut near, far) = std::os::unix::net::UnixStream::pair().unwrap();
            let child = Process::fork(move || {
                let _held = theirs.lock().unwrap();
                let looks = osier::spawn(move || {
                    osier::sleep(MOMENT);
                    (&far).write_all(osier::dump().to_string().as_bytes()).unwrap();
                });
                let _ = wanted.lock_timeout(Duration::from_millis(200));
                looks.join().unwrap();
            }).unwrap();
            until(|| waits(&one, child.pid()));
            let ours = other.clone();
            let stuck = osier::Builder::new().name("stuck").spawn(move || drop(ours.lock())).unwrap();
            osier::sleep(MOMENT);
            let (me, it) = (std::process::id(), child.pid());
            let text = osier::dump().to_string();
            let line = format!("waiting for a lock between processes, held by process {it}, wanted by process {me}");
            assert!(text.contains("'stuck'") && text.contains(&line), "{text}");
            let mut text = String::new();
            near.read_to_string(&mut text).unwrap();
            let line = format!("waiting for a lock between processes, held by process {me}, wanted by process {it}");
            assert!(text.contains(&line), "{text}");
            assert!(child.join().is_success());
            stuck.join().unwrap();
            drop(held);
        });
    }

    #[test]
    fn a_ticket_office_of_twenty_sells_what_there_is_sy_01() {
        osier::run(|| {
            let (lock, file) = (Lock::new().unwrap(), Scratch::new("{\"left\": 57}"));
            let clerks: Vec<_> = (0..20).map(|_| {
                let (lock, path) = (lock.clone(), file.0.clone());
                Process::fork(move || {
                    let mut sold = 0;
                    loop {
                        let _held = lock.lock().unwrap();
                        let mut office = fs::File::options().read(true).write(true).open(&path).unwrap();
                        let mut text = String::new();
                        office.read_to_string(&mut text).unwrap();
                        let left: u32 = text.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
                        if left == 0 {
                            return sold;
                        }
                        office.rewind().unwrap();
                        office.set_len(0).unwrap();
                        osier::sleep(Duration::from_micros(100)); // half written
                        office.write_all(format!("{{\"left\": {}}}", left - 1).as_bytes()).unwrap();
                        sold += 1;
                    }
                }).unwrap()
            }).collect();
            let sold = clerks.iter().map(|clerk| match clerk.join() {
                osier::process::ExitStatus::Code(sold) => sold,
                other => panic!("{other}"),
            });
            assert_eq!(sold.sum::<i32>(), 57);
            assert_eq!(file.text(), "{\"left\": 0}");
        });
    }
}
