//! Signals that a task waits for.

use std::io;
use std::os::fd::OwnedFd;

use osier_runtime::io::{Got, Source};

use crate::sys::signals::Caught;

/// Signals that arrive here for as long as this lives; then they do what they did before.
pub(super) struct Intake {
    /// Goes first: nothing is written any more.
    _caught: Caught,
    source: Source<OwnedFd>,
}

impl Intake {
    /// Catches these signals.
    ///
    /// # Errors
    ///
    /// `ResourceBusy` when they are caught already; when there are no descriptors left.
    pub(super) fn catch(signals: &[i32]) -> io::Result<Intake> {
        let (caught, reading) = Caught::new(signals)?;
        let source = Source::new(reading);
        source.share(); // the pipe stays when this goes
        Ok(Intake { _caught: caught, source })
    }

    /// Waits for the next one.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for: no descriptors are left.
    pub(super) fn next(&self) -> io::Result<i32> {
        self.source.read(None, |pipe| {
            let mut byte = [0_u8];
            rustix::io::read(pipe, &mut byte)?;
            Ok(Got { value: i32::from(byte[0]), drained: false })
        })
    }
}
