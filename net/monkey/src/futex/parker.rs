//! std's `thread::park`, and what is made of it: mpsc, `thread::scope`, crossbeam-channel.
//!
//! Its token is one word a thread: 0 without one, 1 with one, -1 while somebody waits. A thread waits for one thing at a time; the tasks of a
//! thread do not. The second of them finds -1, makes it -2, and asks for the word again and again without a system call: that
//! cannot be seen here, and stops the thread (a watch names the task, and `thread::park` in its frames). If then somebody unparks the thread, the
//! second has its token and the first is asked to wait for ever. That can be seen: it looks now and then whether the word is
//! still its own, and if it is not, it is said once, and the wait ends as if it had been unparked, which `thread::park` allows for.
//!
//! # Why unsafe
//! The word is std's, inside of the thread's handle; it is given the value that std's `unpark` would give it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, Thread};

use libc::c_long;
use osier_runtime::who;

use super::call::Call;
use super::last;
use super::wait::End;

/// What the word holds while a thread is parked.
const PARKED: u32 = u32::MAX;
/// What it holds when it has been unparked.
const NOTIFIED: u32 = 1;
/// Beyond the handle's inside, counts and all.
const INSIDE: usize = 96;

/// Whether it was said.
static TOLD: AtomicBool = AtomicBool::new(false);

/// Whether that is a wait for this thread's token: the word that std waits for there, inside of this thread's handle.
pub(super) fn is_one(call: &Call) -> bool {
    call.value == PARKED
        && !call.is_shared()
        && here().is_some_and(|handle| is_near(call.word, handle))
}

fn is_near(word: usize, handle: usize) -> bool {
    (handle..handle + INSIDE).contains(&word)
}

/// Where this thread's handle points to.
fn here() -> Option<usize> {
    const { assert!(size_of::<Thread>() == size_of::<usize>()) };
    let handle = thread::current();
    // SAFETY: it is as large as a number, and none of it is padding; that it is a pointer is std's to keep, and if it is none,
    // no word lies near it.
    Some(unsafe { (&raw const handle).cast::<usize>().read() })
}

/// How the wait of a word ends that holds something else by now.
pub(super) fn look(call: &Call) -> End {
    // It has been unparked, and the wake is on its way; or another task has used that up.
    if word(call).load(Ordering::Acquire) == NOTIFIED { End::Woken } else { End::Robbed }
}

fn word(call: &Call) -> &AtomicU32 {
    // SAFETY: it was found to be inside of this thread's handle, where a word is that all write atomically.
    unsafe { AtomicU32::from_ptr(call.word as *mut u32) }
}

/// Ends the wait as if it had been unparked.
#[cold]
pub(super) fn give_token(call: &Call) -> c_long {
    if !TOLD.swap(true, Ordering::Relaxed) {
        let task = who::named().map_or_else(String::new, |(id, name)| match name {
            Some(name) => format!(" {id} '{name}'"),
            None => format!(" {id}"),
        });
        last::warn(format_args!(
            "osier: green thread{task} waits in std's thread::park (or mpsc, thread::scope, crossbeam-channel), and another \
             green thread of the same OS thread has taken its token: a thread has one. Use osier's own channels and scope, \
             or thread::offload."
        ));
    }
    word(call).store(NOTIFIED, Ordering::Release);
    0
}
