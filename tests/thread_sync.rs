//! Events and semaphores that OS threads and tasks share.

mod support;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use osier::thread::{Event, Semaphore};
use osier::{no_switch, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, spin, text_of};

fn elsewhere<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(f).join().unwrap()
}

#[test]
fn an_event_set_on_another_thread_wakes_every_waiter_ev_06() {
    let event = Arc::new(Event::new());
    let waits: Vec<_> = (0..3)
        .map(|_| {
            let event = event.clone();
            thread::spawn(move || {
                osier::run(|| {
                    let tasks = (0..10).map(|_| {
                        let event = event.clone();
                        spawn(move || event.wait_timeout(FOREVER))
                    });
                    osier::join_all(tasks).into_iter().all(|woken| woken.unwrap())
                })
            })
        })
        .chain([{
            let event = event.clone();
            thread::spawn(move || event.wait())
        }])
        .collect();
    while !format!("{event:?}").contains("waiting: 31") {
        thread::yield_now();
    }
    event.set();
    assert!(waits.into_iter().all(|thread| thread.join().unwrap()));
    assert!(event.is_set() && event.wait(), "it stays set");
}

#[test]
fn who_waited_when_it_was_set_goes_on_though_it_is_cleared_ev_06() {
    osier::run(|| {
        let event = Arc::new(Event::new());
        let (waits, sets) = (event.clone(), event.clone());
        let task = spawn(move || waits.wait_timeout(FOREVER));
        yield_now();
        elsewhere(move || {
            sets.set();
            sets.clear();
        });
        assert!(task.join().unwrap());
        assert!(!event.wait_timeout(SHORT));
        assert!(!event.wait_deadline(osier::clock::now()));
    });
}

#[test]
fn set_in_the_moment_of_a_time_out_it_was_set_ev_06() {
    osier::run(|| {
        let event = Arc::new(Event::new());
        let (waits, sets) = (event.clone(), event);
        let task = spawn(move || waits.wait_timeout(SHORT));
        yield_now();
        spin(SHORT * 2);
        elsewhere(move || sets.set());
        assert!(task.join().unwrap());
    });
}

#[test]
fn a_promise_kept_on_another_thread_wakes_its_waiter_ev_06() {
    osier::run(|| {
        let (resolver, promise) = osier::thread::promise();
        let task = spawn(move || promise.result());
        yield_now();
        elsewhere(move || resolver.resolve(7));
        assert_eq!(task.join().unwrap().unwrap(), 7);
    });
}

