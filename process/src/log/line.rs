//! The end by which a process below the root sends what it logs.
//!
//! What there is no room for is kept in the backlog, and a task sends it on. If that is full as well, and where no hub runs, the OS thread is stopped until
//! there is room, for a second at most; then records are lost, counted, and nobody waits again until one goes through. So a parent that is slow slows its
//! children down, and one that has stopped costs each of them one second. When nobody is left to receive, records are dropped.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use ::log::{LevelFilter, Record};
use osier_runtime::io::Source;
use osier_runtime::stay::{Mutex, MutexGuard};
use osier_runtime::{Builder, clock, fork, sleep};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::backlog::{Backlog, Entry};
use super::letter::{Author, Letter};
use super::{relay, root};
use crate::wire::{Passed, SendError, try_send_bytes};

/// How long an OS thread waits for room.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a task waits that cannot wait for room.
const BY_AND_BY: Duration = Duration::from_millis(5);

/// None in the root, and where there is none.
static LINE: Mutex<Option<Line>> = Mutex::new(None);

struct Line {
    end: Arc<OwnedFd>,
    /// Which process has begun to use it; until then nothing is sent.
    generation: Option<u32>,
    pid: u32,
    name: Arc<str>,
    backlog: Backlog,
    /// Whether a task sends on what is in the backlog.
    fed: bool,
    /// Whether there was no room for so long that nobody waits for it any more.
    stalled: bool,
    /// Whether nobody is left to receive; the backlog is empty then.
    shut: bool,
}

/// How far things went.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    All,
    Full,
    Shut,
}

/// What has become of a record.
enum Offered {
    /// It was sent, or lost.
    Done,
    /// It is in the backlog.
    Kept,
    /// It is to be offered again when there is room.
    Back(Vec<u8>),
}

fn line() -> MutexGuard<'static, Option<Line>> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives `f` this process' line, if it has one.
fn with<R>(f: impl FnOnce(&mut Line) -> R) -> Option<R> {
    line().as_mut().filter(|line| line.generation == Some(fork::generation())).map(f)
}

/// What a process that begins anew is given.
#[derive(Serialize, Deserialize)]
pub(crate) struct Given {
    end: Passed<OwnedFd>,
    level: usize,
}

/// Before a fork: makes what the child is to have, if this process is the root and has not.
///
/// # Errors
///
/// When there are no descriptors left.
pub(crate) fn prepare() -> io::Result<()> {
    root::writing().map(drop)
}

/// What a process that begins anew is to be given; nothing if nobody wants to hear of it.
///
/// # Errors
///
/// When there are no descriptors left.
pub(crate) fn given() -> io::Result<Option<Given>> {
    let end = match root::writing()? {
        Some(end) => Some(end),
        None => with(|line| line.end.clone()),
    };
    let Some(end) = end else { return Ok(None) };
    let level = ::log::max_level() as usize;
    Ok(Some(Given { end: Passed(end.try_clone()?), level }))
}

/// In a process that has begun anew, before it does anything else.
pub(crate) fn begin_anew(given: Given) {
    let levels = LevelFilter::iter();
    let level = levels.into_iter().find(|level| *level as usize == given.level);
    ::log::set_max_level(level.unwrap_or(LevelFilter::Off));
    relay::forward();
    *line() = Some(Line::new(Arc::new(given.end.0)));
}

/// In a forked child: what is in the backlog is the parent's, and so is the end where records arrive.
pub(crate) fn forget() {
    let parents = line().take().map(|line| line.end);
    *line() = root::give_up().or(parents).map(Line::new);
}

/// From now on this process sends its records, under that name.
pub(crate) fn begin(name: &str) {
    if let Some(line) = line().as_mut() {
        line.name = name.into();
        line.pid = std::process::id();
        line.generation = Some(fork::generation());
    }
}

/// Sends a record, or sees to it that it is sent. It never switches tasks.
pub(super) fn send(record: &Record<'_>) {
    let Some((pid, name)) = with(|line| (line.pid, line.name.clone())) else { return };
    // Not under the lock: this is the caller's code, which may log as well.
    let letter = Letter::of(record, Author { pid, process: &name });
    let mut bytes = letter.encode();
    let in_hub = fork::in_hub();
    let mut until = None;
    loop {
        let offered = with(|line| (line.offer(bytes, in_hub), line.end.clone()));
        match offered {
            None | Some((Offered::Done, _)) => return,
            Some((Offered::Kept, _)) => return see_to(),
            Some((Offered::Back(back), end)) => {
                bytes = back;
                let until = *until.get_or_insert_with(|| clock::now() + PATIENCE);
                if !has_room_by(end.as_fd(), until) {
                    with(|line| line.stalled = true);
                }
            }
        }
    }
}

