//! Greenlets by themselves, without any task: values, parents, ends.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;
use std::thread;

use osier::greenlet::{self, Error, Greenlet};

mod support;
use support::{OnDrop, endless, payload_of, text_of, up};

/// What has happened, in order.
#[derive(Clone, Default)]
struct Diary(Rc<RefCell<Vec<u32>>>);

impl Diary {
    fn note(&self, what: u32) {
        self.0.borrow_mut().push(what);
    }

    fn take(&self) -> Vec<u32> {
        self.0.take()
    }
}

#[test]
fn statements_of_two_interleave_g_01() {
    let diary = Diary::default();
    let theirs = diary.clone();
    let one = Greenlet::new(move |()| {
        theirs.note(1);
        up().switch(());
        theirs.note(3);
    });
    diary.note(0);
    one.switch(());
    diary.note(2);
    one.switch(());
    diary.note(4);
    assert_eq!(diary.take(), [0, 1, 2, 3, 4]);
    assert!(one.is_dead());
}

#[test]
fn two_children_switch_to_each_other_and_to_the_main_one_g_02() {
    let diary = Diary::default();
    let second_of_first = Rc::new(RefCell::new(None::<Greenlet<u32>>));
    let (d1, d2, second) = (diary.clone(), diary.clone(), second_of_first.clone());
    let one = Greenlet::new(move |n| {
        d1.note(n);
        let two = second.borrow().clone().unwrap();
        let n = two.switch(n + 1);
        d1.note(n);
        n + 1
    });
    let back = one.clone();
    let two = Greenlet::new(move |n| {
        d2.note(n);
        let n = back.switch(n + 1);
        d2.note(n);
        n + 1
    });
    *second_of_first.borrow_mut() = Some(two.clone());
    assert_eq!(one.switch(10), 13, "the first has ended, and its value goes to its parent");
    assert!(one.is_dead() && !two.is_dead());
    assert_eq!(two.switch(20), 21);
    assert!(two.is_dead());
    assert_eq!(diary.take(), [10, 11, 12, 20]);
    second_of_first.take();
}

#[test]
fn values_go_both_ways_at_every_switch() {
    let adder = Greenlet::new(|mut sum: u64| {
        for _ in 0..1000 {
            sum += up().switch(sum);
        }
        sum
    });
    let mut expected = 0;
    for n in 0..1000 {
        expected += n;
        assert_eq!(adder.switch(n), expected);
    }
    assert_eq!(adder.switch(1000), expected + 1000);
    assert_eq!(adder.switch(7), 7, "the dead rule");
}

#[test]
fn a_grandchild_returns_to_its_parent_and_that_to_the_main_one_g_03() {
    let diary = Diary::default();
    let theirs = diary.clone();
    let child = Greenlet::new(move |()| {
        let inner = theirs.clone();
        let grandchild = Greenlet::new(move |()| inner.note(1));
        assert_eq!(grandchild.parent(), Some(greenlet::current()));
        grandchild.switch(());
        theirs.note(2);
    });
    child.switch(());
    diary.note(3);
    assert_eq!(diary.take(), [1, 2, 3]);
}

#[test]
fn each_thread_has_greenlets_of_its_own_g_04() {
    let threads = (0..10_u32).map(|seed| {
        thread::spawn(move || {
            let tree = Greenlet::new(move |n: u32| {
                let leaf = Greenlet::new(move |n: u32| up().switch(n + seed) * 2);
                let first = leaf.switch(n);
                leaf.switch(first)
            });
            tree.switch(1)
        })
    });
    let threads: Vec<_> = threads.collect();
    for (seed, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().unwrap(), (seed as u32 + 1) * 2);
    }
}

#[test]
fn the_parent_is_the_one_that_made_it_and_main_has_none_g_07() {
    let main = greenlet::current::<()>();
    assert!(main.is_main() && main.parent().is_none() && main.is_current() && main.is_active());
    let child = Greenlet::new(|()| ());
    assert_eq!(child.parent(), Some(main.clone()));
    let inside = Greenlet::new(|()| {
        let inner = Greenlet::new(|()| ());
        assert_eq!(inner.parent(), Some(greenlet::current()));
    });
    inside.switch(());
    assert_eq!(main.name(), Some("main"));
}

