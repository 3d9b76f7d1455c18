//! TCP, name by name as in [`std::net`].
//!
//! What differs from std, and nothing else does:
//!
//! - A call that has to wait parks its task, and the other tasks of the thread run. Outside any
//!   hub, and in a destructor while a task unwinds, it waits in the kernel as std would.
//! - Names are looked up by [`dns`](crate::dns).
//! - Time limits and the non-blocking mode belong to the handle, not to the socket: what
//!   `try_clone` returns starts with copies and then has its own.
//! - A time limit that is reached is always [`TimedOut`](std::io::ErrorKind::TimedOut), never
//!   `WouldBlock`; and the write limit of `write_all` is for the whole, not for each piece.
//! - One task may read and one may write at a time; a second reader gets
//!   [`ResourceBusy`](std::io::ErrorKind::ResourceBusy), and the first keeps waiting.
//! - A listener's backlog is as long as the system allows, not 128.

mod call;
mod connect;
mod convert;
mod incoming;
mod listener;
mod options;
mod stream;

pub use self::incoming::{Incoming, IntoIncoming};
pub use self::listener::TcpListener;
pub use self::stream::TcpStream;
