//! An HTTP client: ureq over green sockets.
//!
//! [ureq] speaks HTTP/1.1 in plain blocking calls: keep-alive, redirects, gzip, TLS, proxies and
//! timeouts for every stage. Here its connections are ours and its names are looked up our way, so
//! a request that waits lets the other tasks run. Its types are used as they are.
//!
//! ```no_run
//! use osier::net::http;
//!
//! let mut response = http::get("https://example.org/").call()?;
//! println!("{} {}", response.status(), response.body_mut().read_to_string()?.len());
//! # Ok::<(), http::Error>(())
//! ```
//!
//! [`get`] and [`agent`] share one pool of connections in the whole process; [`builder`] makes an
//! agent with settings of its own. **Only agents from here are green**: `ureq::get` and
//! `ureq::Agent::new_with_config` open std's sockets and stop the thread.
//!
//! What differs from ureq's own agent:
//!
//! - **Names**: ureq asks for the addresses before every request, also of a host to which a
//!   connection stands ready. So the agent keeps an answer for a minute, as curl does
//!   ([`Builder::remember_names`]), and forgets it when none of its addresses can be reached.
//! - **Idle connections**: 64 are kept, all to one host if need be, where ureq keeps 10 and 3 of
//!   each host. More can be had by `configure`, but ureq's pool gets slow: see
//!   [`Builder::configure`].
//! - **Buffers** start at 8 KiB and grow with what they are used for; ureq takes 256 KiB a
//!   connection at once. A connection in the pool holds no more than it started with.
//! - **A status of 400 or above is an error**, as in ureq, unless
//!   `configure(|c| c.http_status_as_error(false))`.
//! - **SOCKS proxies** are refused, not bypassed. CONNECT proxies work.
//!
//! The trait [ureq] is extended by may change in its minor versions, so this crate asks for `~3.5`.
//!
//! [ureq]: https://docs.rs/ureq

mod agent;
mod buffers;
mod cache;
mod connector;
mod live;
mod names;
mod transport;

pub use ureq::{self, Agent, Body, Error};

pub use self::agent::{Builder, agent, builder, get};
