//! The portable switch: corosensei's, and the one file that names it.
//!
//! The reference that the jump is measured and tested against, the back end of every target the
//! jump is not written for, and the one for sanitizer builds. It is asymmetric: a coroutine
//! leaves to the root only, so from task to task it takes two switches.

use std::cell::Cell;
use std::ptr;

use corosensei::stack::StackPointer;
use corosensei::{CoroutineResult, Yielder};

use super::{Body, Word};
use crate::stack::Stack;

/// A coroutine goes through the root to another.
pub(crate) const DIRECT: bool = false;

type Inner = corosensei::Coroutine<(), (), (), Stack>;

/// The OS thread's own side.
#[derive(Debug)]
pub(crate) struct Root {
    /// The door out of the coroutine that runs; null while none does.
    running: Cell<*const Yielder<(), ()>>,
}

/// Code on a stack of its own.
pub(crate) struct Coroutine {
    /// There while it is prepared or suspended; the root holds it while it runs.
    inner: Cell<Option<Inner>>,
    /// A description of the stack that its code stands on; the right to it is with `inner`.
    stack: Cell<Option<Stack>>,
}

impl std::fmt::Debug for Coroutine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coroutine").finish_non_exhaustive()
    }
}

/// What the root gets back.
pub(crate) struct Back {
    /// The one that left, suspended or at its end.
    inner: Inner,
}

impl Back {
    /// Stores what was suspended with its owner; what has ended yields its stack.
    pub(crate) fn keep(self, owner: Option<&Coroutine>) -> Option<Stack> {
        if self.inner.done() {
            return Some(self.inner.into_stack());
        }
        let owner = owner.expect("whoever is suspended has an owner");
        owner.inner.set(Some(self.inner));
        None
    }
}

impl Root {
    /// A root from which nothing was entered yet.
    pub(crate) const fn new() -> Root {
        Root { running: Cell::new(ptr::null()) }
    }

    /// Runs `to` until somebody leaves to this root.
    ///
    /// # Safety
    /// The caller runs on the root's stack, no coroutine of this root runs, `to` is prepared or
    /// suspended.
    pub(crate) unsafe fn enter(&self, to: &Coroutine) -> Back {
        let mut inner = to.inner.take().expect("prepared or suspended");
        match inner.resume(()) {
            CoroutineResult::Yield(()) | CoroutineResult::Return(()) => Back { inner },
        }
    }
}

impl Coroutine {
    /// A place without a stack.
    pub(crate) const fn new() -> Coroutine {
        Coroutine { inner: Cell::new(None), stack: Cell::new(None) }
    }

    /// Puts `B` on a stack; it begins when it is first switched to.
    ///
    /// # Safety
    /// The stack is in no other's use, this place has none, and `root` stays where it is in memory
    /// until the code has ended.
    pub(crate) unsafe fn prepare<B: Body>(&self, root: &Root, stack: Stack) {
        let root: *const Root = root;
        self.stack.set(Some(stack.describe()));
        let inner = Inner::with_stack(stack, move |yielder, ()| {
            // SAFETY: the caller's promise: the root outlives the coroutine.
            unsafe { (*root).running.set(yielder) };
            let next = B::run();
            assert!(next.is_null(), "this back end goes through the root");
        });
        self.inner.set(Some(inner));
    }

    /// Takes over the stack of one that has ended, on which the caller still runs.
    pub(crate) fn inherit(&self, ended: &Coroutine) {
        self.stack.set(ended.stack.take());
    }

    /// Gives up the stack: the root gets it by [`Back::keep`].
    pub(crate) fn release(&self) -> Option<Stack> {
        self.stack.set(None);
        None
    }

    /// Looks at the stack that it stands on.
    pub(crate) fn with_stack<R>(&self, look: impl FnOnce(&Stack) -> R) -> Option<R> {
        let stack = self.stack.take();
        let seen = stack.as_ref().map(look);
        self.stack.set(stack);
        seen
    }

    /// Fetches nothing: where to is not known here.
    pub(crate) fn prefetch(&self) {}

    /// Fetches nothing: where to is not known here.
    pub(crate) fn prefetch_stack(&self) {}

    /// The saved stack pointer: this back end does not tell.
    pub(crate) fn saved_sp(&self) -> usize {
        0
    }

    /// Suspends this one and goes on with whoever entered it.
    ///
    /// # Safety
    /// This is the coroutine that runs, entered from `root`.
    pub(crate) unsafe fn leave(&self, root: &Root) {
        let door = root.running.get();
        // SAFETY: the yielder lives at the bottom of the stack that we run on.
        unsafe { (*door).suspend(()) };
        root.running.set(door);
    }

    /// Not for this back end, which is not [`DIRECT`].
    ///
    /// # Safety
    /// None is needed: it panics.
    pub(crate) unsafe fn hop(&self, _to: &Coroutine) {
        unreachable!("this back end goes through the root");
    }

    /// Not for this back end, either.
    ///
    /// # Safety
    /// None is needed: it panics.
    pub(crate) unsafe fn hop_with(&self, _to: &Coroutine, _word: Option<Word>) -> Option<Word> {
        unreachable!("this back end goes through the root");
    }
}

// SAFETY: top and limit are those of a mapping that the pool keeps until the stack is given back;
// a guard lies between guard_start and limit; the top is a multiple of 16.
unsafe impl corosensei::stack::Stack for Stack {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.top()).expect("a stack does not end at 0")
    }

    fn limit(&self) -> StackPointer {
        StackPointer::new(self.guard_start()).expect("a stack does not begin at 0")
    }
}

/// An address as it is: the jump has more to say here.
pub(super) fn opaque<T>(at: *const T) -> *const T {
    at
}
