//! The open connections of one agent, so that [`ureq::Agent::shutdown`] reaches them.
//!
//! ureq takes a handle per connection and walks through all of them at every request, which is
//! quadratic in the number of connections. It gets one handle per agent from us instead, this one;
//! coming and going here costs the same however many there are.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, ShutdownHandle};

use crate::tcp::TcpStream;

/// The open connections of an agent.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// Locked for a few instructions at a time, never across a wait.
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    open: HashMap<u64, Weak<TcpStream>>,
    /// The key of the next connection; none is used twice.
    next: u64,
    /// Whether ureq has our handle.
    known: bool,
    /// Set by the agent's shutdown; no connection is added after it.
    closed: bool,
}

/// Membership of one connection; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    live: Arc<Live>,
    key: u64,
}

impl Live {
    /// Adds a connection.
    ///
    /// # Errors
    ///
    /// `NotConnected` once the agent is shut down.
    pub(super) fn add(
        self: &Arc<Self>,
        stream: &Arc<TcpStream>,
        details: &ConnectionDetails<'_>,
    ) -> Result<Place, Error> {
        if !self.lock().known {
            // Not under our lock: ureq takes its own, and drops connections under that.
            let handle: Weak<Live> = Arc::downgrade(self);
            (details.register_shutdown)(handle)?;
            self.lock().known = true;
        }
        let mut streams = self.lock();
        if streams.closed {
            let text = "the agent is shut down";
            return Err(Error::Io(io::Error::new(io::ErrorKind::NotConnected, text)));
        }
        let key = streams.next;
        streams.next += 1;
        streams.open.insert(key, Arc::downgrade(stream));
        Ok(Place { live: Arc::clone(self), key })
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ShutdownHandle for Live {
    fn shutdown(&self) {
        let open = {
            let mut streams = self.lock();
            streams.closed = true;
            std::mem::take(&mut streams.open)
        };
        for stream in open.values().filter_map(Weak::upgrade) {
            // An error says that the connection is gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.lock().open.remove(&self.key);
    }
}
