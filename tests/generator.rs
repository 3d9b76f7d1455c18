//! Generators: iterators written as code that yields, and consumers that values are sent to.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use osier::greenlet::{self, Builder, Generator, Greenlet, Yielder, generator};

mod support;
use support::{OnDrop, in_child, logged, payload_of, text_of};

#[test]
fn one_is_an_iterator_g_47() {
    let mut three = generator(|y| {
        for n in 0..3 {
            assert_eq!(y.yield_(n), None, "next sends nothing");
        }
    });
    assert_eq!(three.stack_high_water(), 0, "it takes a stack when it begins");
    assert_eq!([three.next(), three.next(), three.next()], [Some(0), Some(1), Some(2)]);
    assert!(!three.is_done() && three.stack_high_water() > 0);
    assert_eq!([three.next(), three.next()], [None, None], "and stays at its end");
    assert!(three.is_done() && three.stack_high_water() == 0);
}

#[test]
fn yields_may_be_nested_and_recursive_g_47() {
    fn permutations(items: &mut Vec<u8>, from: usize, y: &Yielder<String>) {
        if from == items.len() {
            y.yield_(items.iter().map(|&b| char::from(b)).collect());
        }
        for i in from..items.len() {
            items.swap(from, i);
            permutations(items, from + 1, y);
            items.swap(from, i);
        }
    }
    let all: Vec<String> = generator(|y| permutations(&mut b"abc".to_vec(), 0, y)).collect();
    assert_eq!(all, ["abc", "acb", "bac", "bca", "cba", "cab"]);
    let nested = generator(|y| {
        for tens in generator(|y| y.yield_all(1..=2)) {
            // The inner one's code yields for the outer one, from a stack of its own.
            let units = generator(|inner: &Yielder<u32>| {
                y.yield_(tens * 10);
                inner.yield_all([1, 2]);
            });
            y.yield_all(units.map(|unit| tens * 10 + unit));
        }
    });
    assert!(nested.eq([10, 11, 12, 20, 21, 22]));
}

#[test]
fn one_is_made_as_often_as_it_is_wanted_g_47() {
    let again = |upto: u32| generator(move |y| y.yield_all(0..upto));
    for upto in [3, 0, 5] {
        assert_eq!(again(upto).sum::<u32>(), (0..upto).sum::<u32>());
    }
    let (mut one, mut two) = (again(3), again(3));
    let zipped: Vec<_> = std::iter::from_fn(|| Some((one.next()?, two.next()?))).collect();
    assert_eq!(zipped, [(0, 0), (1, 1), (2, 2)], "side by side");
}

#[test]
fn two_consumers_are_fed_by_one_producer() {
    let diary = RefCell::new(Vec::new());
    let consumer = |name: &'static str| {
        let diary = &diary;
        let mut it = Generator::new(move |y| {
            while let Some(n) = y.yield_(()) {
                diary.borrow_mut().push(format!("{name}{n}"));
            }
        });
        it.next();
        it
    };
    let mut consumers = [consumer("a"), consumer("b")];
    for n in 1..=2 {
        for consumer in &mut consumers {
            assert_eq!(consumer.send(n), Some(()));
        }
    }
    assert_eq!(consumers[0].next(), None, "nothing was sent, and it ends");
    drop(consumers);
    assert_eq!(diary.take(), ["a1", "b1", "a2", "b2"]);
}

#[test]
fn nothing_can_be_sent_before_it_begins() {
    let mut fresh = Generator::new(|y| while y.yield_(1_u32) != Some(0) {});
    assert!(text_of(|| fresh.send(5)).contains("call next first"));
    assert_eq!((fresh.next(), fresh.send(1), fresh.send(0)), (Some(1), Some(1), None));
    assert_eq!(fresh.send(3), None, "it has ended");
}

#[test]
fn one_that_is_dropped_early_is_unwound_at_once() {
    let log = RefCell::new(Vec::new());
    let mut outer = generator(|y| {
        let _outer = OnDrop::new(|| log.borrow_mut().push("outer"));
        let inner = generator(|inner| {
            let _inner = OnDrop::new(|| log.borrow_mut().push("inner"));
            inner.yield_(1);
            inner.yield_(2);
        });
        for n in inner {
            y.yield_(n);
        }
    });
    assert_eq!(outer.next(), Some(1));
    assert!(log.borrow().is_empty());
    drop(outer);
    assert_eq!(log.take(), ["inner", "outer"]);
    let token = Rc::new(());
    let held = token.clone();
    drop(generator(move |y: &Yielder<Rc<()>>| _ = y.yield_(held)));
    assert_eq!(Rc::strong_count(&token), 1, "one that has not begun just goes");
}

#[test]
fn its_panic_comes_out_of_next_and_it_has_ended() {
    let mut bad = generator(|y| {
        y.yield_(1);
        panic!("after {}", 1);
    });
    assert_eq!(bad.next(), Some(1));
    assert_eq!(text_of(|| bad.next()), "after 1");
    assert!(bad.is_done() && bad.next().is_none());
    let mut outer = generator(|y| {
        let inner = generator(|_: &Yielder<u8>| std::panic::panic_any(7_u8));
        y.yield_all(inner);
    });
    assert_eq!(payload_of(|| outer.next()).downcast_ref(), Some(&7_u8));
}

