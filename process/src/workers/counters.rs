//! Numbers that workers write and all can read, in memory that they share.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::sys::shared::Shared;

/// Whether the worker was told to end by a signal, so that its end is no accident. Ours, before those with names.
pub(super) const TOLD: usize = 0;
/// Places that are ours: for what a worker tells of itself.
const OURS: usize = 8;
/// Numbers of a line of the processor's cache; each worker begins a new one.
const LINE: usize = 8;

/// The name of a number.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) name: String,
    /// Whether it says how things are, and so is 0 again when its worker has died.
    pub(super) gauge: bool,
}

/// The numbers of all workers, and one set that is common to all.
pub(super) struct Counters {
    names: Vec<Name>,
    workers: usize,
    board: Shared,
}

impl Counters {
    pub(super) fn new(names: Vec<Name>, workers: usize) -> io::Result<Counters> {
        let board = Shared::new((workers + 1) * stride(names.len()))?;
        Ok(Counters { names, workers, board })
    }

    pub(super) fn names(&self) -> &[Name] {
        &self.names
    }

    /// The set that all workers share.
    pub(super) fn common(&self) -> usize {
        self.workers
    }

    fn at(&self, set: usize, place: usize) -> &AtomicU64 {
        &self.board[set * stride(self.names.len()) + place]
    }

    pub(super) fn own(&self, worker: usize, place: usize) -> &AtomicU64 {
        self.at(worker, place)
    }

    pub(super) fn value(&self, set: usize, name: usize) -> u64 {
        self.at(set, OURS + name).load(Relaxed)
    }

    /// The place of a name.
    #[track_caller]
    pub(super) fn place(&self, name: &str) -> usize {
        let place = self.names.iter().position(|known| known.name == name);
        place.unwrap_or_else(|| {
            panic!(
                "no counter is named '{name}': name it before the workers are started, by `Workers::counter` or \
                 `Workers::gauge`"
            )
        })
    }

    /// What all workers have counted under that name.
    pub(super) fn total(&self, name: usize) -> u64 {
        (0..self.workers).map(|worker| self.value(worker, name)).fold(0, u64::wrapping_add)
    }

    /// Sees to the place of a worker that has died.
    pub(super) fn vacate(&self, worker: usize) {
        self.own(worker, TOLD).store(0, Relaxed);
        let gauges = self.names.iter().enumerate().filter(|(_, name)| name.gauge);
        gauges.for_each(|(at, _)| self.at(worker, OURS + at).store(0, Relaxed));
    }
}

/// Numbers from one set to the next.
fn stride(names: usize) -> usize {
    (OURS + names).next_multiple_of(LINE)
}

/// A number that a worker writes and its starter can read.
///
/// In memory that the processes share, so no message is sent. It wraps around.
///
/// ```
/// use osier::process::Workers;
///
/// osier::run(|| {
///     let plan = Workers::new().processes(2).counter("lines");
///     let crew = plan.start(|worker| _ = worker.counter("lines").add(10))?;
///     crew.join()?;
///     assert_eq!(crew.total("lines"), 20);
///     Ok::<(), osier::process::WorkersError>(())
/// })?;
/// # Ok::<(), osier::process::WorkersError>(())
/// ```
#[derive(Clone)]
pub struct Counter {
    counters: Arc<Counters>,
    set: usize,
    name: usize,
}

impl Counter {
    #[track_caller]
    pub(super) fn new(counters: &Arc<Counters>, set: usize, name: &str) -> Counter {
        Counter { set, name: counters.place(name), counters: Arc::clone(counters) }
    }

    fn cell(&self) -> &AtomicU64 {
        self.counters.at(self.set, OURS + self.name)
    }

    /// Adds to it; what it is then.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn add(&self, n: u64) -> u64 {
        self.cell().fetch_add(n, Relaxed).wrapping_add(n)
    }

    /// Takes from it; what it is then.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn sub(&self, n: u64) -> u64 {
        self.cell().fetch_sub(n, Relaxed).wrapping_sub(n)
    }

    /// Sets it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set(&self, n: u64) {
        self.cell().store(n, Relaxed);
    }

    /// Sets it to that, unless it is more already.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn raise(&self, n: u64) {
        self.cell().fetch_max(n, Relaxed);
    }

    /// What it is.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn get(&self) -> u64 {
        self.cell().load(Relaxed)
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.counters.names[self.name].name;
        f.debug_struct("Counter").field("name", name).field("value", &self.get()).finish()
    }
}
