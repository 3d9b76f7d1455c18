//! The end of a promise that delivers.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::shared::Shared;
use super::{CallError, Promise};

/// A promise, and what keeps it.
///
/// For what is no call of a [`ThreadPoolExecutor`](crate::thread::ThreadPoolExecutor) and is to be waited for as if it were.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let (resolver, promise) = osier::thread::promise();
/// std::thread::spawn(move || resolver.resolve(42));
/// assert_eq!(osier::run(|| promise.result()).unwrap(), 42);
/// ```
pub fn promise<T>() -> (Resolver<T>, Promise<T>) {
    let shared = Arc::new(Shared::new());
    (Resolver { shared: Some(shared.clone()) }, Promise::new(shared))
}

/// Keeps a [`Promise`], once.
///
/// Dropped, it breaks it: whoever waits is told.
///
/// ```
/// let (resolver, promise) = osier::thread::promise::<u32>();
/// drop(resolver);
/// assert!(promise.result().unwrap_err().is_broken());
/// ```
pub struct Resolver<T> {
    /// None once the promise is kept.
    shared: Option<Arc<Shared<T>>>,
}

impl<T> Resolver<T> {
    /// Says that the work begins: from now on it cannot be cancelled. False if it was.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn start(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.start())
    }

    /// Delivers the result. If the promise was cancelled the result is dropped.
    ///
    /// Callbacks run right here.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    pub fn resolve(self, value: T) {
        self.finish(Ok(value));
    }

    /// Delivers a panic, with this payload.
    ///
    /// # Blocking
    /// As [`resolve`](Self::resolve).
    pub fn reject(self, payload: Box<dyn Any + Send>) {
        self.finish(Err(CallError::panicked(payload)));
    }

    /// Delivers an error.
    ///
    /// # Blocking
    /// As [`resolve`](Self::resolve).
    pub fn fail(self, error: CallError) {
        self.finish(Err(error));
    }

    pub(crate) fn break_with(self, why: Arc<str>) {
        self.finish(Err(CallError::broken(why)));
    }

    pub(crate) fn finish(mut self, outcome: Result<T, CallError>) {
        if let Some(shared) = self.shared.take() {
            let running = shared.stage().0 == super::shared::Stage::Running;
            if running || shared.start() {
                shared.finish(outcome);
            }
        }
    }

    /// Cancels it, as the other end could: unless it has begun.
    ///
    /// # Blocking
    /// As [`resolve`](Self::resolve).
    pub fn cancel(self) {
        if let Some(shared) = &self.shared {
            shared.cancel();
        }
    }

    /// Whether the other end has cancelled it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_cancelled(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.stage().1)
    }
}

impl<T> Drop for Resolver<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            let why: Arc<str> = Arc::from("whoever was to make it has gone");
            Resolver { shared: Some(shared) }.break_with(why);
        }
    }
}

impl<T> fmt::Debug for Resolver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resolver").field(&self.shared).finish()
    }
}
