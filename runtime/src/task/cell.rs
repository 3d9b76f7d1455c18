//! The allocation of a task and its reference count.
//!
//! ```text
//!   TaskRef --.      .--------------------------------.
//!   TaskRef ----->   | Header                         |  one allocation, aligned for all three
//!   Outcome<T> -'    | union: closure F | result of T |
//!                    '--------------------------------'
//! ```

use std::alloc::Layout;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::{cell::UnsafeCell, fmt};

use super::block;
use super::header::{Content, Header, Spec, State};
use super::{JoinError, Outcome};
use crate::complaint::complain;

/// A counted reference to a task; never leaves its thread.
pub(crate) struct TaskRef(NonNull<Header>);

/// The header comes first, so that a pointer to the whole is one to the header.
#[repr(C)]
struct TaskCell<F, T> {
    header: Header,
    stage: UnsafeCell<Stage<F, T>>,
}

/// `header.content` says which half is alive.
union Stage<F, T> {
    closure: ManuallyDrop<F>,
    outcome: ManuallyDrop<Result<T, JoinError>>,
}

/// What depends on the types of closure and result.
pub(super) struct VTable {
    /// Content::Closure: calls the closure, stores the outcome.
    run: unsafe fn(NonNull<Header>),
    /// Content::Closure: drops the closure, stores an error.
    discard: unsafe fn(NonNull<Header>, JoinError),
    /// Content::Outcome: where the `Result<T, JoinError>` is.
    outcome: unsafe fn(NonNull<Header>) -> *mut (),
    /// Content::Outcome: the error in it, if it is one.
    error: unsafe fn(NonNull<Header>) -> Option<JoinError>,
    /// Content::Outcome: drops it.
    drop_outcome: unsafe fn(NonNull<Header>),
    /// No reference is left: drops what is alive and frees the memory.
    free: unsafe fn(NonNull<Header>),
}

impl<F: FnOnce() -> T, T> TaskCell<F, T> {
    const VTABLE: VTable = VTable {
        run: Self::run,
        discard: Self::discard,
        outcome: Self::outcome,
        error: Self::error,
        drop_outcome: Self::drop_outcome,
        free: Self::free,
    };

    /// # Safety
    /// `task` is the header of a live `TaskCell<F, T>`, and nobody else works on its stage.
    unsafe fn stage<'a>(task: NonNull<Header>) -> (&'a Header, &'a mut Stage<F, T>) {
        // SAFETY: the header is the first field; the stage is in an UnsafeCell, and the caller
        // promises that this is the only reference to it.
        unsafe {
            let cell = task.cast::<TaskCell<F, T>>().as_ref();
            (&cell.header, &mut *cell.stage.get())
        }
    }

    unsafe fn run(task: NonNull<Header>) {
        // Both are moved inside of the closure that is caught, as they may be large: what goes
        // through `catch_unwind` is copied four times in a debug build, on the task's stack.
        let call = || {
            // SAFETY: the content is the closure; it is moved out and marked so before it is
            // called. The stage is borrowed anew afterwards, and writing forgets nothing.
            unsafe {
                let (header, stage) = Self::stage(task);
                let closure = ManuallyDrop::take(&mut stage.closure);
                header.content.set(Content::Nothing);
                let value = Ok(closure());
                let (header, stage) = Self::stage(task);
                (&raw mut stage.outcome).cast::<Result<T, JoinError>>().write(value);
                header.content.set(Content::Outcome);
            }
        };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
            // SAFETY: the content is nothing, so writing forgets nothing.
            unsafe { Self::store(task, JoinError::unwound(payload)) };
        }
    }

    unsafe fn discard(task: NonNull<Header>, error: JoinError) {
        // SAFETY: as in `run`.
        unsafe {
            let (header, stage) = Self::stage(task);
            let closure = ManuallyDrop::take(&mut stage.closure);
            header.content.set(Content::Nothing);
            quietly("closure of a task that never ran", || drop(closure));
            Self::store(task, error);
        }
    }

    /// Keeps why there is no result.
    ///
    /// # Safety
    /// As for `stage`, and the content is nothing.
    unsafe fn store(task: NonNull<Header>, error: JoinError) {
        // SAFETY: the caller's promise.
        unsafe {
            let (header, stage) = Self::stage(task);
            header.failed.set(true);
            header.panicked.set(error.is_panic());
            stage.outcome = ManuallyDrop::new(Err(error));
            header.content.set(Content::Outcome);
        }
    }

    unsafe fn outcome(task: NonNull<Header>) -> *mut () {
        // SAFETY: only the address is taken.
        unsafe { (&raw mut (*task.cast::<TaskCell<F, T>>().as_ref().stage.get()).outcome).cast() }
    }

    unsafe fn error(task: NonNull<Header>) -> Option<JoinError> {
        // SAFETY: the content is the outcome, which nobody changes while it is looked at: a clone of
        // an error calls no code of users.
        unsafe {
            let outcome = Self::outcome(task).cast::<Result<T, JoinError>>();
            (*outcome).as_ref().err().cloned()
        }
    }

    unsafe fn drop_outcome(task: NonNull<Header>) {
        // SAFETY: the content is the outcome; it is moved out and marked so before it is dropped.
        unsafe {
            let (header, stage) = Self::stage(task);
            let outcome = ManuallyDrop::take(&mut stage.outcome);
            header.content.set(Content::Nothing);
            quietly("result of a task", || drop(outcome));
        }
    }

    unsafe fn free(task: NonNull<Header>) {
        // SAFETY: the last reference is gone, so this is the only one; the memory was taken for a
        // cell of this type. The stage has no destructor left: it was run above.
        unsafe {
            let (header, stage) = Self::stage(task);
            match header.content.get() {
                Content::Closure => {
                    let closure = ManuallyDrop::take(&mut stage.closure);
                    quietly("closure of a task that never ran", || drop(closure));
                }
                Content::Outcome => {
                    let outcome = ManuallyDrop::take(&mut stage.outcome);
                    quietly("result of a task", || drop(outcome));
                }
                Content::Nothing => {}
            }
            task.drop_in_place();
            block::give(task.cast(), Layout::new::<TaskCell<F, T>>());
        }
    }
}

