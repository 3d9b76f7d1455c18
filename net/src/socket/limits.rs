//! How long the calls of one handle may wait.
//!
//! Only the settings; the waiting is done with a deadline that is computed here. The kernel's own
//! SO_RCVTIMEO and SO_SNDTIMEO mean nothing to a non-blocking socket.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use osier_runtime::clock;

/// A time limit that may be set while another task uses it.
#[derive(Debug)]
pub(crate) struct Limit {
    /// Nanoseconds; 0 is no limit, and what does not fit is the longest that does (584 years).
    nanos: AtomicU64,
}

/// The limits and the mode of one handle.
///
/// Nothing else is ordered by these values, so relaxed loads and stores do: on the way of every
/// read and write they are plain ones.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) read: Limit,
    pub(crate) write: Limit,
    /// Whether calls return `WouldBlock` where they would wait.
    nonblocking: AtomicBool,
}

impl Limit {
    fn new(span: Option<Duration>) -> Self {
        Limit { nanos: AtomicU64::new(encode(span)) }
    }

    /// The limit as it was set.
    pub(crate) fn get(&self) -> Option<Duration> {
        match self.nanos.load(Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// Sets the limit for calls that begin from now on; as in std, zero is an error.
    pub(crate) fn set(&self, span: Option<Duration>) -> io::Result<()> {
        refuse_zero(span)?;
        self.nanos.store(encode(span), Relaxed);
        Ok(())
    }

    /// When a call that begins now must end. Without a limit nobody looks at the clock.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.get().and_then(clock::deadline)
    }
}

impl Limits {
    /// Waiting mode with the given limits.
    pub(crate) fn new(read: Option<Duration>, write: Option<Duration>) -> Self {
        Limits {
            read: Limit::new(read),
            write: Limit::new(write),
            nonblocking: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn nonblocking(&self) -> bool {
        self.nonblocking.load(Relaxed)
    }

    pub(crate) fn set_nonblocking(&self, nonblocking: bool) {
        self.nonblocking.store(nonblocking, Relaxed);
    }
}

impl Clone for Limits {
    fn clone(&self) -> Self {
        let limits = Limits::new(self.read.get(), self.write.get());
        limits.set_nonblocking(self.nonblocking());
        limits
    }
}

/// `InvalidInput` for a limit of zero, in std's words.
pub(crate) fn refuse_zero(span: Option<Duration>) -> io::Result<()> {
    if span == Some(Duration::ZERO) {
        let text = "cannot set a 0 duration timeout";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}

fn encode(span: Option<Duration>) -> u64 {
    span.map_or(0, |span| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_comes_back_as_it_was_set() {
        let limit = Limit::new(None);
        for span in [Some(Duration::from_nanos(1)), Some(Duration::from_secs(86_400)), None] {
            limit.set(span).unwrap();
            assert_eq!(limit.get(), span);
        }
        limit.set(Some(Duration::MAX)).unwrap();
        assert_eq!(limit.get(), Some(Duration::from_nanos(u64::MAX)));
    }

    #[test]
    fn zero_is_refused_and_changes_nothing() {
        let limit = Limit::new(Some(Duration::from_secs(1)));
        let error = limit.set(Some(Duration::ZERO)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(limit.get(), Some(Duration::from_secs(1)));
    }

    #[test]
    fn no_limit_is_no_deadline() {
        let limits = Limits::new(None, Some(Duration::from_secs(60)));
        assert_eq!(limits.read.deadline(), None);
        assert!(limits.write.deadline().is_some());
    }
}
