//! Names into addresses, without stopping the other tasks.
//!
//! The system's resolver (`getaddrinfo`) answers, so /etc/hosts, search domains, mDNS and whatever
//! else the machine is set up with count as they do everywhere. It only knows how to block, so it
//! runs on OS threads of its own: at most four, unless [`limit_threads`] says otherwise. A task
//! that asks waits in its hub; one that asks while it unwinds, or outside any hub, waits in the
//! kernel.
//!
//! - **IP literals never leave the task**: they are parsed on the spot.
//! - **Equal names share one look-up.** A thousand tasks that want one host cost one call.
//! - **A time limit always fires on time**, however long the resolver takes; the call runs on in
//!   its thread, and whoever asks for the same name meanwhile gets its answer.
//! - **Errors** have the kind and the text of std's own look-up.
//! - **Nothing is remembered** once a look-up has ended. `getaddrinfo` does not tell how long an
//!   answer holds; machines that want a cache run one (nscd, systemd-resolved, dnsmasq), which
//!   does know. (The HTTP client keeps names for a short while, for a reason of its own.)
//!
//! ```
//! use osier::net::dns;
//!
//! let addrs = dns::lookup("127.0.0.1", 80)?;
//! assert_eq!(addrs, ["127.0.0.1:80".parse().unwrap()]);
//! # Ok::<(), std::io::Error>(())
//! ```

mod answer;
mod bell;
mod inflight;
mod lookup;
mod resolver;
mod to_socket_addrs;

pub use self::lookup::{lookup, lookup_deadline, lookup_timeout};
pub use self::resolver::limit_threads;
pub use self::to_socket_addrs::ToSocketAddrs;
pub(crate) use self::to_socket_addrs::each_addr;
