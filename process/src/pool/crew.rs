//! The workers of a pool, and the end of both.
//!
//! It belongs to the hub that made it. What waits for workers are tasks of that hub (`watch`), daemons: a pool that nobody
//! waits for keeps no hub from its end, and workers whose parent's end is gone go home.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use osier_runtime::thread::Event;
use osier_runtime::{Builder, clock};

use super::error::TaskError;
use super::ledger::{Hand, Ledger, Phase};
use super::plan::Plan;
use super::task::{Busy, Task};
use super::watch;
use crate::process::{ExitStatus, Process, StartError};

/// How long workers have to end by themselves.
const GRACE: Duration = Duration::from_secs(1);
/// How many workers may fail to begin in a row.
const STILLBORN: u32 = 5;
/// How long it takes until another start is tried; twice as long each time.
const PAUSE: Duration = Duration::from_millis(5);

pub(super) struct Crew {
    pub(super) plan: Plan,
    pub(super) ledger: RefCell<Ledger>,
    /// Set when there are no calls and no workers any more, and no callback runs.
    over: Event,
    /// How many callbacks there will be.
    callbacks: Cell<usize>,
}

impl Crew {
    pub(super) fn new(plan: Plan) -> Rc<Crew> {
        let ledger = RefCell::new(Ledger::new());
        Rc::new(Crew { plan, ledger, over: Event::new(), callbacks: Cell::new(0) })
    }

    /// Starts a worker.
    ///
    /// # Errors
    ///
    /// When it cannot be.
    pub(super) fn start_one(self: &Rc<Self>) -> Result<(), StartError> {
        let started = self.plan.start()?;
        let mut ledger = self.ledger.borrow_mut();
        let key = ledger.enter(Hand::new(started, clock::now()));
        drop(ledger);
        watch::post(self, key).map_err(|error| {
            let hand = self.ledger.borrow_mut().hands.remove(&key);
            hand.map(|hand| hand.process.kill());
            error.into()
        })
    }

    /// Takes a call.
    ///
    /// # Errors
    ///
    /// When none is taken any more.
    pub(super) fn submit(self: &Rc<Self>, task: Task) -> Result<(), (Task, TaskError)> {
        if let Some(why) = self.refusal() {
            return Err((task, why));
        }
        self.ledger.borrow_mut().queue.push_back(task);
        self.dispatch();
        Ok(())
    }

    /// Why no call is taken, if none is.
    pub(super) fn refusal(&self) -> Option<TaskError> {
        let ledger = self.ledger.borrow();
        match ledger.phase {
            Phase::Terminated => Some(TaskError::Terminated),
            Phase::Closed => Some(TaskError::Closed),
            Phase::Open => ledger.broken.clone(),
        }
    }

    /// Gives calls to workers, starts workers and sends them home, as it is due.
    pub(super) fn dispatch(self: &Rc<Self>) {
        loop {
            let mut ledger = self.ledger.borrow_mut();
            ledger.assign(&self.plan, clock::now);
            if !ledger.level(&self.plan) {
                break;
            }
        }
        self.ledger.borrow_mut().dismiss(&self.plan);
        while self.ledger.borrow().is_short(&self.plan) {
            if let Err(error) = self.start_one() {
                self.miss(&error);
                break;
            }
        }
        self.settle();
    }

    /// A worker could not be started: it is tried again soon, and given up if there are no others.
    fn miss(self: &Rc<Self>, error: &StartError) {
        let mut ledger = self.ledger.borrow_mut();
        ledger.stillborn += 1;
        if ledger.staff() == 0 && ledger.stillborn >= STILLBORN {
            drop(ledger);
            let why = format!("no worker can be started: {error}");
            return self.give_up(TaskError::Broken(Arc::from(why)));
        }
        let pause = PAUSE * (1 << ledger.stillborn.min(STILLBORN));
        ledger.retries = true;
        drop(ledger);
        let crew = Rc::downgrade(self);
        let again = move || {
            osier_runtime::sleep(pause);
            if let Some(crew) = crew.upgrade() {
                crew.ledger.borrow_mut().retries = false;
                crew.dispatch();
            }
        };
        let posted = Builder::new().name("osier-pool-start").daemon(true).spawn(again);
        if posted.is_err() {
            self.ledger.borrow_mut().retries = false; // the next call tries again
        }
    }

    /// A worker has begun, or says why not.
    pub(super) fn begun(self: &Rc<Self>, key: u64, wrong: Option<String>) {
        if let Some(text) = wrong {
            let why = format!("the initializer of a worker has failed: {text}");
            log::error!("{why}");
            return self.give_up(TaskError::Broken(Arc::from(why)));
        }
        let mut ledger = self.ledger.borrow_mut();
        ledger.stillborn = 0;
        if let Some(hand) = ledger.hands.get_mut(&key) {
            hand.ready = true;
        }
    }

