//! The sources of `runtime/src/hub`, with the atomics beside this file.

mod atomic;
#[path = "../../../runtime/src/hub/bell.rs"]
pub(crate) mod bell;
