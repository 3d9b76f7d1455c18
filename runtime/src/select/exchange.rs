//! Branches that give or take an item.

use std::fmt;

use super::branch::Steps;
use super::desk::Desk;
use crate::channel::{Receiver, RecvError, SendError, Sender};
use crate::queue::{AnyQueue, Core, GetError, Kind, Pipe, Place, PutError, Wait};

/// A branch that takes an item of a queue.
///
/// ```
/// use osier::queue::Queue;
/// use osier::select::{get, select};
///
/// let queue = Queue::from_iter([7]);
/// let mut branch = get(&queue);
/// assert_eq!(select(&mut [&mut branch]), 0);
/// assert_eq!(branch.take(), Some(Ok(7)));
/// ```
pub fn get<K: Kind>(queue: &AnyQueue<K>) -> Get<'_, K> {
    Get { core: queue.core(), place: None, outcome: None }
}

/// A branch that puts an item into a queue.
///
/// ```
/// use osier::queue::Queue;
/// use osier::select::{put, select};
///
/// let queue = Queue::bounded(1);
/// let mut branch = put(&queue, 7);
/// assert_eq!(select(&mut [&mut branch]), 0);
/// assert_eq!(branch.take(), Some(Ok(())));
/// assert_eq!(queue.len(), 1);
/// ```
pub fn put<K: Kind>(queue: &AnyQueue<K>, item: K::Item) -> Put<'_, K> {
    Put { core: queue.core(), item: Some(item), place: None, outcome: None }
}

/// A branch that receives a value from a channel.
///
/// ```
/// use osier::select::{recv, select};
///
/// let (to, from) = osier::channel::unbounded();
/// to.send(7).unwrap();
/// let mut branch = recv(&from);
/// select(&mut [&mut branch]);
/// assert_eq!(branch.take(), Some(Ok(7)));
/// ```
pub fn recv<T>(receiver: &Receiver<T>) -> Recv<'_, T> {
    Recv(Get { core: receiver.core(), place: None, outcome: None })
}

/// A branch that sends a value into a channel.
///
/// ```
/// use osier::select::{select, send};
///
/// let (to, from) = osier::channel::unbounded();
/// let mut branch = send(&to, 7);
/// select(&mut [&mut branch]);
/// assert_eq!(branch.take(), Some(Ok(())));
/// assert_eq!(from.recv(), Ok(7));
/// ```
pub fn send<T>(sender: &Sender<T>, value: T) -> Send<'_, T> {
    Send(Put { core: sender.core(), item: Some(value), place: None, outcome: None })
}

/// A branch that takes an item of a queue, made by [`get`].
///
/// It can be used again once its outcome was taken; in a queue that was shut down and is empty it is always ready.
pub struct Get<'a, K: Kind> {
    core: &'a Core<K>,
    /// Its place in line, while it stands in one.
    place: Option<Place>,
    outcome: Option<Result<K::Item, GetError>>,
}

impl<K: Kind> Get<'_, K> {
    /// What it has taken, if it was the one that was done.
    #[inline]
    pub fn take(&mut self) -> Option<Result<K::Item, GetError>> {
        self.outcome.take()
    }
}

impl<K: Kind> Steps for Get<'_, K> {
    #[inline]
    fn is_ready(&mut self) -> bool {
        self.core.can_get()
    }

    #[inline]
    fn finish(&mut self) -> bool {
        let got = self.core.try_get();
        let done = !matches!(got, Err(GetError::Empty));
        if done {
            self.outcome = Some(got);
        }
        done
    }

    fn enter(&mut self, desk: &Desk, branch: u32) -> bool {
        let wait = Wait::branch(None, desk.claim(), branch);
        self.place = Some(self.core.enter_getter(desk.who(), wait));
        true
    }

    fn leave(&mut self, served: bool) {
        let Some(place) = self.place.take() else { return };
        let got = self.core.leave_getter(place);
        if served {
            self.outcome = Some(got);
        }
    }

    fn give_up(&mut self) {
        self.outcome = Some(Err(GetError::Empty));
    }
}

