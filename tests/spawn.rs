//! Spawning: when tasks run, in which order, and what they are called.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use osier::{Builder, spawn, yield_now};
use support::{FOREVER, OnDrop, text_of};

type Steps = Rc<RefCell<Vec<&'static str>>>;

fn step(steps: &Steps, step: &'static str) {
    steps.borrow_mut().push(step);
}

#[test]
fn tasks_start_in_the_order_they_were_spawned_and_take_turns_gl_03() {
    let steps = Steps::default();
    osier::run(|| {
        for (one, two, three) in [("1A", "1B", "1C"), ("2A", "2B", "2C"), ("3A", "3B", "3C")] {
            let steps = steps.clone();
            spawn(move || {
                step(&steps, one);
                yield_now();
                step(&steps, two);
                osier::sleep(std::time::Duration::ZERO);
                step(&steps, three);
            });
        }
        step(&steps, "main");
    });
    let expected = ["main", "1A", "2A", "3A", "1B", "2B", "3B", "1C", "2C", "3C"];
    assert_eq!(*steps.borrow(), expected);
}

#[test]
fn a_thousand_tasks_keep_their_order_over_many_rounds_gl_03() {
    const TASKS: usize = 1000;
    let turns = Rc::new(RefCell::new(Vec::new()));
    osier::run(|| {
        for task in 0..TASKS {
            let turns = turns.clone();
            spawn(move || {
                for _ in 0..5 {
                    turns.borrow_mut().push(task);
                    yield_now();
                }
            });
        }
    });
    for round in turns.borrow().chunks(TASKS) {
        assert!(round.iter().copied().eq(0..TASKS));
    }
}

#[test]
fn a_task_runs_although_its_spawner_has_ended_gl_02() {
    let ran = Rc::new(Cell::new(0));
    osier::run(|| {
        let ran = ran.clone();
        let parent = spawn(move || {
            spawn(move || {
                yield_now();
                ran.set(ran.get() + 1);
            });
        });
        parent.join().unwrap();
        assert!(parent_has_left_its_child());
    });
    assert_eq!(ran.get(), 1, "once, and not again");

    fn parent_has_left_its_child() -> bool {
        osier::stats().tasks == 2
    }
}

#[test]
fn a_task_does_not_run_before_its_spawner_waits() {
    osier::run(|| {
        let ran = Rc::new(Cell::new(false));
        let seen = ran.clone();
        let task = spawn(move || seen.set(true));
        assert!(!ran.get() && !task.is_finished());
        yield_now();
        assert!(ran.get() && task.is_finished());
    });
}

#[test]
fn what_needs_a_run_says_so_outside_of_one() {
    for text in [
        text_of(|| spawn(|| ())),
        text_of(|| Builder::new().spawn(|| ())),
        text_of(osier::current),
        text_of(osier::handle),
        text_of(osier::dump),
        text_of(|| osier::timeout(FOREVER, || ())),
        text_of(|| osier::scope(|s| s.spawn(|| ()).id())),
        text_of(osier::Unparker::current),
    ] {
        assert!(text.contains("outside of osier::run: wrap the program's body"), "{text}");
    }
}

#[test]
fn names_ids_and_states_are_shown() {
    osier::run(|| {
        let named = Builder::new().name("kettle").spawn(|| osier::sleep(FOREVER)).unwrap();
        let plain = spawn(yield_now);
        let (new, id) = (format!("{named:?}"), named.id());
        assert!(new.contains("kettle") && new.contains("New"), "{new}");
        assert!(new.contains(&format!("{id:?}")), "{new}");
        assert_eq!(plain.name(), None);
        yield_now();
        assert!(format!("{named:?}").contains("Parked"), "{named:?}");
        assert!(format!("{plain:?}").contains("Ready"), "{plain:?}");
        plain.set_name("second");
        assert_eq!(plain.name().as_deref(), Some("second"));
        assert_eq!(plain.task().name().as_deref(), Some("second"));
        assert!(format!("{:?}", plain.task()).contains("second"));
        assert!(format!("{:?}", osier::current()).contains("main"));
        assert!(format!("{:?}", osier::current()).contains("Running"));
        assert!(plain.join().is_ok());
        named.kill();
        named.wait();
        assert!(format!("{named:?}").contains("Done"), "{named:?}");
    });
}

#[test]
fn a_task_knows_itself_and_ids_are_never_given_twice() {
    osier::run(|| {
        let mut ids: Vec<_> = (0..100)
            .map(|_| {
                let task = spawn(|| osier::current().id());
                let id = task.id();
                assert_eq!(task.join().unwrap(), id);
                id.get()
            })
            .collect();
        ids.push(osier::current().id().get());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 101);
    });
}

#[test]
fn a_dump_tells_of_every_task() {
    osier::run(|| {
        let sleeper = Builder::new().name("sleeper").spawn(|| osier::sleep(FOREVER)).unwrap();
        let waiter = Builder::new().daemon(true).spawn({
            let task = sleeper.task();
            move || {
                while !task.is_finished() {
                    support::wait_for_nobody()
                }
            }
        });
        spawn(|| ());
        osier::yield_now();
        let new = spawn(|| ());
        let dump = osier::dump().to_string();
        let lines: Vec<&str> = dump.lines().collect();
        assert_eq!(lines.len(), 4, "{dump}");
        assert!(lines[0].contains("'main': running"), "{dump}");
        assert!(lines[1].contains("'sleeper': parked for") && lines[1].contains("sleeping"));
        assert!(lines[2].contains("(daemon)") && lines[2].contains("waiting for nobody"), "{dump}");
        assert!(lines[3].contains("not started"), "{dump}");
        assert!(lines.iter().all(|line| line.contains("spawned at tests/spawn.rs:")), "{dump}");
        sleeper.kill();
        drop((new, waiter));
    });
}

#[test]
fn a_task_is_a_daemon_if_its_spawner_is_unless_it_is_told() {
    osier::run(|| {
        assert!(!osier::current().is_daemon());
        assert!(!spawn(|| osier::current().is_daemon()).join().unwrap());
        let daemon = || Builder::new().daemon(true);
        let child = || spawn(|| osier::current().is_daemon()).join().unwrap();
        assert!(daemon().spawn(child).unwrap().join().unwrap());
        let told = || Builder::new().daemon(false).spawn(|| osier::current().is_daemon());
        assert!(!daemon().spawn(move || told().unwrap().join().unwrap()).unwrap().join().unwrap());
    });
}

#[test]
fn a_handle_dropped_early_lets_the_task_go_on() {
    let ended = Rc::new(Cell::new(0));
    osier::run(|| {
        for _ in 0..100 {
            let ended = ended.clone();
            let task = spawn(move || {
                let _count = OnDrop::new(|| ended.set(ended.get() + 1));
                yield_now();
            });
            drop(task);
        }
    });
    assert_eq!(ended.get(), 100);
}
