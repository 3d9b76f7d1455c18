//! Pools: groups with so many places, and whoever spawns into a full one waits.

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::imap::Imap;
use super::iwait::iwait;
use super::map::{map, map_async};
use super::shared::crew_methods;
use crate::cancel::deliver;
use crate::clock;
use crate::hub::{Blueprint, Site};
use crate::spawn::{Builder, JoinHandle, Task};
use crate::task::{JoinError, Wake};
use crate::wait::{Waitable, Watcher, sealed::Sealed};

/// A group of at most so many tasks at a time.
///
/// Whoever spawns into a full one waits for a place, first come first served, and nobody overtakes. A member that ends gives
/// its place to the first in line. Clones are the same pool; its members go on when it is dropped. A member that spawns into
/// its own pool may wait for itself: if all do, that is a [`Deadlock`](crate::Deadlock), and
/// [`apply_async`](Self::apply_async) is the way that does not wait.
///
/// ```
/// use std::{cell::Cell, rc::Rc, time::Duration};
///
/// osier::run(|| {
///     let pool = osier::Pool::new(3);
///     let most = Rc::new(Cell::new(0));
///     for _ in 0..10 {
///         let (all, most) = (pool.clone(), most.clone());
///         pool.spawn(move || {
///             most.set(most.get().max(all.len()));
///             osier::sleep(Duration::from_millis(1));
///         });
///     }
///     pool.join();
///     assert_eq!(most.get(), 3);
/// });
/// ```
#[derive(Clone)]
pub struct Pool(Crew);

/// The pool has no place; what was to have one comes back.
///
/// ```
/// osier::run(|| {
///     let pool = osier::Pool::new(0);
///     let osier::PoolFull(f) = pool.try_spawn(|| 42).unwrap_err();
///     assert_eq!(f(), 42);
/// });
/// ```
pub struct PoolFull<F>(pub F);

impl<F> fmt::Debug for PoolFull<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolFull(..)")
    }
}

impl<F> fmt::Display for PoolFull<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is full")
    }
}

impl<F> Error for PoolFull<F> {}

impl Pool {
    /// A pool of so many places.
    ///
    /// One without a place never runs anything.
    pub fn new(size: usize) -> Pool {
        Pool(Crew::new(Some(size)))
    }

    /// A pool of any number of places.
    pub fn unlimited() -> Pool {
        Pool(Crew::new(None))
    }

    /// How many places there are, if that is limited.
    pub fn size(&self) -> Option<usize> {
        self.0.roster(|roster| roster.size())
    }

    /// How many places are free; `usize::MAX` if they are not limited.
    pub fn free_count(&self) -> usize {
        self.0.roster(|roster| roster.free())
    }

    /// Whether no place is free.
    pub fn is_full(&self) -> bool {
        self.free_count() == 0
    }

