//! Waiting to own something: what mutexes of both kinds are made of.

use std::cell::RefCell;
use std::fmt;
use std::time::Instant;

use super::owner::{Owner, State};
use crate::hub::{Held, Notice, hub};
use crate::park::Unparker;
use crate::task::{TaskId, Wake, is_stopped};
use crate::wait::stand;

/// A lock around nothing.
pub(super) struct Lock {
    owner: Owner,
    /// Who holds it, for reports; there while it is wanted.
    notice: RefCell<Option<Notice>>,
}

/// What is said of a lock.
pub(super) struct What {
    /// The reason of a wait for it.
    pub(super) reason: &'static str,
    /// What to do, for one that would wait for itself.
    pub(super) twice: &'static str,
}

impl Lock {
    pub(super) const fn new() -> Lock {
        Lock { owner: Owner::nobody(), notice: RefCell::new(None) }
    }

    /// Owns it now, if it is free.
    #[inline]
    pub(super) fn try_lock(&self) -> bool {
        self.owner.take(current())
    }

    /// Owns it, or says how the wait for it ended, which is to be delivered.
    ///
    /// `what` is what reports say.
    #[inline]
    pub(super) fn lock(&self, deadline: Option<Instant>, what: &'static What) -> Result<(), Wake> {
        let me = current();
        if self.owner.take(me) { Ok(()) } else { self.wait(me, deadline, what) }
    }

    #[cold]
    #[inline(never)]
    fn wait(
        &self,
        me: Option<TaskId>,
        deadline: Option<Instant>,
        what: &'static What, // in one word: a deadline on the stack cost 7 ns a wait
    ) -> Result<(), Wake> {
        let Some(me) = me.filter(|_| !std::thread::panicking()) else { return Err(Wake::Refused) };
        let held = self.owner.owner().flatten();
        assert!(held != Some(me), "task {me} would wait for itself: {}", what.twice);
        self.owner.want();
        let mut notice = self.notice.borrow_mut();
        let reason = notice.get_or_insert_with(|| Notice::new(Held::By(held))).reason(what.reason);
        drop(notice);
        let wait = stand(&self.owner.line, |line| line, me, reason, deadline);
        if wait.is_err() && self.owner.lose_interest() {
            self.notice.take();
        }
        wait.map(|_| ())
    }

    /// Lets go, or hands over to the first who wants it.
    #[inline]
    pub(super) fn unlock(&self) {
        if !self.owner.let_go() {
            self.hand_over();
        }
    }

    #[cold]
    #[inline(never)]
    fn hand_over(&self) {
        // Whoever was leaked lets go at once.
        while self.hand_to_next().is_some_and(|who| !who.hit()) {}
    }

    fn hand_to_next(&self) -> Option<Unparker> {
        let next = self.owner.hand_over();
        match self.owner.state() {
            State::Wanted => {
                if let (Some(owner), Some(notice)) = (self.owner.owner(), &*self.notice.borrow()) {
                    notice.change(Held::By(owner));
                }
            }
            State::Free | State::Held => _ = self.notice.take(),
        }
        next
    }

    /// Whether somebody owns it.
    #[inline]
    pub(super) fn is_locked(&self) -> bool {
        self.owner.state() != State::Free
    }

    /// Whether the running task owns it; or, outside of any, other such code.
    pub(super) fn is_mine(&self) -> bool {
        self.owner.owner() == Some(current())
    }
}

/// Owner and waiters.
impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lock { owner, .. } = self;
        match owner.owner() {
            None => f.write_str("free"),
            Some(None) => f.write_str("held outside of any task"),
            Some(Some(id)) => write!(f, "held by task {id}"),
        }?;
        match owner.line.try_borrow() {
            Ok(line) if !line.is_empty() => {
                f.write_str(", wanted by ")?;
                f.debug_list().entries(line.iter().map(|(_, id)| id)).finish()
            }
            _ => Ok(()),
        }
    }
}

/// The task that runs, if one does.
#[inline]
pub(super) fn current() -> Option<TaskId> {
    hub(|hub| hub?.peek(|me| Some(me?.id)))
}

/// Whether a panic unwinds, and not a kill or a time-out.
#[inline]
pub(super) fn is_panicking() -> bool {
    std::thread::panicking() && !current().is_some_and(is_stopped)
}
