//! What is done before the process ends, or its OS thread stops: what is kept is sent.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use osier_runtime::stay::{Mutex, MutexGuard};
use osier_runtime::{clock, fork, sleep};

use super::core::Core;
use super::road::{Sent, leave_piece, push_along};
use crate::process::{at_exit, current};
use crate::wire::before_stopping;

/// The queues that keep something; they live until it is sent, though nobody may have a handle.
static QUEUES: Mutex<Vec<Arc<Core>>> = Mutex::new(Vec::new());
/// In which process that is seen to, counted from one.
static SEEN_TO: AtomicU32 = AtomicU32::new(0);
/// How long the end of the process waits until there is room for a piece.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const BY_AND_BY: Duration = Duration::from_millis(2);
/// The last of all that is registered: others may still put.
const LAST: i32 = i32::MIN;

fn queues() -> MutexGuard<'static, Vec<Arc<Core>>> {
    QUEUES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has what that queue keeps sent when nobody else would.
pub(super) fn enter(core: &Arc<Core>) {
    let mut queues = queues();
    if !queues.iter().any(|known| Arc::ptr_eq(known, core)) {
        queues.push(core.clone());
    }
    drop(queues);
    let me = fork::generation() + 1;
    if SEEN_TO.swap(me, SeqCst) != me {
        before_stopping(leave_all);
        at_exit(LAST, at_end);
    }
}

/// Forgets those that keep nothing any more.
pub(super) fn sweep() {
    let (some, done): (Vec<_>, Vec<_>) =
        std::mem::take(&mut *queues()).into_iter().partition(|core| core.here().keeps_some());
    queues().extend(some);
    drop(done); // not under the lock
}

/// Those that are this process' and keep something.
fn keepers() -> Vec<Arc<Core>> {
    sweep();
    queues().clone()
}

/// Where no task can send on and this OS thread is about to wait: for somebody, perhaps, who waits for these.
fn leave_all() {
    for core in keepers() {
        let here = core.here();
        if push_along(&core, &here) != Sent::All {
            // If there is no room, it is kept, and sent when there is.
            let _ = leave_piece(&core, &here);
        }
    }
    sweep();
}

fn at_end() {
    let deadline = clock::now() + PATIENCE;
    for core in keepers() {
        let here = core.here();
        if here.abandoned.load(SeqCst) {
            drop(here.take_all());
            continue;
        }
        while push_along(&core, &here) != Sent::All && leave_piece(&core, &here).is_err() {
            if clock::now() >= deadline {
                let lost = here.take_all().len();
                let name = current().name().to_string();
                log::error!("{lost} items of a queue are lost: nobody has got any for a while");
                eprintln!(
                    "Process {name}: {lost} items of a queue are lost: in {PATIENCE:?} nobody has got any"
                );
                break;
            }
            sleep(BY_AND_BY);
        }
    }
}
