//! `AsyncResult`: one result that many wait for.

mod support;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use osier::{AsyncResult, JoinError, join_all, join_rest, sleep, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, swallow};

#[test]
fn all_who_wait_get_what_is_set_ev_03() {
    osier::run(|| {
        let result = AsyncResult::new();
        let getters: Vec<_> = (0..10)
            .map(|_| {
                let result = result.clone();
                spawn(move || result.get().unwrap())
            })
            .collect();
        yield_now();
        assert!(!result.is_ready() && !result.is_successful() && result.try_get().is_none());
        assert!(format!("{result:?}").contains("nothing"), "{result:?}");
        result.set(String::from("tea"));
        assert!(result.is_ready() && result.is_successful());
        let got = join_all(getters).into_iter().map(Result::unwrap);
        assert!(got.eq(vec!["tea"; 10]));
        assert_eq!(result.get().unwrap(), "tea");
        assert_eq!((result.wait(), result.value()), (Some("tea".into()), Some("tea".into())));
        assert!(result.error().is_none());
    });
}

#[test]
fn an_error_is_the_same_one_for_all_ev_03() {
    osier::run(|| {
        let result = AsyncResult::<u32>::new();
        let getters: Vec<_> = (0..3)
            .map(|_| {
                let result = result.clone();
                spawn(move || result.get().unwrap_err())
            })
            .collect();
        yield_now();
        result.set_error(JoinError::new("no tea left"));
        let errors: Vec<_> = join_all(getters).into_iter().map(Result::unwrap).collect();
        assert!(errors.iter().all(|error| error.is_same(&errors[0])));
        assert!(!result.is_successful() && result.is_ready());
        assert_eq!((result.wait(), result.value()), (None, None));
        assert!(result.error().unwrap().is_same(&errors[0]));
        assert!(result.try_get().unwrap().unwrap_err().is_same(&errors[0]));
        assert!(!errors[0].is_same(&JoinError::new("no tea left")));
    });
}

#[test]
fn what_cannot_be_cloned_is_shared_ev_03() {
    #[derive(Debug, PartialEq)]
    struct Unique(u32);
    osier::run(|| {
        let result = AsyncResult::new();
        let set = result.clone();
        spawn(move || set.set(Unique(7)));
        let got = result.wait_shared().unwrap();
        assert_eq!(got.as_ref().as_ref().unwrap(), &Unique(7));
        assert!(Rc::ptr_eq(&got, &result.shared().unwrap()));
    });
}

#[test]
fn a_get_with_a_limit_ends_with_its_time_ev_04() {
    osier::run(|| {
        let result = AsyncResult::<u32>::new();
        assert!(result.try_get().is_none());
        assert!(result.get_timeout(Duration::ZERO).is_none());
        assert!(result.get_timeout(SHORT).is_none());
        assert!(result.wait_timeout(SHORT).is_none());
        assert!(result.get_deadline(osier::clock::now() + SHORT).is_none());
        assert!(timeout(SHORT, || result.get()).is_err(), "an outer time-out is not swallowed");
        assert!(format!("{result:?}").contains("waiters: []"), "all have left: {result:?}");
        let set = result.clone();
        spawn(move || set.set(7));
        assert_eq!(result.get_timeout(FOREVER).unwrap().unwrap(), 7);
    });
}

#[test]
fn what_is_set_last_counts_and_links_are_called_once_ev_04() {
    osier::run(|| {
        let notes = Rc::new(RefCell::new(Vec::new()));
        let result = AsyncResult::new();
        let note = || {
            let notes = notes.clone();
            move |outcome: Result<u32, _>| notes.borrow_mut().push(outcome.unwrap())
        };
        result.link(note());
        result.link(note()).unlink();
        result.set(1);
        result.set(2);
        assert_eq!(result.get().unwrap(), 2);
        join_rest(None);
        assert_eq!(*notes.borrow(), [1], "the first that was set since it was linked");
        result.link(note());
        let back = result.link(note());
        assert!(back.unlink());
        join_rest(None);
        assert_eq!(*notes.borrow(), [1, 2]);
        result.set_error(JoinError::new("spilt"));
        assert!(result.get().is_err());
        join_rest(None);
        assert_eq!(notes.borrow().len(), 2);
    });
}

#[test]
fn it_takes_the_outcome_of_a_task_ev_05() {
    osier::run(|| {
        let result = AsyncResult::new();
        let task = spawn(|| String::from("tea"));
        task.link_to(result.clone());
        assert_eq!(result.get().unwrap(), "tea");
        assert_eq!(task.join().unwrap(), "tea", "a copy was handed over");

        let result = AsyncResult::<u32>::new();
        let task = spawn(|| panic!("spilt"));
        task.link_to(result.clone());
        assert_eq!(result.get().unwrap_err().message(), Some("spilt"));

        let result = AsyncResult::<u32>::new();
        let task = spawn(|| unreachable!());
        task.link_to(result.clone());
        task.kill();
        assert!(result.get().unwrap_err().is_killed());
    });
}

#[test]
fn a_getter_that_is_killed_leaves_no_trace() {
    osier::run(|| {
        let result = AsyncResult::new();
        let getters: Vec<_> = (0..3)
            .map(|_| {
                let result = result.clone();
                spawn(move || result.get())
            })
            .collect();
        yield_now();
        getters[1].kill();
        yield_now();
        assert!(getters[1].is_finished());
        // Killed in the turn in which it is set: it has what was set.
        result.set(7);
        getters[2].kill();
        let ends: Vec<_> =
            join_all(getters).into_iter().map(|end| end.ok().map(Result::unwrap)).collect();
        assert_eq!(ends, [Some(7), None, Some(7)]);
    });
}

#[test]
fn what_is_set_may_set_it_again_while_it_goes() {
    osier::run(|| {
        let result = AsyncResult::<Option<Box<dyn Any>>>::new();
        let again = result.clone();
        result.set(Some(Box::new(OnDrop::new(move || again.set(None)))));
        result.set(None);
        assert!(matches!(*result.shared().unwrap(), Ok(None)));
    });
}

#[test]
fn who_may_not_wait_is_told() {
    let result = AsyncResult::<u32>::new();
    assert!(result.get().is_err() && result.wait_shared().is_none());
    assert!(result.get_timeout(FOREVER).is_none());
    let left = osier::run(|| {
        let told = Rc::new(Cell::new(false));
        let (note, inner) = (told.clone(), result.clone());
        assert!(swallow(move || {
            let _farewell = OnDrop::new(move || note.set(inner.get().is_err()));
            panic!("unwinding");
        }));
        assert!(told.get());
        let waits = result.clone();
        let plan = osier::Builder::new().daemon(true);
        let daemon = plan.spawn(move || waits.get()).unwrap();
        sleep(SHORT);
        result.clone().link(|_| unreachable!("it is set outside of the run"));
        daemon
    });
    result.set(7);
    assert_eq!(result.get().unwrap(), 7);
    assert!(left.join().unwrap_err().is_killed());
}
