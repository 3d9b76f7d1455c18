//! What a parked task waits for, for reports and for the deadlock check.

use std::fmt;

use super::TaskId;

/// Says what a parked task waits for.
///
/// Reasons are shown in reports: make each one a phrase that fits behind "is", and do not use the
/// same one for two things.
///
/// ```
/// use osier::Reason;
///
/// let reason = Reason::new("waiting for the kettle");
/// assert_eq!(reason.to_string(), "waiting for the kettle");
/// ```
#[derive(Clone, Copy)]
pub struct Reason {
    /// The phrase.
    what: &'static str,
    /// Whom or what it waits for, and whether the wake comes from outside: three flags above a number
    /// of 61 bits. Packed, as every task has one.
    on: u64,
}

/// The number is that of a task.
const TASK: u64 = 1 << 63;
/// The number is that of a descriptor.
const FD: u64 = 1 << 62;
/// With both: the number is that of the notice that tells who holds what is waited for.
const HELD: u64 = TASK | FD;
/// The wake comes from outside of the hub: then this wait is no deadlock.
const OUTSIDE: u64 = 1 << 61;
/// With neither: a daemon is among what is waited for.
const SOME_DAEMON: u64 = 1;
/// With neither: the rest is the number of the process that holds what is waited for.
const PROCESS: u64 = 1 << 60;
/// All of the number.
const NUMBER: u64 = OUTSIDE - 1;

impl Reason {
    /// A reason in words.
    pub const fn new(what: &'static str) -> Reason {
        Reason { what, on: 0 }
    }

    /// Names the task that is waited for.
    pub const fn on_task(self, id: TaskId) -> Reason {
        self.on(TASK, id.bits())
    }

    /// Names the descriptor that is waited for.
    pub const fn on_fd(self, fd: i32) -> Reason {
        self.on(FD, fd as u32 as u64)
    }

    /// Names those who hold what is waited for, by the number of their notice in the hub.
    pub(crate) const fn on_held(self, notice: u32) -> Reason {
        self.on(HELD, notice as u64)
    }

    /// Says that a daemon is among several things that are waited for; in place of one that is named.
    pub(crate) const fn on_some_daemon(self) -> Reason {
        self.on(0, SOME_DAEMON)
    }

    /// Names the process that holds what is waited for.
    pub const fn on_process(self, pid: u32) -> Reason {
        self.on(0, PROCESS | pid as u64)
    }

    /// Whether it says so.
    pub(crate) fn is_on_some_daemon(&self) -> bool {
        self.on & (HELD | NUMBER) == SOME_DAEMON
    }

    const fn on(self, kind: u64, number: u64) -> Reason {
        Reason { on: self.on & OUTSIDE | kind | number & NUMBER, ..self }
    }

    /// Says that the wake will come from outside.
    ///
    /// From another OS thread or a signal. Such a wait is never taken for a deadlock.
    pub const fn outside(self) -> Reason {
        Reason { on: self.on | OUTSIDE, ..self }
    }

    /// Whether the wake comes from outside of the hub.
    #[inline]
    pub(crate) fn is_outside(&self) -> bool {
        self.on & OUTSIDE != 0
    }

    /// The task that is waited for, if one is.
    pub(crate) fn task(&self) -> Option<TaskId> {
        if self.on & HELD == TASK { TaskId::from_bits(self.on & NUMBER) } else { None }
    }

    /// The descriptor that is waited for, if one is.
    fn fd(&self) -> Option<i32> {
        (self.on & HELD == FD).then_some(self.on as u32 as i32)
    }

    /// The process that holds what is waited for, if one is known.
    fn process(&self) -> Option<u32> {
        (self.on & (HELD | PROCESS) == PROCESS).then_some(self.on as u32)
    }

    /// The notice that tells who holds what is waited for, if there is one.
    pub(crate) fn held(&self) -> Option<u32> {
        (self.on & HELD == HELD).then_some(self.on as u32)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(holder) = self.process() {
            let me = std::process::id();
            return write!(f, "{}, held by process {holder}, wanted by process {me}", self.what);
        }
        match (self.task(), self.fd()) {
            (Some(id), _) => write!(f, "{} {id}", self.what),
            (None, Some(fd)) => write!(f, "{} fd {fd}", self.what),
            (None, None) => f.write_str(self.what),
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outside = if self.is_outside() { ", woken from outside" } else { "" };
        write!(f, "Reason({self}{outside})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let id = TaskId::new(7, 1 << 39);
        let reason = Reason::new("joining task").outside().on_task(id);
        assert_eq!((reason.task(), reason.fd(), reason.is_outside()), (Some(id), None, true));
        let reason = Reason::new("reading").on_fd(-1);
        assert_eq!((reason.task(), reason.fd(), reason.is_outside()), (None, Some(-1), false));
        assert_eq!(reason.to_string(), "reading fd -1");
        let reason = Reason::new("waiting").on_held(u32::MAX);
        assert_eq!((reason.task(), reason.fd(), reason.held()), (None, None, Some(u32::MAX)));
        assert_eq!(Reason::new("reading").on_fd(3).held(), None);
        assert!(
            ![Reason::new("reading").on_fd(1), Reason::new("waiting").on_held(1)]
                .iter()
                .any(Reason::is_on_some_daemon)
        );
        let reason = Reason::new("waiting").on_some_daemon().outside();
        assert!(reason.is_on_some_daemon() && reason.is_outside());
        assert_eq!((reason.task(), reason.fd(), reason.held()), (None, None, None));
        let reason = Reason::new("waiting for a lock").on_process(7);
        assert_eq!((reason.task(), reason.fd(), reason.held()), (None, None, None));
        assert!(!reason.is_on_some_daemon() && !reason.is_outside());
        let me = std::process::id();
        let text = format!("waiting for a lock, held by process 7, wanted by process {me}");
        assert_eq!(reason.to_string(), text);
    }
}
