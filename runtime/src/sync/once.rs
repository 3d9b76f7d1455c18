//! Something that is done once, by whoever needs it first.

use std::fmt;
use std::time::{Duration, Instant};

use super::OnceCell;

/// Lets something be done once; who needs it done meanwhile waits.
///
/// If it panics or is killed, the next who waits tries: there is no poison. For something that gives a value there is
/// [`OnceCell`].
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use osier::sync::Once;
///
/// osier::run(|| {
///     let (once, count) = (Rc::new(Once::new()), Rc::new(Cell::new(0)));
///     let tasks = (0..3).map(|_| {
///         let (once, count) = (once.clone(), count.clone());
///         osier::spawn(move || {
///             once.call_once(|| {
///                 osier::yield_now();
///                 count.set(count.get() + 1);
///             })
///         })
///     });
///     assert!(osier::join_all(tasks).into_iter().all(Result::unwrap));
///     assert_eq!(count.get(), 1);
/// });
/// ```
pub struct Once(OnceCell<()>);

impl Once {
    /// Not done yet.
    pub const fn new() -> Once {
        Once(OnceCell::new())
    }

    /// Does it, unless it is done; waits if somebody is at it. Whether it is done now.
    ///
    /// It is, but in a task that unwinds, and outside of any: there it does not wait for another one that
    /// is at it.
    ///
    /// # Panics
    /// When `f` calls this itself.
    ///
    /// # Blocking
    /// Switches tasks if another one is at it, and if `f` does. In a task that unwinds never.
    pub fn call_once(&self, f: impl FnOnce()) -> bool {
        if !self.is_completed()
            && let Ok(Some(turn)) = self.0.enter(None)
        {
            f();
            turn.set(());
        }
        self.is_completed()
    }

    /// Whether it is done.
    pub fn is_completed(&self) -> bool {
        self.0.get().is_some()
    }

    /// Waits until somebody has done it; whether it is done.
    ///
    /// # Blocking
    /// Switches tasks, unless it is done. In a task that unwinds never.
    pub fn wait(&self) -> bool {
        self.0.wait().is_some()
    }

    /// Waits until somebody has done it, for that long at most; whether it is done.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.0.wait_timeout(limit).is_some()
    }

    /// Waits until somebody has done it, until then at most; whether it is done.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.0.wait_deadline(deadline).is_some()
    }
}

impl Default for Once {
    fn default() -> Self {
        Once::new()
    }
}

/// Whether it is done, and who is at it.
impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Once").field(&self.0).finish()
    }
}
