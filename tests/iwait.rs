//! Waiting for several things at once: `iwait`, `wait`, and joins of many.

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use osier::queue::Queue;
use osier::sync::{Event, Semaphore};
use osier::{
    AsyncResult, JoinAll, JoinHandle, Pool, Waitable, iwait, join_all_ok, join_any, join_rest,
    kill_all, sleep, spawn, timeout, wait, wait_timeout, yield_now,
};
use support::{FOREVER, OnDrop, SHORT, payload_of, swallow, wait_for_nobody};

/// Tasks that wait for their gates, then give their number, which must not be odd.
fn gated<const N: usize>() -> ([AsyncResult<()>; N], Vec<JoinHandle<usize>>) {
    let gates = std::array::from_fn(|_| AsyncResult::new());
    let tasks = gates.iter().cloned().enumerate().map(|(n, gate): (usize, AsyncResult<()>)| {
        spawn(move || {
            gate.get().unwrap();
            assert!(n.is_multiple_of(2), "{n} is odd");
            n
        })
    });
    let tasks = tasks.collect();
    yield_now();
    (gates, tasks)
}

/// Opens gates in that order, when the caller waits.
fn open_later<const N: usize>(gates: &[AsyncResult<()>; N], order: &[usize]) {
    let order: Vec<_> = order.iter().map(|at| gates[*at].clone()).collect();
    spawn(move || {
        for gate in order {
            gate.set(());
            (0..3).for_each(|_| yield_now());
        }
    });
}

fn places<W: ?Sized>(ready: Vec<(usize, &W)>) -> Vec<usize> {
    ready.into_iter().map(|(at, _)| at).collect()
}

#[test]
fn things_come_in_the_order_in_which_they_become_ready_gl_23() {
    osier::run(|| {
        let (gates, tasks) = gated::<3>();
        open_later(&gates, &[1, 2, 0]);
        assert_eq!(places(wait(&tasks)), [1, 2, 0]);
        assert_eq!(places(wait(&tasks)), [0, 1, 2], "all are ready now");
        assert!(wait::<JoinHandle<()>>([]).is_empty());
        let values: Vec<_> = iwait(&tasks).map(|(_, task)| task.value().copied()).collect();
        assert_eq!(values, [Some(0), None, Some(2)]);
        // All in one turn, too.
        let (gates, tasks) = gated::<3>();
        [2, 0, 1].iter().for_each(|at: &usize| gates[*at].set(()));
        assert_eq!(places(wait(&tasks)), [2, 0, 1]);
    });
}

#[test]
fn a_wait_ends_with_its_time_or_its_count_gl_23() {
    osier::run(|| {
        let (gates, tasks) = gated::<3>();
        assert!(wait_timeout(&tasks, Duration::ZERO).is_empty());
        assert!(wait_timeout(&tasks, SHORT).is_empty());
        open_later(&gates, &[1, 2]);
        assert_eq!(places(iwait(&tasks).take(1).collect()), [1]);
        assert_eq!(places(wait([&tasks[1], &tasks[2]])), [0, 1]);
        assert_eq!(places(wait_timeout(&tasks, SHORT)), [1, 2]);
        let soon = osier::clock::now() + SHORT;
        assert_eq!(iwait(&tasks[..1]).deadline(soon).count(), 0);
        assert!(
            timeout(SHORT, || wait(&tasks[..1]).len()).is_err(),
            "an outer one is not swallowed"
        );
        kill_all(&tasks);
    });
}

#[test]
fn things_of_all_kinds_are_waited_for_together_gl_23() {
    osier::run(|| {
        let (gates, tasks) = gated::<3>();
        let pool = Pool::new(1);
        let gate = gates[2].clone();
        pool.spawn(move || gate.get());
        let as_such = tasks[0].task();
        open_later(&gates, &[0, 1, 2]);
        let things: [&dyn Waitable; 4] = [&pool, &as_such, &gates[1], &tasks[1]];
        let order = places(wait(things));
        assert_eq!(order, [1, 2, 3, 0]);
        assert_eq!(pool.free_count(), 1, "it was not taken");
    });
}

