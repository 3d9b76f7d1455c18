//! Entering and leaving tasks, checked by their states.

use crate::coroutine::{Back, Body, Coroutine, Root, deactivate};
use crate::stack::{Stack, trim_below};

use super::TaskRef;
use super::header::{Header, State};

/// The running task, marked as suspended and about to be left; only `suspend` makes one.
#[derive(Debug)]
pub(crate) struct Here(*const Coroutine);

/// A suspended task, marked as the one that runs and about to be entered; only `begin` makes one.
#[derive(Debug)]
pub(crate) struct Next(*const Coroutine);

/// Who goes on when a task has ended; none: the root.
pub(crate) type Exit = Option<Next>;

impl Next {
    /// What a `Body` returns.
    pub(crate) fn into_coroutine(exit: Exit) -> *const Coroutine {
        exit.map_or(std::ptr::null(), |next| next.0)
    }
}

impl Here {
    /// Leaves to the root; returns when this task is entered again.
    #[inline]
    pub(crate) fn leave(self, root: &Root) {
        // SAFETY: it was the one that ran, and such a one was entered from the root. The hub keeps
        // a task that has not ended, so the pointer lives.
        unsafe { (*self.0).leave(root) }
    }

    /// Goes on with another task; returns when this one is entered again.
    #[inline]
    pub(crate) fn hop(self, next: Next) {
        // SAFETY: this one was the one that ran, the other one was prepared or suspended; the hub
        // keeps tasks that have not ended, so the pointers live.
        unsafe { (*self.0).hop(&*next.0) }
    }
}

impl TaskRef {
    /// Gives a new task its stack.
    pub(crate) fn prepare<B: Body>(&self, root: &Root, stack: Stack) {
        assert_eq!(self.state(), State::New);
        // SAFETY: a new task has no stack, and the pool gives a stack to one only; a task does not
        // move, and the hub keeps it until it has ended. The root outlives its tasks.
        unsafe { self.coroutine.prepare::<B>(root, stack) }
    }

    /// Enters a task from the root; returns when some task leaves to the root.
    pub(crate) fn enter(&self, root: &Root) -> Back {
        let next = self.begin();
        // SAFETY: it was prepared or suspended, and now it is marked as the one that runs; this is
        // the root's stack, as no task was running.
        unsafe { root.enter(&*next.0) }
    }

    /// Marks the running task as suspended in that state.
    #[inline]
    pub(crate) fn suspend(&self, state: State) -> Here {
        assert!(self.state.get() == State::Running);
        self.state.set(state);
        deactivate();
        Here(&raw const self.coroutine)
    }

    /// Marks a task whose turn it is as the one that runs.
    #[inline]
    pub(crate) fn begin(&self) -> Next {
        assert!(matches!(self.state.get(), State::Ready | State::Woken | State::New));
        self.state.set(State::Running);
        Next(&raw const self.coroutine)
    }

    /// Runs the closure of a task that has just begun, from the bottom of its stack.
    pub(crate) fn run(&self) {
        assert_eq!(self.state(), State::Running);
        self.call();
    }

    /// Lets a new task go on where one has ended: on the same stack, which the caller runs on.
    pub(crate) fn take_over(&self, ended: &TaskRef) {
        assert!(ended.is_done() && self.state() == State::New);
        self.coroutine.inherit(&ended.coroutine);
        self.state.set(State::Running);
    }

    /// Marks a task as ended, or one that never began.
    pub(crate) fn end(&self) {
        assert!(matches!(self.state(), State::Running | State::New));
        self.state.set(State::Done);
        deactivate();
    }

    /// Stores what the root got back: with its owner, or as a free stack.
    pub(crate) fn keep(back: Back, owner: Option<&TaskRef>) -> Option<Stack> {
        back.keep(owner.map(|task| &task.coroutine))
    }
}

impl Header {
    /// Gives up the stack of an ended task, on which the caller may still run.
    pub(crate) fn release_stack(&self) -> Option<Stack> {
        assert!(self.is_done());
        self.coroutine.release()
    }

    /// Looks at the stack that it stands on.
    pub(crate) fn with_stack<R>(&self, look: impl FnOnce(&Stack) -> R) -> Option<R> {
        self.coroutine.with_stack(look)
    }

    /// The bytes of its stack in use: to where it was suspended, or to the lowest page touched.
    pub(crate) fn stack_used(&self) -> Option<usize> {
        let sp = self.coroutine.saved_sp();
        let suspended = matches!(self.state(), State::Parked | State::Woken | State::Ready);
        self.with_stack(|stack| match suspended && stack.contains(sp) {
            true => stack.top() - sp,
            false => stack.touched(), // it runs, or the back end does not tell
        })
    }

    /// The lowest address of its stack and the end of what it uses of it; zeros before it has one.
    pub(crate) fn stack_bounds(&self) -> (usize, usize) {
        self.with_stack(|stack| (stack.limit(), stack.top())).unwrap_or_default()
    }

    /// Has the CPU fetch its control block.
    #[inline]
    pub(crate) fn prefetch(&self) {
        self.coroutine.prefetch();
    }

    /// Has the CPU fetch the part of its stack that it will go on with.
    #[inline]
    pub(crate) fn prefetch_stack(&self) {
        self.coroutine.prefetch_stack();
    }

    /// Gives back what its stack holds below the point where it was suspended.
    pub(crate) fn trim_stack(&self) {
        assert!(matches!(self.state(), State::Parked | State::Woken | State::Ready));
        let sp = self.coroutine.saved_sp();
        // SAFETY: the task is suspended, and `sp` is its own; a back end that does not tell says
        // 0, which lies in no stack.
        self.with_stack(|stack| unsafe { trim_below(stack, sp) });
    }
}
