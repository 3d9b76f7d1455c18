//! The threads of an executor, its queue, and the end of both.
//!
//! The rule for starting threads is the pool's (`thread/pool.rs`): one is started only when there are fewer
//! threads without a job than jobs in the queue.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use super::job::Job;
use crate::clock;
use crate::complaint::complain;
use crate::stay::{Condvar, stay};
use crate::task::JoinError;
use crate::thread::crews::{self, Retire};
use crate::thread::lock::{Mutex, MutexGuard, lock};
use crate::thread::{Event, Stats};

/// What each thread does first.
pub(super) type Initializer = Box<dyn Fn() + Send + Sync>;

pub(super) struct Crew {
    /// The most threads.
    max: usize,
    /// What their names begin with.
    prefix: String,
    initializer: Option<Initializer>,
    state: Mutex<State>,
    /// A job has come, or there will be none any more.
    work: Condvar,
    /// A thread has left while `retiring`, or taken a job.
    change: Condvar,
    /// Set when there will be no more jobs and all threads have left.
    over: Event,
}

struct State {
    queue: VecDeque<Box<dyn Job>>,
    /// All that were started.
    threads: Vec<JoinHandle<()>>,
    /// Those that have not left.
    alive: usize,
    /// Those of them that have no job, or have just been started for one.
    idle: usize,
    /// Whether those without a job are to leave: a fork is near.
    retiring: bool,
    /// Whether no more jobs are taken.
    closed: bool,
    /// Why no job is made any more.
    broken: Option<Arc<str>>,
}

/// Why a job was not taken.
pub(super) enum Refusal {
    Closed,
    Broken(Arc<str>),
    NoThread(io::Error),
}

impl Crew {
    pub(super) fn new(max: usize, prefix: String, initializer: Option<Initializer>) -> Crew {
        let state = State {
            queue: VecDeque::new(),
            threads: Vec::new(),
            alive: 0,
            idle: 0,
            retiring: false,
            closed: false,
            broken: None,
        };
        let (state, over) = (Mutex::new(state), Event::new());
        let (work, change) = (Condvar::new(), Condvar::new());
        Crew { max, prefix, initializer, state, work, change, over }
    }

    /// Takes a job that `make` makes, if one can be taken.
    pub(super) fn submit(
        self: &Arc<Self>,
        job: impl FnOnce() -> Box<dyn Job>,
    ) -> Result<(), Refusal> {
        let mut state = lock(&self.state);
        if let Some(why) = &state.broken {
            return Err(Refusal::Broken(why.clone()));
        }
        if state.closed {
            return Err(Refusal::Closed);
        }
        if state.queue.len() >= state.idle
            && state.alive < self.max
            && let Err(error) = self.start(&mut state)
            && state.alive == 0
        {
            return Err(Refusal::NoThread(error));
        }
        state.queue.push_back(job());
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    fn start(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let name = format!("{}_{}", self.prefix, state.threads.len());
        if state.threads.is_empty() {
            let crew = Arc::downgrade(self);
            crews::enter(crews::Crew::Executor(crew));
        }
        let crew = self.clone();
        let thread = thread::Builder::new().name(name).spawn(move || crew.work())?;
        state.threads.push(thread);
        state.alive += 1;
        state.idle += 1;
        Ok(())
    }

    /// The life of a thread.
    fn work(&self) {
        let begun = self.initializer.as_ref().map(|f| catch_unwind(AssertUnwindSafe(f)));
        if let Some(Err(payload)) = begun {
            let error = JoinError::unwound(payload);
            let text = error.message().unwrap_or("with something that is no text");
            let why = format!("the initializer of a thread panicked: {text}");
            complain(format_args!("{}: {why}", self.prefix));
            self.give_up(&Arc::from(why));
            mem::forget(error); // its destructor may panic as well
        }
        while let Some(job) = self.next() {
            // What panics here is a destructor of what the call took.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| job.run())) {
                mem::forget(payload);
            }
            lock(&self.state).idle += 1;
        }
    }

    /// The next job; none when there will be no more.
    fn next(&self) -> Option<Box<dyn Job>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.queue.pop_front() {
                state.idle -= 1;
                return Some(job);
            }
            if state.closed || state.broken.is_some() || state.retiring {
                self.leave(state);
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn leave(&self, mut state: MutexGuard<'_, State>) {
        state.alive -= 1;
        state.idle -= 1;
        let last = state.closed && state.alive == 0;
        if state.retiring {
            self.change.notify_all();
        }
        drop(state);
        if last {
            self.over.set();
        }
    }

    /// Takes no more jobs; those that it has are made.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let over = state.alive == 0;
        drop(state);
        self.work.notify_all();
        if over {
            self.over.set();
        }
    }

    /// Cancels all jobs that no thread has taken.
    pub(super) fn cancel_pending(&self) {
        let jobs = mem::take(&mut lock(&self.state).queue);
        jobs.into_iter().for_each(|job| job.cancel());
    }

    /// Gives up all jobs that no thread has taken, and all that will come.
    fn give_up(&self, why: &Arc<str>) {
        let mut state = lock(&self.state);
        state.broken.get_or_insert(why.clone());
        let jobs = mem::take(&mut state.queue);
        drop(state);
        self.work.notify_all();
        jobs.into_iter().for_each(|job| job.give_up(why));
    }

    /// Set when it is closed and all threads have left.
    pub(super) fn over(&self) -> &Event {
        &self.over
    }

    /// Waits for threads that are about to end.
    pub(super) fn bury(&self) {
        let threads = mem::take(&mut lock(&self.state).threads);
        threads.into_iter().for_each(|thread| _ = stay(|| thread.join()));
    }

    /// What it is doing.
    pub(super) fn stats(&self) -> Stats {
        let state = lock(&self.state);
        Stats { threads: state.alive, idle: state.idle, queued: state.queue.len() }
    }

    /// Whether this is one of its threads.
    pub(super) fn is_member(&self, id: ThreadId) -> bool {
        lock(&self.state).threads.iter().any(|thread| thread.thread().id() == id)
    }
}

impl Retire for Crew {
    fn retire(&self, patience: Duration) {
        let deadline = clock::now() + patience;
        let mut state = lock(&self.state);
        state.retiring = true;
        self.work.notify_all();
        while state.alive > 0 {
            let left = deadline.saturating_duration_since(clock::now());
            if left.is_zero() {
                break;
            }
            let waited = self.change.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.retiring = false;
        let over = state.alive == 0;
        let threads = if over { mem::take(&mut state.threads) } else { Vec::new() };
        drop(state);
        threads.into_iter().for_each(|thread| _ = stay(|| thread.join()));
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("Crew")
            .field("prefix", &self.prefix)
            .field("max", &self.max)
            .field("threads", &state.alive)
            .field("idle", &state.idle)
            .field("queued", &state.queue.len())
            .field("closed", &state.closed)
            .field("broken", &state.broken)
            .finish_non_exhaustive()
    }
}
