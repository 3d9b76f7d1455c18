//! Waiting for one thing as a future: what a handle keeps that can be polled.

use std::cell::OnceCell;
use std::fmt;
use std::task::Context;

use super::{Lookout, Waitable};

/// The place of one future among those who watch a thing. It belongs to a handle of the thing, which leaves it
/// when it goes.
#[derive(Default)]
pub(crate) struct Polled(OnceCell<Lookout>);

impl Polled {
    pub(crate) const fn new() -> Polled {
        Polled(OnceCell::new())
    }

    /// Has the future woken when the thing is ready, at once if it is. It then looks for itself.
    pub(crate) fn wait(&self, thing: &impl Waitable, cx: &Context<'_>) {
        let lookout = self.0.get_or_init(Lookout::new);
        lookout.wake(cx.waker());
        thing.watch(lookout.watcher(0));
    }

    /// It waits no more; if it was told, the next one is.
    #[inline]
    pub(crate) fn leave(&self, thing: &impl Waitable) {
        if let Some(lookout) = self.0.get() {
            thing.unwatch(&lookout.watcher(0));
        }
    }
}

impl fmt::Debug for Polled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Polled").field(&self.0.get().is_some()).finish()
    }
}
