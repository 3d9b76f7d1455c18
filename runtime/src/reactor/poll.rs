//! The reactor: sources, their waiters, and the one call that asks the kernel.

use std::io;
use std::iter;
use std::mem;
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::event::{Event, Source as _};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Waker};
use slab::Slab;

use super::guests::{ALWAYS, Guests};
use super::readiness::{Direction, Readiness, Report};
use super::token::{self, Key, WAKE};

/// Events taken from the kernel in one call; what is over waits for the next one.
const EVENTS: usize = 1024;

/// The key names no source: it was deregistered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// Why a waiter was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitError {
    /// Another one waits for this direction; it keeps waiting.
    Busy,
    /// The key names no source: it was deregistered.
    Gone,
}

/// Who registers descriptors, told from all others of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(pub(crate) u64);

/// One registered descriptor.
struct Source<W> {
    /// The registration that this place belongs to now; an event of another one is stale.
    generation: u32,
    /// Its number, for dumps; never used for a call, since its owner may have closed it.
    fd: RawFd,
    /// Who has registered it.
    owner: Owner,
    /// What is believed of it.
    readiness: Readiness,
    /// By direction: who is woken, once, by the next event.
    waiters: [Option<W>; 2],
}

/// Watches descriptors, and remembers for each what is ready and who waits.
///
/// Of one OS thread; `W` says who waits, to its owner.
pub(crate) struct Reactor<W> {
    /// The kernel's side.
    poll: Poll,
    /// Room for the answers of one call; says nothing between calls.
    events: Events,
    /// Wakes [`poll`](Self::poll) from any thread; one per epoll instance, as mio demands.
    waker: Arc<Waker>,
    /// All registered descriptors.
    sources: Slab<Source<W>>,
    /// Who waits for what is no source.
    guests: Guests<W>,
    /// The generation of the next registration.
    generation: u32,
    /// How many waiters there are, guests among them.
    waiting: usize,
}

