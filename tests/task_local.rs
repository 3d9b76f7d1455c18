//! Task-locals, and the hook for errors that nobody looks at.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Mutex;

use osier::{
    Builder, join_all, set_error_hook, sleep, spawn, take_error_hook, task_local, yield_now,
};
use support::{OnDrop, SHORT, logged, text_of, wait_for_nobody};

task_local! {
    static NUMBER: Cell<u32> = Cell::new(1);
    static WORDS: RefCell<Vec<&'static str>> = RefCell::new(vec!["fresh"]);
}

#[test]
fn each_task_has_its_own_value_and_makes_it_anew_lo_01() {
    thread_local!(static MADE: Cell<u32> = const { Cell::new(0) });
    task_local!(static OWN: u32 = { MADE.set(MADE.get() + 1); MADE.get() });
    osier::run(|| {
        assert_eq!(MADE.get(), 0, "not before it is asked for");
        assert_eq!((OWN.with(|n| *n), OWN.with(|n| *n)), (1, 1));
        let others = (0..3).map(|_| {
            spawn(|| {
                let first = OWN.with(|n| *n);
                yield_now();
                (first, OWN.with(|n| *n))
            })
        });
        let got: Vec<_> = join_all(others).into_iter().map(Result::unwrap).collect();
        assert_eq!(got, [(2, 2), (3, 3), (4, 4)]);
        assert_eq!(OWN.with(|n| *n), 1);
    });
}

#[test]
fn values_are_set_and_taken_as_thread_locals_are_lo_01() {
    osier::run(|| {
        NUMBER.set(7);
        assert_eq!((NUMBER.get(), NUMBER.replace(8), NUMBER.take(), NUMBER.get()), (7, 7, 8, 0));
        WORDS.with_borrow_mut(|words| words.push("pushed"));
        assert_eq!(WORDS.with_borrow(Vec::len), 2);
        assert_eq!(WORDS.replace(vec!["new"]), ["fresh", "pushed"]);
        WORDS.set(vec![]);
        assert!(WORDS.take().is_empty());
    });
    assert!(NUMBER.try_with(|_| ()).is_err());
    assert!(text_of(|| NUMBER.get()).contains("outside of a task"));
}

#[test]
fn a_task_inherits_nothing_and_tasks_do_not_mix_cx_01() {
    osier::run(|| {
        NUMBER.set(100);
        let workers = (0..10).map(|i| {
            spawn(move || {
                assert_eq!(NUMBER.get(), 1, "not the spawner's");
                NUMBER.set(i);
                sleep(SHORT);
                assert_eq!(spawn(|| NUMBER.get()).join().unwrap(), 1);
                NUMBER.get() == i
            })
        });
        assert!(join_all(workers).into_iter().all(|same| same.unwrap()));
        assert_eq!(NUMBER.get(), 100);
    });
}

