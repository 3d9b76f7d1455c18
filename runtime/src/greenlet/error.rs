//! Why a switch, or a change of parents, could not be made.

use std::fmt;

use super::GreenletId;

/// Why greenlets could not be switched, or get another parent.
///
/// ```
/// use osier::greenlet::{Error, Greenlet};
///
/// let (one, two) = (Greenlet::new(|()| ()), Greenlet::new(|()| ()));
/// one.set_parent(&two).unwrap();
/// assert_eq!(two.set_parent(&one), Err(Error::Cycle));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// It belongs to another task, or to the thread outside of tasks.
    OtherTask,
    /// The task or thread that it belongs to has ended, or is about to.
    TaskEnded,
    /// This is no task's code but the hub's: a destructor that it runs.
    InHub,
    /// The caller is unwinding.
    Unwinding,
    /// The caller is inside of [`no_switch`](crate::no_switch).
    Pinned,
    /// The one that would receive the value waits for one of another type; or a value of another type
    /// has come in here, from the greenlet that is named.
    OtherType(Option<GreenletId>),
    /// That greenlet, whose end is what the caller waited for, was killed: it has no value to give.
    Ended(GreenletId),
    /// There is no stack to be had; the text says what stands in the way.
    NoStack(String),
    /// The parent to be has it as an ancestor.
    Cycle,
    /// That is the main greenlet, which has no parent and ends with its task.
    Main,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Error::OtherTask => {
                "the greenlet belongs to another task, or to the thread outside of tasks; \
                 only that one can switch to it"
            }
            Error::TaskEnded => "the task or thread that the greenlet belongs to has ended",
            Error::InHub => {
                "no greenlet runs here: this is a destructor that the hub runs outside of any task"
            }
            Error::Unwinding => {
                "greenlets are not switched while the caller unwinds; in a destructor, use \
                 checked_switch"
            }
            Error::Pinned => "a switch of greenlets inside of no_switch",
            Error::OtherType(None) => {
                "the greenlet that would receive this value waits for one of another type"
            }
            Error::OtherType(Some(from)) => {
                return write!(f, "greenlet {from} has ended with a value of another type");
            }
            Error::Ended(id) => {
                return write!(
                    f,
                    "greenlet {id} was killed and has no value to give; checked_switch tells that"
                );
            }
            Error::NoStack(why) => return f.write_str(why),
            Error::Cycle => "a greenlet cannot have one of its own descendants as its parent",
            Error::Main => "the main greenlet has no parent, and ends with its task only",
        };
        f.write_str(text)
    }
}

impl std::error::Error for Error {}

/// A switch that was not made, or that nothing came back from.
///
/// ```
/// use osier::greenlet::{self, Error};
///
/// let outside = greenlet::current::<u32>();
/// let error = osier::run(move || outside.checked_switch(7)).unwrap_err();
/// assert_eq!((error.error(), error.value()), (&Error::OtherTask, Some(&7)));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SwitchError<T> {
    error: Error,
    value: Option<T>,
}

impl<T> SwitchError<T> {
    pub(super) fn unsent(error: Error, value: T) -> SwitchError<T> {
        SwitchError { error, value: Some(value) }
    }

    pub(super) fn sent(error: Error) -> SwitchError<T> {
        SwitchError { error, value: None }
    }

    /// What has happened.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The value that was not handed over; none if it was.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The value that was not handed over, for another try.
    pub fn into_value(self) -> Option<T> {
        self.value
    }
}

impl<T> fmt::Debug for SwitchError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwitchError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SwitchError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> std::error::Error for SwitchError<T> {}
