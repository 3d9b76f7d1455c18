//! Where code runs, as far as switches are concerned: what may go on with what.

use std::cell::Cell;
use std::ptr;

thread_local! {
    /// Whose place this is known to be: null, or the address of something that switches here.
    static ACTIVE: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// Whether this was found to be the place of `owner` since it changed last.
#[inline(always)]
pub(super) fn is_active(owner: *const ()) -> bool {
    ACTIVE.get() == owner
}

/// Remembers whose place this is. The caller has made sure.
pub(super) fn activate(owner: *const ()) {
    ACTIVE.set(owner);
}

/// Forgets whose place this is: called by whoever changes the place, or has more to say.
#[inline]
pub(crate) fn deactivate() {
    ACTIVE.set(ptr::null());
}

/// A task, a hub's own stack, or an OS thread outside of any hub.
///
/// Coroutines that are entered by hand switch among those of one place only: to leave a task
/// in the middle and go on in another's frames would make the hub mistake one for the other. The hub
/// tells which place this is; what is built on that trusts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place(u64);

impl Place {
    /// No hub runs on this thread.
    pub(crate) const OUTSIDE: Place = Place(0);
    /// Inside of `no_switch`: the place of nobody.
    pub(crate) const PINNED: Place = Place(u64::MAX);
    /// A place that is no more: the task has ended.
    pub(crate) const GONE: Place = Place(u64::MAX - 1);

    /// Of a task, or of the hub itself, by a number that nobody else in the process has.
    #[inline]
    pub(crate) fn numbered(number: u64) -> Place {
        Place(number)
    }
}
