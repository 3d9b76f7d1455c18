//! Greenlets over their lives: stacks, drops, context, and what is told of them.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;
use std::thread;

use osier::greenlet::{self, Builder, Error, Event, Greenlet, GreenletId, Switched};

mod support;
use support::{OnDrop, endless, in_child, payload_of, rss_kib, text_of, up};

#[test]
fn dropping_the_last_handle_unwinds_it_at_once_g_11() {
    let alive = Rc::new(Cell::new(0));
    let one = endless(&alive);
    one.switch(1);
    let another = one.clone();
    assert_eq!(alive.get(), 1);
    drop(one);
    assert_eq!(alive.get(), 1, "there is another handle");
    drop(another);
    assert_eq!(alive.get(), 0, "its destructors have run when drop returns");
}

#[test]
fn one_may_unwind_who_has_its_last_handle() {
    let alive = Rc::new(Cell::new(0));
    let holder = Rc::new(RefCell::new(None::<Greenlet<u32>>));
    let (count, theirs) = (alive.clone(), holder.clone());
    let one = Greenlet::new(move |_: u32| {
        count.set(1);
        let _count = OnDrop::new(|| count.set(2));
        let holder = theirs.borrow().clone().unwrap();
        let _ = holder.kill(); // whose frames drop the handle of this one, which is suspended here
        unreachable!("it was dropped");
    });
    let holds = Greenlet::new(move |n: u32| one.switch(n));
    *holder.borrow_mut() = Some(holds.clone());
    assert_eq!(holds.checked_switch(1).unwrap_err().error(), &Error::Ended(holds.id()));
    assert_eq!(alive.get(), 2);
    holder.take();
}

