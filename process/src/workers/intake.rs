//! Signals that workers and who looks after them obey.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

use osier_runtime::fork::generation;
use osier_runtime::signal::{Signal, Signals};

/// In which process somebody obeys them, by its generation, counted from 1; 0 is none.
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// The signals that ask to end, for as long as this lives; then they do what they did before.
pub(super) struct Intake {
    signals: Signals,
}

impl Intake {
    /// Begins to note TERM and INT.
    ///
    /// # Errors
    /// `ResourceBusy` when somebody of this process obeys them already: two would not agree; when there are no descriptors left.
    pub(super) fn catch() -> io::Result<Intake> {
        let me = generation() + 1;
        if TAKEN.swap(me, Ordering::AcqRel) == me {
            let text = "signals of this process are waited for already: by another front";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        match Signals::new([Signal::TERM, Signal::INT]) {
            Ok(signals) => Ok(Intake { signals }),
            Err(error) => {
                TAKEN.store(0, Ordering::Release);
                Err(error)
            }
        }
    }

    /// Waits for the next one.
    ///
    /// # Errors
    /// When it cannot be waited for: no descriptors are left.
    pub(super) fn next(&self) -> io::Result<Signal> {
        self.signals.wait()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        TAKEN.store(0, Ordering::Release);
    }
}
