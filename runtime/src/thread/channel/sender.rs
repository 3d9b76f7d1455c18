//! The end that sends, and how it waits for room.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::error::SendError;
use super::patience::Patience;
use super::pipe::{Not, Pipe, Wakes};
use super::receiver::Receiver;
use crate::blocker::{Blocker, Rouser};
use crate::clock;
use crate::task::Reason;
use crate::thread::wait::{Desk, Settled, Vain, wait};
use crate::wait::Envoy;
use crate::wait::list::Ticket;

/// A channel between OS threads with room for that many items.
///
/// Both ends may be cloned and sent anywhere: tasks of any hub park while they wait, plain OS
/// threads stop. First come, first served, at both ends. With room for none, a send waits until
/// its item is taken. Within one hub the channels of `osier::queue` cost less.
///
/// A wait for the other end counts as one for another thread: it is never reported as a
/// deadlock, even if nobody else has that end.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let (sender, receiver) = osier::thread::bounded(2);
/// let thread = std::thread::spawn(move || osier::run(|| receiver.iter().sum::<u32>()));
/// for n in 1..=100 {
///     sender.send(n).unwrap();
/// }
/// drop(sender);
/// assert_eq!(thread.join().unwrap(), 5050);
/// ```
pub fn bounded<T>(room: usize) -> (Sender<T>, Receiver<T>) {
    channel(Some(room))
}

/// A channel between OS threads that always has room.
///
/// As [`bounded`], but a send never waits: nothing keeps a quick sender from filling the memory.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let (sender, receiver) = osier::thread::unbounded();
/// let thread = std::thread::spawn(move || sender.send("hello"));
/// assert_eq!(osier::run(|| receiver.recv()), Ok("hello"));
/// thread.join().unwrap().unwrap();
/// ```
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(None)
}

fn channel<T>(room: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel {
        pipe: Pipe::new(room),
        receivers: AtomicUsize::new(1),
        items: Patience::default(),
        room: Patience::default(),
    });
    (Sender { channel: channel.clone() }, Receiver { channel, id: 0 })
}

/// What both ends have.
pub(super) struct Channel<T> {
    pub(super) pipe: Pipe<T, Rouser, Onlooker>,
    /// How many receivers there have been: the next one's number.
    pub(super) receivers: AtomicUsize,
    /// Whether it pays to spin for an item.
    pub(super) items: Patience,
    /// Whether it pays to spin for room.
    room: Patience,
}

pub(super) type Woken = Wakes<Rouser, Onlooker>;

/// Who will look again when there is something.
pub(super) enum Onlooker {
    Future(Waker),
    Task(Envoy),
}

impl Onlooker {
    pub(super) fn alert(self) {
        match self {
            Onlooker::Future(waker) => waker.wake(),
            Onlooker::Task(envoy) => _ = envoy.notify(),
        }
    }
}

impl<T> Channel<T> {
    /// Wakes who waits for an item.
    #[inline]
    pub(super) fn wake_receivers(&self, wakes: Woken) {
        if !matches!(wakes, Wakes::Nobody) {
            self.wake_some(wakes);
        }
    }

    fn wake_some(&self, mut wakes: Woken) {
        loop {
            let (who, ticket) = match wakes {
                Wakes::Nobody => return,
                Wakes::Granted(who, ticket) => (who, ticket),
                Wakes::Watchers(all) => return all.into_iter().for_each(|(_, who)| who.alert()),
            };
            if self.items.rouse(who) {
                return;
            }
            // Its hub has ended without it: the next one shall have the item.
            let Some(item) = self.pipe.revoke_receiver(ticket) else { return };
            wakes = self.pipe.put_back(item);
        }
    }

    /// Wakes who waits for room.
    #[inline]
    pub(super) fn wake_senders(&self, wakes: Woken) {
        if let Wakes::Granted(who, ticket) = wakes
            && !self.room.rouse(who)
        {
            self.pipe.revoke_sender(ticket);
        }
    }

    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, sends, receives) = self.pipe.census();
        let (senders, receivers) = self.pipe.ends();
        f.debug_struct(name)
            .field("len", &len)
            .field("room", &self.pipe.cap())
            .field("senders", &senders)
            .field("senders_waiting", &sends)
            .field("receivers", &receivers)
            .field("receivers_waiting", &receives)
            .finish()
    }
}

/// Sends items to other OS threads, or to this one.
///
/// Made by [`bounded`] and [`unbounded`]. When the last one goes, receivers get what is left and then
/// [`RecvError::Disconnected`](super::RecvError::Disconnected).
///
/// ```
/// use osier::thread::bounded;
///
/// osier::run(|| {
///     let (sender, receiver) = bounded(1);
///     let other = sender.clone();
///     osier::spawn(move || sender.send(1).unwrap());
///     osier::spawn(move || other.send(2).unwrap());
///     assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2]);
/// });
/// ```
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
}

