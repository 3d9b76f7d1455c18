//! Standing in a line: the waiting of a task that goes with [`WaitList`].
//!
//! Here so that the line itself stays a pure structure, which threads and their models use as well.

use std::cell::RefCell;
use std::time::Instant;

use super::WaitList;
use crate::park::{Unparker, park};
use crate::task::{Reason, Wake};

/// Stands in line until it is granted something, and gives that; an error says how else it ended.
///
/// `line` finds the line in what it is kept with. On an error the waiter is out of the line, which may
/// make room for those behind it; then the caller [`deliver`](crate::deliver)s what it got. What was granted is never lost:
/// a kill or a time-out in the same turn comes after it.
///
/// The caller is in a task, and does not unwind: else there is nobody who could stand.
pub(crate) fn stand<S, T>(
    state: &RefCell<S>,
    line: impl Fn(&mut S) -> &mut WaitList<T>,
    value: T,
    reason: Reason,
    deadline: Option<Instant>,
) -> Result<T, Wake> {
    let ticket = line(&mut state.borrow_mut()).enter(Unparker::current(), value);
    loop {
        // As `undo`, so that it is out of the line also when `park` panics, inside of `no_switch`.
        let leave = || _ = line(&mut state.borrow_mut()).leave(ticket);
        match park(reason, deadline, leave) {
            Wake::Woken => {}
            other => return Err(other),
        }
        let mut state = state.borrow_mut();
        let line = line(&mut state);
        if line.is_granted(ticket) {
            return Ok(line.leave(ticket).0);
        }
        line.renew(ticket, Unparker::current());
    }
}
