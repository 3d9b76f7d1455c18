//! Calls on a pool that give promises, and waiting until a pool has nothing to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::promise::{CallError, Promise, promise};
use super::wait::{Desk, Settled, settle, wait};
use super::{Job, Pool};
use crate::blocker::{Blocker, Rouser};
use crate::clock;
use crate::task::Reason;
use crate::wait::list::Ticket;

impl Pool {
    /// Has `f` called on a thread of this pool; gives a promise of its result.
    ///
    /// From any task and any thread. If the pool has a [bound](Pool::backlog) and so many calls wait for a thread, it
    /// waits until one is taken. If not one thread can be started, `f` is called right here, and the log says so.
    ///
    /// # Blocking
    /// Switches tasks, unless there is room. Outside of a task it stops the OS thread; in a task that unwinds
    /// it does not wait for room.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    ///
    /// ```
    /// use osier::thread::Pool;
    ///
    /// static HASHERS: Pool = Pool::new("hashers", 2).backlog(8);
    /// let calls: Vec<_> = (0..100).map(|n| HASHERS.spawn(move || n % 7)).collect();
    /// let sum: u32 = calls.into_iter().map(|call| call.result().unwrap()).sum();
    /// assert_eq!(sum, 295);
    /// ```
    pub fn spawn<F, T>(&'static self, f: F) -> Promise<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let permit = self.backlog.acquire();
        let (resolver, promise) = promise();
        let call = move || {
            drop(permit);
            if resolver.start() {
                let result = catch_unwind(AssertUnwindSafe(f));
                resolver.finish(result.map_err(CallError::panicked));
            }
        };
        if let Err(refused) = self.submit(Box::new(call)) {
            log::warn!("a call of a pool is made by its caller: {}", refused.error);
            (refused.job)();
        }
        promise
    }

    /// Waits until no job waits for a thread and none is at work.
    ///
    /// In a task that unwinds it does not wait.
    ///
    /// # Blocking
    /// Switches tasks, unless there is none. Outside of a task it stops the OS thread.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    ///
    /// ```
    /// use osier::thread::Pool;
    ///
    /// static POOL: Pool = Pool::new("joined", 2);
    /// let call = POOL.spawn(|| 7);
    /// POOL.join();
    /// assert!(call.is_finished());
    /// ```
    pub fn join(&self) {
        let _ = wait(self, (), REASON, None);
    }

    /// The same, and waits no longer than that; whether there is none.
    ///
    /// # Blocking
    /// As [`join`](Pool::join).
    pub fn join_timeout(&self, limit: Duration) -> bool {
        let deadline = clock::deadline(limit);
        self.lock().is_quiet() || wait(self, (), REASON, deadline).is_ok()
    }

    /// Drops all jobs that no thread has taken; their promises are broken.
    ///
    /// With [`retire`](Pool::retire) behind it, the pool is as it was at first.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    pub fn clear(&self) {
        let jobs: Vec<Job> = self.lock().take_queue().into();
        drop(jobs);
        if self.lock().is_quiet() {
            self.tell_quiet();
        }
    }

    /// Wakes those who wait until there is no job.
    pub(super) fn tell_quiet(&self) {
        let mut all = Vec::new();
        let mut state = self.lock();
        while let Some((who, _)) = state.line.grant(|()| ()) {
            all.push(who);
        }
        drop(state);
        all.into_iter().for_each(|who| _ = who.rouse());
    }
}

const REASON: Reason = Reason::new("waiting until a pool of threads has nothing to do");

impl Desk for Pool {
    type Want = ();
    type Got = ();

    fn enter(&self, (): (), who: impl FnOnce() -> Rouser) -> Result<(), Ticket> {
        let mut state = self.lock();
        if state.is_quiet() { Ok(()) } else { Err(state.line.enter(who(), ())) }
    }

    fn settle(&self, ticket: Ticket, again: Option<&Blocker>) -> Settled<(), ()> {
        settle(&mut self.lock().line, ticket, again)
    }

    fn give_back(&self, (): ()) {}
}
