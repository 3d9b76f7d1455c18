//! The queue as a process uses it.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::ready::Ready;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::PutError;
use super::core::{Core, DESCRIPTORS};
use super::here::Here;
use super::road::{self, Item};
use super::slots::Slot;
use crate::wire::{Parcel, Passed, SendError, Stake, about_to_wait};

/// How often it is tried to send on where no task can wait for room.
const BY_AND_BY: Duration = Duration::from_millis(2);

/// A queue between processes: first in, first out.
///
/// What one process puts is had in that order; each item is had by one. A clone is another handle of the same queue, and so is what a
/// process gets that is handed one. [`shutdown`](Queue::shutdown) declares the end for all; that nobody is left who could put is
/// not seen, as who gets could put as well.
///
/// ```
/// use osier::process::Process;
/// use osier::process::queue::Queue;
///
/// osier::process::functions! {
///     fn squares(questions: Queue<u32>, answers: Queue<u32>) {
///         questions.iter().for_each(|n| answers.put(n * n).unwrap());
///     }
/// }
/// osier::run(|| {
///     let (questions, answers) = (Queue::bounded(2)?, Queue::unbounded()?);
///     let process = Process::spawn(squares, (questions.clone(), answers.clone()))?;
///     (1..=10).for_each(|n| questions.put(n).unwrap()); // waits when two are there
///     questions.shutdown();
///     process.join(); // before anything is got
///     assert_eq!(answers.len(), 10);
///     assert!(answers.iter().take(10).eq((1..=10).map(|n| n * n)));
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct Queue<T> {
    /// They go first: before the descriptors may be closed.
    _stakes: [Stake; DESCRIPTORS],
    pub(super) core: Arc<Core>,
    /// By which tasks wait for an item beside other things.
    pub(super) ready: Ready,
    /// Values go both ways, and none is here.
    _items: PhantomData<fn(T) -> T>,
}

