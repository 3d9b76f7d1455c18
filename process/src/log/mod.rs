//! What processes log goes to the logger of their parent.
//!
//! ```text
//! child   log! --> kernel -----------------> logger of the root, at once if a hub runs there
//!         log! --> backlog --> kernel -----> if there was no room: a task sends it on, the end at the latest
//! ```
//!
//! One pair of sockets for all processes below the one that has the logger, the root: each has the writing end, grandchildren too, so nobody
//! passes on what others send, and who dies loses nothing of theirs. Each message is a record with all that is to be said of it. What the
//! kernel has is safe, however its sender ends. Logging never switches tasks: code that logs may hold what others would wait for.
//!
//! - `pairs`: the key-values of a record
//! - `letter`: a record as it travels
//! - `backlog`: what the kernel has no room for, a pure structure
//! - `line`: the end that a process sends by
//! - `root`: where records arrive, and are given to the logger
//! - `relay`: the logger that the program has

mod backlog;
mod letter;
mod line;
mod pairs;
mod relay;
mod root;

pub(crate) use line::{Given, begin, begin_anew, flush, forget, given, prepare};
pub use relay::log_to_parent;
pub(crate) use root::{catch_up, deliver_all, look_after, none_left, wait_beside};