thread_local!(static ENDS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

/// Notes its end, with who runs then; may wait.
struct Noted(&'static str);

impl Drop for Noted {
    fn drop(&mut self) {
        yield_now();
        let who = osier::current().name().unwrap_or_default();
        ENDS.with_borrow_mut(|ends| ends.push(format!("{} in {who}", self.0)));
    }
}

task_local! {
    static FIRST: Noted = Noted("first");
    static SECOND: Noted = Noted("second");
    static BAD: OnDrop<fn()> = OnDrop::new(|| panic!("it would not go"));
    static AGAIN: OnDrop<fn()> = OnDrop::new(|| FIRST.with(|_| ()));
    static FOR_EVER: OnDrop<fn()> = OnDrop::new(|| FOR_EVER.with(|_| ()));
}

#[test]
fn values_go_when_their_task_ends_on_its_own_stack_th_07() {
    osier::run(|| {
        let named = |name: &str, f: fn()| Builder::new().name(name).spawn(f).unwrap();
        let ends = || ENDS.take();
        let task = named("a", || {
            FIRST.with(|_| ());
            SECOND.with(|_| ());
        });
        task.join().unwrap();
        assert_eq!(ends(), ["second in a", "first in a"]);
        let killed = named("b", || FIRST.with(|_| wait_for_nobody()));
        yield_now();
        killed.kill();
        killed.wait();
        assert_eq!(ends(), ["first in b"]);
        let panics = named("c", || FIRST.with(|_| panic!("spilt")));
        assert!(panics.join().unwrap_err().is_panic());
        assert_eq!(ends(), ["first in c"]);
        // One that is made while another goes.
        named("d", || AGAIN.with(|_| ())).join().unwrap();
        assert_eq!(ends(), ["first in d"]);
        // One that is made anew for ever is given up, and ends nothing.
        named("e", || FOR_EVER.with(|_| ())).join().unwrap();
        let never_ran = named("f", || FIRST.with(|_| ()));
        never_ran.kill();
        never_ran.wait();
        assert_eq!(ends(), [] as [&str; 0]);
    });
}

#[test]
fn a_value_that_panics_when_it_goes_harms_nobody_th_07() {
    let lines = logged(|| {
        osier::run(|| {
            let task = spawn(|| {
                FIRST.with(|_| ());
                BAD.with(|_| ());
                7
            });
            assert_eq!(task.join().unwrap(), 7);
        });
    });
    assert_eq!(ENDS.take().len(), 1, "the other one went");
    assert!(lines.len() == 1 && lines[0].contains("it would not go"), "{lines:?}");
}

#[test]
fn the_main_tasks_values_go_with_it_and_one_may_refer_to_itself_th_07() {
    type Cycle = RefCell<Option<Rc<OnDrop<fn()>>>>;
    thread_local!(static GONE: Cell<u32> = const { Cell::new(0) });
    task_local!(static CYCLE: Cycle = RefCell::new(None));
    let hub = osier::Hub::new().unwrap();
    for run in 1..=2 {
        hub.run(|| {
            assert!(CYCLE.with_borrow(Option::is_none), "not an earlier main task's");
            CYCLE.set(Some(Rc::new(OnDrop::new(|| GONE.set(GONE.get() + 1)))));
        });
        assert_eq!(GONE.get(), run);
    }
}

#[test]
fn a_value_whose_making_asks_for_itself_is_one_value() {
    task_local!(static DEEP: u32 = DEPTH.with(|depth| {
        depth.set(depth.get() + 1);
        if depth.get() < 3 { DEEP.with(|n| *n) + 10 } else { 1 }
    }));
    task_local!(static DEPTH: Cell<u32> = Cell::new(0));
    osier::run(|| {
        assert_eq!(DEEP.with(|n| *n), 1, "the first that was made stays");
        assert_eq!(DEEP.with(|n| *n), 1);
    });
}

#[test]
fn in_a_raw_link_there_is_no_value() {
    osier::run(|| {
        let task = spawn(|| NUMBER.set(7));
        let seen = Rc::new(Cell::new(false));
        let flag = seen.clone();
        task.rawlink(move |_| flag.set(NUMBER.try_with(|_| ()).is_err()));
        task.wait();
        assert!(seen.get());
    });
}

/// The hook is the process's.
static HOOK: Mutex<()> = Mutex::new(());

#[test]
fn an_error_that_nobody_looks_at_is_told_to_the_hook_once_th_02() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let _guard = HOOK.lock().unwrap();
    set_error_hook(|lost| {
        assert!(lost.site().file().ends_with("task_local.rs"));
        let text = format!("{:?} {:?}", lost.name(), lost.error().message());
        assert!(lost.to_string().contains(&lost.id().to_string()));
        TOLD.lock().unwrap().push(text);
    });
    let lines = logged(|| {
        osier::run(|| {
            let plan = || Builder::new().name("brewer");
            drop(plan().spawn(|| panic!("while nobody holds it")).unwrap());
            let held = plan().spawn(|| panic!("while it is held")).unwrap();
            let looked_at = spawn(|| panic!("and joined"));
            let killed = spawn(wait_for_nobody);
            killed.kill();
            drop(spawn(|| osier::current().kill()));
            assert!(looked_at.join().is_err());
            killed.wait();
            drop((held, killed));
        });
    });
    take_error_hook();
    let told = TOLD.lock().unwrap();
    let name = r#"Some("brewer")"#;
    let expected = ["while nobody holds it", "while it is held"];
    assert!(told.iter().eq(&expected.map(|text| format!("{name} Some({text:?})"))), "{told:?}");
    assert_eq!(lines, [] as [&str; 0], "the log has it not as well");
}

#[test]
fn a_hook_that_fails_is_reported_with_what_it_was_told_th_02() {
    let _guard = HOOK.lock().unwrap();
    set_error_hook(|_| panic!("the hook is broken"));
    let lines = logged(|| {
        osier::run(|| {
            drop(spawn(|| panic!("no tea left")));
            yield_now();
        });
    });
    take_error_hook();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the hook is broken") && lines[0].contains("nobody joined it"));
}

#[test]
fn without_a_hook_it_is_logged_once_c_28() {
    let _guard = HOOK.lock().unwrap();
    assert!(take_error_hook().is_none());
    let lines = logged(|| {
        osier::run(|| {
            drop(spawn(|| panic!("no tea left")));
            let joined = spawn(|| panic!("no milk left"));
            assert!(joined.join().is_err());
            let seen = spawn(|| panic!("no sugar left"));
            seen.wait();
            assert!(seen.task().error().unwrap().is_panic());
        });
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
}
