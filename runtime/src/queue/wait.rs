//! One who waits in a line of a queue: a task in `put` or `get`, or one branch of a select.
//!
//! A select stands in several lines at once and is served in one: whoever serves it claims it first, for
//! that branch, and the others pass it by from then on. No hub and no clock here.

use std::any::Any;
use std::cell::Cell;
use std::panic::resume_unwind;
use std::rc::Rc;

use super::error::PutError;

/// Which branch of a select was served, if one was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claim(Rc<Cell<Option<u32>>>);

impl Claim {
    /// The branch that was served.
    pub(crate) fn branch(&self) -> Option<u32> {
        self.0.get()
    }
}

/// A place in a line, and what is handed over in it.
pub(crate) struct Wait<T> {
    /// Who gets: what was handed over. Who puts: what was not taken yet.
    pub(super) item: Option<T>,
    /// What most do not have, kept apart: places are copied around.
    extra: Option<Box<Extra>>,
}

enum Extra {
    /// The select that this is a branch of, and which.
    Branch(Claim, u32),
    /// What the item's comparison panicked with, when it was to be taken in.
    Panic(Box<dyn Any + Send>),
}

impl<T> Wait<T> {
    /// A task that waits for this alone.
    #[inline]
    pub(super) const fn alone(item: Option<T>) -> Wait<T> {
        Wait { item, extra: None }
    }

    /// One branch of a select.
    pub(crate) fn branch(item: Option<T>, claim: &Claim, branch: u32) -> Wait<T> {
        Wait { item, extra: Some(Box::new(Extra::Branch(claim.clone(), branch))) }
    }

    /// Whether it can still be served here.
    #[inline]
    pub(super) fn is_live(&self) -> bool {
        match self.extra.as_deref() {
            Some(Extra::Branch(claim, _)) => claim.branch().is_none(),
            Some(Extra::Panic(_)) | None => true,
        }
    }

    /// Decides that it is served here.
    #[inline]
    pub(super) fn claim(&self) {
        if let Some(Extra::Branch(claim, branch)) = self.extra.as_deref() {
            claim.0.set(Some(*branch));
        }
    }

    /// Notes that the item could not be taken in.
    #[cold]
    pub(super) fn fail(&mut self, payload: Box<dyn Any + Send>) {
        self.extra = Some(Box::new(Extra::Panic(payload)));
    }

    /// How it ended for one who puts and was served.
    ///
    /// # Panics
    /// With what the comparison of the item panicked with.
    #[inline]
    pub(crate) fn end_put(self) -> Result<(), PutError<T>> {
        let Some(item) = self.item else { return Ok(()) };
        match self.extra.map(|extra| *extra) {
            Some(Extra::Panic(payload)) => resume_unwind(payload),
            Some(Extra::Branch(..)) | None => Err(PutError::ShutDown(item)),
        }
    }

    /// The item, of one who was not served.
    pub(crate) fn into_item(self) -> Option<T> {
        self.item
    }
}
