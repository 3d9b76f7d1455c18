//! A call that has said it would block: whether it may wait in the hub, for how long, and how that ended.
//!
//! Asked after each `EAGAIN`. What the user has set on the descriptor holds: `O_NONBLOCK` gives him his `EAGAIN`,
//! `SO_RCVTIMEO` and `SO_SNDTIMEO` end the wait. Nothing of that is known in advance, as there is no table of descriptors; so it
//! is asked when about to wait. The time-out only if one was ever set through libc; else after the
//! first 100 ms of waiting, for one that came in by another way (inherited, or set by a system call).
//!
//! # Why unsafe
//! It asks the kernel about descriptors by number.

use std::ffi::c_int;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::foreign::{self, Met};

use crate::errno::{Answer, Kept};
use crate::gate;
use crate::options;
use crate::real::kernel;

/// After that long it is asked for a time-out that nobody has seen being set.
const UNSEEN: Duration = Duration::from_millis(100);
/// So many calls in a row find nothing where something was reported, before there is a pause.
pub(crate) const VAIN: u32 = 3;
/// That pause.
pub(crate) const PAUSE: Duration = Duration::from_millis(1);

/// Which descriptors never switch: std has a lock with a borrow over its writes to them.
pub(crate) fn is_standard(fd: RawFd) -> bool {
    (0..=2).contains(&fd)
}

/// What a call is to do that would block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// Try again.
    Again,
    /// Wait in the kernel: no task can wait here.
    Block,
    /// Fail with that error.
    Fail(c_int),
}

/// How long one call waits for one descriptor.
pub(crate) struct Patience {
    fd: RawFd,
    /// What it waits for, as `epoll_ctl(2)` has it.
    events: u32,
    /// The option of the socket that limits it; none for other files.
    option: Option<c_int>,
    /// What it fails with when its time is over.
    late: c_int,
    /// When it began to wait; none: it has not.
    began: Option<Instant>,
    /// Until when it waits, as far as the socket is concerned and that is known.
    deadline: Option<Instant>,
    /// Until when it waits, as the call itself says.
    own: Option<Instant>,
    /// Whether that was asked for.
    asked: bool,
    /// How many calls in a row have found nothing.
    vain: u32,
}

impl Patience {
    fn new(fd: RawFd, events: c_int, option: Option<c_int>) -> Patience {
        Patience {
            fd,
            events: events as u32,
            option,
            late: libc::EAGAIN,
            began: None,
            deadline: None,
            own: None,
            asked: option.is_none(),
            vain: 0,
        }
    }

    /// For a socket that is read from, or accepts.
    pub(crate) fn to_receive(fd: RawFd) -> Patience {
        Patience::new(fd, libc::EPOLLIN, Some(libc::SO_RCVTIMEO))
    }

    /// For a socket that is written to.
    pub(crate) fn to_send(fd: RawFd) -> Patience {
        Patience::new(fd, libc::EPOLLOUT, Some(libc::SO_SNDTIMEO))
    }

    /// For a socket that connects: when that takes too long, it goes on.
    pub(crate) fn to_connect(fd: RawFd) -> Patience {
        Patience { late: libc::EINPROGRESS, ..Patience::to_send(fd) }
    }

    /// For a pipe and the like.
    pub(crate) fn to_read(fd: RawFd) -> Patience {
        Patience::new(fd, libc::EPOLLIN, None)
    }

    /// For a pipe and the like.
    pub(crate) fn to_write(fd: RawFd) -> Patience {
        Patience::new(fd, libc::EPOLLOUT, None)
    }

    /// Waits after a call has said that it would block.
    pub(crate) fn wait(&mut self) -> Turn {
        match self.begin() {
            Some(turn) => turn,
            None => self.go_on(),
        }
    }

    /// Waits a moment, for what does not report that it is ready.
    pub(crate) fn nap(&mut self) -> Turn {
        if let Some(turn) = self.begin() {
            return turn;
        }
        self.ask();
        let _kept = Kept::here();
        if self.is_over() {
            return Turn::Fail(self.late);
        }
        let next = clock::deadline(PAUSE).into_iter().chain(self.until()).min();
        match foreign::sleep(next) {
            Met::Cancelled => Turn::Fail(libc::ECANCELED),
            _ => Turn::Again,
        }
    }