    /// Waits for a place, and spawns a member.
    ///
    /// Where nobody may wait (a destructor during an unwinding) and no place is free, the task is killed before it begins.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Switches tasks, unless a place is free.
    #[track_caller]
    pub fn spawn<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        self.spawn_at(Location::caller(), f)
    }

    fn spawn_at<F, T>(&self, site: Site, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        match self.0.take_place(None) {
            Ok(()) => self.0.spawn(Blueprint::PLAIN, site, true, f),
            Err(wake) => {
                deliver(wake);
                let handle = self.0.spawn(Blueprint::PLAIN, site, false, f);
                handle.kill();
                handle
            }
        }
    }

    /// Waits for a place, and spawns a member with a name, a stack size, or as a daemon.
    ///
    /// # Errors
    /// As [`Builder::spawn`]; also where nobody may wait and no place is free.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Switches tasks, unless a place is free.
    #[track_caller]
    pub fn spawn_with<F, T>(&self, builder: Builder, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        if let Err(wake) = self.0.take_place(None) {
            deliver(wake);
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "the pool is full"));
        }
        match builder.spawn(f) {
            Ok(handle) => {
                self.0.enter(handle.0.task(), true);
                Ok(handle)
            }
            Err(error) => {
                self.0.give_place();
                Err(error)
            }
        }
    }

    /// Spawns a member if a place is free.
    ///
    /// # Errors
    /// When none is; the closure comes back.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn try_spawn<F, T>(&self, f: F) -> Result<JoinHandle<T>, PoolFull<F>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        if !self.0.roster(|roster| roster.take_place()) {
            return Err(PoolFull(f));
        }
        Ok(self.0.spawn(Blueprint::PLAIN, Location::caller(), true, f))
    }

    /// Waits for a place for that long at most, and spawns a member.
    ///
    /// # Errors
    /// When none was to be had; the closure comes back.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Switches tasks, unless a place is free.
    #[track_caller]
    pub fn spawn_timeout<F, T>(&self, limit: Duration, f: F) -> Result<JoinHandle<T>, PoolFull<F>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        self.spawn_until(clock::deadline(limit), Location::caller(), f)
    }

    /// Waits for a place until that moment at most, and spawns a member.
    ///
    /// # Errors
    /// When none was to be had; the closure comes back.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Switches tasks, unless a place is free.
    #[track_caller]
    pub fn spawn_deadline<F, T>(
        &self,
        deadline: Instant,
        f: F,
    ) -> Result<JoinHandle<T>, PoolFull<F>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        self.spawn_until(Some(deadline), Location::caller(), f)
    }

    fn spawn_until<F, T>(
        &self,
        deadline: Option<Instant>,
        site: Site,
        f: F,
    ) -> Result<JoinHandle<T>, PoolFull<F>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        match self.0.take_place(deadline) {
            Ok(()) => Ok(self.0.spawn(Blueprint::PLAIN, site, true, f)),
            Err(wake) => {
                deliver(wake);
                Err(PoolFull(f))
            }
        }
    }

    /// Waits for a place, and makes a task a member that holds it.
    ///
    /// A member, or one that has ended, stays what it is.
    ///
    /// # Errors
    /// Where nobody may wait and no place is free; the task comes back.
    ///
    /// # Blocking
    /// Switches tasks, unless a place is free.
    pub fn add(&self, task: impl Into<Task>) -> Result<(), PoolFull<Task>> {
        let task = task.into();
        if task.is_finished() || self.0.contains(&task.0) {
            return Ok(());
        }
        self.admit(self.0.take_place(None), task)
    }

    /// Makes a task a member, if a place is free.
    ///
    /// # Errors
    /// When none is; the task comes back.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_add(&self, task: impl Into<Task>) -> Result<(), PoolFull<Task>> {
        let task = task.into();
        if task.is_finished() || self.0.contains(&task.0) {
            return Ok(());
        }
        let free = self.0.roster(|roster| roster.take_place());
        self.admit(if free { Ok(()) } else { Err(Wake::TimedOut) }, task)
    }

    /// Makes a task a member if a place was taken for it.
    fn admit(&self, place: Result<(), Wake>, task: Task) -> Result<(), PoolFull<Task>> {
        if let Err(wake) = place {
            deliver(wake);
            return Err(PoolFull(task));
        }
        if task.is_finished() || self.0.contains(&task.0) {
            self.0.give_place(); // it ended, or was added, during the wait
        } else {
            self.0.enter(&task.0, true);
        }
        Ok(())
    }

    /// Waits until a place is free, and takes none; how many are.
    ///
    /// None only where nobody may wait. Whoever waits to spawn comes first.
    ///
    /// # Blocking
    /// Switches tasks, unless a place is free.
    pub fn wait_available(&self) -> usize {
        iwait([self]).for_each(drop);
        self.free_count()
    }

    /// Waits for that long at most until a place is free; how many are.
    ///
    /// # Blocking
    /// Switches tasks, unless a place is free.
    pub fn wait_available_timeout(&self, limit: Duration) -> usize {
        iwait([self]).timeout(limit).for_each(drop);
        self.free_count()
    }
}

impl Sealed for Pool {}

impl Waitable for Pool {
    /// Whether a place is free.
    fn is_ready(&self) -> bool {
        !self.is_full()
    }

    fn watch(&self, watcher: Watcher) {
        self.0.watchers().watch(watcher, self.is_ready());
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.0.watchers().unwatch(watcher, self.is_ready());
    }
}

crew_methods!(Pool);
