//! Whether a task holds its hub up, seen by an OS thread of its own.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::offender::Sight;
use crate::hub::{Board, Hub, Slices, expect_hub, hub};
use crate::sys::shot;
use crate::trace::Trace;

/// A task has held its hub for longer than the watch allows.
///
/// ```
/// use std::{sync::mpsc, time::Duration};
///
/// let (report, reports) = mpsc::channel();
/// osier::run(|| {
///     let _watch = osier::watch_with(Duration::from_millis(5), move |b| report.send(b).unwrap())?;
///     let blocked = reports.recv().unwrap(); // stops the thread: what it is to be told of
///     assert!(blocked.task.starts_with("1 'main'") && blocked.held > Duration::from_millis(5));
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Blocked {
    /// The task: its number, its name, where it was spawned.
    pub task: String,
    /// For how long it has run without a wait so far.
    pub held: Duration,
    /// Where it is.
    sight: Option<Sight>,
}

impl Blocked {
    /// Where the task was when it was noticed, as far as that can be told; none but on x86-64 Linux.
    ///
    /// Lines with a `?` may be calls that had returned. Names want the feature `symbols`, and take a while: milliseconds, or more the
    /// first time.
    pub fn trace(&self) -> Option<Trace> {
        self.sight.as_ref().map(Sight::trace)
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Blocked { task, held, .. } = self;
        write!(f, "green thread {task}: runs for {held:.1?} without a wait; no other can")?;
        self.trace().iter().try_for_each(|trace| write!(f, "\n{trace}"))
    }
}

/// Watches the hub of this thread for as long as it is kept, or until its run ends.
///
/// See [`watch`]. There can be several. Dropped, it waits for its OS thread to end, which takes no longer than a report.
///
/// ```
/// # use std::time::Duration;
/// osier::run(|| {
///     let watch = osier::watch(Duration::from_millis(100)).unwrap();
///     osier::yield_now();
///     drop(watch);
/// });
/// ```
#[must_use = "the watch ends when it is dropped"]
pub struct Watch {
    /// Dropped to stop the thread.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// What the thread reads.
    board: Arc<Board>,
    /// It belongs to a hub.
    _local: PhantomData<*const ()>,
}

impl Watch {
    /// How long tasks ran between two switches, since this hub is watched: how many, how long.
    ///
    /// The slice that runs is not in it. Several watches at once share one count, and one that is set when there was none
    /// begins anew. What is measured is real time, be the clock virtual or not.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// osier::run(|| {
    ///     let watch = osier::watch(Duration::from_millis(100)).unwrap();
    ///     osier::yield_now(); // the program's work
    ///     print!("{}", watch.slices());
    /// });
    /// ```
    pub fn slices(&self) -> Slices {
        self.board.slices()
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("slices", &self.slices().count()).finish_non_exhaustive()
    }
}

/// Reports on stderr when a task holds this hub longer than `limit`.
///
/// Tasks take turns at waits only, so one that computes, or that calls something that blocks the OS
/// thread, stops them all. An OS thread looks after that, and names the task, once per episode, and where
/// it is: the thread that it holds up is sent SIGURG for that, which interrupts what it sleeps in, as signals do.
/// While there is a watch, a switch costs some 100 ns more, and how long tasks run is counted: [`Watch::slices`].
///
/// # Errors
/// When no OS thread can be started.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let _watch = osier::watch(Duration::from_millis(100))?;
///     osier::sleep(Duration::from_millis(1)); // the program's work
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn watch(limit: Duration) -> io::Result<Watch> {
    watch_with(limit, |blocked| eprintln!("osier: {blocked}"))
}

/// Calls `report` when a task holds this hub longer than `limit`.
///
/// As [`watch`]; it is called on the watching OS thread.
///
/// # Errors
/// When no OS thread can be started.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
pub fn watch_with(
    limit: Duration,
    report: impl FnMut(Blocked) + Send + 'static,
) -> io::Result<Watch> {
    shot::load()?;
    let board = expect_hub("a watch was set", Hub::write_up);
    let (stop, stopped) = mpsc::channel();
    let reader = board.clone();
    let look = move || look_after(&reader, limit, &stopped, report);
    let thread = thread::Builder::new().name("osier-watch".into()).spawn(look);
    let thread = thread.inspect_err(|_| {
        hub(|hub| {
            hub.into_iter().for_each(|hub| hub.stop_writing(&board));
        })
    })?;
    Ok(Watch { stop: Some(stop), thread: Some(thread), board, _local: PhantomData })
}

/// Looks at the board four times per `limit`, until it is told to stop.
#[expect(clippy::disallowed_methods, reason = "this is an OS thread of its own")]
fn look_after(
    board: &Board,
    limit: Duration,
    stopped: &mpsc::Receiver<()>,
    mut report: impl FnMut(Blocked),
) {
    let mut reported = 0;
    let pause = (limit / 4).max(Duration::from_millis(1));
    while stopped.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
        let running = board.read();
        let held = running.since.map_or(Duration::ZERO, |since| since.elapsed());
        if held > limit && running.entry != reported {
            reported = running.entry;
            let sight = shot::take(running.thread).map(|shot| Sight::of(&shot));
            report(Blocked { task: running.task, held, sight });
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        hub(|hub| hub.into_iter().for_each(|hub| hub.stop_writing(&self.board)));
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It panics only if `report` does; that has been printed.
            let _ = thread.join();
        }
    }
}