    /// A worker has ended.
    pub(super) fn ended(self: &Rc<Self>, key: u64, pid: u32, status: ExitStatus) {
        let Some((hand, lost)) = self.ledger.borrow_mut().bury(key) else { return };
        let why = TaskError::WorkerDied { pid, status };
        lost.into_iter().for_each(|task| task.fail(&why));
        let expected = hand.leaving;
        if !hand.ready {
            self.ledger.borrow_mut().stillborn += 1;
        }
        drop(hand);
        let ledger = self.ledger.borrow();
        let stillborn = ledger.stillborn >= STILLBORN;
        let open = ledger.phase != Phase::Terminated && ledger.broken.is_none();
        drop(ledger);
        if open && stillborn {
            let why = format!("workers end before they have begun: {status}");
            self.give_up(TaskError::Broken(Arc::from(why)));
        } else if open && !expected && self.plan.fragile {
            self.give_up(why);
        }
        self.dispatch();
    }

    /// All calls fail, and no more are taken.
    pub(super) fn give_up(self: &Rc<Self>, why: TaskError) {
        let mut ledger = self.ledger.borrow_mut();
        ledger.broken.get_or_insert_with(|| why.clone());
        let all = ledger.clear();
        drop(ledger);
        self.signal(Process::kill);
        all.into_iter().for_each(|task| task.fail(&why));
        self.settle();
    }

    /// Takes no more calls.
    pub(super) fn close(self: &Rc<Self>) {
        let mut ledger = self.ledger.borrow_mut();
        if ledger.phase == Phase::Open {
            ledger.phase = Phase::Closed;
        }
        drop(ledger);
        self.dispatch();
    }

    /// Ends all workers; calls that have not ended fail.
    pub(super) fn terminate(self: &Rc<Self>, signal: fn(&Process) -> io::Result<()>) {
        let mut ledger = self.ledger.borrow_mut();
        ledger.phase = Phase::Terminated;
        let all = ledger.clear();
        drop(ledger);
        self.signal(signal);
        all.into_iter().for_each(|task| task.fail(&TaskError::Terminated));
        self.settle();
    }

    /// Kills those that have not ended after a while.
    pub(super) fn hasten(self: &Rc<Self>) {
        let crew = Rc::downgrade(self);
        let kill = move || {
            osier_runtime::sleep(GRACE);
            if let Some(crew) = crew.upgrade() {
                crew.signal(Process::kill);
            }
        };
        let posted = Builder::new().name("osier-pool-end").daemon(true).spawn(kill);
        if posted.is_err() {
            self.signal(Process::kill);
        }
    }

    fn signal(&self, signal: fn(&Process) -> io::Result<()>) {
        for hand in self.ledger.borrow().hands.values() {
            // It has ended, or is another user's by now, and then the end of its line sends it home.
            let _ = signal(&hand.process);
        }
    }

    /// Cancels what no worker has.
    pub(super) fn cancel_pending(self: &Rc<Self>) {
        let all = std::mem::take(&mut self.ledger.borrow_mut().queue);
        all.into_iter().for_each(Task::cancel);
        self.dispatch();
    }

    /// Sees whether all is over.
    fn settle(&self) {
        if self.ledger.borrow().is_over() && self.callbacks.get() == 0 {
            self.over.set();
        }
    }

    /// Set when all is over.
    pub(super) fn over(&self) -> &Event {
        &self.over
    }

    /// Keeps it from being over until that is dropped.
    pub(super) fn busy(self: &Rc<Self>) -> Busy {
        struct Busily(Rc<Crew>);
        impl Drop for Busily {
            fn drop(&mut self) {
                self.0.callbacks.set(self.0.callbacks.get() - 1);
                self.0.settle();
            }
        }
        self.callbacks.set(self.callbacks.get() + 1);
        Rc::new(Busily(self.clone()))
    }

    /// The numbers of all workers.
    pub(super) fn pids(&self) -> Vec<u32> {
        let ledger = self.ledger.borrow();
        let staff = ledger.hands.values().filter(|hand| !hand.leaving);
        staff.map(|hand| hand.process.pid()).collect()
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = self.ledger.borrow();
        f.debug_struct("Crew")
            .field("plan", &self.plan)
            .field("phase", &ledger.phase)
            .field("workers", &self.pids())
            .field("pending", &ledger.pending())
            .field("broken", &ledger.broken)
            .finish_non_exhaustive()
    }
}
