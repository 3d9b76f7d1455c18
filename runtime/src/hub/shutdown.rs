//! A run from its first task to its last, and the end of what is left.

use std::io;
use std::mem;
use std::process;
use std::rc::Rc;

use super::current::{self, HUB};
use super::deadlock::Patience;
use super::nursery::Site;
use super::root::Stopped;
use super::{Blueprint, Deadlock, Hub};
use crate::complaint::complain;
use crate::coroutine::deactivate;
use crate::stack::{Stack, overflow};
use crate::sys::shot;
use crate::task::{JoinError, Loan, lend};

/// The main task has the stack of an OS thread's main function; untouched, it costs nothing.
const MAIN_STACK: usize = 8 << 20;
/// How long a round of asking the last tasks to end may take: nanoseconds.
const ROUND: u64 = 100_000_000;
/// How often a task that catches its kill is asked.
const ROUNDS: u32 = 5;
/// How often it is when a task is under a shield: ten seconds.
const SHIELDED_ROUNDS: u32 = 100;

/// Whether a task can be ended from outside at all.
const UNWINDS: bool = cfg!(panic = "unwind");

impl Hub {
    /// Runs `f` as the main task, then what it has left; gives what came of it.
    pub(crate) fn run<'env, F, T>(&self, site: Site, f: F) -> Result<T, Ended>
    where
        F: FnOnce() -> T + 'env,
        T: 'env,
    {
        let mut verdict = None;
        self.ending.set(false); // or the main task were a daemon
        self.failed.set(false);
        deactivate();
        let _stack = overflow::install(current::describe).map_err(Ended::Unarmed)?;
        let outcome = HUB.with(|slot| {
            slot.set(self, || {
                lend(
                    |scope| {
                        let name = Some(Rc::from("main"));
                        let plan = Blueprint { name, stack_size: MAIN_STACK, daemon: Some(false) };
                        let outcome = self.spawn_scoped(scope, plan, site, f);
                        self.main.set(Some(outcome.id));
                        outcome
                    },
                    |loan| verdict = self.run_to_end(loan),
                )
            })
        });
        match (outcome.take(), verdict) {
            (Some(Ok(_)), Some(deadlock)) => Err(Ended::Deadlocked(deadlock)),
            (Some(Ok(value)), None) => Ok(value),
            (Some(Err(error)), _) => Err(Ended::Failed(error)),
            (None, _) => unreachable!("the main task has ended"),
        }
    }

    /// Runs until every task that is waited for has ended, then ends the rest.
    fn run_to_end(&self, loan: &Rc<Loan>) -> Option<Deadlock> {
        let mut patience = Patience::default();
        let verdict = loop {
            let over = |hub: &Hub| hub.vital.get() == 0 || (loan.live() == 0 && hub.failed.get());
            match self.drive(over, None) {
                Stopped::Done | Stopped::TimeUp => break None,
                Stopped::Deadlock if loan.live() == 0 => break Some(self.deadlock()),
                Stopped::Deadlock => self.tell_main(patience.is_over(self)),
            }
        };
        self.ending.set(true);
        self.end_the_rest();
        self.main.set(None);
        // The next run begins without a watch, and without thread-locals of its own.
        *self.board.borrow_mut() = None;
        shot::stand_on(0, 0);
        self.preserve.clear();
        self.forget_probes();
        self.turn.reset();
        verdict
    }

    /// Makes the main task's wait end with the verdict, be it under a shield or not.
    ///
    /// Aborts if that cannot help.
    fn tell_main(&self, in_vain: bool) {
        let verdict = self.deadlock();
        if in_vain {
            eprintln!(
                "osier: the main task catches every verdict and waits again; this is the last:"
            );
        }
        if in_vain || !UNWINDS {
            eprintln!("{verdict}");
            process::abort();
        }
        let main = self.main.get();
        for task in self.tasks(|task| Some(task.id) == main) {
            let verdict = Box::new(verdict.clone());
            self.interrupt(&task, |store| store.tell(verdict));
            self.shout(&task);
        }
    }

    /// Kills all tasks that are left and runs them to their ends.
    ///
    /// Without unwinding they stay as they are: to deliver a kill would end the process.
    fn end_the_rest(&self) {
        if !UNWINDS {
            return self.leak_the_rest();
        }
        for round in 0.. {
            if self.live.get() == 0 {
                return;
            }
            let shielded = self.ask_all_to_end();
            let limit = self.alarms.look() + ROUND;
            self.drive(|hub| hub.live.get() == 0, Some(limit));
            if round + 1 >= if shielded { SHIELDED_ROUNDS } else { ROUNDS } {
                self.complain_of_the_rest();
                return self.leak_the_rest();
            }
        }
    }

    /// Kills all tasks; whether one of them is under a shield.
    fn ask_all_to_end(&self) -> bool {
        let tasks = self.tasks(|_| true);
        let mut shielded = false;
        for task in tasks {
            self.interrupt(&task, |store| {
                store.kill(None);
                shielded |= store.is_shielded();
            });
        }
        shielded
    }

    fn complain_of_the_rest(&self) {
        for task in self.tasks(|_| true) {
            complain(format_args!(
                "green thread {} does not end when it is killed; its stack is leaked",
                *task
            ));
        }
    }

    /// Gives up on tasks that do not end: their stacks are never touched again.
    fn leak_the_rest(&self) {
        for task in self.tasks(|_| true) {
            if let Some(stack) = task.with_stack(Stack::describe) {
                self.stacks.borrow_mut().leak(stack);
            }
            self.forget(&task);
            mem::forget(task);
        }
        self.queue.borrow_mut().drain().for_each(mem::forget);
        // None is left: what they waited for must not count in the hub's next run.
        self.alarms.forget_all();
        self.reactor.borrow_mut().take_waiters(|_| ());
        self.owed.set(0);
        self.unsure.set(0);
        self.vital.set(0);
    }
}

/// How a run can end without a result.
pub(crate) enum Ended {
    /// The main task panicked, or was killed.
    Failed(JoinError),
    /// There was no memory for the stack that a stack overflow is reported on.
    Unarmed(io::Error),
    /// The main task has ended well, but others never will.
    Deadlocked(Deadlock),
}
