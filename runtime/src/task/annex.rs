//! What a layer above the hub keeps with a task, and sees to when the task's closure has ended.

use std::any::Any;
use std::rc::Rc;

use super::header::Header;

/// Kept with a task, at most one.
pub(crate) trait Annex: Any {
    /// Called on the task's own stack when its closure has ended; may wait, must not unwind.
    fn close(self: Rc<Self>);
}

impl Header {
    /// What is kept with it.
    pub(crate) fn annex(&self) -> Option<Rc<dyn Annex>> {
        self.peek_annex()
    }

    /// Keeps something with it.
    pub(crate) fn set_annex(&self, annex: Rc<dyn Annex>) {
        self.put_annex(annex);
    }
}
