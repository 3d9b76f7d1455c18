//! Who waits for which word: all tasks of all hubs of the process.
//!
//! # Why unsafe
//! What is entered is a pointer to a task's stack. libc is to call functions at a fork.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use osier_runtime::{RemoteUnparker, beneath};

use super::node::Node;
use super::shard::Shard;

/// As many as there are bits to choose by.
const SHARDS: usize = 1 << BITS;
const BITS: u32 = 6;

static TABLE: [Shard; SHARDS] = [const { Shard::new() }; SHARDS];

/// Whether a fork is prepared for.
static FORKS: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether a wake found its own thread in the middle of the table, and has woken nobody.
    static MISSED: Cell<bool> = const { Cell::new(false) };
    /// Whether this thread has taken all lines, as it forks.
    static TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// Where those stand who wait for that word.
#[inline]
pub(super) fn shard(key: usize) -> &'static Shard {
    // Fibonacci hashing: neighbours are spread, and it is one multiplication. The lowest bits are the same for all.
    let hash = (key >> 2 ^ key << 61).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    &TABLE[hash >> (usize::BITS - BITS)]
}

/// Puts a node in its line if `still` holds there; a wake that comes after that finds it.
///
/// None where the line cannot be had, in a signal's handler.
///
/// # Safety
/// The node stays where it is until [`leave`] has been called for it.
pub(super) unsafe fn enter(node: &Node, still: impl FnOnce() -> bool) -> Option<bool> {
    prepare_for_forks();
    let shard = shard(node.key());
    shard.announce();
    let entered = shard.with(|line| {
        let still = still();
        if still {
            // SAFETY: it was in no line, as it is new, and it stays until `leave`.
            unsafe { line.enter(node) };
        }
        still
    });
    if entered != Some(true) {
        shard.retract(1);
    }
    catch_up();
    entered
}

/// Whether somebody has woken it.
pub(super) fn is_woken(node: &Node) -> bool {
    let woken = shard(node.key()).with(|_| !node.is_inside());
    catch_up();
    // A node is looked at by its own task, in no signal's handler.
    woken.unwrap_or(false)
}

/// Takes it out; whether somebody has woken it.
pub(super) fn leave(node: &Node) -> bool {
    let shard = shard(node.key());
    let woken = shard.with(|line| {
        let inside = node.is_inside();
        if inside {
            // SAFETY: that is where it was entered.
            unsafe { line.leave(node) };
            shard.retract(1);
        }
        !inside
    });
    catch_up();
    woken.unwrap_or(false)
}

/// How many are taken out at a time.
const BATCH: usize = 16;

/// Wakes up to `most` that wait for that word now and hear one of the bits, in the order they came; how many.
pub(super) fn wake(key: usize, bits: u32, most: u32) -> u32 {
    let shard = shard(key);
    let mut woken = 0;
    // Whoever comes to wait while others are woken is not meant.
    let mut until = None;
    while woken < most {
        let mut batch = [const { None }; BATCH];
        let wanted = BATCH.min((most - woken) as usize);
        let taken = shard.with(|line| {
            let until = *until.get_or_insert(line.count());
            let taken = fill(&mut batch[..wanted], || line.take(key, bits, until));
            shard.retract(taken as u32);
            taken
        });
        let Some(taken) = taken else {
            MISSED.set(true);
            return woken;
        };
        // Nothing is held any more: to wake may allocate, and what does that may come here again.
        woken += rouse(&mut batch);
        if taken < wanted {
            break;
        }
    }
    catch_up();
    woken
}

fn fill(
    batch: &mut [Option<RemoteUnparker>],
    mut next: impl FnMut() -> Option<RemoteUnparker>,
) -> usize {
    for (at, place) in batch.iter_mut().enumerate() {
        *place = next();
        if place.is_none() {
            return at;
        }
    }
    batch.len()
}

/// Ends their waits; how many of them there are still that will run again.
fn rouse(batch: &mut [Option<RemoteUnparker>]) -> u32 {
    batch.iter_mut().filter_map(Option::take).map(|who| u32::from(beneath::rouse(&who))).sum()
}

/// Wakes everybody if a wake has come in a signal's handler while this thread had a line: a wait for a word may end for nothing.
fn catch_up() {
    while MISSED.replace(false) {
        for shard in &TABLE {
            while let Some(Some(who)) = shard.with(|line| {
                let who = line.take_if(|_| true);
                who.is_some().then(|| shard.retract(1));
                who
            }) {
                beneath::rouse(&who);
            }
        }
    }
}

fn prepare_for_forks() {
    if !FORKS.load(Ordering::Relaxed) && !FORKS.swap(true, Ordering::Relaxed) {
        // SAFETY: functions of the program live as long as it does. Without memory for the entry they are not called.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(in_child)) };
    }
}

/// Takes all lines, so that the child gets none half-way.
unsafe extern "C" fn before_fork() {
    // In a signal's handler they may be this thread's own already, in the middle of something; then they stay so.
    let held = Shard::is_held_here();
    TAKEN.set(!held);
    if !held {
        Shard::hold_all(true);
        TABLE.iter().for_each(Shard::acquire);
    }
}

unsafe extern "C" fn after_fork() {
    if TAKEN.replace(false) {
        TABLE.iter().for_each(Shard::release);
        Shard::hold_all(false);
    }
}

/// Forgets who waits on other threads, as there are none here: a wake must not be spent on them.
unsafe extern "C" fn in_child() {
    // SAFETY: it asks for nothing.
    unsafe { after_fork() };
    for shard in &TABLE {
        let left = shard.with(|line| line.forget(|who| !beneath::is_here(who)));
        // Some may have been announced by threads that are not here.
        shard.recount(left.unwrap_or(0));
    }
}
