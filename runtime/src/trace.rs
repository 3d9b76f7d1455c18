//! Where a piece of code was: functions and places, the innermost first.
//!
//! Made from what std can tell of a backtrace, which is its text. Frames of ours and of std at either end
//! are left out: how a wait works inside is not what a user looks for.

use std::backtrace::Backtrace;
use std::fmt;

/// One function of a [`Trace`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// Its name.
    pub function: String,
    /// File, line and column, where there is debug information.
    pub place: Option<String>,
}

/// Where a task was, the innermost call first; see [`TaskInfo::waits_at`](crate::inspect::TaskInfo::waits_at).
///
/// Printed, it is a line a frame. Without debug information in the program there are names only, and none if those
/// were stripped, too.
///
/// ```
/// use osier::inspect::{self, Tracking};
///
/// fn take_a_nap() {
///     osier::sleep(std::time::Duration::from_millis(1));
/// }
///
/// osier::run(|| {
///     inspect::track(Tracking::Waits);
///     let task = osier::spawn(take_a_nap);
///     osier::yield_now();
///     let seen = inspect::tasks().into_iter().find(|seen| seen.id == task.id()).unwrap();
///     println!("it waits in\n{}", seen.waits_at().unwrap());
/// });
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    frames: Vec<Frame>,
}

impl Trace {
    /// What a backtrace that was taken in a task tells of the user's code.
    pub(crate) fn of(backtrace: &Backtrace) -> Trace {
        Trace::new(parse(&backtrace.to_string()))
    }

    /// Leaves out what is ours or std's at either end, and all below the task's first frame.
    pub(crate) fn new(mut frames: Vec<Frame>) -> Trace {
        let bottom = frames.iter().position(|frame| frame.function.contains("::hub::bottom::"));
        frames.truncate(bottom.unwrap_or(frames.len()));
        let last = frames.iter().rposition(|frame| !is_inside(&frame.function));
        frames.truncate(last.map_or(0, |last| last + 1));
        let first = frames.iter().position(|frame| !is_inside(&frame.function));
        frames.drain(..first.unwrap_or(0));
        Trace { frames }
    }

    /// The frames, the innermost first.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }
}

/// Whether a function is ours or std's.
fn is_inside(function: &str) -> bool {
    let name = function.trim_start_matches(['<', '&', '_']);
    let roots = ["osier_runtime::", "std::", "core::", "alloc::", "corosensei::", "rust_"];
    roots.iter().any(|root| name.starts_with(root))
}

/// Reads std's text: a line with number and name, then perhaps one with the place.
fn parse(text: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if let Some(place) = line.strip_prefix("at ") {
            frames.iter_mut().last().into_iter().for_each(|frame| frame.place = Some(place.into()));
        } else if let Some((number, function)) = line.split_once(": ")
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            frames.push(Frame { function: function.into(), place: None });
        }
    }
    frames
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Frame { function, place }) in self.frames.iter().enumerate() {
            let line = if i == 0 { "" } else { "\n" };
            write!(f, "{line}      in {function}")?;
            place.iter().try_for_each(|place| write!(f, ", {place}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_users_is_left_out() {
        let text = "   0: std::backtrace::Backtrace::create
             at /rustc/library/std/src/backtrace.rs:331:13
   1: osier_runtime::park::park
   2: <osier_runtime::time::Nap as core::ops::Drop>::drop
   3: app::nap
             at ./src/main.rs:7:5
   4: core::iter::Iterator::for_each
   5: app::main::{{closure}}
             at ./src/main.rs:9:5
   6: std::panicking::catch_unwind
   7: <osier_runtime::hub::bottom::Bottom as osier_runtime::coroutine::Body>::run
   8: app::main
";
        let trace = Trace::new(parse(text));
        let names: Vec<&str> = trace.frames().iter().map(|frame| &*frame.function).collect();
        assert_eq!(names, ["app::nap", "core::iter::Iterator::for_each", "app::main::{{closure}}"]);
        let first = trace.to_string().lines().next().map(str::to_owned);
        assert_eq!(first.as_deref(), Some("      in app::nap, ./src/main.rs:7:5"));
    }

    #[test]
    fn what_is_no_backtrace_is_none() {
        assert_eq!(Trace::new(parse("disabled backtrace")).frames(), []);
        assert_eq!(Trace::new(parse("")).to_string(), "");
    }
}
