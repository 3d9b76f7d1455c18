//! A branch that waits for whatever can be waited for.

use std::fmt;

use super::branch::Steps;
use super::desk::Desk;
use crate::wait::{Waitable, Watcher};

/// A branch that is done when something is ready: a task at its end, an event, a semaphore.
///
/// It takes nothing: what can be taken is there to be taken by its `try_` form, which nobody else
/// does before this task waits again.
///
/// ```
/// use osier::queue::SimpleQueue;
/// use osier::select::ready;
///
/// osier::run(|| {
///     let queue = SimpleQueue::new();
///     let other = queue.clone();
///     osier::spawn(move || other.put(7));
///     osier::select! {
///         () = ready(&queue) => assert_eq!(queue.try_get(), Ok(7)),
///     }
/// });
/// ```
pub fn ready<W: Waitable + ?Sized>(thing: &W) -> Ready<'_, W> {
    Ready { thing, watcher: None, done: false }
}

/// A branch that waits for whatever can be waited for, made by [`ready`].
pub struct Ready<'a, W: Waitable + ?Sized> {
    thing: &'a W,
    /// What it is notified by, while it waits.
    watcher: Option<Watcher>,
    done: bool,
}

impl<W: Waitable + ?Sized> Ready<'_, W> {
    /// Whether it was the one that was done.
    #[inline]
    pub fn take(&mut self) -> Option<()> {
        std::mem::take(&mut self.done).then_some(())
    }
}

impl<W: Waitable + ?Sized> Steps for Ready<'_, W> {
    fn is_ready(&mut self) -> bool {
        self.thing.is_ready()
    }

    fn finish(&mut self) -> bool {
        self.done = true;
        true
    }

    fn enter(&mut self, desk: &Desk, branch: u32) -> bool {
        let watcher = desk.watcher(branch);
        self.thing.watch(watcher.clone());
        self.watcher = Some(watcher);
        true
    }

    fn leave(&mut self, _: bool) {
        if let Some(watcher) = self.watcher.take() {
            self.thing.unwatch(&watcher);
        }
    }

    fn give_up(&mut self) {
        self.done = true;
    }
}

impl<W: Waitable + ?Sized> fmt::Debug for Ready<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("is_ready", &self.thing.is_ready()).finish()
    }
}
