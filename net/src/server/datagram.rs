//! A server of datagrams: a task for each, as many at once as wanted.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use osier_runtime::sync::{Mutex, Semaphore};
use osier_runtime::{Builder, Group, JoinHandle, sleep};

use super::listener::Trouble;
use super::stream::Outcome;
use crate::udp::UdpSocket;

/// The longest datagram of UDP.
const LONGEST: usize = 65_535;
/// The pause when memory is used up.
const PAUSE: Duration = Duration::from_millis(10);

/// Receives datagrams and calls a handler for each, in a task of its own.
///
/// By the model of gevent's `DatagramServer`. A handler that panics is reported as any task that nobody joins. While as many are
/// handled as the limit says, the kernel keeps what comes, and drops what it has no room for. Dropped, the server receives no more.
///
/// ```
/// use osier::net::UdpSocket;
/// use osier::net::server::DatagramServer;
///
/// osier::run(|| {
///     let server = DatagramServer::new(UdpSocket::bind("127.0.0.1:0")?, |data, from, replies| {
///         replies.send_to(&data.to_ascii_uppercase(), from).map(|_| ())
///     });
///     server.start()?;
///     let client = UdpSocket::bind("127.0.0.1:0")?;
///     client.send_to(b"hello", server.addr()?)?;
///     let mut back = [0; 8];
///     let (n, _) = client.recv_from(&mut back)?;
///     assert_eq!(&back[..n], b"HELLO");
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct DatagramServer {
    inner: Rc<Inner>,
    receiver: RefCell<Option<JoinHandle<()>>>,
}

type Handler = Box<dyn Fn(&[u8], SocketAddr, &Replies)>;

struct Inner {
    handler: Handler,
    replies: Replies,
    handled: Group,
    room: Semaphore,
}

/// The way back to who has sent something; any number of tasks may use it, one after the other.
///
/// ```
/// use osier::net::UdpSocket;
/// use osier::net::server::DatagramServer;
///
/// let server = DatagramServer::new(UdpSocket::bind("127.0.0.1:0")?, |_, from, replies| {
///     replies.send_to(b"got it", from).map(|_| ())
/// });
/// # std::io::Result::Ok(())
/// ```
pub struct Replies {
    socket: UdpSocket,
    /// One task at a time waits for room.
    turn: Mutex<()>,
}

impl Replies {
    /// Sends a datagram from the server's socket.
    ///
    /// # Errors
    /// As [`UdpSocket::send_to`].
    ///
    /// # Blocking
    /// Switches tasks while another one sends, or there is no room.
    pub fn send_to(&self, data: &[u8], to: SocketAddr) -> io::Result<usize> {
        let _turn = self.turn.lock();
        self.socket.send_to(data, to)
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl DatagramServer {
    /// A server that receives from there once it is started.
    ///
    /// An error that the handler returns is logged, as a warning with the sender's address.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new<F, R>(socket: UdpSocket, handler: F) -> DatagramServer
    where
        F: Fn(&[u8], SocketAddr, &Replies) -> R + 'static,
        R: Outcome,
    {
        let handler = move |data: &[u8], from: SocketAddr, replies: &Replies| {
            if let Some(error) = handler(data, from, replies).error() {
                log::warn!("the datagram from {from}: {error}");
            }
        };
        let replies = Replies { socket, turn: Mutex::new(()) };
        let (handled, room) = (Group::new(), Semaphore::unlimited());
        let inner = Inner { handler: Box::new(handler), replies, handled, room };
        DatagramServer { inner: Rc::new(inner), receiver: RefCell::default() }
    }

    /// Bounds how many are handled at once.
    ///
    /// # Panics
    /// Once it was started.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[must_use]
    pub fn limit(mut self, most: usize) -> DatagramServer {
        let inner = Rc::get_mut(&mut self.inner).expect("to be said before the server is started");
        inner.room = Semaphore::new(most.max(1));
        self
    }

    /// Begins to receive.
    ///
    /// # Errors
    /// When there is no memory for a task.
    ///
    /// # Panics
    /// Outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn start(&self) -> io::Result<()> {
        let mut receiver = self.receiver.borrow_mut();
        if receiver.is_none() {
            let inner = self.inner.clone();
            let named = Builder::new().name("osier-receive").daemon(true);
            *receiver = Some(named.spawn(move || inner.receive())?);
        }
        Ok(())
    }

    /// Receives no more, waits for what is handled, that long at most, and kills the rest; whether none was killed.
    ///
    /// [`start`](Self::start) goes on.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn stop(&self, grace: Duration) -> bool {
        let receiver = self.receiver.take();
        if let Some(task) = receiver {
            task.kill();
            let _ = task.join();
        }
        let orderly = self.inner.handled.join_timeout(grace);
        if !orderly {
            self.inner.handled.kill();
            self.inner.handled.join();
        }
        orderly
    }

    /// Where it receives.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn addr(&self) -> io::Result<SocketAddr> {
        self.inner.replies.socket.local_addr()
    }

    /// How many are handled at present.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn handled(&self) -> usize {
        self.inner.handled.len()
    }
}

impl Inner {
    fn receive(self: &Rc<Self>) {
        let mut buffer = vec![0; LONGEST];
        loop {
            let Ok(place) = self.room.acquire() else { return };
            match self.replies.socket.recv_from(&mut buffer) {
                Ok((n, from)) => {
                    place.forget(); // given back when it is handled
                    self.take(buffer[..n].to_vec(), from);
                }
                // Also what became of a datagram that was sent: nobody listens there any more.
                Err(error) => match Trouble::of(&error) {
                    Trouble::Connection => {}
                    Trouble::Shortage => sleep(PAUSE),
                    Trouble::Listener => {
                        log::error!("the server receives no more: {error}");
                        return;
                    }
                },
            }
        }
    }

    fn take(self: &Rc<Self>, data: Vec<u8>, from: SocketAddr) {
        let place = Place(self.clone());
        let handle = move || (place.0.handler)(&data, from, &place.0.replies);
        let spawned = self.handled.spawn_with(Builder::new().daemon(false), handle);
        if let Err(error) = spawned {
            log::error!("a datagram is dropped, as there is no task for it: {error}");
        }
    }
}

/// A datagram that has a place.
struct Place(Rc<Inner>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.room.release(1);
    }
}

impl Drop for DatagramServer {
    fn drop(&mut self) {
        self.receiver.get_mut().iter().for_each(JoinHandle::kill);
    }
}

impl fmt::Debug for DatagramServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramServer").field("handled", &self.handled()).finish_non_exhaustive()
    }
}
