//! Groups: tasks to be joined or killed together, any number of them.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::imap::Imap;
use super::map::{map, map_async};
use super::shared::crew_methods;
use crate::clock;
use crate::hub::{Blueprint, Site};
use crate::spawn::{Builder, JoinHandle, Task};
use crate::task::JoinError;

/// Tasks to be joined or killed together.
///
/// A member that ends leaves by itself. Clones are the same group; its members go on when it is dropped. Tasks that borrow are
/// [`scope`](crate::scope())'s.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let group = osier::Group::new();
///     for ms in [1, 2, 3600_000] {
///         group.spawn(move || osier::sleep(Duration::from_millis(ms)));
///     }
///     assert!(!group.join_timeout(Duration::from_millis(10)));
///     assert_eq!(group.len(), 1);
///     assert!(group.kill_timeout(Duration::from_secs(1)));
///
///     assert_eq!(group.map(1..4, |i| i * i).unwrap(), [1, 4, 9]);
/// });
/// ```
#[derive(Clone)]
pub struct Group(Crew);

impl Group {
    /// A group without members.
    pub fn new() -> Group {
        Group(Crew::new(None))
    }

    /// Spawns a member; see [`spawn`](crate::spawn()).
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Never switches tasks.
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
        self.0.spawn(Blueprint::PLAIN, site, false, f)
    }

    /// Spawns a member with a name, a stack size, or as a daemon.
    ///
    /// # Errors
    /// As [`Builder::spawn`].
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn spawn_with<F, T>(&self, builder: Builder, f: F) -> std::io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let handle = builder.spawn(f)?;
        self.add(&handle);
        Ok(handle)
    }

    /// Makes a task a member, unless it is one or has ended.
    ///
    /// A task can be a member of several groups.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn add(&self, task: impl Into<Task>) {
        let Task(task) = task.into();
        if !task.is_done() && !self.0.contains(&task) {
            self.0.enter(&task, false);
        }
    }
}

impl Default for Group {
    fn default() -> Group {
        Group::new()
    }
}

crew_methods!(Group);
