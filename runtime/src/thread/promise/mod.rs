//! Results that come later, from another OS thread.
//!
//! - `shared`: what both ends see: the stages of a call, and who wants to hear of its end
//! - `promise`: the end that waits, cancels and takes
//! - `resolver`: the end that delivers
//! - `several`: waiting for many
//! - `error`: why there is no result

mod error;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod promise;
mod resolver;
mod several;
mod shared;

pub use error::CallError;
pub use promise::Promise;
pub use resolver::{Resolver, promise};
pub use several::{AsCompleted, Unfinished, Until, Waited, as_completed, wait};
