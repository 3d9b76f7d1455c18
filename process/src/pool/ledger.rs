//! Who has which calls, and who gets the next: the least loaded.
//!
//! A worker gets as many as it makes at once, and some more if it has shown that it is quick: then it never waits for the next,
//! and several travel together. What it has not begun with is taken back when another has nothing to do, so that no call
//! waits behind a long one while there is a worker for it. No waiting, and no code of users, in here.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};

use osier_runtime::sync::Event;

use super::claim::Claims;
use super::error::TaskError;
use super::plan::{Plan, Started};
use super::task::Task;
use crate::process::Process;
use crate::wire::Socket;

/// The most calls that a quick worker has beyond what it makes at once.
const EXTRA: usize = 63;
/// A worker that needs less for a call is quick.
const QUICK: Duration = Duration::from_micros(200);
/// One that needs more is not.
const SLOW: Duration = Duration::from_millis(1);
/// How many workers in a row may die that a call was sent to, but that had not begun with it.
const DEATHS: u8 = 3;

/// A worker, as its parent sees it.
pub(super) struct Hand {
    pub(super) process: Rc<Process>,
    pub(super) socket: Rc<Socket>,
    claims: Rc<Claims>,
    /// Calls that were not sent.
    outbox: VecDeque<Task>,
    /// Calls that were sent and not answered, by their tickets.
    held: BTreeMap<u32, Task>,
    next_ticket: u32,
    /// How many calls it was given.
    taken: u32,
    /// Whether it has begun.
    pub(super) ready: bool,
    /// Whether it gets no more calls, and goes home.
    pub(super) leaving: bool,
    /// How many calls it may have beyond what it makes at once.
    extra: usize,
    /// Whether it is being filled up to that.
    filling: bool,
    /// When it has answered last, or got its first call.
    mark: Instant,
    /// Set when there is something to send.
    pub(super) wake: Rc<Event>,
}

impl Hand {
    pub(super) fn new(started: Started, now: Instant) -> Hand {
        let Started { process, socket, claims } = started;
        Hand {
            process: Rc::new(process),
            socket: Rc::new(socket),
            claims,
            outbox: VecDeque::new(),
            held: BTreeMap::new(),
            next_ticket: 0,
            taken: 0,
            ready: false,
            leaving: false,
            extra: 0,
            filling: false,
            mark: now,
            wake: Rc::new(Event::new()),
        }
    }

    fn load(&self) -> usize {
        self.outbox.len() + self.held.len()
    }

    fn takes(&self, plan: &Plan) -> bool {
        self.ready && !self.leaving && self.taken < plan.max_tasks
    }

    /// Whether it takes one more; `all`: whether there are no others to be started.
    fn has_room(&self, plan: &Plan, all: bool) -> bool {
        let (load, least) = (self.load(), plan.tasks as usize);
        let beyond = load < least + self.extra && (self.filling || load <= least + self.extra / 2);
        self.takes(plan) && (load < least || all && beyond)
    }

    fn give(&mut self, task: Task, plan: &Plan, now: impl FnOnce() -> Instant) {
        if self.load() == 0 {
            self.mark = now();
        }
        self.outbox.push_back(task);
        self.taken += 1;
        let (load, least) = (self.load(), plan.tasks as usize);
        self.filling = load >= least && load < least + self.extra;
        self.wake.set();
    }

    /// The next call to send, with its ticket; the worker may make it from now on.
    pub(super) fn next(&mut self, cancelled: &mut Vec<Task>) -> Option<(u32, &Task)> {
        loop {
            let mut task = self.outbox.pop_front()?;
            if !task.start() {
                self.taken -= 1;
                cancelled.push(task);
                continue;
            }
            let ticket = self.next_ticket;
            self.next_ticket += 1;
            self.claims.hand_over(self.next_ticket);
            return Some((ticket, self.held.entry(ticket).or_insert(task)));
        }
    }

    /// Whether there is something to send, and how much.
    pub(super) fn next_size(&self) -> Option<usize> {
        let task = self.outbox.front()?;
        Some(task.calls.iter().map(|call| call.bytes.len() + 16).sum())
    }

    /// Takes a call out, as it was answered or cannot be sent.
    pub(super) fn remove(&mut self, ticket: u32) -> Option<Task> {
        self.held.remove(&ticket)
    }

    /// Learns how quick it is: so many calls were answered.
    pub(super) fn learn(&mut self, answered: usize, now: Instant) {
        let each = (now - self.mark) / u32::try_from(answered.max(1)).unwrap_or(u32::MAX);
        self.mark = now;
        if each < QUICK {
            self.extra = (self.extra * 2 + 1).min(EXTRA);
        } else if each > SLOW {
            self.extra = 0;
        }
    }

    /// Takes back what it has not begun with, in order; it may be dead.
    fn revoke(&mut self) -> Vec<Task> {
        let first = self.claims.revoke();
        let mut back: Vec<Task> = self.held.split_off(&first).into_values().collect();
        back.extend(self.outbox.drain(..));
        self.taken -= u32::try_from(back.len()).expect("it was counted");
        back
    }
}

