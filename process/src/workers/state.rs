//! What keepers and the handle of a crew share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use osier_runtime::Builder;
use osier_runtime::sync::Event;

use super::counters::Counters;
use super::{Ended, Workers, WorkersError};
use crate::process::{Process, StartError};

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// All is well.
    Running,
    /// They finish what they do.
    Drain,
    /// They end at once.
    Quick,
    /// They are killed.
    Kill,
}

/// Starts the worker of that index, for the so manieth time.
pub(super) type Start = dyn Fn(usize, u64) -> Result<Process, StartError>;

/// One worker's place.
#[derive(Default)]
pub(super) struct Place {
    /// None while there is none.
    process: RefCell<Option<Rc<Process>>>,
    starts: Cell<u64>,
}

pub(super) struct State {
    pub(super) plan: Workers,
    pub(super) counters: Arc<Counters>,
    pub(super) places: Vec<Place>,
    /// None once no more will be started: what the body has captured (listeners) is let go of.
    start: RefCell<Option<Rc<Start>>>,
    level: Cell<Level>,
    /// Set when the level is no longer `Running`.
    stop: Event,
    /// How many keepers have not ended.
    keepers: Cell<usize>,
    /// Set when none is left.
    pub(super) ended: Event,
    /// Why all had to end; the first reason.
    failure: RefCell<Option<WorkersError>>,
    killed: Cell<usize>,
}

impl State {
    pub(super) fn new(plan: Workers, counters: Arc<Counters>, start: Box<Start>) -> Rc<State> {
        let places = (0..plan.processes).map(|_| Place::default()).collect();
        Rc::new(State {
            plan,
            counters,
            places,
            start: RefCell::new(Some(Rc::from(start))),
            level: Cell::new(Level::Running),
            stop: Event::new(),
            keepers: Cell::new(0),
            ended: Event::new(),
            failure: RefCell::new(None),
            killed: Cell::new(0),
        })
    }

    pub(super) fn level(&self) -> Level {
        self.level.get()
    }

    /// Starts the worker of that index; none if all are to end.
    pub(super) fn start(&self, index: usize) -> Result<Option<Rc<Process>>, StartError> {
        let Some(start) = self.start.borrow().clone() else { return Ok(None) };
        let place = &self.places[index];
        let starts = place.starts.get() + 1;
        let process = Rc::new(start(index, starts)?);
        place.starts.set(starts);
        place.process.replace(Some(process.clone()));
        Ok(Some(process))
    }

    /// Notes that the process in a place has ended; whether somebody had told it to.
    pub(super) fn vacate(&self, index: usize) -> bool {
        use std::sync::atomic::Ordering::Relaxed;
        let told = self.counters.own(index, super::counters::TOLD).load(Relaxed) != 0;
        self.counters.vacate(index);
        self.places[index].process.take();
        told
    }

    /// Waits before a replacement; whether all are to end meanwhile.
    pub(super) fn pause(&self, time: Duration) -> bool {
        self.stop.wait_timeout(time)
    }

    pub(super) fn enter_keeper(&self) {
        self.keepers.set(self.keepers.get() + 1);
    }

    pub(super) fn leave_keeper(&self) {
        self.keepers.set(self.keepers.get() - 1);
        if self.keepers.get() == 0 {
            self.start.take();
            self.ended.set();
        }
    }

    /// All are to end because of that.
    pub(super) fn fail(self: &Rc<Self>, why: WorkersError) {
        log::error!(target: "osier", "{why}");
        self.failure.borrow_mut().get_or_insert(why);
        self.stop(Level::Drain);
    }

    /// Has all end in that way, if they do not end faster already.
    pub(super) fn stop(self: &Rc<Self>, level: Level) {
        if level <= self.level.get() {
            return;
        }
        self.level.set(level);
        let body = self.start.take();
        self.stop.set();
        for process in self.processes() {
            // An error means that it has become another user's, who sees to it.
            let _ = match level {
                Level::Drain => process.terminate(),
                Level::Quick => process.interrupt(),
                Level::Kill | Level::Running => process.kill(),
            };
        }
        drop(body);
        let limit = match level {
            Level::Drain => self.plan.grace,
            Level::Quick => self.plan.quick_grace,
            Level::Kill | Level::Running => return,
        };
        let state = self.clone();
        let enforce = move || {
            if !state.ended.wait_timeout(limit) {
                state.kill_late();
            }
        };
        if Builder::new().name("osier-deadline").daemon(true).spawn(enforce).is_err() {
            self.kill_late(); // better now than never
        }
    }

    /// One step further than now: what another signal means.
    pub(super) fn escalate(self: &Rc<Self>, at_least: Level) {
        let next = match self.level.get() {
            Level::Running => at_least,
            Level::Drain => Level::Quick,
            Level::Quick | Level::Kill => Level::Kill,
        };
        self.stop(next);
    }

    /// Kills those that have not ended in time.
    fn kill_late(self: &Rc<Self>) {
        let late = self.processes();
        self.killed.set(self.killed.get() + late.len());
        for process in &late {
            log::warn!(target: "osier", "process '{}' did not end in time and is killed", process.name());
        }
        self.stop(Level::Kill);
    }

    /// Those that run.
    pub(super) fn processes(&self) -> Vec<Rc<Process>> {
        self.places.iter().filter_map(|place| place.process.borrow().clone()).collect()
    }

    pub(super) fn pid(&self, index: usize) -> Option<u32> {
        self.places[index].process.borrow().as_ref().map(|process| process.pid())
    }

    pub(super) fn starts(&self, index: usize) -> u64 {
        self.places[index].starts.get()
    }

    /// How all has ended; the reason is given once.
    pub(super) fn outcome(&self) -> Result<Ended, WorkersError> {
        match self.failure.take() {
            Some(why) => Err(why),
            None => Ok(Ended { killed: self.killed.get() }),
        }
    }
}
