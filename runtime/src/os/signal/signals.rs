//! Waiting for some signals.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use super::Signal;
use crate::clock;
use crate::io::{Got, Source, is_readable};
use crate::ready::Ready;
use crate::sys::post::Post;
use crate::task::Reason;
use crate::wait::{Waitable, Watcher, sealed};

const WAITING: Reason = Reason::new("waiting for a signal").outside();

/// Signals that are noted from when this is made until it is dropped.
///
/// ```
/// use osier::signal::{Signal, Signals};
/// use std::process;
///
/// osier::run(|| {
///     let signals = Signals::new([Signal::HUP, Signal::USR1])?;
///     process::Command::new("kill").args(["-HUP", &process::id().to_string()]).status()?;
///     assert_eq!(signals.wait()?, Signal::HUP);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct Signals {
    /// Goes first: nothing is noted any more.
    post: Post,
    source: Source<OwnedFd>,
    ready: Ready,
    wanted: Vec<Signal>,
}

impl Signals {
    /// Begins to note these.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for one that cannot be caught, such as 9 (KILL); when there are no descriptors left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        let mut wanted: Vec<Signal> = signals.into_iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let numbers: Vec<i32> = wanted.iter().map(|signal| signal.number()).collect();
        let post = Post::order(&numbers)?;
        let source = Source::new(post.descriptor()?);
        source.share(); // the letterbox has another
        Ok(Signals { post, source, ready: Ready::new(), wanted })
    }

    /// Waits for the next one.
    ///
    /// # Errors
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another task waits on the same `Signals`: make a second one.
    ///
    /// # Blocking
    /// Switches tasks, unless one has come already. Outside of a task it stops the OS thread.
    pub fn wait(&self) -> io::Result<Signal> {
        self.next(None)
    }

    /// The same, at most that long.
    ///
    /// # Errors
    /// As [`wait`](Signals::wait); [`TimedOut`](io::ErrorKind::TimedOut).
    ///
    /// # Blocking
    /// As [`wait`](Signals::wait).
    pub fn wait_timeout(&self, limit: Duration) -> io::Result<Signal> {
        self.next(clock::now().checked_add(limit))
    }

    /// The same, until then at most.
    ///
    /// # Errors
    /// As [`wait_timeout`](Signals::wait_timeout).
    ///
    /// # Blocking
    /// As [`wait`](Signals::wait).
    pub fn wait_deadline(&self, deadline: Instant) -> io::Result<Signal> {
        self.next(Some(deadline))
    }

    /// The next one, if one has come.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_wait(&self) -> Option<Signal> {
        self.post.take().ok().and_then(Signal::new)
    }

    /// One after the other, without end; an error of [`wait`](Signals::wait) ends it.
    ///
    /// # Blocking
    /// Each step as [`wait`](Signals::wait).
    pub fn iter(&self) -> impl Iterator<Item = Signal> {
        std::iter::from_fn(|| self.wait().ok())
    }

    fn next(&self, deadline: Option<Instant>) -> io::Result<Signal> {
        loop {
            let take = |_: &OwnedFd| Ok(Got { value: self.post.take()?, drained: false });
            let number = self.source.read_for(WAITING, deadline, take)?;
            if let Some(signal) = Signal::new(number) {
                return Ok(signal);
            }
        }
    }

    fn has_some(&self) -> bool {
        is_readable(self.source.get_ref().as_fd()).unwrap_or(true)
    }
}

/// Waits for one of these signals.
///
/// They are noted only meanwhile: to miss none between two waits, keep [`Signals`].
///
/// # Errors
/// As [`Signals::new`].
///
/// # Blocking
/// Switches tasks. Outside of a task it stops the OS thread.
///
/// ```
/// use osier::signal::{self, Signal};
///
/// osier::run(|| {
///     let waiter = osier::spawn(|| signal::wait([Signal::USR2]));
///     osier::yield_now(); // now it waits
///     let me = std::process::id().to_string();
///     std::process::Command::new("kill").args(["-USR2", &me]).status()?;
///     assert_eq!(waiter.join().unwrap()?, Signal::USR2);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn wait(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signal> {
    Signals::new(signals)?.wait()
}

/// Waits for Ctrl-C, or whoever else sends [`Signal::INT`].
///
/// # Errors
/// As [`Signals::new`].
///
/// # Blocking
/// As [`wait`].
///
/// ```no_run
/// osier::run(|| {
///     let server = osier::spawn(|| loop { osier::sleep(std::time::Duration::from_secs(1)) });
///     osier::signal::ctrl_c()?;
///     server.kill();
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn ctrl_c() -> io::Result<()> {
    wait([Signal::INT]).map(|_| ())
}

impl sealed::Sealed for Signals {}

/// Ready when one has come; nothing is taken: that is what [`try_wait`](Signals::try_wait) is for.
impl Waitable for Signals {
    fn is_ready(&self) -> bool {
        self.has_some()
    }

    fn watch(&self, watcher: Watcher) {
        self.ready.watch(self.source.get_ref().as_fd(), self.has_some(), watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.ready.unwatch(watcher);
    }
}

/// Which ones.
impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}
