//! Waiting until all that was put is dealt with.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::core::Core;
use super::handle::{Queue, no_seat};
use super::ledger::Ledger;
use super::owner::Owner;
use crate::wire::about_to_wait;

/// A queue between processes that knows when all is dealt with.
///
/// Whoever gets an item calls [`task_done`](Self::task_done) when it is through with it, and [`join`](Self::join) waits until that has happened for
/// all. What a process had in hand when it died nobody will deal with: that is written off, when nothing else is unfinished. All else is a [`Queue`]'s.
///
/// ```
/// use osier::process::Builder;
/// use osier::process::queue::JoinableQueue;
///
/// osier::process::functions! {
///     fn work(jobs: JoinableQueue<u32>) {
///         for _job in jobs.iter() {
///             jobs.task_done();
///         }
///     }
/// }
/// osier::run(|| {
///     let jobs = JoinableQueue::unbounded()?;
///     let _worker = Builder::new().daemon(true).spawn(work, (jobs.clone(),))?;
///     (0..5).for_each(|job| jobs.put(job).unwrap());
///     jobs.join();
///     assert_eq!(jobs.unfinished(), 0);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct JoinableQueue<T>(Queue<T>);

impl<T> JoinableQueue<T> {
    /// A queue that holds so many.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// # Panics
    /// If it is to hold none, or 2^32 or more.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn bounded(size: usize) -> io::Result<JoinableQueue<T>> {
        Ok(JoinableQueue(Queue::sized(size, true)?))
    }

    /// A queue without limit.
    ///
    /// # Errors
    /// When there are no descriptors left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn unbounded() -> io::Result<JoinableQueue<T>> {
        Ok(JoinableQueue(Queue::over(Core::create(0, true)?)))
    }

    fn ledger(&self) -> Ledger<'_> {
        self.0.core.ledger().expect("it was made with one")
    }

    /// Reports an item that was got as dealt with.
    ///
    /// # Panics
    /// When that was said more often than items were put. When more processes use the queue than it knows of (512).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn task_done(&self) {
        let (core, ledger) = (&self.0.core, self.ledger());
        let Some(seat) = core.here().seat(&ledger) else { panic!("{}", no_seat()) };
        match ledger.finish(seat) {
            None => {
                panic!("task_done was called more often than items were put: once for each get")
            }
            Some(true) => core.done.ring(core.done_rope()),
            Some(false) => {}
        }
    }

    /// How many items were put and not reported as done. Advisory: others go on.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn unfinished(&self) -> usize {
        self.ledger().unfinished()
    }

    /// Waits until all that was put is reported as done.
    ///
    /// # Blocking
    /// Switches tasks, unless all is done.
    pub fn join(&self) {
        self.join_until(None);
    }

    /// Waits for that long at most; whether all is done.
    ///
    /// # Blocking
    /// As [`join`](Self::join).
    pub fn join_timeout(&self, limit: Duration) -> bool {
        self.join_until(clock::deadline(limit))
    }

    /// Waits until that moment at most; whether all is done.
    ///
    /// # Blocking
    /// As [`join`](Self::join).
    pub fn join_deadline(&self, deadline: Instant) -> bool {
        self.join_until(Some(deadline))
    }

    fn join_until(&self, deadline: Option<Instant>) -> bool {
        if self.unfinished() == 0 {
            return true;
        }
        about_to_wait();
        let (core, ledger) = (&self.0.core, self.ledger());
        let is_done = |unrung: bool| {
            if unrung && ledger.unfinished() > 0 {
                let lost = ledger.write_off(Owner::lives, || core.is_bare());
                if lost > 0 {
                    log::warn!(
                        "{lost} items of a queue have died with the processes that had them"
                    );
                    core.done.ring(core.done_rope());
                }
            }
            (ledger.unfinished() == 0).then_some(())
        };
        core.done.wait(core.done_rope(), &core.here().joining, deadline, is_done).is_some()
    }
}

impl<T> Deref for JoinableQueue<T> {
    type Target = Queue<T>;

    fn deref(&self) -> &Queue<T> {
        &self.0
    }
}

impl<T> Clone for JoinableQueue<T> {
    fn clone(&self) -> JoinableQueue<T> {
        JoinableQueue(self.0.clone())
    }
}

/// As a [`Queue`].
impl<T> Serialize for JoinableQueue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for JoinableQueue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let queue = Queue::deserialize(deserializer)?;
        match queue.core.is_counted() {
            true => Ok(JoinableQueue(queue)),
            false => Err(serde::de::Error::custom("this queue does not count what is unfinished")),
        }
    }
}

impl<T> fmt::Debug for JoinableQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinableQueue")
            .field("queue", &self.0)
            .field("unfinished", &self.unfinished())
            .finish()
    }
}