#[test]
fn one_may_go_on_when_it_is_dropped_and_be_switched_to_again_g_14() {
    let kept = Rc::new(RefCell::new(None::<Greenlet<&'static str>>));
    let parents = Rc::new(RefCell::new(Vec::new()));
    let (keep, seen) = (kept.clone(), parents.clone());
    let one = Greenlet::new(move |_| {
        let caught = catch_unwind(AssertUnwindSafe(|| up().switch("first")));
        assert!(caught.is_err());
        *keep.borrow_mut() = Some(greenlet::current());
        seen.borrow_mut().push(up::<&str>().id());
        let third = up().switch("lost: nobody waits for it in a drop");
        seen.borrow_mut().push(up::<&str>().id());
        third
    });
    let dropper = Greenlet::new(move |_| {
        one.switch("begin");
        drop(one);
        "dropped"
    });
    assert_eq!(dropper.switch(""), "first", "its parent is the one that made it");
    assert_eq!(dropper.switch(""), "dropped");
    let again = kept.take().unwrap();
    assert!(again.is_active(), "it has caught its end");
    assert_eq!(again.switch("third"), "third");
    assert!(again.is_dead());
    let main = greenlet::current::<()>().id();
    assert_eq!(*parents.borrow(), [dropper.id(), main], "who drops it is its parent meanwhile");
}

#[test]
fn a_value_for_one_that_survived_its_drop_is_not_lost_g_15() {
    let kept = Rc::new(RefCell::new(None::<Greenlet<u32>>));
    let keep = kept.clone();
    let one = Greenlet::new(move |n: u32| {
        if catch_unwind(AssertUnwindSafe(|| up().switch(n))).is_err() {
            *keep.borrow_mut() = Some(greenlet::current());
        }
        up().switch(0) + 1
    });
    one.switch(1);
    drop(one);
    let again = kept.take().unwrap();
    assert_eq!(again.switch(41), 42);
}

#[test]
fn one_that_never_ends_is_given_up_and_said_so() {
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    let stubborn = Builder::new().name("stubborn").greenlet(move |n: u32| {
        loop {
            if catch_unwind(AssertUnwindSafe(|| up().switch(n))).is_err() {
                count.set(count.get() + 1);
            }
        }
    });
    stubborn.switch(1);
    let log = support::logged(|| drop(stubborn));
    assert_eq!(asked.get(), 5);
    let log = log.concat();
    assert!(log.contains("'stubborn' does not end when it is dropped"), "{log}");
}

#[test]
fn the_frames_of_a_suspended_one_can_be_seen_g_16() {
    #[inline(never)]
    fn innermost_frame_of_ours(main: &Greenlet<u32>) -> u32 {
        main.switch(1) + 1
    }
    #[inline(never)]
    fn a_frame_of_the_resumer(one: &Greenlet<u32>) -> String {
        one.backtrace().expect("it is suspended").to_string()
    }
    let one = Greenlet::new(|_| innermost_frame_of_ours(&up()));
    assert!(one.backtrace().is_none(), "it has not begun");
    one.switch(0);
    for _ in 0..2 {
        let text = a_frame_of_the_resumer(&one);
        assert!(text.contains("innermost_frame_of_ours"), "{text}");
        if option_env!("OSIER_SWITCH") != Some("portable") {
            assert!(!text.contains("a_frame_of_the_resumer"), "it ends at its entry: {text}");
        }
    }
    assert_eq!(one.switch(5), 6);
    assert!(one.backtrace().is_none(), "it is dead");
}

#[test]
fn nothing_of_an_unwinding_is_seen_in_another_greenlet_g_19() {
    // Where the handler of an error runs, in Rust, the unwinding is over, and where it is not, nobody is
    // switched to.
    let looks = || Greenlet::new(|()| assert!(!thread::panicking()));
    let caught = catch_unwind(|| panic_any(1)).unwrap_err();
    looks().switch(());
    assert!(caught.is::<i32>());
    let within = looks();
    let refused = Rc::new(RefCell::new(None));
    let tell = refused.clone();
    let unwinding = AssertUnwindSafe(move || {
        let _guard = OnDrop::new(|| {
            assert!(thread::panicking());
            *tell.borrow_mut() = Some(within.checked_switch(()).unwrap_err().error().clone());
            assert!(!within.is_dead() && !within.is_active());
        });
        panic_any(2);
    });
    assert!(catch_unwind(unwinding).is_err());
    assert_eq!(refused.take(), Some(Error::Unwinding));
    assert!(!thread::panicking());
}

#[test]
fn one_that_is_switched_to_while_it_begins_runs_once_g_25() {
    let times = Rc::new(Cell::new(0));
    let count = times.clone();
    let one = Greenlet::new(move |n: u32| {
        count.set(count.get() + 1);
        n
    });
    let (again, back) = (one.clone(), greenlet::current::<u32>());
    let once = Cell::new(false);
    greenlet::set_trace(Some(Rc::new(move |event: Event| {
        if event.target == again.id() && !once.replace(true) {
            assert_eq!(again.switch(5), 5, "it is the one that runs");
            assert_eq!(back.switch(6), 9, "left in the middle of its beginning");
        }
    })));
    assert_eq!(one.switch(1), 6);
    assert_eq!(times.get(), 0);
    assert_eq!(one.switch(9), 1);
    greenlet::set_trace(None);
    assert_eq!(times.get(), 1);
}

#[test]
fn a_tracer_sees_every_switch_in_the_target_g_32() {
    let events: Rc<RefCell<Vec<(Switched, GreenletId, GreenletId)>>> = Rc::default();
    let seen = events.clone();
    let tracer: Rc<dyn Fn(Event)> = Rc::new(move |event: Event| {
        assert_eq!(greenlet::current::<u32>().id(), event.target, "told in the target");
        seen.borrow_mut().push((event.how, event.origin, event.target));
    });
    let main = greenlet::current::<u32>().id();
    let one = Greenlet::new(|n: u32| up().switch(n));
    let two = Greenlet::new(|_: u32| panic_any(3_u8));
    assert!(greenlet::set_trace(Some(tracer.clone())).is_none());
    assert!(Rc::ptr_eq(&greenlet::trace().unwrap(), &tracer));
    one.switch(1);
    payload_of(|| two.switch(1));
    payload_of(|| one.throw(4_u8));
    assert!(greenlet::set_trace(None).is_some() && greenlet::trace().is_none());
    Greenlet::new(|n: u32| n).switch(1);
    use Switched::{Switch, Throw};
    let expected = [
        (Switch, main, one.id()),
        (Switch, one.id(), main),
        (Switch, main, two.id()),
        (Throw, two.id(), main),
        (Throw, main, one.id()),
        (Throw, one.id(), main),
    ];
    assert_eq!(*events.borrow(), expected);
}

#[test]
fn a_tracer_that_panics_is_removed() {
    greenlet::set_trace(Some(Rc::new(|_| panic_any("tracer"))));
    let one = Greenlet::new(|n: u32| n);
    assert!(payload_of(|| one.switch(1)).is::<&str>(), "it began with that, and ended by it");
    assert!(one.is_dead() && greenlet::trace().is_none());
    assert_eq!(Greenlet::new(|n: u32| n).switch(1), 1);
}

#[test]
fn a_new_one_has_no_context_and_two_can_share_one_g_35() {
    let one = Greenlet::new(|()| {
        assert!(greenlet::current::<()>().context().is_none());
        greenlet::current::<()>().set_context(Some(Rc::new(Cell::new(1))));
        up().switch(());
        assert!(greenlet::current::<()>().set_context(None).is_some(), "while it runs");
    });
    one.switch(());
    let shared = one.context().unwrap();
    let two = Greenlet::new(|()| ());
    assert!(two.context().is_none(), "nothing is inherited");
    two.set_context(Some(shared.clone()));
    shared.downcast_ref::<Cell<i32>>().unwrap().set(2);
    let seen = two.context().unwrap().downcast::<Cell<i32>>().unwrap();
    assert_eq!(seen.get(), 2, "the same one is shared");
    let three = Greenlet::new(|()| ());
    three.set_context(Some(Rc::new((*seen).clone())));
    seen.set(3);
    let copy = three.context().unwrap().downcast::<Cell<i32>>().unwrap();
    assert_eq!(copy.get(), 2, "a copy is not");
    one.switch(());
    assert!(one.context().is_none());
}

#[test]
fn the_context_of_a_suspended_one_can_be_changed_and_has_a_type_g_36() {
    let one = Greenlet::new(|()| up().switch(()));
    one.switch(());
    one.set_context(Some(Rc::new(5_u32)));
    let context = one.context().unwrap();
    assert!(context.clone().downcast::<String>().is_err());
    assert_eq!(*context.downcast::<u32>().unwrap(), 5);
}

#[test]
fn nothing_is_left_of_what_was_passed_g_38() {
    let token = Rc::new(());
    let echo = Greenlet::new(|mut it: Rc<()>| {
        loop {
            it = up().switch(it);
        }
    });
    for _ in 0..100 {
        drop(echo.switch(token.clone()));
    }
    drop(echo);
    for _ in 0..1000 {
        let held = token.clone();
        let raiser = Greenlet::new(move |_: Rc<()>| -> Rc<()> {
            let _held = held;
            resume_unwind(Box::new("no hook"))
        });
        payload_of(|| raiser.switch(token.clone()));
    }
    for _ in 0..10 {
        let held = token.clone();
        drop(Greenlet::new(move |_: Rc<()>| held));
    }
    assert_eq!(Rc::strong_count(&token), 1);
}

#[test]
fn memory_stays_what_it_is_with_many_made_and_dropped_g_39() {
    let round = || {
        let suspended = || {
            let one = Greenlet::new(|n: u32| up().switch(n));
            one.switch(1);
            one
        };
        let all: Vec<_> = (0..2000).map(|_| suspended()).collect();
        drop(all);
    };
    // In a process of its own: other tests take memory as well.
    let child = in_child("memory_stays_what_it_is_with_many_made_and_dropped_g_39", || {
        (0..3).for_each(|_| round());
        let before = rss_kib();
        (0..7).for_each(|_| round());
        let after = rss_kib();
        assert!(after < before + 2048, "{before} KiB, then {after} KiB");
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn a_stack_is_held_from_the_beginning_to_the_end_g_41() {
    let one = Greenlet::new(|n: u32| up().switch(n));
    assert_eq!(one.stack_high_water(), 0);
    one.switch(1);
    assert!(one.stack_high_water() > 0);
    one.switch(1);
    assert_eq!(one.stack_high_water(), 0);
}

#[test]
fn one_that_gets_no_stack_is_as_it_was_g_43() {
    let token = Rc::new(5);
    let huge = Builder::new().stack_size(1 << 60).greenlet(|n: Rc<u32>| n);
    let error = huge.checked_switch(token.clone()).unwrap_err();
    assert!(matches!(error.error(), Error::NoStack(why) if why.contains("stack")), "{error}");
    assert_eq!(error.into_value().as_deref(), Some(&5), "the value comes back");
    assert!(!huge.is_dead() && !huge.is_active());
    assert!(text_of(|| huge.switch(token.clone())).contains("no stack of"));
    let me = greenlet::current();
    assert_eq!(me.switch(9), 9, "into the running one: the value is what comes back");
}

#[test]
fn destructors_of_a_deep_structure_may_switch_g_45() {
    struct Deep(u32, Rc<Cell<u32>>, #[expect(dead_code)] Option<Box<Deep>>);
    impl Drop for Deep {
        fn drop(&mut self) {
            let got = up::<u32>().switch(self.0);
            self.1.set(self.1.get() + got);
        }
    }
    let sum = Rc::new(Cell::new(0));
    let count = sum.clone();
    let one = Greenlet::new(move |_: u32| {
        let chain = (0..200).fold(None, |tail, n| Some(Box::new(Deep(n, count.clone(), tail))));
        drop(chain);
        1000
    });
    let mut got = one.switch(0);
    while !one.is_dead() {
        got = one.switch(1);
    }
    assert_eq!((got, sum.get()), (1000, 200));
}

#[test]
fn locks_and_borrows_are_held_across_a_switch_g_46() {
    let lock = Rc::new(std::sync::Mutex::new(0));
    let cell = Rc::new(RefCell::new(0));
    let (theirs, their_cell) = (lock.clone(), cell.clone());
    let one = Greenlet::new(move |()| {
        let mut number = theirs.lock().unwrap();
        let mut other = their_cell.borrow_mut();
        up().switch(());
        (*number, *other) = (1, 1);
    });
    one.switch(());
    assert!(lock.try_lock().is_err() && cell.try_borrow().is_err());
    one.switch(());
    assert_eq!((*lock.lock().unwrap(), *cell.borrow()), (1, 1));
}

#[test]
fn user_types_wrap_them_and_keep_data_with_them_g_48() {
    struct Machine {
        body: Greenlet<u32>,
        name: &'static str,
    }
    impl Machine {
        fn new(name: &'static str, step: impl Fn(u32) -> u32 + 'static) -> Machine {
            let body = Builder::new().name(name).greenlet(move |mut n| {
                loop {
                    n = up().switch(step(n));
                }
            });
            body.set_context(Some(Rc::new(RefCell::new(vec![name]))));
            Machine { body, name }
        }
    }
    let double = Machine::new("double", |n| n * 2);
    let add = Machine::new("add", |n| n + 1);
    assert_eq!(add.body.switch(double.body.switch(20)), 41);
    let data = double.body.context().unwrap().downcast::<RefCell<Vec<&str>>>().unwrap();
    assert_eq!((data.borrow()[0], double.body.name()), (double.name, Some("double")));
    assert_eq!(add.name, "add");
}

#[test]
fn a_chain_of_parents_may_be_longer_than_a_stack_is_deep() {
    let youngest = Greenlet::new(|()| ());
    let mut eldest = youngest.clone();
    for _ in 0..100_000 {
        let elder = Greenlet::new(|()| ());
        eldest.set_parent(&elder).unwrap();
        eldest = elder;
    }
    drop(eldest);
    drop(youngest);
}

#[test]
fn nesting_may_be_as_deep_as_there_are_stacks() {
    fn nest(n: u32) -> u32 {
        if n == 0 { 0 } else { Greenlet::new(|n| nest(n) + 1).switch(n - 1) }
    }
    assert_eq!(nest(5000), 5000);
}

#[test]
fn debug_says_where_it_stands() {
    let one = Builder::new().name("one").greenlet(|()| up().switch(()));
    let state = |one: &Greenlet<()>| {
        let text = format!("{one:?}");
        ["pending", "suspended", "current", "dead"].into_iter().find(|s| text.contains(s)).unwrap()
    };
    assert_eq!(state(&one), "pending");
    one.switch(());
    assert_eq!(state(&one), "suspended");
    one.switch(());
    assert_eq!(state(&one), "dead");
    assert_eq!(state(&greenlet::current()), "current");
}

#[test]
fn large_closures_and_values_are_passed() {
    let big = [7_u8; 20_000];
    let one = Builder::new().stack_size(4 << 20).greenlet(move |mut value: [u8; 10_000]| {
        value[0] += big[9];
        let mut value = up().switch(value);
        value[1] = 9;
        value
    });
    let value = one.switch([1; 10_000]);
    assert_eq!(value[0], 8);
    assert_eq!(one.switch(value)[..3], [8, 9, 1]);
}

#[test]
fn their_stacks_are_counted_beside_those_of_tasks() {
    let taken = |stats: osier::Stats| stats.greenlet_stacks - stats.idle_greenlet_stacks;
    osier::run(|| {
        let before = osier::stats();
        let alive = Rc::new(Cell::new(0));
        let many: Vec<_> = (0..100).map(|_| endless(&alive)).collect();
        assert_eq!(taken(osier::stats()), taken(before), "none has begun");
        many.iter().for_each(|one| assert_eq!(one.switch(1), 1));
        let with = osier::stats();
        assert_eq!(taken(with), taken(before) + 100);
        assert_eq!((with.stacks, with.idle_stacks), (before.stacks, before.idle_stacks));
        assert!(with.reserved > before.reserved);
        drop(many);
        let after = osier::stats();
        assert_eq!(taken(after), taken(before));
        assert_eq!(after.greenlet_stacks, with.greenlet_stacks, "they wait for others");
    });
}
