//! A call for each of many items, and all results at once.

use std::rc::Rc;

use crate::hub::{Blueprint, Site, expect_hub};
use crate::spawn::{JoinHandle, current};
use crate::task::JoinError;

/// The call for one item.
pub(super) type Job<R> = Box<dyn FnOnce() -> R>;

/// Calls `f` for each item in a task that `spawn` makes; the results in order, or the first error.
pub(super) fn map<I, F, R>(
    items: I,
    f: F,
    site: Site,
    spawn: impl Fn(Site, Job<R>) -> JoinHandle<R>,
) -> Result<Vec<R>, JoinError>
where
    I: IntoIterator,
    I::Item: 'static,
    F: Fn(I::Item) -> R + 'static,
    R: 'static,
{
    let f = Rc::new(f);
    let call = |item| {
        let f = f.clone();
        spawn(site, Box::new(move || f(item)))
    };
    let tasks: Vec<JoinHandle<R>> = items.into_iter().map(call).collect();
    tasks.into_iter().map(JoinHandle::join).collect()
}

/// Runs a map in a task of its own, which ends as the first item that failed.
pub(super) fn map_async<R: 'static>(
    site: Site,
    map: impl FnOnce() -> Result<Vec<R>, JoinError> + 'static,
) -> JoinHandle<Vec<R>> {
    let run = move || map().unwrap_or_else(|error| pass_on(error));
    expect_hub("a task was spawned", |hub| JoinHandle(hub.spawn(Blueprint::PLAIN, site, run)))
}

/// Ends the running task as another one has ended.
fn pass_on(error: JoinError) -> ! {
    if error.is_killed() {
        current().kill(); // which unwinds
    }
    error.resume()
}
