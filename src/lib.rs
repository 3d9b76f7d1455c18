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
//! | share data between tasks | [`sync`]: [`Mutex`](sync::Mutex), [`RwLock`](sync::RwLock), [`Semaphore`](sync::Semaphore), [`Condition`](sync::Condition), [`Event`](sync::Event), [`Barrier`](sync::Barrier), [`OnceCell`](sync::OnceCell) |
//! | hand things from task to task, a result to many | [`queue`], [`channel`], [`AsyncResult`] |
//! | wait for whichever comes first | [`select!`], [`select`](mod@select) |
//! | handle many tasks | [`Group`], [`Pool`], [`map_ordered`], [`Worker`], [`JoinAll`], [`kill_all`] |
//! | wait | [`sleep`], [`sleep_until`], [`yield_now`], [`wait`], [`iwait`] |
//! | be called | [`JoinHandle::link`], [`spawn_later`], [`Timer`], [`run_callback`] |
//! | end a task, bound a wait, put that off | [`JoinHandle::kill`], [`timeout`], [`shield`] |
//! | talk over the network | `net`: `TcpStream`, `TcpListener`, `UdpSocket`, `unix`, `dns`, `tls`, `http` |
//! | read and write files | [`fs`] |
//! | answer signals, read what is typed | [`signal`], [`stdio`] |
//! | call what blocks | [`thread::offload`], [`thread::ThreadPoolExecutor`] |
//! | exchange with other OS threads | [`thread::bounded`], [`thread::Event`], [`thread::Semaphore`], [`thread::promise`] |
//! | start processes, talk to them, share locks | `process`: `Process`, `functions!`, `pipe`, `queue`, `pool`, `sync`, `log_to_parent` |
//! | serve connections | `net::server`: `StreamServer`, `DatagramServer` |
//! | use every core | [`thread::hubs`], [`thread::spawn_on`]; `net::server::Front`, `process::Workers` |
//! | run async code | [`future::block_on`] |
//! | reach a hub from another OS thread | [`Handle`], [`RemoteUnparker`] |
//! | see what goes on | [`dump`], [`inspect`], [`stats`], [`enumerate`], [`watch`], [`Watch::slices`], [`Deadlock`], [`set_error_hook`], [`log`](mod@log) |
//! | test code that waits | `testing`: virtual time, an order by lot, streams in memory |
//! | build something to wait on | [`park`], [`Unparker`], [`Reason`], [`deliver`], [`io::Source`] |
//! | switch stacks by hand, write iterators as code that yields | [`greenlet`] |
//! | live with thread-locals | [`no_switch`], [`local::preserve`], [`task_local!`] |
//!
//! [`surprises`] is the page to read before the first real program. [`settings`] lists what can be set from outside,
//! [`from_python`] all names of Python, [`examples`] has a short program for each thing known from Python, Go or tokio.
//!
//! # If you know gevent
//!
//! | gevent | osier |
//! |---|---|
//! | `gevent.spawn`, `g.get()`, `gevent.joinall` | [`spawn`], [`JoinHandle::join`], [`join_all`] |
//! | `g.value`, `g.exception`, `g.ready()` | [`JoinHandle::value`], [`JoinHandle::error`], [`JoinHandle::is_finished`] |
//! | `g.kill(block=False)`, `g.kill(timeout=s)` | [`JoinHandle::kill`], [`JoinHandle::kill_timeout`] |
//! | `g.link`, `g.link_value`, `g.link_exception`, `g.rawlink` | [`JoinHandle::link`], `link_value`, `link_error`, `rawlink` |
//! | `g.link(async_result)`, `g.unlink` | [`JoinHandle::link_to`], [`Link::unlink`] |
//! | `gevent.spawn_later`, `gevent.killall` | [`spawn_later`], [`kill_all`] |
//! | `joinall(timeout=, count=, raise_error=)` | [`JoinAll`], [`join_all_ok`] |
//! | `gevent.wait`, `gevent.iwait`, `gevent.wait()` | [`wait`], [`iwait`], [`join_rest`] |
//! | `AsyncResult`, `pool.Group`, `pool.Pool` | [`AsyncResult`], [`Group`], [`Pool`] |
//! | `gevent.local.local`, `threading.local` | [`task_local!`] |
//! | `hub.loop.run_callback`, `threading.Timer`, `enumerate` | [`run_callback`], [`Timer`], [`enumerate`] |
//! | `threading.excepthook` | [`set_error_hook`] |
//! | `gevent.sleep(s)`, `gevent.sleep(0)` | [`sleep`], [`yield_now`] |
//! | `gevent.Timeout` | [`timeout`] |
//! | `gevent.queue.Queue(n)`, `Queue()`, `Channel()` | [`Queue::bounded`](queue::AnyQueue::bounded), [`unbounded`](queue::AnyQueue::unbounded), [`Channel`](queue::Channel) |
//! | `LifoQueue`, `PriorityQueue`, `JoinableQueue`, `SimpleQueue` | the same, in [`queue`] |
//! | `q.put_nowait(x)`, `q.get(timeout=s)`, `q.peek()` | [`try_put`](queue::AnyQueue::try_put), [`get_timeout`](queue::AnyQueue::get_timeout), [`peek`](queue::AnyQueue::peek) |
//! | `Full`, `Empty`, `ShutDown` | [`PutError`](queue::PutError), [`GetError`](queue::GetError); a limit that is over is `TimedOut` |
//! | `for item in q`, `q.shutdown(immediate=True)` | [`iter`](queue::AnyQueue::iter), [`shutdown`](queue::AnyQueue::shutdown), [`shutdown_now`](queue::AnyQueue::shutdown_now) |
//! | `gevent.lock.Semaphore`, `BoundedSemaphore`, `DummySemaphore` | [`sync::Semaphore`], [`sync::BoundedSemaphore`], [`sync::Semaphore::unlimited`] |
//! | `gevent.lock.RLock`, `threading.Lock`, `threading.Condition` | [`sync::RLock`], [`sync::Mutex`], [`sync::Condition`] |
//! | `gevent.event.Event`, `threading.Barrier` | [`sync::Event`], [`sync::Barrier`] |
//! | `hub.threadpool.apply`, `.spawn` | [`thread::offload`], [`thread::Pool::spawn`] |
//! | `LoopExit` | [`Deadlock`] |
//! | `gevent.util.GreenletTree`, `print_run_info` | [`inspect::task_tree`], [`dump`], [`inspect::dump_on_signal`] |
//! | the monitor thread, `max_memory_usage`, `assert_switches` | [`watch`], [`inspect::watch_memory`], [`inspect::assert_switches`] |
//! | `gevent.spawn_raw`, `greenlet.greenlet` | [`greenlet::Greenlet`]; its module has a table of its own |
//! | `gevent.socket`, `monkey.patch_all()` + `requests` | `net`, `net::http` |
//!
//! # Features
//!
//! - `net` (on by default): TCP, UDP, Unix sockets and the look-up of names
//! - `tls`: TLS streams, by rustls
//! - `http`: an HTTP client, which is ureq over these sockets
//! - `symbols`: names of functions in what a [`watch`] reports
//! - `process`: processes; connections, queues and locks between them; pools and servers of them
//! - `testing`: time and order under control, for tests
//! - `http-brotli`, `http-charset`, `http-cookies`, `http-json`, `http-multipart`: ureq's
//!
//! Which stack switch is built in is a variable of the build, `OSIER_SWITCH`: `jump` (x86-64 Linux) or `portable`.
#![forbid(unsafe_code)]

