//! Waiting for several things at once: tasks, events, semaphores, results.
//!
//! Each is given as it becomes ready, and none is taken or changed by that. Taking one of several is `select`.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::cancel::deliver;
use crate::clock;
use crate::hub::is_in_task;
use crate::spawn::{JoinHandle, Task};
use crate::task::{Hook, Reason, TaskRef, Wake};
use crate::wait::{Lookout, Waitable, Watcher, Watchers, sealed::Sealed};

/// Gives things as they become ready, each with its place among them.
///
/// What is ready already comes first. `take(n)` is the counterpart of a count. Things of several types are passed
/// as `&dyn Waitable`.
///
/// # Blocking
/// Never switches tasks; the iterator does, unless something is ready.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let nap = |ms| move || osier::sleep(Duration::from_millis(ms));
///     let tasks = [3, 1, 2].map(|ms| osier::spawn(nap(ms)));
///     let order: Vec<usize> = osier::iwait(&tasks).map(|(at, _)| at).collect();
///     assert_eq!(order, [1, 2, 0]);
/// });
/// ```
pub fn iwait<'a, W>(things: impl IntoIterator<Item = &'a W>) -> Iwait<'a, W>
where
    W: Waitable + ?Sized,
{
    let mut wait = Iwait { lookout: Lookout::new(), things: Vec::new(), left: 0, deadline: None };
    for (key, thing) in things.into_iter().enumerate() {
        wait.things.push(Some(thing));
        wait.left += 1;
        thing.watch(wait.lookout.watcher(key));
    }
    wait
}

/// Waits until all of these are ready; gives them in the order in which they became so.
///
/// # Blocking
/// Switches tasks, unless all are ready.
///
/// ```
/// use osier::{AsyncResult, Waitable};
///
/// osier::run(|| {
///     let result = AsyncResult::<u32>::new();
///     let task = osier::spawn(|| ());
///     let set = result.clone();
///     osier::spawn(move || set.set(1));
///     let things: [&dyn Waitable; 2] = [&result, &task];
///     let order: Vec<usize> = osier::wait(things).into_iter().map(|(at, _)| at).collect();
///     assert_eq!(order, [1, 0]);
/// });
/// ```
pub fn wait<'a, W>(things: impl IntoIterator<Item = &'a W>) -> Vec<(usize, &'a W)>
where
    W: Waitable + ?Sized,
{
    iwait(things).collect()
}

/// Waits for that long at most, and gives those that are ready then, in their order.
///
/// # Blocking
/// Switches tasks, unless all are ready.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let tasks = [0, 3600].map(|s| osier::spawn(move || osier::sleep(Duration::from_secs(s))));
///     let ended = osier::wait_timeout(&tasks, Duration::from_millis(5));
///     assert_eq!(ended.len(), 1);
///     osier::kill_all(&tasks);
/// });
/// ```
pub fn wait_timeout<'a, W>(
    things: impl IntoIterator<Item = &'a W>,
    limit: Duration,
) -> Vec<(usize, &'a W)>
where
    W: Waitable + ?Sized,
{
    iwait(things).timeout(limit).collect()
}

/// Things as they become ready, see [`iwait`].
///
/// Ends when all have come, when its time is up, and where nobody may wait: outside of a task, or in one
/// that unwinds.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let tasks = [5, 3600].map(|s| osier::spawn(move || osier::sleep(Duration::from_secs(s))));
///     tasks[1].kill();
///     let first = osier::iwait(&tasks).timeout(Duration::from_secs(1)).next();
///     assert_eq!(first.unwrap().0, 1);
///     tasks[0].kill();
/// });
/// ```
#[must_use = "nothing is waited for until the iterator is asked"]
pub struct Iwait<'a, W: Waitable + ?Sized> {
    lookout: Lookout,
    /// By place; those that have come are taken out.
    things: Vec<Option<&'a W>>,
    left: usize,
    deadline: Option<Instant>,
}

impl<W: Waitable + ?Sized> Iwait<'_, W> {
    /// Ends it when that time is up, from now.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.deadline = clock::deadline(limit);
        self
    }

    /// Ends it at that moment.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Parks until something is ready; whether there may be.
    fn park(&self) -> bool {
        let reason = Reason::new("waiting for one of several things");
        is_in_task() && deliver(self.lookout.wait(reason, self.deadline)) == Wake::Woken
    }
}

impl<'a, W: Waitable + ?Sized> Iterator for Iwait<'a, W> {
    type Item = (usize, &'a W);

    fn next(&mut self) -> Option<Self::Item> {
        while self.left > 0 {
            let Some(key) = self.lookout.take() else {
                if self.park() {
                    continue;
                }
                return None;
            };
            let Some(thing) = self.things[key] else { continue };
            let watcher = self.lookout.watcher(key);
            if !thing.is_ready() {
                thing.watch(watcher); // somebody else was faster
                continue;
            }
            self.things[key] = None;
            self.left -= 1;
            thing.unwatch(&watcher);
            return Some((key, thing));
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<W: Waitable + ?Sized> Drop for Iwait<'_, W> {
    fn drop(&mut self) {
        for (key, thing) in self.things.iter().enumerate() {
            if let Some(thing) = thing {
                thing.unwatch(&self.lookout.watcher(key));
            }
        }
    }
}

impl<W: Waitable + ?Sized> fmt::Debug for Iwait<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iwait").field("left", &self.left).finish_non_exhaustive()
    }
}

/// Who watches a task, in its list.
struct AtEnd(Watchers);

impl Hook for AtEnd {
    fn ended(&self, _: usize, _: &TaskRef) {
        self.0.notify_all();
    }
}

fn watch(task: &TaskRef, watcher: Watcher) {
    if task.daemon.get() {
        watcher.note_daemon();
    }
    if task.is_done() {
        watcher.notify();
        return;
    }
    let watchers = task.find_hook::<AtEnd>().unwrap_or_else(|| {
        let watchers = Rc::new(AtEnd(Watchers::new()));
        task.add_hook(watchers.clone(), 0);
        watchers
    });
    watchers.0.watch(watcher, false);
}

fn unwatch(task: &TaskRef, watcher: &Watcher) {
    if task.daemon.get() {
        watcher.forget_daemon();
    }
    if let Some(watchers) = task.find_hook::<AtEnd>() {
        watchers.0.unwatch(watcher, false);
    }
}

impl Sealed for Task {}

impl Waitable for Task {
    /// Whether the task has ended.
    fn is_ready(&self) -> bool {
        self.is_finished()
    }

    fn watch(&self, watcher: Watcher) {
        watch(&self.0, watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        unwatch(&self.0, watcher);
    }
}

impl<T> Sealed for JoinHandle<T> {}

impl<T> Waitable for JoinHandle<T> {
    /// Whether the task has ended.
    fn is_ready(&self) -> bool {
        self.is_finished()
    }

    fn watch(&self, watcher: Watcher) {
        watch(&self.0, watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        unwatch(&self.0, watcher);
    }
}
