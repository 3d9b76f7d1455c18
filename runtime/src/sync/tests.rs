//! Tasks that wait, are served and are killed in any order, against what one would expect.
//!
//! What the state machines beside this cannot show: that nothing is lost between a kill and a hand-over in the
//! same turn.

use std::collections::VecDeque;
use std::rc::Rc;

use proptest::prelude::*;

use super::{Condition, Event, Mutex, Semaphore};
use crate::task::{Reason, Wake};
use crate::wait::{Lookout, Waitable};
use crate::{JoinHandle, idle, run, spawn, yield_now};

/// What the tasks of a case are asked to do.
#[derive(Clone, Debug)]
enum Step {
    /// A new task waits for so many.
    Wait(usize),
    /// So many are given.
    Give(usize),
    /// Of those who wait, by index.
    Kill(prop::sample::Index),
    /// Both in one turn.
    KillAndGive(prop::sample::Index, usize),
    GiveAndKill(usize, prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<prop::sample::Index>;
    let step = prop_oneof![
        6 => (1..4_usize).prop_map(Step::Wait),
        3 => (1..4_usize).prop_map(Step::Give),
        1 => index().prop_map(Step::Kill),
        2 => (index(), 1..4_usize).prop_map(|(i, n)| Step::KillAndGive(i, n)),
        2 => (1..4_usize, index()).prop_map(|(n, i)| Step::GiveAndKill(n, i)),
    ];
    prop::collection::vec(step, 50..100)
}

/// Kills and gifts of a step, in order; the task is one of those who wait.
fn acts(step: &Step, waiting: &[usize]) -> Vec<Act> {
    let kill = |i: &prop::sample::Index| (!waiting.is_empty()).then(|| Act::Kill(*i.get(waiting)));
    let acts = match step {
        Step::Wait(_) => [None, None],
        Step::Give(n) => [Some(Act::Give(*n)), None],
        Step::Kill(i) => [kill(i), None],
        Step::KillAndGive(i, n) => [kill(i), Some(Act::Give(*n))],
        Step::GiveAndKill(n, i) => [Some(Act::Give(*n)), kill(i)],
    };
    acts.into_iter().flatten().collect()
}

#[derive(Clone, Copy)]
enum Act {
    Kill(usize),
    Give(usize),
}

/// How each task ended so far: none: it waits; false: it was killed.
fn ends(tasks: &[JoinHandle<()>]) -> Vec<Option<bool>> {
    tasks.iter().map(|task| task.is_finished().then(|| task.value().is_some())).collect()
}

fn waiting(ends: &[Option<bool>]) -> Vec<usize> {
    (0..ends.len()).filter(|i| ends[*i].is_none()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_permit_is_lost_between_a_kill_and_a_release(steps in steps()) {
        run(|| {
            let semaphore = Rc::new(Semaphore::new(0));
            let mut tasks: Vec<JoinHandle<()>> = Vec::new();
            let mut expected: Vec<Option<bool>> = Vec::new();
            let (mut free, mut line) = (0, VecDeque::new());
            for step in steps {
                if let Step::Wait(n) = step {
                    let semaphore = semaphore.clone();
                    line.push_back((tasks.len(), n));
                    tasks.push(spawn(move || semaphore.acquire_many(n).unwrap().forget()));
                    expected.push(None);
                    idle();
                }
                let acts = acts(&step, &waiting(&expected));
                let mut killed = Vec::new();
                // As it would be if each were seen to in its turn: a gift before a kill is delivered is kept.
                let mut serve = |line: &mut VecDeque<(usize, usize)>, free: &mut usize| {
                    while let Some(&(task, n)) = line.front() && *free >= n {
                        *free -= n;
                        expected[task] = Some(true);
                        line.pop_front();
                    }
                };
                serve(&mut line, &mut free);
                for act in acts {
                    match act {
                        Act::Kill(task) => {
                            tasks[task].kill();
                            killed.push(task);
                        }
                        Act::Give(n) => {
                            semaphore.release(n);
                            free += n;
                            serve(&mut line, &mut free);
                        }
                    }
                }
                idle();
                line.retain(|(task, _)| !killed.contains(task));
                serve(&mut line, &mut free);
                for task in killed {
                    expected[task].get_or_insert(false);
                }
                assert_eq!(ends(&tasks), expected);
                assert_eq!(semaphore.available(), if line.is_empty() { free } else { 0 });
            }
            tasks.iter().for_each(JoinHandle::kill);
        });
    }

    #[test]
    fn no_notification_is_lost_between_a_kill_and_a_lock(
        steps in steps(), holds in any::<bool>(),
    ) {
        run(|| {
            let shared = Rc::new((Mutex::new(()), Condition::new()));
            let mut tasks: Vec<JoinHandle<()>> = Vec::new();
            let mut expected: Vec<Option<bool>> = Vec::new();
            for step in steps {
                if let Step::Wait(_) = step {
                    let shared = shared.clone();
                    tasks.push(spawn(move || {
                        let guard = shared.0.lock().unwrap();
                        drop(shared.1.wait(guard).unwrap());
                    }));
                    expected.push(None);
                    idle();
                }
                let mut line = waiting(&expected);
                let mut killed = Vec::new();
                let mut given = 0;
                // With the lock held, one that was killed cannot have it back, and passes its notification on.
                let guard = holds.then(|| shared.0.lock().unwrap());
                for act in acts(&step, &line.clone()) {
                    match act {
                        Act::Kill(task) => {
                            tasks[task].kill();
                            killed.push(task);
                        }
                        Act::Give(n) => {
                            given = n.min(line.len());
                            assert_eq!(shared.1.notify(n), given);
                        }
                    }
                }
                idle();
                drop(guard);
                idle();
                if holds {
                    line.retain(|task| !killed.contains(task));
                }
                line.iter().take(given).for_each(|task| expected[*task] = Some(true));
                for task in killed {
                    expected[task].get_or_insert(false);
                }
                assert_eq!(ends(&tasks), expected);
                assert!(!shared.0.is_locked());
            }
            tasks.iter().for_each(JoinHandle::kill);
        });
    }
}

const REASON: Reason = Reason::new("looking out");

#[test]
fn who_watches_a_semaphore_is_told_of_a_permit_lk_03() {
    run(|| {
        let semaphore = Semaphore::new(1);
        let lookout = Lookout::new();
        semaphore.watch(lookout.watcher(0)); // free already
        assert_eq!((lookout.wait(REASON, None), lookout.take()), (Wake::Woken, Some(0)));
        let permit = semaphore.try_acquire().unwrap();
        semaphore.watch(lookout.watcher(0));
        let soon = Some(crate::clock::now());
        assert_eq!((lookout.wait(REASON, soon), lookout.take()), (Wake::TimedOut, None));
        drop(permit);
        assert_eq!((lookout.wait(REASON, None), lookout.take()), (Wake::Woken, Some(0)));
        semaphore.unwatch(&lookout.watcher(0));
        assert!(format!("{semaphore:?}").contains("watchers: 0"));
    });
}

#[test]
fn one_that_is_told_and_ends_without_taking_leaves_it_to_the_others_lk_03() {
    run(|| {
        let semaphore = Rc::new(Semaphore::new(0));
        let watches = |takes: bool| {
            let semaphore = semaphore.clone();
            spawn(move || {
                struct Unwatch(Rc<Semaphore>, Lookout);
                impl Drop for Unwatch {
                    fn drop(&mut self) {
                        self.0.unwatch(&self.1.watcher(0));
                    }
                }
                let look = Unwatch(semaphore.clone(), Lookout::new());
                semaphore.watch(look.1.watcher(0));
                while look.1.take().is_none() {
                    crate::deliver(look.1.wait(REASON, None));
                }
                assert!(takes, "expected: it goes wrong in the one that was told");
                semaphore.try_acquire().unwrap().forget();
            })
        };
        let [fails, killed, takes, late] = [false, true, true, true].map(watches);
        yield_now();
        let plain = semaphore.clone();
        let plain = spawn(move || plain.acquire().unwrap().forget());
        yield_now();
        killed.kill();
        semaphore.release(1); // who stands in line comes first
        plain.join().unwrap();
        assert!(!fails.is_finished() && semaphore.available() == 0);
        semaphore.release(1);
        takes.join().unwrap();
        assert!(fails.join().unwrap_err().is_panic() && killed.join().unwrap_err().is_killed());
        assert!(!late.is_finished() && semaphore.available() == 0);
        semaphore.release(2);
        late.join().unwrap();
        assert_eq!(semaphore.available(), 1);
    });
}

#[test]
fn all_who_watch_an_event_are_told_though_it_is_cleared_at_once_ev_02() {
    run(|| {
        let event = Event::new();
        let lookouts = [0, 1].map(|_| Lookout::new());
        lookouts.iter().for_each(|lookout| event.watch(lookout.watcher(0)));
        assert!(format!("{event:?}").contains("watchers: 2"));
        event.set();
        event.clear();
        for lookout in &lookouts {
            assert_eq!((lookout.wait(REASON, None), lookout.take()), (Wake::Woken, Some(0)));
            event.unwatch(&lookout.watcher(0));
        }
        event.set();
        assert!(lookouts.iter().all(|lookout| lookout.take().is_none()));
        event.watch(lookouts[0].watcher(0));
        assert_eq!(lookouts[0].take(), Some(0));
    });
}
