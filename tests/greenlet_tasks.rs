//! Greenlets in tasks and threads: what parks, whose they are, and what becomes of them at the end.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use osier::greenlet::{self, Builder, Error, Greenlet};

mod support;
use support::{FOREVER, OnDrop, SHORT, in_child, logged, payload_of, text_of};

fn up<T: 'static>() -> Greenlet<T> {
    greenlet::current().parent().expect("not the main one")
}

/// One that was switched to and gave its way back; counts down when it is unwound.
fn suspended(alive: &Rc<Cell<i32>>) -> Greenlet<u32> {
    let count = alive.clone();
    let one = Greenlet::new(move |n| {
        count.set(count.get() + 1);
        let _count = OnDrop::new(|| count.set(count.get() - 1));
        up().switch(n)
    });
    one.switch(1);
    one
}

#[test]
fn a_plain_one_in_a_task_runs_when_it_is_switched_to_gl_20() {
    osier::run(|| {
        let ran = Rc::new(Cell::new(0));
        let note = ran.clone();
        let one = Greenlet::new(move |(a, b): (u32, u32)| {
            note.set(a + b);
            (b, a)
        });
        osier::yield_now();
        assert_eq!(ran.get(), 0, "nobody schedules it");
        assert_eq!(one.switch((1, 2)), (2, 1));
        assert_eq!(ran.get(), 3);
    });
}

#[test]
fn one_that_waits_parks_its_task_and_goes_on_where_it_was() {
    osier::run(|| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..3)
            .map(|i| {
                let order = order.clone();
                osier::spawn(move || {
                    let inner = order.clone();
                    let one = Greenlet::new(move |n: u32| {
                        for round in 0..3 {
                            inner.borrow_mut().push((round, i));
                            osier::yield_now();
                            up().switch(n + round);
                            osier::sleep(SHORT);
                        }
                        n + 100
                    });
                    let got: Vec<u32> = (0..4).map(|_| one.switch(i * 1000)).collect();
                    assert!(one.is_dead());
                    got
                })
            })
            .collect();
        for (i, task) in tasks.into_iter().enumerate() {
            let n = i as u32 * 1000;
            assert_eq!(task.join().unwrap(), [n, n + 1, n + 2, n + 100]);
        }
        assert_eq!(order.borrow()[..3], [(0, 0), (0, 1), (0, 2)], "round by round");
    });
}

#[test]
fn a_switch_to_another_tasks_one_is_an_error_g_05() {
    osier::run(|| {
        let alive = Rc::new(Cell::new(0));
        let handles: Rc<RefCell<Vec<Greenlet<u32>>>> = Rc::default();
        let refused = Rc::new(Cell::new(0));
        let owners: Vec<_> = (0..16)
            .map(|_| {
                let (alive, handles, refused) = (alive.clone(), handles.clone(), refused.clone());
                osier::spawn(move || {
                    let mine = suspended(&alive);
                    handles.borrow_mut().push(mine.clone());
                    for _ in 0..20 {
                        osier::yield_now();
                        let all = handles.borrow().clone();
                        for one in all.iter().filter(|one| **one != mine) {
                            let error = one.checked_switch(7).unwrap_err();
                            let ended = one.is_dead(); // with its task, which was through earlier
                            let why = if ended { Error::TaskEnded } else { Error::OtherTask };
                            assert_eq!((error.error(), error.value()), (&why, Some(&7)));
                            refused.set(refused.get() + 1);
                        }
                    }
                    assert_eq!(mine.switch(5), 5);
                })
            })
            .collect();
        for owner in osier::join_all(owners) {
            owner.unwrap();
        }
        assert_eq!(alive.get(), 0);
        assert_eq!(refused.get(), 16 * 15 * 20);
    });
}

#[test]
fn what_belongs_to_another_or_has_ended_is_told_apart_g_18() {
    let outside = Greenlet::new(|n: u32| up().switch(n));
    outside.switch(1);
    let theirs = outside.clone();
    let (ended, main_of_ended) = osier::run(move || {
        assert_eq!(theirs.checked_switch(1).unwrap_err().error(), &Error::OtherTask);
        assert_eq!(theirs.kill().unwrap_err().error(), &Error::OtherTask);
        assert!(text_of(|| theirs.throw(1)).contains("belongs to another task"));
        assert!(theirs.backtrace().is_none());
        let task = osier::spawn(|| {
            let one = Greenlet::new(|n: u32| up().switch(n));
            one.switch(1);
            (one, greenlet::current::<u32>())
        });
        task.join().unwrap()
    });
    assert!(ended.is_dead(), "its task has unwound it");
    for one in [&ended, &main_of_ended] {
        assert_eq!(one.checked_switch(1).unwrap_err().error(), &Error::TaskEnded);
    }
    assert!(text_of(|| main_of_ended.switch(1)).contains("has ended"));
    assert_eq!(outside.switch(3), 3);
}

