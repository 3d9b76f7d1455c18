//! Whether the process takes more memory than it should.

use std::fmt;
use std::fs;
use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What became of the memory of this process; see [`watch_memory`].
///
/// ```
/// use osier::inspect::MemoryEvent;
///
/// let event = MemoryEvent::Over { resident: 3 << 20, limit: 1 << 20 };
/// assert_eq!(event.to_string(), "3.0 MiB are resident, over the limit of 1.0 MiB");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MemoryEvent {
    /// More is resident than the limit, or more than when that was said last; in bytes.
    Over {
        /// What is resident now.
        resident: usize,
        /// The limit.
        limit: usize,
    },
    /// It is back below the limit; in bytes.
    Under {
        /// What is resident now.
        resident: usize,
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for MemoryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, resident, limit) = match self {
            MemoryEvent::Over { resident, limit } => ("over", resident, limit),
            MemoryEvent::Under { resident, limit } => ("back under", resident, limit),
        };
        let mib = |bytes: &usize| *bytes as f64 / f64::from(1 << 20);
        let (resident, limit) = (mib(resident), mib(limit));
        write!(f, "{resident:.1} MiB are resident, {word} the limit of {limit:.1} MiB")
    }
}

/// When an event is due: a state machine that does not measure.
#[derive(Debug)]
struct Level {
    limit: usize,
    /// What was resident when that was said last, while over the limit.
    said: Option<usize>,
}

impl Level {
    fn look(&mut self, resident: usize) -> Option<MemoryEvent> {
        let limit = self.limit;
        if resident > limit {
            let news = self.said.is_none_or(|said| resident > said);
            return news.then(|| {
                self.said = Some(resident);
                MemoryEvent::Over { resident, limit }
            });
        }
        self.said.take().map(|_| MemoryEvent::Under { resident, limit })
    }
}

/// The memory of this process is watched for as long as this is kept.
///
/// Dropped, it waits for its OS thread to end, which takes no longer than a report.
///
/// ```
/// use std::time::Duration;
///
/// let watch = osier::inspect::watch_memory(1 << 40, Duration::from_millis(10), |event| eprintln!("{event}"))?;
/// drop(watch);
/// # std::io::Result::Ok(())
/// ```
#[must_use = "the watch ends when it is dropped"]
pub struct MemoryWatch {
    /// Dropped to stop the thread.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for MemoryWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryWatch").finish_non_exhaustive()
    }
}

/// Calls `report` when this process has more than `limit` bytes resident, and when no more.
///
/// It looks once a `period`, on an OS thread of its own, on which `report` is called: once when the limit is passed, again only if it has
/// grown since it was called last, and once when it has fallen to the limit.
///
/// # Errors
/// `InvalidInput` when the period is zero; when no OS thread can be started; where the system does not say
/// what is resident (`/proc/self/statm`).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::{sync::mpsc, time::Duration};
/// use osier::inspect::{MemoryEvent, watch_memory};
///
/// let (say, said) = mpsc::channel();
/// let _watch = watch_memory(1, Duration::from_millis(1), move |event| drop(say.send(event)))?;
/// assert!(matches!(said.recv(), Ok(MemoryEvent::Over { limit: 1, .. })));
/// # std::io::Result::Ok(())
/// ```
#[expect(clippy::disallowed_methods, reason = "this is an OS thread of its own")]
pub fn watch_memory(
    limit: usize,
    period: Duration,
    mut report: impl FnMut(MemoryEvent) + Send + 'static,
) -> io::Result<MemoryWatch> {
    if period.is_zero() {
        let text = "a period of zero: say how often to look";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    resident()?;
    let (stop, stopped) = mpsc::channel();
    let look = move || {
        let mut level = Level { limit, said: None };
        loop {
            if let Some(event) = resident().ok().and_then(|bytes| level.look(bytes)) {
                report(event);
            }
            if stopped.recv_timeout(period) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("osier-memory".into()).spawn(look)?;
    Ok(MemoryWatch { stop: Some(stop), thread: Some(thread) })
}

/// The bytes that are resident.
fn resident() -> io::Result<usize> {
    let text = fs::read_to_string("/proc/self/statm")?;
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok());
    let pages =
        pages.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "statm: no number"))?;
    Ok(pages * crate::sys::memory::page_size())
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It panics only if `report` does; that has been printed.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_is_said_once_again_when_it_grew_and_under_once_mo_02() {
        let mut level = Level { limit: 100, said: None };
        let over = |resident| Some(MemoryEvent::Over { resident, limit: 100 });
        assert_eq!(level.look(100), None);
        assert_eq!(level.look(101), over(101));
        assert_eq!(level.look(101), None);
        assert_eq!(level.look(110), over(110));
        assert_eq!(level.look(105), None, "less than was said");
        assert_eq!(level.look(110), None);
        assert_eq!(level.look(90), Some(MemoryEvent::Under { resident: 90, limit: 100 }));
        assert_eq!(level.look(80), None);
        assert_eq!(level.look(101), over(101), "a new episode");
    }
}
