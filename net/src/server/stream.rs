//! A server of connections: a task for each, as many at once as wanted, until it is to stop.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::mem;
use std::rc::Rc;
use std::time::Duration;

use osier_runtime::sync::{Event, Semaphore};
use osier_runtime::{Builder, Group, JoinHandle, give_way, sleep};

use super::listener::{Listener, Trouble};
use crate::tcp::TcpListener;

/// The pause when descriptors or memory are used up; twice as long each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// So many connections are taken in a row before others have their turn.
const IN_A_ROW: usize = 100;

/// Takes connections and calls a handler for each, in a task of its own.
///
/// By the model of gevent's `StreamServer`. A handler that panics ends its own connection, and is reported as any task that nobody
/// joins; one that waits for ever keeps a place. A handshake of TLS belongs into the handler: then one that stalls harms nobody else.
/// Dropped, it takes no more connections; those that are there go on.
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::time::Duration;
/// use osier::net::{TcpListener, TcpStream};
/// use osier::net::server::StreamServer;
///
/// osier::run(|| {
///     let echo = |mut stream: TcpStream, _peer| io::copy(&mut stream.try_clone()?, &mut stream).map(|_| ());
///     let server = StreamServer::new(TcpListener::bind("127.0.0.1:0")?, echo).limit(1000);
///     server.start()?;
///     let mut client = TcpStream::connect(server.addrs()[0])?;
///     client.write_all(b"hello")?;
///     let mut back = [0; 5];
///     client.read_exact(&mut back)?;
///     drop(client);
///     assert!(&back == b"hello" && server.stop(Duration::from_secs(1)));
///     io::Result::Ok(())
/// })?;
/// # io::Result::Ok(())
/// ```
pub struct StreamServer<L: Listener = TcpListener> {
    inner: Rc<Inner<L>>,
    /// The tasks that take connections, while they do.
    acceptors: RefCell<Vec<JoinHandle<()>>>,
}

/// What the handler does with a connection, and what becomes of its error.
type Handler<L> = Box<dyn Fn(<L as Listener>::Stream, <L as Listener>::Addr)>;

struct Inner<L: Listener> {
    handler: Handler<L>,
    /// Empty once it was stopped.
    listeners: RefCell<Vec<Rc<L>>>,
    connections: Group,
    /// Room for connections; who waits for one has a place for it already.
    room: Semaphore,
    in_a_row: Cell<usize>,
    /// Set when no connection will be taken any more.
    ended: Event,
    /// Why, if nobody has asked for it.
    broken: RefCell<Option<io::Error>>,
}

/// What a handler of connections gives: nothing, or a result whose error is logged.
///
/// ```
/// use osier::net::server::Outcome;
///
/// fn is_outcome<T: Outcome>() {}
/// is_outcome::<()>();
/// is_outcome::<std::io::Result<()>>();
/// ```
pub trait Outcome {
    /// The error, in words, if it is one.
    fn error(self) -> Option<String>;
}

