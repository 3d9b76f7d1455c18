//! Groups and pools: members, places, joins, kills.

mod support;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use osier::{
    AsyncResult, Builder, Group, JoinHandle, Pool, PoolFull, join_all, join_rest, sleep, spawn,
    timeout, yield_now,
};
use support::{FOREVER, OnDrop, SHORT, logged, payload_of, swallow, wait_for_nobody};

#[test]
fn a_spawn_into_a_full_pool_waits_for_a_place_po_01() {
    osier::run(|| {
        let pool = Pool::new(2);
        let notes = Rc::new(RefCell::new(Vec::new()));
        assert_eq!((pool.size(), pool.free_count(), pool.is_full()), (Some(2), 2, false));
        let members = [0, 1].map(|_| pool.spawn(wait_for_nobody));
        assert_eq!((pool.free_count(), pool.len()), (0, 2));
        let spawners: Vec<_> = (0..4)
            .map(|i| {
                let (pool, notes) = (pool.clone(), notes.clone());
                spawn(move || {
                    pool.spawn(move || notes.borrow_mut().push(i)).join().unwrap();
                })
            })
            .collect();
        sleep(SHORT);
        assert!(spawners.iter().all(|task| !task.is_finished()) && notes.borrow().is_empty());
        assert!(format!("{pool:?}").contains("free: 0"), "{pool:?}");
        members[0].kill();
        join_all(spawners);
        assert_eq!(*notes.borrow(), [0, 1, 2, 3], "first come, first served");
        assert!(!members[1].is_finished(), "one place was enough");
        members[1].kill();
        assert!(pool.join());
        assert_eq!((pool.free_count(), pool.len()), (2, 0));
    });
}

#[test]
fn a_pool_of_none_has_no_place_and_one_without_size_always_has_po_01() {
    osier::run(|| {
        let none = Pool::new(0);
        assert!(none.is_full() && none.try_spawn(|| ()).is_err());
        assert!(none.spawn_timeout(SHORT, || ()).is_err());
        assert_eq!(none.wait_available_timeout(SHORT), 0);
        assert!(none.join(), "it has no member");
        let any = Pool::unlimited();
        assert_eq!((any.size(), any.free_count()), (None, usize::MAX));
        let tasks: Vec<_> = (0..100).map(|i| any.try_spawn(move || i).unwrap()).collect();
        assert_eq!((any.len(), any.free_count()), (100, usize::MAX));
        assert_eq!(join_all(tasks).into_iter().map(Result::unwrap).sum::<i32>(), 4950);
    });
}

#[test]
fn a_pool_of_none_is_a_deadlock_for_who_waits_po_01() {
    let payload = payload_of(|| osier::run(|| drop(Pool::new(0).spawn(|| ()))));
    let report = payload.downcast::<osier::Deadlock>().unwrap().to_string();
    assert!(report.contains("waiting for a place in a pool"), "{report}");
}

#[test]
fn a_full_pool_gives_back_what_it_has_no_place_for_po_02() {
    osier::run(|| {
        let pool = Pool::new(1);
        let nap = pool.spawn(|| sleep(FOREVER));
        let kept = String::from("tea");
        let PoolFull(f) = pool.try_spawn(move || kept).unwrap_err();
        let full = pool.spawn_timeout(SHORT, f).unwrap_err();
        assert_eq!(full.to_string(), "the pool is full");
        let soon = osier::clock::now() + SHORT;
        let PoolFull(f) = pool.spawn_deadline(soon, full.0).unwrap_err();
        assert_eq!(f(), "tea");
        let outsider = spawn(wait_for_nobody);
        let PoolFull(task) = pool.try_add(&outsider).unwrap_err();
        assert_eq!(task, outsider.task());
        assert!(timeout(SHORT, || pool.spawn(|| ())).is_err(), "an outer one is not swallowed");
        // A place comes within the limit.
        let killer = spawn(move || nap.kill());
        assert_eq!(pool.spawn_timeout(FOREVER, || 7).unwrap().join().unwrap(), 7);
        killer.join().unwrap();
        outsider.kill();
    });
}

