//! Green threads for Rust.
#![forbid(unsafe_code)]

#[cfg(feature = "net")]
#[doc(inline)]
pub use osier_net as net;
#[doc(inline)]
pub use osier_runtime::*;
