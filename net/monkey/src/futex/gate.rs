//! Whether a call of libc may wait beneath its caller where it was made.
//!
//! Where it was made is the gate's of all calls to say ([`may_wait`]); whether the runtime is in the middle of something, the
//! runtime's ([`Beneath::begin`]).

use osier_runtime::beneath::{Beneath, Ears};

use crate::gate::{in_task, may_wait};

/// The right to wait in a task, if this is a place for it; otherwise the OS thread waits.
pub(crate) fn enter(ears: Ears) -> Option<Beneath> {
    (in_task() && may_wait()).then(|| Beneath::begin(ears))?
}
