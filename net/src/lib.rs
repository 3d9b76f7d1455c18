//! Private half of `osier`; use `osier::net`.
#![forbid(unsafe_code)]
