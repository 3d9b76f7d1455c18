//! Receiving a message, and what has come in it.
//!
//! It is received into a buffer of the OS thread's, and decoded from there; while somebody has the buffer, others
//! get one of their own.

use std::cell::Cell;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};

use osier_runtime::io::Got;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};
use serde::de::DeserializeOwned;

use super::frame::{FIRST, HEAD, Head, INLINE, LENGTH, MOST, NUMBER};
use super::parcel::decode;
use super::sealed::{Sheet, unseal};
use super::{Parcel, RecvError};

thread_local! {
    /// Where a message is received; taken out while it is in use.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A message that was received; its bytes stand in the buffer.
pub(super) struct Incoming {
    buffer: Buffer,
    length: usize,
    descriptors: Vec<OwnedFd>,
    /// Whether the kernel could not hand over all of the descriptors.
    lost: bool,
    truncated: bool,
}

/// A value that has come.
pub(crate) struct Arrival {
    body: Body,
    descriptors: Vec<OwnedFd>,
}

/// Nothing has come, or what has come is gone.
#[derive(Debug)]
pub(crate) struct Missed {
    pub(crate) error: RecvError,
    /// The first bytes of the value that is gone, if it was one.
    pub(crate) first: Option<[u8; FIRST]>,
}

impl From<RecvError> for Missed {
    fn from(error: RecvError) -> Missed {
        Missed { error, first: None }
    }
}

impl From<io::Error> for Missed {
    fn from(error: io::Error) -> Missed {
        RecvError::from(error).into()
    }
}

impl From<Missed> for RecvError {
    fn from(missed: Missed) -> RecvError {
        missed.error
    }
}

/// Where its bytes are.
enum Body {
    InBuffer(Buffer, Range<usize>),
    Apart(Vec<u8>),
}

impl Arrival {
    /// One of so many bytes, which `fill` writes; no more than fit into a message.
    pub(crate) fn filled(length: usize, fill: impl FnOnce(&mut [u8])) -> Arrival {
        let mut buffer = Buffer::take();
        fill(&mut buffer.0[..length]);
        Arrival { body: Body::InBuffer(buffer, 0..length), descriptors: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::InBuffer(buffer, range) => &buffer.0[range.clone()],
            Body::Apart(bytes) => bytes,
        }
    }

    /// Decodes the value that stands behind so many bytes.
    pub(crate) fn unpack_behind<T: DeserializeOwned>(
        mut self,
        first: usize,
    ) -> Result<T, RecvError> {
        let descriptors = std::mem::take(&mut self.descriptors);
        decode(self.bytes().get(first..).unwrap_or_default(), descriptors)
    }

    pub(crate) fn into_parcel(self) -> Parcel {
        let bytes = match self.body {
            Body::InBuffer(buffer, range) => buffer.0[range].to_vec(),
            Body::Apart(bytes) => bytes,
        };
        Parcel { bytes, descriptors: self.descriptors }
    }
}

impl From<Parcel> for Arrival {
    fn from(parcel: Parcel) -> Arrival {
        Arrival { body: Body::Apart(parcel.bytes), descriptors: parcel.descriptors }
    }
}

impl Incoming {
    pub(super) fn open(self, limit: usize) -> Result<Arrival, Missed> {
        self.open_behind(0, limit)
    }

    /// What stands behind so many bytes.
    pub(super) fn open_behind(self, before: usize, limit: usize) -> Result<Arrival, Missed> {
        let first = self.first(before);
        self.take_apart(before, limit).map_err(|error| Missed { error, first })
    }

    /// The first bytes of the value, if it is a message of ours.
    fn first(&self, before: usize) -> Option<[u8; FIRST]> {
        let (head, body) = Head::decode(self.buffer.0.get(before..self.length)?)?;
        body.get(if head.sealed { LENGTH } else { 0 }..)?.first_chunk().copied()
    }

    fn take_apart(mut self, before: usize, limit: usize) -> Result<Arrival, RecvError> {
        if self.length == 0 {
            return Err(RecvError::Closed);
        }
        if self.lost {
            return Err(RecvError::Io(lost()));
        }
        let no_message = || RecvError::Decode("this is no message of ours".to_string());
        if self.truncated {
            return Err(no_message());
        }
        let message = self.buffer.0[..self.length].get(before..);
        let (head, body) = message.and_then(Head::decode).ok_or_else(no_message)?;
        if head.carried() != self.descriptors.len() {
            return Err(no_message());
        }
        let body = if head.sealed {
            let (length, first) = body.split_first_chunk::<LENGTH>().ok_or_else(no_message)?;
            if first.len() > FIRST {
                return Err(no_message());
            }
            let length = u64::from_le_bytes(*length);
            Body::Apart(unseal(self.descriptors.remove(0), length, limit)?)
        } else if body.len() > limit {
            return Err(RecvError::TooLong(body.len() as u64));
        } else {
            Body::InBuffer(self.buffer, before + HEAD..self.length)
        };
        if head.queued {
            let queue = self.descriptors.pop().ok_or_else(no_message)?;
            self.descriptors = fetch(&queue, usize::from(head.count))?;
        }
        Ok(Arrival { body, descriptors: self.descriptors })
    }
}

impl Incoming {
    /// The file that a value stands in which has so many bytes in front, and the value's descriptors.
    ///
    /// None if it stands in the message, or its descriptors do not.
    pub(super) fn open_file(
        mut self,
        first: usize,
        limit: usize,
    ) -> Result<Option<Sheet>, RecvError> {
        if self.lost {
            return Err(RecvError::Io(too_many()));
        }
        let no_message = || RecvError::Decode("this is no message of ours".to_string());
        let message = self.buffer.0[..self.length].get(first..);
        let (head, body) = message.and_then(Head::decode).ok_or_else(no_message)?;
        if !head.sealed || head.queued || head.carried() != self.descriptors.len() {
            return Ok(None);
        }
        let (length, _) = body.split_first_chunk::<LENGTH>().ok_or_else(no_message)?;
        let file = self.descriptors.remove(0);
        Sheet::new(file, u64::from_le_bytes(*length), limit, self.descriptors).map(Some)
    }
}

fn too_many() -> io::Error {
    io::Error::other("an item cannot be received: too many open files")
}

fn lost() -> io::Error {
    let text = "a message is lost, as its descriptors could not be received: too many open files";
    io::Error::other(text)
}

/// Receives a message, if there is one.
pub(super) fn receive(from: &OwnedFd) -> io::Result<Got<Incoming>> {
    receive_by(from, RecvFlags::empty())
}

/// As that, and the message stays where it is; of its descriptors these are copies.
pub(super) fn peek(from: &OwnedFd) -> io::Result<Incoming> {
    Ok(receive_by(from, RecvFlags::PEEK)?.value)
}

fn receive_by(from: &OwnedFd, how: RecvFlags) -> io::Result<Got<Incoming>> {
    let mut buffer = Buffer::take();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT | how;
    let came = recvmsg(from.as_fd(), &mut [IoSliceMut::new(&mut buffer.0)], &mut control, flags)?;
    let mut descriptors = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(some) = part {
            descriptors.extend(some);
        }
    }
    let lost = came.flags.contains(ReturnFlags::CTRUNC);
    let truncated = came.flags.contains(ReturnFlags::TRUNC);
    let length = came.bytes.min(buffer.0.len());
    Ok(Got { value: Incoming { buffer, length, descriptors, lost, truncated }, drained: false })
}

/// Receives so many descriptors that wait in a socket.
fn fetch(queue: &OwnedFd, count: usize) -> Result<Vec<OwnedFd>, RecvError> {
    let mut all = Vec::new();
    while all.len() < count {
        let came = receive(queue)?.value;
        if came.lost {
            return Err(RecvError::Io(lost()));
        }
        if came.length == 0 || came.descriptors.is_empty() {
            break;
        }
        all.extend(came.descriptors);
    }
    match all.len() == count {
        true => Ok(all),
        false => Err(RecvError::Decode("not all descriptors were sent that were said".to_string())),
    }
}

/// The thread's buffer, while it is in use.
struct Buffer(Vec<u8>);

impl Buffer {
    fn take() -> Buffer {
        // At the end of the process the thread's is gone.
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        if buffer.is_empty() {
            buffer = vec![0; NUMBER + HEAD + INLINE];
        }
        Buffer(buffer)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let _ = BUFFER.try_with(|place| place.set(std::mem::take(&mut self.0)));
    }
}
