//! Workers that run, as their starter sees them.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use osier_runtime::signal::Signal;
use osier_runtime::{Builder, JoinHandle, clock};

use super::intake::Intake;
use super::keeper::Keeper;
use super::state::{Level, State};
use super::{Ended, WorkerStatus, WorkersError};

/// Workers that were started by [`Workers::start`](super::Workers::start).
///
/// Dropped, it kills them.
///
/// ```
/// use osier::process::Workers;
///
/// osier::run(|| {
///     let crew = Workers::new().processes(2).start(|worker| _ = worker.stop().wait())?;
///     assert!(crew.status().iter().all(|worker| worker.pid.is_some()));
///     crew.drain();
///     assert_eq!(crew.join()?.killed, 0);
///     Ok::<(), osier::process::WorkersError>(())
/// })?;
/// # Ok::<(), osier::process::WorkersError>(())
/// ```
pub struct Crew {
    state: Rc<State>,
}

impl Crew {
    pub(super) fn new(state: Rc<State>) -> Crew {
        Crew { state }
    }

    /// Starts all of them, or none.
    pub(super) fn begin(&self) -> Result<(), WorkersError> {
        let all = 0..self.state.places.len();
        let started: Result<Vec<_>, _> = all.map(|index| self.state.start(index)).collect();
        let first = match started {
            Ok(first) => first,
            Err(error) => {
                self.state.stop(Level::Kill);
                self.state.processes().iter().for_each(|process| _ = process.join());
                return Err(error.into());
            }
        };
        for (index, process) in first.into_iter().flatten().enumerate() {
            let keeper = Keeper::new(&self.state, index);
            let named = Builder::new().name(format!("osier-keeper-{index}"));
            named.spawn(move || keeper.keep(process))?;
        }
        Ok(())
    }

    /// Has the workers end when they have finished what they do: SIGTERM.
    ///
    /// Those that take longer than [`grace`](super::Workers::grace) are killed. None is replaced any more.
    ///
    /// # Blocking
    /// Never switches tasks, unless a destructor of what the closure has captured does.
    pub fn drain(&self) {
        self.state.stop(Level::Drain);
    }

    /// Has the workers end at once: SIGINT.
    ///
    /// Those that take longer than [`quick_grace`](super::Workers::quick_grace) are killed.
    ///
    /// # Blocking
    /// As [`drain`](Self::drain).
    pub fn quit(&self) {
        self.state.stop(Level::Quick);
    }

    /// Kills the workers: SIGKILL.
    ///
    /// # Blocking
    /// As [`drain`](Self::drain).
    pub fn kill(&self) {
        self.state.stop(Level::Kill);
    }

    /// Waits until all have ended.
    ///
    /// # Errors
    /// [`WorkersError::CrashLoop`] and [`WorkersError::Start`], once, if they had to be given up.
    ///
    /// # Blocking
    /// Switches tasks, unless they have ended.
    pub fn join(&self) -> Result<Ended, WorkersError> {
        self.state.ended.wait();
        self.state.outcome()
    }

    /// Waits until all have ended, no longer than that; none if some go on.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    ///
    /// # Blocking
    /// Switches tasks, unless they have ended.
    pub fn join_timeout(&self, limit: Duration) -> Option<Result<Ended, WorkersError>> {
        match clock::deadline(limit) {
            Some(deadline) => self.join_deadline(deadline),
            None => Some(self.join()),
        }
    }

    /// Waits until all have ended, until then at most; none if some go on.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    ///
    /// # Blocking
    /// Switches tasks, unless they have ended.
    pub fn join_deadline(&self, deadline: Instant) -> Option<Result<Ended, WorkersError>> {
        self.state.ended.wait_deadline(deadline).then(|| self.state.outcome())
    }

    /// Does what signals to this process say until all have ended.
    pub(super) fn obey(&self, intake: Intake) -> Result<Ended, WorkersError> {
        let state = self.state.clone();
        let obey = move || {
            while let Ok(signal) = intake.next() {
                state.escalate(if signal == Signal::INT { Level::Quick } else { Level::Drain });
            }
        };
        let obeys = Builder::new().name("osier-signals").daemon(true).spawn(obey)?;
        let obeys = Obeys(Some(obeys));
        let outcome = self.join();
        obeys.end();
        outcome
    }

    /// How the workers are, by index.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn status(&self) -> Vec<WorkerStatus> {
        let counters = &self.state.counters;
        let one = |index: usize| WorkerStatus {
            index,
            pid: self.state.pid(index),
            starts: self.state.starts(index),
            counters: counters
                .names()
                .iter()
                .enumerate()
                .map(|(at, name)| (name.name.clone(), counters.value(index, at)))
                .collect(),
        };
        (0..self.state.places.len()).map(one).collect()
    }

    /// What all workers have counted under that name, taken together.
    ///
    /// # Panics
    /// When there is no such name.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn total(&self, name: &str) -> u64 {
        self.state.counters.total(self.state.counters.place(name))
    }

    /// The number of that name that all workers share: [`Worker::common`](super::Worker::common).
    ///
    /// # Panics
    /// When there is no such name.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn common(&self, name: &str) -> u64 {
        let counters = &self.state.counters;
        counters.value(counters.common(), counters.place(name))
    }
}

/// Ends the task that obeys signals when the wait is cut short.
struct Obeys(Option<JoinHandle<()>>);

impl Obeys {
    /// Ends it; the signals do again what they did before.
    fn end(mut self) {
        if let Some(task) = self.0.take() {
            task.kill();
            let _ = task.join();
        }
    }
}

impl Drop for Obeys {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::kill);
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.state.stop(Level::Kill);
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("level", &self.state.level())
            .field("workers", &self.status())
            .finish()
    }
}
