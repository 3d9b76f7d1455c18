//! What happens at the end of any process.

use std::fmt::Display;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::stay::{Mutex, MutexGuard};
use rustix::process::Signal;

use super::{family, identity};
use crate::log;
use crate::sys::fork::{self as sys, exit_now};

/// How long daemons have to end by themselves.
const GRACE: Duration = Duration::from_secs(1);

/// What the body of a process can come to.
///
/// ```
/// use osier::process::Exit;
///
/// assert_eq!(().exit_code(), 0);
/// assert_eq!(3.exit_code(), 3);
/// assert_eq!(Err::<(), _>("no such file").exit_code(), 1); // and says so on stderr
/// assert_eq!(Err::<(), _>("no such file").failure().unwrap(), "no such file");
/// ```
pub trait Exit {
    /// The code that the process ends with.
    fn exit_code(self) -> i32;

    /// What is wrong, if something is: what a pool is told whose initializer came to this.
    ///
    /// The text of an error; of anything else, that it ended with a code that is not 0.
    fn failure(self) -> Option<String>
    where
        Self: Sized,
    {
        match self.exit_code() {
            0 => None,
            code => Some(format!("it ended with code {code}")),
        }
    }
}

impl Exit for () {
    fn exit_code(self) -> i32 {
        0
    }
}

/// It is the code; of a number out of range the system takes the lowest eight bits.
impl Exit for i32 {
    fn exit_code(self) -> i32 {
        self
    }
}

/// An error is printed, behind the process' name, and the code is 1.
impl<T: Exit, E: Display> Exit for Result<T, E> {
    fn exit_code(self) -> i32 {
        match self {
            Ok(value) => value.exit_code(),
            Err(error) => {
                say(format_args!("{error}"));
                1
            }
        }
    }

    fn failure(self) -> Option<String> {
        match self {
            Ok(value) => value.failure(),
            Err(error) => Some(error.to_string()),
        }
    }
}

/// Prints something behind the process' name; there may be nobody to read it.
pub(super) fn say(what: std::fmt::Arguments<'_>) {
    let name = identity::with(|me| me.name.clone());
    let _ = writeln!(io::stderr(), "Process {name}: {what}");
}

struct Hook {
    number: u64,
    priority: i32,
    f: Box<dyn FnOnce() + Send>,
}

/// What is to be called at the end, in order of registration.
static HOOKS: Mutex<Vec<Hook>> = Mutex::new(Vec::new());
/// The next one's number; none comes twice, in forked children neither.
static NEXT: AtomicU64 = AtomicU64::new(0);
/// Whether the system calls `finish` at the exit of this process; copies have that from their parents.
static ARMED: AtomicBool = AtomicBool::new(false);

fn hooks() -> MutexGuard<'static, Vec<Hook>> {
    HOOKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `f` at the end of this process: higher priorities first, of equal ones the last registered.
///
/// At the end of the main task's body in a child, so that it may wait as tasks do; otherwise at the process' exit, before children are waited for.
/// Once, and not when the process is killed by a signal, nor in forked children. A panic in it is reported, and the others are called.
/// What is given can call it before, or cancel it; dropped, it does nothing.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::process::at_exit(0, || println!("bye"));
/// ```
pub fn at_exit(priority: i32, f: impl FnOnce() + Send + 'static) -> AtExit {
    arm();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    hooks().push(Hook { number, priority, f: Box::new(f) });
    AtExit(number)
}

/// What was registered by [`at_exit`]: Python's `Finalize`.
///
/// As a field of a type whose destructor calls it, it makes sure that something is done once: at the end of the value, or of the process if that
/// comes first, when no destructors run.
///
/// ```
/// use osier::process::at_exit;
///
/// let bye = at_exit(0, || println!("bye"));
/// assert!(bye.is_pending());
/// assert!(bye.call()); // bye
/// assert!(!bye.is_pending() && !bye.cancel());
/// ```
#[derive(Debug)]
pub struct AtExit(u64);

impl AtExit {
    /// Calls it now, and not at the end; false if it was called or cancelled.
    ///
    /// Also in a forked child, where nothing that its parent has registered is pending.
    ///
    /// # Blocking
    /// Switches tasks if it does.
    pub fn call(&self) -> bool {
        self.take().map(|hook| (hook.f)()).is_some()
    }

    /// Has it not called any more, and drops it; false if it was called or cancelled.
    ///
    /// # Blocking
    /// Never switches tasks, unless a destructor of what it has captured does.
    pub fn cancel(&self) -> bool {
        self.take().is_some()
    }

    /// Whether it is still to be called.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_pending(&self) -> bool {
        hooks().iter().any(|hook| hook.number == self.0)
    }

    fn take(&self) -> Option<Hook> {
        let mut hooks = hooks();
        let place = hooks.iter().position(|hook| hook.number == self.0)?;
        Some(hooks.remove(place))
    }
}

/// In a forked child: these are the parent's.
pub(super) fn forget_hooks() {
    std::mem::take(&mut *hooks()).into_iter().for_each(std::mem::forget);
}

/// Has the end of this process seen to.
pub(super) fn arm() {
    if !ARMED.swap(true, Ordering::Relaxed) {
        sys::at_exit(on_exit);
    }
}

extern "C" fn on_exit() {
    // A panic must not get out of here.
    let _ = catch_unwind(finish);
}

/// Calls what is registered, those that come meanwhile as well.
pub(super) fn call_hooks() {
    loop {
        let mut hooks = hooks();
        let next = (0..hooks.len()).max_by_key(|at| (hooks[*at].priority, *at));
        let Some(hook) = next.map(|at| hooks.remove(at)) else { return };
        drop(hooks);
        // What is said of it the panic hook has said.
        let _ = catch_unwind(AssertUnwindSafe(hook.f));
    }
}

/// The end: hooks, daemons, children, what was written.
pub(super) fn finish() {
    call_hooks();
    end_daemons(clock::now() + GRACE);
    family::living().iter().for_each(|child| _ = child.wait(None));
    let _ = io::stdout().flush();
    end_log();
}

/// What was logged here is sent, what children have logged is delivered.
fn end_log() {
    log::deliver_all();
    let lost = log::flush();
    if lost > 0 {
        say(format_args!("{lost} log records are lost: the parent does not take them"));
    }
}

fn end_daemons(patience: Instant) {
    let daemons = || family::living().into_iter().filter(|child| child.daemon);
    daemons().for_each(|child| _ = child.signal(Signal::TERM));
    for child in daemons() {
        if child.wait(Some(patience)).is_none() {
            let _ = child.signal(Signal::KILL);
            child.wait(None);
        }
    }
}

/// Ends this process with that code: `sys.exit` of Python.
///
/// What is registered is called, daemons are ended, children waited for, and stdout is flushed; destructors of what is on stacks do not run.
///
/// # Blocking
/// Switches tasks while it waits; never returns.
pub fn exit(code: i32) -> ! {
    if super::parent::parent().is_none() {
        call_hooks();
        std::process::exit(code)
    }
    finish();
    exit_now(code)
}
