//! Private half of `osier`; use `osier`.

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
pub mod clock;
pub mod io;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the hub will use it"))]
mod reactor;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the hub will use it"))]
mod thread;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the hub will use it"))]
mod timers;

#[allow(unsafe_code)]
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the hub takes it up"))]
mod stack;
#[allow(unsafe_code)]
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the hub takes it up"))]
mod coroutine;
#[allow(unsafe_code)]
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the hub takes it up"))]
mod task;
#[allow(unsafe_code)]
mod sys;