/// A branch that puts an item into a queue, made by [`put`].
///
/// Once its item was put it is never ready again.
pub struct Put<'a, K: Kind> {
    core: &'a Core<K>,
    /// The item, but while it stands in line, and when it was put.
    item: Option<K::Item>,
    /// Its place in line, while it stands in one.
    place: Option<Place>,
    /// What was left of its place when it was served; or how it ended at once.
    outcome: Option<Outcome<K::Item>>,
}

enum Outcome<T> {
    AtOnce(Result<(), PutError<T>>),
    Served(Wait<T>),
}

impl<K: Kind> Put<'_, K> {
    /// How the put went, if it was the one that was done.
    ///
    /// # Panics
    /// With what the comparison of the item panicked with when a [`PriorityQueue`](crate::queue::PriorityQueue) let it in.
    #[inline]
    pub fn take(&mut self) -> Option<Result<(), PutError<K::Item>>> {
        Some(match self.outcome.take()? {
            Outcome::AtOnce(put) => put,
            Outcome::Served(wait) => wait.end_put(),
        })
    }

    /// The item, if it was not put.
    pub fn into_item(self) -> Option<K::Item> {
        self.item
    }
}

impl<K: Kind> Steps for Put<'_, K> {
    #[inline]
    fn is_ready(&mut self) -> bool {
        self.item.is_some() && self.core.can_put()
    }

    #[inline]
    fn finish(&mut self) -> bool {
        let put = self.core.put_from(&mut self.item);
        self.outcome = put.map(Outcome::AtOnce);
        self.outcome.is_some()
    }

    fn enter(&mut self, desk: &Desk, branch: u32) -> bool {
        if self.item.is_some() {
            let wait = Wait::branch(self.item.take(), desk.claim(), branch);
            self.place = Some(self.core.enter_putter(desk.who(), wait));
        }
        true
    }

    fn leave(&mut self, served: bool) {
        let Some(place) = self.place.take() else { return };
        let wait = self.core.leave_putter(place);
        match served {
            true => self.outcome = Some(Outcome::Served(wait)),
            false => self.item = wait.into_item(),
        }
    }

    fn give_up(&mut self) {
        let refused = |item| Outcome::AtOnce(Err(PutError::Full(item)));
        self.outcome = self.item.take().map(refused);
    }
}

/// A branch that receives a value from a channel, made by [`recv`].
///
/// It can be used again once its outcome was taken; in a channel without senders that is empty it is always ready.
pub struct Recv<'a, T>(Get<'a, Pipe<T>>);

impl<T> Recv<'_, T> {
    /// What it has received, if it was the one that was done.
    #[inline]
    pub fn take(&mut self) -> Option<Result<T, RecvError>> {
        Some(self.0.take()?.map_err(|_| RecvError))
    }
}

/// A branch that sends a value into a channel, made by [`send`].
///
/// Once its value was sent it is never ready again.
pub struct Send<'a, T>(Put<'a, Pipe<T>>);

impl<T> Send<'_, T> {
    /// How that went, if it was the one that was done.
    #[inline]
    pub fn take(&mut self) -> Option<Result<(), SendError<T>>> {
        Some(self.0.take()?.map_err(|error| SendError(error.into_inner())))
    }

    /// The value, if it was not sent.
    pub fn into_item(self) -> Option<T> {
        self.0.into_item()
    }
}

/// A branch of channels does what that of queues does.
macro_rules! as_inner {
    ($($outer:ident)+) => {$(
        impl<T> Steps for $outer<'_, T> {
            #[inline]
            fn is_ready(&mut self) -> bool {
                self.0.is_ready()
            }

            #[inline]
            fn finish(&mut self) -> bool {
                self.0.finish()
            }

            fn enter(&mut self, desk: &Desk, branch: u32) -> bool {
                self.0.enter(desk, branch)
            }

            fn leave(&mut self, served: bool) {
                self.0.leave(served);
            }

            fn give_up(&mut self) {
                self.0.give_up();
            }
        }

        impl<T> fmt::Debug for $outer<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($outer)).field(self.0.core).finish()
            }
        }
    )+};
}

as_inner! { Recv Send }

impl<K: Kind> fmt::Debug for Get<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Get").field(self.core).finish()
    }
}

impl<K: Kind> fmt::Debug for Put<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Put").field(self.core).finish()
    }
}
