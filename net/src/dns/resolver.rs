//! The look-ups of the whole process: who asks, which thread works, who is told.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use osier_runtime::clock;
use osier_runtime::thread::Pool;

use super::answer::{Answer, Failure};
use super::bell::{Bell, bell};
use super::inflight::Inflight;

/// Threads that may look up at once, unless somebody says otherwise.
const THREADS: usize = 4;

/// The blocking call that answers for a name.
type Call = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// A pool of its own: one dead name server stops a look-up for half a minute, and would stop
/// whatever else waits for a thread as well.
static POOL: Pool = Pool::new("dns", THREADS);

/// One per process: its threads and the look-ups under way are every hub's.
static SYSTEM: OnceLock<Resolver> = OnceLock::new();

/// The resolver that asks the system.
pub(super) fn system() -> &'static Resolver {
    SYSTEM.get_or_init(|| Resolver::new(&POOL, getaddrinfo))
}

/// Sets how many OS threads may look up names at once.
///
/// There are 4 to begin with. A name whose servers are dead holds its thread for as long as the system's resolver is set to
/// try, often 10 s and more; others wait behind it once all threads are held. A crawler that
/// meets many unknown hosts does well with 16 or 32. The limit is the whole process's.
///
/// ```
/// use std::num::NonZeroUsize;
///
/// osier::net::dns::limit_threads(NonZeroUsize::new(16).unwrap());
/// ```
///
/// # Blocking
///
/// Never switches tasks.
pub fn limit_threads(limit: NonZeroUsize) {
    POOL.set_max(limit.get());
}

/// std's own look-up, and with it its errors.
fn getaddrinfo(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((host, 0).to_socket_addrs()?.collect())
}

/// Brings askers and threads together.
pub(super) struct Resolver {
    /// Locked for a few instructions at a time, never across a look-up or a wait.
    inflight: Arc<Mutex<Inflight<Weak<Seat>>>>,
    pool: &'static Pool,
    call: Call,
}

/// Where one asker waits. It holds the only strong reference but for the moment of its answer, so
/// an asker that gives up (timed out, killed) has nothing to undo: its seat is gone.
struct Seat {
    /// Set once, before the bell rings.
    answer: OnceLock<Answer>,
    bell: Bell,
}

impl Resolver {
    pub(super) fn new(pool: &'static Pool, call: Call) -> Self {
        Resolver { inflight: Arc::new(Mutex::new(Inflight::new())), pool, call }
    }

    /// Waits for the addresses of `host`; `TimedOut` when the deadline comes first.
    pub(super) fn resolve(
        &self,
        host: &str,
        deadline: Option<Instant>,
    ) -> io::Result<Arc<[SocketAddr]>> {
        // Who cannot wait is not worth a call that nobody may hear the end of.
        if deadline.is_some_and(|at| at <= clock::now()) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "timed out"));
        }
        let (bell, listener) = bell()?;
        let seat = Arc::new(Seat { answer: OnceLock::new(), bell });
        if lock(&self.inflight).join(host, Arc::downgrade(&seat)) {
            self.start(host);
        }
        let waited = listener.wait(deadline);
        // An answer that came in the same moment as the deadline counts: it is there.
        match seat.answer.get() {
            Some(answer) => answer.clone().map_err(io::Error::from),
            None => Err(waited.err().unwrap_or_else(|| io::ErrorKind::TimedOut.into())),
        }
    }

    /// Hands the look-up to a thread; a failure to do so is its answer.
    fn start(&self, host: &str) {
        let (inflight, call, name) = (Arc::clone(&self.inflight), self.call, host.to_owned());
        let job = move || {
            if lock(&inflight).abandon(&name, |seat| seat.strong_count() > 0) {
                return;
            }
            let answer = call(&name).map(Arc::from).map_err(Failure::from);
            publish(&inflight, &name, &answer);
        };
        if let Err(refused) = self.pool.submit(Box::new(job)) {
            publish(&self.inflight, host, &Err(refused.error.into()));
        }
    }
}

/// Ends the look-up of `name` and tells everybody who still waits for it.
fn publish(inflight: &Mutex<Inflight<Weak<Seat>>>, name: &str, answer: &Answer) {
    let seats = lock(inflight).finish(name);
    for seat in seats.iter().filter_map(Weak::upgrade) {
        // Each seat is in one look-up, and a look-up ends once: nothing was set before.
        let _ = seat.answer.set(answer.clone());
        seat.bell.ring();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "resolver_tests.rs"]
mod tests;
