//! What a suspended greenlet finds when it goes on, if not a value.

use std::any::Any;

use super::GreenletId;
use super::node::{Payload, StrandRef};

/// Left with a greenlet by whoever goes on with it.
pub(super) enum Fate {
    /// A value of the type that it waits for, from one that has ended, or with more to be seen to.
    Value(Box<dyn Any>),
    /// It is to unwind with that: something was thrown, or a child has panicked.
    Raise(Payload),
    /// That one was to give a value, and was killed.
    Ended(GreenletId),
    /// That one has given a value of another type.
    Misfit(GreenletId),
    /// It is to say where it stands, and to go on with that one.
    Show(StrandRef),
}

/// What a kill, or a drop, unwinds a greenlet with; consumed by its last frame.
pub(super) struct Exit(pub(super) GreenletId);

impl Exit {
    /// Whether that is one for this greenlet.
    pub(super) fn is_for(payload: &Payload, id: GreenletId) -> bool {
        payload.downcast_ref::<Exit>().is_some_and(|exit| exit.0 == id)
    }
}
