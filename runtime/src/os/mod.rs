//! What the system offers besides sockets, as calls that let the other tasks run.
//!
//! - `fs`: files and folders, through OS threads
//! - `signal`: signals that tasks wait for
//! - `stdio`: standard input and output

pub mod fs;
pub mod signal;
pub mod stdio;