    /// Where the wait begins: what is to be done instead, if it may not.
    fn begin(&mut self) -> Option<Turn> {
        if is_standard(self.fd) || !gate::may_wait() {
            return Some(Turn::Block);
        }
        if self.began.is_some() {
            return None;
        }
        match is_nonblocking(self.fd) {
            Ok(true) => return Some(Turn::Fail(libc::EAGAIN)),
            Err(error) => return Some(Turn::Fail(error)),
            Ok(false) => {}
        }
        self.begin_anyway();
        None
    }

    /// Says that the wait begins, with a descriptor that the caller has seen to block.
    pub(crate) fn begin_anyway(&mut self) {
        self.began = Some(clock::now());
        if options::were_limits_set() {
            self.ask();
        }
    }

    fn go_on(&mut self) -> Turn {
        self.vain += 1;
        if self.vain > VAIN {
            if ready_now(self.fd, self.events as i16) != 0 {
                return self.nap();
            }
            self.vain = 0; // others were faster, so far
        }
        let _kept = Kept::here();
        loop {
            let unseen = self.began.filter(|_| !self.asked).map(|began| began + UNSEEN);
            let until = unseen.into_iter().chain(self.until()).min();
            match foreign::wait(&[(self.fd, self.events)], until) {
                Met::Ready => return Turn::Again,
                Met::Cancelled => return Turn::Fail(libc::ECANCELED),
                Met::Gone => return Turn::Fail(libc::EBADF),
                Met::TimedOut => {
                    self.ask();
                    if self.is_over() {
                        return Turn::Fail(self.late);
                    }
                }
            }
        }
    }

    /// Sets until when it waits, whatever the socket says.
    pub(crate) fn end_by(&mut self, deadline: Option<Instant>) {
        self.own = deadline;
    }

    /// Notes that a call has brought something.
    pub(crate) fn refresh(&mut self) {
        self.vain = 0;
    }

    fn until(&self) -> Option<Instant> {
        self.deadline.into_iter().chain(self.own).min()
    }

    fn is_over(&self) -> bool {
        self.until().is_some_and(|at| at <= clock::now())
    }

    /// Asks the kernel how long the user has it wait.
    fn ask(&mut self) {
        if let (false, Some(option), Some(began)) = (self.asked, self.option, self.began) {
            self.deadline = limit(self.fd, option).and_then(|limit| began.checked_add(limit));
        }
        self.asked = true;
    }
}

/// Whether the user has said that calls shall not block.
pub(crate) fn is_nonblocking(fd: RawFd) -> Answer<bool> {
    Ok(flags(fd)? & libc::O_NONBLOCK != 0)
}

/// The flags of an open file.
pub(crate) fn flags(fd: RawFd) -> Answer<c_int> {
    // SAFETY: a question.
    unsafe { kernel!(SYS_fcntl, fd, libc::F_GETFL) }.map(|flags| flags as c_int)
}

/// How long calls on the socket wait; none: for ever.
fn limit(fd: RawFd, option: c_int) -> Option<Duration> {
    let mut limit = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let mut length = size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: the kernel writes so many bytes at most, and how many.
    let asked = unsafe {
        kernel!(SYS_getsockopt, fd, libc::SOL_SOCKET, option, &raw mut limit, &raw mut length)
    };
    let limit = Duration::new(limit.tv_sec as u64, limit.tv_usec as u32 * 1000);
    (asked.is_ok() && !limit.is_zero()).then_some(limit)
}

/// Which of these events a descriptor has now, as `poll(2)` has them; an error counts as all.
pub(crate) fn ready_now(fd: RawFd, events: i16) -> i16 {
    let mut asked = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: the kernel writes to the one structure that it is given.
    match unsafe { kernel!(SYS_poll, &raw mut asked, 1_usize, 0) } {
        Ok(0) | Err(libc::EINTR) => 0,
        Ok(_) => asked.revents,
        Err(_) => events,
    }
}
