//! A branch that waits for a descriptor.

use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;

use super::branch::Steps;
use super::desk::Desk;
use crate::io::{Glance, Source};

/// A branch that is done when there is something to read.
///
/// It reads nothing. Its outcome is an error where that of [`Source::wait_readable`] would be: `ResourceBusy` when another
/// task waits for the same.
///
/// ```
/// use std::io::Write;
/// use std::os::unix::net::UnixStream;
/// use osier::io::Source;
/// use osier::select::readable;
///
/// osier::run(|| {
///     let (near, mut far) = UnixStream::pair()?;
///     near.set_nonblocking(true)?;
///     let near = Source::new(near);
///     osier::spawn(move || far.write_all(b"green"));
///     osier::select! {
///         outcome = readable(&near) => outcome,
///     }
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn readable<T: AsFd>(source: &Source<T>) -> Descriptor<'_> {
    Descriptor { glance: source.glance_to_read(), outcome: None }
}

/// A branch that is done when there is room to write.
///
/// As [`readable`], in the other direction.
pub fn writable<T: AsFd>(source: &Source<T>) -> Descriptor<'_> {
    Descriptor { glance: source.glance_to_write(), outcome: None }
}

/// A branch that waits for a descriptor, made by [`readable`] or [`writable`].
pub struct Descriptor<'a> {
    glance: Glance<'a>,
    outcome: Option<io::Result<()>>,
}

impl Descriptor<'_> {
    /// How the wait has ended, if it was the one that was done.
    pub fn take(&mut self) -> Option<io::Result<()>> {
        self.outcome.take()
    }
}

impl Steps for Descriptor<'_> {
    fn is_ready(&mut self) -> bool {
        match self.glance.is_ready() {
            Ok(ready) => ready,
            Err(error) => {
                self.outcome = Some(Err(error));
                true
            }
        }
    }

    fn finish(&mut self) -> bool {
        self.outcome.get_or_insert(Ok(()));
        true
    }

    fn enter(&mut self, _: &Desk, _: u32) -> bool {
        let entered = self.glance.enter();
        self.outcome = entered.err().map(Err);
        self.outcome.is_none()
    }

    fn leave(&mut self, _: bool) {
        self.glance.leave();
    }

    fn give_up(&mut self) {
        self.outcome = Some(Err(ErrorKind::WouldBlock.into()));
    }
}

impl fmt::Debug for Descriptor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Descriptor").field(&self.glance).finish()
    }
}
