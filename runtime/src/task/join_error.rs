//! How a task can fail.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Purpose, TaskId};

/// Why there is no result: a task panicked, or it was killed.
///
/// Clones are the same error: the payload of a panic is there once, and the first who takes it has it.
///
/// ```
/// osier::run(|| {
///     let task = osier::spawn(|| osier::sleep(std::time::Duration::from_secs(3600)));
///     task.kill();
///     assert!(task.join().unwrap_err().is_killed());
/// });
/// ```
#[derive(Clone)]
pub struct JoinError {
    /// None: killed, by [`kill`](crate::JoinHandle::kill), or because the hub has ended. One word, so
    /// that a result is hardly larger than its value.
    cause: Option<Arc<Cause>>,
}

enum Cause {
    /// What it panicked with, until that is taken, and its text.
    Panicked(Mutex<Option<Box<dyn Any + Send>>>, Option<Box<str>>),
    /// No task: an error that somebody gave instead of a value.
    Given(Box<dyn Error + Send + Sync>),
    /// Never started, or not waited for, as the one who asked is unwinding and may not wait.
    Refused(&'static str),
    /// There was no stack to run it on; the limit that was hit.
    NoStack(Box<str>),
}

/// The payload that unwinds a killed task: private, so that nobody can raise it.
#[derive(Default)]
pub(crate) struct Killed {
    /// Who is killed, once it is underway.
    _purpose: Option<Purpose>,
}

impl Killed {
    /// For a task that is unwound with it now.
    pub(crate) fn delivered_to(task: TaskId) -> Killed {
        Killed { _purpose: Some(Purpose::stop(task)) }
    }
}

impl JoinError {
    /// What a task ended with that unwound to its entry.
    pub(crate) fn unwound(payload: Box<dyn Any + Send>) -> JoinError {
        if payload.is::<Killed>() {
            return JoinError::killed();
        }
        let text = text_of(&*payload).map(Box::from);
        JoinError::because(Cause::Panicked(Mutex::new(Some(payload)), text))
    }

    /// An error to be had in place of a value.
    ///
    /// For what fills an [`AsyncResult`](crate::AsyncResult) by hand.
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// let error = osier::JoinError::new("no tea left");
    /// assert_eq!(error.to_string(), "no tea left");
    /// assert!(!error.is_panic() && !error.is_killed());
    /// ```
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> JoinError {
        JoinError::because(Cause::Given(error.into()))
    }

    /// The error that it was made of by [`new`](Self::new), if it was.
    pub fn get_ref(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match self.cause.as_deref() {
            Some(Cause::Given(error)) => Some(&**error),
            _ => None,
        }
    }

    /// Whether both are clones of one error, or both say that a task was killed.
    pub fn is_same(&self, other: &JoinError) -> bool {
        match (&self.cause, &other.cause) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    fn because(cause: Cause) -> JoinError {
        JoinError { cause: Some(Arc::new(cause)) }
    }

    pub(crate) fn killed() -> JoinError {
        JoinError { cause: None }
    }

    /// What unwinds a killed task on, once it was caught.
    pub(crate) fn killed_payload() -> Box<dyn Any + Send> {
        Box::new(Killed::default())
    }

    pub(crate) fn refused(what: &'static str) -> JoinError {
        JoinError::because(Cause::Refused(what))
    }

    /// What a join gives to somebody who may not wait.
    pub(crate) fn not_waited_for() -> JoinError {
        JoinError::refused("not waited for: whoever joins may not wait here")
    }

    /// What a join gives in a forked child, of what goes on in the other process.
    pub(crate) fn left_behind() -> JoinError {
        JoinError::refused(
            "not waited for: its hub is not of this process, but of the one that it was forked from",
        )
    }

    /// What a second look for a result gives.
    pub(crate) fn taken() -> JoinError {
        JoinError::refused("the result was taken before")
    }

    pub(crate) fn no_stack(why: impl fmt::Display) -> JoinError {
        JoinError::because(Cause::NoStack(why.to_string().into()))
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.cause.as_deref(), Some(Cause::Panicked(..)))
    }

    /// Whether the task was killed.
    pub fn is_killed(&self) -> bool {
        self.cause.is_none()
    }

    /// The text that the task panicked with, if it was text.
    ///
    /// ```
    /// osier::run(|| {
    ///     let error = osier::spawn(|| panic!("no tea left")).join().unwrap_err();
    ///     assert_eq!(error.message(), Some("no tea left"));
    /// });
    /// ```
    pub fn message(&self) -> Option<&str> {
        match self.cause.as_deref() {
            Some(Cause::Panicked(_, text)) => text.as_deref(),
            _ => None,
        }
    }

    /// Gives the payload that the task panicked with.
    ///
    /// # Panics
    /// When the task did not panic, or a clone of this was asked first.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic().unwrap_or_else(|other| panic!("not a panic: {other}"))
    }

    /// Gives the payload that the task panicked with.
    ///
    /// # Errors
    /// The error itself, when the task did not panic, or a clone of this was asked first.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        let taken = match self.cause.as_deref() {
            Some(Cause::Panicked(payload, _)) => {
                payload.lock().unwrap_or_else(PoisonError::into_inner).take()
            }
            _ => None,
        };
        taken.ok_or(self)
    }

    /// Panics with what the task panicked with, without another message.
    ///
    /// ```should_panic
    /// osier::run(|| {
    ///     let task = osier::spawn(|| panic!("no tea left"));
    ///     task.join().unwrap_or_else(|error| error.resume())
    /// });
    /// ```
    ///
    /// # Panics
    /// Always: that is its purpose.
    pub fn resume(self) -> ! {
        match self.try_into_panic() {
            Ok(payload) => panic::resume_unwind(payload),
            Err(other) => panic!("{other}"),
        }
    }
}

fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(|s| &**s))
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(cause) = &self.cause else { return f.write_str("the task was killed") };
        match &**cause {
            Cause::Panicked(_, Some(text)) => write!(f, "the task panicked: {text}"),
            Cause::Panicked(_, None) => f.write_str("the task panicked"),
            Cause::Given(error) => write!(f, "{error}"),
            Cause::Refused(what) => f.write_str(what),
            Cause::NoStack(why) => write!(f, "the task got no stack: {why}"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Its own text is that of the error it was made of, so what comes next is that one's source.
        self.get_ref()?.source()
    }
}
