//! A bounded pool of OS threads for calls that block.
//!
//! Threads are started when there is work for them and leave when there has been none for a
//! while, so a program that never blocks has none. What lives here are OS threads, which is why
//! std's locks may be waited for. It knows no task: who submits a job puts into it whatever
//! brings the result back.
//!
//! One number rules it: `idle`, the threads *without a job*, be they asleep, just woken or just
//! started. While there are as many of them as jobs in the queue, each job will be taken; a
//! thread is started only when there are fewer. Whoever comes free first takes the first job, and
//! a thread that was woken for it in vain goes back to sleep, idle all along.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Semaphore;
use super::crews::{self, Crew};
use crate::blocker::Rouser;
use crate::clock;
use crate::stay::{Condvar, Mutex, MutexGuard, stay};
use crate::wait::list::WaitList;

/// How long a thread without work stays.
const IDLE: Duration = Duration::from_secs(5);

/// What a pool runs: once, on one of its threads.
pub type Job = Box<dyn FnOnce() + Send>;

/// A bounded pool of OS threads.
///
/// Its threads borrow it for ever, so it is a `static` (or leaked); it has no end of its own. Nothing
/// here switches tasks but [`offload`](Pool::offload).
///
/// ```
/// use osier::thread::Pool;
///
/// static FILES: Pool = Pool::new("files", 2);
///
/// let size = osier::run(|| FILES.offload(|| std::fs::metadata("/etc/passwd").map(|m| m.len())));
/// assert!(size.unwrap() > 0);
/// ```
pub struct Pool {
    /// The middle of its threads' names.
    name: &'static str,
    /// How long a thread without work stays.
    idle_time: Duration,
    /// Everything that changes. No job runs, and nothing is dropped, while it is locked.
    pub(super) state: Mutex<State>,
    /// Permits for jobs of [`Pool::spawn`] that nobody has taken.
    pub(super) backlog: Semaphore,
    /// A job has come, or threads shall leave: for threads without a job.
    work: Condvar,
    /// A thread has taken a job or left while `retiring`: for [`Pool::retire`].
    change: Condvar,
}

/// What changes in a pool.
pub(super) struct State {
    /// Jobs that nobody has taken yet, oldest first.
    queue: VecDeque<Job>,
    /// The most threads at once; none while it pauses. More may be left for a moment after a cut.
    max: usize,
    /// The threads that have not left.
    threads: Vec<JoinHandle<()>>,
    /// How many of them have no job.
    idle: usize,
    /// How many were ever started; the next one's number.
    started: usize,
    /// How many callers of [`Pool::retire`] there are; while not 0, nobody stays idle.
    retiring: usize,
    /// The last thread that has left, but may not have ended. Each joins the one before it, so
    /// who joins this one has joined all.
    leaver: Option<JoinHandle<()>>,
    /// Who waits until there is no job any more.
    pub(super) line: WaitList<(), Rouser>,
    /// Makes the system refuse new threads.
    #[cfg(test)]
    refuse: bool,
}

/// What a pool is doing.
///
/// ```
/// use osier::thread::{Pool, Stats};
///
/// static POOL: Pool = Pool::new("idle", 2);
/// assert_eq!(POOL.stats(), Stats { threads: 0, idle: 0, queued: 0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// OS threads that it has.
    pub threads: usize,
    /// Those of them without a job.
    pub idle: usize,
    /// Jobs that wait for a thread.
    pub queued: usize,
}

/// A job was not taken: there is no thread, and the system gives none.
///
/// It comes back, to be run by other means:
///
/// ```
/// use osier::thread::Pool;
///
/// static POOL: Pool = Pool::new("work", 2);
/// if let Err(refused) = POOL.submit(Box::new(|| println!("done"))) {
///     (refused.job)();
/// }
/// ```
pub struct SpawnError {
    /// The job, which has not run.
    pub job: Job,
    /// What the system says.
    pub error: io::Error,
}

impl Pool {
    /// A pool of up to `max` threads; it starts none yet.
    ///
    /// They are called `osier-NAME-1` and so on.
    ///
    /// # Panics
    ///
    /// If `max` is 0: nothing would ever run.
    pub const fn new(name: &'static str, max: usize) -> Pool {
        assert!(max > 0, "a pool of no threads runs nothing");
        let state = State {
            max,
            queue: VecDeque::new(),
            threads: Vec::new(),
            idle: 0,
            started: 0,
            retiring: 0,
            leaver: None,
            line: WaitList::new(),
            #[cfg(test)]
            refuse: false,
        };
        Pool {
            name,
            idle_time: IDLE,
            state: Mutex::new(state),
            backlog: Semaphore::new(usize::MAX / 2),
            work: Condvar::new(),
            change: Condvar::new(),
        }
    }

    /// The same, with another time after which a thread without work leaves.
    pub const fn idle_time(mut self, idle_time: Duration) -> Pool {
        self.idle_time = idle_time;
        self
    }

    /// The same, with a bound to how many jobs of [`spawn`](Pool::spawn) may wait for a thread.
    pub const fn backlog(mut self, most: usize) -> Pool {
        // It is new: there is nothing in it to drop.
        mem::forget(mem::replace(&mut self.backlog, Semaphore::new(most)));
        self
    }

