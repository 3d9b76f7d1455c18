//! A task waits for a word.
//!
//! It is a wait that nothing but a wake and its own time ends: std takes any other end for a wake, and asks for the word again at once. So
//! a task that is killed, or whose time is up, goes on waiting, and unwinds at its next native wait. It is not told so even once: a wake
//! for nothing helps nobody here, as what called is std, and not the code that would look around.
//!
//! # Why unsafe
//! The word is read through the caller's pointer. A node on this stack is entered in the table.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use libc::{EAGAIN, EFAULT, EINVAL, ETIMEDOUT, c_long};
use osier_runtime::beneath::{self, Beneath, Ears, From};
use osier_runtime::{Reason, Wake, clock};

use super::call::Call;
use super::gate;
use super::last;
use super::limit::{Limit, error};
use super::node::Node;
use super::parker;
use super::table;
use crate::errno::keeping;

const REASON: Reason = Reason::new("waiting for a std lock (futex)");
const SHARED: Reason = Reason::new("waiting for a futex that processes share").outside();

/// How long a wait for a word that other processes may have goes on without a wake. They wake by the kernel, which knows nothing of tasks.
const SHARED_LOOK: Duration = Duration::from_millis(8);
/// How often a wait in std's `thread::park` looks whether its token was taken by another task.
const PARKER_LOOK: Duration = Duration::from_millis(50);

/// A call to wait.
pub(super) struct Wait {
    call: Call,
    /// Which wakes it hears.
    bits: u32,
    /// Whether its time counts from now.
    is_relative: bool,
}

impl Wait {
    /// `FUTEX_WAIT`.
    pub(super) fn relative(call: Call) -> Wait {
        Wait { call, bits: u32::MAX, is_relative: true }
    }

    /// `FUTEX_WAIT_BITSET`.
    pub(super) fn absolute(call: Call) -> Wait {
        Wait { call, bits: call.last, is_relative: false }
    }

    /// Whether the word holds what was said.
    ///
    /// # Safety
    /// As the call.
    unsafe fn still_holds(&self) -> bool {
        // SAFETY: it is a word at a place that is right for one, as was checked, and all that write there at once do so atomically.
        let word = unsafe { AtomicU32::from_ptr(self.call.word as *mut u32) };
        word.load(Ordering::SeqCst) == self.call.value
    }

    /// Until when.
    ///
    /// # Safety
    /// As the call.
    unsafe fn limit(&self) -> Result<Option<Limit>, libc::c_int> {
        let calendar = self.call.operation & libc::FUTEX_CLOCK_REALTIME != 0;
        // SAFETY: the caller's promise.
        unsafe { Limit::read(self.call.fourth, self.is_relative, calendar) }
    }
}

/// `FUTEX_WAIT` and `FUTEX_WAIT_BITSET`; in the kernel, unless this is a place for a task to wait.
///
/// # Safety
/// As the call.
pub(super) unsafe fn wait(wait: &Wait) -> c_long {
    // SAFETY: the caller's promise.
    unsafe {
        match gate::enter(Ears::Shut) {
            Some(beneath) => keeping(|| wait_in_task(wait, &beneath)),
            None => wait.call.forward(),
        }
    }
}

/// # Safety
/// As the call.
unsafe fn wait_in_task(wait: &Wait, beneath: &Beneath) -> c_long {
    if !wait.call.word.is_multiple_of(align_of::<u32>()) || wait.bits == 0 {
        return error(EINVAL);
    }
    if wait.call.word == 0 {
        return error(EFAULT);
    }
    // SAFETY: the caller's promise.
    let limit = match unsafe { wait.limit() } {
        Ok(limit) => limit,
        Err(number) => return error(number),
    };
    let parker = parker::is_one(&wait.call);
    let node = pin!(Node::new(wait.call.key(), wait.bits, beneath.unparker()));
    // SAFETY: it is pinned here, and left below before it goes. For the word, the caller's promise.
    match unsafe { table::enter(&node, || wait.still_holds()) } {
        Some(true) => {}
        Some(false) => return error(EAGAIN),
        // SAFETY: the caller's promise.
        None => return unsafe { wait.call.forward() },
    }
    let end = stay(wait, &node, beneath, limit, parker);
    if table::leave(&node) {
        return 0;
    }
    match end {
        End::Woken => 0,
        End::TimedOut => error(ETIMEDOUT),
        End::Robbed => parker::give_token(&wait.call),
        End::Doomed => end_with_verdict(),
    }
}

/// How it went, if nobody has woken the node.
pub(super) enum End {
    /// For nothing, which is allowed.
    Woken,
    TimedOut,
    /// Another task of this thread has used up what it waits for.
    Robbed,
    /// No task can ever go on, and this one would be told.
    Doomed,
}

/// Parks until the node is woken, or there is something else to be done.
fn stay(wait: &Wait, node: &Node, beneath: &Beneath, limit: Option<Limit>, parker: bool) -> End {
    let shared = wait.call.is_shared();
    let (reason, from) = if shared { (SHARED, From::Told) } else { (REASON, From::AnyThread) };
    let look = if shared { Some(SHARED_LOOK) } else { parker.then_some(PARKER_LOOK) };
    loop {
        if limit.is_some_and(|limit| limit.is_over()) {
            return End::TimedOut;
        }
        let wake = beneath.park(reason, next(limit, look), from);
        if table::is_woken(node) {
            return End::Woken;
        }
        match wake {
            Wake::Killed => return End::Doomed,
            // By an earlier wait's wake, which came late.
            Wake::Woken | Wake::Refused => return End::Woken,
            Wake::TimedOut if shared => return End::Woken,
            // SAFETY: the word was read before, and whoever waits for it keeps it.
            Wake::TimedOut if parker && !unsafe { wait.still_holds() } => {
                return parker::look(&wait.call);
            }
            Wake::TimedOut => {}
        }
    }
}

/// When the wait ends, or something has to be looked at.
fn next(limit: Option<Limit>, look: Option<Duration>) -> Option<Instant> {
    let look = look.and_then(|look| clock::now().checked_add(look));
    let limit = limit.and_then(|limit| limit.next_look());
    [look, limit].into_iter().flatten().min()
}

/// A deadlock, found while the main task waits for a lock of std's: that cannot be told, nor unwound.
#[cold]
fn end_with_verdict() -> ! {
    match beneath::verdict() {
        Some(verdict) => last::words(format_args!(
            "osier: {verdict}\nThe main task waits for a std lock, whose wait cannot end without it: the process is aborted."
        )),
        None => last::words(format_args!("osier: a wait for a std lock was ended by nobody")),
    }
}