impl Outcome for () {
    fn error(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display> Outcome for Result<(), E> {
    fn error(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

impl<L: Listener> StreamServer<L> {
    /// A server that takes connections from there once it is started; until then they wait in the listener's queue.
    ///
    /// An error that the handler returns is logged, as a warning with the peer's address.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new<F, R>(listener: L, handler: F) -> StreamServer<L>
    where
        F: Fn(L::Stream, L::Addr) -> R + 'static,
        R: Outcome,
    {
        let handler = move |stream: L::Stream, peer: L::Addr| {
            let who = format!("{peer:?}");
            if let Some(error) = handler(stream, peer).error() {
                log::warn!("the connection from {who}: {error}");
            }
        };
        let inner = Inner {
            handler: Box::new(handler),
            listeners: RefCell::new(vec![Rc::new(listener)]),
            connections: Group::new(),
            room: Semaphore::unlimited(),
            in_a_row: Cell::new(IN_A_ROW),
            ended: Event::new(),
            broken: RefCell::new(None),
        };
        StreamServer { inner: Rc::new(inner), acceptors: RefCell::default() }
    }

    /// Adds a listener; before it is started.
    ///
    /// # Panics
    /// Once it was started.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[must_use]
    pub fn listener(self, listener: L) -> StreamServer<L> {
        self.not_started();
        self.inner.listeners.borrow_mut().push(Rc::new(listener));
        self
    }

    /// Bounds how many connections there are at once; when there are so many, others wait in the listener's queue.
    ///
    /// Each listener has at least one.
    ///
    /// # Panics
    /// Once it was started.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[must_use]
    pub fn limit(mut self, most: usize) -> StreamServer<L> {
        self.not_started();
        let inner = Rc::get_mut(&mut self.inner).expect("it was not started");
        let listeners = inner.listeners.get_mut().len();
        inner.room = Semaphore::new(most.max(listeners));
        self
    }

    /// Bounds how many connections are taken in a row before others have their turn; 100 if nothing is said.
    ///
    /// One is right for a listener that several processes share.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[must_use]
    pub fn max_accept(self, most: usize) -> StreamServer<L> {
        self.inner.in_a_row.set(most.max(1));
        self
    }

    /// Begins to take connections.
    ///
    /// # Errors
    /// `NotConnected` once it was stopped: its listeners are closed; when there is no memory for a task.
    ///
    /// # Panics
    /// Outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn start(&self) -> io::Result<()> {
        if !self.acceptors.borrow().is_empty() {
            return Ok(());
        }
        let listeners = self.inner.listeners.borrow().clone();
        if listeners.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the server was stopped"));
        }
        for listener in listeners {
            let inner = self.inner.clone();
            let named = Builder::new().name("osier-accept").daemon(true);
            let task = named.spawn(move || inner.accept(&listener))?;
            self.acceptors.borrow_mut().push(task);
        }
        Ok(())
    }

    /// Takes connections until [`stop`](Self::stop) is called, by another task.
    ///
    /// # Errors
    /// As [`start`](Self::start); what the listener says when it will never have a connection again.
    ///
    /// # Panics
    /// Outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn serve_forever(&self) -> io::Result<()> {
        self.start()?;
        self.inner.ended.wait();
        self.inner.broken.take().map_or(Ok(()), Err)
    }

    /// Takes no more connections for now: they wait in the listener's queue. [`start`](Self::start) goes on.
    ///
    /// # Blocking
    /// Switches tasks: until who takes them has stopped.
    pub fn stop_accepting(&self) {
        let acceptors = mem::take(&mut *self.acceptors.borrow_mut());
        acceptors.iter().for_each(JoinHandle::kill);
        for task in acceptors {
            let _ = task.join();
        }
    }

    /// Stops for good: closes the listeners, waits for the connections that are there, that long at most, and kills the rest.
    ///
    /// Whether none was killed. Connections that wait in a listener's queue are refused.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn stop(&self, grace: Duration) -> bool {
        self.stop_accepting();
        self.inner.listeners.borrow_mut().clear();
        let orderly = self.inner.connections.join_timeout(grace);
        if !orderly {
            self.inner.connections.kill();
            self.inner.connections.join();
        }
        self.inner.ended.set();
        orderly
    }

    /// Whether it takes connections.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_accepting(&self) -> bool {
        self.acceptors.borrow().iter().any(|task| !task.is_finished())
    }

    /// How many connections there are.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn connections(&self) -> usize {
        self.inner.connections.len()
    }

    /// Where it listens; nowhere, once it was stopped.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn addrs(&self) -> Vec<L::Addr> {
        self.inner.listeners.borrow().iter().filter_map(|listener| listener.addr().ok()).collect()
    }

    #[track_caller]
    fn not_started(&self) {
        assert!(self.acceptors.borrow().is_empty(), "to be said before the server is started");
    }
}

impl<L: Listener> Inner<L> {
    /// Takes connections until the listener breaks; a kill comes where it waits, and so loses none.
    fn accept(self: &Rc<Self>, listener: &L) {
        let (mut pause, mut row) = (FIRST_PAUSE, 0);
        loop {
            let Ok(place) = self.room.acquire() else { return };
            match listener.next() {
                Ok((stream, peer)) => {
                    place.forget(); // given back when the connection goes
                    self.take(stream, peer);
                    pause = FIRST_PAUSE;
                }
                Err(error) => match Trouble::of(&error) {
                    Trouble::Connection => {}
                    Trouble::Shortage => {
                        log::warn!("no connection is taken for {pause:?}: {error}");
                        sleep(pause);
                        pause = LONGEST_PAUSE.min(pause * 2);
                    }
                    Trouble::Listener => return self.give_up(error),
                },
            }
            row += 1;
            if row >= self.in_a_row.get() {
                row = 0;
                give_way();
            }
        }
    }

    /// Gives a connection a task.
    fn take(self: &Rc<Self>, stream: L::Stream, peer: L::Addr) {
        let open = Open(self.clone());
        let handle = move || (open.0.handler)(stream, peer);
        // No daemon, as who takes them is: the run waits for it at its end.
        let spawned = self.connections.spawn_with(Builder::new().daemon(false), handle);
        if let Err(error) = spawned {
            log::error!("a connection is dropped, as there is no task for it: {error}");
        }
    }

    fn give_up(&self, error: io::Error) {
        log::error!("the server takes no more connections: {error}");
        self.broken.borrow_mut().get_or_insert(error);
        self.ended.set();
    }
}

/// A connection that has a place.
struct Open<L: Listener>(Rc<Inner<L>>);

impl<L: Listener> Drop for Open<L> {
    fn drop(&mut self) {
        self.0.room.release(1);
    }
}

impl<L: Listener> Drop for StreamServer<L> {
    fn drop(&mut self) {
        self.acceptors.get_mut().iter().for_each(JoinHandle::kill);
    }
}

/// Whether it takes connections, and how many there are.
impl<L: Listener> fmt::Debug for StreamServer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamServer")
            .field("is_accepting", &self.is_accepting())
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}
