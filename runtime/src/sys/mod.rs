//! Every system call of this crate that needs `unsafe` or names a number, one file a subject.
//!
//! Thin on purpose: each function is one call with its arguments spelt out and its error as
//! [`std::io::Error`]. What the calls are for, and in which order, is decided by the callers.
//!
//! # Why unsafe
//!
//! The compiler knows nothing of what the kernel does to memory and signals. What a caller must
//! promise stands in each function's `# Safety`; what cannot break memory (a query, a fresh
//! mapping) is a safe function.

pub(crate) mod alone;
pub(crate) mod limits;
pub(crate) mod mask;
pub(crate) mod memory;
pub(crate) mod number;
pub(crate) mod peer;
pub(crate) mod post;
pub(crate) mod shot;
pub(crate) mod signal;
pub(crate) mod slot;
