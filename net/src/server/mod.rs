//! Servers that use every core: listeners in front of workers (feature `process`).
//!
//! - `front`: the plan, and its start
//! - `reserve`: addresses that several processes listen at
//! - `serve`: taking connections, one task each, until the worker is to end
//! - `idle`: waiting for the next request of a connection that is kept
//!
//! What the workers are, how they are replaced and told to end stands in `osier::process`: [`Workers`](osier_process::Workers).

mod front;
mod idle;
mod reserve;
mod serve;

pub use front::Front;
pub use idle::next_request;
