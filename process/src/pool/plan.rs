//! What the workers of a pool are to be like, and starting one.

use std::cell::Cell;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;

use super::claim::Claims;
use super::frame::{Order, START};
use super::task::number;
use super::worker::{Letter, initialize, serve, work};
use crate::process::{Builder, Exit, Function, Process, Signature, StartError, cpu_count};
use crate::wire::{Parcel, Passed, SendError, Socket};

/// So many calls at most, of one worker: their tickets must not run out.
const MOST: u32 = 1 << 31;

pub(super) struct Plan {
    /// What the names of workers begin with.
    pub(super) name: String,
    pub(super) workers: usize,
    /// How many calls one makes at once.
    pub(super) tasks: u32,
    /// After so many calls it is replaced.
    pub(super) max_tasks: u32,
    /// Whether workers are copies of this process.
    pub(super) forks: bool,
    initializer: Option<Initializer>,
    /// Whether workers are started only when there is work for them.
    pub(super) on_demand: bool,
    /// Whether the death of one is the end of all.
    pub(super) fragile: bool,
    /// How many were started.
    started: Cell<u32>,
}

enum Initializer {
    Function { number: u32, pack: Box<dyn Fn() -> Result<Parcel, SendError>> },
    Closure(Rc<dyn Fn() -> Option<String>>),
}

/// A worker that was started, as its parent sees it.
pub(super) struct Started {
    pub(super) process: Process,
    pub(super) socket: Socket,
    pub(super) claims: Rc<Claims>,
}

impl Plan {
    pub(super) fn new(name: &str) -> Plan {
        Plan {
            name: name.to_string(),
            workers: cpu_count(),
            tasks: 1,
            max_tasks: MOST,
            forks: false,
            initializer: None,
            on_demand: false,
            fragile: false,
            started: Cell::new(0),
        }
    }

    pub(super) fn set_workers(&mut self, workers: usize) {
        assert!(workers > 0, "a pool of no workers calls nothing");
        self.workers = workers;
    }

    pub(super) fn set_tasks(&mut self, tasks: usize) {
        assert!(tasks > 0, "a worker that makes no calls at once makes none");
        self.tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
    }

    pub(super) fn set_max_tasks(&mut self, max: usize) {
        assert!(max > 0, "a worker that is replaced after no calls makes none");
        self.max_tasks = u32::try_from(max).unwrap_or(MOST).min(MOST);
    }

    pub(super) fn set_initializer<F: Signature>(&mut self, function: Function<F>, args: F::Args) {
        let (number, pack) = (number(&function), Box::new(move || Parcel::pack(&args)));
        self.initializer = Some(Initializer::Function { number, pack });
    }

    pub(super) fn set_closure<E: Exit>(&mut self, f: impl Fn() -> E + 'static) {
        self.forks = true;
        self.initializer = Some(Initializer::Closure(Rc::new(move || f().failure())));
    }

    pub(super) fn has_initializer(&self) -> bool {
        self.initializer.is_some()
    }

    /// Starts a worker.
    ///
    /// # Errors
    ///
    /// As the start of any process.
    pub(super) fn start(&self) -> Result<Started, StartError> {
        let claims = Rc::new(Claims::new()?);
        let (near, far) = Socket::pair()?;
        self.started.set(self.started.get() + 1);
        let name = format!("{}-{}", self.name, self.started.get());
        let builder = Builder::new().name(name).daemon(true);
        let process = if self.forks {
            self.fork(builder, far, claims.clone())?
        } else {
            self.spawn(builder, &near, far, &claims)?
        };
        Ok(Started { process, socket: near, claims })
    }

    fn fork(
        &self,
        builder: Builder,
        far: Socket,
        claims: Rc<Claims>,
    ) -> Result<Process, StartError> {
        let tasks = self.tasks;
        match &self.initializer {
            Some(Initializer::Closure(f)) => {
                let f = f.clone();
                builder.fork(move || serve(far, claims, tasks, || f()))
            }
            Some(Initializer::Function { number, pack }) => {
                let first = Order { ticket: START, function: *number, calls: vec![pack()?] };
                builder.fork(move || serve(far, claims, tasks, || initialize(first)))
            }
            None => builder.fork(move || serve(far, claims, tasks, || None)),
        }
    }

    fn spawn(
        &self,
        builder: Builder,
        near: &Socket,
        far: Socket,
        claims: &Claims,
    ) -> Result<Process, StartError> {
        if let Some(Initializer::Function { number, pack }) = &self.initializer {
            let mut parcel = Parcel::default();
            Order::put(START, *number, &[pack()?], &mut parcel)?;
            near.try_send(&parcel)?;
        }
        let letter = Letter {
            line: Passed(far.into()),
            claims: Passed(copy(claims)?),
            tasks: self.tasks,
            initializer: self.has_initializer(),
        };
        builder.spawn(work, (letter,))
    }
}

fn copy(of: impl AsFd) -> io::Result<std::os::fd::OwnedFd> {
    of.as_fd().try_clone_to_owned()
}

/// What both builders have.
macro_rules! plan_methods {
    () => {
        /// How many worker processes; as many as there are usable processors otherwise.
        ///
        /// # Panics
        /// If that is 0: nothing would ever be called.
        pub fn workers(mut self, workers: usize) -> Self {
            self.0.set_workers(workers);
            self
        }

        /// How many calls a worker makes at once, each in a task of its own; 1 otherwise.
        ///
        /// For calls that wait: one process can have thousands of them under way. What computes wants 1.
        ///
        /// # Panics
        /// If that is 0: nothing would ever be called.
        pub fn tasks_per_worker(mut self, tasks: usize) -> Self {
            self.0.set_tasks(tasks);
            self
        }

        /// After how many calls a worker is replaced by a new process; never otherwise.
        ///
        /// A chunk counts as one.
        ///
        /// # Panics
        /// If that is 0: nothing would ever be called.
        pub fn max_tasks_per_child(mut self, max: usize) -> Self {
            self.0.set_max_tasks(max);
            self
        }

        /// What each worker calls first, replacements included.
        ///
        /// The arguments are encoded anew for each. If it panics or gives an exit code that is not 0 the pool is broken: all calls fail with that reason.
        pub fn initializer<F: Signature>(mut self, function: Function<F>, args: F::Args) -> Self {
            self.0.set_initializer(function, args);
            self
        }

        /// Makes workers copies of this process, by fork; they begin anew otherwise.
        ///
        /// They have what this process has in memory at that moment. Refused next to other OS threads, see
        /// [`Builder::fork`](crate::Builder::fork); a replacement is forked when it is needed.
        pub fn fork(mut self) -> Self {
            self.0.forks = true;
            self
        }

        /// The same, and has each worker call this closure first.
        ///
        /// As [`initializer`](Self::initializer), with what the closure has captured. Ends of pipes and queues in it stay with this
        /// process, which needs them for replacements: pass those as arguments of an `initializer`.
        pub fn fork_with<E: Exit>(mut self, f: impl Fn() -> E + 'static) -> Self {
            self.0.set_closure(f);
            self
        }

        /// What the names of workers begin with; a line and a number follow.
        pub fn name(mut self, prefix: impl Into<String>) -> Self {
            self.0.name = prefix.into();
            self
        }
    };
}
pub(super) use plan_methods;

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("name", &self.name)
            .field("workers", &self.workers)
            .field("tasks_per_worker", &self.tasks)
            .field("max_tasks_per_child", &self.max_tasks)
            .field("forks", &self.forks)
            .field("initializer", &self.has_initializer())
            .finish_non_exhaustive()
    }
}