impl<T> Queue<T> {
    /// A queue that holds so many.
    ///
    /// Those that processes have put and could not send yet count as well.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// # Panics
    /// If it is to hold none, or 2^32 or more.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn bounded(size: usize) -> io::Result<Queue<T>> {
        assert!(size > 0, "a queue between processes has a place at least: ask for one");
        assert!(
            u32::try_from(size).is_ok_and(|size| size < u32::MAX - 1),
            "the queue is too large"
        );
        Ok(Queue::over(Core::create(size, false)?))
    }

    /// A queue without limit.
    ///
    /// What there is no room for in the memory that processes share (1 MiB) is with the process that has put it.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn unbounded() -> io::Result<Queue<T>> {
        Ok(Queue::over(Core::create(0, false)?))
    }

    #[track_caller]
    pub(super) fn sized(size: usize, counted: bool) -> io::Result<Queue<T>> {
        assert!(size > 0, "a queue between processes has a place at least: ask for one");
        assert!(
            u32::try_from(size).is_ok_and(|size| size < u32::MAX - 1),
            "the queue is too large"
        );
        Ok(Queue::over(Core::create(size, counted)?))
    }

    pub(super) fn over(core: Core) -> Queue<T> {
        Queue::of(Arc::new(core))
    }

    fn of(core: Arc<Core>) -> Queue<T> {
        Queue { _stakes: core.stakes(), core, ready: Ready::new(), _items: PhantomData }
    }

    /// How many it holds; none if there is no limit.
    pub fn capacity(&self) -> Option<usize> {
        self.core.limit()
    }

    /// How many items are in it. Advisory: others put and get meanwhile.
    ///
    /// Those of processes that have died may be among them, until the queue is empty.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn len(&self) -> usize {
        if self.core.is_bare() && self.core.limit().is_none() {
            let kept = self.core.here().kept.load(SeqCst);
            return kept;
        }
        match self.core.slots() {
            Some(slots) => slots.used(),
            None => usize::try_from(self.core.length()).unwrap_or(usize::MAX),
        }
    }

    /// Whether nothing is in it. Advisory: others put and get meanwhile.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room. Advisory: others put and get meanwhile.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_full(&self) -> bool {
        self.capacity().is_some_and(|capacity| self.len() >= capacity)
    }

    /// Declares the end, in all processes: nothing is put any more, and what is there can be got.
    ///
    /// What other processes have put and not sent yet can be got as well, perhaps after somebody was told that nothing is left. Called again, it
    /// does nothing.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn shutdown(&self) {
        let here = self.core.here();
        if road::push_along(&self.core, &here) != road::Sent::All {
            // If there is no room for a piece, the task that sends on finds it shut, and waits for room.
            let _ = road::leave_piece(&self.core, &here);
        }
        self.core.shut();
    }

    /// Whether the queue was shut down, or closed in this process.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_closed(&self) -> bool {
        self.core.is_shut() || self.core.here().closed.load(SeqCst)
    }

    /// Lets this process put and get no more, by whichever handle; what it has put is sent. Called again, it does nothing.
    ///
    /// A task that waits already gets what it waits for.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn close(&self) {
        self.core.here().closed.store(true, SeqCst);
    }

    /// Waits until nothing that this process has put is kept by it; Python's `join_thread`.
    ///
    /// The end of the process does so too, and waits for nobody who gets as long as there is room for what it leaves in one piece; 10 seconds at most.
    ///
    /// # Blocking
    /// Switches tasks, unless nothing is left to be sent. Outside of a hub it never waits for who gets either.
    pub fn flush(&self) {
        self.flush_until(None);
    }

    /// Waits for that long at most until all is sent; whether it is.
    ///
    /// # Blocking
    /// As [`flush`](Self::flush).
    pub fn flush_timeout(&self, limit: Duration) -> bool {
        self.flush_until(clock::deadline(limit))
    }

    /// Waits until that moment at most until all is sent; whether it is.
    ///
    /// # Blocking
    /// As [`flush`](Self::flush).
    pub fn flush_deadline(&self, deadline: Instant) -> bool {
        self.flush_until(Some(deadline))
    }

    fn flush_until(&self, deadline: Option<Instant>) -> bool {
        let here = self.core.here();
        while here.keeps_some() && !osier_runtime::fork::in_hub() {
            about_to_wait();
            if deadline.is_some_and(|deadline| clock::now() >= deadline) {
                break;
            }
            osier_runtime::sleep(BY_AND_BY);
        }
        match deadline {
            _ if !here.keeps_some() => true,
            None => here.drained.wait(),
            Some(deadline) => here.drained.wait_deadline(deadline),
        }
    }

    /// Lets this process end without sending what it has put and not sent; Python's `cancel_join_thread`.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn cancel_join(&self) {
        self.core.here().abandoned.store(true, SeqCst);
    }
}