#[test]
fn a_member_leaves_when_it_ends_or_is_discarded_po_02() {
    osier::run(|| {
        let pool = Pool::new(1);
        let first = pool.spawn(wait_for_nobody);
        assert!(pool.contains(&first) && pool.tasks() == [first.task()]);
        assert!(pool.discard(&first) && !pool.discard(&first));
        assert_eq!((pool.free_count(), pool.len()), (1, 0));
        let second = pool.try_spawn(yield_now).unwrap();
        assert_eq!(pool.free_count(), 0);
        second.wait();
        assert_eq!((pool.free_count(), pool.contains(&second)), (1, false));
        // One that was discarded frees nothing when it ends.
        first.kill();
        first.wait();
        assert_eq!(pool.free_count(), 1);
        // One that is added holds a place until it ends.
        let added = spawn(wait_for_nobody);
        pool.add(&added).unwrap();
        pool.add(&added).unwrap();
        assert_eq!((pool.free_count(), pool.len()), (0, 1));
        pool.try_add(&added).unwrap();
        added.kill();
        added.wait();
        assert_eq!((pool.free_count(), pool.len()), (1, 0));
        pool.add(&added).unwrap();
        assert_eq!(pool.free_count(), 1, "it has ended");
    });
}

#[test]
fn who_waits_to_add_gives_the_place_back_if_there_is_nobody_to_add_po_02() {
    osier::run(|| {
        let pool = Pool::new(1);
        let blocker = pool.spawn(wait_for_nobody);
        let added = Rc::new(spawn(wait_for_nobody));
        let (inner, adds) = (pool.clone(), added.clone());
        let adder = spawn(move || inner.add(&*adds).unwrap());
        yield_now();
        added.kill();
        added.wait();
        blocker.kill();
        adder.join().unwrap();
        assert_eq!((pool.free_count(), pool.len()), (1, 0));
    });
}

#[test]
fn a_spawner_that_is_killed_leaves_the_line_and_keeps_no_place_po_02() {
    osier::run(|| {
        let pool = Pool::new(1);
        let blocker = pool.spawn(wait_for_nobody);
        let ran = Rc::new(Cell::new(0));
        let spawners: Vec<_> = (0..3)
            .map(|_| {
                let (pool, ran) = (pool.clone(), ran.clone());
                spawn(move || drop(pool.spawn(move || ran.set(ran.get() + 1))))
            })
            .collect();
        yield_now();
        spawners[0].kill();
        yield_now();
        // The second has its place granted and is killed in the same turn: it spawns all the same.
        blocker.kill();
        blocker.wait();
        spawners[1].kill();
        join_rest(None);
        assert_eq!(ran.get(), 2);
        let ends: Vec<_> = join_all(spawners).into_iter().map(|end| end.is_ok()).collect();
        assert_eq!(ends, [false, true, true]);
        assert_eq!((pool.free_count(), pool.len()), (1, 0));
    });
}

