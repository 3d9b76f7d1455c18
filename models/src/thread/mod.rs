//! The sources of `runtime/src/thread`, with the locks beside this file.
#![allow(dead_code, reason = "each model uses a part of it")]

pub(crate) mod lock;
#[path = "../../../runtime/src/thread/channel/pipe.rs"]
pub(crate) mod pipe;
