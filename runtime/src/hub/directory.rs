//! The numbers of hubs, and where the inbox of each is; for sockets that are dropped on another thread, for
//! dumps of all hubs, and for what is left of hubs in a forked child.

use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Sender;

use crate::stay::{Mutex, MutexGuard};

/// How many hubs there were.
static COUNT: AtomicU32 = AtomicU32::new(0);
/// Up to which number they are of the process that this one was forked from; 0 in the first one.
static LEFT: AtomicU32 = AtomicU32::new(0);
/// The inboxes of all hubs that have not ended.
static HUBS: Mutex<Vec<(u32, Sender)>> = Mutex::new(Vec::new());

fn hubs() -> MutexGuard<'static, Vec<(u32, Sender)>> {
    HUBS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The number of a new hub; from 1.
pub(super) fn next_number() -> u32 {
    COUNT.fetch_add(1, Ordering::Relaxed) + 1
}

/// Whether the hub of that number is of the process that this one was forked from.
pub(crate) fn is_left_behind(number: u32) -> bool {
    number <= LEFT.load(Ordering::Relaxed)
}

/// Enters a hub.
pub(super) fn enter(number: u32, sender: Sender) {
    hubs().push((number, sender));
}

/// Removes a hub that ends.
pub(super) fn leave(number: u32) {
    hubs().retain(|(other, _)| *other != number);
}

/// The inbox of that hub, if it has not ended.
pub(crate) fn sender_of(number: u32) -> Option<Sender> {
    hubs().iter().find(|(other, _)| *other == number).map(|(_, sender)| sender.clone())
}

/// Notes, in a forked child, that the hubs so far are another process's. One store: safe right after a fork.
pub(crate) fn leave_behind() {
    LEFT.store(COUNT.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// Says, in a forked child, that all of them stayed behind.
pub(super) fn desert() {
    leave_behind();
    for (_, sender) in mem::take(&mut *hubs()) {
        sender.desert();
        mem::forget(sender); // to free it is to no end
    }
}

/// Number and inbox of every hub that has not ended.
pub(crate) fn all_hubs() -> Vec<(u32, Sender)> {
    hubs().clone()
}