#[test]
fn an_asynchronous_call_never_waits_po_04() {
    osier::run(|| {
        let pool = Pool::new(2);
        let (running, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let tasks: Vec<_> = (0..10)
            .map(|i| {
                let (running, most) = (running.clone(), most.clone());
                pool.apply_async(move || {
                    running.set(running.get() + 1);
                    most.set(most.get().max(running.get()));
                    yield_now();
                    running.set(running.get() - 1);
                    i
                })
            })
            .collect();
        assert_eq!((pool.len(), running.get()), (10, 0));
        let values: Vec<_> = join_all(tasks).into_iter().map(Result::unwrap).collect();
        assert!(values.into_iter().eq(0..10));
        assert_eq!((most.get(), pool.free_count()), (2, 2));
    });
}

#[test]
fn the_callback_is_called_on_success_and_the_other_on_failure_po_04() {
    osier::run(|| {
        let notes: Rc<RefCell<Vec<String>>> = Rc::default();
        let pool = Pool::new(1);
        let call = |f: fn() -> u32| {
            let (done, failed) = (notes.clone(), notes.clone());
            pool.apply_async_with(
                f,
                move |value| done.borrow_mut().push(format!("done {value}")),
                move |error| failed.borrow_mut().push(format!("failed: {error}")),
            )
        };
        let good = call(|| 7);
        let bad = call(|| panic!("no tea left"));
        let killed = call(|| unreachable!());
        killed.kill();
        pool.join();
        join_rest(None);
        assert_eq!(*notes.borrow(), ["done 7", "failed: the task panicked: no tea left"]);
        assert_eq!(good.join().unwrap(), 7);
        assert!(bad.join().unwrap_err().is_panic() && killed.join().unwrap_err().is_killed());
    });
}

#[test]
fn an_asynchronous_call_from_the_worker_of_a_full_pool_runs_later_po_04() {
    osier::run(|| {
        let pool = Pool::new(1);
        let inner = pool.clone();
        let result = AsyncResult::new();
        let set = result.clone();
        pool.spawn(move || {
            inner.apply_async(move || set.set(7));
            assert!(inner.is_full());
        });
        assert_eq!(result.get().unwrap(), 7);
        assert!(pool.join());
    });
}

#[test]
fn an_asynchronous_call_can_be_killed_or_discarded_while_it_waits_po_04() {
    osier::run(|| {
        let pool = Pool::new(1);
        let blocker = pool.spawn(wait_for_nobody);
        let killed = pool.apply_async(|| unreachable!("it was killed"));
        let discarded = pool.apply_async(|| 7);
        let last = pool.apply_async(|| 8);
        yield_now();
        assert!(pool.discard(&discarded));
        killed.kill();
        yield_now();
        assert_eq!((pool.len(), pool.free_count()), (2, 0));
        blocker.kill();
        assert_eq!(discarded.join().unwrap(), 7, "it goes on by itself");
        assert_eq!(last.join().unwrap(), 8);
        assert_eq!((pool.len(), pool.free_count()), (0, 1));
        assert!(killed.join().unwrap_err().is_killed());
    });
}

#[test]
fn a_call_in_a_pool_gives_its_result_or_its_error_po_04() {
    osier::run(|| {
        let pool = Pool::new(1);
        assert_eq!(pool.apply(|| 7).unwrap(), 7);
        assert_eq!(pool.apply(|| panic!("spilt")).unwrap_err().message(), Some("spilt"));
        assert_eq!(Group::new().apply(|| 8).unwrap(), 8);
    });
}

#[test]
fn a_join_waits_for_all_members_po_08() {
    osier::run(|| {
        let group = Group::new();
        assert!(group.join() && group.join_timeout(Duration::ZERO), "there is none");
        assert!(group.join_ok().unwrap());
        let members = [0, 1].map(|_| group.spawn(wait_for_nobody));
        assert!(!group.join_timeout(SHORT) && !group.join_deadline(osier::clock::now()));
        members[0].kill();
        assert!(!group.join_timeout(SHORT));
        assert_eq!((members[0].is_finished(), group.len()), (true, 1));
        assert!(timeout(SHORT, || group.join()).is_err(), "an outer one is not swallowed");
        let last = spawn(move || {
            sleep(SHORT);
            members[1].kill();
        });
        assert!(group.join_timeout(FOREVER) && group.is_empty());
        last.join().unwrap();
    });
}

#[test]
fn a_join_that_raises_gives_the_first_error_po_08() {
    let lines = logged(|| {
        osier::run(|| {
            let group = Group::new();
            let gates: [AsyncResult<()>; 4] = std::array::from_fn(|_| AsyncResult::new());
            for (n, gate) in gates.iter().cloned().enumerate() {
                group.spawn(move || {
                    gate.get().unwrap();
                    assert!(n.is_multiple_of(2), "{n} is odd");
                });
            }
            let joins = group.clone();
            let other = spawn(move || joins.join_ok().unwrap_err());
            yield_now();
            [2, 3].iter().for_each(|at: &usize| gates[*at].set(()));
            let error = group.join_ok().unwrap_err();
            assert_eq!(error.message(), Some("3 is odd"));
            assert!(other.join().unwrap().is_same(&error), "all who wait are told");
            assert_eq!(group.len(), 2);
            assert!(!group.join_ok_timeout(Duration::ZERO).unwrap());
            group.tasks()[0].kill();
            gates[1].set(());
            assert_eq!(group.join_ok().unwrap_err().message(), Some("1 is odd"));
            let killed = group.spawn(wait_for_nobody);
            killed.kill();
            assert!(group.join_ok().unwrap(), "to be killed is not to fail");
        });
    });
    assert_eq!(lines, [] as [&str; 0], "they were looked at");
}

#[test]
fn each_member_is_killed_once_and_the_limit_holds_po_08() {
    osier::run(|| {
        let (group, kills) = (Group::new(), Rc::new(Cell::new(0)));
        let counts = kills.clone();
        let refuses = group.spawn(move || {
            while counts.get() < 2 {
                assert!(catch_unwind(AssertUnwindSafe(wait_for_nobody)).is_err());
                counts.set(counts.get() + 1);
            }
        });
        let meek = group.spawn(wait_for_nobody);
        let fresh = group.spawn(|| unreachable!("it was killed before"));
        yield_now();
        assert!(!group.kill_timeout(SHORT));
        assert_eq!((kills.get(), group.len()), (1, 1));
        assert!(meek.is_finished() && fresh.is_finished());
        refuses.kill();
        assert!(group.join());
        assert_eq!(kills.get(), 2);
        assert!(group.kill_timeout(Duration::ZERO), "there is none");
    });
}

#[test]
fn who_comes_while_all_are_killed_is_killed_as_well_po_08() {
    osier::run(|| {
        let pool = Pool::new(1);
        let (inner, ran) = (pool.clone(), Rc::new(Cell::new(false)));
        let flag = ran.clone();
        pool.spawn(move || {
            let _last = OnDrop::new(move || {
                inner.apply_async(move || flag.set(true));
            });
            wait_for_nobody();
        });
        let (waits, late) = (pool.clone(), ran.clone());
        let spawner = spawn(move || waits.spawn(move || late.set(true)).join());
        yield_now();
        assert!(pool.kill_timeout(FOREVER));
        assert!(spawner.join().unwrap().unwrap_err().is_killed());
        assert!(!ran.get() && pool.free_count() == 1);
        assert_eq!(pool.apply(|| 7).unwrap(), 7, "and it is over");
    });
}

#[test]
fn a_member_that_kills_its_group_is_the_last_po_08() {
    osier::run(|| {
        let group = Group::new();
        let other = group.spawn(wait_for_nobody);
        let inner = group.clone();
        let killer = group.spawn(move || inner.kill());
        assert!(group.join());
        assert!(killer.join().unwrap_err().is_killed() && other.join().unwrap_err().is_killed());
    });
}

#[test]
fn members_that_all_spawn_into_their_full_pool_are_a_deadlock_po_10() {
    let payload = payload_of(|| {
        osier::run(|| {
            let pool = Pool::new(3);
            for _ in 0..3 {
                let inner = pool.clone();
                pool.spawn(move || inner.spawn(|| ()).join());
            }
            pool.join();
        });
    });
    let report = payload.downcast::<osier::Deadlock>().unwrap().to_string();
    assert_eq!(report.matches("waiting for a place in a pool").count(), 3, "{report}");
}

#[test]
fn a_task_can_be_in_several_groups() {
    osier::run(|| {
        let (a, b) = (Group::new(), Group::new());
        let task = a.spawn_with(Builder::new().name("shared"), yield_now).unwrap();
        b.add(&task);
        b.add(&task);
        assert_eq!((a.len(), b.len()), (1, 1));
        assert_eq!(a.tasks()[0].name().as_deref(), Some("shared"));
        assert!(b.join() && a.is_empty());
        a.add(&task);
        assert!(a.is_empty(), "it has ended");
        a.add(osier::current());
        assert!(a.discard(osier::current()));
    });
}

#[test]
fn a_member_can_have_a_name_and_a_stack_and_none_leaves_the_place_free() {
    osier::run(|| {
        let pool = Pool::new(1);
        let named = pool.spawn_with(Builder::new().name("brewer"), || osier::current().name());
        assert!(pool.is_full());
        assert_eq!(named.unwrap().join().unwrap().as_deref(), Some("brewer"));
        let too_much = Builder::new().stack_size(usize::MAX / 2);
        assert!(pool.spawn_with(too_much, || ()).is_err());
        assert_eq!((pool.len(), pool.free_count()), (0, 1));
    });
}

#[test]
fn waiting_for_a_place_takes_none() {
    osier::run(|| {
        let pool = Pool::new(1);
        assert_eq!(pool.wait_available(), 1);
        let nap = pool.spawn(|| sleep(SHORT));
        assert_eq!(pool.wait_available_timeout(Duration::ZERO), 0);
        assert_eq!(pool.wait_available(), 1);
        assert!(nap.is_finished());
    });
}

#[test]
fn who_may_not_wait_has_a_task_that_never_runs() {
    osier::run(|| {
        let pool = Pool::new(1);
        let blocker = pool.spawn(wait_for_nobody);
        let (inner, handle) = (pool.clone(), Rc::new(Cell::new(None::<JoinHandle<()>>)));
        let keep = handle.clone();
        assert!(swallow(move || {
            let _farewell = OnDrop::new(move || {
                assert!(!inner.join() && inner.spawn_timeout(FOREVER, || ()).is_err());
                keep.set(Some(inner.spawn(|| unreachable!("there was no place"))));
            });
            panic!("unwinding");
        }));
        assert!(handle.take().unwrap().join().unwrap_err().is_killed());
        assert_eq!((pool.len(), pool.free_count()), (1, 0));
        blocker.kill();
        assert!(pool.join());
    });
}

/// So many tasks through a pool of so many places; nothing is left of them.
fn many(test: &str, tasks: usize, places: usize) {
    let child = support::in_child(test, || one_after_another(tasks, places));
    assert!(child.status.success(), "{child:?}");
}

fn one_after_another(tasks: usize, places: usize) {
    let hub = osier::Hub::new().unwrap();
    let fds = support::open_fds();
    let mut rss = Vec::new();
    for _ in 0..2 {
        hub.run(|| {
            let (pool, ended) = (Pool::new(places), Rc::new(Cell::new(0)));
            for i in 0..tasks {
                let ended = ended.clone();
                pool.spawn(move || {
                    let _end = OnDrop::new(move || ended.set(ended.get() + 1));
                    (0..i % 3).for_each(|_| yield_now());
                });
            }
            assert!(pool.join());
            assert_eq!((ended.get(), pool.free_count()), (tasks, places));
            assert_eq!(
                (osier::active_count(), osier::stats().ready, osier::stats().timers),
                (1, 0, 0)
            );
        });
        rss.push(support::rss_kib());
    }
    assert_eq!(support::open_fds(), fds);
    assert!(rss[1] < rss[0] + 16 * 1024, "{rss:?}");
}

#[test]
fn many_tasks_through_a_pool_leave_nothing() {
    many("many_tasks_through_a_pool_leave_nothing", 100_000, 1_000);
}

#[test]
#[ignore = "a million, for .ci/long"]
fn a_million_tasks_through_a_pool_leave_nothing() {
    many("a_million_tasks_through_a_pool_leave_nothing", 1_000_000, 10_000);
}
