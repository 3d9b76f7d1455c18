//! The sources of `runtime/src/wait` that threads use.
#![allow(dead_code, reason = "each model uses a part of it")]

#[path = "../../../runtime/src/wait/list.rs"]
pub(crate) mod list;
