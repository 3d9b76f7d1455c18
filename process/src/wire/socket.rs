//! Sending and receiving parcels.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use osier_runtime::io::{Got, Source};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recv, sendmsg, socketpair,
};

use super::arrival::{Arrival, Missed, peek, receive};
use super::frame::{FIRST, HEAD, Head, INLINE, LENGTH, MOST, MOST_PASSED, NUMBER};
use super::sealed::{Sheet, seal};
use super::{Parcel, RecvError, SendError, Stake, about_to_wait};

/// The longest value that is taken, unless somebody says otherwise.
const LIMIT: usize = 256 << 20;

/// One end of a message socket: what connections and queues are made of.
///
/// Messages keep their bounds, and each is received by one, however many read and write. What it sends and receives are
/// [`Parcel`]s. It goes along with who is moved into the closure of a fork, and is given up in other forked children.
///
/// ```
/// use osier::process::{Parcel, Socket};
///
/// let (near, far) = Socket::pair()?;
/// near.send(&Parcel::pack("hello").unwrap(), None).unwrap();
/// assert_eq!(far.recv(None).unwrap().unpack::<String>().unwrap(), "hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Socket {
    /// Goes first: before the descriptor is closed.
    stake: Stake,
    source: Source<OwnedFd>,
    /// The longest value that is taken.
    limit: usize,
}

