//! A work list and so many workers: all results, and nobody is stopped by another's failure.
//!
//! Waits for its workers, so what it is given may borrow. Results one by one, and work that comes up later, are
//! `Pool::imap`'s.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::complaint::complain;
use crate::scope::scope;
use crate::task::{JoinError, Killed};

/// Calls `f` for all items by so many workers; gives the results in the order of the items.
///
/// As many workers as items (`None`), or fewer, who each take the next item when they are done with one. A call that panics is logged,
/// its place holds the error, and the others go on.
///
/// # Blocking
/// Switches tasks, unless there is no item.
///
/// # Panics
/// Outside of [`run`](crate::run), and in a task that unwinds.
///
/// ```
/// osier::run(|| {
///     let words = ["willow", "osier", "sallow"];
///     let lengths = osier::map_ordered(&words, 2, |word| {
///         osier::yield_now();
///         word.len()
///     });
///     assert!(lengths.into_iter().map(Result::unwrap).eq([6, 5, 6]));
/// });
/// ```
pub fn map_ordered<I, F, R>(
    items: I,
    workers: impl Into<Option<usize>>,
    f: F,
) -> Vec<Result<R, JoinError>>
where
    I: IntoIterator,
    F: Fn(I::Item) -> R,
{
    let mut results = map_unordered(items, workers, f);
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// As [`map_ordered`], and gives the results in the order in which they came.
///
/// Each with the place of its item.
///
/// # Blocking
/// Switches tasks, unless there is no item.
///
/// # Panics
/// As [`map_ordered`].
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let nap = |ms| osier::sleep(Duration::from_millis(ms));
///     let order = osier::map_unordered([6, 1, 3], None, nap);
///     assert!(order.into_iter().map(|(at, _)| at).eq([1, 2, 0]));
/// });
/// ```
pub fn map_unordered<I, F, R>(
    items: I,
    workers: impl Into<Option<usize>>,
    f: F,
) -> Vec<(usize, Result<R, JoinError>)>
where
    I: IntoIterator,
    F: Fn(I::Item) -> R,
{
    let items: VecDeque<(usize, I::Item)> = items.into_iter().enumerate().collect();
    let workers = workers.into().unwrap_or(usize::MAX).max(1);
    let list = WorkList { items: RefCell::new(items), results: RefCell::default() };
    // A worker that is killed by its item leaves the rest to the others, and there may be none.
    loop {
        let left = list.items.borrow().len();
        if left == 0 {
            return list.results.into_inner();
        }
        scope(|s| (0..workers.min(left)).for_each(|_| drop(s.spawn(|| list.work(&f)))));
    }
}

/// What is to be done, and what came of what is done.
struct WorkList<T, R> {
    items: RefCell<VecDeque<(usize, T)>>,
    results: RefCell<Vec<(usize, Result<R, JoinError>)>>,
}

impl<T, R> WorkList<T, R> {
    /// Does one item after another, until none is left.
    fn work(&self, f: &impl Fn(T) -> R) {
        loop {
            let next = self.items.borrow_mut().pop_front();
            let Some((at, item)) = next else { return };
            let (result, kill) = attempt(|| f(item), format_args!("item {at} of a work list"));
            self.give(at, result);
            if let Some(kill) = kill {
                resume_unwind(kill);
            }
        }
    }

    fn give(&self, at: usize, result: Result<R, JoinError>) {
        self.results.borrow_mut().push((at, result));
    }
}

/// What comes of the work on one item; a failure is logged. With a kill, which the caller goes on unwinding with.
pub(super) fn attempt<R>(
    work: impl FnOnce() -> R,
    what: fmt::Arguments<'_>,
) -> (Result<R, JoinError>, Option<Box<dyn Any + Send>>) {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => (Ok(value), None),
        Err(payload) if payload.is::<Killed>() => (Err(JoinError::killed()), Some(payload)),
        Err(payload) => {
            let error = JoinError::unwound(payload);
            complain(format_args!("{what} failed: {error}"));
            (Err(error), None)
        }
    }
}
