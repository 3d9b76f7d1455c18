//! The end that receives, and how it waits for an item.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::error::RecvError;
use super::pipe::{Not, Taken};
use super::sender::{Channel, Onlooker};
use crate::blocker::{Blocker, Rouser};
use crate::clock;
use crate::task::Reason;
use crate::thread::wait::{Desk, Settled, Vain, wait};
use crate::wait::list::Ticket;
use crate::wait::{Waitable, Watcher, sealed::Sealed};

/// Receives what is sent from other OS threads, or from this one.
///
/// Made by [`bounded`](super::bounded) and [`unbounded`](super::unbounded). Clones share the items: each goes to one
/// of them. When the last one goes, what is left is dropped, and senders have their items back. With futures-core's `Stream` it
/// can be awaited as well.
///
/// ```
/// let (sender, receiver) = osier::thread::unbounded();
/// std::thread::spawn(move || (1..=3).for_each(|n| sender.send(n).unwrap()));
/// assert_eq!(osier::run(|| receiver.iter().collect::<Vec<_>>()), [1, 2, 3]);
/// ```
pub struct Receiver<T> {
    pub(super) channel: Arc<Channel<T>>,
    /// Tells it from its clones.
    pub(super) id: usize,
}

impl<T> Receiver<T> {
    /// Takes the oldest item, as soon as there is one.
    ///
    /// # Errors
    /// When there is none and no sender any more, or when there is none and whoever receives may not wait, as it is unwinding.
    ///
    /// # Blocking
    /// Switches tasks, unless there is an item. Outside of a task it stops the OS thread.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_until(None)
    }

    /// Takes the oldest item if there is one.
    ///
    /// # Errors
    /// When there is none.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn try_recv(&self) -> Result<T, RecvError> {
        self.taken(self.channel.pipe.take())
    }

    /// Takes the oldest item, and waits that long for one.
    ///
    /// # Errors
    /// As [`recv`](Self::recv); and [`RecvError::Empty`] when the time is up.
    ///
    /// # Blocking
    /// As [`recv`](Self::recv).
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvError> {
        match self.try_recv() {
            Err(RecvError::Empty) => self.wait(clock::deadline(limit)),
            done => done,
        }
    }

    /// Takes the oldest item, and waits for one until that moment.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Blocking
    /// As [`recv`](Self::recv).
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvError> {
        self.recv_until(Some(deadline))
    }

    /// Takes items until there are none and no sender any more.
    ///
    /// # Blocking
    /// Each step as [`recv`](Self::recv).
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// Takes the items that are there.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }

    #[inline]
    fn recv_until(&self, deadline: Option<Instant>) -> Result<T, RecvError> {
        match self.try_recv() {
            Err(RecvError::Empty) => self.wait(deadline),
            done => done,
        }
    }

    #[cold]
    fn wait(&self, deadline: Option<Instant>) -> Result<T, RecvError> {
        let channel = &*self.channel;
        if channel.items.spin(|| channel.pipe.seems_filled())
            && let Ok(item) = self.try_recv()
        {
            return Ok(item);
        }
        let reason = Reason::new("waiting for an item of a channel between threads");
        match channel.items.watch(|| wait(self, (), reason, deadline)) {
            Ok(Some(item)) => Ok(item),
            Ok(None) => Err(RecvError::Disconnected),
            Err((Vain::TimedOut, ())) => Err(RecvError::Empty),
            Err((Vain::Refused, ())) => Err(RecvError::Refused),
        }
    }

    #[inline]
    fn taken(&self, taken: Taken<T, Rouser, Onlooker>) -> Result<T, RecvError> {
        match taken {
            Ok((item, wakes)) => {
                self.channel.wake_senders(wakes);
                Ok(item)
            }
            Err(Not::Yet) => Err(RecvError::Empty),
            Err(Not::Ever) => Err(RecvError::Disconnected),
        }
    }

    /// Takes the oldest item, or has the waker woken when there is one: the step of a stream.
    ///
    /// None: there is none, and no sender any more. Items are not handed to wakers: whoever looks first has the item.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Ok(item) = self.try_recv() {
            return Poll::Ready(Some(item));
        }
        let (taken, old) =
            self.channel.pipe.take_or_watch(self.id, Onlooker::Future(cx.waker().clone()));
        drop(old);
        match self.taken(taken) {
            Ok(item) => Poll::Ready(Some(item)),
            Err(RecvError::Disconnected) => Poll::Ready(None),
            Err(_) => Poll::Pending,
        }
    }

    /// How many items there are.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn len(&self) -> usize {
        self.channel.pipe.census().0
    }

    /// Whether there is no item.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no sender any more; there may be items.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_disconnected(&self) -> bool {
        self.channel.pipe.ends().0 == 0
    }
}

impl<T> Desk for Receiver<T> {
    type Want = ();
    /// None when the last sender has gone.
    type Got = Option<T>;

    fn enter(&self, (): (), who: impl FnOnce() -> Rouser) -> Result<Option<T>, Ticket> {
        let taken = self.channel.pipe.take_or_enter(who)?;
        Ok(taken.map(|(item, wakes)| {
            self.channel.wake_senders(wakes);
            item
        }))
    }

    fn settle(&self, ticket: Ticket, again: Option<&Blocker>) -> Settled<Option<T>, ()> {
        let waits = again.is_some();
        let again = again.map(|blocker| || blocker.rouser());
        match self.channel.pipe.settle_receiver(ticket, again) {
            Some(got) => Settled::Got(got),
            None if waits => Settled::Stays,
            None => Settled::Left(()),
        }
    }

    fn give_back(&self, got: Option<T>) {
        if let Some(item) = got {
            self.channel.wake_receivers(self.channel.pipe.put_back(item));
        }
    }
}

impl<T> Sealed for Receiver<T> {}

/// Ready when a `recv` would not wait. A wait for it is never taken for a deadlock: another thread may send.
///
/// All who watch are told of an item, and the first that looks has it.
impl<T> Waitable for Receiver<T> {
    fn is_ready(&self) -> bool {
        self.channel.pipe.can_take()
    }

    fn watch(&self, watcher: Watcher) {
        let envoy = watcher.envoy();
        if let Some(told) =
            self.channel.pipe.watch(WATCHERS | envoy.number(), Onlooker::Task(envoy))
        {
            told.alert();
        }
    }

    fn unwatch(&self, watcher: &Watcher) {
        let gone = watcher.recall().and_then(|number| self.channel.pipe.unwatch(WATCHERS | number));
        drop(gone);
    }
}

/// Tells the numbers of watchers from those of receivers.
const WATCHERS: usize = 1 << (usize::BITS - 1);

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.another()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let (all, _watcher, rest) = self.channel.pipe.drop_receiver(self.id);
        all.into_iter().for_each(|wakes| self.channel.wake_senders(wakes));
        rest.into_iter().flatten().for_each(drop);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.channel.debug("Receiver", f)
    }
}

/// The items of a channel, until there are none and no sender any more.
///
/// ```
/// let (sender, receiver) = osier::thread::unbounded();
/// sender.send(7).unwrap();
/// drop(sender);
/// assert_eq!(receiver.iter().next(), Some(7));
/// assert_eq!(receiver.iter().next(), None);
/// ```
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The items of a channel that are there.
///
/// ```
/// let (sender, receiver) = osier::thread::unbounded();
/// sender.send(7).unwrap();
/// assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [7]);
/// ```
#[derive(Debug)]
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}
