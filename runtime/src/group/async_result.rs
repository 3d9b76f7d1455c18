//! A place for one result that many wait for.
//!
//! Set by whoever has it, be it a task or not; all who wait have the same. It carries no work of its own: that is a task, and
//! `link_to` joins the two.

use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::link::{Link, LinkTarget};
use crate::cancel::deliver;
use crate::clock;
use crate::hub::{Blueprint, hub, is_in_task};
use crate::task::{JoinError, Reason};
use crate::wait::{Polled, WaitList, Waitable, Watcher, Watchers, sealed::Sealed, stand};

/// A result that is set once or more, and that any number of tasks wait for.
///
/// Clones are the same place. What was set last is what is got; whoever got an earlier one keeps it. Results are handed
/// out as clones; [`shared`](Self::shared) gives what cannot be cloned. It can be awaited, too. It stays on its OS thread.
///
/// ```
/// use osier::AsyncResult;
///
/// osier::run(|| {
///     let answer = AsyncResult::new();
///     let asked = answer.clone();
///     let askers = [1, 2].map(|_| {
///         let answer = answer.clone();
///         osier::spawn(move || answer.get().unwrap())
///     });
///     asked.set(42);
///     assert_eq!(osier::join_all(askers).into_iter().map(Result::unwrap).sum::<i32>(), 84);
/// });
/// ```
pub struct AsyncResult<T>(Rc<Place<T>>, Polled);

struct Place<T> {
    state: RefCell<State<T>>,
    watchers: Watchers,
}

struct State<T> {
    /// What was set last; shared, so that no code of users runs while this is borrowed.
    outcome: Option<Shared<T>>,
    /// Who waits for the first.
    line: WaitList<()>,
    /// What is called when it is set; those taken back are empty.
    links: Vec<Rc<Linked<T>>>,
}

type Shared<T> = Rc<Result<T, JoinError>>;
type Call<T> = Box<dyn FnOnce(Shared<T>)>;

/// One link: what to call until that begins, and who asked for it.
struct Linked<T> {
    call: RefCell<Option<Call<T>>>,
    site: &'static Location<'static>,
}

impl<T> AsyncResult<T> {
    /// A place with nothing in it.
    pub fn new() -> AsyncResult<T> {
        let state = State { outcome: None, line: WaitList::new(), links: Vec::new() };
        let place = Place { state: RefCell::new(state), watchers: Watchers::new() };
        AsyncResult(Rc::new(place), Polled::new())
    }

    /// Sets the value, and wakes all who wait.
    ///
    /// What was set before is overwritten; links that were called for it are not called again.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set(&self, value: T)
    where
        T: 'static,
    {
        self.set_result(Ok(value));
    }

    /// Sets an error in place of a value, and wakes all who wait; as [`set`](Self::set).
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// use osier::{AsyncResult, JoinError};
    ///
    /// osier::run(|| {
    ///     let result = AsyncResult::<u32>::new();
    ///     result.set_error(JoinError::new("no tea left"));
    ///     assert_eq!(result.get().unwrap_err().to_string(), "no tea left");
    /// });
    /// ```
    pub fn set_error(&self, error: JoinError)
    where
        T: 'static,
    {
        self.set_result(Err(error));
    }

    /// Sets a value or an error; as [`set`](Self::set).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set_result(&self, outcome: Result<T, JoinError>)
    where
        T: 'static,
    {
        let outcome = Rc::new(outcome);
        let mut state = self.0.state.borrow_mut();
        let before = state.outcome.replace(outcome.clone());
        while let Some((who, ())) = state.line.grant(|()| ()) {
            who.unpark();
        }
        let links = std::mem::take(&mut state.links);
        drop(state);
        self.0.watchers.notify_all();
        links.into_iter().for_each(|link| link.spawn(outcome.clone()));
        drop(before); // its destructor is the user's, and all is said
    }

    /// Whether something was set.
    pub fn is_ready(&self) -> bool {
        self.0.state.borrow().outcome.is_some()
    }

    /// Whether what was set last is a value.
    pub fn is_successful(&self) -> bool {
        self.shared().is_some_and(|outcome| outcome.is_ok())
    }

    /// What was set last, without a clone of it.
    pub fn shared(&self) -> Option<Rc<Result<T, JoinError>>> {
        self.0.state.borrow().outcome.clone()
    }