impl Socket {
    /// Two ends that are connected.
    ///
    /// # Errors
    /// When there are no descriptors left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn pair() -> io::Result<(Socket, Socket)> {
        let (one, other) = raw_pair()?;
        Ok((Socket::new(one)?, Socket::new(other)?))
    }

    /// Takes over a connected Unix socket of the kind SOCK_SEQPACKET.
    ///
    /// # Errors
    /// When it is none, nor any socket, nor open.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(fd: OwnedFd) -> io::Result<Socket> {
        if rustix::net::sockopt::socket_type(&fd)? != SocketType::SEQPACKET {
            let text = "a connection is a SOCK_SEQPACKET socket, and this is another";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        rustix::io::ioctl_fionbio(&fd, true)?;
        let stake = Stake::new(fd.as_fd());
        let source = Source::new(fd);
        source.share(); // duplicates are passed, and forked children have them
        Ok(Socket { stake, source, limit: LIMIT })
    }

    /// Another handle of this end.
    ///
    /// # Errors
    /// When there are no descriptors left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_clone(&self) -> io::Result<Socket> {
        let mut clone = Socket::new(self.source.get_ref().try_clone()?)?;
        clone.limit = self.limit;
        Ok(clone)
    }

    /// Sets the longest value that is taken; 256 MiB otherwise.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// Sends a parcel.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then.
    ///
    /// # Blocking
    /// Switches tasks, if there is no room.
    pub fn send(&self, parcel: &Parcel, deadline: Option<Instant>) -> Result<(), SendError> {
        self.send_parts((&parcel.bytes, &parcel.descriptors), deadline)
    }

    /// Sends bytes that are a parcel without descriptors.
    pub(crate) fn send_bytes(&self, bytes: &[u8]) -> Result<(), SendError> {
        self.send_parts((bytes, &[]), None)
    }

    fn send_parts(&self, parcel: Parts<'_>, deadline: Option<Instant>) -> Result<(), SendError> {
        let message = Outgoing::new(parcel)?;
        let sent = self.source.write(deadline, |fd| message.send(fd.as_fd()));
        match sent {
            // The kernel is set to take less in one message.
            Err(error) if error.raw_os_error() == Some(Errno::MSGSIZE.raw_os_error()) => {
                let message = Outgoing::in_a_file(parcel)?;
                Ok(self.source.write(deadline, |fd| message.send(fd.as_fd()))?)
            }
            sent => Ok(sent?),
        }
    }

    /// Sends a parcel if there is room now: [`SendError::TimedOut`] says that there was none.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_send(&self, parcel: &Parcel) -> Result<(), SendError> {
        try_send((&parcel.bytes, &parcel.descriptors), self.as_fd())
    }

    /// As [`try_send`](Self::try_send), with a number in front that can be looked at before the parcel is received.
    pub(crate) fn try_send_numbered(&self, number: u64, parcel: &Parcel) -> Result<(), SendError> {
        let parts = (&parcel.bytes[..], &parcel.descriptors[..]);
        let send = |message: Outgoing<'_>| message.send_behind(&number.to_le_bytes(), self.as_fd());
        let sent = match send(Outgoing::new(parts)?) {
            Err(error) if error.raw_os_error() == Some(Errno::MSGSIZE.raw_os_error()) => {
                send(Outgoing::in_a_file(parts)?)
            }
            sent => sent,
        };
        match sent {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(SendError::TimedOut),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a parcel in a file with a number in front, if there is room: `number` gives it when all is ready, none if it is not to be sent.
    pub(crate) fn try_send_file(
        &self,
        parcel: &Parcel,
        number: impl FnOnce() -> Option<u64>,
    ) -> Result<u64, SendError> {
        let message = Outgoing::in_a_file((&parcel.bytes, &parcel.descriptors))?;
        let number = number().ok_or(SendError::TimedOut)?;
        match message.send_behind(&number.to_le_bytes(), self.as_fd()) {
            Ok(_) => Ok(number),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(SendError::TimedOut),
            Err(error) => Err(error.into()),
        }
    }

    /// The file that the next parcel stands in, which has a number in front and stays where it is.
    ///
    /// None if it does not stand in a file, or cannot be looked at without being received.
    pub(crate) fn peek_file(&self) -> Result<Option<Sheet>, RecvError> {
        peek(self.source.get_ref())?.open_file(NUMBER, self.limit)
    }

    /// Receives a message and drops it.
    pub(crate) fn skip(&self) {
        let _ = receive(self.source.get_ref());
    }

    /// The number in front of the next parcel, if there is one.
    pub(crate) fn peek_number(&self) -> Option<u64> {
        let mut number = [0; NUMBER];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let (length, _) = recv(self, &mut number[..], flags).ok()?;
        (length > 0).then(|| u64::from_le_bytes(number))
    }

    /// As `try_arrival`, of a parcel with a number in front.
    pub(crate) fn try_arrival_numbered(&self) -> Result<Arrival, Missed> {
        match receive(self.source.get_ref()) {
            Ok(came) => came.value.open_behind(NUMBER, self.limit),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(RecvError::Empty.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Receives a parcel.
    ///
    /// # Errors
    /// [`RecvError`].
    ///
    /// # Blocking
    /// Switches tasks, if there is none.
    pub fn recv(&self, deadline: Option<Instant>) -> Result<Parcel, RecvError> {
        Ok(self.arrival(deadline)?.into_parcel())
    }

    /// As `recv`; what has come is still where it was received.
    pub(crate) fn arrival(&self, deadline: Option<Instant>) -> Result<Arrival, Missed> {
        about_to_wait();
        self.source.read(deadline, receive)?.open(self.limit)
    }

    /// Receives a parcel if one is there.
    ///
    /// # Errors
    /// [`RecvError::Empty`] if none is; else as [`recv`](Self::recv).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_recv(&self) -> Result<Parcel, RecvError> {
        Ok(self.try_arrival()?.into_parcel())
    }

    /// As `try_recv`; what has come is still where it was received.
    pub(crate) fn try_arrival(&self) -> Result<Arrival, Missed> {
        match receive(self.source.get_ref()) {
            Ok(came) => came.value.open(self.limit),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(RecvError::Empty.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until there is something to receive, the end included; false when the deadline comes first.
    ///
    /// # Errors
    /// When another task waits to receive here, or no descriptors are left.
    ///
    /// # Blocking
    /// Switches tasks, unless there is something.
    pub fn poll(&self, deadline: Option<Instant>) -> io::Result<bool> {
        about_to_wait();
        match self.source.wait_readable(deadline) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether there is something to receive, the end included.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn has_something(&self) -> bool {
        let mut asked = [PollFd::new(self, PollFlags::IN)];
        poll(&mut asked, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    /// What tasks wait on.
    pub fn source(&self) -> &Source<OwnedFd> {
        &self.source
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.get_ref().as_fd()
    }
}

impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> OwnedFd {
        drop(socket.stake);
        socket.source.into_inner()
    }
}

/// Sends a parcel by that socket, if there is room now.
fn try_send(parcel: Parts<'_>, by: BorrowedFd<'_>) -> Result<(), SendError> {
    match Outgoing::new(parcel)?.send(by) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(SendError::TimedOut),
        Err(error) => Err(error.into()),
    }
}

/// Sends bytes that are a parcel without descriptors by that socket, if there is room now.
pub(crate) fn try_send_bytes(by: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), SendError> {
    try_send((bytes, &[]), by)
}

/// A connected pair of message sockets.
pub(super) fn raw_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// A parcel's bytes and descriptors.
type Parts<'a> = (&'a [u8], &'a [OwnedFd]);

/// A message that is ready to be sent, as often as it takes.
struct Outgoing<'a> {
    head: [u8; HEAD + LENGTH],
    /// How much of it there is.
    headed: usize,
    body: &'a [u8],
    carried: Vec<BorrowedFd<'a>>,
    /// What was made for this message, and is carried as well: the file before the others, the queue after.
    file: Option<OwnedFd>,
    queue: Option<OwnedFd>,
    /// The other end of the queue: what is in there needs it no more, but its end must not come early.
    _queued: Option<OwnedFd>,
}

impl<'a> Outgoing<'a> {
    fn new(parcel: Parts<'a>) -> Result<Self, SendError> {
        Outgoing::made(parcel, parcel.0.len() > INLINE)
    }

    fn in_a_file(parcel: Parts<'a>) -> Result<Self, SendError> {
        Outgoing::made(parcel, true)
    }

    fn made((bytes, descriptors): Parts<'a>, sealed: bool) -> Result<Self, SendError> {
        if descriptors.len() > MOST_PASSED {
            let text = format!("{} descriptors are more than can be sent", descriptors.len());
            return Err(SendError::Encode(text));
        }
        let queued = descriptors.len() + usize::from(sealed) > MOST;
        let count = u16::try_from(descriptors.len()).expect("that was seen to");
        let mut head = [0; HEAD + LENGTH];
        head[..HEAD].copy_from_slice(&Head { sealed, queued, count }.encode());
        let headed = if sealed { HEAD + LENGTH } else { HEAD };
        let file = if sealed { Some(seal(bytes)?) } else { None };
        if sealed {
            head[HEAD..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        }
        let (queue, near) = if queued {
            queue(descriptors).map(|(q, n)| (Some(q), Some(n)))?
        } else {
            (None, None)
        };
        let carried = if queued { &[][..] } else { descriptors };
        let body = if sealed { &bytes[..bytes.len().min(FIRST)] } else { bytes };
        let carried = carried.iter().map(OwnedFd::as_fd).collect();
        Ok(Outgoing { head, headed, body, carried, file, queue, _queued: near })
    }

    fn send(&self, to: BorrowedFd<'_>) -> io::Result<Got<()>> {
        self.send_behind(&[], to)
    }

    fn send_behind(&self, first: &[u8], to: BorrowedFd<'_>) -> io::Result<Got<()>> {
        let mut all: Vec<BorrowedFd<'_>> = Vec::new();
        all.extend(self.file.iter().map(OwnedFd::as_fd));
        all.extend(&self.carried);
        all.extend(self.queue.iter().map(OwnedFd::as_fd));
        let parts = [first, &self.head[..self.headed], self.body].map(IoSlice::new);
        send_raw(to, &parts, &all)?;
        Ok(Got { value: (), drained: false })
    }
}

fn send_raw(to: BorrowedFd<'_>, bytes: &[IoSlice<'_>], with: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space: Vec<MaybeUninit<u8>> = Vec::new();
    if !with.is_empty() {
        space.resize(rustix::cmsg_space!(ScmRights(with.len())), MaybeUninit::uninit());
    }
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !with.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(with)), "there is room for them");
    }
    sendmsg(to, bytes, &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
    Ok(())
}

/// A socket in which these descriptors wait to be received, and its other end.
fn queue(descriptors: &[OwnedFd]) -> io::Result<(OwnedFd, OwnedFd)> {
    let (near, far) = raw_pair()?;
    for some in descriptors.chunks(MOST) {
        let some: Vec<_> = some.iter().map(OwnedFd::as_fd).collect();
        send_raw(near.as_fd(), &[IoSlice::new(&[0])], &some)?;
    }
    Ok((far, near))
}
