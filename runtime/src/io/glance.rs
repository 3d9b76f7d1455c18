//! One direction of a descriptor, waited for along with other things.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::kernel;
use super::registration::{Registration, leave};
use crate::reactor::{Direction, Key};

/// Whoever holds it stands in the reactor's books from `enter` to `leave`.
pub(crate) struct Glance<'a> {
    fd: BorrowedFd<'a>,
    registration: &'a Registration,
    direction: Direction,
    /// What it is entered under.
    key: Option<Key>,
}

impl<'a> Glance<'a> {
    pub(super) fn new(
        fd: BorrowedFd<'a>,
        registration: &'a Registration,
        direction: Direction,
    ) -> Glance<'a> {
        Glance { fd, registration, direction, key: None }
    }

    /// Whether a call would go through; asks the kernel only if that is likely.
    pub(crate) fn is_ready(&self) -> io::Result<bool> {
        if !self.registration.is_ready(self.direction) {
            return Ok(false);
        }
        let ready = kernel::is_ready(self.fd, self.direction)?;
        if !ready {
            self.registration.clear(self.direction);
        }
        Ok(ready)
    }

    /// Has the running task woken when it is ready; it was just found not to be.
    pub(crate) fn enter(&mut self) -> io::Result<()> {
        self.key = Some(self.registration.enter(self.fd, self.direction)?);
        Ok(())
    }

    /// Ends that.
    pub(crate) fn leave(&mut self) {
        if let Some(key) = self.key.take() {
            leave(key, self.direction);
        }
    }
}

impl fmt::Debug for Glance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Glance { fd, direction, .. } = self;
        write!(f, "fd {} to {direction:?}", fd.as_raw_fd())
    }
}
