//! Errors of tasks that nobody has looked at and nobody will: to the log, or to a hook.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, PoisonError};

use super::{JoinError, TaskId, TaskRef};
use crate::complaint::complain;
use crate::stay::{Mutex, MutexGuard};

/// The error of a task that nobody has looked at.
///
/// What [`set_error_hook`] gives its hook. Printed, it is the line that the log would have had.
///
/// ```
/// let report = |lost: &osier::LostError| {
///     eprintln!("{:?} from {}: {}", lost.name(), lost.site(), lost.error());
/// };
/// osier::set_error_hook(report);
/// # osier::take_error_hook();
/// ```
pub struct LostError {
    id: TaskId,
    name: Option<String>,
    site: &'static Location<'static>,
    error: JoinError,
}

impl LostError {
    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The task's name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where the task was spawned.
    pub fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// What it ended with.
    pub fn error(&self) -> &JoinError {
        &self.error
    }
}

impl fmt::Display for LostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "green thread {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " '{name}'")?;
        }
        f.write_str(" panicked, and nobody joined it")
    }
}

impl fmt::Debug for LostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LostError")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("site", &format_args!("{}", self.site))
            .field("error", &self.error)
            .finish()
    }
}

/// Is told of lost errors, on any OS thread.
pub type ErrorHook = dyn Fn(&LostError) + Send + Sync;

static HOOK: Mutex<Option<Arc<ErrorHook>>> = Mutex::new(None);

fn hook() -> MutexGuard<'static, Option<Arc<ErrorHook>>> {
    HOOK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has `f` called for each task that panics and whose error nobody looks at.
///
/// Instead of a line in the log. Once a task: when it ends, if its handle is gone, or when the handle goes.
/// Killed tasks are no error. The hook is that of the process; it runs where the last handle was dropped, so it
/// should not wait. One that panics is logged, and so is what it was told.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// static LOST: AtomicU32 = AtomicU32::new(0);
/// osier::set_error_hook(|lost| {
///     assert_eq!(lost.error().message(), Some("no tea left"));
///     LOST.fetch_add(1, Ordering::Relaxed);
/// });
/// osier::run(|| drop(osier::spawn(|| panic!("no tea left"))));
/// assert_eq!(LOST.load(Ordering::Relaxed), 1);
/// ```
pub fn set_error_hook(f: impl Fn(&LostError) + Send + Sync + 'static) {
    let before = hook().replace(Arc::new(f));
    drop(before); // not while it is locked: a destructor is the user's
}

/// Takes the hook out: lost errors go to the log again.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::set_error_hook(|_| ());
/// assert!(osier::take_error_hook().is_some());
/// assert!(osier::take_error_hook().is_none());
/// ```
pub fn take_error_hook() -> Option<Arc<ErrorHook>> {
    hook().take()
}

/// Passes on the error of a task.
#[cold]
pub(super) fn lose(task: &TaskRef) {
    let Some(error) = task.error() else { return };
    let name = task.name().map(|name| name.to_string());
    let lost = LostError { id: task.id, name, site: task.site, error };
    let called = hook().clone();
    let Some(called) = called else { return complain(format_args!("{lost}")) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| called(&lost))) {
        let error = JoinError::unwound(payload);
        complain(format_args!("the hook for lost errors failed: {error}; it was told: {lost}"));
        mem::forget(error); // its destructor may panic as well
    }
}
