//! `futex` itself, called as C calls it: by tasks, and by plain threads.
//!
//! # Why unsafe
//! libc is called as C calls it.
#![allow(unsafe_code)]
use osier_monkey as _;

use std::cell::{Cell, RefCell};
use std::io;
use std::ptr::null;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use libc::{
    EAGAIN, EFAULT, EINVAL, ETIMEDOUT, FUTEX_CLOCK_REALTIME, FUTEX_CMP_REQUEUE, FUTEX_PRIVATE_FLAG,
    FUTEX_REQUEUE, FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAKE, FUTEX_WAKE_BITSET, FUTEX_WAKE_OP,
    c_int, timespec,
};
use osier::yield_now;

fn call(
    word: *const AtomicU32,
    operation: c_int,
    value: u32,
    fourth: usize,
    other: *const AtomicU32,
    last: u32,
) -> Result<u32, c_int> {
    // SAFETY: the words and times that are handed in live until it returns.
    let result =
        unsafe { libc::syscall(libc::SYS_futex, word, operation, value, fourth, other, last) };
    if result < 0 {
        return Err(io::Error::last_os_error().raw_os_error().expect("errno"));
    }
    Ok(result as u32)
}

fn wait(word: &AtomicU32, value: u32) -> Result<u32, c_int> {
    call(word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, 0, null(), 0)
}

fn wake(word: &AtomicU32, most: u32) -> u32 {
    call(word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, most, 0, null(), 0).unwrap()
}

fn time(duration: Duration) -> timespec {
    timespec { tv_sec: duration.as_secs() as i64, tv_nsec: i64::from(duration.subsec_nanos()) }
}