#[test]
fn a_kill_unwinds_the_one_that_waits_then_its_parents_then_the_rest() {
    osier::run(|| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let notes = order.clone();
        let alive = Rc::new(Cell::new(0));
        let count = alive.clone();
        let escaped = Rc::new(RefCell::new(None));
        let escape = escaped.clone();
        let task = osier::spawn(move || {
            let _main = OnDrop::new(|| notes.borrow_mut().push("main"));
            *escape.borrow_mut() = Some(suspended(&count));
            let inner = notes.clone();
            let waiting = Greenlet::new(move |n: u32| {
                let innermost = inner.clone();
                let child = Greenlet::new(move |n: u32| {
                    let _guard = OnDrop::new(|| innermost.borrow_mut().push("child"));
                    osier::sleep(FOREVER);
                    n
                });
                let _guard = OnDrop::new(|| inner.borrow_mut().push("parent"));
                child.switch(n)
            });
            waiting.switch(1)
        });
        osier::yield_now();
        assert_eq!(alive.get(), 1);
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!(*order.borrow(), ["child", "parent", "main"]);
        assert_eq!(alive.get(), 0, "the one whose handle had got away is unwound as well");
        assert!(escaped.borrow().as_ref().unwrap().is_dead());
    });
}

#[test]
fn a_time_out_unwinds_through_greenlets_to_its_scope() {
    osier::run(|| {
        let one = Greenlet::new(|n: u32| {
            osier::sleep(FOREVER);
            n
        });
        assert!(osier::timeout(SHORT, || one.switch(1)).is_err());
        assert!(one.is_dead());
        let inside = Greenlet::new(|_: u32| {
            let slept = osier::timeout(SHORT, || osier::sleep(FOREVER));
            u32::from(slept.is_err())
        });
        assert_eq!(inside.switch(0), 1);
    });
}

#[test]
fn a_panic_in_one_is_its_tasks_if_nobody_catches_it() {
    osier::run(|| {
        let task = osier::spawn(|| Greenlet::new(|_: u32| panic!("deep down")).switch(1));
        let error = task.join().unwrap_err();
        assert!(error.is_panic() && error.to_string().contains("deep down"), "{error}");
    });
}

#[test]
fn a_handle_dropped_in_another_task_unwinds_it_at_home_g_13() {
    osier::run(|| {
        let alive = Rc::new(Cell::new(0));
        let (count, mail) = (alive.clone(), Rc::new(RefCell::new(None)));
        let sent = mail.clone();
        let owner = osier::spawn(move || {
            *sent.borrow_mut() = Some(suspended(&count));
            osier::yield_now();
            assert_eq!(count.get(), 1, "not by whoever has dropped it");
            Greenlet::new(|n: u32| n).switch(1);
            assert_eq!(count.get(), 0, "at the next switch over here");
            *sent.borrow_mut() = Some(suspended(&count));
            osier::yield_now();
            osier::yield_now();
            assert_eq!(count.get(), 1);
        });
        osier::yield_now();
        drop(mail.take());
        assert_eq!(alive.get(), 1);
        osier::yield_now();
        drop(mail.take());
        owner.join().unwrap();
        assert_eq!(alive.get(), 0, "or at the end of its task");
    });
}