#[test]
fn a_new_one_has_the_right_parent_in_every_thread_and_destructor_g_26() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                for _ in 0..50 {
                    let one = Greenlet::new(|()| {
                        let me = greenlet::current::<()>();
                        let _later = OnDrop::new(|| {
                            assert_eq!(Greenlet::new(|()| ()).parent(), Some(me.clone()));
                        });
                        up().switch(());
                    });
                    one.switch(());
                    one.switch(());
                    assert_eq!(one.parent(), Some(greenlet::current()));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_panic_comes_out_of_the_parents_switch_g_08() {
    let child = Greenlet::new(|n: u32| -> u32 { panic!("no {n}") });
    assert_eq!(text_of(|| child.switch(7)), "no 7");
    assert!(child.is_dead());
    assert!(!thread::panicking());
}

#[test]
fn a_panic_goes_up_by_the_parents_as_they_are_now_g_09() {
    let diary = Diary::default();
    let theirs = diary.clone();
    let one = Greenlet::new(move |n: u32| {
        let caught = catch_unwind(AssertUnwindSafe(|| up().switch(n)));
        theirs.note(*caught.unwrap_err().downcast::<u32>().unwrap());
        panic_any(8_u32)
    });
    let two = Greenlet::new(|_: u32| panic_any(7_u32));
    one.switch(0);
    two.set_parent(&one).unwrap();
    let payload = payload_of(|| two.switch(0));
    assert_eq!(payload.downcast_ref(), Some(&8_u32));
    assert_eq!(diary.take(), [7]);
    assert!(one.is_dead() && two.is_dead());
    assert_eq!(two.switch(5), 5, "up the chain, to the main one, which is the caller");
}

#[test]
fn what_is_thrown_arrives_as_the_same_object_g_10() {
    let middle = Greenlet::new(|()| {
        let inner = Greenlet::new(|()| up().switch(()));
        inner.switch(());
        let payload = payload_of(|| inner.throw([7_u64; 3]));
        resume_unwind(payload)
    });
    let payload = payload_of(|| middle.switch(()));
    assert_eq!(payload.downcast_ref(), Some(&[7_u64; 3]));
    let boxed: Box<dyn Any + Send> = Box::new([1_u8; 100]);
    let at = std::ptr::from_ref(&*boxed).cast::<()>() as usize;
    let raiser = Cell::new(Some(boxed));
    let one = Greenlet::new(move |()| resume_unwind(raiser.take().unwrap()));
    let same = payload_of(|| one.switch(()));
    assert_eq!(std::ptr::from_ref(&*same).cast::<()>() as usize, at);
}

#[test]
fn one_that_has_begun_does_not_begin_again_g_20() {
    let times = Rc::new(Cell::new(0));
    let count = times.clone();
    let one = Greenlet::new(move |n: u32| {
        count.set(count.get() + 1);
        up().switch(n);
        n
    });
    for _ in 0..5 {
        one.switch(1);
    }
    assert_eq!(times.get(), 1);
}

#[test]
fn a_clone_is_the_same_greenlet_g_21() {
    let one = Greenlet::new(|n: u32| up().switch(n + 1));
    let same = one.clone();
    assert_eq!((same.switch(1), one.switch(5)), (2, 5));
    assert!(one == same && same.is_dead());
}

#[test]
fn a_switch_to_a_dead_one_goes_to_its_parent_of_now_g_24() {
    let dead = Greenlet::new(|n: u32| n);
    dead.switch(0);
    let other = Greenlet::new(|n: u32| up().switch(n + 1) + 100);
    other.switch(0);
    dead.set_parent(&other).unwrap();
    assert_eq!(dead.switch(7), 107, "as if the other one had been switched to");
    assert!(other.is_dead());
    assert_eq!(dead.switch(7), 7);
}

#[test]
fn a_switch_to_a_dead_one_begins_an_ancestor_that_has_not() {
    let parent = Greenlet::new(|n: u32| n * 2);
    let child = Greenlet::new(|n: u32| n + 1);
    child.set_parent(&parent).unwrap();
    assert_eq!(child.switch(1), 4, "its result is the argument of its parent");
    let parent = Greenlet::new(|n: u32| n * 2);
    child.set_parent(&parent).unwrap();
    assert_eq!(child.switch(10), 20);
}

#[test]
fn a_parent_that_cannot_be_is_refused_g_27() {
    let chain: Vec<Greenlet<()>> = (0..10).map(|_| Greenlet::new(|()| ())).collect();
    for two in chain.windows(2) {
        two[1].set_parent(&two[0]).unwrap();
    }
    assert_eq!(chain[0].set_parent(&chain[0]), Err(Error::Cycle));
    assert_eq!(chain[0].set_parent(&chain[9]), Err(Error::Cycle));
    assert_eq!(chain[3].set_parent(&chain[7]), Err(Error::Cycle));
    chain[7].set_parent(&chain[2]).unwrap();
    let main = greenlet::current::<()>();
    assert_eq!(main.set_parent(&chain[0]), Err(Error::Main));
    assert_eq!(main.set_parent(&main), Err(Error::Main));
    let foreign = osier::run(greenlet::current::<()>);
    assert_eq!(chain[0].set_parent(&foreign), Err(Error::OtherTask));
    assert_eq!(foreign.set_parent(&chain[0]), Err(Error::TaskEnded));
    assert_eq!(chain[0].parent(), Some(main));
}

#[test]
fn what_is_thrown_is_raised_where_it_has_left_g_28() {
    let one = Greenlet::new(|_: String| {
        let caught = payload_of(|| up().switch("left".to_owned()));
        format!("caught {}", caught.downcast_ref::<&str>().unwrap())
    });
    assert_eq!(one.switch(String::new()), "left");
    assert_eq!(one.throw("a plain value"), "caught a plain value");
    assert!(one.is_dead());
    let uncaught = Greenlet::new(|n: u32| up().switch(n));
    uncaught.switch(1);
    assert_eq!(payload_of(|| uncaught.throw(vec![1])).downcast_ref(), Some(&vec![1]));
}

#[test]
fn a_kill_ends_it_and_a_dead_one_can_be_killed_again_g_29() {
    let alive = Rc::new(Cell::new(0));
    let one = endless(&alive);
    one.switch(1);
    assert_eq!(one.kill(), Ok(None));
    assert!(one.is_dead() && alive.get() == 0);
    assert_eq!(one.kill(), Ok(None));
    assert_eq!(payload_of(|| one.throw(7_u8)).downcast_ref(), Some(&7_u8), "in its living parent");
    let fresh = Greenlet::new(|_: u32| unreachable!("it never runs"));
    assert_eq!(fresh.kill(), Ok(None));
    assert!(fresh.is_dead());
    assert_eq!(fresh.switch(3), 3);
    let catcher = Greenlet::new(|n: u32| {
        let caught = catch_unwind(AssertUnwindSafe(|| up().switch(n)));
        if caught.is_err() { 99 } else { 0 }
    });
    catcher.switch(1);
    assert_eq!(catcher.kill(), Ok(Some(99)), "it has caught that, and ended with a value");
    let main = greenlet::current::<u32>();
    assert_eq!(main.kill().unwrap_err().error(), &Error::Main);
    let itself = Greenlet::new(|_: u32| greenlet::current::<u32>().kill().unwrap().unwrap());
    assert_eq!(itself.checked_switch(1).unwrap_err().error(), &Error::Ended(itself.id()));
}

#[test]
fn the_end_of_one_that_was_killed_is_told_to_its_parent() {
    let victim = Rc::new(RefCell::new(None::<Greenlet<u32>>));
    let theirs = victim.clone();
    let killer = Greenlet::new(move |_: u32| {
        let victim = theirs.borrow().clone().unwrap();
        let _ = victim.kill();
        unreachable!("the victim's parent goes on, which is the main one");
    });
    let one = Greenlet::new(|n: u32| up().switch(n));
    one.switch(1);
    *victim.borrow_mut() = Some(one.clone());
    let told = killer.checked_switch(0).unwrap_err();
    assert_eq!(told.error(), &Error::Ended(one.id()));
    assert_eq!(told.into_value(), None);
    victim.take();
}

#[test]
fn panics_are_caught_in_one_while_others_are_switched_to_g_42() {
    let pair = |name: u32| {
        Greenlet::new(move |mut n: u32| {
            for _ in 0..100 {
                let caught = payload_of(|| {
                    n = up().switch(n + name);
                    resume_unwind(Box::new(n))
                });
                assert_eq!(caught.downcast_ref(), Some(&n), "its own");
            }
            n
        })
    };
    let (one, two) = (pair(1), pair(2));
    for n in 0..100 {
        assert_eq!((one.switch(n), two.switch(n * 2)), (n + 1, n * 2 + 2));
    }
    assert_eq!((one.switch(7), two.switch(8)), (7, 8));
}

#[test]
fn a_value_of_another_type_than_is_waited_for_is_given_back() {
    let words = Greenlet::new(|word: String| {
        let me = greenlet::current::<u32>(); // a view: this one as a taker of numbers
        let numbers = Greenlet::new(move |n: u32| {
            assert_eq!(me.switch(n + 1), 7);
            n
        });
        let n = numbers.switch(1);
        assert_eq!(numbers.checked_switch(7), Ok(1));
        word + &n.to_string()
    });
    assert_eq!(words.switch("n=".into()), "n=2");
    let waits = Greenlet::new(|word: String| up().switch(word));
    waits.switch("x".into());
    let wrong = Greenlet::new({
        let waits = waits.clone();
        move |_: u32| {
            let number = waits.checked_switch("y".into()); // the main one waits for a number
            assert_eq!(number.unwrap(), "never");
            0
        }
    });
    // `waits` ends with a word, and its parent, the main one, waits for a number.
    let misfit = wrong.checked_switch(1).unwrap_err();
    assert_eq!(misfit.error(), &Error::OtherType(Some(waits.id())));
}
