//! What groups and pools have in common: members that leave by themselves when they end, and the waits.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Instant;

use super::kill_all::ask_all;
use super::roster::Roster;
use crate::cancel::deliver;
use crate::hub::{Blueprint, Hub, Site, expect_hub, is_in_task};
use crate::park::Unparker;
use crate::spawn::{JoinHandle, Task};
use crate::task::{Hook, JoinError, Reason, TaskRef, Wake};
use crate::wait::{Watchers, stand};

/// The members of a group or pool, shared with them.
#[derive(Clone)]
pub(super) struct Crew(Rc<Inner>);

struct Inner {
    roster: RefCell<Roster<TaskRef>>,
    /// How many members are daemons.
    daemons: Cell<usize>,
    /// Who watches for a free place.
    watchers: Watchers,
}

impl Hook for Inner {
    fn look(&self, _: usize, task: &TaskRef) {
        if !task.has_failed() {
            return;
        }
        let mut roster = self.roster.borrow_mut();
        if !roster.strict.is_empty()
            && let Some(error) = task.error().filter(|error| !error.is_killed())
        {
            task.mark_seen();
            roster.fail(&error, |who| who.unpark());
        }
    }

    fn ended(&self, key: usize, task: &TaskRef) {
        self.leave(key, task);
    }
}

impl Inner {
    fn leave(&self, key: usize, task: &TaskRef) {
        self.daemons.set(self.daemons.get() - usize::from(task.daemon.get()));
        let freed = self.roster.borrow_mut().leave(key, |who: Unparker| who.hit());
        if freed {
            self.watchers.notify_one();
        }
    }

    fn give_place(&self) {
        let freed = self.roster.borrow_mut().give_place(|who| who.hit());
        if freed {
            self.watchers.notify_one();
        }
    }
}

impl Crew {
    pub(super) fn new(size: Option<usize>) -> Crew {
        let roster = RefCell::new(Roster::new(size));
        Crew(Rc::new(Inner { roster, daemons: Cell::new(0), watchers: Watchers::new() }))
    }

    pub(super) fn roster<R>(&self, f: impl FnOnce(&mut Roster<TaskRef>) -> R) -> R {
        f(&mut self.0.roster.borrow_mut())
    }

    pub(super) fn watchers(&self) -> &Watchers {
        &self.0.watchers
    }

    /// Gives back a place that was taken for nobody.
    pub(super) fn give_place(&self) {
        self.0.give_place();
    }

    fn hook(&self) -> Rc<dyn Hook> {
        self.0.clone()
    }

    /// Where a task is entered, if it is a member.
    fn key_of(&self, task: &TaskRef) -> Option<usize> {
        task.hook_key(&self.hook())
    }

    pub(super) fn contains(&self, task: &TaskRef) -> bool {
        self.key_of(task).is_some()
    }

    /// Makes a task a member that holds a place which was taken, or none.
    pub(super) fn enter(&self, task: &TaskRef, placed: bool) {
        let (key, doomed) = self.roster(|roster| {
            let key = roster.enter(task.clone(), placed);
            (key, roster.killers > 0)
        });
        self.0.daemons.set(self.0.daemons.get() + usize::from(task.daemon.get()));
        task.add_hook(self.hook(), key);
        if doomed {
            ask_all(&[Task(task.clone())]);
        }
    }

    /// Takes a member out; whether it was one.
    pub(super) fn discard(&self, task: &TaskRef) -> bool {
        let Some(key) = self.key_of(task) else { return false };
        task.remove_hook(&self.hook(), key);
        self.0.leave(key, task);
        true
    }

    /// Spawns a member that holds a place which was taken, or none.
    pub(super) fn spawn<F, T>(
        &self,
        plan: Blueprint,
        site: Site,
        placed: bool,
        f: F,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let spawn = |hub: &Hub| JoinHandle(hub.spawn(plan, site, f));
        let handle = expect_hub("a task was spawned", spawn);
        self.enter(handle.0.task(), placed);
        handle
    }