#[test]
fn what_only_its_own_stack_holds_is_unwound_at_the_end_of_the_task_g_37() {
    osier::run(|| {
        let alive = Rc::new(Cell::new(0));
        let count = alive.clone();
        let task = osier::spawn(move || {
            let inner = count.clone();
            let one = Greenlet::new(move |n: u32| {
                let me = greenlet::current::<u32>();
                inner.set(inner.get() + 1);
                let _count = OnDrop::new(|| inner.set(inner.get() - 1));
                up().switch(n);
                drop(me);
                n
            });
            one.switch(1);
            drop(one);
            assert_eq!(count.get(), 1, "its own handle keeps it");
        });
        task.join().unwrap();
        assert_eq!(alive.get(), 0);
        // Two that have not begun and hold each other's handles go with what holds those.
        let token = Rc::new(());
        let slot: Rc<RefCell<Option<Greenlet<u32>>>> = Rc::default();
        let (held, other) = (token.clone(), slot.clone());
        let one = Greenlet::new(move |n: u32| {
            let _both = (&held, &other);
            n
        });
        *slot.borrow_mut() = Some(one.clone());
        drop(one);
        assert_eq!(Rc::strong_count(&token), 2, "a cycle of Rc's is the user's to break");
        drop(slot.take());
        assert_eq!(Rc::strong_count(&token), 1);
    });
}

#[test]
fn a_thread_that_ends_unwinds_what_it_has_left_g_44() {
    thread_local! {
        static KEPT: RefCell<Vec<Greenlet<u32>>> = const { RefCell::new(Vec::new()) };
    }
    let unwound = Arc::new(AtomicU32::new(0));
    let count = unwound.clone();
    let body = move || {
        let make = |count: Arc<AtomicU32>| {
            let one = Greenlet::new(move |n: u32| {
                let nested = Greenlet::new(|n: u32| up().switch(n));
                nested.switch(n);
                let _guard = OnDrop::new(|| _ = count.fetch_add(1, Ordering::Relaxed));
                let n = up().switch(n);
                drop(nested);
                n
            });
            one.switch(1);
            one
        };
        for _ in 0..3 {
            std::mem::forget(make(count.clone())); // a handle that never goes
        }
        KEPT.with_borrow_mut(|kept| kept.push(make(count.clone())));
    };
    thread::spawn(body).join().unwrap();
    assert_eq!(unwound.load(Ordering::Relaxed), 4);
}

#[test]
fn a_process_may_end_with_greenlets_left_g_44() {
    let child = in_child("a_process_may_end_with_greenlets_left_g_44", || {
        let nested = Greenlet::new(|n: u32| {
            let inner = Greenlet::new(|n: u32| up().switch(n));
            inner.switch(n);
            up().switch(n)
        });
        nested.switch(1);
        std::mem::forget(nested);
        let exits = Greenlet::new(|_: u32| std::process::exit(7));
        exits.switch(1);
    });
    assert_eq!(child.status.code(), Some(7), "{child:?}");
}

