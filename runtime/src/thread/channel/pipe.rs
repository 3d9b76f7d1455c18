//! What is in a channel, who waits for what, and who is left: everything but the waiting.
//!
//! Two queues, each under its own lock, so that the two ends seldom meet:
//!
//! ```text
//!   senders --> back ====== swap when front is empty ======> front --> receivers
//! ```
//!
//! - With `back` locked items are put, and given to receivers in line.
//! - With `front` locked items are taken, if there are some.
//! - All else takes both, `front` first: the swap, entering a line, letting in a sender.
//!
//! Three things hold whenever nobody has a lock: if a receiver is in line both queues are empty; if a
//! sender is in line there is no room; `front.pressed` says whether one is. A sender counts its
//! room down without looking at the other end; when there is none left it looks at `ahead`, which may be too
//! high, and only then locks both. So a stream of items costs a lock an item at each end, and
//! the ends meet once in as many items as have piled up.
//!
//! Nobody is woken in here: whom to wake is given back, for when the locks are free.

use std::collections::VecDeque;
use std::mem;

use crate::thread::lock::{AtomicUsize, Mutex, MutexGuard, Ordering, lock};
use crate::wait::list::{Ticket, WaitList};

/// A channel. `W` wakes somebody who waits in line, `A` wakes somebody who will look again.
pub(crate) struct Pipe<T, W, A> {
    front: Lane<Front<T>>,
    back: Lane<Back<T, W, A>>,
    /// How many items it holds at most.
    cap: Option<usize>,
}

/// Keeps the two ends off each other's cache lines; two, as they are fetched in pairs.
#[repr(align(128))]
struct Lane<S> {
    state: Mutex<S>,
    /// How many items it has, for who has not locked it. The front's is never too low for who has the
    /// back's lock.
    count: AtomicUsize,
}

struct Front<T> {
    /// The oldest items.
    items: VecDeque<T>,
    /// Whether a sender is in line; changed with both locks.
    pressed: bool,
}

struct Back<T, W, A> {
    /// The newer items.
    items: VecDeque<T>,
    /// How many can be put without a look at the other end.
    room: usize,
    /// Receivers, and what they were given: nothing when the last sender went.
    receivers: WaitList<Option<T>, W>,
    /// Senders and their items, until these are let in.
    senders: WaitList<Option<T>, W>,
    /// Receivers that are not in line and want to look again when there is something.
    watchers: Vec<(usize, A)>,
    /// How many senders there are.
    sending: usize,
    /// How many receivers there are.
    receiving: usize,
}

/// Whom to wake.
#[must_use = "somebody has to be woken"]
pub(crate) enum Wakes<W, A> {
    Nobody,
    /// Who was given an item, or whose item was let in.
    Granted(W, Ticket),
    /// Who will look again.
    Watchers(Vec<(usize, A)>),
}

/// Why an operation cannot be done at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Not {
    /// No room, or no item.
    Yet,
    /// The other end is gone.
    Ever,
}

impl<S> Lane<S> {
    fn new(state: S) -> Lane<S> {
        Lane { state: Mutex::new(state), count: AtomicUsize::new(0) }
    }
}

/// An item, and whom to wake as it was taken.
pub(crate) type Item<T, W, A> = (T, Wakes<W, A>);

/// An item, or why there is none.
pub(crate) type Taken<T, W, A> = Result<Item<T, W, A>, Not>;

/// What is left of a channel without receivers.
pub(crate) type Rest<T> = [VecDeque<T>; 2];

/// What becomes of a put that needs no wait: whom to wake, or the item that nobody will ever take.
type Settled<T, W, A> = Result<Wakes<W, A>, T>;

/// A place in the line of senders, and whom that concerns.
type Queued<W, A> = (Ticket, Wakes<W, A>);

type Both<'a, T, W, A> = (MutexGuard<'a, Front<T>>, MutexGuard<'a, Back<T, W, A>>);

impl<T, W, A> Pipe<T, W, A> {
    /// One of each end.
    pub(crate) fn new(cap: Option<usize>) -> Self {
        let front = Front { items: VecDeque::new(), pressed: false };
        let back = Back {
            items: VecDeque::new(),
            room: cap.unwrap_or(usize::MAX),
            receivers: WaitList::new(),
            senders: WaitList::new(),
            watchers: Vec::new(),
            sending: 1,
            receiving: 1,
        };
        Pipe { front: Lane::new(front), back: Lane::new(back), cap }
    }

