//! What a task waits at, and any process can ring: a datagram socket with a name.
//!
//! The name is a number by lot in the abstract namespace, which a waiter leaves in shared memory. So nobody needs to have
//! a descriptor of anybody else, there may be any number of waiters, a ring wakes one task of one process, and if its process
//! has ended the kernel says so at once. A ring is a hint: it says that there may be something, and what there is stands in
//! shared memory. A bell that cannot be made, or rung, costs time and nothing else, as all who wait look by themselves now and then.

use std::cell::{OnceCell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use osier_runtime::Reason;
use osier_runtime::fork::generation;
use osier_runtime::io::{Got, Source};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, bind, recv,
    sendto, socket_with,
};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::wire::Stake;

/// A bell of this process.
#[derive(Debug)]
pub(super) struct Bell {
    /// Never 0.
    name: u64,
    /// Goes before the descriptor is closed. In forked children nobody is handed it.
    _stake: Stake,
    source: Source<OwnedFd>,
    /// Which process it is of.
    process: u32,
}

/// How a ring went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rang {
    /// Somebody will hear it, or finds out without.
    Perhaps,
    /// There is no such bell any more.
    Nobody,
}

/// As many are kept for the next waits of an OS thread.
const KEPT: usize = 16;

thread_local! {
    static KEEP: RefCell<Vec<Bell>> = const { RefCell::new(Vec::new()) };
    /// What this thread rings by.
    static HAND: OnceCell<OwnedFd> = const { OnceCell::new() };
}

impl Bell {
    /// One that nobody waits at.
    ///
    /// # Errors
    ///
    /// When there are no descriptors left.
    pub(super) fn take() -> io::Result<Bell> {
        // A copy of a bell is the parent's: what is said to it may arrive there.
        let kept = || KEEP.with_borrow_mut(Vec::pop);
        std::iter::from_fn(kept)
            .find(|bell| bell.process == generation())
            .map_or_else(Bell::new, Ok)
    }

    fn new() -> io::Result<Bell> {
        let fd = plain()?;
        let name = loop {
            let mut bytes = [0; 8];
            getrandom(&mut bytes, GetRandomFlags::empty())?;
            let name = u64::from_ne_bytes(bytes).max(1);
            match bind(&fd, &address(name)?) {
                Ok(()) => break name,
                Err(Errno::ADDRINUSE) => {}
                Err(error) => return Err(error.into()),
            }
        };
        let stake = Stake::new(fd.as_fd());
        let source = Source::new(fd);
        source.share(); // forked children have it
        Ok(Bell { name, _stake: stake, source, process: generation() })
    }

    /// Has it kept for the next one who waits here.
    pub(super) fn keep(self) {
        let _ = KEEP.try_with(|keep| {
            let Ok(mut keep) = keep.try_borrow_mut() else { return };
            if keep.len() < KEPT {
                keep.push(self);
            }
        });
    }

    pub(super) fn name(&self) -> u64 {
        self.name
    }

    /// Waits for a ring; one that came since the last wait ends it at once.
    ///
    /// # Errors
    ///
    /// When the deadline comes first.
    pub(super) fn wait(&self, reason: Reason, deadline: Instant) -> io::Result<()> {
        let mut word = [0; 1];
        self.source.read_for(reason, Some(deadline), |fd| {
            let (_, value) = recv(fd, &mut word, RecvFlags::DONTWAIT)?;
            Ok(Got { value, drained: false })
        })?;
        Ok(())
    }
}

/// Rings the bell of that name, whosever it is.
pub(super) fn ring(name: u64) -> Rang {
    if name == 0 {
        return Rang::Perhaps;
    }
    let by = |hand: &OwnedFd| match address(name) {
        Ok(address) => sendto(hand, b"!", SendFlags::DONTWAIT | SendFlags::NOSIGNAL, &address),
        Err(error) => Err(error),
    };
    let sent = HAND.try_with(|hand| match hand.get() {
        Some(hand) => by(hand),
        None => plain().and_then(|new| by(hand.get_or_init(|| new))),
    });
    // At the end of a thread there is none any more.
    match sent.unwrap_or_else(|_| plain().and_then(|hand| by(&hand))) {
        Err(Errno::CONNREFUSED) => Rang::Nobody,
        // Full is as good as rung. Without descriptors there is nothing to ring by.
        Ok(_) | Err(_) => Rang::Perhaps,
    }
}

fn plain() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)
}

fn address(name: u64) -> Result<SocketAddrUnix, Errno> {
    let mut text = *b"osier-bell-________________";
    for (at, byte) in text.iter_mut().rev().take(16).enumerate() {
        *byte = b"0123456789abcdef"[(name >> (4 * at)) as usize & 15];
    }
    SocketAddrUnix::new_abstract_name(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the kernel's time: there is no hub")]
    fn a_ring_before_the_wait_ends_it_and_one_to_nobody_says_so() {
        let bell = Bell::take().expect("a socket");
        let soon = || Instant::now() + Duration::from_millis(1);
        assert_eq!(ring(bell.name()), Rang::Perhaps);
        let reason = Reason::new("waiting for a ring");
        bell.wait(reason, soon()).expect("it was rung");
        let error = bell.wait(reason, soon()).expect_err("and once only");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let name = bell.name();
        bell.keep();
        assert_eq!(ring(name), Rang::Perhaps);
        drop(Bell::take());
        // Programs that other tests start have copies, until they have begun.
        while ring(name) != Rang::Nobody {
            std::thread::yield_now();
        }
    }
}