    /// Has a job run, as soon as one of the threads is free.
    ///
    /// First come, first served. A panic in it ends the job alone, and is nobody's business but the panic hook's.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the pool has no thread and cannot start one. If it has some, the job
    /// waits for one of them.
    pub fn submit(&'static self, job: Job) -> Result<(), SpawnError> {
        let mut state = self.lock();
        let wake = state.queue.len() < state.idle;
        // With the lock held: nobody shall count on a thread that then does not come.
        if !wake
            && state.threads.len() < state.max
            && let Err(error) = self.start(&mut state)
            && state.threads.is_empty()
        {
            return Err(SpawnError { job, error });
        }
        state.queue.push_back(job);
        drop(state);
        if wake {
            self.work.notify_one();
        }
        Ok(())
    }

    fn start(&'static self, state: &mut State) -> io::Result<()> {
        #[cfg(test)]
        if state.refuse {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let name = format!("osier-{}-{}", self.name, state.started + 1);
        if state.started == 0 {
            crews::enter(Crew::Pool(self));
        }
        let thread = thread::Builder::new().name(name).spawn(|| self.run())?;
        state.threads.push(thread);
        state.started += 1;
        state.idle += 1;
        Ok(())
    }

    /// Sets the most threads at once; with none it pauses.
    ///
    /// Those that are too many leave as they come free. Jobs that come meanwhile wait.
    pub fn set_max(&'static self, max: usize) {
        let mut state = self.lock();
        state.max = max;
        while state.queue.len() > state.idle
            && state.threads.len() < max
            && self.start(&mut state).is_ok()
        {}
        drop(state);
        // All: each looks for itself whether it is too many, and who stays, for a job.
        self.work.notify_all();
    }

    /// Ends all threads without a job, waits for that, says who is left.
    ///
    /// Threads at work are given `patience` to finish as well: one whose job has just handed
    /// over its result may need a moment to be idle again. The next [`submit`](Self::submit)
    /// starts anew. A thread has ended when it can no longer run anything; `/proc` may list it
    /// for some microseconds more.
    ///
    /// # Blocking
    ///
    /// Stops the OS thread, no longer than `patience` and what an idle thread takes to end.
    pub fn retire(&self, patience: Duration) -> Stats {
        let deadline = clock::now() + patience;
        let mut state = self.lock();
        state.retiring += 1;
        self.work.notify_all();
        while !state.threads.is_empty() {
            let left = deadline.saturating_duration_since(clock::now());
            state = match state.idle {
                0 if left.is_zero() => break,
                0 => wait_timeout(&self.change, state, left),
                _ => self.change.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.retiring -= 1;
        let (stats, leaver) = (state.stats(), state.leaver.take());
        drop(state);
        join(leaver);
        stats
    }

    /// What it is doing.
    pub fn stats(&self) -> Stats {
        self.lock().stats()
    }

    /// The life of one thread.
    fn run(&self) {
        let mut state = self.lock();
        while let Some(job) = self.next(state) {
            run_caught(job);
            state = self.lock();
            state.idle += 1;
            if state.is_quiet() {
                drop(state);
                self.tell_quiet();
                state = self.lock();
            }
        }
    }

    /// Takes a job, or leaves: after the idle time, or when told to retire.
    fn next(&self, mut state: MutexGuard<'_, State>) -> Option<Job> {
        let mut deadline: Option<Instant> = None;
        loop {
            if state.threads.len() > state.max {
                self.leave(state);
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                state.idle -= 1;
                self.note_change(&state);
                return Some(job);
            }
            let now = clock::now();
            let left = deadline.get_or_insert(now + self.idle_time).saturating_duration_since(now);
            if left.is_zero() || state.retiring > 0 {
                self.leave(state);
                return None;
            }
            state = wait_timeout(&self.work, state, left);
        }
    }

    fn leave(&self, mut state: MutexGuard<'_, State>) {
        let me = thread::current().id();
        let place = state.threads.iter().position(|thread| thread.thread().id() == me);
        let handle = place.map(|place| state.threads.swap_remove(place));
        let before = mem::replace(&mut state.leaver, handle);
        state.idle -= 1;
        self.note_change(&state);
        drop(state);
        join(before);
    }

    /// Spares the system call that nobody waits for.
    fn note_change(&self, state: &State) {
        if state.retiring > 0 {
            self.change.notify_all();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code that could panic half-way runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, whether the system refuses new threads.
    #[cfg(test)]
    pub(super) fn refuse(&self, refuse: bool) {
        self.lock().refuse = refuse;
    }
}

impl State {
    /// Whether there is no job, neither waiting nor at work.
    pub(super) fn is_quiet(&self) -> bool {
        self.queue.is_empty() && self.idle == self.threads.len()
    }

    /// Takes all jobs that nobody has taken.
    pub(super) fn take_queue(&mut self) -> VecDeque<Job> {
        mem::take(&mut self.queue)
    }

    fn stats(&self) -> Stats {
        Stats { threads: self.threads.len(), idle: self.idle, queued: self.queue.len() }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.stats();
        f.debug_struct("Pool").field("name", &self.name).field("stats", &stats).finish()
    }
}

impl fmt::Debug for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no OS thread could be started: {}", self.error)
    }
}

/// Runs a job to its end, whichever that is.
fn run_caught(job: Job) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(job))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        // A payload whose destructor panics with another such one: better a leak than a dead pool.
        mem::forget(second);
    }
}

/// Waits for a thread that is about to end; it has caught all panics.
fn join(thread: Option<JoinHandle<()>>) {
    if let Some(thread) = thread {
        let _ = stay(|| thread.join());
    }
}

fn wait_timeout<'a>(
    condvar: &Condvar,
    state: MutexGuard<'a, State>,
    timeout: Duration,
) -> MutexGuard<'a, State> {
    condvar.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0
}
