//! The end of a task, as far as code of users runs there: what it keeps goes, and who asked looks at what came of it.
//!
//! Here in one piece, as the order matters. Greenlets end while the task is whole, and its locals after them, as
//! their frames may use those. Hooks look before an outcome that nobody holds is dropped. All that is before
//! the loan is repaid: what runs here may look at what was borrowed. Who is woken then, and the books, are the
//! hub's business.

use super::TaskRef;
use super::cell::quietly;

impl TaskRef {
    /// Whether no code of users is to run at its end: it keeps nothing, and somebody holds its outcome.
    ///
    /// The one thing that most tasks are asked there.
    #[inline]
    pub(crate) fn ends_plainly(&self) -> bool {
        self.held.get() && !self.has_extra()
    }

    /// Lets go of all that it keeps, on its own stack if it has one; whether there may be hooks to be called.
    ///
    /// Then nothing of the user's is left in it but those, and an outcome that is held.
    pub(crate) fn wind_up(&self) -> bool {
        if self.has_extra() {
            if let Some(annex) = self.annex() {
                annex.close();
            }
            self.end_locals();
            self.let_hooks_look();
        }
        if !self.held.get() {
            self.report_unseen();
            self.drop_outcome();
        }
        let has_extra = self.has_extra(); // anew: destructors may have seen to that
        if has_extra {
            if let Some(payload) = self.take_kill() {
                quietly("payload of a kill that came too late", || drop(payload));
            }
            self.end_locals();
        }
        has_extra
    }
}
