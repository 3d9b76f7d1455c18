//! The typed end of a task: who holds it can look at the outcome and take it.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Deref;

use super::header::Content;
use super::{JoinError, TaskId, TaskRef};

/// The one typed reference to a task. When it goes, so does an outcome that is there.
#[derive(Debug)]
pub(crate) struct Outcome<T> {
    task: TaskRef,
    /// Owns a `T`, on this thread only.
    _owns: PhantomData<(T, Cell<()>)>,
}

impl<T> Outcome<T> {
    /// Only `TaskRef::new` makes one, with the right `T`.
    pub(super) fn new(task: TaskRef) -> Outcome<T> {
        Outcome { task, _owns: PhantomData }
    }

    /// Looks at the outcome, if the task has ended.
    pub(crate) fn get(&self) -> Option<&Result<T, JoinError>> {
        if self.task.content.get() != Content::Outcome {
            return None;
        }
        self.task.seen.set(true);
        // SAFETY: the content says that it is there, `new` that it is of this type; it stays for
        // as long as this is borrowed, as only `take` and `drop` end it while `held` is set.
        Some(unsafe { &*self.task.outcome_ptr().cast::<Result<T, JoinError>>() })
    }

    /// Takes the outcome; none when the task has not ended.
    pub(crate) fn take(mut self) -> Option<Result<T, JoinError>> {
        self.take_once()
    }

    /// The same, and the reference stays; none when it was taken before.
    pub(crate) fn take_once(&mut self) -> Option<Result<T, JoinError>> {
        if self.task.content.get() != Content::Outcome {
            return None;
        }
        self.task.seen.set(true);
        self.task.content.set(Content::Nothing);
        // SAFETY: as in `get`; the mark is set, so nobody looks at it again.
        Some(unsafe { self.task.outcome_ptr().cast::<Result<T, JoinError>>().read() })
    }

    /// What looks at the outcome without holding it.
    pub(crate) fn glance(&self) -> Glance<T> {
        Glance { id: self.task.id, _knows: PhantomData }
    }

    /// The task itself.
    pub(crate) fn task(&self) -> &TaskRef {
        &self.task
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        self.task.held.set(false);
        if self.task.content.get() == Content::Outcome {
            self.task.report_unseen();
        }
        self.task.drop_outcome();
    }
}

impl<T> Deref for Outcome<T> {
    type Target = TaskRef;

    fn deref(&self) -> &TaskRef {
        &self.task
    }
}

/// Knows the type of one task's outcome: it can look at it, and neither keep nor take it.
pub(crate) struct Glance<T> {
    id: TaskId,
    _knows: PhantomData<fn() -> T>,
}

impl<T> Glance<T> {
    /// Gives `f` the outcome of the task that this was made for, if it is there; nobody else finds it meanwhile.
    pub(crate) fn look<R>(
        &self,
        task: &TaskRef,
        f: impl FnOnce(&Result<T, JoinError>) -> R,
    ) -> Option<R> {
        assert!(task.id == self.id, "a glance is for one task");
        if task.content.get() != Content::Outcome {
            return None;
        }
        let back = PutBack(task);
        task.content.set(Content::Nothing);
        // SAFETY: it was there, of this type, as the id says: one is never given twice. `f` may get the
        // typed end dropped, which then does not find it; who puts it back sees to what is due.
        let seen = f(unsafe { &*task.outcome_ptr().cast::<Result<T, JoinError>>() });
        drop(back);
        Some(seen)
    }
}

/// Marks an outcome that was looked at as there again.
struct PutBack<'a>(&'a TaskRef);

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        self.0.content.set(Content::Outcome);
    }
}
