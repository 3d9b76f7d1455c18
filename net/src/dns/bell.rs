//! A bell that another OS thread rings and one task waits for.
//!
//! The only place of name resolution that waits. It stands on an eventfd and
//! [`Source`](osier_runtime::io::Source), so it waits in the hub where there is one and in the
//! kernel elsewhere, can be killed and timed out like any read, and needs no door of its own into
//! the runtime.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use osier_runtime::io::{Got, Source};
use rustix::event::{EventfdFlags, eventfd};

/// The end that is rung, by any thread and any number of times.
#[derive(Debug)]
pub(super) struct Bell {
    fd: Arc<OwnedFd>,
}

/// The end that listens.
#[derive(Debug)]
pub(super) struct Listener {
    source: Source<Arc<OwnedFd>>,
}

/// A new bell that has not rung.
pub(super) fn bell() -> io::Result<(Bell, Listener)> {
    let fd = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    Ok((Bell { fd: Arc::clone(&fd) }, Listener { source: Source::new(fd) }))
}

impl Bell {
    /// Wakes the listener, now or when it comes to wait.
    pub(super) fn ring(&self) {
        // The counter is full only after 2^64 - 2 unheard rings, and then it is readable anyway.
        let _ = rustix::io::write(&self.fd, &1_u64.to_ne_bytes());
    }
}

impl Listener {
    /// Waits for the bell; `TimedOut` when the deadline comes first.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.source.read(deadline, |fd| {
            let mut count = [0; 8];
            rustix::io::read(fd, &mut count)?;
            Ok(Got { value: (), drained: false })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use osier_runtime::clock;
    use std::time::Duration;

    #[test]
    fn a_ring_before_the_wait_is_heard_once() {
        let (bell, listener) = bell().unwrap();
        bell.ring();
        listener.wait(None).unwrap();
        let error = listener.wait(clock::deadline(Duration::from_millis(1))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_ring_from_another_thread_ends_the_wait() {
        let (bell, listener) = bell().unwrap();
        let ringer = std::thread::spawn(move || bell.ring());
        listener.wait(None).unwrap();
        ringer.join().unwrap();
    }
}