    /// Waits until something is set, and gives it without a clone of it.
    ///
    /// None only where nobody may wait: outside of a task, or in one that unwinds.
    ///
    /// # Blocking
    /// Switches tasks, unless something was set.
    pub fn wait_shared(&self) -> Option<Rc<Result<T, JoinError>>> {
        self.wait_until(None)
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Option<Shared<T>> {
        if !self.is_ready() && is_in_task() {
            let reason = Reason::new("waiting for an asynchronous result");
            if let Err(wake) = stand(&self.0.state, |state| &mut state.line, (), reason, deadline) {
                deliver(wake);
            }
        }
        self.shared()
    }

    /// Waits until something is set, and gives it.
    ///
    /// # Errors
    /// The one that was set. Also where nobody may wait: outside of a task, or in one that unwinds.
    ///
    /// # Blocking
    /// Switches tasks, unless something was set.
    pub fn get(&self) -> Result<T, JoinError>
    where
        T: Clone,
    {
        let outcome = self.wait_until(None);
        outcome.map_or_else(|| Err(JoinError::not_waited_for()), |outcome| (*outcome).clone())
    }

    /// What was set last, if something was.
    ///
    /// # Errors
    /// The one that was set.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_get(&self) -> Option<Result<T, JoinError>>
    where
        T: Clone,
    {
        self.shared().map(|outcome| (*outcome).clone())
    }

    /// Waits for that long at most; none when nothing was set.
    ///
    /// # Errors
    /// The one that was set.
    ///
    /// # Blocking
    /// Switches tasks, unless something was set.
    pub fn get_timeout(&self, limit: Duration) -> Option<Result<T, JoinError>>
    where
        T: Clone,
    {
        self.wait_until(clock::deadline(limit)).map(|outcome| (*outcome).clone())
    }

    /// Waits until that moment at most; none when nothing was set.
    ///
    /// # Errors
    /// The one that was set.
    ///
    /// # Blocking
    /// Switches tasks, unless something was set.
    pub fn get_deadline(&self, deadline: Instant) -> Option<Result<T, JoinError>>
    where
        T: Clone,
    {
        self.wait_until(Some(deadline)).map(|outcome| (*outcome).clone())
    }

    /// Waits until something is set; none when that is an error.
    ///
    /// # Blocking
    /// Switches tasks, unless something was set.
    pub fn wait(&self) -> Option<T>
    where
        T: Clone,
    {
        self.get().ok()
    }

    /// Waits for that long at most; none when nothing was set, or an error.
    ///
    /// # Blocking
    /// Switches tasks, unless something was set.
    pub fn wait_timeout(&self, limit: Duration) -> Option<T>
    where
        T: Clone,
    {
        self.get_timeout(limit)?.ok()
    }

    /// What was set last, or has the waker woken when something is set: the step of a future.
    ///
    /// # Errors
    /// The one that was set, inside.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn poll_get(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>
    where
        T: Clone,
    {
        match self.try_get() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                self.1.wait(self, cx);
                Poll::Pending
            }
        }
    }

    /// The value that was set last, if that is no error.
    pub fn value(&self) -> Option<T>
    where
        T: Clone,
    {
        self.try_get()?.ok()
    }

    /// The error that was set last, if that is no value.
    pub fn error(&self) -> Option<JoinError> {
        self.shared()?.as_ref().as_ref().err().cloned()
    }

    /// Has `f` called with what is set first from now on, or with what was set already.
    ///
    /// In a task of its own, soon; see [`JoinHandle::link`](crate::JoinHandle::link). What is set outside of
    /// [`run`](crate::run) calls no links.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run), if something was set.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// osier::run(|| {
    ///     let result = osier::AsyncResult::new();
    ///     result.link(|outcome| assert_eq!(outcome.unwrap(), 7));
    ///     result.set(7);
    /// });
    /// ```
    #[track_caller]
    pub fn link(&self, f: impl FnOnce(Result<T, JoinError>) + 'static) -> Link
    where
        T: Clone + 'static,
    {
        let call: Call<T> = Box::new(|outcome: Shared<T>| f((*outcome).clone()));
        let link = Rc::new(Linked { call: RefCell::new(Some(call)), site: Location::caller() });
        match self.shared() {
            Some(outcome) => link.clone().spawn(outcome),
            None => self.0.state.borrow_mut().links.push(link.clone()),
        }
        let place = Rc::downgrade(&self.0);
        Link::new(move || {
            if let Some(place) = place.upgrade() {
                place.state.borrow_mut().links.retain(|other| !Rc::ptr_eq(other, &link));
            }
            let taken = link.call.borrow_mut().take();
            taken.is_some()
        })
    }
}

impl<T: 'static> Linked<T> {
    /// Calls it in a task of its own.
    fn spawn(self: Rc<Self>, outcome: Shared<T>) {
        let site = self.site;
        let run = move || {
            let call = self.call.borrow_mut().take();
            if let Some(call) = call {
                call(outcome);
            }
        };
        hub(|hub| hub.map(|hub| drop(hub.spawn(Blueprint::PLAIN, site, run))));
    }
}

impl<T: Clone + 'static> LinkTarget<T> for AsyncResult<T> {
    fn take_outcome(self, outcome: Result<T, JoinError>) {
        self.set_result(outcome);
    }
}

impl<T> Sealed for AsyncResult<T> {}

impl<T> Waitable for AsyncResult<T> {
    /// Whether something was set.
    fn is_ready(&self) -> bool {
        AsyncResult::is_ready(self)
    }

    fn watch(&self, watcher: Watcher) {
        self.0.watchers.watch(watcher, self.is_ready());
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.0.watchers.unwatch(watcher, self.is_ready());
    }
}

impl<T> Drop for AsyncResult<T> {
    fn drop(&mut self) {
        self.1.leave(self);
    }
}

impl<T> Clone for AsyncResult<T> {
    fn clone(&self) -> AsyncResult<T> {
        AsyncResult(self.0.clone(), Polled::new())
    }
}

impl<T> Default for AsyncResult<T> {
    fn default() -> AsyncResult<T> {
        AsyncResult::new()
    }
}

impl<T> fmt::Debug for AsyncResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state.borrow();
        let outcome = match state.outcome.as_deref() {
            None => "nothing",
            Some(Ok(_)) => "a value",
            Some(Err(_)) => "an error",
        };
        f.debug_struct("AsyncResult")
            .field("holds", &format_args!("{outcome}"))
            .field("waiters", &state.line)
            .field("watchers", &self.0.watchers)
            .field("links", &state.links.len())
            .finish()
    }
}