fn clock(which: libc::clockid_t) -> Duration {
    let mut now = time(Duration::ZERO);
    // SAFETY: it writes where that is.
    unsafe { libc::clock_gettime(which, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[test]
fn who_came_first_is_woken_first_and_as_many_as_asked_for() {
    osier::run(|| {
        let word = Rc::new(AtomicU32::new(7));
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let (word, order) = (word.clone(), order.clone());
                osier::spawn(move || {
                    assert_eq!(wait(&word, 7), Ok(0));
                    order.borrow_mut().push(number);
                })
            })
            .collect();
        yield_now();
        assert_eq!(wake(&word, 3), 3);
        (0..3).for_each(|_| yield_now());
        assert_eq!(*order.borrow(), [0, 1, 2]);
        assert_eq!(wake(&word, 1), 1);
        assert_eq!(wake(&word, i32::MAX as u32), 36);
        assert_eq!(wake(&word, 1), 0);
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(*order.borrow(), (0..40).collect::<Vec<_>>());
    });
}

#[test]
fn errors_are_the_kernel_s() {
    let check = || {
        let word = AtomicU32::new(7);
        assert_eq!(wait(&word, 8), Err(EAGAIN));
        let odd = (&raw const word).cast::<u8>().wrapping_add(1).cast();
        assert_eq!(call(odd, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 7, 0, null(), 0), Err(EINVAL));
        assert_eq!(call(null(), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 7, 0, null(), 0), Err(EFAULT));
        let bits = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
        assert_eq!(call(&word, bits, 7, 0, null(), 0), Err(EINVAL));
        let wrong = timespec { tv_sec: 0, tv_nsec: 1_000_000_000 };
        assert_eq!(call(&word, bits, 7, &raw const wrong as usize, null(), 1), Err(EINVAL));
        assert_eq!(call(&word, FUTEX_WAKE_BITSET, 1, 0, null(), 0), Err(EINVAL));
        assert_eq!(call(&word, 99, 1, 0, null(), 0), Err(libc::ENOSYS));
        assert_eq!(call(&word, FUTEX_CMP_REQUEUE, 1, 1, &word, 9), Err(EAGAIN));
        // The value comes before the time.
        let past = time(Duration::ZERO);
        assert_eq!(call(&word, bits, 8, &raw const past as usize, null(), 1), Err(EAGAIN));
        assert_eq!(call(&word, bits, 7, &raw const past as usize, null(), 1), Err(ETIMEDOUT));
    };
    check(); // in the kernel
    osier::run(check);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the kernel's time is meant")]
fn a_time_is_relative_absolute_or_of_the_calendar() {
    osier::run(|| {
        let word = AtomicU32::new(7);
        let limit = Duration::from_millis(4);
        let other = osier::spawn(|| osier::sleep(Duration::from_millis(1)));
        let began = Instant::now();
        let relative = time(limit);
        let at = &raw const relative as usize;
        let result = call(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 7, at, null(), 0);
        assert_eq!(result, Err(ETIMEDOUT));
        assert!(began.elapsed() >= limit && other.is_finished());
        for (which, flag) in
            [(libc::CLOCK_MONOTONIC, 0), (libc::CLOCK_REALTIME, FUTEX_CLOCK_REALTIME)]
        {
            let moment = clock(which) + limit;
            let absolute = time(moment);
            let at = &raw const absolute as usize;
            let operation = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | flag;
            assert_eq!(call(&word, operation, 7, at, null(), 1), Err(ETIMEDOUT));
            assert!(clock(which) >= moment);
        }
    });
}

#[test]
fn bits_choose_who_is_woken() {
    osier::run(|| {
        let word = Rc::new(AtomicU32::new(0));
        let woken = Rc::new(Cell::new(0));
        let tasks: Vec<_> = [1, 2, 4]
            .into_iter()
            .map(|bits| {
                let (word, woken) = (word.clone(), woken.clone());
                osier::spawn(move || {
                    let operation = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
                    assert_eq!(call(&*word, operation, 0, 0, null(), bits), Ok(0));
                    woken.set(woken.get() | bits);
                })
            })
            .collect();
        yield_now();
        let wake = |bits| call(&*word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 9, 0, null(), bits);
        assert_eq!(wake(8), Ok(0));
        assert_eq!(wake(2 | 8), Ok(1));
        yield_now();
        yield_now();
        assert_eq!(woken.get(), 2);
        assert_eq!(wake(u32::MAX), Ok(2));
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn who_would_be_moved_to_another_word_is_woken() {
    osier::run(|| {
        let word = Rc::new(AtomicU32::new(0));
        let other = AtomicU32::new(0);
        let waiters = |count: usize| -> Vec<_> {
            let waiter = |_| {
                let word = word.clone();
                osier::spawn(move || assert_eq!(wait(&word, 0), Ok(0)))
            };
            (0..count).map(waiter).collect()
        };
        let tasks = waiters(5);
        yield_now();
        let private = FUTEX_PRIVATE_FLAG;
        assert_eq!(call(&*word, FUTEX_REQUEUE | private, 1, 2, &other, 0), Ok(3));
        assert_eq!(call(&*word, FUTEX_CMP_REQUEUE | private, 1, 99, &other, 0), Ok(2));
        tasks.into_iter().for_each(|task| task.join().unwrap());
        let tasks = waiters(2);
        yield_now();
        // other += 1; two of this word, and any of the other if it held more than 5, which it did not.
        let change = 1 << 28 | 4 << 24 | 1 << 12 | 5;
        assert_eq!(call(&*word, FUTEX_WAKE_OP | private, 2, 1, &other, change), Ok(2));
        assert_eq!(other.load(Ordering::Relaxed), 1);
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

/// Ends a wait that nobody has noted: tries until somebody was woken.
fn wake_at_last(word: &AtomicU32) {
    while wake(word, 1) == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn threads_and_tasks_wait_for_the_same_word_and_none_is_passed_for_ever() {
    let word = Arc::new(AtomicU32::new(0));
    let done = Arc::new(AtomicU32::new(0));
    let thread = std::thread::spawn({
        let (word, done) = (word.clone(), done.clone());
        move || {
            assert_eq!(wait(&word, 0), Ok(0));
            done.store(1, Ordering::SeqCst);
        }
    });
    osier::run(move || {
        // So many tasks that there is always one that could be woken instead.
        let rounds = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (word, done, rounds) = (word.clone(), done.clone(), rounds.clone());
                osier::spawn(move || {
                    while done.load(Ordering::SeqCst) == 0 {
                        assert_eq!(wait(&word, 0), Ok(0));
                        rounds.set(rounds.get() + 1);
                    }
                })
            })
            .collect();
        yield_now();
        while done.load(Ordering::SeqCst) == 0 {
            wake(&word, 1);
            yield_now();
        }
        while tasks.iter().any(|task| !task.is_finished()) {
            wake(&word, 9);
            yield_now();
        }
    });
    thread.join().unwrap();
}

#[test]
fn a_plain_thread_wakes_a_task_that_sleeps_in_the_hub() {
    let word = Arc::new(AtomicU32::new(0));
    let waker = std::thread::spawn({
        let word = word.clone();
        move || (0..200).for_each(|_| wake_at_last(&word))
    });
    osier::run(|| (0..200).for_each(|_| assert_eq!(wait(&word, 0), Ok(0))));
    waker.join().unwrap();
}

#[test]
fn a_wake_of_another_wait_is_kept_while_a_task_waits_for_a_word() {
    osier::run(|| {
        let word = Rc::new(AtomicU32::new(0));
        let me = osier::Unparker::current();
        let other = osier::spawn({
            let (word, me) = (word.clone(), me.clone());
            move || {
                me.unpark();
                yield_now();
                yield_now();
                assert_eq!(wake(&word, 1), 1, "it still waits for the word");
            }
        });
        assert_eq!(wait(&word, 0), Ok(0));
        assert!(other.is_finished());
        let wake = osier::park(osier::Reason::new("waiting for myself"), None, || ());
        assert_eq!(wake, osier::Wake::Woken);
        // And a wait for a word leaves nothing behind for the next one.
        let limit = osier::clock::deadline(Duration::from_millis(1));
        let wake = osier::park(osier::Reason::new("waiting for nobody"), limit, || ());
        assert_eq!(wake, osier::Wake::TimedOut);
    });
}

#[test]
fn where_a_task_may_not_wait_the_thread_does() {
    let word = Arc::new(AtomicU32::new(0));
    let waker = |word: &Arc<AtomicU32>| {
        let word = word.clone();
        std::thread::spawn(move || wake_at_last(&word))
    };
    struct Waits(Arc<AtomicU32>);
    impl Drop for Waits {
        fn drop(&mut self) {
            assert_eq!(wait(&self.0, 0), Ok(0));
        }
    }
    osier::run(|| {
        let ran = Rc::new(Cell::new(false));
        let other = osier::spawn({
            let ran = ran.clone();
            move || ran.set(true)
        });
        let first = waker(&word);
        osier::no_switch(|| assert_eq!(wait(&word, 0), Ok(0)));
        assert!(!ran.get());
        first.join().unwrap();
        let second = waker(&word);
        let waits = Waits(word.clone());
        let unwound = osier::spawn(move || {
            let _waits = waits;
            panic!("on purpose");
        });
        assert!(unwound.join().is_err());
        second.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_wake_from_another_process_is_not_lost() {
    // SAFETY: a page of the kernel's choice, which is not unmapped.
    let page = unsafe {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        &*libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0).cast::<AtomicU32>()
    };
    osier::run(move || {
        let waits = osier::spawn(move || {
            while page.load(Ordering::SeqCst) == 0 {
                let result = call(page, FUTEX_WAIT, 0, 0, null(), 0);
                assert!(matches!(result, Ok(0) | Err(EAGAIN)), "{result:?}");
            }
        });
        yield_now();
        // SAFETY: the copy does nothing but store, call the kernel and end.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            page.store(1, Ordering::SeqCst);
            let _ = call(page, FUTEX_WAKE, 1, 0, null(), 0);
            // SAFETY: nothing of the parent's is touched.
            unsafe { libc::_exit(0) };
        }
        waits.join().unwrap();
        // SAFETY: it is the child that was just made.
        assert_eq!(unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) }, pid);
    });
}
