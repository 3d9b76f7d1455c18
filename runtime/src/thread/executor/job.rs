//! A call on its way to a thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::thread::promise::{CallError, Resolver};

/// What a crew runs, cancels or gives up, without knowing its type.
pub(super) trait Job: Send {
    /// Makes the call, unless it was cancelled.
    fn run(self: Box<Self>);
    /// Cancels it.
    fn cancel(self: Box<Self>);
    /// Gives it up.
    fn give_up(self: Box<Self>, why: &Arc<str>);
}

/// A closure and where its result goes.
pub(super) struct Call<F, T> {
    pub(super) f: F,
    pub(super) resolver: Resolver<T>,
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(self: Box<Self>) {
        let Call { f, resolver } = *self;
        if resolver.start() {
            let result = catch_unwind(AssertUnwindSafe(f));
            resolver.finish(result.map_err(CallError::panicked));
        }
    }

    fn cancel(self: Box<Self>) {
        self.resolver.cancel();
    }

    fn give_up(self: Box<Self>, why: &Arc<str>) {
        self.resolver.break_with(why.clone());
    }
}
