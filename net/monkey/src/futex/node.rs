//! One who waits for a word, on the stack of the task that does; and a line of them.
//!
//! A node is in one line at most, and all of its fields but the key are looked at and changed with that line's lock held. It is
//! taken out by whoever wakes it or by its task, whichever has the lock first; its task takes the lock before it lets go of it in any case.
//!
//! # Why unsafe
//! The line points to nodes on other stacks, so that waiting allocates nothing.

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::ptr;

use osier_runtime::RemoteUnparker;

/// One who waits.
pub(super) struct Node {
    /// The word's address, see `Call::key`.
    key: usize,
    /// Which wakes it hears.
    bits: u32,
    /// Its place among all that ever stood in its line.
    number: Cell<u64>,
    /// Whether it is in a line.
    inside: Cell<bool>,
    /// What ends its wait; taken by who wakes it.
    who: Cell<Option<RemoteUnparker>>,
    /// The one in front of it.
    before: Cell<*const Node>,
    /// The one behind it.
    behind: Cell<*const Node>,
}

impl Node {
    pub(super) fn new(key: usize, bits: u32, who: RemoteUnparker) -> Node {
        Node {
            key,
            bits,
            number: Cell::new(0),
            inside: Cell::new(false),
            who: Cell::new(Some(who)),
            before: Cell::new(ptr::null()),
            behind: Cell::new(ptr::null()),
        }
    }

    /// Which word it waits for.
    pub(super) fn key(&self) -> usize {
        self.key
    }

    /// Whether it is in a line; once it was, that nobody has woken it.
    pub(super) fn is_inside(&self) -> bool {
        self.inside.get()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("key", &(self.key as *const u32)).finish_non_exhaustive()
    }
}

/// Nodes in the order they came, for several words.
#[derive(Debug)]
pub(super) struct Line {
    first: *const Node,
    last: *const Node,
    /// How many there ever were.
    count: u64,
}

impl Line {
    pub(super) const fn new() -> Line {
        Line { first: ptr::null(), last: ptr::null(), count: 0 }
    }

    /// How many there ever were: those that come now have higher numbers.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Puts a node at the end.
    ///
    /// # Safety
    /// It is in no line. It stays where it is until it is in this one no more.
    pub(super) unsafe fn enter(&mut self, node: &Node) {
        self.count += 1;
        node.number.set(self.count);
        node.inside.set(true);
        node.before.set(self.last);
        node.behind.set(ptr::null());
        // SAFETY: what is in the line is still where it was when it was entered.
        match unsafe { self.last.as_ref() } {
            Some(last) => last.behind.set(node),
            None => self.first = node,
        }
        self.last = node;
    }

    /// Takes a node out.
    ///
    /// # Safety
    /// It is in this line.
    pub(super) unsafe fn leave(&mut self, node: &Node) {
        let (before, behind) = (node.before.get(), node.behind.get());
        // SAFETY: as in `enter`.
        match unsafe { before.as_ref() } {
            Some(before) => before.behind.set(behind),
            None => self.first = behind,
        }
        // SAFETY: as in `enter`.
        match unsafe { behind.as_ref() } {
            Some(behind) => behind.before.set(before),
            None => self.last = before,
        }
        node.inside.set(false);
    }

    /// Takes out the first that waits for that word, hears one of the bits, and has no higher number than `until`.
    pub(super) fn take(&mut self, key: usize, bits: u32, until: u64) -> Option<RemoteUnparker> {
        self.take_if(|node| node.key == key && node.bits & bits != 0 && node.number.get() <= until)
    }

    /// Takes out the first that `wanted` says yes to.
    pub(super) fn take_if(&mut self, wanted: impl Fn(&Node) -> bool) -> Option<RemoteUnparker> {
        let mut next = self.first;
        // SAFETY: as in `enter`.
        while let Some(node) = unsafe { next.as_ref() } {
            if wanted(node) {
                // SAFETY: that is where it was found.
                unsafe { self.leave(node) };
                return node.who.take();
            }
            next = node.behind.get();
        }
        None
    }

    /// Takes out all that `gone` says yes to, and forgets what would end their waits; how many are left.
    pub(super) fn forget(&mut self, gone: impl Fn(&RemoteUnparker) -> bool) -> u32 {
        let is_gone = |node: &Node| {
            let who = node.who.take();
            let is_gone = who.as_ref().is_none_or(&gone);
            node.who.set(who);
            is_gone
        };
        while let Some(who) = self.take_if(is_gone) {
            mem::forget(who);
        }
        let mut left = 0;
        let mut next = self.first;
        // SAFETY: as in `enter`.
        while let Some(node) = unsafe { next.as_ref() } {
            left += 1;
            next = node.behind.get();
        }
        left
    }
}
