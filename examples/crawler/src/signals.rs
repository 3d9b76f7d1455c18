//! Ctrl-C and SIGTERM, as something that a task can wait for.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use osier::io::{Got, Source};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};

/// The exit code of a program that a signal has ended, by the shell's custom (128 + SIGINT).
pub const INTERRUPTED: u8 = 130;

/// The signals that ask the program to end.
///
/// The first one ends [`wait`](Signals::wait) and leaves the rest to the program; the second ends
/// the program on the spot.
#[derive(Debug)]
pub struct Signals {
    /// Gets a byte for every signal: to a task it is a socket like any other.
    bytes: Source<UnixStream>,
}

impl Signals {
    /// Begins to catch them.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor left.
    pub fn catch() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        let second = Arc::new(AtomicBool::new(false));
        for (signal, write) in [(SIGINT, write.try_clone()?), (SIGTERM, write)] {
            // In this order: the flag is still down when the first signal looks at it.
            flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&second))?;
            flag::register(signal, Arc::clone(&second))?;
            pipe::register(signal, write)?;
        }
        Ok(Signals { bytes: Source::new(read) })
    }

    /// Waits for a signal.
    ///
    /// # Errors
    ///
    /// Those of the socket; none is known.
    ///
    /// # Blocking
    ///
    /// Switches tasks.
    pub fn wait(&self) -> io::Result<()> {
        self.bytes.read(None, |mut bytes| {
            let value = bytes.read(&mut [0])?;
            Ok(Got { value, drained: false })
        })?;
        Ok(())
    }
}
