//! A call for each of many items, and the results one by one.
//!
//! A task of its own, the feeder, asks for the items and spawns a task for each; the iterator gives their results. It
//! runs ahead of the iterator as far as it may. When the iterator goes the feeder does, and what runs goes on.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use slab::Slab;

use super::map::Job;
use crate::cancel::deliver;
use crate::hub::{Blueprint, Site, expect_hub, is_in_task};
use crate::park::{Unparker, park};
use crate::spawn::JoinHandle;
use crate::task::{Hook, JoinError, Reason, TaskRef, Wake};

/// Results as they are asked for; see [`Pool::imap`](crate::Pool::imap).
///
/// Each is what the call for one item came to: an error is that item's alone, and the next ones follow. An iterator of items
/// that panics ends the results with that. Ends, too, where nobody may wait: outside of a task, or in one that
/// unwinds. Dropped, it asks for no more items; calls that have begun go on.
///
/// ```
/// osier::run(|| {
///     let pool = osier::Pool::new(2);
///     let halves = pool.imap([8, 7, 6], |n| {
///         assert_eq!(n % 2, 0, "{n} is odd");
///         n / 2
///     });
///     let halves: Vec<Option<i32>> = halves.map(Result::ok).collect();
///     assert_eq!(halves, [Some(4), None, Some(3)]);
/// });
/// ```
#[must_use = "results are lost with the iterator"]
pub struct Imap<R> {
    feed: Rc<Feed<R>>,
    /// None once its error was given.
    feeder: Option<JoinHandle<()>>,
}

/// What feeder and iterator share.
struct Feed<R> {
    state: RefCell<State<R>>,
    /// Whether results come in the order of their items.
    ordered: bool,
    /// How many results may be on their way or wait.
    bound: Cell<usize>,
    /// Whether no more items will come.
    fed: Cell<bool>,
    /// Whether the iterator has gone.
    closed: Cell<bool>,
    /// The iterator's task, while it waits for a result.
    asks: Cell<Option<Unparker>>,
    /// The feeder, while it waits for room.
    waits: Cell<Option<Unparker>>,
}

struct State<R> {
    /// The tasks whose results were not given.
    tasks: Slab<JoinHandle<R>>,
    /// Which of them to give next: all, or those that have ended.
    order: VecDeque<usize>,
}

impl<R: 'static> Hook for Feed<R> {
    fn ended(&self, key: usize, _: &TaskRef) {
        if !self.ordered {
            self.state.borrow_mut().order.push_back(key);
        }
        wake(&self.asks);
    }
}

fn wake(who: &Cell<Option<Unparker>>) {
    if let Some(who) = who.take() {
        who.unpark();
    }
}

/// Parks until woken through `who`; whether it may have been.
fn wait(who: &Cell<Option<Unparker>>, reason: &'static str) -> bool {
    if !is_in_task() {
        return false;
    }
    who.set(Some(Unparker::current()));
    deliver(park(Reason::new(reason), None, || who.set(None))) == Wake::Woken
}

impl<R: 'static> Feed<R> {
    /// Waits until one more may be under way; false when none is wanted any more.
    fn has_room(&self) -> bool {
        while !self.closed.get() && self.state.borrow().tasks.len() >= self.bound.get() {
            if !wait(&self.waits, "waiting until results are taken") {
                return false;
            }
        }
        !self.closed.get()
    }

    fn add(self: &Rc<Self>, task: JoinHandle<R>) {
        let inner = task.0.task().clone();
        let key = self.state.borrow_mut().tasks.insert(task);
        if self.ordered {
            self.state.borrow_mut().order.push_back(key);
        }
        if inner.is_done() {
            self.ended(key, &inner);
        } else {
            inner.add_hook(self.clone(), key);
        }
    }

    /// Takes the next result, if it is there.
    fn take(&self) -> Option<JoinHandle<R>> {
        let mut state = self.state.borrow_mut();
        let key = *state.order.front()?;
        if !state.tasks[key].is_finished() {
            return None;
        }
        state.order.pop_front();
        let task = state.tasks.remove(key);
        drop(state);
        wake(&self.waits);
        Some(task)
    }

    fn is_over(&self) -> bool {
        self.fed.get() && self.state.borrow().tasks.is_empty()
    }
}

/// Says that no more items will come, however the feeder ends.
struct End<R>(Rc<Feed<R>>);

impl<R> Drop for End<R> {
    fn drop(&mut self) {
        self.0.fed.set(true);
        wake(&self.0.asks);
    }
}

impl<R: 'static> Imap<R> {
    pub(super) fn new<I, F>(
        site: Site,
        ordered: bool,
        items: I,
        f: F,
        spawn: impl Fn(Site, Job<R>) -> JoinHandle<R> + 'static,
    ) -> Imap<R>
    where
        I: IntoIterator + 'static,
        I::Item: 'static,
        F: Fn(I::Item) -> R + 'static,
    {
        let feed = Rc::new(Feed {
            state: RefCell::new(State { tasks: Slab::new(), order: VecDeque::new() }),
            ordered,
            bound: Cell::new(usize::MAX),
            fed: Cell::new(false),
            closed: Cell::new(false),
            asks: Cell::new(None),
            waits: Cell::new(None),
        });
        let end = End(feed.clone());
        let run = move || {
            let (feed, f) = (&end.0, Rc::new(f));
            let mut items = items.into_iter();
            while feed.has_room()
                && let Some(item) = items.next()
            {
                let f = f.clone();
                feed.add(spawn(site, Box::new(move || f(item))));
            }
        };
        let feeder = |hub: &crate::hub::Hub| JoinHandle(hub.spawn(Blueprint::PLAIN, site, run));
        let feeder = expect_hub("a task was spawned", feeder);
        Imap { feed, feeder: Some(feeder) }
    }

    /// Lets at most so many results be on their way or wait to be taken.
    ///
    /// Any number otherwise. One that is 0 counts as 1.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// osier::run(|| {
    ///     let asked = Rc::new(Cell::new(0));
    ///     let count = asked.clone();
    ///     let items = (0..).inspect(move |_| count.set(count.get() + 1));
    ///     let mut results = osier::Pool::new(10).imap_unordered(items, |n| n).bound(3);
    ///     assert_eq!(results.next().unwrap().unwrap(), 0);
    ///     assert!(asked.get() <= 4);
    /// });
    /// ```
    pub fn bound(self, most: usize) -> Imap<R> {
        self.feed.bound.set(most.max(1));
        wake(&self.feed.waits);
        self
    }
}

impl<R: 'static> Iterator for Imap<R> {
    type Item = Result<R, JoinError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(task) = self.feed.take() {
                return Some(task.join());
            }
            if self.feed.is_over() {
                // At its end at the latest when it is joined.
                return self.feeder.take()?.join().err().map(Err);
            }
            if !wait(&self.feed.asks, "waiting for the result of an item") {
                return None;
            }
        }
    }
}

impl<R> Drop for Imap<R> {
    fn drop(&mut self) {
        self.feed.closed.set(true);
        wake(&self.feed.waits);
        if let Some(feeder) = self.feeder.take().filter(|_| cfg!(panic = "unwind")) {
            feeder.kill();
        }
    }
}

impl<R> fmt::Debug for Imap<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap")
            .field("ordered", &self.feed.ordered)
            .field("waiting", &self.feed.state.borrow().tasks.len())
            .field("fed", &self.feed.fed.get())
            .finish()
    }
}
