//! Why a call on another thread has no result.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic;
use std::sync::Arc;

use crate::task::JoinError;

/// Why a call on another thread has no result.
///
/// ```
/// use osier::thread::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::new(1);
/// let call = executor.submit(|| -> u32 { panic!("no tea left") }).unwrap();
/// let error = call.result().unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!(error.message(), Some("no tea left"));
/// ```
pub struct CallError {
    cause: Cause,
}

enum Cause {
    Panicked(JoinError),
    Cancelled,
    /// Who was to make the call is gone, or never came to be.
    Broken(Arc<str>),
    /// The same, and this is why.
    Lost(Arc<dyn Error + Send + Sync>),
    /// Who was to make the call could not, for this call alone.
    Failed(Arc<dyn Error + Send + Sync>),
    TimedOut,
    /// Nobody waited, or somebody has had the result already.
    Refused(&'static str),
}

impl CallError {
    /// The call panicked, with this payload: [`is_panic`](Self::is_panic).
    pub fn panicked(payload: Box<dyn Any + Send>) -> CallError {
        CallError { cause: Cause::Panicked(JoinError::unwound(payload)) }
    }

    pub(super) fn cancelled() -> CallError {
        CallError { cause: Cause::Cancelled }
    }

    pub(crate) fn broken(why: Arc<str>) -> CallError {
        CallError { cause: Cause::Broken(why) }
    }

    /// For what keeps promises in another way than by calls: this call failed.
    ///
    /// It is the [`source`](Error::source) of what this gives.
    ///
    /// ```
    /// use osier::thread::{CallError, promise};
    ///
    /// let (resolver, call) = promise::<u32>();
    /// let why = "7x".parse::<u32>().unwrap_err();
    /// resolver.fail(CallError::failed(why));
    /// let error = call.result().unwrap_err();
    /// assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
    /// ```
    pub fn failed(why: impl Error + Send + Sync + 'static) -> CallError {
        CallError { cause: Cause::Failed(Arc::new(why)) }
    }

    /// The same where there is nobody to make the call, or nobody any more: [`is_broken`](Self::is_broken).
    pub fn lost(why: impl Error + Send + Sync + 'static) -> CallError {
        CallError { cause: Cause::Lost(Arc::new(why)) }
    }

    /// The time of whoever waits is up: [`is_timed_out`](Self::is_timed_out).
    pub fn timed_out() -> CallError {
        CallError { cause: Cause::TimedOut }
    }

    /// Why it failed, if that is an error of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.source()?.downcast_ref()
    }

    pub(super) fn not_waited_for() -> CallError {
        CallError { cause: Cause::Refused("not waited for: whoever asks may not wait here") }
    }

    pub(super) fn taken() -> CallError {
        CallError { cause: Cause::Refused("the result was taken before") }
    }

    /// Whether the call panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panicked(_))
    }

    /// Whether the call was cancelled before it began.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause, Cause::Cancelled)
    }

    /// Whether there was nobody to make the call, or nobody any more.
    pub fn is_broken(&self) -> bool {
        matches!(self.cause, Cause::Broken(_) | Cause::Lost(_))
    }

    /// Whether the time of a map was up.
    pub fn is_timed_out(&self) -> bool {
        matches!(self.cause, Cause::TimedOut)
    }

    /// The text that the call panicked with, if it was text.
    pub fn message(&self) -> Option<&str> {
        match &self.cause {
            Cause::Panicked(error) => error.message(),
            _ => None,
        }
    }

    /// Gives the payload that the call panicked with.
    ///
    /// # Errors
    /// The error itself, when the call did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, CallError> {
        match self.cause {
            Cause::Panicked(error) => {
                error.try_into_panic().map_err(|error| CallError { cause: Cause::Panicked(error) })
            }
            cause => Err(CallError { cause }),
        }
    }

    /// Panics with what the call panicked with, without another message.
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

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Panicked(error) if error.is_killed() => f.write_str("the call was killed"),
            Cause::Panicked(error) => match error.message() {
                Some(text) => write!(f, "the call panicked: {text}"),
                None => f.write_str("the call panicked"),
            },
            Cause::Cancelled => f.write_str("the call was cancelled"),
            Cause::Broken(why) => write!(f, "the call was not made: {why}"),
            Cause::Lost(why) => write!(f, "the call was not made: {why}"),
            Cause::Failed(why) => write!(f, "the call failed: {why}"),
            Cause::TimedOut => f.write_str("the call did not end in time"),
            Cause::Refused(why) => f.write_str(why),
        }
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallError({self})")
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Lost(why) | Cause::Failed(why) => Some(&**why),
            _ => None,
        }
    }
}