#[doc(inline)]
pub use osier_runtime::{
    AsyncResult, Blocked, Builder, Callback, Deadlock, Dump, Elapsed, ErrorHook, Group, Handle,
    Hub, Imap, Iwait, JoinAll, JoinError, JoinHandle, Link, LinkTarget, LostError, Pool, PoolFull,
    Reason, RemoteHandle, RemoteKiller, RemoteUnparker, Scope, ScopedJoinHandle, Stats, Task,
    TaskId, Timer, Unparker, Waitable, Wake, Watch, Worker, WorkerEnd, WorkerReport,
};
#[doc(inline)]
pub use osier_runtime::{
    active_count, current, deliver, dump, enumerate, handle, idle, iwait, join_all, join_all_ok,
    join_any, join_rest, kill_all, kill_all_timeout, map_ordered, map_unordered, no_switch, park,
    run, run_callback, scope, set_error_hook, shield, sleep, sleep_until, spawn, spawn_later,
    stats, take_error_hook, task_local, timeout, wait, wait_timeout, watch, watch_with, yield_now,
};
#[doc(inline)]
pub use osier_runtime::{
    channel, clock, fs, future, greenlet, inspect, io, local, log, queue, select, signal, stdio,
    sync, thread,
};

#[cfg(feature = "net")]
#[doc(inline)]
pub use osier_net as net;
#[cfg(feature = "process")]
#[doc(inline)]
pub use osier_process as process;
#[cfg(feature = "testing")]
#[doc(inline)]
pub use osier_runtime::testing;

#[doc = include_str!("../docs/examples.md")]
pub mod examples {}
#[doc = include_str!("../docs/from-python.md")]
pub mod from_python {}
#[doc = include_str!("../docs/settings.md")]
pub mod settings {}
#[doc = include_str!("../docs/surprises.md")]
pub mod surprises {}
