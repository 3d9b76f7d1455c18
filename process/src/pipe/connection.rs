//! One end of a connection.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use osier_runtime::ready::{Ready, Sealed};
use osier_runtime::{Waitable, Watcher, clock};
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};

use crate::wire::{Parcel, Passed, RecvError, SendError, Socket};

/// One end of a connection, that sends `S` and receives `R`.
///
/// Messages keep their bounds and their order, whatever their size; one of no bytes is a message. Several tasks may send
/// on one end, and one receive. It can be moved into a closure that is forked, passed as an argument to a function that is spawned, and
/// sent over another connection; a duplicate goes then in the last case, so drop this one. The other side sees its end when
/// all handles of this one are gone.
///
/// ```
/// use osier::process::{Process, pipe};
///
/// osier::process::functions! {
///     fn double(line: pipe::Connection<u32>) -> Result<(), osier::process::RecvError> {
///         while let Ok(n) = line.recv() {
///             line.send(&(2 * n)).unwrap();
///         }
///         Ok(())
///     }
/// }
/// osier::run(|| {
///     let (near, far) = pipe::duplex()?;
///     let process = Process::spawn(double, (far,))?;
///     near.send(&21).unwrap();
///     assert_eq!(near.recv().unwrap(), 42);
///     drop(near);
///     assert!(process.join().is_success());
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct Connection<S, R = S> {
    socket: Socket,
    ready: Ready,
    _values: PhantomData<fn(S) -> R>,
}

/// No value: what the direction of a simplex connection has that does not exist.
///
/// So that to receive from a [`Writer`] does not compile:
///
/// ```compile_fail,E0599
/// let (_reader, writer) = osier::process::pipe::simplex::<u32>().unwrap();
/// writer.recv();
/// ```
#[derive(Debug)]
pub enum Nothing {}

/// The end of a simplex connection that receives.
pub type Reader<T> = Connection<Nothing, T>;
/// The end of a simplex connection that sends.
pub type Writer<T> = Connection<T, Nothing>;

/// Two ends that send each other values of one type.
///
/// # Errors
/// When there are no descriptors left.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let (near, far) = osier::process::pipe::duplex()?;
/// near.send(&1).unwrap();
/// far.send(&(far.recv().unwrap() + 1)).unwrap();
/// assert_eq!(near.recv().unwrap(), 2);
/// # std::io::Result::Ok(())
/// ```
pub fn duplex<T>() -> io::Result<(Connection<T>, Connection<T>)> {
    dialogue()
}

/// Two ends that send each other values of different types: questions and answers.
///
/// # Errors
/// When there are no descriptors left.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let (client, server) = osier::process::pipe::dialogue::<String, usize>()?;
/// client.send(&"green".to_string()).unwrap();
/// server.send(&server.recv().unwrap().len()).unwrap();
/// assert_eq!(client.recv().unwrap(), 5);
/// # std::io::Result::Ok(())
/// ```
pub fn dialogue<S, R>() -> io::Result<(Connection<S, R>, Connection<R, S>)> {
    let (one, other) = Socket::pair()?;
    Ok((Connection::over(one), Connection::over(other)))
}

/// An end that receives, and one that sends.
///
/// # Errors
/// When there are no descriptors left.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let (reader, writer) = osier::process::pipe::simplex()?;
/// writer.send(&[1, 2, 3]).unwrap();
/// drop(writer);
/// assert_eq!(reader.iter().collect::<Vec<[u8; 3]>>(), [[1, 2, 3]]);
/// # std::io::Result::Ok(())
/// ```
pub fn simplex<T>() -> io::Result<(Reader<T>, Writer<T>)> {
    dialogue()
}

impl<S, R> Connection<S, R> {
    fn over(socket: Socket) -> Self {
        Connection { socket, ready: Ready::new(), _values: PhantomData }
    }

    /// Takes over a connected Unix socket of the kind SOCK_SEQPACKET.
    ///
    /// # Errors
    /// When it is none, nor any socket.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        Ok(Connection::over(Socket::new(fd)?))
    }

    /// Another handle of this end.
    ///
    /// # Errors
    /// When there are no descriptors left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Connection::over(self.socket.try_clone()?))
    }

    /// Sets the longest message that is taken; 256 MiB otherwise. Longer ones are an error, and gone.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set_limit(&mut self, bytes: usize) {
        self.socket.set_limit(bytes);
    }

    /// Waits until there is something to receive, the end included; whether there is. Nothing is taken.
    ///
    /// # Errors
    /// When another task waits to receive here.
    ///
    /// # Blocking
    /// Switches tasks, unless there is something, or the limit is zero.
    pub fn poll(&self, limit: impl Into<Option<Duration>>) -> io::Result<bool> {
        let limit = limit.into();
        if limit.is_some_and(|limit| limit.is_zero()) {
            return Ok(self.socket.has_something());
        }
        self.socket.poll(limit.and_then(clock::deadline))
    }
}