impl<T: Serialize> Queue<T> {
    /// Puts an item, as soon as there is room.
    ///
    /// # Errors
    /// [`PutError`]; the item comes back, and takes no place.
    ///
    /// # Blocking
    /// Switches tasks, if the queue has a size and is full, and now and then if it never is: no stream of items holds up the others.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.core.here().begin();
        self.put_until(item, |core, here| {
            about_to_wait();
            core.room
                .wait(core.room_rope(), &here.putting, None, |unrung| place(core, here, unrung))
        })
    }

    /// Puts an item, if there is room.
    ///
    /// # Errors
    /// [`PutError::Full`] if there is not; else as [`put`](Self::put).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let put = self.put_until(item, |core, here| place(core, here, true));
        put.map_err(|error| match error {
            PutError::TimedOut(item) => PutError::Full(item),
            other => other,
        })
    }

    /// Puts an item, if there is room in that time.
    ///
    /// # Errors
    /// [`PutError::TimedOut`] if there is not; else as [`put`](Self::put).
    ///
    /// # Blocking
    /// As [`put`](Self::put).
    pub fn put_timeout(&self, item: T, limit: Duration) -> Result<(), PutError<T>> {
        match clock::deadline(limit) {
            Some(deadline) => self.put_deadline(item, deadline),
            None => self.put(item),
        }
    }

    /// Puts an item, if there is room until then.
    ///
    /// # Errors
    /// As [`put_timeout`](Self::put_timeout).
    ///
    /// # Blocking
    /// As [`put`](Self::put).
    pub fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutError<T>> {
        self.core.here().begin();
        self.put_until(item, |core, here| {
            about_to_wait();
            core.room.wait(core.room_rope(), &here.putting, Some(deadline), |unrung| {
                place(core, here, unrung)
            })
        })
    }

    fn put_until(
        &self,
        item: T,
        wait: impl FnOnce(&Core, &Here) -> Option<Place>,
    ) -> Result<(), PutError<T>> {
        let (core, here) = (&self.core, self.core.here());
        if here.closed.load(SeqCst) || core.is_shut() {
            return Err(PutError::ShutDown(item));
        }
        // First of all, so that nothing has to be taken back.
        let mut parcel = match Parcel::pack_behind(&Item::prefix(None), &item) {
            Ok(parcel) => Item { parcel },
            Err(SendError::Encode(why)) => return Err(PutError::Encode(item, why)),
            Err(error) => return Err(PutError::Io(item, error.into())),
        };
        let slot = match place(core, &here, false) {
            None => wait(core, &here),
            found => found,
        };
        match slot {
            None => return Err(PutError::TimedOut(item)),
            Some(Place::Shut) => return Err(PutError::ShutDown(item)),
            Some(Place::Any) => {}
            Some(Place::Is(slot)) => parcel.set_slot(Some(slot)),
        }
        let slot = if let Some(Place::Is(slot)) = slot { Some(slot) } else { None };
        match self.send(&here, parcel, slot) {
            Ok(()) => Ok(()),
            Err(SendError::Closed) => Err(PutError::ShutDown(item)),
            Err(error) => Err(PutError::Io(item, error.into())),
        }
    }

    fn send(&self, here: &Arc<Here>, item: Item, slot: Option<Slot>) -> Result<(), SendError> {
        let core = &self.core;
        let ledger = core.ledger();
        let seat = match &ledger {
            Some(ledger) => Some(here.seat(ledger).ok_or_else(no_seat)?),
            None => None,
        };
        if let (Some(ledger), Some(seat)) = (&ledger, seat) {
            ledger.reach(seat);
            ledger.begin();
        }
        core.more();
        let sent = road::send(core, here, item);
        if sent.is_err() {
            core.less(1);
            if let (Some(slots), Some(slot)) = (core.slots(), slot) {
                slots.free(slot);
                core.room.ring(core.room_rope());
            }
            if let (Some(ledger), Some(seat)) = (&ledger, seat) {
                if ledger.take_back() == Some(1) {
                    core.done.ring(core.done_rope());
                }
                ledger.let_go(seat);
            }
        }
        sent
    }
}

pub(super) fn no_seat() -> io::Error {
    io::Error::other("too many processes use this queue that counts what is unfinished")
}

/// What a put needs.
#[derive(Clone, Copy)]
enum Place {
    Is(Slot),
    /// There is no limit.
    Any,
    /// None is needed any more.
    Shut,
}

/// A place, if there is one; `lost`: those that died with processes are looked for.
fn place(core: &Core, here: &Here, lost: bool) -> Option<Place> {
    if core.is_shut() {
        return Some(Place::Shut);
    }
    let Some(slots) = core.slots() else { return Some(Place::Any) };
    let take = || slots.take(here.me).map(Place::Is);
    take().or_else(|| if lost && core.free_lost() { take() } else { None })
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Queue<T> {
        Queue::of(self.core.clone())
    }
}

/// Duplicates of its descriptors go; it can be encoded only to be sent.
impl<T> Serialize for Queue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.core.descriptors().map(Passed).serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Queue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fds = <[Passed<OwnedFd>; DESCRIPTORS]>::deserialize(deserializer)?;
        let core = Core::open(fds.map(|Passed(fd)| fd)).map_err(D::Error::custom)?;
        Ok(Queue::over(core))
    }
}

/// How many, what is kept by this process, and which processes (by number) put and take at the moment.
impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [putting, taking] = self.core.ring().busy();
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .field("kept", &self.core.here().kept.load(SeqCst))
            .field("putting", &putting)
            .field("taking", &taking)
            .finish()
    }
}
