//! TCP, name by name as in [`std::net`].
//!
//! The docs of the package list what differs from std; nothing else does. A call that has to wait parks its task, and the
//! other tasks of the thread run. Outside any hub, and in a destructor while a task unwinds, it waits in the kernel as
//! std would.

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