    fn both(&self) -> Both<'_, T, W, A> {
        let front = lock(&self.front.state);
        let back = lock(&self.back.state);
        (front, back)
    }

    /// Puts an item.
    #[inline]
    pub(crate) fn put(&self, item: T) -> Result<Wakes<W, A>, (Not, T)> {
        let mut back = lock(&self.back.state);
        if back.room == 0 && back.senders.is_empty() {
            // It is never too low, so there may be more room, but not less.
            let ahead = self.front.count.load(Ordering::Relaxed);
            let held = ahead.saturating_add(back.items.len());
            back.room = self.cap.map_or(usize::MAX, |cap| cap.saturating_sub(held));
        }
        let done = back.put(item);
        self.back.count.store(back.items.len(), Ordering::Relaxed);
        done
    }

    /// Puts an item or enters the line of senders.
    pub(crate) fn put_or_enter(
        &self,
        item: T,
        who: impl FnOnce() -> W,
    ) -> Result<Settled<T, W, A>, Queued<W, A>> {
        let (mut front, mut back) = self.both();
        if back.senders.is_empty() {
            self.count_room(&front, &mut back);
        }
        let done = back.put(item);
        self.back.count.store(back.items.len(), Ordering::Relaxed);
        match done {
            Ok(wakes) => Ok(Ok(wakes)),
            Err((Not::Ever, item)) => Ok(Err(item)),
            Err((Not::Yet, item)) => {
                front.pressed = true;
                let ticket = back.senders.enter(who(), Some(item));
                // Where there is room for none, a sender in line is all that a receiver can see.
                Err((ticket, back.take_watchers()))
            }
        }
    }

    /// Takes the oldest item.
    #[inline]
    pub(crate) fn take(&self) -> Taken<T, W, A> {
        if self.front.count.load(Ordering::Relaxed) == 0
            && let Some(item) = self.take_newest()
        {
            return Ok((item, Wakes::Nobody));
        }
        let mut front = lock(&self.front.state);
        let Some(item) = front.items.pop_front() else { return self.take_over(front) };
        if !front.pressed {
            self.front.count.store(front.items.len(), Ordering::Relaxed);
            return Ok((item, Wakes::Nobody));
        }
        let mut back = lock(&self.back.state);
        let wakes = self.let_in(&mut front, &mut back);
        Ok((item, wakes))
    }

    /// The same when the channel holds one item: as nothing is in front of it, the front can be passed by.
    #[inline]
    fn take_newest(&self) -> Option<T> {
        if self.back.count.load(Ordering::Relaxed) != 1 {
            return None;
        }
        let mut back = lock(&self.back.state);
        // Only who has this lock puts anything there.
        let ahead = self.front.count.load(Ordering::Relaxed);
        if ahead != 0 || back.items.len() != 1 || !back.senders.is_empty() {
            return None;
        }
        back.room = back.room.saturating_add(1);
        self.back.count.store(0, Ordering::Relaxed);
        back.items.pop_front()
    }

    /// The same when the front is empty.
    fn take_over(&self, mut front: MutexGuard<'_, Front<T>>) -> Taken<T, W, A> {
        let mut back = lock(&self.back.state);
        self.take_with_both(&mut front, &mut back)
    }

    fn take_with_both(&self, front: &mut Front<T>, back: &mut Back<T, W, A>) -> Taken<T, W, A> {
        if front.items.is_empty() {
            mem::swap(&mut front.items, &mut back.items);
        }
        if let Some(item) = front.items.pop_front() {
            return Ok((item, self.let_in(front, back)));
        }
        // A channel without room: the item comes from the sender's own hand.
        if let Some((who, ticket, item)) = back.senders.grant_place(Option::take) {
            front.pressed = !back.senders.is_empty();
            let item = item.expect("a sender in line has its item");
            return Ok((item, Wakes::Granted(who, ticket)));
        }
        Err(if back.sending == 0 { Not::Ever } else { Not::Yet })
    }

    /// Takes an item or enters the line of receivers; none if the last sender has gone.
    pub(crate) fn take_or_enter(
        &self,
        who: impl FnOnce() -> W,
    ) -> Result<Option<Item<T, W, A>>, Ticket> {
        let (mut front, mut back) = self.both();
        match self.take_with_both(&mut front, &mut back) {
            Ok(taken) => Ok(Some(taken)),
            Err(Not::Ever) => Ok(None),
            Err(Not::Yet) => Err(back.receivers.enter(who(), None)),
        }
    }

    /// After an item has gone: lets in the item of the first sender in line.
    fn let_in(&self, front: &mut Front<T>, back: &mut Back<T, W, A>) -> Wakes<W, A> {
        self.count_room(front, back);
        if !front.pressed || back.room == 0 {
            return Wakes::Nobody;
        }
        let Some((who, ticket, item)) = back.senders.grant_place(Option::take) else {
            return Wakes::Nobody;
        };
        back.items.extend(item);
        back.room -= 1;
        self.back.count.store(back.items.len(), Ordering::Relaxed);
        front.pressed = !back.senders.is_empty();
        Wakes::Granted(who, ticket)
    }

    /// Brings the books up to date, with both locks.
    fn count_room(&self, front: &Front<T>, back: &mut Back<T, W, A>) {
        let ahead = front.items.len();
        self.front.count.store(ahead, Ordering::Relaxed);
        self.back.count.store(back.items.len(), Ordering::Relaxed);
        if let Some(cap) = self.cap {
            back.room = cap.saturating_sub(ahead + back.items.len());
        }
    }

    /// Puts back what was taken and will not be used: in front of all others.
    pub(crate) fn put_back(&self, item: T) -> Wakes<W, A> {
        let (mut front, mut back) = self.both();
        let mut item = Some(item);
        if let Some((who, ticket, ())) = back.receivers.grant_place(|slot| *slot = item.take()) {
            return Wakes::Granted(who, ticket);
        }
        if let Some(item) = item {
            front.items.push_front(item);
        }
        self.count_room(&front, &mut back);
        back.take_watchers()
    }

    /// Looks at a receiver's place: what it was given, if it was granted, else none.
    /// It goes, unless it waits `again`.
    pub(crate) fn settle_receiver(
        &self,
        ticket: Ticket,
        again: Option<impl FnOnce() -> W>,
    ) -> Option<Option<T>> {
        let mut back = lock(&self.back.state);
        match again {
            Some(who) if !back.receivers.is_granted(ticket) => {
                back.receivers.renew(ticket, who());
                None
            }
            _ => {
                let (item, granted) = back.receivers.leave(ticket);
                granted.then_some(item)
            }
        }
    }

    /// Looks at a sender's place: whether it was granted, and its item if that was not let in.
    /// It goes, unless it waits `again` and was not granted.
    pub(crate) fn settle_sender(
        &self,
        ticket: Ticket,
        again: Option<impl FnOnce() -> W>,
    ) -> (bool, Option<T>) {
        let (mut front, mut back) = self.both();
        match again {
            Some(who) if !back.senders.is_granted(ticket) => {
                back.senders.renew(ticket, who());
                (false, None)
            }
            _ => {
                let (item, granted) = back.senders.leave(ticket);
                front.pressed = !back.senders.is_empty();
                (granted, item)
            }
        }
    }

    /// Has back what somebody was granted who will never run again.
    pub(crate) fn revoke_receiver(&self, ticket: Ticket) -> Option<T> {
        lock(&self.back.state).receivers.revoke(ticket).flatten()
    }

    /// Forgets a sender that will never run again.
    pub(crate) fn revoke_sender(&self, ticket: Ticket) {
        lock(&self.back.state).senders.revoke(ticket);
    }

    /// Whether a receiver would not have to wait.
    pub(crate) fn can_take(&self) -> bool {
        let (front, back) = self.both();
        front.can_take(&back)
    }

    /// Enters somebody who wants to look again, or gives `watcher` back as there is something to see.
    pub(crate) fn watch(&self, id: usize, watcher: A) -> Option<A> {
        let (front, mut back) = self.both();
        if front.can_take(&back) {
            return Some(watcher);
        }
        back.enter_watcher(id, watcher);
        None
    }

    /// Takes out somebody who wanted that.
    pub(crate) fn unwatch(&self, id: usize) -> Option<A> {
        lock(&self.back.state).leave_watcher(id)
    }

    /// Enters a receiver that wants to look again, or takes an item for it. What it entered before, or
    /// did not enter now, comes back: its destructor is not for under a lock.
    pub(crate) fn take_or_watch(&self, id: usize, watcher: A) -> (Taken<T, W, A>, Option<A>) {
        let (mut front, mut back) = self.both();
        let taken = self.take_with_both(&mut front, &mut back);
        if !matches!(taken, Err(Not::Yet)) {
            return (taken, Some(watcher));
        }
        let old = back.enter_watcher(id, watcher);
        (taken, old)
    }

    /// One more sender.
    pub(crate) fn add_sender(&self) {
        lock(&self.back.state).sending += 1;
    }

    /// One more receiver.
    pub(crate) fn add_receiver(&self) {
        lock(&self.back.state).receiving += 1;
    }

    /// One sender less. When it was the last, all who wait for an item are to hear of it.
    pub(crate) fn drop_sender(&self) -> Vec<Wakes<W, A>> {
        let mut back = lock(&self.back.state);
        back.sending -= 1;
        if back.sending > 0 {
            return Vec::new();
        }
        let mut all = vec![back.take_watchers()];
        while let Some((who, ticket, ())) = back.receivers.grant_place(|_| ()) {
            all.push(Wakes::Granted(who, ticket));
        }
        all
    }

    /// One receiver less, and what it watched by. When it was the last, all who wait for room are to hear of
    /// it, and what is left is given back: its destructors are not for under a lock.
    pub(crate) fn drop_receiver(&self, id: usize) -> (Vec<Wakes<W, A>>, Option<A>, Rest<T>) {
        let (mut front, mut back) = self.both();
        let mine = back.leave_watcher(id);
        back.receiving -= 1;
        if back.receiving > 0 {
            return (Vec::new(), mine, Rest::default());
        }
        let mut all = Vec::new();
        while let Some((who, ticket, ())) = back.senders.grant_place(|_| ()) {
            all.push(Wakes::Granted(who, ticket));
        }
        front.pressed = false;
        (all, mine, [mem::take(&mut front.items), mem::take(&mut back.items)])
    }

    /// Whether there seems to be an item; takes no lock.
    pub(crate) fn seems_filled(&self) -> bool {
        self.back.count.load(Ordering::Relaxed) + self.front.count.load(Ordering::Relaxed) > 0
    }

    /// Whether there seems to be room; takes no lock.
    pub(crate) fn seems_roomy(&self) -> bool {
        let held =
            self.back.count.load(Ordering::Relaxed) + self.front.count.load(Ordering::Relaxed);
        self.cap.is_none_or(|cap| held < cap)
    }

    /// How many items there are, and how many senders and receivers are in line.
    pub(crate) fn census(&self) -> (usize, usize, usize) {
        let (front, back) = self.both();
        (front.items.len() + back.items.len(), back.senders.len(), back.receivers.len())
    }

    /// How many items it holds at most.
    pub(crate) fn cap(&self) -> Option<usize> {
        self.cap
    }

    /// How many ends there are: senders, receivers.
    pub(crate) fn ends(&self) -> (usize, usize) {
        let back = lock(&self.back.state);
        (back.sending, back.receiving)
    }
}

