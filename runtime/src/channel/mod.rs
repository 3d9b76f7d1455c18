//! Channels between tasks of one hub, in the shape of std's.
//!
//! Two ends, each of which can be cloned. When all senders have gone, receivers still have what was sent, and
//! then an error; when all receivers have gone, what is left is dropped, and senders have their values back. The errors
//! are those of [`std::sync::mpsc`]. [`queue`](crate::queue) has the other shape; to reach another OS thread takes the channels
//! of [`thread`](crate::thread).
//!
//! ```
//! use osier::channel;
//!
//! osier::run(|| {
//!     let (to, from) = channel::bounded(1);
//!     for name in ["ann", "bob"] {
//!         let to = to.clone();
//!         osier::spawn(move || to.send(name).unwrap());
//!     }
//!     drop(to); // the loop ends when the last sender goes
//!     assert_eq!(from.iter().collect::<Vec<_>>(), ["ann", "bob"]);
//! });
//! ```

mod ends;
mod error;
mod receiver;
mod sender;

pub use ends::{bounded, unbounded};
pub use error::SendTimeoutError;
pub use receiver::{IntoIter, Iter, Receiver, TryIter};
pub use sender::Sender;
pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
