//! Guarded stacks for tasks, and the pool that hands them out.
//!
//! A stack is a slot of a large reserved region. Nothing in it costs memory until it is touched:
//!
//! ```text
//!           region: one mapping, NORESERVE, no huge pages
//! low  ┌───────┬────────────────────┬───────┬────────────────────┬──── ... ─┐  high
//!      │ guard │ usable             │ guard │ usable             │          │
//!      │ 64 KiB│ 256 KiB by default │       │                 ┊▒▒│          │
//!      └───────┴────────────────────┴───────┴────────────────────┴──── ... ─┘
//!      guard_start  limit        grows down <────────────── top  end
//!                                                             └──┘ colour: 0 to 960 bytes
//! ```
//!
//! - **Guard**: every access to it faults. 64 KiB, because C code without stack probes steps over
//!   a single page. Where the kernel can (Linux 6.13), guards are markers in the page table and a
//!   million stacks stay one mapping; elsewhere they are mappings of their own, of which a process
//!   may have 65,530 ([`region`]). Without either there is no stack: never an unguarded one.
//! - **Colour**: stack `i` starts `(i % 16) * 64` bytes below its end. If all started at the end,
//!   the hot lines of all tasks would share the same few sets of the cache.
//! - **Reuse** is last in, first out: a fresh page costs a fault of 2.5 us, a warm one nothing.
//!   What has become too much is given back while the hub is idle ([`trim`]).
//! - **Overflow** ends the process with a message that names the task ([`overflow`]).
//!
//! This module knows no tasks and switches nothing: that is `coroutine`'s.
//!
//! # Why unsafe
//!
//! Mapping, forbidding and discarding memory behind the compiler's back. What keeps it sound is
//! ownership: a [`Stack`] is not `Clone`, whoever has it is the only one to touch that memory, and
//! the pool discards only what lies in its own idle list. A stack that has not come back is never
//! reused, trimmed or unmapped, whatever happens to the pool.

mod class;
mod error;
mod guarded;
mod label;
mod line;
pub(crate) mod overflow;
mod pool;
mod region;
mod registry;
mod trim;

#[cfg(test)]
mod tests;

pub(crate) use error::StackError;
pub(crate) use guarded::{Stack, trim_below};
pub(crate) use label::Kind;
pub(crate) use line::LineBuf;
pub(crate) use pool::{DEFAULT_SIZE, Pool, Stats};
pub(crate) use registry::end_of_stack_at;

/// The size of the guard below each stack, in bytes; a multiple of every page size there is.
const GUARD_SIZE: usize = 64 * 1024;
