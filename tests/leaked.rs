//! Tasks that were leaked at the end of a run while they stood in a line: nothing is handed to them in the next.

mod support;

use osier::queue::{Channel, JoinableQueue, Queue};
use osier::select::{get, select_timeout, try_select};
use osier::sync::{Condition, Event, Mutex, OnceCell, RwLock, Semaphore};
use osier::{iwait, spawn, yield_now};
use support::{SHORT, logged, swallow};

/// For all runs of a test.
fn kept<T>(thing: T) -> &'static T {
    Box::leak(Box::new(thing))
}

/// Spawns a task that does this again and again, whoever kills it.
fn stubborn<T>(f: impl Fn() -> T + 'static) {
    spawn(move || {
        loop {
            swallow(|| drop(f()));
        }
    });
}

/// A run that leaves stubborn tasks behind.
fn leave<T>(f: impl FnOnce() -> T) -> T {
    let mut result = None;
    logged(|| {
        let failed = swallow(|| {
            osier::run(|| {
                result = Some(f());
                yield_now(); // they stand in line now
                panic!("expected");
            })
        });
        assert!(failed);
    });
    result.unwrap()
}

#[test]
fn locks_and_permits_pass_by_who_was_leaked() {
    let (mutex, lock, places) =
        (kept(Mutex::new(0)), kept(RwLock::new(0)), kept(Semaphore::new(1)));
    let (many, cell, event) =
        (kept(Semaphore::new(1)), kept(OnceCell::<u32>::new()), kept(Event::new()));
    let condition = kept(Condition::new());
    let held = leave(|| {
        stubborn(|| mutex.lock().map(drop).is_ok());
        stubborn(|| lock.write().map(drop).is_ok());
        stubborn(|| places.acquire().map(drop).is_ok());
        stubborn(|| many.acquire_many(5).map(drop).is_ok());
        stubborn(|| event.wait());
        stubborn(|| condition.wait(kept(Mutex::new(())).lock().unwrap()).is_ok());
        stubborn(|| cell.wait());
        (mutex.lock().unwrap(), lock.write().unwrap(), places.acquire().unwrap())
    });
    osier::run(|| {
        let waiter = spawn(|| *mutex.lock().unwrap() + *lock.read().unwrap());
        let guest = spawn(|| places.acquire().map(drop).is_ok());
        yield_now();
        drop(held);
        assert_eq!((waiter.join().unwrap(), guest.join().unwrap()), (0, true));
        assert_eq!((places.available(), many.available()), (1, 1));
        assert!(mutex.try_lock().is_ok() && lock.try_write().is_ok());
        assert!(many.try_acquire().is_ok(), "who wanted more than there are is gone");
        event.set();
        assert!(!condition.notify_one(), "there is nobody");
        assert_eq!(cell.get_or_init(|| 7), &7);
    });
}

#[test]
fn items_and_room_pass_by_who_was_leaked() {
    let (empty, full) = (kept(Queue::<u32>::unbounded()), kept(Queue::<u32>::bounded(1)));
    let (meeting, giving) = (kept(Channel::<u32>::new()), kept(Channel::<u32>::new()));
    let done = kept(JoinableQueue::<u32>::unbounded());
    leave(|| {
        full.put(1).unwrap();
        done.put(1).unwrap();
        stubborn(|| empty.get());
        stubborn(|| osier::select! { item = get(empty) => item });
        stubborn(|| full.put(2));
        stubborn(|| meeting.get());
        stubborn(|| giving.put(3));
        stubborn(|| done.join());
    });
    osier::run(|| {
        empty.try_put(7).unwrap();
        assert_eq!((empty.try_get(), empty.len()), (Ok(7), 0));
        assert_eq!((full.try_get(), full.len()), (Ok(1), 0));
        full.try_put(4).unwrap();
        assert!(meeting.try_put(5).is_err(), "nobody takes it");
        assert!(giving.try_get().is_err(), "nobody gives");
        assert_eq!(try_select(&mut [osier::select::put(meeting, 6)]), None);
        assert_eq!(select_timeout(&mut [get(giving)], SHORT), None);
        let taker = spawn(|| meeting.get());
        yield_now();
        meeting.put(8).unwrap();
        assert_eq!(taker.join().unwrap(), Ok(8));
        done.get().unwrap();
        done.task_done();
        done.join();
    });
}

#[test]
fn watchers_that_were_leaked_are_not_told() {
    let places = kept(Semaphore::new(0));
    leave(|| stubborn(move || iwait([places]).count()));
    osier::run(|| {
        let waiter = spawn(move || iwait([places]).count());
        yield_now();
        places.release(1);
        assert_eq!(waiter.join().unwrap(), 1);
    });
}
