//! Tasks that a signal starts.

use std::fmt;
use std::io;
use std::rc::Rc;

use super::{Signal, Signals};
use crate::spawn::{Builder, Task};

/// Calls `f` in a task of its own whenever one of these signals comes, for as long as what this gives is kept.
///
/// The run does not wait for signals, but for those tasks. A panic in one is reported as that of any task
/// that nobody joins, and the next signal is answered all the same.
///
/// # Errors
/// As [`Signals::new`]; when there is no memory for a task.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use osier::signal::{self, Signal};
///
/// osier::run(|| {
///     let seen = std::rc::Rc::new(osier::sync::Event::new());
///     let told = seen.clone();
///     let handler = signal::on([Signal::HUP], move |_| told.set())?;
///     let me = std::process::id().to_string();
///     std::process::Command::new("kill").args(["-HUP", &me]).status()?;
///     seen.wait();
///     drop(handler);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn on(
    signals: impl IntoIterator<Item = Signal>,
    f: impl Fn(Signal) + 'static,
) -> io::Result<Handler> {
    let signals = Signals::new(signals)?;
    let f = Rc::new(f);
    let answer = move || {
        for signal in signals.iter() {
            let f = f.clone();
            // Not a daemon, as this one is: it is finished before the run ends.
            let task = Builder::new().daemon(false).spawn(move || f(signal));
            if let Err(error) = task {
                log::error!("{signal} goes unanswered: {error}");
            }
        }
    };
    let task = Builder::new().name("osier-signals").daemon(true).spawn(answer)?;
    Ok(Handler { task: task.task() })
}

/// Answers signals until it is dropped; see [`on`].
#[must_use = "signals are answered as long as this is kept"]
pub struct Handler {
    task: Task,
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.task.kill();
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}
