//! A server of several processes, and its start.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use osier_process::{Crew, Ended, Exit, Worker, Workers, WorkersError};
use osier_runtime::clock;

use super::reserve::Reserved;
use super::serve::{ACCEPTED, CONNECTIONS, ERRORS, serve};
use crate::dns::{ToSocketAddrs, each_addr};
use crate::tcp::{TcpListener, TcpStream};

/// The number of hubs whose listeners are open.
const LISTENING: &str = "listening";
/// How long those are waited for at the start, and how often they are counted.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(1);

/// Listens with several processes: a server that uses every core, in one call.
///
/// Each worker is a process with a hub, which serves one task a connection; they are replaced when they die, and finish what they have
/// begun when they are told to end: [`Workers`]. Each has a listener of its own at the same addresses (SO_REUSEPORT, the kernel
/// shares connections out), or all accept from one ([`shared`](Self::shared)).
///
/// | | a listener each | one for all |
/// |---|---|---|
/// | who gets a connection | by its address and port: even in the long run, whoever is busy | who is free first |
/// | a worker dies | those in its queue are lost as well | those that it had accepted are lost |
/// | a connection comes | one worker wakes | all that are idle wake, one gets it |
/// | more workers | more queues | the one queue is as long as it is |
///
/// ```
/// use std::io::{Read, Write};
/// use osier::net::{TcpStream, server::Front};
///
/// osier::run(|| {
///     let front = Front::new().processes(2).listen("127.0.0.1:0")?;
///     let addr = front.addresses()[0];
///     let crew = front.start_serving(|mut stream, worker| {
///         write!(stream, "hello from worker {}", worker.index())
///     })?;
///     let mut text = String::new();
///     TcpStream::connect(addr)?.read_to_string(&mut text)?;
///     assert!(text.starts_with("hello from worker "));
///     crew.drain();
///     assert_eq!((crew.join()?.killed, crew.total("accepted")), (0, 1));
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[must_use = "a plan does nothing until it is run"]
pub struct Front {
    workers: Workers,
    reserved: Vec<Reserved>,
    shared: bool,
    limit: Option<usize>,
}

impl Default for Front {
    fn default() -> Front {
        Front::new()
    }
}

impl Front {
    /// Plans one process for each processor, listening nowhere yet.
    pub fn new() -> Front {
        Front { workers: Workers::new(), reserved: Vec::new(), shared: false, limit: None }
    }

    /// Chooses all about the workers: how many, how they are replaced, what they count.
    pub fn workers(mut self, workers: Workers) -> Front {
        self.workers = workers;
        self
    }

    /// How many processes: [`Workers::processes`].
    pub fn processes(mut self, n: usize) -> Front {
        self.workers = self.workers.processes(n);
        self
    }

    /// How many hubs each process has, on OS threads: [`Workers::threads`].
    pub fn threads(mut self, n: usize) -> Front {
        self.workers = self.workers.threads(n);
        self
    }

    /// How long connections may take to finish when all is to end: [`Workers::grace`].
    pub fn grace(mut self, limit: Duration) -> Front {
        self.workers = self.workers.grace(limit);
        self
    }

    /// Whether all accept from one listener; each has its own otherwise.
    pub fn shared(mut self, shared: bool) -> Front {
        self.shared = shared;
        self
    }

    /// How many connections each hub serves at once; the others wait in the kernel's queue, or go to other workers.
    ///
    /// For [`serve`](Self::serve) alone. There is room for one an address at least.
    pub fn limit(mut self, connections: usize) -> Front {
        self.limit = Some(connections);
        self
    }

    /// Takes an address, to listen there as well; nothing is accepted before the start.
    ///
    /// # Errors
    /// `AddrInUse` when somebody listens there, and what else [`TcpListener::bind`] says.
    ///
    /// # Blocking
    /// Waits for the look-up of a name; not for an address.
    pub fn listen<A: ToSocketAddrs>(mut self, addr: A) -> io::Result<Front> {
        self.reserved.push(each_addr(addr, Reserved::new)?);
        Ok(self)
    }

