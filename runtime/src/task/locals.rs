//! Values that a task keeps for itself, until its end.
//!
//! Here, beside the task, so that they go when it ends, on its own stack. What they are, and when they are
//! made, is `task_local!`'s business.

use std::any::Any;
use std::mem;
use std::rc::Rc;

use super::cell::quietly;
use super::{Header, TaskRef};

/// By the address of the static that names it. A few, so a list does.
pub(super) type Locals = Vec<(usize, Rc<dyn Any>)>;

/// How often what destructors leave behind is dropped in turn.
const ROUNDS: usize = 5;

impl Header {
    /// The value of that name, if there is one.
    pub(crate) fn local(&self, name: usize) -> Option<Rc<dyn Any>> {
        let find = |locals: &Locals| {
            locals.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
        };
        self.peek_extra(|extra| find(&extra.locals))?
    }

    /// Keeps a value; the one that was there comes back, as its destructor is the user's.
    pub(crate) fn set_local(&self, name: usize, value: Rc<dyn Any>) -> Option<Rc<dyn Any>> {
        self.extra(|extra| match extra.locals.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => Some(mem::replace(old, value)),
            None => {
                extra.locals.push((name, value));
                None
            }
        })
    }
}

impl TaskRef {
    /// Drops all values, the last made first, and what their destructors make anew.
    pub(crate) fn end_locals(&self) {
        for _ in 0..ROUNDS {
            let locals = self.peek_extra(|extra| mem::take(&mut extra.locals));
            let Some(locals) = locals.filter(|locals| !locals.is_empty()) else { return };
            for (_, value) in locals.into_iter().rev() {
                quietly("value of a task-local", || drop(value));
            }
        }
        // Dropped with the control block they would run nobody knows where.
        self.peek_extra(|extra| mem::forget(mem::take(&mut extra.locals)));
    }
}
