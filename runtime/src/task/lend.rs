//! Tasks that borrow from the frame that spawns them, and the promise to wait for them.
//!
//! The shape of `std::thread::scope`: a guard object would be unsound, as it can be leaked, so the
//! borrowers' end is waited for inside of one call, [`lend`], and what is owed is counted here and not
//! by the one who waits. If the wait ends early the process does, before a dead frame is read.

use std::cell::Cell;
use std::marker::PhantomData;
use std::process;
use std::rc::Rc;

use super::header::{Header, Spec};
use super::lost::lose;
use super::{Outcome, TaskRef, Waiter};

/// How much is lent out at present.
#[derive(Debug, Default)]
pub(crate) struct Loan {
    /// Tasks that have not ended, or whose result was not dropped though nobody holds it.
    live: Cell<usize>,
    /// Who waits for that to become 0.
    pub(crate) waiter: Cell<Option<Waiter>>,
    /// Whether a borrower panicked and nobody looked.
    pub(crate) panicked: Cell<bool>,
}

impl Loan {
    /// How many borrowers there are.
    pub(crate) fn live(&self) -> usize {
        self.live.get()
    }

    /// Counts one borrower less; the waiter to wake when it was the last.
    fn repay(&self) -> Option<Waiter> {
        self.live.set(self.live.get() - 1);
        if self.live.get() == 0 { self.waiter.take() } else { None }
    }
}

/// Spawns tasks that may borrow what outlives the scope.
///
/// What [`scope`](crate::scope()) gives its closure:
///
/// ```
/// use osier::Scope;
///
/// fn spawn_all<'scope>(s: &'scope Scope<'scope, '_>, words: &'scope [&str]) {
///     for word in words {
///         s.spawn(move || println!("{word}"));
///     }
/// }
/// osier::run(|| osier::scope(|s| spawn_all(s, &["green", "threads"])));
/// ```
///
/// `'scope` lasts until every task has ended, `'env` is what they borrow.
#[derive(Debug)]
pub struct Scope<'scope, 'env: 'scope> {
    loan: Rc<Loan>,
    /// Invariant over both, as in `std::thread::Scope`.
    _scope: PhantomData<&'scope mut &'scope ()>,
    _env: PhantomData<&'env mut &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Makes a task that may borrow for `'scope`.
    pub(crate) fn task<F, T>(&'scope self, spec: Spec, closure: F) -> (TaskRef, Outcome<T>)
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        // SAFETY: `lend` does not return before `live` is 0: the task has ended then, and its
        // outcome is gone unless an `Outcome` holds it, whose type does not let it out of 'scope.
        let (task, outcome) = unsafe { TaskRef::new_unchecked(spec, closure) };
        self.loan.live.set(self.loan.live.get() + 1);
        task.loan.set(Some(self.loan.clone()));
        (task, outcome)
    }

    /// What is lent out.
    pub(crate) fn loan(&self) -> &Rc<Loan> {
        &self.loan
    }
}

/// Aborts when it goes while a borrower lives.
struct Settle(Rc<Loan>);

impl Drop for Settle {
    fn drop(&mut self) {
        if self.0.live() != 0 {
            eprintln!(
                "osier: {} scoped green threads are still alive where their scope ends; \
                 what they borrow is about to die, so the process does first",
                self.0.live()
            );
            process::abort();
        }
    }
}

/// Runs `body`, which may make tasks that borrow, then `wait`, which must see them ended.
///
/// The process is aborted when either unwinds, or `wait` returns, while a borrower lives.
pub(crate) fn lend<'env, R>(
    body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    wait: impl FnOnce(&Rc<Loan>),
) -> R {
    let lender = Scope { loan: Rc::default(), _scope: PhantomData, _env: PhantomData };
    let settle = Settle(lender.loan.clone());
    let result = body(&lender);
    wait(&settle.0);
    drop(settle);
    result
}

impl TaskRef {
    /// Repays what it borrowed, once all that could look at that is gone; the waiter to wake when it
    /// was the last of its scope.
    #[inline]
    pub(crate) fn repay(&self) -> Option<Waiter> {
        self.with_loan(|loan| loan?.repay())
    }

    /// Passes on a panic that nobody has looked at and nobody will: to its scope, or to the log.
    pub(super) fn report_unseen(&self) {
        if self.seen.get() || !self.panicked.get() {
            return;
        }
        self.with_loan(|loan| match loan {
            Some(loan) => loan.panicked.set(true),
            None => lose(self),
        });
    }
}

impl Header {
    /// Notes that somebody has looked at its outcome.
    pub(crate) fn mark_seen(&self) {
        self.seen.set(true);
    }

    /// Whether it is one of the borrowers.
    pub(crate) fn borrows(&self, loan: &Rc<Loan>) -> bool {
        self.with_loan(|other| other.is_some_and(|other| Rc::ptr_eq(other, loan)))
    }
}
