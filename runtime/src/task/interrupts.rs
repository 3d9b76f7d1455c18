//! Kills and time-outs that wait to be delivered: a state machine that knows no scheduler.
//!
//! An interrupt is *due* when the next wait of the task has to be cut short. A kill is due outside
//! of every shield, once. A verdict is due at once, whatever shields are up. A time-out is due from its expiry on until its scope ends, at each
//! wait inside it, unless a shield was raised since its scope began. Of several time-outs the
//! outermost is first.

use std::any::Any;

use super::join_error::Killed;
use super::{Purpose, TaskId};

/// What is in store for one task.
#[derive(Default)]
pub(crate) struct Interrupts {
    /// The kill that was asked for and not delivered yet.
    kill: Option<Payload>,
    /// What the task is told though nobody has killed it: goes through shields.
    verdict: Option<Payload>,
    /// The scopes of time-outs that the task is in, the outermost first.
    scopes: Vec<Scope>,
    /// How many scopes there have been: the next one's number.
    count: u32,
    /// How many shields the task is under.
    shields: u32,
}

/// What a task is unwound with.
pub(crate) type Payload = Box<dyn Any + Send>;

struct Scope {
    number: u32,
    /// How many shields were up when it began.
    shields: u32,
    expired: bool,
}

/// What to unwind a task with.
pub(crate) enum Due {
    /// A kill, with its payload.
    Kill(Payload),
    /// The time-out with that number.
    Timeout(u32),
}

/// The payload that unwinds to one scope of a time-out.
#[derive(Debug)]
pub(crate) struct TimeoutUnwind {
    task: Purpose,
    scope: u32,
}

impl TimeoutUnwind {
    /// For a task that is unwound with it now.
    pub(crate) fn delivered_to(task: TaskId, scope: u32) -> TimeoutUnwind {
        TimeoutUnwind { task: Purpose::stop(task), scope }
    }

    /// Whether it is meant for that scope of that task.
    pub(crate) fn is_for(&self, task: TaskId, scope: u32) -> bool {
        (self.task.task(), self.scope) == (task, scope)
    }
}

impl Interrupts {
    /// Asks for a kill. One that already waits stays what it is, and the payload comes back: its
    /// destructor is the user's, and must not run in here.
    pub(crate) fn kill(&mut self, payload: Option<Payload>) -> Option<Payload> {
        if self.kill.is_some() {
            return payload;
        }
        self.kill = Some(payload.unwrap_or_else(|| Box::<Killed>::default()));
        None
    }

    /// Unwinds it with `payload`, be it under a shield or not, and before any kill that waits. One
    /// that was not delivered is replaced.
    pub(crate) fn tell(&mut self, payload: Payload) -> Option<Payload> {
        self.verdict.replace(payload)
    }

    /// Takes a verdict that was not delivered.
    pub(crate) fn take_verdict(&mut self) -> Option<Payload> {
        self.verdict.take()
    }

    /// Takes back a kill that was not delivered.
    pub(crate) fn take_kill(&mut self) -> Option<Payload> {
        self.kill.take()
    }

    /// Begins the scope of a time-out and gives its number.
    pub(crate) fn begin(&mut self) -> u32 {
        self.count = self.count.wrapping_add(1);
        let scope = Scope { number: self.count, shields: self.shields, expired: false };
        self.scopes.push(scope);
        self.count
    }

    /// Marks a scope as expired; false when it has ended.
    pub(crate) fn expire(&mut self, number: u32) -> bool {
        match self.scopes.iter_mut().find(|s| s.number == number) {
            Some(scope) => {
                scope.expired = true;
                true
            }
            None => false,
        }
    }

    /// Ends the innermost scope.
    pub(crate) fn end(&mut self, number: u32) {
        let last = self.scopes.pop();
        debug_assert!(last.is_some_and(|s| s.number == number));
    }

    pub(crate) fn shield(&mut self) {
        self.shields += 1;
    }

    pub(crate) fn unshield(&mut self) {
        self.shields -= 1;
    }

    /// Whether the next wait has to be cut short.
    pub(crate) fn is_due(&self) -> bool {
        self.verdict.is_some() || self.kill_is_due() || self.expired().is_some()
    }

    /// Whether a shield is up.
    pub(crate) fn is_shielded(&self) -> bool {
        self.shields > 0
    }

    /// What to unwind with now: a verdict comes before a kill, a kill before a time-out.
    pub(crate) fn take(&mut self) -> Option<Due> {
        if let Some(verdict) = self.verdict.take() {
            return Some(Due::Kill(verdict));
        }
        if self.kill_is_due() {
            return self.kill.take().map(Due::Kill);
        }
        self.expired().map(Due::Timeout)
    }

    fn kill_is_due(&self) -> bool {
        self.kill.is_some() && self.shields == 0
    }

    fn expired(&self) -> Option<u32> {
        let due = |s: &&Scope| s.expired && s.shields == self.shields;
        self.scopes.iter().find(due).map(|s| s.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout(due: Option<Due>) -> Option<u32> {
        match due {
            Some(Due::Timeout(number)) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn a_kill_is_delivered_once_and_not_through_a_shield() {
        let mut i = Interrupts::default();
        i.shield();
        i.kill(None);
        assert!(!i.is_due());
        i.unshield();
        assert!(matches!(i.take(), Some(Due::Kill(payload)) if payload.is::<Killed>()));
        assert!(!i.is_due() && i.take().is_none());
    }

    #[test]
    fn a_verdict_goes_through_a_shield_and_leaves_a_kill_in_store() {
        let mut i = Interrupts::default();
        i.shield();
        i.kill(None);
        assert!(i.tell(Box::new(7)).is_none() && i.is_due());
        assert!(matches!(i.take(), Some(Due::Kill(payload)) if payload.is::<i32>()));
        assert!(!i.is_due());
        i.unshield();
        assert!(matches!(i.take(), Some(Due::Kill(payload)) if payload.is::<Killed>()));
    }

    #[test]
    fn a_second_kill_gives_its_payload_back() {
        let mut i = Interrupts::default();
        assert!(i.kill(Some(Box::new(7))).is_none());
        assert!(i.kill(Some(Box::new('x'))).is_some_and(|payload| payload.is::<char>()));
        assert!(matches!(i.take(), Some(Due::Kill(payload)) if payload.is::<i32>()));
    }

    #[test]
    fn the_outermost_time_out_is_first_and_stays_due_until_it_ends() {
        let mut i = Interrupts::default();
        let (outer, inner) = (i.begin(), i.begin());
        assert!(i.expire(inner));
        assert_eq!(timeout(i.take()), Some(inner));
        assert!(i.expire(outer));
        assert_eq!(timeout(i.take()), Some(outer));
        i.end(inner);
        assert_eq!(timeout(i.take()), Some(outer));
        i.end(outer);
        assert!(!i.is_due() && !i.expire(outer));
    }

    #[test]
    fn a_shield_holds_off_what_began_outside_of_it() {
        let mut i = Interrupts::default();
        let outer = i.begin();
        i.shield();
        let inner = i.begin();
        i.expire(outer);
        assert!(!i.is_due());
        i.expire(inner);
        assert_eq!(timeout(i.take()), Some(inner));
        i.end(inner);
        i.unshield();
        assert_eq!(timeout(i.take()), Some(outer));
    }
}