impl<T> Front<T> {
    fn can_take<W, A>(&self, back: &Back<T, W, A>) -> bool {
        let items = self.items.len() + back.items.len();
        items > 0 || self.pressed || back.sending == 0
    }
}

impl<T, W, A> Back<T, W, A> {
    /// What was entered by that number before comes back.
    fn enter_watcher(&mut self, id: usize, watcher: A) -> Option<A> {
        match self.watchers.iter_mut().find(|(other, _)| *other == id) {
            Some((_, old)) => Some(mem::replace(old, watcher)),
            None => {
                self.watchers.push((id, watcher));
                None
            }
        }
    }

    fn leave_watcher(&mut self, id: usize) -> Option<A> {
        let at = self.watchers.iter().position(|(other, _)| *other == id)?;
        Some(self.watchers.swap_remove(at).1)
    }

    /// Gives an item to the first receiver in line, or puts it if there is room.
    #[inline]
    fn put(&mut self, item: T) -> Result<Wakes<W, A>, (Not, T)> {
        if self.receiving == 0 {
            return Err((Not::Ever, item));
        }
        if !self.receivers.is_empty() {
            return Ok(self.hand_over(item));
        }
        if self.room == 0 {
            return Err((Not::Yet, item));
        }
        self.room -= 1;
        self.items.push_back(item);
        Ok(if self.watchers.is_empty() { Wakes::Nobody } else { self.take_watchers() })
    }

    fn hand_over(&mut self, item: T) -> Wakes<W, A> {
        match self.receivers.grant_place(|slot| *slot = Some(item)) {
            Some((who, ticket, ())) => Wakes::Granted(who, ticket),
            None => Wakes::Nobody,
        }
    }

    fn take_watchers(&mut self) -> Wakes<W, A> {
        Wakes::Watchers(mem::take(&mut self.watchers))
    }
}