    /// Spawns a member at once, which waits for its place itself.
    pub(super) fn spawn_waiting<F, T>(&self, site: Site, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        if self.roster(Roster::take_place) {
            return self.spawn(Blueprint::PLAIN, site, true, f);
        }
        let crew = self.clone();
        let run = move || {
            crew.find_place();
            drop(crew);
            f()
        };
        self.spawn(Blueprint::PLAIN, site, false, run)
    }

    /// Has the running task, a member without a place, wait for one.
    fn find_place(&self) {
        if let Err(wake) = self.take_place(None) {
            deliver(wake);
            return; // it cannot be: a task that has just begun may wait
        }
        let me = expect_hub("a place was taken", Hub::current);
        let key = me.and_then(|me| self.key_of(&me));
        // Discarded meanwhile, it is no member and needs no place.
        if !key.is_some_and(|key| self.roster(|roster| roster.place(key))) {
            self.give_place();
        }
    }

    /// Takes a place, waiting until the deadline; the caller delivers an error.
    pub(super) fn take_place(&self, deadline: Option<Instant>) -> Result<(), Wake> {
        if self.roster(Roster::take_place) {
            return Ok(());
        }
        if !is_in_task() {
            return Err(Wake::Refused);
        }
        let reason = self.reason("waiting for a place in a pool");
        stand(&self.0.roster, |roster| &mut roster.places, (), reason, deadline)
    }

    /// The reason of a wait for members as they are now.
    fn reason(&self, what: &'static str) -> Reason {
        let reason = Reason::new(what);
        if self.0.daemons.get() > 0 { reason.on_some_daemon() } else { reason }
    }

    /// Waits until there is no member; whether there was none.
    pub(super) fn join(&self, deadline: Option<Instant>) -> bool {
        if self.roster(|roster| roster.len()) == 0 {
            return true;
        }
        if !is_in_task() {
            return false;
        }
        let reason = self.reason("waiting for the members of a group");
        let ended = stand(&self.0.roster, |roster| &mut roster.ends, (), reason, deadline);
        ended.map_err(deliver).is_ok()
    }

    /// Waits until there is no member, or one fails.
    pub(super) fn join_ok(&self, deadline: Option<Instant>) -> Result<bool, JoinError> {
        if self.roster(|roster| roster.len()) == 0 {
            return Ok(true);
        }
        if !is_in_task() {
            return Ok(false);
        }
        let reason = self.reason("waiting for the members of a group, or an error");
        match stand(&self.0.roster, |roster| &mut roster.strict, None, reason, deadline) {
            Ok(Some(error)) => Err(error),
            Ok(None) => Ok(true),
            Err(wake) => {
                deliver(wake);
                Ok(false)
            }
        }
    }

    /// Asks all members to end.
    pub(super) fn kill(&self) {
        let members = self.members();
        ask_all(&members);
    }

    /// Asks all members to end, those that come meanwhile too, and waits until there is none.
    pub(super) fn kill_until(&self, deadline: Option<Instant>) -> bool {
        struct Spare<'a>(&'a Crew);
        impl Drop for Spare<'_> {
            fn drop(&mut self) {
                self.0.roster(|roster| roster.killers -= 1);
            }
        }
        self.roster(|roster| roster.killers += 1);
        let _spare = Spare(self);
        self.kill();
        self.join(deadline)
    }

    /// All members, in the order they were spawned.
    pub(super) fn members(&self) -> Vec<Task> {
        let mut members = self.roster(|roster| roster.members());
        members.sort_unstable_by_key(|task| task.id);
        members.into_iter().map(Task).collect()
    }

    pub(super) fn describe(&self, what: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(roster) = self.0.roster.try_borrow() else { return f.write_str(what) };
        let mut out = f.debug_struct(what);
        out.field("members", &roster.len());
        if let Some(size) = roster.size() {
            out.field("size", &size).field("free", &roster.free());
            out.field("waiting", &roster.places);
        }
        out.finish()
    }
}

impl PartialEq for Crew {
    fn eq(&self, other: &Crew) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}