/// All calls and workers of a pool.
pub(super) struct Ledger {
    pub(super) hands: BTreeMap<u64, Hand>,
    /// Calls that no worker has.
    pub(super) queue: VecDeque<Task>,
    next_hand: u64,
    pub(super) phase: Phase,
    /// Why there are no workers any more.
    pub(super) broken: Option<TaskError>,
    /// How many workers have died in a row before they had begun, or could not be started.
    pub(super) stillborn: u32,
    /// Whether a task waits to try again.
    pub(super) retries: bool,
}

/// What becomes of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// No more are taken.
    Closed,
    /// None is made any more.
    Terminated,
}

impl Ledger {
    pub(super) fn new() -> Ledger {
        Ledger {
            hands: BTreeMap::new(),
            queue: VecDeque::new(),
            next_hand: 0,
            phase: Phase::Open,
            broken: None,
            stillborn: 0,
            retries: false,
        }
    }

    pub(super) fn enter(&mut self, hand: Hand) -> u64 {
        let key = self.next_hand;
        self.next_hand += 1;
        self.hands.insert(key, hand);
        key
    }

    /// How many workers do not go home.
    pub(super) fn staff(&self) -> usize {
        self.hands.values().filter(|hand| !hand.leaving).count()
    }

    /// Whether one more worker is to be started.
    pub(super) fn is_short(&self, plan: &Plan) -> bool {
        if self.phase == Phase::Terminated || self.broken.is_some() || self.retries {
            return false;
        }
        let staff = self.staff();
        let coming = self.hands.values().filter(|hand| !hand.leaving && !hand.ready).count();
        let wanted = self.phase == Phase::Open && !plan.on_demand;
        staff < plan.workers && (wanted || self.queue.len() > coming * plan.tasks as usize)
    }

    /// Gives calls to workers as far as they take them.
    pub(super) fn assign(&mut self, plan: &Plan, now: impl Fn() -> Instant) {
        let all = self.staff() >= plan.workers;
        while !self.queue.is_empty() {
            let free = self.hands.values_mut().filter(|hand| hand.has_room(plan, all));
            let Some(hand) = free.min_by_key(|hand| hand.load()) else { return };
            let task = self.queue.pop_front().expect("it is not empty");
            hand.give(task, plan, &now);
        }
    }

    /// Takes calls back from a worker that has not begun with them, if another has nothing to do; whether there were some.
    pub(super) fn level(&mut self, plan: &Plan) -> bool {
        let idle = self.hands.values().any(|hand| hand.takes(plan) && hand.load() == 0);
        if !idle || !self.queue.is_empty() {
            return false;
        }
        let laden = self.hands.values_mut().filter(|hand| hand.load() > plan.tasks as usize);
        let Some(hand) = laden.max_by_key(|hand| hand.load()) else { return false };
        let back = hand.revoke();
        let some = !back.is_empty();
        self.requeue(back);
        some
    }

    fn requeue(&mut self, tasks: Vec<Task>) {
        tasks.into_iter().rev().for_each(|task| self.queue.push_front(task));
    }

    /// A worker has died: the calls that die with it. What it had not begun with is for others.
    pub(super) fn bury(&mut self, key: u64) -> Option<(Hand, Vec<Task>)> {
        let mut hand = self.hands.remove(&key)?;
        let sent = hand.held.len();
        let mut back = hand.revoke();
        let mut lost: Vec<Task> = std::mem::take(&mut hand.held).into_values().collect();
        let unclaimed = sent - lost.len();
        back[..unclaimed].iter_mut().for_each(|task| task.deaths += 1);
        lost.extend(back.extract_if(.., |task| task.deaths >= DEATHS));
        self.requeue(back);
        Some((hand, lost))
    }

    /// Sends those home that are not needed any more.
    pub(super) fn dismiss(&mut self, plan: &Plan) {
        let over = self.phase != Phase::Open && self.queue.is_empty();
        for hand in self.hands.values_mut() {
            let spent = hand.taken >= plan.max_tasks;
            if !hand.leaving && hand.ready && hand.load() == 0 && (over || spent) {
                hand.leaving = true;
                hand.wake.set();
            }
        }
    }

    /// Whether all has ended.
    pub(super) fn is_over(&self) -> bool {
        let last = self.phase != Phase::Open || self.broken.is_some();
        last && self.hands.is_empty() && self.queue.is_empty()
    }

    /// All calls, as none is made any more.
    pub(super) fn clear(&mut self) -> Vec<Task> {
        let mut all = Vec::new();
        for hand in self.hands.values_mut() {
            all.extend(std::mem::take(&mut hand.held).into_values());
            all.extend(hand.outbox.drain(..));
        }
        all.extend(self.queue.drain(..));
        all
    }

    /// How many calls have not ended.
    pub(super) fn pending(&self) -> usize {
        self.queue.len() + self.hands.values().map(Hand::load).sum::<usize>()
    }
}
