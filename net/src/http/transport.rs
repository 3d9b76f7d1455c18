//! One connection as ureq uses it: its `Transport`, over our sockets.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::GrowingBuffers;
use super::live::Place;
use super::names::timed_out;
use crate::tcp::TcpStream;

/// A TCP connection with its buffers.
///
/// ureq drops it, and so closes the socket, while it holds a lock: nothing here may wait on drop.
#[derive(Debug)]
pub(super) struct TcpTransport {
    /// Shared with `place`, which holds it weakly.
    stream: Arc<TcpStream>,
    buffers: GrowingBuffers,
    /// Lets the agent's shutdown reach the stream for as long as we have it.
    _place: Place,
}

impl TcpTransport {
    pub(super) fn new(stream: Arc<TcpStream>, place: Place, config: &Config) -> Self {
        // One byte more than a head may have, so that one too long is seen to be.
        let input = config.input_buffer_size().max(config.max_response_header_size() + 1);
        let buffers = GrowingBuffers::new(input, config.output_buffer_size());
        TcpTransport { stream, buffers, _place: place }
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        self.stream.set_write_timeout(limit(timeout)?)?;
        let output = &self.buffers.output()[..amount];
        (&*self.stream).write_all(output).map_err(|e| timed_out(e, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        self.stream.set_read_timeout(limit(timeout)?)?;
        let room = self.buffers.input_append_buf();
        let n = (&*self.stream).read(room).map_err(|e| timed_out(e, timeout.reason))?;
        self.buffers.input_appended(n);
        Ok(n > 0)
    }

    /// One `recv` that does not wait. Asked when the connection goes into the pool and when it
    /// comes out again.
    fn is_open(&mut self) -> bool {
        self.buffers.shrink();
        self.stream.is_quiet()
    }
}

/// The time limit of one call; an error where it has passed already.
fn limit(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    if timeout.after.is_not_happening() {
        return Ok(None);
    }
    if timeout.after.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok(Some(*timeout.after))
}
