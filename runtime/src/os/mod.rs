//! What the system offers besides sockets, as calls that let the other tasks run.
//!
//! - `fs`: files and folders, through OS threads

pub mod fs;
