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

impl Hub {
    /// Runs the current task to its end, and new ones after it for as long as they fit here.
    fn run_here(&self) -> Exit {
        loop {
            let me = self.current().expect("whoever is entered is current");
            me.run();
            if let Some(annex) = me.annex() {
                annex.close();
            }
            self.finish(&me);
            self.current.set(None);
            let next = self.heir(&me)?;
            if next.state() != State::New {
                let there = next.begin();
                self.current.set(Some(next));
                return Some(there);
            }
            next.take_over(&me);
            self.current.set(Some(next));
        }
    }

    /// Who goes on where a task has ended: a new one on the same stack, or one that was suspended.
    fn heir(&self, ended: &TaskRef) -> Option<TaskRef> {
        if let Some(next) = self.new_one_for(ended) {
            return Some(next);
        }
        if let Some(stack) = ended.release_stack() {
            // We still run on it, but nobody takes it before we have left: only a new task
            // would, and that one is entered by leaving.
            self.stacks.borrow_mut().give(stack);
        }
        self.successor()
    }

    /// Takes the next task out of the queue, if it is new and can use this stack.
    fn new_one_for(&self, ended: &TaskRef) -> Option<TaskRef> {
        let mut queue = self.queue.borrow_mut();
        let next = queue.next_of_main()?;
        let fits = next.state() == State::New
            && next.stack_size == ended.stack_size
            && !next.due.get()
            && self.turn.is_fast()
            && self.turn.spend();
        if fits { queue.pop() } else { None }
    }

    /// Sees to the end of a task: destructors, those who wait for it, the books.
    pub(super) fn finish(&self, task: &TaskRef) {
        if let Some(waiter) = task.settle() {
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
        let last = self.tasks.borrow_mut().remove(task);
        drop(last);
    }
}
