//! The task that keeps one worker's place filled.

use std::rc::Rc;
use std::time::Duration;

use osier_runtime::clock;

use super::WorkersError;
use super::pace::{Next, jittered};
use super::state::{Level, State};
use crate::process::{ExitStatus, Process, StartError};

/// Keeps the place of a worker filled until it is done, or all are to end.
pub(super) struct Keeper {
    state: Rc<State>,
    index: usize,
    /// How many in this place have died young in a row.
    young: u32,
}

/// Why the place is empty.
enum Death {
    /// Its process has ended so, after that time.
    Ended(ExitStatus, Duration),
    /// There was none.
    NotStarted(StartError),
}

impl Keeper {
    pub(super) fn new(state: &Rc<State>, index: usize) -> Keeper {
        state.enter_keeper();
        Keeper { state: state.clone(), index, young: 0 }
    }

    /// Sees to the place; `first` is in it.
    pub(super) fn keep(mut self, first: Rc<Process>) {
        let mut next = Some(first);
        while let Some(process) = next {
            let began = clock::now();
            let status = process.join();
            drop(process);
            let told = self.state.vacate(self.index);
            if self.state.level() > Level::Running || (status.is_success() && !told) {
                return;
            }
            next = match told {
                // Somebody has sent it a signal: it is replaced, and nothing is wrong.
                true => self.replace(self.state.plan.pace.first),
                false => self.died(Death::Ended(status, clock::now() - began)),
            };
        }
    }

    /// Looks after a death; who comes next, if somebody does.
    fn died(&mut self, how: Death) -> Option<Rc<Process>> {
        let lived = match &how {
            Death::Ended(_, lived) => *lived,
            Death::NotStarted(_) => Duration::ZERO,
        };
        match self.state.plan.pace.after(lived, &mut self.young) {
            Next::After(pause) => {
                self.tell(&how, pause);
                self.replace(pause)
            }
            Next::Loop(times) => {
                self.state.fail(match how {
                    Death::NotStarted(error) => WorkersError::Start(error),
                    Death::Ended(status, lived) => {
                        WorkersError::CrashLoop { worker: self.index, times, status, lived }
                    }
                });
                None
            }
        }
    }

    fn replace(&mut self, pause: Duration) -> Option<Rc<Process>> {
        if self.state.pause(jittered(pause, lot())) {
            return None;
        }
        match self.state.start(self.index) {
            Ok(process) => process,
            Err(error) => self.died(Death::NotStarted(error)),
        }
    }

    fn tell(&self, how: &Death, pause: Duration) {
        let index = self.index;
        match how {
            Death::Ended(status, lived) => {
                let hint = match status {
                    ExitStatus::Signal(9) => " (out of memory?)",
                    _ => "",
                };
                log::warn!(
                    target: "osier",
                    "worker {index} has died by {status}{hint} after {lived:.1?}; another one comes in {pause:?}"
                );
            }
            Death::NotStarted(error) => log::warn!(
                target: "osier",
                "worker {index} could not be started: {error}; once more in {pause:?}"
            ),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.state.leave_keeper();
    }
}

/// Any number.
fn lot() -> u32 {
    let mut bytes = [0; 4];
    // Without it there is no jitter.
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    u32::from_ne_bytes(bytes)
}
