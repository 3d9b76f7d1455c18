//! std's locks, each waited for by tasks: of one thread, and of several.
use osier_monkey as _;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use std::time::{Duration, Instant};

use osier::yield_now;

/// Spawns so many tasks and waits for all.
fn crowd(count: usize, body: impl Fn(usize) + 'static) {
    let body = Rc::new(body);
    let tasks: Vec<_> = (0..count)
        .map(|number| {
            let body = body.clone();
            osier::spawn(move || body(number))
        })
        .collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
}

#[test]
fn a_task_that_holds_a_mutex_and_switches_does_not_stop_the_thread() {
    osier::run(|| {
        let mutex = Rc::new(Mutex::new(Vec::new()));
        crowd(50, {
            let mutex = mutex.clone();
            move |number| {
                let mut guard = mutex.lock().unwrap();
                for _ in 0..3 {
                    yield_now();
                }
                osier::sleep(Duration::from_micros(100));
                guard.push(number);
            }
        });
        // First come, first woken.
        assert_eq!(*mutex.lock().unwrap(), (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn readers_and_a_writer_take_turns() {
    osier::run(|| {
        let lock = Rc::new(RwLock::new(0_u32));
        let readers = Rc::new(Cell::new(0_u32));
        let most = Rc::new(Cell::new(0_u32));
        crowd(40, {
            let (lock, readers, most) = (lock.clone(), readers.clone(), most.clone());
            move |number| {
                if number % 4 == 0 {
                    let mut value = lock.write().unwrap();
                    assert_eq!(readers.get(), 0);
                    let before = *value;
                    osier::sleep(Duration::from_micros(200));
                    *value = before + 1;
                } else {
                    let _value = lock.read().unwrap();
                    readers.set(readers.get() + 1);
                    most.set(most.get().max(readers.get()));
                    osier::sleep(Duration::from_micros(200));
                    readers.set(readers.get() - 1);
                }
            }
        });
        assert_eq!(*lock.read().unwrap(), 10);
        assert!(most.get() > 1);
    });
}

#[test]
fn a_condvar_hands_over_between_tasks() {
    osier::run(|| {
        let pair = Rc::new((Mutex::new(0_u32), Condvar::new()));
        let seen = Rc::new(RefCell::new(Vec::new()));
        let waiters: Vec<_> = (1..=10)
            .map(|turn| {
                let (pair, seen) = (pair.clone(), seen.clone());
                osier::spawn(move || {
                    let guard = pair.0.lock().unwrap();
                    drop(pair.1.wait_while(guard, |now| *now < turn).unwrap());
                    seen.borrow_mut().push(turn);
                })
            })
            .collect();
        yield_now();
        for turn in 1..=10 {
            *pair.0.lock().unwrap() = turn;
            pair.1.notify_all();
            osier::sleep(Duration::from_micros(200));
        }
        waiters.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(*seen.borrow(), (1..=10).collect::<Vec<_>>());
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time that std tells is meant")]
fn a_condvar_s_time_is_never_early_and_hardly_late() {
    osier::run(|| {
        let pair = Rc::new((Mutex::new(()), Condvar::new()));
        crowd(20, move |number| {
            let limit = Duration::from_millis(3 + number as u64 % 5);
            let began = Instant::now();
            let guard = pair.0.lock().unwrap();
            let (_guard, result) = pair.1.wait_timeout(guard, limit).unwrap();
            assert!(result.timed_out());
            assert!(began.elapsed() >= limit, "{:?} of {limit:?}", began.elapsed());
            assert!(began.elapsed() < limit + Duration::from_millis(500));
        });
    });
}

#[test]
fn a_barrier_lets_all_go_at_once() {
    osier::run(|| {
        let barrier = Rc::new(Barrier::new(30));
        let leaders = Rc::new(Cell::new(0));
        crowd(90, {
            let leaders = leaders.clone();
            move |_| {
                if barrier.wait().is_leader() {
                    leaders.set(leaders.get() + 1);
                }
            }
        });
        assert_eq!(leaders.get(), 3);
    });
}

#[test]
fn what_is_made_once_is_waited_for() {
    static ONCE: Once = Once::new();
    static LOCK: OnceLock<u32> = OnceLock::new();
    static LAZY: LazyLock<u32> = LazyLock::new(|| {
        osier::sleep(Duration::from_millis(1));
        9
    });
    static CALLS: AtomicU32 = AtomicU32::new(0);
    osier::run(|| {
        crowd(20, |_| {
            ONCE.call_once(|| {
                osier::sleep(Duration::from_millis(1));
                CALLS.fetch_add(1, Ordering::Relaxed);
            });
            let made = LOCK.get_or_init(|| {
                osier::sleep(Duration::from_millis(1));
                7
            });
            assert_eq!((*made, *LAZY, CALLS.load(Ordering::Relaxed)), (7, 9, 1));
        });
    });
}

#[test]
fn a_plain_thread_wakes_a_task_and_a_task_a_plain_thread() {
    let pair = Arc::new((Mutex::new(0_u32), Condvar::new()));
    let plain = std::thread::spawn({
        let pair = pair.clone();
        move || {
            for turn in (1..100).step_by(2) {
                let guard = pair.0.lock().unwrap();
                let mut guard = pair.1.wait_while(guard, |now| *now != turn).unwrap();
                *guard = turn + 1;
                pair.1.notify_all();
            }
        }
    });
    osier::run(move || {
        let other = osier::spawn(|| (0..200).for_each(|_| yield_now()));
        for turn in (0..100).step_by(2) {
            let guard = pair.0.lock().unwrap();
            let mut guard = pair.1.wait_while(guard, |now| *now != turn).unwrap();
            *guard = turn + 1;
            pair.1.notify_all();
        }
        other.join().unwrap();
    });
    plain.join().unwrap();
}

#[test]
fn tasks_of_several_threads_share_a_mutex() {
    let total = Arc::new(Mutex::new(0_u32));
    let busy = Arc::new(AtomicBool::new(false));
    let body = |total: Arc<Mutex<u32>>, busy: Arc<AtomicBool>, green: bool| {
        for _ in 0..50 {
            let mut guard = total.lock().unwrap();
            assert!(!busy.swap(true, Ordering::Relaxed));
            if green {
                yield_now();
            }
            *guard += 1;
            assert!(busy.swap(false, Ordering::Relaxed));
        }
    };
    let hubs: Vec<_> = (0..2)
        .map(|_| {
            let (total, busy) = (total.clone(), busy.clone());
            std::thread::spawn(move || {
                osier::run(move || crowd(10, move |_| body(total.clone(), busy.clone(), true)));
            })
        })
        .collect();
    let (mine, flag) = (total.clone(), busy);
    let plain = std::thread::spawn(move || body(mine, flag, false));
    hubs.into_iter().for_each(|hub| hub.join().unwrap());
    plain.join().unwrap();
    assert_eq!(*total.lock().unwrap(), 2 * 10 * 50 + 50);
}
