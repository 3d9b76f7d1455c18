//! What happens at the end of any process.

use std::fmt::Display;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use osier_runtime::clock;
use rustix::process::Signal;

use super::{family, identity};
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
    priority: i32,
    f: Box<dyn FnOnce() + Send>,
}

/// What is to be called at the end, in order of registration.
static HOOKS: Mutex<Vec<Hook>> = Mutex::new(Vec::new());
/// Whether the system calls `finish` at the exit of this process; copies have that from their parents.
static ARMED: AtomicBool = AtomicBool::new(false);

fn hooks() -> MutexGuard<'static, Vec<Hook>> {
    HOOKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `f` at the end of this process: higher priorities first, of equal ones the last registered.
///
/// At the end of the main task's body in a child, so that it may wait as tasks do; otherwise at the process' exit, before children are waited for.
/// Not when the process is killed by a signal, nor in forked children. A panic in it is reported, and the others are called.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::process::at_exit(0, || println!("bye"));
/// ```
pub fn at_exit(priority: i32, f: impl FnOnce() + Send + 'static) {
    arm();
    hooks().push(Hook { priority, f: Box::new(f) });
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
