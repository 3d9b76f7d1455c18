//! All children of this process that were not reaped.

use std::mem;
use std::ptr;
use std::sync::{Arc, PoisonError};

use super::Process;
use super::child::Child;
use crate::log;
use osier_runtime::stay::{Mutex, MutexGuard};

static CHILDREN: Mutex<Vec<Arc<Child>>> = Mutex::new(Vec::new());

fn children() -> MutexGuard<'static, Vec<Arc<Child>>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn enter(child: Arc<Child>) {
    children().push(child);
}

pub(super) fn leave(child: &Child) {
    let mut children = children();
    let place = children.iter().position(|other| ptr::eq(Arc::as_ptr(other), child));
    let gone = place.map(|place| children.swap_remove(place));
    let was_last = gone.is_some() && children.is_empty();
    drop(children);
    drop(gone);
    if was_last {
        log::none_left();
    }
}

/// Whether there is any that was not reaped.
pub(super) fn has_some() -> bool {
    !children().is_empty()
}

/// In a forked child: these are the parent's children.
pub(super) fn forget() {
    mem::take(&mut *children()).into_iter().for_each(mem::forget);
}

/// Those that have not ended; the others are reaped.
pub(super) fn living() -> Vec<Arc<Child>> {
    let all = children().clone();
    all.into_iter().filter(|child| child.reap().is_none()).collect()
}

/// The children of this process that have not ended.
///
/// In no order. Those that have ended are reaped on the way.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// assert!(osier::process::active_children().is_empty());
/// ```
pub fn active_children() -> Vec<Process> {
    living().into_iter().map(Process::of).collect()
}
