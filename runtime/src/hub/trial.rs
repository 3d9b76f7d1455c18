//! What a run under test does otherwise: in which order its tasks run, and how time goes by.
//!
//! Nothing of it is on the way from task to task: who shuffles makes every switch go through the
//! loop ([`Turn::slow_down`](super::turn::Turn)), and a virtual clock is looked at where the loop looks
//! at the time anyway.

use std::cell::Cell;
#[cfg(feature = "testing")]
use std::cell::RefCell;
use std::time::Duration;

use super::Hub;
use super::root::SUSPICION;
use super::run_queue::RunQueue;
use crate::clock;
#[cfg(feature = "testing")]
use crate::random::Random;

/// How a run under test is to go.
#[derive(Debug, Default)]
pub(crate) struct Trial {
    /// What draws the next task; none: first come, first served.
    #[cfg(feature = "testing")]
    draws: RefCell<Option<Random>>,
    /// For how long, by the system's clock, the world outside has its say before time jumps.
    patience: Cell<Duration>,
    /// Whether the world outside has had its say since a task ran.
    heard: Cell<bool>,
    /// How many turns the tasks have kept the hub busy at a stretch.
    busy: Cell<u32>,
}

/// So many turns without a lull are a test's own business; then time is let creep.
const BUSY: u32 = 1024;
/// What one busy turn takes by a virtual clock that creeps: about what it takes by a real one.
const CREEP: Duration = Duration::from_micros(1);

impl Trial {
    /// Whether the world outside is to be asked now, though no time has gone by.
    pub(super) fn is_late(&self) -> bool {
        if !clock::is_virtual() {
            return false;
        }
        let busy = self.busy.get().saturating_add(1);
        self.busy.set(busy);
        if busy > BUSY {
            clock::advance(CREEP);
        }
        true
    }

    /// Takes the task whose turn it is.
    #[inline]
    pub(super) fn pick<T>(&self, queue: &mut RunQueue<T>) -> Option<T> {
        #[cfg(feature = "testing")]
        if !queue.is_empty() {
            self.heard.set(false);
            if let Some(random) = &mut *self.draws.borrow_mut() {
                return queue.take(random.below(queue.len()));
            }
        }
        queue.pop()
    }
}

impl Hub {
    /// Makes the runs to come take their tasks as that seed draws them, and sets the patience.
    #[cfg(feature = "testing")]
    pub(crate) fn try_out(&self, order: Option<u64>, patience: Duration) {
        *self.trial.draws.borrow_mut() = order.map(Random::new);
        self.trial.patience.set(patience);
        if order.is_some() {
            self.turn.slow_down();
        }
    }

    /// Lets time go by when no task can run: asks the world outside, then jumps to the next alarm.
    pub(super) fn pass_time(&self, limit: Option<u64>) {
        self.trial.busy.set(0);
        let limit = limit.map(|at| Duration::from_nanos(at.saturating_sub(self.alarms.now())));
        let next = [self.alarms.left(), limit].into_iter().flatten().min();
        let outside =
            self.owed.get() + self.unsure.get() > 0 || self.reactor.borrow().waiting() > 0;
        let patience = match next {
            // There is nothing to jump to: somebody outside has to say something.
            None => (self.unsure.get() > 0).then_some(SUSPICION),
            Some(_) if outside && !self.trial.heard.replace(true) => {
                Some(self.trial.patience.get())
            }
            Some(_) => Some(Duration::ZERO),
        };
        if self.listen(patience) {
            self.trial.heard.set(false);
        } else if let Some(next) = next {
            clock::advance(next);
        } else {
            self.doubt.set(true);
        }
    }

    /// Waits for the world outside, so long by the system's clock; whether it had anything to say.
    fn listen(&self, patience: Option<Duration>) -> bool {
        let until = patience.map(|patience| clock::system() + patience);
        loop {
            self.inbox.fall_asleep();
            let message = self.inbox.take();
            if message.is_none() {
                self.poll(until.map(|at| at.saturating_duration_since(clock::system())));
            }
            self.inbox.wake_up();
            let heard = message.or_else(|| self.inbox.take()).map(|message| self.obey(message));
            if heard.is_some() || !self.queue.borrow().is_empty() {
                return true;
            }
            if until.is_none_or(|at| at <= clock::system()) {
                return false;
            }
        }
    }
}