#[test]
fn all_that_can_become_ready_is_waited_for_in_one_go_gl_23() {
    osier::run(|| {
        let (event, permits) = (Rc::new(Event::new()), Rc::new(Semaphore::new(0)));
        let (result, queue) = (AsyncResult::new(), Queue::bounded(1));
        let task = spawn({
            let (event, permits) = (event.clone(), permits.clone());
            let (result, queue) = (result.clone(), queue.clone());
            move || {
                queue.put('x').unwrap();
                yield_now();
                result.set(7);
                permits.release(2);
                yield_now();
                event.set();
            }
        });
        let all: [&dyn Waitable; 5] = [&*event, &*permits, &result, &queue, &task];
        assert_eq!(places(wait(all)), [3, 2, 1, 0, 4]);
        assert_eq!((permits.available(), queue.try_get()), (2, Ok('x')), "none was taken");
        // What is left has its turn, when it is there; a count and a limit hold for all kinds.
        let all: [&dyn Waitable; 3] = [&queue, &*permits, &*event];
        assert_eq!(iwait(all).take(1).map(|(at, _)| at).collect::<Vec<_>>(), [1]);
        event.clear();
        assert_eq!(places(wait_timeout(all, SHORT)), [1]);
    });
}

#[test]
fn the_main_task_waits_for_all_others_gl_23() {
    osier::run(|| {
        let (_, tasks) = gated::<1>();
        assert!(!join_rest(SHORT));
        tasks[0].kill();
        assert!(join_rest(None));
    });
}

#[test]
fn one_thing_twice_comes_twice_gl_23() {
    osier::run(|| {
        let (gates, tasks) = gated::<1>();
        open_later(&gates, &[0]);
        let twice = [&tasks[0], &tasks[0]];
        assert_eq!(places(wait(twice)), [0, 1]);
    });
}

#[test]
fn who_leaves_a_wait_is_not_told_any_more() {
    osier::run(|| {
        let (_, tasks) = gated::<2>();
        // Killed while it waits, timed out, taken less than all: nothing may wake the later sleeps early.
        let result = AsyncResult::new();
        for _ in 0..3 {
            let things: [&dyn Waitable; 2] = [&result, &tasks[1]];
            assert_eq!(iwait(things).timeout(Duration::from_micros(100)).count(), 0);
        }
        assert!(format!("{result:?}").contains("watchers: 0"), "{result:?}");
        let waits = result.clone();
        let killed = spawn(move || wait([&waits]).len());
        yield_now();
        assert!(format!("{result:?}").contains("watchers: 1"), "{result:?}");
        killed.kill();
        yield_now();
        assert!(format!("{result:?}").contains("watchers: 0"), "{result:?}");
        let began = osier::clock::now();
        result.set(1);
        sleep(SHORT);
        assert!(began.elapsed() >= SHORT);
        kill_all(&tasks);
    });
}

#[test]
fn one_place_of_a_pool_is_offered_to_one_watcher_after_the_other() {
    osier::run(|| {
        let pool = Pool::new(1);
        let blocker = pool.spawn(|| sleep(SHORT));
        let never = AsyncResult::<()>::new();
        let told = Rc::new(Cell::new(0));
        let watchers: Vec<_> = (0..3)
            .map(|_| {
                let (pool, never, told) = (pool.clone(), never.clone(), told.clone());
                spawn(move || {
                    let things: [&dyn Waitable; 2] = [&never, &pool];
                    assert_eq!(iwait(things).next().unwrap().0, 1);
                    told.set(told.get() + 1);
                })
            })
            .collect();
        blocker.wait();
        assert_eq!(wait_timeout(&watchers, FOREVER).len(), 3, "none took it, so all were told");
        assert_eq!(told.get(), 3);
    });
}

#[test]
fn who_looks_too_late_is_told_again() {
    osier::run(|| {
        let pool = Pool::new(1);
        let first = pool.spawn(wait_for_nobody);
        let inner = pool.clone();
        let watcher = spawn(move || {
            iwait([&inner]).for_each(drop);
            assert_eq!(inner.free_count(), 1);
        });
        yield_now();
        // A place is free, the watcher is told, and before its turn the place is gone.
        first.rawlink({
            let pool = pool.clone();
            move |_| drop(pool.try_spawn(|| sleep(SHORT)).unwrap())
        });
        let began = osier::clock::now();
        first.kill();
        watcher.join().unwrap();
        assert!(began.elapsed() >= SHORT);
    });
}

#[test]
fn waiting_for_what_never_comes_is_a_deadlock() {
    let payload = payload_of(|| {
        osier::run(|| {
            let never = AsyncResult::<()>::new();
            wait([&never]);
        });
    });
    let report = payload.downcast::<osier::Deadlock>().unwrap().to_string();
    assert!(report.contains("waiting for one of several things"), "{report}");
}