/// Runs a destructor that has nobody to report a panic to.
pub(super) fn quietly(what: &str, destructor: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(destructor)) {
        let error = JoinError::unwound(payload);
        complain(format_args!("a destructor panicked: {what}: {error}"));
        mem::forget(error); // or its own destructor may panic, and so on
    }
}

impl TaskRef {
    /// Makes a task and its typed end.
    pub(crate) fn new<F, T>(spec: Spec, closure: F) -> (TaskRef, Outcome<T>)
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        // SAFETY: nothing is borrowed.
        unsafe { TaskRef::new_unchecked(spec, closure) }
    }

    /// Makes a task that may borrow.
    ///
    /// # Safety
    /// What closure and result borrow lives until the task has ended and its outcome was taken or
    /// dropped, or the memory of the task is leaked.
    pub(super) unsafe fn new_unchecked<F, T>(spec: Spec, closure: F) -> (TaskRef, Outcome<T>)
    where
        F: FnOnce() -> T,
    {
        let cell = block::take(Layout::new::<TaskCell<F, T>>()).cast::<TaskCell<F, T>>();
        let at = cell.as_ptr();
        // SAFETY: memory for one cell, that nobody else has; both fields are written before
        // anybody reads.
        unsafe {
            (&raw mut (*at).header).write(Header::new(spec, &TaskCell::<F, T>::VTABLE));
            let closure = ManuallyDrop::new(closure);
            (&raw mut (*at).stage).write(UnsafeCell::new(Stage { closure }));
        }
        let task = TaskRef(cell.cast());
        (task.clone(), Outcome::new(task))
    }

    /// Calls the closure on the stack that this is called on, and keeps what comes of it.
    pub(super) fn call(&self) {
        assert_eq!(self.content.get(), Content::Closure, "a task runs once");
        // SAFETY: the content is the closure, and its only user is the one that runs.
        unsafe { (self.vtable.run)(self.0) }
    }

    /// Drops the closure of a task that never ran, and keeps the reason.
    pub(crate) fn discard(&self, error: JoinError) {
        assert!(self.content.get() == Content::Closure && self.state() == State::New);
        // SAFETY: the content is the closure, and it will never run.
        unsafe { (self.vtable.discard)(self.0, error) }
    }

    /// Drops the outcome, if it is there.
    pub(super) fn drop_outcome(&self) {
        if self.content.get() == Content::Outcome {
            // SAFETY: the content is the outcome; `Outcome` hands out references to it only while
            // it is held, and calls this when it goes; the hub does when it is not held.
            unsafe { (self.vtable.drop_outcome)(self.0) }
        }
    }

    /// Why there is no result, if the task has ended without and nobody took that.
    pub(crate) fn error(&self) -> Option<JoinError> {
        if self.content.get() != Content::Outcome || !self.failed.get() {
            return None;
        }
        // SAFETY: the content is the outcome.
        unsafe { (self.vtable.error)(self.0) }
    }

    /// Where the outcome is, while the content says so.
    pub(super) fn outcome_ptr(&self) -> *mut () {
        // SAFETY: the task is alive as long as this reference.
        unsafe { (self.vtable.outcome)(self.0) }
    }
}

impl Deref for TaskRef {
    type Target = Header;

    #[inline(always)]
    fn deref(&self) -> &Header {
        // SAFETY: the count keeps it alive.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for TaskRef {
    #[inline]
    fn clone(&self) -> TaskRef {
        let refs = self.refs.get();
        // A count that runs over would free a task in use.
        self.refs.set(refs.checked_add(1).unwrap_or_else(|| std::process::abort()));
        TaskRef(self.0)
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        let refs = self.refs.get() - 1;
        self.refs.set(refs);
        if refs == 0 {
            // SAFETY: that was the last reference.
            unsafe { (self.vtable.free)(self.0) }
        }
    }
}

impl PartialEq for TaskRef {
    fn eq(&self, other: &TaskRef) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
