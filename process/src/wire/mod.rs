//! What passes between processes, and over what.
//!
//! - `stake`: which descriptors of ours a process holds, and which of them a forked child was handed
//! - `parcel`: a value as bytes and descriptors
//! - `arrival`: receiving a message
//! - `bytes`: bytes that are encoded as they are
//! - `passed`: descriptors within values
//! - `frame`: how a parcel looks on a socket
//! - `sealed`: what is too large for a message
//! - `socket`: sending and receiving parcels
//! - `stop`: what is done before an OS thread stops to wait
//! - `error`: what can go wrong

mod arrival;
mod bytes;
mod error;
mod frame;
mod parcel;
mod passed;
mod sealed;
mod socket;
mod stake;
mod stop;

pub(crate) use arrival::{Arrival, Missed};
pub use bytes::Bytes;
pub use error::{RecvError, SendError};
pub(crate) use frame::{FIRST, INLINE};
pub use parcel::Parcel;
pub use passed::Passed;
pub(crate) use passed::{Inherited, for_a_start};
pub(crate) use sealed::Sheet;
pub use socket::Socket;
pub(crate) use socket::try_send_bytes;
pub use stake::Stake;
pub(crate) use stake::{give_up_all_but, staked};
pub(crate) use stop::{about_to_wait, before_stopping};
