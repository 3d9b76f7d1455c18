//! A value that is made once, by whoever needs it first.

use std::cell::{self, RefCell};
use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};

use super::error::AcquireError;
use super::lock::current;
use crate::clock;
use crate::hub::{Held, Notice, is_in_task};
use crate::park::Unparker;
use crate::task::{Reason, TaskId};
use crate::wait::{WaitList, stand};

/// Holds a value that is made once; who needs it meanwhile waits.
///
/// std's `OnceCell`, but what makes the value may wait. If it fails, panics or is killed, the next who waits tries.
///
/// ```
/// use std::rc::Rc;
/// use osier::sync::OnceCell;
///
/// osier::run(|| {
///     let config = Rc::new(OnceCell::new());
///     let load = || {
///         osier::yield_now(); // reads a file, asks a server
///         vec![1, 2, 3]
///     };
///     let tasks = (0..3).map(|_| {
///         let config = config.clone();
///         osier::spawn(move || config.get_or_init(load).len())
///     });
///     assert!(osier::join_all(tasks).into_iter().all(|len| len.unwrap() == 3));
/// });
/// ```
pub struct OnceCell<T> {
    value: cell::OnceCell<T>,
    state: RefCell<State>,
}

struct State {
    /// Who makes the value, if somebody does; none inside: code outside of any task.
    maker: Option<Option<TaskId>>,
    /// Who would make it. Granted true: it is its turn; false: it is made.
    line: WaitList<(TaskId, bool)>,
    /// Who only waits for it.
    lookers: WaitList<()>,
    /// Who makes it, for reports; there while somebody stands in line.
    notice: Option<Notice>,
}

/// It is this code's turn to make the value. Dropped, it is the next one's, or nobody's as it is made.
pub(super) struct Turn<'a, T>(&'a OnceCell<T>);

impl<T> OnceCell<T> {
    /// One without a value.
    pub const fn new() -> OnceCell<T> {
        let line = WaitList::new();
        let state = State { maker: None, line, lookers: WaitList::new(), notice: None };
        OnceCell { value: cell::OnceCell::new(), state: RefCell::new(state) }
    }