#[test]
fn permits_are_never_more_and_none_is_lost_lk_04() {
    static PERMITS: Semaphore = Semaphore::new(3);
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    static DONE: AtomicUsize = AtomicUsize::new(0);
    fn visit() {
        let _permit = PERMITS.acquire().unwrap();
        assert!(INSIDE.fetch_add(1, Ordering::SeqCst) < 3);
        yield_now();
        INSIDE.fetch_sub(1, Ordering::SeqCst);
        DONE.fetch_add(1, Ordering::SeqCst);
    }
    let threads: Vec<_> = (0..4)
        .map(|n| {
            thread::spawn(move || {
                let visits = || (0..100).for_each(|_| visit());
                if n == 0 {
                    return visits(); // a plain thread
                }
                osier::run(|| osier::join_all((0..10).map(|_| spawn(visits))).len());
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(DONE.load(Ordering::SeqCst), 100 + 3 * 1000);
    assert_eq!(PERMITS.available(), 3);
}

#[test]
fn a_wait_stops_its_own_task_alone_lk_04() {
    osier::run(|| {
        let permits = Arc::new(Semaphore::new(1));
        let (held, waits) = (permits.acquire().unwrap(), permits.clone());
        let task = spawn(move || waits.acquire().is_some());
        yield_now();
        assert_eq!(spawn(|| 7).join().unwrap(), 7, "others go on");
        assert!(!task.is_finished());
        drop(held);
        assert!(task.join().unwrap());
    });
}

#[test]
fn a_time_limit_is_kept_while_another_thread_holds_the_permit_lk_04() {
    let permits = Arc::new(Semaphore::new(0));
    let limit = Duration::from_millis(10);
    let timed = move |permits: Arc<Semaphore>| {
        let began = osier::clock::now();
        assert!(permits.acquire_timeout(limit).is_none());
        assert!(permits.acquire_deadline(osier::clock::now()).is_none());
        began.elapsed()
    };
    let (one, two) = (permits.clone(), permits.clone());
    for took in [elsewhere(move || timed(one)), elsewhere(move || osier::run(|| timed(two)))] {
        assert!(took >= limit && took < limit * 50, "{took:?}");
    }
    permits.release();
    assert_eq!(permits.available(), 1, "who gave up took none");
}

#[test]
fn a_permit_goes_to_the_first_in_line_and_nobody_is_quicker_lk_04() {
    osier::run(|| {
        let permits = Arc::new(Semaphore::new(1));
        let order = Rc::new(RefCell::new(Vec::new()));
        let held = permits.acquire().unwrap();
        let tasks: Vec<_> = (0..3)
            .map(|n| {
                let (permits, order) = (permits.clone(), order.clone());
                spawn(move || {
                    let _permit = permits.acquire().unwrap();
                    order.borrow_mut().push(n);
                })
            })
            .collect();
        yield_now();
        drop(held);
        assert!(permits.try_acquire().is_none(), "it is the first one's already");
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(*order.borrow(), [0, 1, 2]);
    });
}

#[test]
fn a_permit_granted_in_the_moment_of_a_kill_comes_back_lk_04() {
    for early in [false, true] {
        osier::run(|| {
            let permits = Arc::new(Semaphore::new(0));
            let waits = permits.clone();
            let task = spawn(move || {
                let _permit = waits.acquire();
                osier::sleep(FOREVER);
            });
            yield_now();
            if early {
                task.kill();
            }
            let gives = permits.clone();
            elsewhere(move || gives.release());
            task.kill();
            assert!(task.join().unwrap_err().is_killed());
            assert!(permits.acquire_timeout(FOREVER).is_some());
        });
    }
}

#[test]
fn a_waiter_that_is_killed_or_timed_out_does_not_hold_up_the_next_lk_04() {
    osier::run(|| {
        let permits = Arc::new(Semaphore::new(0));
        let waiter = |limit| {
            let permits = permits.clone();
            let task = spawn(move || permits.acquire_timeout(limit).is_some());
            yield_now();
            task
        };
        let (killed, late, lucky) = (waiter(FOREVER), waiter(SHORT), waiter(FOREVER));
        killed.kill();
        assert!(!late.join().unwrap());
        permits.release();
        assert!(lucky.join().unwrap());
    });
}

#[test]
fn a_hub_that_ends_with_waiters_in_line_takes_no_permit_along_lk_04() {
    let permits = Arc::new(Semaphore::new(0));
    let waits = permits.clone();
    elsewhere(move || {
        osier::run(|| {
            let plan = osier::Builder::new().daemon(true);
            plan.spawn(move || waits.acquire().is_some()).unwrap();
            yield_now();
        });
    });
    permits.release();
    assert_eq!(permits.available(), 1);
    permits.acquire().unwrap().forget();
    assert_eq!(permits.available(), 0);
}

#[test]
fn nobody_waits_while_unwinding_or_inside_of_no_switch() {
    osier::run(|| {
        let task = spawn(|| {
            let _last = OnDrop::new(|| {
                assert!(Semaphore::new(0).acquire().is_none());
                assert!(!Event::new().wait());
            });
            panic!("expected");
        });
        assert_eq!(task.join().unwrap_err().message(), Some("expected"));
        let permits = Semaphore::new(0);
        text_of(|| no_switch(|| permits.acquire().is_some()));
        permits.release();
        assert_eq!(permits.available(), 1);
        assert!(timeout(SHORT, || Event::new().wait()).is_err());
    });
}
