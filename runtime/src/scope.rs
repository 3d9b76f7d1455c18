//! Tasks that borrow, and end before their scope does.

use std::any::Any;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use crate::cancel::{deliver, shield};
use crate::hub::{Blueprint, Hub, expect_hub};
use crate::park::park;
use crate::spawn::{Builder, JoinHandle, debug};
use crate::task::{JoinError, Loan, Outcome, Reason, Scope, TaskId, TaskRef, Wake, lend};

/// Runs `f`, which may spawn tasks that borrow, and waits for them.
///
/// As `std::thread::scope`. When `f` unwinds (a panic, a kill, a time-out), or the wait for its tasks
/// does, they are killed and waited for before the unwinding goes on; a [`timeout`](crate::timeout)
/// around a scope may therefore take as long as their cleaning up. In a task that is unwinding, no task
/// can be spawned in a scope: their joins say so.
///
/// # Panics
/// When a task panicked whose handle nobody joined. Outside of [`run`](crate::run), and inside of
/// [`no_switch`](crate::no_switch).
///
/// # Blocking
/// Switches tasks, unless there are none to wait for.
///
/// ```
/// osier::run(|| {
///     let words = ["green", "threads"];
///     let lengths = osier::scope(|s| {
///         let tasks = words.each_ref().map(|word| s.spawn(|| word.len()));
///         tasks.map(|task| task.join().unwrap())
///     });
///     assert_eq!(lengths, [5, 7]);
/// });
/// ```
///
/// What a task borrows has to outlive the scope:
/// ```compile_fail,E0373
/// osier::run(|| {
///     osier::scope(|s| {
///         let word = String::from("too short-lived");
///         s.spawn(|| word.len());
///     });
/// });
/// ```
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let waits = expect_hub("a scope", Hub::current).is_none_or(|me| me.pinned.get() == 0);
    assert!(waits, "a scope inside of no_switch: it would have to wait for its tasks");
    let mut panicked = false;
    let mut interrupted = false;
    let result = lend(
        |scope| {
            let result = catch_unwind(AssertUnwindSafe(|| f(scope)));
            if result.is_err() {
                kill_all(scope.loan());
            }
            result
        },
        |loan| {
            interrupted = wait_for_all(loan);
            panicked = loan.panicked.get();
        },
    );
    match result {
        Err(payload) => panic::resume_unwind(payload),
        Ok(value) => {
            if interrupted {
                deliver(Wake::Killed);
            }
            assert!(!panicked, "a scoped green thread panicked");
            value
        }
    }
}

/// Waits until nothing is lent out; whether that was cut short, and the borrowers killed.
fn wait_for_all(loan: &Rc<Loan>) -> bool {
    let interrupted = !wait_while_lent(loan);
    if interrupted {
        kill_all(loan);
        shield(|| while !wait_while_lent(loan) {});
    }
    interrupted
}

/// Waits until nothing is lent out; false when the wait was cut short.
fn wait_while_lent(loan: &Rc<Loan>) -> bool {
    while loan.live() > 0 {
        let me = expect_hub("a scope", Hub::current);
        let Some(me) = me else { return true };
        loan.waiter.set(Some(expect_hub("a scope", |hub| hub.ticket(&me))));
        drop(me);
        let reason = Reason::new("waiting for the tasks of its scope");
        match park(reason, None, || loan.waiter.set(None)) {
            Wake::Killed => return false,
            // It may not wait, so it spawned nothing: what is lent is lent by mistake.
            Wake::Refused => return true,
            Wake::Woken | Wake::TimedOut => {}
        }
    }
    true
}

fn kill_all(loan: &Rc<Loan>) {
    expect_hub("a scope", |hub| {
        for task in hub.borrowers(loan) {
            hub.interrupt(&task, |store| store.kill(None));
        }
    });
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a task that may borrow what outlives the scope.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        self.spawn_as(Blueprint::PLAIN, Location::caller(), f)
    }

    /// Spawns a task as the builder plans it.
    ///
    /// # Errors
    /// When no stack of that size can ever be had.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// osier::run(|| {
    ///     let word = String::from("osier");
    ///     osier::scope(|s| {
    ///         let plan = osier::Builder::new().name("counter").stack_size(1 << 20);
    ///         let task = s.spawn_with(plan, || word.len()).unwrap();
    ///         assert_eq!(task.join().unwrap(), 5);
    ///     });
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_with<F, T>(
        &'scope self,
        builder: Builder,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        let plan = builder.into_plan();
        expect_hub("a task was spawned", |hub| hub.check_stack_size(plan.stack_size))?;
        Ok(self.spawn_as(plan, Location::caller(), f))
    }

    fn spawn_as<F, T>(
        &'scope self,
        plan: Blueprint,
        site: &'static Location<'static>,
        f: F,
    ) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        let spawn = |hub: &Hub| hub.spawn_scoped(self, plan, site, f);
        let outcome: Outcome<T> = expect_hub("a task was spawned", spawn);
        ScopedJoinHandle { inner: JoinHandle(outcome), _scope: PhantomData }
    }
}

/// Waits for a task of a scope and has its result.
///
/// As [`JoinHandle`]; only the joins switch tasks.
///
/// ```
/// let sum = osier::run(|| {
///     let numbers = [1, 2, 3];
///     osier::scope(|s| s.spawn(|| numbers.iter().sum::<i32>()).join().unwrap())
/// });
/// assert_eq!(sum, 6);
/// ```
pub struct ScopedJoinHandle<'scope, T> {
    inner: JoinHandle<T>,
    _scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits until the task has ended and gives its result.
    ///
    /// See [`JoinHandle::join`].
    ///
    /// # Errors
    /// When the task panicked or was killed.
    ///
    /// # Blocking
    /// Switches tasks, unless the task has ended already.
    pub fn join(self) -> Result<T, JoinError> {
        self.inner.join()
    }

    /// Waits for that long at most; see [`JoinHandle::join_timeout`].
    ///
    /// # Errors
    /// When the task panicked or was killed.
    ///
    /// # Blocking
    /// Switches tasks, unless the task has ended already.
    pub fn join_timeout(&self, limit: Duration) -> Option<Result<&T, &JoinError>> {
        self.inner.join_timeout(limit)
    }

    /// The result, if the task has ended with one.
    pub fn value(&self) -> Option<&T> {
        self.inner.value()
    }

    /// Asks the task to end; see [`JoinHandle::kill`].
    pub fn kill(&self) {
        self.inner.kill();
    }

    /// Asks the task to end with this payload; see [`JoinHandle::kill_with`].
    pub fn kill_with(&self, payload: Box<dyn Any + Send>) {
        self.inner.kill_with(payload);
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.inner.id()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("ScopedJoinHandle", &self.inner.0, f)
    }
}

impl Hub {
    /// The tasks that have borrowed on this loan and have not ended.
    fn borrowers(&self, loan: &Rc<Loan>) -> Vec<TaskRef> {
        self.tasks(|task| task.borrows(loan))
    }
}