    /// The value, if it is made.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value; made by `f` if there is none and nobody makes it.
    ///
    /// # Panics
    /// When `f` asks for it itself.
    ///
    /// # Blocking
    /// Switches tasks if another one makes it, and if `f` does. In a task that unwinds never: there, if another one
    /// makes it, it is made by this `f` as well, and the first one done counts.
    #[inline]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        let Ok(value) = self.get_or_try_init(|| Ok::<T, Infallible>(f()));
        value
    }

    /// The value; made by `f`, which may fail, if there is none and nobody makes it.
    ///
    /// # Errors
    /// That of `f`. The next who waits tries then.
    ///
    /// # Panics
    /// When `f` asks for it itself.
    ///
    /// # Blocking
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// ```
    /// let cell = osier::sync::OnceCell::new();
    /// assert!(cell.get_or_try_init(|| "seven".parse::<u8>()).is_err());
    /// assert_eq!(cell.get_or_try_init(|| "7".parse::<u8>()), Ok(&7));
    /// ```
    pub fn get_or_try_init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        // None: it is made by now, or there is no waiting.
        let _turn = self.enter(None).ok().flatten();
        match self.get() {
            Some(value) => Ok(value),
            None => {
                let value = f()?;
                // It is there already if somebody else made it, too: then this one goes.
                let _ = self.value.set(value);
                Ok(self.get().expect("it was set"))
            }
        }
    }

    /// Comes to make the value; none if it is there by then.
    pub(super) fn enter(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Option<Turn<'_, T>>, AcquireError> {
        let me = current();
        let mut state = self.state.borrow_mut();
        let Some(maker) = state.maker else {
            state.maker = Some(me);
            return Ok(Some(Turn(self)));
        };
        let Some(me) = me.filter(|_| is_in_task()) else { return Err(AcquireError::Refused) };
        assert!(maker != Some(me), "what makes the value of a OnceCell asks for that value");
        let notice = state.notice.get_or_insert_with(|| Notice::new(Held::By(maker)));
        let reason = notice.reason("waiting for the value of a OnceCell");
        drop(state);
        match stand(&self.state, |state| &mut state.line, (me, false), reason, deadline) {
            Ok((_, is_my_turn)) => Ok(is_my_turn.then(|| Turn(self))),
            Err(wake) => {
                let mut state = self.state.borrow_mut();
                if state.line.is_empty() {
                    state.notice = None;
                }
                drop(state);
                Err(AcquireError::from_wait(wake))
            }
        }
    }

    /// Sets the value, if there is none and nobody makes it.
    ///
    /// # Errors
    /// The value that was to be set.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// let cell = osier::sync::OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(2));
    /// ```
    pub fn set(&self, value: T) -> Result<(), T> {
        if self.state.borrow().maker.is_some() {
            return Err(value);
        }
        self.value.set(value)?;
        self.pass_on();
        Ok(())
    }

    /// Wakes all if there is a value, else the first who would make it.
    fn pass_on(&self) {
        let is_made = self.get().is_some();
        self.state.borrow_mut().maker = None;
        loop {
            let mut state = self.state.borrow_mut();
            let next = state.next(is_made);
            if state.line.is_empty() {
                state.notice = None;
            }
            drop(state);
            let woken = next.as_ref().is_some_and(Unparker::hit);
            if next.is_none() || (woken && !is_made) {
                return;
            }
        }
    }

    /// Waits until somebody has made or set the value.
    ///
    /// There is none only in a task that unwinds, and outside of any: there it does not wait.
    ///
    /// # Blocking
    /// Switches tasks, unless there is a value. In a task that unwinds never.
    pub fn wait(&self) -> Option<&T> {
        self.wait_by(None)
    }

    /// Waits until somebody has made or set the value, for that long at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let cell = osier::sync::OnceCell::<u8>::new();
    /// osier::run(move || assert_eq!(cell.wait_timeout(Duration::from_millis(1)), None));
    /// ```
    pub fn wait_timeout(&self, limit: Duration) -> Option<&T> {
        self.wait_by(clock::deadline(limit))
    }

    /// Waits until somebody has made or set the value, until then at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_deadline(&self, deadline: Instant) -> Option<&T> {
        self.wait_by(Some(deadline))
    }

    fn wait_by(&self, deadline: Option<Instant>) -> Option<&T> {
        if self.get().is_none() && is_in_task() {
            let reason = Reason::new("waiting for somebody to set a OnceCell");
            let wait = stand(&self.state, |state| &mut state.lookers, (), reason, deadline);
            let _ = wait.map_err(AcquireError::from_wait);
        }
        self.get()
    }

    /// The value, if it is made.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Gives the value, if it is made.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T> Turn<'_, T> {
    /// Makes the value what it is to be.
    pub(super) fn set(&self, value: T) {
        let _ = self.0.value.set(value);
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

impl State {
    /// The next who is to be woken: for the value, or to make it.
    fn next(&mut self, is_made: bool) -> Option<Unparker> {
        let next = self.line.grant(|(id, is_its_turn)| {
            *is_its_turn = !is_made;
            *id
        });
        match next {
            Some((who, id)) => {
                if !is_made {
                    self.maker = Some(Some(id));
                    self.notice.iter().for_each(|notice| notice.change(Held::By(Some(id))));
                }
                Some(who)
            }
            None if is_made => self.lookers.grant(|()| ()).map(|(who, ())| who),
            None => None,
        }
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        OnceCell::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        let cell = OnceCell::new();
        let _ = cell.value.set(value);
        cell
    }
}

/// The value, or who makes it, and who waits.
impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("OnceCell");
        out.field("value", &self.get());
        let state = self.state.borrow();
        out.field("maker", &state.maker.flatten()).field("waiters", &state.line);
        out.field("lookers", &state.lookers).finish()
    }
}