impl<S: Serialize, R> Connection<S, R> {
    /// Sends a value.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    ///
    /// # Blocking
    /// Switches tasks, if there is no room.
    pub fn send(&self, value: &S) -> Result<(), SendError> {
        self.send_until(value, None)
    }

    fn send_until(&self, value: &S, deadline: Option<Instant>) -> Result<(), SendError> {
        let parcel = Parcel::pack_behind(&[], value)?;
        let sent = self.socket.send(&parcel, deadline);
        parcel.recycle();
        sent
    }

    /// Sends a value, if there is room for it in that time.
    ///
    /// # Errors
    /// [`SendError::TimedOut`] if there is not; else as [`send`](Self::send).
    ///
    /// # Blocking
    /// Switches tasks, if there is no room.
    pub fn send_timeout(&self, value: &S, limit: Duration) -> Result<(), SendError> {
        self.send_until(value, clock::deadline(limit))
    }

    /// Sends a value, if there is room for it now.
    ///
    /// # Errors
    /// [`SendError::TimedOut`] if there is not; else as [`send`](Self::send).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_send(&self, value: &S) -> Result<(), SendError> {
        self.socket.try_send(&Parcel::pack(value)?)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Blocking
    /// Switches tasks, if there is no room.
    pub fn send_bytes(&self, bytes: &[u8]) -> Result<(), SendError> {
        self.socket.send_bytes(bytes)
    }
}

impl<S, R: DeserializeOwned> Connection<S, R> {
    /// Receives a value.
    ///
    /// # Errors
    /// [`RecvError::Closed`] when all has come and the other side is gone; else see [`RecvError`].
    ///
    /// # Blocking
    /// Switches tasks, if there is none.
    pub fn recv(&self) -> Result<R, RecvError> {
        self.socket.arrival(None)?.unpack_behind(0)
    }

    /// Receives a value, if one comes in that time.
    ///
    /// # Errors
    /// [`RecvError::TimedOut`] if none does; else as [`recv`](Self::recv).
    ///
    /// # Blocking
    /// Switches tasks, if there is none.
    pub fn recv_timeout(&self, limit: Duration) -> Result<R, RecvError> {
        self.socket.arrival(clock::deadline(limit))?.unpack_behind(0)
    }

    /// Receives a value, if one comes until then.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Blocking
    /// Switches tasks, if there is none.
    pub fn recv_deadline(&self, deadline: Instant) -> Result<R, RecvError> {
        self.socket.arrival(Some(deadline))?.unpack_behind(0)
    }

    /// Receives a value, if one is there.
    ///
    /// # Errors
    /// [`RecvError::Empty`] if none is; else as [`recv`](Self::recv).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_recv(&self) -> Result<R, RecvError> {
        self.socket.try_arrival()?.unpack_behind(0)
    }

    /// Receives what was sent as bytes.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Blocking
    /// Switches tasks, if there is none.
    pub fn recv_bytes(&self) -> Result<Vec<u8>, RecvError> {
        Ok(self.socket.recv(None)?.bytes)
    }

    /// What comes, to the end; ends at the first error as well.
    ///
    /// # Blocking
    /// Its `next` is a [`recv`](Self::recv).
    pub fn iter(&self) -> impl Iterator<Item = R> {
        std::iter::from_fn(|| self.recv().ok())
    }
}

impl<S, R> AsFd for Connection<S, R> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl<S, R> From<Connection<S, R>> for OwnedFd {
    fn from(connection: Connection<S, R>) -> OwnedFd {
        connection.socket.into()
    }
}

impl<S, R> Sealed for Connection<S, R> {}

/// Ready when there is something to receive, the end included.
impl<S, R> Waitable for Connection<S, R> {
    fn is_ready(&self) -> bool {
        self.socket.has_something()
    }

    fn watch(&self, watcher: Watcher) {
        self.ready.watch(self.as_fd(), self.is_ready(), watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.ready.unwatch(watcher);
    }
}

/// A duplicate of this end goes; it can be encoded only to be sent.
impl<S, R> Serialize for Connection<S, R> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let copy = self.as_fd().try_clone_to_owned().map_err(Z::Error::custom)?;
        Passed(copy).serialize(serializer)
    }
}

impl<'de, S, R> Deserialize<'de> for Connection<S, R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Passed(fd) = Passed::deserialize(deserializer)?;
        Connection::from_fd(fd).map_err(D::Error::custom)
    }
}

impl<S, R> fmt::Debug for Connection<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fd = self.as_fd().as_raw_fd();
        f.debug_struct("Connection").field("fd", &fd).finish_non_exhaustive()
    }
}
