//! Who holds what others wait for, so that a report can name both.
//!
//! A lock that somebody waits for puts up a notice, and takes it down when nobody does. The reason of each wait has the
//! notice's number, so a report made at any time says who holds it by then. As locks hand over in the order of the line,
//! the holder of one that is waited for changes only when it is handed over, and that is when the
//! notice is changed: a lock nobody waits for knows nothing of this. Tried before: bringing the reasons of all who wait up to
//! date at each hand-over, which makes a line of a thousand cost a thousand times as much.
//!
//! The notices are the thread's, not the hub's: a lock may outlive a hub, and be waited for in the next one.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

use slab::Slab;

use super::Hub;
use crate::task::{Reason, TaskId};

thread_local! {
    static NOTICES: RefCell<Slab<Held>> = const { RefCell::new(Slab::new()) };
}

/// Who holds something; none: code outside of any task.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    /// One alone.
    By(Option<TaskId>),
    /// Several, who come and go: the list is their own.
    Among(Rc<RefCell<Slab<Option<TaskId>>>>),
}

/// Says who holds something, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Notice(u32);

impl Notice {
    pub(crate) fn new(held: Held) -> Notice {
        let number = NOTICES.with_borrow_mut(|notices| notices.insert(held));
        Notice(u32::try_from(number).expect("fewer than 4 billion locks are waited for"))
    }

    /// Says that another one holds it now.
    pub(crate) fn change(&self, held: Held) {
        NOTICES.with_borrow_mut(|notices| notices[self.0 as usize] = held);
    }

    /// The reason of a wait for it.
    pub(crate) fn reason(&self, what: &'static str) -> Reason {
        Reason::new(what).on_held(self.0)
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        let _ = NOTICES.try_with(|notices| notices.borrow_mut().try_remove(self.0 as usize));
    }
}

/// Who holds what that wait is for.
pub(super) fn holders(reason: Reason) -> Vec<Option<TaskId>> {
    let Some(notice) = reason.held() else { return Vec::new() };
    NOTICES.with_borrow(|notices| match notices.get(notice as usize) {
        None => Vec::new(),
        Some(Held::By(one)) => vec![*one],
        Some(Held::Among(several)) => several.borrow().iter().map(|(_, one)| *one).collect(),
    })
}

/// More are counted.
const NAMED: usize = 5;

impl Hub {
    /// What a task waits for, and who holds that.
    pub(crate) fn in_words(&self, reason: Reason) -> String {
        let mut out = reason.to_string();
        let holders = holders(reason);
        for (i, holder) in holders.iter().take(NAMED).enumerate() {
            out += if i == 0 { " held by " } else { " and " };
            self.name(*holder, &mut out);
        }
        if let Some(more @ 1..) = holders.len().checked_sub(NAMED) {
            let _ = write!(out, " and {more} more");
        }
        out
    }

    fn name(&self, holder: Option<TaskId>, out: &mut String) {
        let tasks = self.tasks(|task| Some(task.id) == holder);
        let _ = match (holder, tasks.first()) {
            (_, Some(task)) => write!(out, "task {}", **task),
            (Some(id), None) => write!(out, "task {id}, which has ended without letting go"),
            (None, None) => write!(out, "code outside of any task"),
        };
    }
}
