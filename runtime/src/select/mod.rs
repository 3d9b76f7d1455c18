//! Waiting for whichever of several things can be done first, and doing that one.
//!
//! A *branch* is something that may have to wait: [`get`] and [`put`] of a [`queue`](crate::queue), [`recv`] and
//! [`send`] of a [`channel`](crate::channel), the end of a task, an event or whatever else is [`Waitable`](crate::Waitable)
//! ([`ready`]), a descriptor ([`readable`], [`writable`]), a moment ([`after`], [`at`]). The macro [`select!`](crate::select!) has an arm for
//! each, the function [`select`](select()) takes a slice of them, for when their number is not known beforehand.
//!
//! Of several branches that can go on at once one is chosen by chance, each as likely as another; the
//! order of chances is the same in every run, and another after [`set_seed`]. One branch is done, and no other has
//! an effect: a put that was not chosen has put nothing, and an item goes to one who takes it.
//!
//! ```
//! use std::time::Duration;
//! use osier::channel;
//! use osier::select::{after, recv, ready};
//!
//! osier::run(|| {
//!     let (to, from) = channel::unbounded();
//!     let worker = osier::spawn(move || to.send("tea").unwrap());
//!     let got = osier::select! {
//!         value = recv(&from) => value.unwrap(),
//!         () = after(Duration::from_secs(5)) => "nothing",
//!     };
//!     assert_eq!(got, "tea");
//!     worker.join().unwrap();
//! });
//! ```

mod branch;
mod chance;
mod descriptor;
mod desk;
mod exchange;
mod moment;
mod run;
mod syntax;
#[cfg(test)]
mod tests;
mod thing;

pub use branch::Branch;
pub use chance::set_seed;
pub use descriptor::{Descriptor, readable, writable};
pub use exchange::{Get, Put, Recv, Send, get, put, recv, send};
pub use moment::{Moment, after, at};
pub use run::{select, select_deadline, select_timeout, try_select};
pub use thing::{Ready, ready};
