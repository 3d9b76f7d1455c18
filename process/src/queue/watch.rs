//! A queue as one of several things to wait for.
//!
//! What is watched is the sign that there are items; those that this process keeps are looked for first. Nothing is taken: that is what `try_get` is for.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering::SeqCst;

use osier_runtime::ready::Sealed;
use osier_runtime::{Waitable, Watcher};

use super::{JoinableQueue, Queue, SimpleQueue};

impl<T> Sealed for Queue<T> {}

/// Ready when there is something to get, the end included; nothing is taken.
///
/// A hint: another task, or process, may take the item first: so take by
/// [`try_get`](Queue::try_get), and wait again if it is [`Empty`](super::GetError::Empty). That [`close`](Queue::close) is called meanwhile wakes nobody.
///
/// ```
/// use osier::process::{Process, queue::Queue};
/// use osier::Waitable;
///
/// osier::run(|| {
///     let answers = Queue::unbounded()?;
///     let theirs = answers.clone();
///     let child = Process::fork(move || theirs.put(42).unwrap())?;
///     let things: [&dyn Waitable; 2] = [&answers, &child];
///     osier::wait(things);
///     assert!(answers.is_ready());
///     assert_eq!(answers.try_get().unwrap(), 42);
///     child.join();
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
impl<T> Waitable for Queue<T> {
    fn is_ready(&self) -> bool {
        let (core, here) = (&self.core, self.core.here());
        here.closed.load(SeqCst) || here.keeps_some() || core.is_shut() || !core.ring().is_empty()
    }

    fn watch(&self, watcher: Watcher) {
        // A sign of what was taken since may stand there.
        let ready = self.is_ready() || self.core.hide(|| false);
        self.ready.watch(self.core.items.as_fd(), ready, watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.ready.unwatch(watcher);
    }
}

impl<T> Sealed for SimpleQueue<T> {}

/// As a [`Queue`].
impl<T> Waitable for SimpleQueue<T> {
    fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    fn watch(&self, watcher: Watcher) {
        self.0.watch(watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.0.unwatch(watcher);
    }
}

impl<T> Sealed for JoinableQueue<T> {}

/// As a [`Queue`]: ready when there is something to get, not when all is done.
impl<T> Waitable for JoinableQueue<T> {
    fn is_ready(&self) -> bool {
        Queue::is_ready(&**self)
    }

    fn watch(&self, watcher: Watcher) {
        Queue::watch(self, watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        Queue::unwatch(self, watcher);
    }
}
