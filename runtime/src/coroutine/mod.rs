//! The seam to a stack switch: run code on another stack, leave it, come back.
//!
//! Two back ends stand behind it, chosen by build.rs, and each offers the same list:
//!
//! - `DIRECT`: whether a coroutine can switch straight to another one (`hop`);
//! - `Root`: the OS thread's own side, from where coroutines are entered;
//! - `Coroutine`: a place for code on a stack: empty, prepared, or suspended;
//! - `Coroutine::prepare`, `inherit`, `release`: give it a stack, hand the stack it runs on to another, give it back;
//! - `saved_sp`, `prefetch`, `prefetch_stack`: where it will go on, and fetching that early;
//! - `enter`, `leave`, `hop`: root to coroutine, coroutine to root, coroutine to coroutine; `hop_with` a word;
//! - `Back`: what the root gets when somebody has left.
//!
//! On either stands what is entered by hand, with values, rather than by the hub: [`Pair`], which suspends itself
//! to whoever resumes it, and [`Strand`]s, which switch to each other. Those two check what the back ends leave
//! to the caller.
//!
//! What it does not do: decide who runs. It knows stacks and registers, no task and no hub.
//!
//! # Why unsafe
//! The compiler cannot see that control leaves in the middle of a function and that other code
//! runs, on another stack, before it comes back. Who calls this owes: the one who leaves is the
//! one who runs, the one who is entered is prepared or suspended, both stay where they are in
//! memory while they are suspended, and a stack is not touched while code lives on it. The
//! task module pays these debts, once, with the states of its tasks.
//!
//! Neither back end saves errno, MXCSR or the signal mask.

mod fresh;
#[cfg(osier_jump)]
mod jump;
mod pair;
mod place;
#[cfg(not(osier_jump))]
mod portable;
mod strand;

#[cfg(osier_jump)]
use jump::opaque;
#[cfg(osier_jump)]
pub(crate) use jump::{Back, Coroutine, DIRECT, Root};
pub(crate) use pair::{Door, Order, Pair, Stage, Step};
pub(crate) use place::{Place, deactivate};
#[cfg(not(osier_jump))]
use portable::opaque;
#[cfg(not(osier_jump))]
pub(crate) use portable::{Back, Coroutine, DIRECT, Root};
pub(crate) use strand::{Knot, Life, Strand};

/// What two coroutines hand over in a register: a small value, or where a large one is.
pub(crate) type Word = std::mem::MaybeUninit<*mut ()>;

/// What a coroutine runs, from the bottom of its stack.
pub(crate) trait Body {
    /// Runs to the end and says who is next: a suspended or prepared coroutine, or null for the
    /// root. A back end that is not `DIRECT` is always told null. It must not unwind.
    fn run() -> *const Coroutine;
}
