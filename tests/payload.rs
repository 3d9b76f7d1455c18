//! What goes into a task and comes out of it: sizes, alignments, and when it is dropped.

mod support;

use std::cell::Cell;
use std::rc::{Rc, Weak};

use osier::{Builder, spawn, yield_now};
use support::OnDrop;

/// Sums up, so that every byte was there.
fn sum<const N: usize>(bytes: &[u8; N]) -> usize {
    bytes.iter().map(|byte| usize::from(*byte)).sum()
}

#[test]
fn closures_of_4_and_100_kib_arrive_whole() {
    osier::run(|| {
        let small = [3u8; 4 << 10];
        let large = Box::new([5u8; 100 << 10]);
        let large = *large;
        let small = spawn(move || sum(&small));
        let large = spawn(move || {
            yield_now();
            sum(&large)
        });
        assert_eq!(small.join().unwrap(), 3 << 12);
        assert_eq!(large.join().unwrap(), 500 << 10);
    });
}

#[test]
fn results_of_100_kib_come_back_whole() {
    osier::run(|| {
        // A debug build has three copies of it on the stack at once.
        let builder = Builder::new().stack_size(1 << 20);
        let make = || {
            yield_now();
            [7u8; 100 << 10]
        };
        let task = builder.spawn(make).unwrap();
        task.wait();
        assert_eq!(task.value().map(sum), Some(700 << 10));
        assert_eq!(sum(&task.join().unwrap()), 700 << 10);
    });
}

#[repr(align(64))]
struct Line(u8);

#[repr(align(4096))]
struct Page(u8);

fn address<T>(of: &T) -> usize {
    (&raw const *of).addr()
}

#[test]
fn closures_and_results_keep_their_alignment() {
    osier::run(|| {
        for byte in 0..16 {
            let (line, page) = (Line(byte), Page(byte));
            let lines = spawn(move || {
                assert_eq!(address(&line) % 64, 0);
                Line(line.0 + 1)
            });
            let pages = spawn(move || {
                assert_eq!(address(&page) % 4096, 0);
                yield_now();
                Page(page.0 + 2)
            });
            lines.wait();
            pages.wait();
            let (line, page) = (lines.value().unwrap(), pages.value().unwrap());
            assert_eq!((line.0, address(line) % 64), (byte + 1, 0));
            assert_eq!((page.0, address(page) % 4096), (byte + 2, 0));
        }
    });
}

#[test]
fn nothing_is_as_good_as_something() {
    osier::run(|| {
        spawn(|| ()).join().unwrap();
        let never: osier::JoinHandle<std::convert::Infallible> = spawn(|| panic!("no value"));
        assert!(never.join().unwrap_err().is_panic());
    });
}

fn watched() -> (Rc<()>, Weak<()>) {
    let value = Rc::new(());
    let weak = Rc::downgrade(&value);
    (value, weak)
}

#[test]
fn what_a_closure_took_goes_when_the_task_ends_gl_21() {
    osier::run(|| {
        let (value, weak) = watched();
        let task = spawn(move || {
            let _taken = &value;
            yield_now();
        });
        yield_now();
        assert!(weak.upgrade().is_some(), "it waits");
        task.wait();
        assert!(weak.upgrade().is_none(), "it has ended, and only its handle is left");
    });
}

#[test]
fn a_result_goes_when_it_was_taken_or_its_handle_dropped_gl_21() {
    osier::run(|| {
        let (value, weak) = watched();
        let task = spawn(move || value);
        task.wait();
        assert!(task.value().is_some() && weak.upgrade().is_some());
        drop(task);
        assert!(weak.upgrade().is_none());

        let (value, weak) = watched();
        let taken = spawn(move || value).join().unwrap();
        assert_eq!(Rc::strong_count(&taken), 1, "no copy is left with the task");
        drop(taken);
        assert!(weak.upgrade().is_none());

        let (value, weak) = watched();
        drop(spawn(move || value));
        assert!(weak.upgrade().is_some(), "it has not run");
        yield_now();
        assert!(weak.upgrade().is_none(), "nobody wants its result");
    });
}

#[test]
fn a_task_value_pins_neither_closure_nor_result_gl_21() {
    osier::run(|| {
        let (value, weak) = watched();
        let handle = spawn(move || value);
        let task = handle.task();
        assert!(handle.join().is_ok());
        assert!(weak.upgrade().is_none());
        assert!(task.is_finished());

        let (value, weak) = watched();
        let handle = spawn(move || value);
        let task = handle.task();
        handle.wait();
        drop(handle);
        assert!(weak.upgrade().is_none() && task.is_finished());

        let (value, weak) = watched();
        let handle = spawn(move || drop(value));
        let task = handle.task();
        drop(handle);
        task.kill();
        yield_now();
        assert!(weak.upgrade().is_none(), "it never ran");
    });
}

#[test]
fn a_panic_payload_goes_with_its_error_gl_21() {
    osier::run(|| {
        let dropped = Rc::new(Cell::new(false));
        let flag = dropped.clone();
        thread_local!(static FLAG: Cell<Option<Rc<Cell<bool>>>> = const { Cell::new(None) });
        struct Payload;
        impl Drop for Payload {
            fn drop(&mut self) {
                FLAG.take().unwrap().set(true);
            }
        }
        FLAG.set(Some(flag));
        let task = spawn(|| std::panic::panic_any(Payload));
        task.wait();
        assert!(!dropped.get());
        let error = task.join().unwrap_err();
        assert!(!dropped.get());
        drop(error);
        assert!(dropped.get());
    });
}

#[test]
fn a_handle_in_its_own_tasks_result_is_a_leak_and_no_crash() {
    type Own = Rc<std::cell::RefCell<Option<osier::JoinHandle<Cycle>>>>;
    struct Cycle {
        _own: Own,
        _told: OnDrop<Box<dyn FnOnce()>>,
    }
    let dropped = Rc::new(Cell::new(false));
    osier::run(|| {
        let (own, told) = (Own::default(), dropped.clone());
        let result = own.clone();
        let task = spawn(move || Cycle {
            _own: result,
            _told: OnDrop::new(Box::new(move || told.set(true)) as Box<dyn FnOnce()>),
        });
        *own.borrow_mut() = Some(task);
        yield_now();
    });
    assert!(!dropped.get(), "a cycle of references is never dropped");
}
