//! Where a hub's inbox is, by the hub's number; for sockets that are dropped on another thread, and for
//! dumps of all hubs.

use std::mem;
use std::sync::{Mutex, MutexGuard};

use super::Sender;

/// The inboxes of all hubs that have not ended.
static HUBS: Mutex<Vec<(u32, Sender)>> = Mutex::new(Vec::new());

fn hubs() -> MutexGuard<'static, Vec<(u32, Sender)>> {
    HUBS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
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

/// Says, in a forked child, that all of them stayed behind.
pub(super) fn desert() {
    for (_, sender) in mem::take(&mut *hubs()) {
        sender.desert();
        mem::forget(sender); // to free it is to no end
    }
}

/// Number and inbox of every hub that has not ended.
pub(crate) fn all_hubs() -> Vec<(u32, Sender)> {
    hubs().clone()
}
