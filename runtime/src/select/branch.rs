//! What a select asks of its branches.

use std::time::Instant;

use super::desk::Desk;

/// Something that a [`select`](super::select()) can do.
///
/// What there is of these stands in the [module](super); no others can be made. `&mut` of one is one, too, so
/// that branches of different types go into one slice as `&mut dyn Branch`.
pub trait Branch: Steps {}

impl<B: Steps + ?Sized> Branch for B {}

/// The steps of a branch. Out of reach, so that nobody else makes one.
///
/// A branch that was done holds its outcome until that is taken.
pub trait Steps {
    /// Whether it could be done now.
    fn is_ready(&mut self) -> bool;

    /// Does it, if that needs no wait; whether it is done.
    fn finish(&mut self) -> bool;

    /// Stands in line; false if there is nothing to wait for, since it is done.
    fn enter(&mut self, desk: &Desk, branch: u32) -> bool;

    /// Leaves the line, and takes what it was handed if it was `served`.
    fn leave(&mut self, served: bool);

    /// Until when it waits, if it is a moment.
    fn deadline(&mut self) -> Option<Instant> {
        None
    }

    /// Ends as its `try_` form would, where nothing can wait.
    fn give_up(&mut self);
}

impl<B: Steps + ?Sized> Steps for &mut B {
    #[inline]
    fn is_ready(&mut self) -> bool {
        (**self).is_ready()
    }

    #[inline]
    fn finish(&mut self) -> bool {
        (**self).finish()
    }

    fn enter(&mut self, desk: &Desk, branch: u32) -> bool {
        (**self).enter(desk, branch)
    }

    fn leave(&mut self, served: bool) {
        (**self).leave(served);
    }

    fn deadline(&mut self) -> Option<Instant> {
        (**self).deadline()
    }

    fn give_up(&mut self) {
        (**self).give_up();
    }
}
