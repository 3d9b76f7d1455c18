//! What a pair of streams is to be like.

use std::io;
use std::time::Duration;

use super::pipe::Nature;
use super::stream::{Stream, join_up};

/// What lies between the two ends of a pair: how long, how wide, how sound.
///
/// Both directions are alike, each by itself.
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::time::Duration;
/// use osier::{clock, testing};
///
/// testing::run(|| {
///     let wire = testing::Wire::new().delay(Duration::from_millis(30)).pieces(4);
///     let (mut here, mut there) = wire.pair();
///     let echo = osier::spawn(move || {
///         let mut buf = [0; 100];
///         let n = there.read(&mut buf)?; // four bytes at most
///         there.write_all(&buf[..n])
///     });
///     let began = clock::now();
///     here.write_all(b"h")?;
///     here.read_exact(&mut [0])?;
///     assert_eq!(clock::now() - began, Duration::from_millis(60));
///     echo.join().unwrap()
/// })?;
/// # io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until a pair is made"]
pub struct Wire {
    nature: Nature,
}

impl Wire {
    /// A sound one: no delay, 64 KiB fit in.
    pub fn new() -> Wire {
        let capacity = 64 * 1024;
        Wire {
            nature: Nature { capacity, delay: Duration::ZERO, pieces: None, cut: None, seed: 0 },
        }
    }

    /// Sets how many bytes fit in before a write waits.
    ///
    /// # Panics
    /// When it is zero: nothing could ever be written.
    pub fn capacity(mut self, bytes: usize) -> Wire {
        assert!(bytes > 0, "a wire of no capacity carries nothing: say 1 or more");
        self.nature.capacity = bytes;
        self
    }

    /// Sets how long bytes are under way, and the end as well.
    pub fn delay(mut self, delay: Duration) -> Wire {
        self.nature.delay = delay;
        self
    }

    /// Makes each read and each write move no more bytes than a number drawn from 1 to `most`.
    ///
    /// # Panics
    /// When it is zero.
    pub fn pieces(mut self, most: usize) -> Wire {
        assert!(most > 0, "pieces of no bytes never arrive: say 1 or more");
        self.nature.pieces = Some(most);
        self
    }

    /// Makes a direction break after that many bytes, with that error at both ends.
    ///
    /// The bytes before are still read.
    pub fn cut_after(mut self, bytes: usize, kind: io::ErrorKind) -> Wire {
        self.nature.cut = Some((bytes, kind));
        self
    }

    /// Sets what the pieces are drawn from; 0 otherwise.
    pub fn seed(mut self, seed: u64) -> Wire {
        self.nature.seed = seed;
        self
    }

    /// Makes two streams with such a wire between them.
    pub fn pair(&self) -> (Stream, Stream) {
        join_up(&self.nature)
    }
}

impl Default for Wire {
    fn default() -> Wire {
        Wire::new()
    }
}

/// Makes two streams in memory, each the other's peer, as `socketpair(2)` does.
///
/// With a sound [`Wire`] between them.
///
/// ```
/// use std::io::{Read, Write};
///
/// osier::run(|| {
///     let (here, there) = osier::testing::pair();
///     let peer = osier::spawn(move || std::io::read_to_string(there));
///     (&here).write_all(b"hello").unwrap();
///     drop(here);
///     assert_eq!(peer.join().unwrap().unwrap(), "hello");
/// });
/// ```
pub fn pair() -> (Stream, Stream) {
    Wire::new().pair()
}
