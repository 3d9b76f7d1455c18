//! Which descriptors of ours a process holds, and which of them a forked child was handed.
//!
//! A fork duplicates every descriptor, and the other end of a pipe sees no end until all duplicates are closed. So each
//! handle of an end has a [`Stake`] in its descriptor. After a fork the parent drops the closure that it gave to the
//! child: the stakes that go with it are what the child was handed. In the child every other descriptor that somebody has a stake in is
//! given up. Its number is not closed, as copies of its owners lie about that were never dropped, and would close a stranger of the
//! same number one day: it is made to mean a socket whose other end is closed, which every use finds at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::PoisonError;

use osier_runtime::stay::{Mutex, MutexGuard};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use crate::sys::descriptor;

/// All stakes of the process.
static STAKES: Mutex<Stakes> = Mutex::new(Stakes { next: 0, held: BTreeMap::new() });

struct Stakes {
    /// The next one's number; none comes twice, in forked children neither.
    next: u64,
    /// Which descriptor each is in.
    held: BTreeMap<u64, RawFd>,
}

fn stakes() -> MutexGuard<'static, Stakes> {
    STAKES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One handle's stake in a descriptor.
///
/// A field of whatever can be handed to a child by moving it into the closure of a fork. Several handles of one descriptor have
/// one each; a child keeps the descriptor if it was handed any of them. It closes nothing: who owns the descriptor does.
///
/// ```
/// use std::os::fd::AsFd;
/// use osier::process::Stake;
///
/// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
/// let stake = Stake::new(near.as_fd()); // dropped before `near` is
/// drop(stake);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Stake(u64);

impl Stake {
    /// A stake in that descriptor; it has to go before the descriptor is closed.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(fd: BorrowedFd<'_>) -> Stake {
        let mut stakes = stakes();
        let number = stakes.next;
        stakes.next += 1;
        stakes.held.insert(number, fd.as_raw_fd());
        Stake(number)
    }
}

impl Drop for Stake {
    fn drop(&mut self) {
        stakes().held.remove(&self.0);
    }
}

/// The numbers of all stakes of the process.
pub(crate) fn staked() -> BTreeSet<u64> {
    stakes().held.keys().copied().collect()
}

/// Gives up every descriptor in which none of these is a stake.
///
/// # Errors
///
/// When there are no descriptors left.
pub(crate) fn give_up_all_but(handed: &[u64]) -> io::Result<()> {
    let mut stakes = stakes();
    let kept: BTreeMap<u64, RawFd> =
        handed.iter().filter_map(|number| Some((*number, *stakes.held.get(number)?))).collect();
    let keep: BTreeSet<RawFd> = kept.values().copied().collect();
    let lost: BTreeSet<RawFd> =
        stakes.held.values().copied().filter(|fd| !keep.contains(fd)).collect();
    stakes.held = kept;
    drop(stakes);
    if lost.is_empty() {
        return Ok(());
    }
    let (ended, far) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    rustix::io::ioctl_fionbio(&ended, true)?;
    drop(far);
    lost.into_iter().try_for_each(|fd| descriptor::replace(fd, ended.as_fd()))
}
