//! `syscall(SYS_futex)`: what std's Mutex, RwLock, Condvar, Barrier, Once and LazyLock wait in. README.md is the protocol.
//!
//! - `call`: the symbol `syscall`, and which futex operation goes where
//! - `gate`: whether a call may switch tasks here
//! - `wait`: a task waits for a word
//! - `limit`: until when
//! - `wake`: waking tasks, and the kernel's waiters
//! - `table`: who waits for which word
//! - `shard`: a part of the table, with its lock
//! - `tally`, `atomic`: how many wait in such a part, for who wakes
//! - `node`: one who waits
//! - `last`: what is said before the process is ended
//! - `parker`: std's `thread::park`, which has one token a thread

mod atomic;
mod call;
pub(crate) mod gate;
mod last;
mod limit;
mod node;
mod parker;
mod shard;
mod table;
mod tally;
mod wait;
mod wake;

pub(crate) use call::SYMBOLS;
