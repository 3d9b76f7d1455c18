//! Files and folders, as in [`std::fs`], name by name.
//!
//! A program changes `use std::fs` to `use osier::fs` and is done. The kernel has no readiness for files: a call on
//! one blocks until the disk, or the machine behind the mount, has answered. So each call here runs on
//! an OS thread of a small pool (`OSIER_OFFLOAD` says how many, 4 otherwise; not the one of
//! [`offload`](crate::thread::offload)), while the task waits and others run. Reads are tried at once first, in a
//! way that the kernel refuses where it would have to wait: what lies in its cache comes
//! without a detour.
//!
//! Outside of a task, and in a destructor while one unwinds, a call is made right there and stops the OS thread.
//!
//! What is handed to the other thread is owned by it, so that a kill or a [`timeout`](crate::timeout) ends a wait at
//! once. The call itself goes on: whether a write that was cut short has happened is not known, and a read may have
//! moved the place where the next one begins.
//!
//! Pages of a file that is mapped into memory are nobody's call: to touch one that is not there
//! stops the OS thread, whatever the runtime.
//!
//! - `whole`: a path, and what is done with it in one go
//! - `file`, `options`: an open file
//! - `dir`: folders
//! - `call`: the way to the other thread

mod call;
mod dir;
mod file;
mod options;
mod whole;

pub use dir::{DirBuilder, ReadDir, create_dir, create_dir_all, read_dir};
pub use file::File;
pub use options::OpenOptions;
pub use whole::{
    canonicalize, copy, exists, hard_link, metadata, read, read_link, read_to_string, remove_dir,
    remove_dir_all, remove_file, rename, set_permissions, symlink, symlink_metadata, write,
};

#[doc(no_inline)]
pub use std::fs::{DirEntry, FileTimes, FileType, Metadata, Permissions};
