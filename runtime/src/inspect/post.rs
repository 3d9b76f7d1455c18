//! Dumps of all hubs when a signal comes.
//!
//! The handler writes to a socket, an OS thread reads that and asks each hub by a message. So a dump
//! is made where a hub looks after messages anyway: nothing is read that a task is in the middle of.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::dump::Dump;
use crate::hub::{Message, all_hubs, expect_hub};
use crate::sys::post::Post;

/// How long a hub has to answer, in all: one that takes longer is busy.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a hub said when it was asked for a dump; see [`dump_on_signal_with`].
///
/// ```
/// use std::{process, sync::mpsc};
/// use osier::inspect;
///
/// let (say, said) = mpsc::channel();
/// osier::run(|| {
///     let _dumps = inspect::dump_on_signal_with(inspect::SIGUSR1, move |hubs| say.send(hubs).unwrap())?;
///     process::Command::new("kill").args(["-USR1", &process::id().to_string()]).status()?;
///     let hubs: Vec<inspect::HubDump> = osier::thread::offload(move || said.recv().unwrap());
///     println!("{}", hubs[0]);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HubDump {
    /// The hub, counted from 1.
    pub hub: u32,
    /// Its tasks; none if it did not answer within a second: then it does not run, or a task holds it up.
    pub dump: Option<Dump>,
}

impl fmt::Display for HubDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.dump {
            Some(dump) => write!(f, "hub {}: {} tasks\n{dump}", self.hub, dump.tasks().len()),
            None => writeln!(f, "hub {}: it does not run, or a task holds it up", self.hub),
        }
    }
}

/// Dumps are made on a signal for as long as this is kept.
///
/// Dropped, it puts back what the process did on that signal before.
///
/// ```
/// let dumps = osier::inspect::dump_on_signal()?;
/// osier::run(|| osier::yield_now());
/// drop(dumps);
/// # std::io::Result::Ok(())
/// ```
#[must_use = "dumps are made as long as this is kept"]
pub struct DumpOnSignal {
    post: Arc<Post>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Goes last.
    _claim: Claim,
}

impl fmt::Debug for DumpOnSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DumpOnSignal").finish_non_exhaustive()
    }
}

/// The signal that is there for users to give a meaning to: that of [`dump_on_signal`].
pub const SIGUSR1: i32 = crate::sys::signal::USR1;

/// Prints the tasks of all hubs of the process on stderr whenever SIGUSR1 comes.
///
/// For a program that hangs: `kill -USR1 PID`. It takes an OS thread, which sleeps. It can be called anywhere.
///
/// # Errors
/// `ResourceBusy` when dumps are made on that signal already; when no OS thread can be started, or there are no descriptors left.
///
/// # Blocking
/// Never switches tasks.
pub fn dump_on_signal() -> io::Result<DumpOnSignal> {
    dump_on_signal_with(SIGUSR1, |hubs| hubs.iter().for_each(|hub| eprint!("osier: {hub}")))
}

/// Calls `report` with the tasks of all hubs whenever that signal comes.
///
/// As [`dump_on_signal`]; it is called on that OS thread.
///
/// # Errors
/// `InvalidInput` when there is no such signal, or it cannot be caught; else as [`dump_on_signal`].
///
/// # Blocking
/// Never switches tasks.
pub fn dump_on_signal_with(
    signal: i32,
    mut report: impl FnMut(Vec<HubDump>) + Send + 'static,
) -> io::Result<DumpOnSignal> {
    let claim = Claim::new(signal)?;
    let post = Arc::new(Post::order(&[signal])?);
    let stop = Arc::new(AtomicBool::new(false));
    let (wait, stopped) = (post.clone(), stop.clone());
    let serve = move || {
        loop {
            wait.wait();
            if stopped.load(Ordering::Acquire) {
                return;
            }
            report(ask_all());
        }
    };
    let thread = thread::Builder::new().name("osier-dump".into()).spawn(serve)?;
    Ok(DumpOnSignal { post, stop, thread: Some(thread), _claim: claim })
}

/// On which signals dumps are made, a bit for each.
static CLAIMED: AtomicU64 = AtomicU64::new(0);

/// The right to make dumps on a signal; two at once would print everything twice.
struct Claim(u64);

impl Claim {
    fn new(signal: i32) -> io::Result<Claim> {
        // What is no signal is refused by who knows them.
        let bit =
            u32::try_from(signal).ok().and_then(|signal| 1_u64.checked_shl(signal.wrapping_sub(1)));
        let bit = bit.unwrap_or(0);
        if CLAIMED.fetch_or(bit, Ordering::AcqRel) & bit != 0 {
            let text = "dumps are made on that signal already";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        Ok(Claim(bit))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.fetch_and(!self.0, Ordering::AcqRel);
    }
}

/// Asks every hub of the process for its tasks.
#[expect(clippy::disallowed_methods, reason = "this is an OS thread of its own")]
fn ask_all() -> Vec<HubDump> {
    let (say, said) = mpsc::channel();
    let mut hubs = Vec::new();
    for (hub, sender) in all_hubs() {
        let say = say.clone();
        let ask = move || {
            // Nobody listens any more if it was too long ago.
            let _ = say.send((hub, expect_hub("a message was read", Dump::of)));
        };
        if sender.send(Message::Call(Box::new(ask))).is_ok() {
            hubs.push(HubDump { hub, dump: None });
        }
    }
    drop(say);
    let until = crate::clock::system() + PATIENCE;
    while hubs.iter().any(|hub| hub.dump.is_none()) {
        let left = until.saturating_duration_since(crate::clock::system());
        let Ok((hub, dump)) = said.recv_timeout(left) else { break };
        hubs.iter_mut().filter(|asked| asked.hub == hub).for_each(|h| h.dump = Some(dump.clone()));
    }
    hubs
}

impl Drop for DumpOnSignal {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.post.ring();
        if let Some(thread) = self.thread.take() {
            // It panics only if `report` does; that has been printed.
            let _ = thread.join();
        }
    }
}
