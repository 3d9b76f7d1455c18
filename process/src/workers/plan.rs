//! How many workers there are to be, and how they are treated.

use std::sync::Arc;
use std::time::Duration;

use super::counters::{Counters, Name};
use super::intake::Intake;
use super::life::live;
use super::pace::Pace;
use super::state::State;
use super::{Crew, Ended, Worker, WorkersError};
use crate::process::{Builder, Exit, cpu_count};
use osier_runtime::fork::hold;
use osier_runtime::signal::Signal;

/// Plans several processes that do the same, and are replaced when they die.
///
/// Each is a fork of this process with a hub of its own, which calls the same closure: one process for each processor, unless
/// it is said otherwise. They are daemons: they end with this process, however that ends, and start no processes of their own. For servers,
/// `net::server::Front` puts listeners in front of them.
///
/// A worker whose closure returns has done its work, and is not replaced. One that fails (a panic, an error, a signal) is, after
/// a pause that grows; so is one that somebody else told to end. SIGTERM, to a worker or to all of them through [`run`](Workers::run),
/// means: take nothing new, finish, end ([`Worker::stop`]). SIGINT means: at once. Workers begin with no signal blocked.
///
/// ```
/// use osier::process::Workers;
///
/// osier::run(|| {
///     let plan = Workers::new().processes(2).threads(2).counter("visits");
///     let crew = plan.start(|worker| _ = worker.counter("visits").add(1))?;
///     crew.join()?;
///     assert_eq!(crew.total("visits"), 4); // two processes of two hubs
///     Ok::<(), osier::process::WorkersError>(())
/// })?;
/// # Ok::<(), osier::process::WorkersError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a plan does nothing until it is run"]
pub struct Workers {
    pub(super) processes: usize,
    pub(super) threads: usize,
    pub(super) grace: Duration,
    pub(super) quick_grace: Duration,
    pub(super) pace: Pace,
    names: Vec<Name>,
}

impl Default for Workers {
    fn default() -> Workers {
        Workers::new()
    }
}

impl Workers {
    /// Plans one process for each processor that this one may use, with one hub.
    pub fn new() -> Workers {
        Workers {
            processes: cpu_count(),
            threads: 1,
            grace: Duration::from_secs(30),
            quick_grace: Duration::from_secs(2),
            pace: Pace {
                first: Duration::from_millis(50),
                most: Duration::from_secs(5),
                healthy: Duration::from_secs(2),
                limit: 5,
            },
            names: Vec::new(),
        }
    }

    /// How many processes; one at least.
    pub fn processes(mut self, n: usize) -> Workers {
        self.processes = n.max(1);
        self
    }

    /// How many hubs each process has, each on an OS thread of its own; one, on the main one, otherwise.
    ///
    /// The closure is called on each of them. So `processes(1).threads(n)` has OS threads in place of processes.
    pub fn threads(mut self, n: usize) -> Workers {
        self.threads = n.max(1);
        self
    }

    /// How many hubs that makes: processes, times OS threads in each.
    pub fn hubs(&self) -> usize {
        self.processes * self.threads
    }

    /// How long workers may take to finish before they are killed; 30 s otherwise.
    pub fn grace(mut self, limit: Duration) -> Workers {
        self.grace = limit;
        self
    }

    /// How long they may take when they are to end at once; 2 s otherwise.
    pub fn quick_grace(mut self, limit: Duration) -> Workers {
        self.quick_grace = limit;
        self
    }

    /// How long to wait before one that died is replaced; 50 ms otherwise.
    ///
    /// It doubles with each that dies young (within 2 s), to 5 s at most. By lot it is shorter, by half at most.
    pub fn pause(mut self, first: Duration) -> Workers {
        self.pace.first = first;
        self
    }

    /// So many that die young, in one place, one after the other, are the end of all; 5 otherwise.
    pub fn crash_limit(mut self, times: u32) -> Workers {
        self.pace.limit = times.max(1);
        self
    }

    /// One that lived so long has not died young; 2 s otherwise.
    pub fn healthy_after(mut self, time: Duration) -> Workers {
        self.pace.healthy = time;
        self
    }

    /// Names a number that each worker counts up; it goes on when a worker is replaced.
    pub fn counter(self, name: impl Into<String>) -> Workers {
        self.named(name.into(), false)
    }

    /// Names a number that says how things are; it is 0 again when a worker has died.
    pub fn gauge(self, name: impl Into<String>) -> Workers {
        self.named(name.into(), true)
    }

    fn named(mut self, name: String, gauge: bool) -> Workers {
        if self.names.iter().all(|known| known.name != name) {
            self.names.push(Name { name, gauge });
        }
        self
    }

    /// Starts them, and goes on; dropped, the [`Crew`] kills them.
    ///
    /// Signals to this process are left alone. What the closure has captured is cloned for each start, so that each is handed its own
    /// ends of pipes and queues, if those are `Clone`; what stands behind an `Arc` is not handed over.
    ///
    /// # Errors
    /// [`WorkersError::Start`], as [`Builder::fork`]; none is left running then. [`WorkersError::Io`] without memory.
    ///
    /// # Panics
    /// Outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// Switches tasks only if a start fails: it waits for those that were killed.
    pub fn start<F, T>(self, body: F) -> Result<Crew, WorkersError>
    where
        F: Fn(&Worker) -> T + Clone + Send + Sync + 'static,
        T: Exit + 'static,
    {
        let counters = Arc::new(Counters::new(self.names.clone(), self.processes)?);
        let (numbers, threads) = (counters.clone(), self.threads);
        let start = move |index: usize, starts: u64| {
            let (body, worker) = (body.clone(), Worker::new(index, starts, numbers.clone()));
            // Until the child has its own handlers.
            let _held = hold([Signal::TERM, Signal::INT].map(Signal::number));
            let named = Builder::new().name(format!("worker-{index}")).daemon(true);
            named.fork(move || live(worker, threads, body))
        };
        let crew = Crew::new(State::new(self, counters, Box::new(start)));
        crew.begin()?;
        Ok(crew)
    }

    /// Starts them and sees to them until they have ended, or a signal ends them.
    ///
    /// SIGTERM has them finish what they do ([`grace`](Self::grace)), SIGINT has them end at once; another one of either while they
    /// do goes one step further, the last of which is to kill them. When this returns, these signals do what they did before.
    ///
    /// # Errors
    /// As [`start`](Self::start); [`WorkersError::CrashLoop`]; [`WorkersError::Io`] if somebody else has workers that obey signals.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn run<F, T>(self, body: F) -> Result<Ended, WorkersError>
    where
        F: Fn(&Worker) -> T + Clone + Send + Sync + 'static,
        T: Exit + 'static,
    {
        let intake = Intake::catch()?;
        self.start(body)?.obey(intake)
    }
}
