//! One operation next to the model, and what was wrong.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use osier::{Task, Unparker, clock, timeout};

use super::{Limit, UNIT};

pub(crate) struct Scene {
    pub(super) actors: Vec<Actor>,
    faults: RefCell<Vec<String>>,
    /// Counts whatever somebody does, to tell who has switched.
    moves: Cell<u64>,
    /// Names of operations.
    names: Cell<u32>,
    /// Who waits for something to happen.
    director: RefCell<Option<Unparker>>,
}

#[derive(Default)]
pub(super) struct Actor {
    pub(super) task: RefCell<Option<Task>>,
    /// When it was killed, if it was and has not ended.
    pub(super) doom: Cell<Option<Instant>>,
    /// How much of its list it has begun.
    pub(super) cursor: Cell<usize>,
}

impl Scene {
    pub(super) fn new(actors: usize) -> Scene {
        Scene {
            actors: (0..actors).map(|_| Actor::default()).collect(),
            faults: RefCell::default(),
            moves: Cell::new(0),
            names: Cell::new(0),
            director: RefCell::default(),
        }
    }

    /// A name that no other operation has.
    pub(crate) fn name(&self) -> u32 {
        self.names.replace(self.names.get() + 1)
    }

    /// Notes that something happens.
    pub(crate) fn moves(&self) {
        self.moves.set(self.moves.get() + 1);
        let director = self.director.take();
        director.inspect(Unparker::unpark);
    }

    pub(super) fn tell_of_moves(&self, director: Unparker) {
        self.director.replace(Some(director));
    }

    /// Notes what is wrong, if it is: a panic amid an unwinding would end the process.
    #[track_caller]
    pub(crate) fn check(&self, holds: bool, what: impl FnOnce() -> String) -> bool {
        if !holds {
            let place = std::panic::Location::caller();
            self.faults.borrow_mut().push(format!("{}: {}", place, what()));
            self.moves();
        }
        holds
    }

    /// When all have ended nobody is in line: who is left there by mistake is passed by, and takes memory for ever.
    #[track_caller]
    pub(crate) fn check_nobody_waits(&self, what: &dyn Debug) {
        let says = format!("{what:?}");
        self.check(!says.contains("Unparker"), || format!("left in line: {says}"));
    }

    pub(super) fn fault(&self) -> Option<String> {
        self.faults.borrow().first().cloned()
    }

    /// Kills that one; it ends where it waits next.
    pub(super) fn kill(&self, who: usize) {
        let actor = &self.actors[who];
        let task = actor.task.borrow().clone();
        if let Some(task) = task.filter(|task| !task.is_finished()) {
            actor.doom.set(actor.doom.get().or(Some(clock::now())));
            task.kill();
        }
    }

    /// Does what may wait; what it gave, and what the model had granted.
    ///
    /// `op` gives none when its time is up. `leave` takes it out of the model: what it was granted, if it was. `at_once`: the
    /// model says that there is nothing to wait for.
    pub(crate) fn wait<T, G>(
        &self,
        (me, limit, at_once): (usize, Limit, bool),
        op: impl FnOnce(Option<Instant>) -> Option<T>,
        leave: impl FnOnce() -> Option<G>,
    ) -> Option<(T, G)> {
        let (began, moves) = (clock::now(), self.moves.get());
        let outcome = limited(limit, op);
        let (waited, granted) = (self.moves.get() != moves, leave());
        self.moves();
        let is_granted = granted.is_some();
        self.check(!(at_once && waited), || "it waited for nothing".into());
        match outcome {
            Ok(Some(value)) => {
                self.check(is_granted, || "it took what it was not granted".into());
                granted.map(|granted| (value, granted))
            }
            Ok(None) => {
                self.check(!is_granted, || "it lost what it was granted to a time-out".into());
                self.check_limit(began, limit);
                None
            }
            Err(payload) => {
                self.check(!is_granted, || "it lost what it was granted to a kill".into());
                self.check_doom(me);
                resume_unwind(payload)
            }
        }
    }

    /// A limit ends a wait in its time: time stands still until all who can run have run.
    #[track_caller]
    pub(crate) fn check_limit(&self, began: Instant, limit: Limit) {
        let Some(length) = limit.length() else {
            self.check(false, || "a time-out without a limit".into());
            return;
        };
        let took = clock::now() - began;
        self.check(took >= length && took < length + UNIT, || format!("{took:?} of {length:?}"));
    }

    /// Whether it was killed and has not ended.
    pub(crate) fn is_doomed(&self, who: usize) -> bool {
        self.actors[who].doom.get().is_some()
    }

    /// Only who was killed unwinds, and at once.
    #[track_caller]
    pub(crate) fn check_doom(&self, me: usize) {
        let doom = self.actors[me].doom.get();
        let is_right = doom.is_some_and(|at| clock::now() - at < UNIT);
        self.check(is_right, || format!("unwinds at {:?}, killed: {doom:?}", clock::now()));
    }
}

/// Does it within the limit; none when that is over.
pub(crate) fn limited<T>(
    limit: Limit,
    op: impl FnOnce(Option<Instant>) -> Option<T>,
) -> Result<Option<T>, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| match limit {
        Limit::None => op(None),
        Limit::Form(_) => op(limit.length().and_then(clock::deadline)),
        Limit::Scope(_) => timeout(limit.length(), || op(None)).unwrap_or(None),
    }))
}