    /// The addresses that were taken, in order, with the ports that the system has chosen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.reserved.iter().map(Reserved::addr).collect()
    }

    /// Starts the workers, each of which calls `body` with its listeners, in the order of the addresses.
    ///
    /// Returns when all listen, so that nobody who connects then is refused; their gauge "listening" says how many do.
    /// `body` is to return soon after the [`stop`](Worker::stop) of the worker is set.
    ///
    /// # Errors
    /// As [`Workers::start`], and when the addresses cannot be listened at. Nothing is left running then.
    ///
    /// # Panics
    /// As [`Workers::start`].
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn start<F, T>(self, body: F) -> Result<Crew, WorkersError>
    where
        F: Fn(&Worker, Vec<TcpListener>) -> T + Clone + Send + Sync + 'static,
        T: Exit + 'static,
    {
        let shared = self.shared;
        let (workers, body) = self.split(body)?;
        let hubs = workers.hubs();
        let crew = workers.start(body)?;
        if !shared {
            wait_for_listeners(&crew, hubs);
        }
        Ok(crew)
    }

    /// As [`start`](Self::start), and sees to them until they have ended, or a signal ends them: [`Workers::run`].
    ///
    /// # Errors
    /// As [`start`](Self::start) and [`Workers::run`].
    ///
    /// # Panics
    /// As [`Workers::start`].
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn run<F, T>(self, body: F) -> Result<Ended, WorkersError>
    where
        F: Fn(&Worker, Vec<TcpListener>) -> T + Clone + Send + Sync + 'static,
        T: Exit + 'static,
    {
        let (workers, body) = self.split(body)?;
        workers.run(body)
    }

    /// Starts workers that call `handler` for each connection, in a task of its own.
    ///
    /// Its panics and errors end that connection alone. A worker that is to end accepts nothing more, and ends when all connections have;
    /// [`next_request`](super::next_request) lets those go that are kept but idle. Each counts "accepted" and "errors", and has the gauge
    /// "connections".
    ///
    /// # Errors
    /// As [`start`](Self::start).
    ///
    /// # Panics
    /// As [`Workers::start`].
    ///
    /// # Blocking
    /// As [`start`](Self::start).
    pub fn start_serving<H>(self, handler: H) -> Result<Crew, WorkersError>
    where
        H: Fn(TcpStream, &Worker) -> io::Result<()> + Clone + Send + Sync + 'static,
    {
        let limit = self.limit;
        self.counting()
            .start(move |worker, listeners| serve(worker, listeners, limit, handler.clone()))
    }

    /// As [`start_serving`](Self::start_serving), and sees to them until they have ended, or a signal ends them: [`Workers::run`].
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Panics
    /// As [`Workers::start`].
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn serve<H>(self, handler: H) -> Result<Ended, WorkersError>
    where
        H: Fn(TcpStream, &Worker) -> io::Result<()> + Clone + Send + Sync + 'static,
    {
        let limit = self.limit;
        self.counting()
            .run(move |worker, listeners| serve(worker, listeners, limit, handler.clone()))
    }

    fn counting(mut self) -> Front {
        self.workers = self.workers.counter(ACCEPTED).gauge(CONNECTIONS).counter(ERRORS);
        self
    }

    /// The workers, and what each does: it opens its listeners first.
    ///
    /// The addresses are held by the closure, so they are free as soon as no worker is started any more.
    fn split<F, T>(
        self,
        body: F,
    ) -> Result<
        (Workers, impl Fn(&Worker) -> io::Result<T> + Clone + Send + Sync + 'static),
        WorkersError,
    >
    where
        F: Fn(&Worker, Vec<TcpListener>) -> T + Clone + Send + Sync + 'static,
        T: Exit + 'static,
    {
        let Front { workers, reserved, shared, .. } = self;
        if shared {
            reserved.iter().try_for_each(Reserved::open)?;
        }
        let listener = move |at: &Reserved| if shared { at.common() } else { at.own() };
        let body = move |worker: &Worker| {
            let listeners = reserved.iter().map(listener).collect::<io::Result<_>>()?;
            worker.counter(LISTENING).add(1);
            Ok(body(worker, listeners))
        };
        Ok((workers.gauge(LISTENING), body))
    }
}

/// Waits until each hub has opened its listeners: who connects is not to be refused any more.
///
/// Not for ever: workers that cannot open theirs end, and that is told by the crew.
fn wait_for_listeners(crew: &Crew, hubs: usize) {
    let until = clock::now() + PATIENCE;
    while crew.total(LISTENING) < hubs as u64 && clock::now() < until {
        if crew.join_timeout(PAUSE).is_some() {
            return;
        }
    }
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front")
            .field("workers", &self.workers)
            .field("addresses", &self.addresses())
            .field("shared", &self.shared)
            .field("limit", &self.limit)
            .finish()
    }
}
