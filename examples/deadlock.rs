//! Two eat from one bowl with one fork, and take them in opposite orders: a deadlock, and its cure.
//!
//! In Python: `noodle_lock` and `fork_lock`, two `threading.Lock`s, and the program hangs until somebody kills it.
//! Here `run` panics with a report of who waits for what. The cure is the same: one `RLock` for both.

use std::panic::catch_unwind;
use std::rc::Rc;
use std::time::Duration;

use osier::sync::{Mutex, RLock};
use osier::{Builder, Deadlock};

fn spawn(name: &str, meal: impl FnOnce() + 'static) {
    Builder::new().name(name).spawn(meal).expect("there is memory for one more");
}

fn eat() {
    osier::sleep(Duration::from_millis(5));
    println!("{} has eaten", osier::current().name().expect("both have a name"));
}

fn two_locks() {
    let (noodles, fork) = (Rc::new(Mutex::new(())), Rc::new(Mutex::new(())));
    let both = |first: &Rc<Mutex<()>>, second: &Rc<Mutex<()>>| {
        let (first, second) = (first.clone(), second.clone());
        move || {
            let _first = first.lock().expect("no poison");
            osier::yield_now(); // the other takes its first
            let _second = second.lock().expect("no poison");
            eat();
        }
    };
    spawn("Ann", both(&noodles, &fork));
    spawn("Bob", both(&fork, &noodles));
}

fn one_lock_for_both() {
    let noodles = Rc::new(RLock::new(()));
    let fork = noodles.clone();
    let both = |first: &Rc<RLock>, second: &Rc<RLock>| {
        let (first, second) = (first.clone(), second.clone());
        move || {
            let _first = first.lock().expect("there is waiting here");
            osier::yield_now();
            let _second = second.lock().expect("it is its own"); // at once
            eat();
        }
    };
    spawn("Ann", both(&noodles, &fork));
    spawn("Bob", both(&fork, &noodles));
}

fn main() {
    let payload = catch_unwind(|| osier::run(two_locks)).expect_err("it cannot go on");
    println!("{}", payload.downcast_ref::<Deadlock>().expect("that is why it panicked"));
    osier::run(one_lock_for_both);
}
