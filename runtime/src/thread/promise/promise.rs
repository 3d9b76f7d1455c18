//! The end of a promise that waits, cancels and takes.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::CallError;
use super::shared::{Shared, Stage};
use crate::clock;
use crate::task::Reason;
use crate::thread::wait::wait;
use crate::wait::{Waitable, Watcher, sealed::Sealed};

/// A result that comes later, from another OS thread.
///
/// What Python calls a `Future`; std's `Future` is a trait, which this has: it can be awaited as well. Dropped, it lets
/// the call go on by itself.
///
/// ```
/// use osier::thread::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::new(2);
/// let call = executor.submit(|| 6 * 7).unwrap();
/// call.add_done_callback(|result| assert_eq!(*result.as_ref().unwrap(), 42));
/// assert_eq!(osier::run(|| call.result()).unwrap(), 42);
/// ```
#[must_use = "a result that nobody wants"]
pub struct Promise<T> {
    pub(super) shared: Arc<Shared<T>>,
    /// One thread at a time: the result is lent from here without a lock.
    pub(super) _one: PhantomData<Cell<()>>,
}

impl<T> Promise<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Promise<T> {
        Promise { shared, _one: PhantomData }
    }

    /// Waits until the call has ended and gives its result.
    ///
    /// # Errors
    /// When the call panicked, was cancelled, or could not be made. Also when whoever asks may not
    /// wait, as it is unwinding.
    ///
    /// # Blocking
    /// Switches tasks, unless the call has ended. Outside of a task it stops the OS thread.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    pub fn result(mut self) -> Result<T, CallError> {
        self.wait();
        self.try_result().unwrap_or_else(|| Err(CallError::not_waited_for()))
    }

    /// The result, if the call has ended; none if it goes on. It is given once.
    ///
    /// # Errors
    /// As [`result`](Self::result); and when the result was taken before.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_result(&mut self) -> Option<Result<T, CallError>> {
        let ended = self.is_finished();
        ended.then(|| self.shared.take().unwrap_or_else(|| Err(CallError::taken())))
    }

    /// Waits that long at most; none if the call goes on.
    ///
    /// # Errors
    /// As [`try_result`](Self::try_result).
    ///
    /// # Blocking
    /// As [`result`](Self::result).
    pub fn result_timeout(&mut self, limit: Duration) -> Option<Result<T, CallError>> {
        self.wait_timeout(limit);
        self.try_result()
    }

    /// Waits until that moment at most; none if the call goes on.
    ///
    /// # Errors
    /// As [`try_result`](Self::try_result).
    ///
    /// # Blocking
    /// As [`result`](Self::result).
    pub fn result_deadline(&mut self, deadline: Instant) -> Option<Result<T, CallError>> {
        self.wait_deadline(deadline);
        self.try_result()
    }

    /// Waits until the call has ended; the result stays where it is.
    ///
    /// # Blocking
    /// As [`result`](Self::result).
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Waits that long at most; whether the call has ended.
    ///
    /// # Blocking
    /// As [`result`](Self::result).
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.is_finished() || self.wait_until(clock::deadline(limit))
    }

    /// Waits until that moment at most; whether the call has ended.
    ///
    /// # Blocking
    /// As [`result`](Self::result).
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.wait_until(Some(deadline))
    }

    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let reason = Reason::new("waiting for a call on another thread");
        self.is_finished() || wait(&*self.shared, (), reason, deadline).is_ok()
    }

    /// Looks at the result where it is; there is none before the call has ended.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    ///
    /// ```
    /// let executor = osier::thread::ThreadPoolExecutor::new(1);
    /// let call = executor.submit(|| panic!("no tea left")).unwrap();
    /// call.wait();
    /// assert!(call.inspect(|result| result.is_some_and(|result: &Result<(), _>| result.is_err())));
    /// ```
    pub fn inspect<R>(&self, look: impl FnOnce(Option<&Result<T, CallError>>) -> R) -> R {
        self.shared.borrow(look)
    }

    /// Cancels the call, if it has not begun; whether it is cancelled.
    ///
    /// Callbacks run right here then.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    pub fn cancel(&self) -> bool {
        self.shared.cancel() || self.is_cancelled()
    }

    /// Whether the call was cancelled.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_cancelled(&self) -> bool {
        self.shared.stage().1
    }

    /// Whether the call goes on right now.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_running(&self) -> bool {
        self.shared.stage().0 == Stage::Running
    }

    /// Whether the call has ended, in whatever way.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_finished(&self) -> bool {
        self.shared.stage().0 == Stage::Finished
    }

    /// Has `f` called with the result when the call has ended.
    ///
    /// In the order they were added, on the thread that ends the call, and before anybody else has
    /// the result; right here if it has ended already. A panic in one goes to the log, the others are
    /// called all the same.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    pub fn add_done_callback(&self, f: impl FnOnce(&Result<T, CallError>) + Send + 'static) {
        self.shared.add_callback(Box::new(f));
    }

    /// The result, or has the waker woken when it is there: the step of a future.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, CallError>> {
        if self.shared.listen(cx.waker()) {
            return Poll::Pending;
        }
        Poll::Ready(self.try_result().unwrap_or_else(|| Err(CallError::taken())))
    }
}

impl<T> Sealed for Promise<T> {}

/// A wait for it is never taken for a deadlock: another thread may end the call.
impl<T> Waitable for Promise<T> {
    /// Whether the call has ended.
    fn is_ready(&self) -> bool {
        self.is_finished()
    }

    fn watch(&self, watcher: Watcher) {
        self.shared.enter(&watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.shared.leave(watcher);
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Promise").field(&self.shared).finish()
    }
}
