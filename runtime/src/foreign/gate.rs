//! Whether a task may wait here, asked by code that can be anywhere: in the hub itself, in a signal handler, in a forked
//! child, on a stack that somebody else has made.

use crate::hub;
use crate::stack;
use crate::stay::stays;

/// Whether a task of this thread's hub runs, as a first and quick answer.
///
/// One thread-local load and a branch where no hub runs. No allocation, and nothing that a signal handler may not do.
#[inline]
pub fn in_task() -> bool {
    hub::hub(|hub| match hub {
        None => false,
        Some(hub) => hub.is_running(),
    })
}

/// Where the stack of ours ends that the stack pointer `sp` is on, if the task may wait: it is on one, of this process, does
/// not unwind and is in no [`no_switch`](crate::no_switch).
///
/// What runs on the stack of the task and is none of it, as a signal handler, is the caller's to find out.
pub fn may_wait(sp: usize) -> Option<usize> {
    let in_order = hub::hub(|hub| {
        // The hub itself may call somebody, a logger say, with its books open.
        let hub = hub.filter(|hub| !hub::is_left_behind(hub.number()) && hub.is_at_rest())?;
        hub.peek(|me| me.map(|me| me.pinned.get() == 0 && !me.is_beneath()))
    });
    let may = in_order == Some(true) && !stays() && !std::thread::panicking();
    if may { end_of_stack(sp) } else { None }
}

/// Where the stack of ours ends that `sp` is on, if it is on one.
pub fn end_of_stack(sp: usize) -> Option<usize> {
    stack::end_of_stack_at(sp)
}

/// Notes, in a child that was just forked by whomever, that its tasks are copies.
///
/// What they call from then on waits in the kernel. One store.
pub fn leave_behind() {
    hub::leave_behind();
}
