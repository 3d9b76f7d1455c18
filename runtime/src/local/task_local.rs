//! Values that belong to a task: the counterpart of `thread_local!`.
//!
//! Made when the task first asks, dropped at its end, on its own stack. Nothing is inherited by the tasks that it
//! spawns. What libraries keep in thread-locals is not here: `preserve` is for that.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::rc::Rc;

use crate::hub::{Hub, hub};
use crate::task::TaskRef;

/// Declares values that each task has for itself.
///
/// Each is a static [`TaskLocal`](crate::local::TaskLocal), as `thread_local!`'s are `LocalKey`s.
///
/// ```
/// use std::cell::{Cell, RefCell};
///
/// osier::task_local! {
///     /// Whom this task works for.
///     static USER: RefCell<String> = RefCell::new(String::from("nobody"));
///     pub static DEPTH: Cell<u32> = Cell::new(0);
/// }
///
/// osier::run(|| {
///     USER.set(String::from("root"));
///     let other = osier::spawn(|| USER.with_borrow(|user| user.clone()));
///     assert_eq!(other.join().unwrap(), "nobody"); // nothing is inherited
///     assert_eq!(USER.take(), "root");
/// });
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $fresh:expr);+ $(;)?) => {
        $($(#[$meta])* $vis static $name: $crate::local::TaskLocal<$type> =
            $crate::local::TaskLocal::new(|| $fresh);)+
    };
}

/// A value that each task has for itself.
///
/// Made by [`task_local!`](crate::task_local). Its values last until their task ends. A value whose destructor makes
/// task-locals anew is followed some rounds; then what is left is leaked.
///
/// ```
/// use std::cell::Cell;
///
/// osier::task_local!(static COUNT: Cell<u32> = Cell::new(10));
///
/// osier::run(|| {
///     COUNT.set(COUNT.get() + 1);
///     assert_eq!(osier::spawn(|| COUNT.get()).join().unwrap(), 10);
///     assert_eq!(COUNT.get(), 11);
/// });
/// assert!(COUNT.try_with(|_| ()).is_err()); // no task runs
/// ```
pub struct TaskLocal<T: 'static> {
    fresh: fn() -> T,
}

/// There is no task that could have the value.
///
/// ```
/// osier::task_local!(static NUMBER: u32 = 7);
/// let error = NUMBER.try_with(|n| *n).unwrap_err();
/// assert_eq!(error.to_string(), "a task-local outside of a task");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoTask(());

impl fmt::Display for NoTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task-local outside of a task")
    }
}

impl Error for NoTask {}

impl<T: 'static> TaskLocal<T> {
    /// What `task_local!` calls.
    #[doc(hidden)]
    pub const fn new(fresh: fn() -> T) -> TaskLocal<T> {
        TaskLocal { fresh }
    }

    /// Gives `f` the running task's value, which is made if there is none yet.
    ///
    /// # Panics
    /// Outside of a task; that is also what runs at its end in the hub. With what the making of the value panics with.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.try_with(f).unwrap_or_else(|error| panic!("{error}: use try_with if that may be"))
    }

    /// Gives `f` the running task's value, if a task runs.
    ///
    /// # Errors
    /// Outside of a task.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, NoTask> {
        let me = hub(|hub| hub.and_then(Hub::current)).filter(|me| !me.is_done());
        let me = me.ok_or(NoTask(()))?;
        let value = match me.local(self.name()) {
            Some(value) => value,
            None => self.make(&me),
        };
        drop(me); // `f` may end the task, by unwinding it
        Ok(f(value.downcast_ref().expect("a name is of one type")))
    }

    /// Makes the value of a task that has none.
    fn make(&'static self, me: &TaskRef) -> Rc<dyn Any> {
        let value: Rc<dyn Any> = Rc::new((self.fresh)());
        // The making may have asked for it: the first one stays.
        if let Some(first) = me.local(self.name()) {
            return first;
        }
        me.set_local(self.name(), value.clone());
        value
    }

    /// No other static has this address: it is not of size 0.
    fn name(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<T: 'static> TaskLocal<Cell<T>> {
    /// Sets the running task's value.
    ///
    /// # Panics
    /// Outside of a task.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    /// A copy of the running task's value.
    ///
    /// # Panics
    /// Outside of a task.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes the running task's value and leaves the default.
    ///
    /// # Panics
    /// Outside of a task.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Sets the running task's value and gives what it was.
    ///
    /// # Panics
    /// Outside of a task.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> TaskLocal<RefCell<T>> {
    /// Gives `f` the running task's value.
    ///
    /// # Panics
    /// Outside of a task, and when the value is borrowed to be changed.
    #[track_caller]
    pub fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Gives `f` the running task's value, to be changed.
    ///
    /// # Panics
    /// Outside of a task, and when the value is borrowed.
    #[track_caller]
    pub fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets the running task's value.
    ///
    /// # Panics
    /// Outside of a task, and when the value is borrowed.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        drop(self.replace(value));
    }

    /// Takes the running task's value and leaves the default.
    ///
    /// # Panics
    /// Outside of a task, and when the value is borrowed.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Sets the running task's value and gives what it was.
    ///
    /// # Panics
    /// Outside of a task, and when the value is borrowed.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> fmt::Debug for TaskLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocal").finish_non_exhaustive()
    }
}