impl Line {
    fn new(end: Arc<OwnedFd>) -> Line {
        let (name, backlog) = ("".into(), Backlog::default());
        let (fed, stalled, shut) = (false, false, false);
        Line { end, generation: None, pid: 0, name, backlog, fed, stalled, shut }
    }

    /// Sends a record behind those that are kept.
    fn offer(&mut self, record: Vec<u8>, in_hub: bool) -> Offered {
        if self.push_along() == Way::All {
            match self.send(&record) {
                Ok(()) => return Offered::Done,
                Err(SendError::TimedOut) => {}
                Err(_) if self.shut => return Offered::Done,
                Err(_) => {
                    self.backlog.lose();
                    return Offered::Done;
                }
            }
        }
        if self.shut {
            return Offered::Done;
        }
        if self.backlog.has_room() && (in_hub || self.stalled) {
            self.backlog.keep(record);
            return Offered::Kept;
        }
        if !self.stalled {
            return Offered::Back(record);
        }
        self.backlog.lose();
        Offered::Done
    }

    /// Sends what is kept, as far as there is room.
    fn push_along(&mut self) -> Way {
        while !self.shut
            && let Some(first) = self.backlog.first()
        {
            let author = Author { pid: self.pid, process: &self.name };
            let bytes = match first {
                Entry::Record(bytes) => bytes,
                Entry::Lost(count) => &Letter::of_lost(*count, author).encode(),
            };
            match send_now(self.end.as_fd(), bytes) {
                Ok(()) => {
                    self.stalled = false;
                    self.backlog.pop();
                }
                Err(SendError::TimedOut) => return Way::Full,
                Err(SendError::Closed) => self.close(),
                Err(_) => self.backlog.lose_first(),
            }
        }
        if self.shut { Way::Shut } else { Way::All }
    }

    /// Sends a record before which nothing is kept.
    fn send(&mut self, record: &[u8]) -> Result<(), SendError> {
        let sent = send_now(self.end.as_fd(), record);
        match &sent {
            Ok(()) => self.stalled = false,
            Err(SendError::Closed) => self.close(),
            Err(_) => {}
        }
        sent
    }

    fn close(&mut self) {
        self.shut = true;
        self.backlog = Backlog::default();
    }
}

/// Sends bytes if there is room; `TimedOut` also if the kernel has no memory now.
fn send_now(end: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), SendError> {
    let for_now = [Errno::NOBUFS, Errno::NOMEM].map(|errno| Some(errno.raw_os_error()));
    match try_send_bytes(end, bytes) {
        Err(SendError::Io(error)) if for_now.contains(&error.raw_os_error()) => {
            Err(SendError::TimedOut)
        }
        sent => sent,
    }
}

/// Stops the OS thread until there is room; false when the time is over.
fn has_room_by(end: BorrowedFd<'_>, until: Instant) -> bool {
    loop {
        let left = until.saturating_duration_since(clock::now());
        let left = Timespec::try_from(left).unwrap_or_default();
        match poll(&mut [PollFd::new(&end, PollFlags::OUT)], Some(&left)) {
            Ok(ready) => return ready > 0,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Has the backlog sent: by a task if there can be one, else by whoever logs next, or at the end.
fn see_to() {
    if !fork::in_hub() || with(|line| std::mem::replace(&mut line.fed, true)) != Some(false) {
        return;
    }
    let mut feeder = Feeder { through: false };
    let feed = move || feeder.feed();
    let _ = Builder::new().name("osier-log").daemon(true).spawn(feed);
}

/// A task that sends on. If it is killed before it is through, another may do so.
struct Feeder {
    through: bool,
}

impl Feeder {
    fn feed(&mut self) {
        let Some(end) = with(|line| line.end.clone()) else { return };
        let source = Source::new(end);
        source.share();
        while !self.through {
            let full = with(|line| {
                line.fed = line.push_along() == Way::Full;
                line.fed
            });
            self.through = full != Some(true);
            if !self.through && source.wait_writable(None).is_err() {
                sleep(BY_AND_BY);
            }
        }
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        if !self.through {
            with(|line| line.fed = false);
        }
    }
}

/// Sends what is kept, and stops the OS thread for that if need be; how many records are lost when the time is over.
pub(crate) fn flush() -> u64 {
    let until = clock::now() + PATIENCE;
    loop {
        let way = with(|line| (line.push_along(), line.end.clone()));
        let Some((Way::Full, end)) = way else { return 0 };
        if !has_room_by(end.as_fd(), until) {
            return with(|line| line.backlog.records()).unwrap_or(0);
        }
    }
}
