//! Items on their way from one process to another: through a ring of shared memory, and a socket for what does not go there.
//!
//! What a process could not send before its end it leaves in a piece: a file of items, which goes through the pair in the other direction, where there is always room. The piece stays where it
//! is until the last item of it was taken, and the ring says how far it was read.
//!
//! What has descriptors, and what is large, goes through the socket, with a number in front that stands in the ring at the item's place. So the ring alone says
//! what comes in which order. The socket is written by who puts and read by who takes, so what is in it has the order of the numbers; one that the ring does not
//! speak of was sent by a process that died before it could say so, and one that is missing was received by one that died before it could use it.
//!
//! What waits for items waits for the *sign*, an eventfd that is readable while there are some. It is set by who puts if it is not set,
//! and taken back by who finds nothing, who looks again afterwards. A process that is killed between the two leaves items without a sign, so who waits looks now and then.

use std::io;
use std::sync::atomic::{Ordering::SeqCst, fence};
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::io::Got;

use super::batch::{self, Read, nonsense};
use super::core::Core;
use super::ring::{Nothing, Record, Taker};
use crate::wire::{Arrival, INLINE, Missed, Parcel, RecvError, SendError, Socket};

/// The most bytes of an item in the ring: as many as a message has in itself. What is longer travels in a file.
pub(super) const MOST: usize = INLINE;
/// How often who waits for the sign looks without it.
const NOW_AND_THEN: Duration = Duration::from_millis(100);

/// Whether the parcel of that number is the next; those are dropped that were sent by processes that died before they could say so.
fn is_next(socket: &Socket, number: u64) -> bool {
    loop {
        match socket.peek_number() {
            Some(next) if next < number => socket.skip(),
            next => return next == Some(number),
        }
    }
}

impl Core {
    /// Sends an item; [`SendError::TimedOut`] when there is no room.
    pub(super) fn try_send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let mut putter = self.ring().putter().ok_or(SendError::TimedOut)?;
        if self.is_shut() {
            return Err(SendError::Closed);
        }
        if parcel.descriptors.is_empty() && parcel.bytes.len() <= MOST {
            if !putter.put(&parcel.bytes) {
                return Err(SendError::TimedOut);
            }
        } else {
            let number = putter.number().ok_or(SendError::TimedOut)?;
            self.inlet.try_send_numbered(number, parcel)?;
            putter.refer(number);
        }
        drop(putter);
        self.show();
        Ok(())
    }

    /// Leaves many items in one piece; [`SendError::TimedOut`] when there are hundreds of pieces already.
    ///
    /// Where they are is said under the same hold under which they were sent.
    pub(super) fn leave(&self, piece: &Parcel) -> Result<(), SendError> {
        let mut putter = None;
        let number = self.outlet.try_send_file(piece, || {
            putter = self.ring().putter();
            putter.as_ref()?.number_of_piece()
        })?;
        putter.as_mut().expect("it has given the number").refer_to_piece(number);
        drop(putter);
        self.show();
        Ok(())
    }

    /// Receives an item, if there is one; [`RecvError::TimedOut`] when somebody else takes one and is not getting on.
    pub(super) fn try_arrival(&self) -> Result<Arrival, Missed> {
        loop {
            // Asked before there is nothing: what was sent before is there.
            let shut = self.is_shut();
            let taker = match self.ring().taker() {
                Ok(taker) => taker,
                Err(Nothing::Empty) if shut => return Err(RecvError::Closed.into()),
                Err(Nothing::Empty) => return Err(RecvError::Empty.into()),
                Err(Nothing::Busy) => return Err(RecvError::TimedOut.into()),
                Err(Nothing::Nonsense) => return Err(nonsense().into()),
            };
            if let Some(came) = self.item(taker) {
                self.space.ring(self.space_rope());
                return came;
            }
        }
    }

    /// What a record is; none if its item has died with who had received it.
    fn item(&self, taker: Taker<'_>) -> Option<Result<Arrival, Missed>> {
        let came = match taker.record {
            Record::Bytes(length) if length <= MOST => {
                Some(Ok(Arrival::filled(length, |bytes| taker.copy(bytes))))
            }
            Record::Bytes(length) => Some(Err(RecvError::TooLong(length as u64).into())),
            Record::Elsewhere(number) => {
                is_next(&self.outlet, number).then(|| self.outlet.try_arrival_numbered())
            }
            Record::Piece(number, read) if is_next(&self.inlet, number) => {
                return Some(self.item_of_piece(taker, Read::of(read)).map_err(Missed::from));
            }
            Record::Piece(..) => None,
        };
        taker.finish();
        came
    }

    /// The next item of a piece, which is the next in the socket.
    fn item_of_piece(&self, taker: Taker<'_>, read: Read) -> Result<Arrival, RecvError> {
        let sheet = match self.inlet.peek_file() {
            Ok(Some(sheet)) => sheet,
            // One item with more descriptors than a message has.
            Ok(None) => {
                let came = self.inlet.try_arrival_numbered();
                taker.finish();
                let items = batch::unpack(came?.into_parcel());
                return items
                    .into_iter()
                    .next()
                    .map(|item| item.parcel.into())
                    .ok_or_else(nonsense);
            }
            Err(error @ RecvError::Decode(_)) => {
                self.inlet.skip();
                taker.finish();
                return Err(error);
            }
            Err(error) => return Err(error), // it stays
        };
        let length = sheet.len();
        let (item, read) = read.next(sheet);
        match read.filter(|read| read.at() < length) {
            Some(read) => taker.note(read.bits()),
            None => {
                self.inlet.skip();
                taker.finish();
            }
        }
        item
    }

    /// Sets the sign: there is something.
    #[inline]
    pub(super) fn show(&self) {
        fence(SeqCst);
        if self.sign().load(SeqCst) == 0 && self.sign().swap(1, SeqCst) == 0 {
            self.items.strike();
        }
    }

    /// Takes the sign back, where nothing was found; `any` looks again.
    pub(super) fn hide(&self, any: impl Fn() -> bool) -> bool {
        if self.sign().swap(0, SeqCst) != 0 {
            self.items.hush();
        }
        fence(SeqCst);
        let any = any() || self.is_shut() || !self.ring().is_empty();
        if any {
            self.show();
        }
        any
    }

    /// Waits until there may be something, as `any` and the ring say; false when the deadline comes first.
    pub(super) fn wait_for_items(
        &self,
        deadline: Option<Instant>,
        any: impl Fn() -> bool,
    ) -> io::Result<bool> {
        let until = clock::deadline(NOW_AND_THEN).into_iter().chain(deadline).min();
        let waited = self.items.source().read(until, |_| match self.hide(&any) {
            true => Ok(Got { value: (), drained: false }),
            false => Err(io::ErrorKind::WouldBlock.into()),
        });
        match waited {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                Ok(deadline.is_none_or(|deadline| clock::now() < deadline))
            }
            Err(error) => Err(error),
        }
    }
}
