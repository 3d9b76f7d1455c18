//! A worker as it sees itself.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use osier_runtime::thread::Event;

use super::Counter;
use super::counters::{Counters, TOLD};

/// What the body of a worker knows of itself.
///
/// Clones of it can go to any task and any OS thread of the process.
///
/// ```no_run
/// use osier::process::Workers;
///
/// osier::run(|| {
///     Workers::new().run(|worker| {
///         println!("worker {} is process {}", worker.index(), std::process::id());
///         worker.stop().wait(); // until it is told to end
///     })
/// })?;
/// # Ok::<(), osier::process::WorkersError>(())
/// ```
#[derive(Clone)]
pub struct Worker {
    shared: Arc<Shared>,
    hub: usize,
}

/// What all hubs of the process have in common.
struct Shared {
    index: usize,
    starts: u64,
    stop: Event,
    counters: Arc<Counters>,
}

impl Worker {
    pub(super) fn new(index: usize, starts: u64, counters: Arc<Counters>) -> Worker {
        Worker { shared: Arc::new(Shared { index, starts, stop: Event::new(), counters }), hub: 0 }
    }

    pub(super) fn on_hub(&self, hub: usize) -> Worker {
        Worker { hub, ..self.clone() }
    }

    /// Notes that it was told to end: that is no accident.
    pub(super) fn note_told(&self) {
        self.shared.counters.own(self.shared.index, TOLD).store(1, Relaxed);
    }

    /// Which of the processes it is, from 0; one that replaces another has that one's.
    pub fn index(&self) -> usize {
        self.shared.index
    }

    /// Which of the hubs of its process, from 0; see [`Workers::threads`](super::Workers::threads).
    pub fn hub(&self) -> usize {
        self.hub
    }

    /// The how manieth process in its place it is, from 1.
    pub fn starts(&self) -> u64 {
        self.shared.starts
    }

    /// Set when it is to end: take nothing new, finish what is there, return.
    ///
    /// One event for all hubs of the process; it can be waited for together with other things.
    pub fn stop(&self) -> &Event {
        &self.shared.stop
    }

    /// Whether it is to end.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_stopping(&self) -> bool {
        self.shared.stop.is_set()
    }

    /// This worker's own number of that name.
    ///
    /// # Panics
    /// When there is none of that name.
    #[track_caller]
    pub fn counter(&self, name: &str) -> Counter {
        Counter::new(&self.shared.counters, self.shared.index, name)
    }

    /// The number of that name that all workers share, apart from their own.
    ///
    /// As other processors write it as well, it is slower. It is never set back when a worker dies.
    ///
    /// # Panics
    /// When there is none of that name.
    #[track_caller]
    pub fn common(&self, name: &str) -> Counter {
        Counter::new(&self.shared.counters, self.shared.counters.common(), name)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("index", &self.index())
            .field("hub", &self.hub())
            .field("starts", &self.starts())
            .field("stopping", &self.is_stopping())
            .finish()
    }
}
