//! The loop on the OS thread's own stack: turns of tasks, and what is to be seen to between them.

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::bottom::Bottom;
use super::{Hub, Message};
use crate::clock;
use crate::complaint::complain;
use crate::task::{JoinError, State, TaskRef, Waiter, Wake};

/// While tasks give way the reactor is asked without waiting this often: nanoseconds.
const POLL_EVERY: u64 = 1_000_000;
/// And this often while tasks that it has woken wait for their turn: asking it before they are
/// through would be a call more for every few requests of a busy server.
const POLL_AT_LEAST: u64 = 50_000_000;

/// How often it is asked whether there are still other threads, while a task waits for what one of them may do.
pub(super) const SUSPICION: Duration = Duration::from_millis(250);

/// Why the loop came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stopped {
    /// What it was to wait for has come.
    Done,
    /// No task can go on, and nothing will ever wake one that `run` waits for.
    Deadlock,
    /// The time given was up.
    TimeUp,
}

impl Hub {
    /// Runs tasks until `done`, or `limit` on the hub's clock, or a deadlock.
    pub(super) fn drive(&self, done: impl Fn(&Hub) -> bool, limit: Option<u64>) -> Stopped {
        let mut began = self.alarms.look();
        let mut polled = began;
        let mut took = 0;
        loop {
            self.take_turn(took);
            let now = self.alarms.look();
            (took, began) = (now - began, now);
            self.look_around();
            self.look_for_the_last();
            if done(self) {
                return Stopped::Done;
            }
            if limit.is_some_and(|limit| now >= limit) {
                return Stopped::TimeUp;
            }
            if !self.queue.borrow().is_empty() {
                let prompt = self.queue.borrow().has_prompt();
                let every = if prompt { POLL_AT_LEAST } else { POLL_EVERY };
                if now - polled >= every || self.trial.is_late() {
                    polled = now;
                    self.poll(Some(Duration::ZERO));
                }
                continue;
            }
            if self.look_for_idlers() {
                polled = now;
                continue;
            }
            if self.is_deadlocked() {
                return Stopped::Deadlock;
            }
            self.idle(limit);
            began = self.alarms.look();
            polled = began;
            took = 0;
        }
    }

    /// Runs tasks one after another until the turn is over.
    fn take_turn(&self, last: u64) {
        self.turn.begin(last);
        while self.turn.spend() {
            let Some(next) = self.trial.pick(&mut self.queue.borrow_mut()) else { return };
            self.dispatch(next);
        }
    }

    /// Enters a task; others may have followed it when this returns.
    fn dispatch(&self, task: TaskRef) {
        if task.state() == State::New && !self.begin(&task) {
            return;
        }
        self.preserve.load(task.id);
        self.put_current(Some(task.clone()));
        self.sweep.wake_up();
        self.write(Some(&task));
        self.probe_enter(&task);
        let back = task.enter(&self.root);
        drop(task);
        self.write(None);
        let left = self.left.take();
        self.probe_leave(left.as_ref());
        if let Some(left) = &left {
            self.preserve.save(left.id);
        }
        let stack = TaskRef::keep(back, left.as_ref());
        self.current.set(None);
        if let Some(stack) = stack {
            self.stacks.borrow_mut().give(stack);
        }
    }

    /// Gives a new task its stack; false when it ends here, unrun.
    fn begin(&self, task: &TaskRef) -> bool {
        let error = if let Some(payload) = task.take_kill() {
            JoinError::unwound(payload)
        } else {
            match self.stacks.borrow_mut().take(task.stack_size()) {
                Ok(stack) => {
                    task.prepare::<Bottom>(&self.root, stack);
                    return true;
                }
                Err(error) => JoinError::no_stack(error),
            }
        };
        task.discard(error);
        self.finish(task);
        false
    }

    /// Sees to requests and alarms, at the time of the last look.
    pub(super) fn look_around(&self) {
        while let Some(message) = self.inbox.take() {
            self.obey(message);
        }
        self.alarms.expire(|alarm| self.ring(alarm));
        self.timed.wake_due();
    }

    pub(super) fn obey(&self, message: Message) {
        match message {
            Message::Wake(waiter) => self.wake_promptly(waiter, Wake::Woken),
            Message::Kill(slot, id) => {
                if let Some(task) = self.find(slot, id) {
                    self.interrupt(&task, |store| store.kill(None));
                }
            }
            Message::Call(call) => {
                if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
                    let error = JoinError::unwound(payload);
                    complain(format_args!("a call from another thread panicked: {error}"));
                    mem::forget(error); // its destructor may panic as well
                }
            }
        }
    }

    /// Sleeps until a descriptor, an alarm, another thread or the limit has something to do.
    fn idle(&self, limit: Option<u64>) {
        if clock::is_virtual() {
            return self.pass_time(limit);
        }
        let trim = self.stacks.borrow_mut().trim(self.alarms.instant());
        let trim = trim.map(|at| at.saturating_duration_since(self.alarms.instant()));
        let sweep = self.sweep_stacks();
        self.inbox.fall_asleep();
        if let Some(message) = self.inbox.take() {
            self.inbox.wake_up();
            self.obey(message);
            return;
        }
        let limit = limit.map(|at| Duration::from_nanos(at.saturating_sub(self.alarms.now())));
        // The last other thread may end without a word; then what waits for it is a deadlock.
        let again = (self.unsure.get() > 0).then_some(SUSPICION);
        let left = [self.alarms.left(), limit, trim, sweep, again].into_iter().flatten().min();
        self.poll(left);
        self.inbox.wake_up();
        self.doubt.set(again.is_some() && self.queue.borrow().is_empty());
    }

    /// Asks the reactor, for that long; without a limit when none is given.
    pub(super) fn poll(&self, left: Option<Duration>) {
        let wake = |waiter: Waiter| self.wake_promptly(waiter, Wake::Woken);
        let polled = self.reactor.borrow_mut().poll(left, wake);
        if let Err(error) = polled {
            self.give_up_polling(&error, left);
        }
    }

    /// Lets whoever waits for a descriptor find out, by trying, that nothing will come any more.
    #[cold]
    fn give_up_polling(&self, error: &io::Error, left: Option<Duration>) {
        if !self.broken.replace(true) {
            complain(format_args!("the hub cannot poll its descriptors any more: {error}"));
        }
        let mut waiters = Vec::new();
        self.reactor.borrow_mut().take_waiters(|waiter| waiters.push(waiter));
        if waiters.is_empty() {
            // Without a poll to sleep in, alarms and the inbox are looked at every millisecond.
            let nap = Duration::from_millis(1);
            clock::nap(left.map_or(nap, |left| left.min(nap)));
        }
        waiters.into_iter().for_each(|waiter| self.wake_promptly(waiter, Wake::Woken));
    }
}