#[test]
fn the_end_of_a_thread_tells_what_can_no_longer_be_done_g_44() {
    type Last = OnDrop<Box<dyn FnOnce()>>;
    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    let told = Arc::new(AtomicU32::new(0));
    let note = told.clone();
    thread::spawn(move || {
        let one = Greenlet::new(|n: u32| n);
        let last: Box<dyn FnOnce()> = Box::new(move || {
            // Either the greenlets of this thread are gone already, or they still work: no crash.
            match one.checked_switch(3) {
                Ok(3) => {}
                other => assert_eq!(other.unwrap_err().error(), &Error::TaskEnded),
            }
            note.store(1, Ordering::Relaxed);
        });
        LAST.set(Some(OnDrop::new(last)));
    })
    .join()
    .unwrap();
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
fn the_hubs_own_code_switches_to_nobody() {
    struct Last(Greenlet<u32>, Rc<RefCell<Option<Error>>>);
    impl Drop for Last {
        fn drop(&mut self) {
            let tried = self.0.checked_switch(1);
            *self.1.borrow_mut() = tried.err().map(|error| error.error().clone());
        }
    }
    let outside = Greenlet::new(|n: u32| n);
    let told = Rc::new(RefCell::new(None));
    let (one, note) = (outside.clone(), told.clone());
    osier::run(move || {
        let never = osier::spawn(move || Last(one, note));
        never.kill(); // before it began: its closure is dropped by the hub
        osier::yield_now();
    });
    assert_eq!(told.take(), None, "the closure holds no `Last` yet");
    let (one, note) = (outside.clone(), told.clone());
    osier::run(move || {
        let last = Last(one, note);
        let never = osier::spawn(move || drop(last));
        never.kill();
        osier::yield_now();
    });
    assert!(matches!(told.take(), Some(Error::InHub | Error::OtherTask)));
    assert_eq!(outside.switch(4), 4);
}

#[test]
fn no_switch_refuses_it() {
    osier::run(|| {
        let one = Greenlet::new(|n: u32| up().switch(n));
        one.switch(1);
        let error = osier::no_switch(|| one.checked_switch(2)).unwrap_err();
        assert_eq!(error.error(), &Error::Pinned);
        assert!(text_of(|| osier::no_switch(|| one.switch(2))).contains("no_switch"));
        assert_eq!(one.switch(3), 3);
    });
}

#[test]
fn a_run_within_a_greenlet_is_a_world_of_its_own() {
    let main = greenlet::current::<u32>();
    let one = Greenlet::new(move |n: u32| {
        let sum = osier::run(|| {
            assert_eq!(main.checked_switch(1).unwrap_err().error(), &Error::OtherTask);
            let inner = Greenlet::new(|n: u32| up().switch(n) + 1);
            inner.switch(1) + inner.switch(2)
        });
        main.switch(sum + n)
    });
    assert_eq!(one.switch(10), 14);
    assert_eq!(one.switch(5), 5);
}

#[test]
fn the_end_of_a_task_unwinds_in_the_task_and_may_wait() {
    osier::run(|| {
        let waited = Rc::new(Cell::new(false));
        let note = waited.clone();
        let task = osier::spawn(move || {
            let one = Greenlet::new(move |n: u32| {
                let caught = catch_unwind(AssertUnwindSafe(|| up().switch(n)));
                osier::sleep(SHORT); // its farewell
                note.set(caught.is_err());
                n
            });
            one.switch(1);
            std::mem::forget(one);
        });
        task.join().unwrap();
        assert!(waited.get());
    });
}

#[test]
fn a_stubborn_one_does_not_keep_its_task_alive() {
    let log = logged(|| {
        osier::run(|| {
            let task = osier::spawn(|| {
                let one = Builder::new().name("stubborn").greenlet(|n: u32| {
                    loop {
                        let _ = catch_unwind(AssertUnwindSafe(|| up().switch(n)));
                    }
                });
                one.switch(1);
                std::mem::forget(one);
                5
            });
            assert_eq!(task.join().unwrap(), 5);
        });
    });
    assert!(log.concat().contains("'stubborn' does not end when it is dropped"), "{log:?}");
}

#[test]
fn nothing_begins_while_all_are_being_unwound() {
    osier::run(|| {
        let told = Rc::new(RefCell::new(None));
        let note = told.clone();
        let task = osier::spawn(move || {
            let one = Greenlet::new(move |n: u32| {
                let caught = payload_of(|| up().switch(n));
                drop(caught);
                let another = Greenlet::new(|n: u32| n);
                *note.borrow_mut() = another.checked_switch(1).err();
                n
            });
            one.switch(1);
            std::mem::forget(one);
        });
        task.join().unwrap();
        assert_eq!(told.take().unwrap().error(), &Error::TaskEnded);
    });
}

#[test]
fn an_overflow_in_one_names_it() {
    #[inline(never)]
    fn deep(n: u64) -> u64 {
        let pad = std::hint::black_box([n; 64]);
        if n == u64::MAX { 0 } else { deep(n + 1) + pad[7] }
    }
    let child = in_child("an_overflow_in_one_names_it", || {
        Builder::new().name("bottomless").greenlet(deep).switch(0);
    });
    let stderr = String::from_utf8_lossy(&child.stderr);
    assert!(stderr.contains("greenlet 'bottomless' has overflowed its stack"), "{stderr}");
    assert!(stderr.contains("262144 bytes (256 KiB); greenlet::Builder::stack_size"), "{stderr}");
}

#[test]
fn an_overflow_in_a_task_names_the_greenlet_and_not_the_task() {
    #[inline(never)]
    fn deep(n: u64) -> u64 {
        let pad = std::hint::black_box([n; 64]);
        if n == u64::MAX { 0 } else { deep(n + 1) + pad[7] }
    }
    let child = in_child("an_overflow_in_a_task_names_the_greenlet_and_not_the_task", || {
        osier::run(|| {
            let one = Greenlet::new(deep);
            eprintln!("it is greenlet {}", one.id());
            one.switch(0)
        });
    });
    let stderr = String::from_utf8_lossy(&child.stderr);
    let (_, number) = stderr.split_once("it is ").expect("said first");
    let name = number.lines().next().unwrap();
    assert!(stderr.contains(&format!("\n{name} has overflowed its stack")), "{stderr}");
}