impl<T> Sender<T> {
    /// Sends an item, as soon as there is room.
    ///
    /// # Errors
    /// When there is no receiver any more, or when there is no room and whoever sends may not wait, as it is unwinding.
    ///
    /// # Blocking
    /// Switches tasks, unless there is room. Outside of a task it stops the OS thread.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    #[inline]
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.send_until(item, None)
    }

    /// Sends an item if there is room.
    ///
    /// # Errors
    /// When there is no room, or no receiver any more.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn try_send(&self, item: T) -> Result<(), SendError<T>> {
        match self.channel.pipe.put(item) {
            Ok(wakes) => {
                self.channel.wake_receivers(wakes);
                Ok(())
            }
            Err((Not::Ever, item)) => Err(SendError::Disconnected(item)),
            Err((Not::Yet, item)) => Err(SendError::Full(item)),
        }
    }

    /// Sends an item, and waits that long for room.
    ///
    /// # Errors
    /// As [`send`](Self::send); and [`SendError::Full`] when the time is up.
    ///
    /// # Blocking
    /// As [`send`](Self::send).
    pub fn send_timeout(&self, item: T, limit: Duration) -> Result<(), SendError<T>> {
        match self.try_send(item) {
            Err(SendError::Full(item)) => self.wait(item, clock::deadline(limit)),
            done => done,
        }
    }

    /// Sends an item, and waits for room until that moment.
    ///
    /// # Errors
    /// As [`send_timeout`](Self::send_timeout).
    ///
    /// # Blocking
    /// As [`send`](Self::send).
    pub fn send_deadline(&self, item: T, deadline: Instant) -> Result<(), SendError<T>> {
        self.send_until(item, Some(deadline))
    }

    #[inline]
    fn send_until(&self, item: T, deadline: Option<Instant>) -> Result<(), SendError<T>> {
        match self.try_send(item) {
            Err(SendError::Full(item)) => self.wait(item, deadline),
            done => done,
        }
    }

    #[cold]
    fn wait(&self, item: T, deadline: Option<Instant>) -> Result<(), SendError<T>> {
        let channel = &*self.channel;
        let mut item = item;
        if channel.room.spin(|| channel.pipe.seems_roomy()) {
            match self.try_send(item) {
                Err(SendError::Full(back)) => item = back,
                done => return done,
            }
        }
        let reason = Reason::new("waiting for room in a channel between threads");
        match channel.room.watch(|| wait(self, item, reason, deadline)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(item)) => Err(SendError::Disconnected(item)),
            Err((Vain::TimedOut, item)) => Err(SendError::Full(item)),
            Err((Vain::Refused, item)) => Err(SendError::Refused(item)),
        }
    }

    /// How many items there are that nobody has taken.
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

    /// Whether there is no room.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_full(&self) -> bool {
        self.capacity().is_some_and(|room| self.len() >= room)
    }

    /// How many items there is room for; none if that is any number.
    pub fn capacity(&self) -> Option<usize> {
        self.channel.pipe.cap()
    }

    /// Whether there is no receiver any more.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_disconnected(&self) -> bool {
        self.channel.pipe.ends().1 == 0
    }
}

impl<T> Desk for Sender<T> {
    type Want = T;
    /// The item comes back if the last receiver has gone.
    type Got = Result<(), T>;

    fn enter(&self, item: T, who: impl FnOnce() -> Rouser) -> Result<Result<(), T>, Ticket> {
        match self.channel.pipe.put_or_enter(item, who) {
            Ok(done) => Ok(done.map(|wakes| self.channel.wake_receivers(wakes))),
            Err((ticket, wakes)) => {
                self.channel.wake_receivers(wakes);
                Err(ticket)
            }
        }
    }

    fn settle(&self, ticket: Ticket, again: Option<&Blocker>) -> Settled<Result<(), T>, T> {
        let again = again.map(|blocker| || blocker.rouser());
        match self.channel.pipe.settle_sender(ticket, again) {
            (true, None) => Settled::Got(Ok(())),
            (true, Some(item)) => Settled::Got(Err(item)),
            (false, None) => Settled::Stays,
            (false, Some(item)) => Settled::Left(item),
        }
    }

    /// It was sent, and the panic that comes does not take it back.
    fn give_back(&self, _: Result<(), T>) {}
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.channel.pipe.add_sender();
        Sender { channel: self.channel.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let all = self.channel.pipe.drop_sender();
        all.into_iter().for_each(|wakes| self.channel.wake_receivers(wakes));
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.channel.debug("Sender", f)
    }
}

impl<T> fmt::Debug for Channel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Channel", f)
    }
}

impl<T> Receiver<T> {
    /// One more receiver of the same channel.
    pub(super) fn another(&self) -> Receiver<T> {
        self.channel.pipe.add_receiver();
        let id = self.channel.receivers.fetch_add(1, Ordering::Relaxed);
        Receiver { channel: self.channel.clone(), id }
    }
}