impl<W: Copy + PartialEq> Reactor<W> {
    /// A reactor that watches nothing.
    ///
    /// # Errors
    ///
    /// As `epoll_create1(2)` and `eventfd(2)`: too many open files, mostly.
    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        Ok(Reactor {
            poll,
            events: Events::with_capacity(EVENTS),
            waker,
            sources: Slab::new(),
            guests: Guests::new(),
            generation: 0,
            waiting: 0,
        })
    }

    /// What ends a [`poll`](Self::poll) from another thread: the present one, or else the next.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Begins to watch a descriptor, which is in non-blocking mode.
    ///
    /// A stream socket is registered once it connects or listens: before that the kernel calls it
    /// hung up.
    ///
    /// Whoever was watched here, was registered with another reactor since and comes back may be faster than the word that he
    /// has gone: what is left of him here ends, and the answer is whom to wake of it as well.
    ///
    /// # Errors
    ///
    /// As `epoll_ctl(2)`: a regular file cannot be watched, nor a descriptor that another one watches.
    pub(crate) fn register(
        &mut self,
        fd: BorrowedFd<'_>,
        owner: Owner,
    ) -> io::Result<(Key, [Option<W>; 2])> {
        let fd = fd.as_raw_fd();
        let key = Key::new(self.sources.vacant_key(), self.generation);
        let left = self.watch(fd, key, owner)?;
        self.guests.forget(fd..=fd);
        self.generation = self.generation.wrapping_add(1);
        let (generation, readiness) = (key.generation, Readiness::new());
        self.sources.insert(Source { generation, fd, owner, readiness, waiters: [None, None] });
        // Not before, or that would have been its place.
        Ok((key, left.map_or([None, None], |left| self.deregister(left, false))))
    }

    /// Has the kernel watch it; the answer is what was left of its owner here.
    fn watch(&self, fd: RawFd, key: Key, owner: Owner) -> io::Result<Option<Key>> {
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        let registry = self.poll.registry();
        let result = SourceFd(&fd).register(registry, key.token(), all);
        let Err(error) = result else { return Ok(None) };
        let mut known = self.sources.iter().filter(|(_, source)| source.fd == fd);
        match known.next().map(|(place, source)| (source.owner, Key::new(place, source.generation)))
        {
            _ if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Some((other, _)) if other != owner => Err(error),
            // The kernel may know this pair of number and open file from a source that has gone
            // without `EPOLL_CTL_DEL`, if a duplicate has kept the file open and the number came
            // round again. What is left of that one is taken over.
            left => {
                SourceFd(&fd).reregister(registry, key.token(), all)?;
                Ok(left.map(|(_, key)| key))
            }
        }
    }

    /// Forgets a source; the answer is whom to wake, so that they learn of it.
    ///
    /// If the descriptor does not stay open, the caller closes it before anything else happens,
    /// which spares a call: the kernel forgets it with the last duplicate. What it still says
    /// until then finds nobody.
    pub(crate) fn deregister(&mut self, key: Key, stays_open: bool) -> [Option<W>; 2] {
        let Some(source) = self.source(key) else { return [None, None] };
        if stays_open {
            // It fails only if the kernel does not know it, which is what is wanted.
            let _ = SourceFd(&source.fd).deregister(self.poll.registry());
        }
        let waiters = self.sources.remove(key.index()).waiters;
        self.waiting -= waiters.iter().flatten().count();
        waiters
    }

    /// Whether a call in this direction is worth trying, as far as is known.
    pub(crate) fn is_ready(&self, key: Key, direction: Direction) -> Result<bool, Gone> {
        self.source(key).map(|source| source.readiness.is_ready(direction)).ok_or(Gone)
    }

    /// Notes that a call has said `EAGAIN`, with no [`poll`](Self::poll) since.
    pub(crate) fn clear(&mut self, key: Key, direction: Direction) {
        if let Some(source) = self.source_mut(key) {
            source.readiness.clear(direction);
        }
    }

    /// Notes that a read has brought less than it asked for, with no [`poll`](Self::poll) since.
    ///
    /// Only for a plain `recv(2)` on a TCP stream. Elsewhere a short read says nothing: a Unix
    /// socket stops at descriptors that were passed, a datagram is short by nature, a peek takes
    /// nothing out.
    pub(crate) fn drained(&mut self, key: Key) {
        if let Some(source) = self.source_mut(key) {
            source.readiness.drained();
        }
    }

    /// Sets who is woken by the next event in this direction, once.
    ///
    /// The caller has found the direction not ready: what was reported before is not again.
    ///
    /// # Errors
    ///
    /// [`WaitError::Busy`] if another one waits there: it goes on waiting.
    pub(crate) fn start_wait(
        &mut self,
        key: Key,
        direction: Direction,
        waiter: W,
    ) -> Result<(), WaitError> {
        let source = self.source_mut(key).ok_or(WaitError::Gone)?;
        let place = &mut source.waiters[direction.index()];
        if place.is_some() {
            return Err(WaitError::Busy);
        }
        *place = Some(waiter);
        self.waiting += 1;
        Ok(())
    }

    /// Takes back who waits in this direction, if someone does.
    pub(crate) fn stop_wait(&mut self, key: Key, direction: Direction) -> Option<W> {
        let waiter = self.source_mut(key)?.waiters[direction.index()].take();
        self.waiting -= usize::from(waiter.is_some());
        waiter
    }

    /// Takes out who waits for a source, and lets both directions be tried again.
    ///
    /// For what the kernel does not report: an owner that wants its waiters to look up.
    pub(crate) fn interrupt(&mut self, key: Key) -> [Option<W>; 2] {
        let Some(source) = self.source_mut(key) else { return [None, None] };
        source.readiness.reset();
        let waiters = mem::take(&mut source.waiters);
        self.waiting -= waiters.iter().flatten().count();
        waiters
    }

    /// Asks the kernel what has happened, and hands over whom to wake; returns how many.
    ///
    /// Waits until there is something, a [`Waker`] is used, a signal comes, or `timeout` is over,
    /// whichever is first. Zero does not wait; `None` waits for ever. What is not a whole number
    /// of milliseconds is rounded up (by mio, as `epoll_wait(2)` counts in them), so a timeout is
    /// never early; beyond 24 days it is cut.
    ///
    /// # Errors
    ///
    /// As `epoll_wait(2)`, but for a signal. Such a reactor is broken (its descriptor was closed
    /// by somebody else): nobody will be woken by it, see [`take_waiters`](Self::take_waiters).
    ///
    /// # Blocking
    ///
    /// Stops the OS thread; it knows no tasks.
    pub(crate) fn poll(
        &mut self,
        timeout: Option<Duration>,
        mut wake: impl FnMut(W),
    ) -> io::Result<usize> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
            // After a signal the events are empty.
            _ => {}
        }
        let mut woken = 0;
        let instance = self.poll.as_raw_fd();
        for event in &self.events {
            if let Some(guest) = token::guest(event.token()) {
                let count = self.guests.report(instance, guest, fired(event), &mut wake);
                self.waiting -= count;
                woken += count;
                continue;
            }
            let Some(source) = addressee(&mut self.sources, event) else { continue };
            for (tell, waiter) in
                iter::zip(source.readiness.apply(report(event)), &mut source.waiters)
            {
                if tell && let Some(waiter) = waiter.take() {
                    self.waiting -= 1;
                    woken += 1;
                    wake(waiter);
                }
            }
        }
        Ok(woken)
    }

    /// Takes out everybody who waits, and lets every source be tried again.
    pub(crate) fn take_waiters(&mut self, mut wake: impl FnMut(W)) {
        self.waiting = 0;
        for (_, source) in &mut self.sources {
            source.readiness.reset();
            mem::take(&mut source.waiters).into_iter().flatten().for_each(&mut wake);
        }
        self.guests.take_all(wake);
    }

    /// Has somebody woken, once, when one of `events` (as `epoll_ctl(2)` has them) is there, of a descriptor that is no
    /// source and that nothing else is known of.
    ///
    /// At the next [`poll`](Self::poll) if it is there already. Any number may wait; one may wait for several
    /// descriptors, and leaves each. `since` is the count of closes so far, for [`evict_guests`](Self::evict_guests).
    ///
    /// # Errors
    ///
    /// As `epoll_ctl(2)`: it cannot be watched, or is none. `AlreadyExists` if it is a source.
    pub(crate) fn enter_guest(
        &mut self,
        fd: RawFd,
        events: u32,
        (who, since): (W, u64),
    ) -> io::Result<()> {
        let is_source = || self.sources.iter().any(|(_, source)| source.fd == fd);
        self.guests.enter(self.poll.as_raw_fd(), (fd, events), (who, since), is_source)?;
        self.waiting += 1;
        Ok(())
    }

    /// Asks the kernel anew for a descriptor that guests wait for.
    ///
    /// # Errors
    ///
    /// When it is not the file any more that they wait for.
    pub(crate) fn renew_guests(&mut self, fd: RawFd) -> io::Result<()> {
        self.guests.renew(self.poll.as_raw_fd(), fd)
    }

    /// Whether that guest has not been woken, nor left.
    pub(crate) fn is_guest(&self, fd: RawFd, who: W) -> bool {
        self.guests.has(fd, who)
    }

    /// Has another woken in the place of a guest.
    pub(crate) fn rename_guest(&mut self, fd: RawFd, who: W, other: W) {
        self.guests.rename(fd, who, other);
    }

    /// Ends the wait of a guest; one that was woken has left already.
    pub(crate) fn leave_guest(&mut self, fd: RawFd, who: W) {
        self.waiting -= self.guests.leave(fd, who);
    }

    /// Wakes all who waited for these numbers before that close; how many.
    pub(crate) fn evict_guests(
        &mut self,
        fds: RangeInclusive<RawFd>,
        close: u64,
        wake: impl FnMut(W),
    ) -> usize {
        let count = self.guests.evict(fds, close, wake);
        self.waiting -= count;
        count
    }

    /// Notes that these numbers will be other files.
    pub(crate) fn forget_guests(&mut self, fds: RangeInclusive<RawFd>) {
        self.guests.forget(fds);
    }

    /// Whether a guest was woken for that; tells it once.
    pub(crate) fn was_evicted(&mut self, who: W) -> bool {
        self.guests.was_evicted(who)
    }

    /// Lets go of the kernel's side, which after a fork is another process's as well.
    ///
    /// Closing it changes nothing there; taking a source out of it would. What was registered is forgotten.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new): then the old one stays.
    pub(crate) fn disown(&mut self) -> io::Result<()> {
        self.poll = Poll::new()?;
        self.waiting = 0;
        self.sources.clear();
        self.guests.clear();
        Ok(())
    }

    /// How many wait for a descriptor.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many descriptors are watched.
    pub(crate) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Who waits for which descriptor in which direction, for tests.
    #[cfg(test)]
    pub(super) fn waits(&self) -> impl Iterator<Item = (RawFd, Direction, &W)> {
        self.sources.iter().flat_map(|(_, source)| {
            iter::zip(Direction::BOTH, &source.waiters)
                .filter_map(|(direction, waiter)| Some((source.fd, direction, waiter.as_ref()?)))
        })
    }

    fn source(&self, key: Key) -> Option<&Source<W>> {
        self.sources.get(key.index()).filter(|source| source.generation == key.generation)
    }

    fn source_mut(&mut self, key: Key) -> Option<&mut Source<W>> {
        find(&mut self.sources, key)
    }
}

