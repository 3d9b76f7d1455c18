//! Channels between OS threads: many senders, many receivers, first come first served.
//!
//! - `pipe`: the items, who waits for what, and who is left; it wakes nobody
//! - `sender`, `receiver`: the two ends, and how they wait
//! - `patience`: when it pays to spin before a wait
//! - `error`: why an end did not get its way

mod error;
mod patience;
mod pipe;
mod receiver;
mod sender;

pub use error::{RecvError, SendError};
pub use receiver::{Iter, Receiver, TryIter};
pub use sender::{Sender, bounded, unbounded};
