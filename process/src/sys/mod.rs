//! Every system call of this package that needs `unsafe`, one file a subject.
//!
//! - `fork`: making a copy of the process, and ending one at once
//! - `launch`: starting this program anew
//! - `entry`: what runs before `main`, in a process that was started so
//! - `program`: what is done before another program begins
//! - `lifeline`: being killed when the other end of a pipe goes
//! - `descriptor`: putting one descriptor in the place of another
//! - `shared`: memory that several processes have
//! - `forked`: being called in forked copies
//! - `restless`: a stream of signals, for tests
//!
//! # Why unsafe
//!
//! The compiler knows nothing of what the kernel does to a process and to descriptors that nobody
//! owns. What a caller must promise stands in each function's `# Safety`; what breaks no memory is a
//! safe function.

pub(crate) mod descriptor;
pub(crate) mod entry;
pub(crate) mod fork;
pub(crate) mod forked;
pub(crate) mod launch;
pub(crate) mod lifeline;
pub(crate) mod program;
#[cfg(test)]
pub(crate) mod restless;
pub(crate) mod shared;
