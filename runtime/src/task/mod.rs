//! The task: one allocation with its control block, its closure, then its result.
//!
//! - `id`: names of tasks, and tickets for their waits
//! - `reason`: what a parked task waits for
//! - `join_error`: how a task can fail
//! - `interrupts`: kills and time-outs that wait to be delivered
//! - `hook`: what others have asked for at its end
//! - `locals`: values that it keeps for itself
//! - `header`: the control block and its states
//! - `block`, `chunk`: the memory of it
//! - `cell`: the allocation and its reference count
//! - `outcome`: the typed end of it, which a join handle holds
//! - `end`: what of the user's runs when it ends
//! - `lost`: errors that nobody looks at
//! - `switch`: entering and leaving, checked by the states
//! - `tracked`: what is noted of a task while tracking is on
//! - `annex`: what a layer above keeps with a task
//! - `lend`: tasks that borrow, and the promise to wait for them
//!
//! # Why unsafe
//! A task's closure and result are of a type that the scheduler does not know, in one
//! allocation that handle and hub share, and the code on its stack is gone on with by hand. The
//! invariants: the reference count is touched by one thread alone (nothing here is Send);
//! `content` says at all times which half of the union is alive; a task is entered only when its
//! state says that it is suspended, and leaves only when it says that it runs.

mod annex;
mod block;
mod cell;
mod chunk;
mod end;
mod header;
mod hook;
mod id;
mod interrupts;
mod join_error;
mod lend;
mod locals;
mod lost;
mod outcome;
mod purpose;
mod reason;
mod switch;
mod tracked;

pub use id::TaskId;
pub use join_error::JoinError;
pub(crate) use join_error::Killed;
pub use reason::Reason;

pub(crate) use annex::Annex;
pub(crate) use cell::TaskRef;
pub use header::Wake;
pub(crate) use header::{Header, NOWHERE, Spec, State};
pub(crate) use hook::Hook;
pub(crate) use id::Waiter;
pub(crate) use interrupts::{Due, Interrupts, Payload, TimeoutUnwind};
pub use lend::Scope;
pub(crate) use lend::{Loan, lend};
pub use lost::{ErrorHook, LostError, set_error_hook, take_error_hook};
pub(crate) use outcome::Outcome;
pub(crate) use purpose::{Purpose, is_stopped};
pub(crate) use switch::{Exit, Here, Next};
pub(crate) use tracked::Tracked;
