//! What others have asked for at the end of a task: links, members of a group, watchers.
//!
//! Here so that the end of a task knows one list, and not who uses it. A hook is called twice: while the
//! outcome is there and the task still runs, and when it has ended. Few tasks have hooks, so they
//! stand in what most tasks never have. Who wakes joiners is not here: that is the shorter way.

use std::any::Any;
use std::collections::VecDeque;
use std::mem;
use std::rc::Rc;

use super::{Header, TaskRef};

/// Something to be done at the end of a task. The key is what it was added with.
pub(crate) trait Hook: Any {
    /// Looks at what came of the task, while that is there. Runs as the task, on its stack if it has one.
    fn look(&self, _key: usize, _task: &TaskRef) {}

    /// Does what is to be done: the task is `Done`, and its joiners were woken. Must not wait.
    fn ended(&self, key: usize, task: &TaskRef);
}

/// A hook, with its key.
pub(crate) type Hooked = (Rc<dyn Hook>, usize);

/// The hooks of one task, in the order they were added.
#[derive(Default)]
pub(super) struct Hooks {
    /// The first one, here as most have no more; empty only when all are.
    first: Option<Hooked>,
    rest: VecDeque<Hooked>,
}

/// Whether that is this hook, with this key.
fn is(hooked: &Hooked, hook: &Rc<dyn Hook>, key: usize) -> bool {
    Rc::ptr_eq(&hooked.0, hook) && hooked.1 == key
}

impl Hooks {
    fn add(&mut self, hooked: Hooked) {
        match self.first {
            None => self.first = Some(hooked),
            Some(_) => self.rest.push_back(hooked),
        }
    }

    fn get(&self, at: usize) -> Option<&Hooked> {
        if at == 0 { self.first.as_ref() } else { self.rest.get(at - 1) }
    }

    fn iter(&self) -> impl Iterator<Item = &Hooked> {
        self.first.iter().chain(&self.rest)
    }

    fn pop(&mut self) -> Option<Hooked> {
        let next = self.rest.pop_front();
        mem::replace(&mut self.first, next)
    }

    fn remove(&mut self, hook: &Rc<dyn Hook>, key: usize) -> Option<Hooked> {
        if self.first.as_ref().is_some_and(|first| is(first, hook, key)) {
            return self.pop();
        }
        let at = self.rest.iter().position(|other| is(other, hook, key))?;
        self.rest.remove(at)
    }
}

impl Header {
    /// Adds a hook, behind those that are there; for a task that has not ended.
    pub(crate) fn add_hook(&self, hook: Rc<dyn Hook>, key: usize) {
        debug_assert!(!self.is_done(), "nobody would call it");
        self.extra(|extra| extra.hooks.add((hook, key)));
    }

    /// Takes out the hook that was added with this key; whether it was there.
    pub(crate) fn remove_hook(&self, hook: &Rc<dyn Hook>, key: usize) -> bool {
        // Dropped outside of the borrow: what it holds may be the user's.
        let hooked = self.peek_extra(|extra| extra.hooks.remove(hook, key));
        hooked.flatten().is_some()
    }

    /// What this hook was added with, if it was.
    pub(crate) fn hook_key(&self, hook: &Rc<dyn Hook>) -> Option<usize> {
        let find = |hooks: &Hooks| {
            hooks.iter().find(|(other, _)| Rc::ptr_eq(other, hook)).map(|(_, key)| *key)
        };
        self.peek_extra(|extra| find(&extra.hooks))?
    }

    /// The first hook of that type.
    pub(crate) fn find_hook<H: Hook>(&self) -> Option<Rc<H>> {
        let find = |hooks: &Hooks| {
            hooks.iter().find_map(|(hook, _)| (hook.clone() as Rc<dyn Any>).downcast().ok())
        };
        self.peek_extra(|extra| find(&extra.hooks))?
    }

    /// Takes out the first hook.
    pub(crate) fn pop_hook(&self) -> Option<Hooked> {
        self.peek_extra(|extra| extra.hooks.pop())?
    }
}

impl TaskRef {
    /// Lets all hooks look, those that are added meanwhile included.
    pub(crate) fn let_hooks_look(&self) {
        for at in 0.. {
            let hooked = self.peek_extra(|extra| extra.hooks.get(at).cloned());
            let Some((hook, key)) = hooked.flatten() else { return };
            hook.look(key, self);
        }
    }
}
