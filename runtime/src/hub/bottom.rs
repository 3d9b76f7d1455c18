//! The first frame of every task: runs one, sees to its end, and goes on with the next.
//!
//! A task that has ended leaves a warm stack and a running thread of control at its bottom. If the
//! next in the queue is new and wants a stack of that size, it just begins there: no switch.

use super::{Hub, expect_hub};
use crate::coroutine::{Body, Coroutine};
use crate::task::{Exit, Next, State, TaskRef, Wake};

/// What every stack is prepared with.
pub(super) struct Bottom;

impl Body for Bottom {
    fn run() -> *const Coroutine {
        // A panic of the hub's own code must not unwind out of the first frame of a stack.
        let exit = std::panic::catch_unwind(|| expect_hub("a task ran", Hub::run_here));
        exit.map_or_else(|_| std::process::abort(), Next::into_coroutine)
    }
}

/// Who goes on where a task has ended.
enum Heir {
    /// A new one without a stack, on this one.
    Here(TaskRef),
    /// One with a stack of its own: it was suspended, or is new and has just been given one.
    Elsewhere(TaskRef),
}

impl Hub {
    /// Runs the current task to its end, and new ones after it for as long as they fit here.
    fn run_here(&self) -> Exit {
        loop {
            let me = self.current().expect("whoever is entered is current");
            me.run();
            self.finish(&me);
            self.current.set(None);
            match self.heir(&me)? {
                Heir::Here(next) => {
                    next.take_over(&me);
                    self.put_current(Some(next));
                }
                Heir::Elsewhere(next) => {
                    let there = next.begin();
                    self.put_current(Some(next));
                    return Some(there);
                }
            }
        }
    }

    /// Who goes on when a task has ended; none: the root.
    fn heir(&self, ended: &TaskRef) -> Option<Heir> {
        if let Some(next) = self.new_one_for(ended) {
            return Some(Heir::Here(next));
        }
        // In this order: we still run on the stack, so nobody may be given it before we leave.
        let next = self.successor();
        if let Some(stack) = ended.release_stack() {
            self.stacks.borrow_mut().give(stack);
        }
        next.map(Heir::Elsewhere)
    }

    /// Takes the next task out of the queue, if it is new and can use this stack.
    fn new_one_for(&self, ended: &TaskRef) -> Option<TaskRef> {
        let mut queue = self.queue.borrow_mut();
        let next = queue.next_of_main()?;
        let fits = next.state() == State::New
            && next.stack_size() == ended.stack_size()
            && !next.due.get()
            && self.turn.hop();
        if fits { queue.pop() } else { None }
    }

    /// Sees to the end of a task: what it keeps, those who wait for it, the books, what others have asked for.
    pub(super) fn finish(&self, task: &TaskRef) {
        // Asked once: what follows runs no code of users, so nothing is added.
        let asked_for = !task.ends_plainly() && task.wind_up();
        if let Some(waiter) = task.repay() {
            self.wake(waiter, Wake::Woken);
        }
        task.end();
        task.take_joiners(|waiter| self.wake(waiter, Wake::Woken));
        if !task.daemon.get() {
            self.vital.set(self.vital.get() - 1);
        }
        if self.main.get() == Some(task.id) {
            self.failed.set(task.has_failed());
        }
        if !self.turn.is_fast() {
            self.preserve.forget(task.id);
        }
        self.forget(task);
        if asked_for {
            self.call_hooks(task);
        }
    }

    /// Does what others have asked for at the end of a task; a wait in there panics.
    #[cold]
    fn call_hooks(&self, task: &TaskRef) {
        let before = self.current.replace(Some(task.clone()));
        task.pinned.set(task.pinned.get() + 1);
        while let Some((hook, key)) = task.pop_hook() {
            hook.ended(key, task);
        }
        task.pinned.set(task.pinned.get() - 1);
        self.current.set(before);
    }
}
