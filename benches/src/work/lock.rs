//! `mutex` and `mutexc`: a lock that nobody else wants, and one that all want.

use std::hint::black_box;
use std::rc::Rc;

use osier::sync::Mutex;
use osier::{join_all, spawn, yield_now};

use super::lap::Lap;
use crate::args::{Args, Key, count, number};
use crate::measure::Mark;
use crate::report::Report;

pub(crate) const FREE_KEYS: &[Key] = &[count("n", 10_000_000)];
pub(crate) const WANTED_KEYS: &[Key] = &[number("tasks", 100, 1, 1 << 20), count("n", 1_000_000)];

/// Locks and unlocks.
pub(crate) fn free(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let span = osier::run(|| {
        let lock = Mutex::new(0_usize);
        let mark = Mark::now();
        for _ in 0..n {
            *black_box(&lock).lock().expect("nobody panics") += 1;
        }
        let span = mark.span();
        assert_eq!(lock.into_inner().expect("nobody panics"), n);
        span
    });
    Ok(Report::new(n, span))
}

/// Locks, yields and unlocks, as do all the others.
pub(crate) fn wanted(args: &Args) -> Result<Report, String> {
    let (tasks, n) = (args.number("tasks"), args.number("n"));
    if n < tasks {
        return Err(format!("n={n}: each of {tasks} tasks locks at least once"));
    }
    let lap = osier::run(|| {
        let (lap, lock) = (Rc::new(Lap::new(tasks, n / tasks)), Rc::new(Mutex::new(0_usize)));
        let one = |_| {
            let (lap, lock) = (lap.clone(), lock.clone());
            spawn(move || {
                lap.enter();
                for _ in 0..lap.per {
                    let mut held = lock.lock().expect("nobody panics");
                    yield_now();
                    *held += 1;
                }
                lap.leave();
            })
        };
        join_all((0..tasks).map(one)).into_iter().for_each(|end| end.expect("nobody panics"));
        assert_eq!(*lock.lock().expect("nobody panics"), tasks * lap.per);
        lap
    });
    let (n, span) = lap.result().ok_or("not every task came through")?;
    Ok(Report::new(n, span).with("tasks", tasks as f64))
}