#[test]
fn one_that_catches_its_end_is_asked_again_then_leaked_and_said_so() {
    let asked = Cell::new(0);
    let mut stubborn = generator(|y| {
        loop {
            if catch_unwind(AssertUnwindSafe(|| y.yield_(1))).is_err() {
                asked.set(asked.get() + 1);
            }
        }
    });
    stubborn.next();
    let log = logged(|| drop(stubborn)).concat();
    assert_eq!(asked.get(), 5);
    assert!(log.contains("a generator does not end when it is dropped"), "{log}");
    let mut once = generator(|y| {
        let caught = catch_unwind(AssertUnwindSafe(|| y.yield_(1)));
        assert!(caught.is_err());
        y.yield_(2);
    });
    once.next();
    assert!(logged(|| drop(once)).is_empty(), "a second time, it ended");
}

#[test]
fn a_panic_while_it_is_dropped_goes_to_the_log() {
    let mut bad = generator(|y| {
        let caught = catch_unwind(AssertUnwindSafe(|| y.yield_(1)));
        assert!(caught.is_ok(), "it was dropped");
    });
    bad.next();
    let log = logged(|| drop(bad)).concat();
    assert!(log.contains("a generator, dropped, panicked"), "{log}");
}

#[test]
fn while_its_owner_unwinds_it_is_unwound_too() {
    let order = Rc::new(RefCell::new(VecDeque::new()));
    let (note, later) = (order.clone(), order.clone());
    let unwinding = AssertUnwindSafe(move || {
        let mut it = generator(move |y| {
            let _guard = OnDrop::new(|| note.borrow_mut().push_back("generator"));
            y.yield_(1);
        });
        it.next();
        let _first = OnDrop::new(move || later.borrow_mut().push_back("local"));
        std::panic::panic_any(1);
    });
    assert!(catch_unwind(unwinding).is_err());
    assert_eq!(order.take(), ["local", "generator"]);
    assert!(!std::thread::panicking());
}

#[test]
fn nothing_is_resumed_or_yielded_while_unwinding() {
    let tried = Cell::new(None);
    let unwinding = AssertUnwindSafe(|| {
        let mut it = generator(|y| y.yield_all([1, 2]));
        it.next();
        let _guard = OnDrop::new(|| tried.set(Some(it.next())));
        std::panic::panic_any(1);
    });
    assert!(catch_unwind(unwinding).is_err());
    assert_eq!(tried.take(), Some(None), "next does not go on");
    let mut it = generator(|y| {
        let _guard = OnDrop::new(|| assert_eq!(y.yield_(9), None));
        y.yield_(1);
    });
    assert_eq!(it.next(), Some(1));
    drop(it); // its destructor yields: refused, and the value is dropped
}

#[test]
fn one_waits_as_its_caller_may_and_goes_from_task_to_task() {
    let mut it = generator(|y| {
        for n in 0.. {
            osier::sleep(Duration::from_millis(1));
            y.yield_((n, osier::current().id()));
        }
    });
    let items = osier::run(move || {
        let task = osier::spawn(move || {
            let first = it.next().unwrap();
            (first, it)
        });
        let other = osier::spawn(|| osier::current().id());
        let ((first, task_of_first), mut it) = task.join().unwrap();
        let (second, task_of_second) = it.next().unwrap();
        assert_eq!(task_of_second, osier::current().id());
        assert_ne!(task_of_first, task_of_second);
        other.join().unwrap();
        [first, second]
    });
    assert_eq!(items, [0, 1]);
}

#[test]
fn a_scoped_task_that_has_borrowed_the_way_out_is_refused() {
    osier::run(|| {
        let mut it = generator(|y| {
            osier::scope(|s| {
                let stranger = s.spawn(|| text_of(|| y.yield_(1)));
                assert!(stranger.join().unwrap().contains("in the task that has resumed it"));
            });
            y.yield_(2);
        });
        assert_eq!(it.next(), Some(2));
    });
}

#[test]
fn a_kill_unwinds_the_generator_that_waits() {
    osier::run(|| {
        let ended = Rc::new(Cell::new(false));
        let note = ended.clone();
        let task = osier::spawn(move || {
            generator(|y| {
                let _guard = OnDrop::new(|| note.set(true));
                osier::sleep(Duration::from_secs(3600));
                y.yield_(1);
            })
            .next()
        });
        osier::yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed() && ended.get());
    });
}

#[test]
fn greenlets_are_switched_from_within_one() {
    let echo = Greenlet::new(|mut n: u32| {
        let main = greenlet::current().parent().unwrap();
        loop {
            n = main.switch(n + 1);
        }
    });
    let it = generator(|y| {
        for n in 0..3 {
            y.yield_(echo.switch(n * 10));
        }
    });
    assert!(it.eq([1, 11, 21]));
    let it = generator(|y| y.yield_all([5, 6]));
    let inside = Greenlet::new(move |_: u32| it.sum());
    assert_eq!(inside.switch(0), 11, "and one is resumed in a greenlet");
}

#[test]
fn its_overflow_names_it() {
    #[inline(never)]
    fn deep(n: u64) -> u64 {
        let pad = std::hint::black_box([n; 64]);
        if n == u64::MAX { 0 } else { deep(n + 1) + pad[7] }
    }
    let child = in_child("its_overflow_names_it", || {
        let builder = Builder::new().name("bottomless").stack_size(128 << 10);
        let mut it = builder.generator::<u64, ()>(|y| _ = y.yield_(deep(0)));
        it.next();
    });
    let stderr = String::from_utf8_lossy(&child.stderr);
    assert!(stderr.contains("generator 'bottomless' has overflowed its stack"), "{stderr}");
    assert!(stderr.contains("131072 bytes (128 KiB); greenlet::Builder::stack_size"), "{stderr}");
}