#[test]
fn nobody_waits_while_unwinding_or_outside_of_a_task() {
    let task = osier::run(|| {
        let task = Rc::new(spawn(|| sleep(SHORT)));
        let (inner, seen) = (task.clone(), Rc::new(Cell::new(None)));
        let note = seen.clone();
        assert!(swallow(move || {
            let _farewell = OnDrop::new(move || note.set(Some(wait([&*inner]).len())));
            panic!("unwinding");
        }));
        assert_eq!(seen.get(), Some(0));
        task
    });
    assert_eq!(wait([&*task]).len(), 1, "it has ended");
    assert_eq!(wait([&AsyncResult::<()>::new()]).len(), 0);
}

#[test]
fn a_join_of_many_gives_those_that_ended_gl_22() {
    osier::run(|| {
        let (gates, tasks) = gated::<5>();
        let ids = |ended: Vec<&JoinHandle<usize>>| ended.iter().map(|t| t.id()).collect::<Vec<_>>();
        assert!(JoinAll::new(&[] as &[JoinHandle<u64>]).join().is_empty());
        open_later(&gates, &[4, 2]);
        assert_eq!(ids(JoinAll::new(&tasks).count(1).join()), [tasks[4].id()]);
        assert_eq!(ids(JoinAll::new(&tasks).count(0).join()), []);
        let twice = [&tasks[2], &tasks[4], &tasks[2]];
        let ended = ids(JoinAll::new(twice).timeout(FOREVER).join());
        assert_eq!(ended.len(), 3, "one that is there twice comes twice");
        assert_eq!(ids(JoinAll::new(&tasks).timeout(SHORT).join()), [tasks[2].id(), tasks[4].id()]);
        let soon = osier::clock::now() + SHORT;
        assert_eq!(JoinAll::new(&tasks[..1]).deadline(soon).join().len(), 0);
        kill_all(&tasks);
    });
}

#[test]
fn a_join_that_raises_raises_the_earliest_error_gl_22() {
    osier::run(|| {
        let (gates, tasks) = gated::<6>();
        open_later(&gates, &[2, 3, 1]);
        let error = JoinAll::new(&tasks).join_ok().unwrap_err();
        assert_eq!(error.message(), Some("3 is odd"));
        assert!(!tasks[0].is_finished(), "the others go on");
        // Counted alone is what has ended until then.
        open_later(&gates, &[4, 5]);
        assert_eq!(JoinAll::new(&tasks[4..]).count(1).join_ok().unwrap()[0].id(), tasks[4].id());
        assert!(JoinAll::new(&tasks[5..]).count(1).join_ok().is_err());
        // Without raising, one that failed counts as one that ended.
        assert_eq!(JoinAll::new(tasks.iter().rev()).count(1).join()[0].id(), tasks[5].id());
        kill_all(&tasks);
        let (gates, tasks) = gated::<4>();
        open_later(&gates, &[3, 1]);
        assert_eq!(join_all_ok(tasks).unwrap_err().message(), Some("3 is odd"));
        gates.iter().for_each(|gate| gate.set(()));
        let (gates, mut tasks) = gated::<3>();
        tasks.remove(1).kill();
        open_later(&gates, &[2, 0]);
        assert_eq!(join_all_ok(tasks).unwrap(), [0, 2]);
    });
}

#[test]
fn the_first_of_several_comes_with_the_others_gl_22() {
    osier::run(|| {
        let (gates, mut rest) = gated::<3>();
        open_later(&gates, &[2]);
        assert_eq!((join_any(&mut rest).unwrap().unwrap(), rest.len()), (2, 2));
        assert!(join_any::<()>(&mut Vec::new()).is_none());
        rest[1].kill();
        assert_eq!(JoinAll::new(&rest).count(1).join()[0].id(), rest[1].id());
        rest[0].kill();
    });
}

#[test]
fn a_task_is_watched_by_many() {
    osier::run(|| {
        let task = Rc::new(spawn(|| sleep(SHORT)));
        let watchers = (0..100).map(|i| {
            let task = task.clone();
            spawn(move || {
                let limit = if i % 3 == 0 { Duration::from_micros(50) } else { FOREVER };
                iwait([&*task]).timeout(limit).count()
            })
        });
        let told: usize = osier::join_all(watchers).into_iter().map(Result::unwrap).sum();
        assert_eq!(told, 66);
    });
}
