//! Private half of `osier`; use `osier`.
//!
//! The scheduler of green threads and all that it stands on: stacks, the switch between them, timers,
//! descriptors, kills. What users see of it they see as `osier`, whose docs are the ones to read; what
//! only `osier-net` sees has no other promise of staying as it is. HACKING.md has the map.

#[doc(hidden)]
pub mod beneath;
mod blocker;
mod cancel;
pub mod channel;
pub mod clock;
mod complaint;
#[allow(unsafe_code)]
mod coroutine;
#[doc(hidden)]
pub mod foreign;
#[doc(hidden)]
pub mod fork;
pub mod future;
pub mod greenlet;
mod group;
mod handle;
mod hub;
pub mod inspect;
pub mod io;
pub mod local;
pub mod log;
mod lull;
mod os;
mod park;
#[doc(hidden)]
pub mod peer;
pub mod queue;
#[cfg_attr(
    not(feature = "testing"),
    expect(unreachable_pub, reason = "users see it as a part of `testing`")
)]
mod random;
mod reactor;
#[doc(hidden)]
pub mod ready;
#[cfg(doctest)]
mod refused;
mod run;
mod scope;
pub mod select;
mod settings;
mod spawn;
#[allow(unsafe_code)]
mod stack;
mod stats;
#[doc(hidden)]
pub mod stay;
pub mod sync;
#[allow(unsafe_code)]
mod sys;
#[allow(unsafe_code)]
mod task;
#[cfg(feature = "testing")]
pub mod testing;
pub mod thread;
mod time;
mod timers;
mod trace;
mod wait;
#[doc(hidden)]
pub mod who;

pub use cancel::{Elapsed, deliver, no_switch, shield, timeout};
pub use group::{
    AsyncResult, Callback, Group, Imap, Iwait, JoinAll, Link, LinkTarget, Pool, PoolFull, Timer,
    Worker, WorkerEnd, WorkerReport, iwait, join_all_ok, join_any, kill_all, kill_all_timeout,
    map_ordered, map_unordered, run_callback, spawn_later, wait, wait_timeout,
};
pub use handle::{Handle, RemoteHandle, RemoteKiller, handle};
pub use hub::Deadlock;
pub use inspect::{Blocked, Dump, Watch, dump, watch, watch_with};
pub use lull::{idle, join_rest};
pub use os::{fs, signal, stdio};
#[doc(hidden)]
pub use park::give_way;
pub use park::{RemoteUnparker, Unparker, park, yield_now};
pub use run::{Hub, run};
pub use scope::{ScopedJoinHandle, scope};
pub use spawn::{Builder, JoinHandle, Task, active_count, current, enumerate, join_all, spawn};
pub use stats::{Stats, stats};
pub use task::{
    ErrorHook, JoinError, LostError, Reason, Scope, TaskId, Wake, set_error_hook, take_error_hook,
};
pub use time::{sleep, sleep_until};
pub use wait::{Waitable, Watcher};
