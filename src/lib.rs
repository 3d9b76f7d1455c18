//! Green threads for Rust: plain blocking code, many thousands of tasks on one OS thread.
//!
//! A task is spawned and joined as a thread is, and has a stack of its own. Where it waits, for a
//! socket, a timer, another task, the others run. No `async`, nothing to `await`, and as tasks
//! stay on their thread, nothing has to be `Send`.
//!
#![cfg_attr(feature = "net", doc = "```")]
#![cfg_attr(not(feature = "net"), doc = "```ignore")]
//! use std::io::{self, Write};
//! use osier::net::{TcpListener, TcpStream};
//!
//! let texts = osier::run(|| {
//!     let listener = TcpListener::bind("127.0.0.1:0")?;
//!     let addr = listener.local_addr()?;
//!     osier::Builder::new().daemon(true).spawn(move || {
//!         for mut peer in listener.incoming().flatten() {
//!             osier::spawn(move || peer.write_all(b"hello")); // one task a connection
//!         }
//!     })?;
//!     let ask = move || io::read_to_string(TcpStream::connect(addr)?);
//!     let answers = osier::join_all((0..100).map(|_| osier::spawn(ask)));
//!     answers.into_iter().map(Result::unwrap).collect::<io::Result<Vec<_>>>()
//! })?;
//! assert!(texts.iter().all(|text| text == "hello"));
//! # io::Result::Ok(())
//! ```
//!
//! # What is where
//!
//! | to | use |
//! |---|---|
//! | run a program's body as the first task | [`run`], [`Hub`] |
//! | start tasks and have their results | [`spawn`], [`Builder`], [`JoinHandle`], [`join_all`], [`scope`](scope()) |
//! | wait | [`sleep`], [`sleep_until`], [`yield_now`] |
//! | end a task, bound a wait, put that off | [`JoinHandle::kill`], [`timeout`], [`shield`] |
//! | talk over the network | `net`: `TcpStream`, `TcpListener`, `dns`, `tls`, `http` |
//! | call what blocks | [`thread::offload`] |
//! | reach a hub from another OS thread | [`Handle`], [`RemoteUnparker`] |
//! | see what goes on | [`dump`], [`stats`], [`watch`], [`Deadlock`] |
//! | build something to wait on | [`park`], [`Unparker`], [`Reason`], [`deliver`], [`io::Source`] |
//! | live with thread-locals | [`no_switch`], [`local::preserve`] |
//!
//! [`surprises`] is the page to read before the first real program.
//!
//! # If you know gevent
//!
//! | gevent | osier |
//! |---|---|
//! | `gevent.spawn`, `g.get()`, `gevent.joinall` | [`spawn`], [`JoinHandle::join`], [`join_all`] |
//! | `g.value`, `g.exception`, `g.ready()` | [`JoinHandle::value`], [`JoinHandle::error`], [`JoinHandle::is_finished`] |
//! | `g.kill(block=False)`, `g.kill(timeout=s)` | [`JoinHandle::kill`], [`JoinHandle::kill_timeout`] |
//! | `gevent.sleep(s)`, `gevent.sleep(0)` | [`sleep`], [`yield_now`] |
//! | `gevent.Timeout` | [`timeout`] |
//! | `hub.threadpool.apply` | [`thread::offload`] |
//! | `LoopExit` | [`Deadlock`] |
//! | `gevent.socket`, `monkey.patch_all()` + `requests` | `net`, `net::http` |
//!
//! # Features
//!
//! - `net` (on by default): TCP and the look-up of names
//! - `tls`: TLS streams, by rustls
//! - `http`: an HTTP client, which is ureq over these sockets
//! - `http-brotli`, `http-charset`, `http-cookies`, `http-json`, `http-multipart`: ureq's
//!
//! Which stack switch is built in is no feature but a variable of the build, `OSIER_SWITCH`: `jump`
//! (x86-64 Linux, the default there) or `portable`. `OSIER_GUARD=mprotect`, when a program runs,
//! makes guards as kernels before 6.13 do.
#![forbid(unsafe_code)]

#[doc(inline)]
pub use osier_runtime::{
    AsyncResult, Blocked, Builder, Callback, Deadlock, Dump, Elapsed, ErrorHook, Group, Handle,
    Hub, Imap, Iwait, JoinAll, JoinError, JoinHandle, Link, LinkTarget, LostError, Pool, PoolFull,
    Reason, RemoteHandle, RemoteKiller, RemoteUnparker, Scope, ScopedJoinHandle, Stats, Task,
    TaskId, Timer, Unparker, Waitable, Wake, Watch,
};
#[doc(inline)]
pub use osier_runtime::{
    active_count, current, deliver, dump, enumerate, handle, idle, iwait, join_all, join_all_ok,
    join_any, join_rest, kill_all, kill_all_timeout, map_ordered, map_unordered, no_switch, park,
    run, run_callback, scope, set_error_hook, shield, sleep, sleep_until, spawn, spawn_later,
    stats, take_error_hook, task_local, timeout, wait, wait_timeout, watch, watch_with, yield_now,
};
#[doc(inline)]
pub use osier_runtime::{clock, io, local, thread};

#[cfg(feature = "net")]
#[doc(inline)]
pub use osier_net as net;

#[doc = include_str!("../docs/surprises.md")]
pub mod surprises {}
