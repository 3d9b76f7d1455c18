//! Private half of `osier`; use `osier::net`.
#![forbid(unsafe_code)]

mod deadline;
pub mod dns;

#[doc(inline)]
pub use dns::ToSocketAddrs;