/// The source that `key` names, if it is still registered.
fn find<W>(sources: &mut Slab<Source<W>>, key: Key) -> Option<&mut Source<W>> {
    sources.get_mut(key.index()).filter(|source| source.generation == key.generation)
}

/// The source that an event is about; none for a wake, nor for a source that has gone.
fn addressee<'a, W>(sources: &'a mut Slab<Source<W>>, event: &Event) -> Option<&'a mut Source<W>> {
    find(sources, Key::from_token(event.token())?)
}

/// What has happened, as guests say what they wait for; more rather than less, or the kernel would be asked again and
/// again for what nobody is told of.
fn fired(event: &Event) -> u32 {
    let write = (libc::EPOLLOUT | libc::EPOLLWRNORM | libc::EPOLLWRBAND) as u32;
    let is_over = event.is_error() || event.is_read_closed() || event.is_write_closed();
    match (event.is_readable() || event.is_priority(), event.is_writable()) {
        (true, false) if !is_over => !(write | ALWAYS),
        (false, true) if !is_over => write,
        _ => u32::MAX,
    }
}

fn report(event: &Event) -> Report {
    Report {
        readable: event.is_readable(),
        writable: event.is_writable(),
        read_closed: event.is_read_closed(),
        write_closed: event.is_write_closed(),
        error: event.is_error(),
        urgent: event.is_priority(),
    }
}

#[cfg(test)]
impl<W> Reactor<W> {
    /// Registers for an owner of its own.
    pub(super) fn register_one(&mut self, fd: BorrowedFd<'_>) -> io::Result<Key>
    where
        W: Copy + PartialEq,
    {
        static OWNERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 60);
        let owner = Owner(OWNERS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        self.register(fd, owner).map(|(key, _)| key)
    }

    /// Makes the kernel refuse the next [`poll`](Self::poll): it is to fill no events at all.
    pub(crate) fn sabotage(&mut self) {
        self.events = Events::with_capacity(0);
    }
}
