//! Waiting for things that other OS threads make ready: watchers that may travel, and who keeps them.
//!
//! A [`Watcher`] stays on its thread, as what it shares with its side that waits is not locked. Its [`Envoy`] is what a thing
//! keeps that belongs to several threads, in its [`Envoys`], under the thing's own lock. Told, it leaves word at the
//! [`Door`] of whoever waits and wakes that task, by its hub's inbox if need be. Nothing here calls code of users.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use super::Watcher;
use crate::park::{RemoteUnparker, Unparker};
use crate::stay::{Mutex, MutexGuard};

/// Where other threads leave word.
#[derive(Default)]
pub(super) struct Door(Mutex<Word>);

#[derive(Default)]
struct Word {
    /// Keys of what became ready, in order.
    ready: VecDeque<usize>,
    /// Whom to wake; none while it is not parked.
    who: Option<RemoteUnparker>,
}

impl Door {
    fn lock(&self) -> MutexGuard<'_, Word> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next key that was left.
    pub(super) fn take(&self) -> Option<usize> {
        self.lock().ready.pop_front()
    }

    /// Says whom to wake from now on; false when there is word already.
    pub(super) fn expect(&self, who: &Unparker) -> bool {
        let mut word = self.lock();
        let nothing = word.ready.is_empty();
        word.who = nothing.then(|| who.remote());
        nothing
    }

    /// Nobody is to be woken any more.
    pub(super) fn rest(&self) {
        self.lock().who = None;
    }
}

/// A number that no other has: those of later ones are larger.
pub(super) fn number() -> usize {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// A watcher that may go to another OS thread.
#[derive(Clone)]
pub(crate) struct Envoy {
    pub(super) door: Arc<Door>,
    pub(super) key: usize,
    pub(super) number: usize,
}

impl Envoy {
    /// Tells whoever waits; false if that one will never run again.
    ///
    /// Not under the lock of the thing: it may ring for a hub.
    pub(crate) fn notify(&self) -> bool {
        let mut word = self.door.lock();
        word.ready.push_back(self.key);
        let who = word.who.take();
        drop(word);
        who.is_none_or(|who| who.rouse())
    }

    /// Tells it from all others.
    pub(crate) fn number(&self) -> usize {
        self.number
    }
}

impl fmt::Debug for Envoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envoy").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Who watches a thing that several threads have: a field of it, under its lock.
#[derive(Debug)]
pub(crate) struct Envoys {
    /// Who is to be told, in the order they came first.
    line: BTreeMap<usize, Envoy>,
    /// Who was told and has not looked yet.
    told: BTreeSet<usize>,
}

impl Envoys {
    pub(crate) const fn new() -> Envoys {
        Envoys { line: BTreeMap::new(), told: BTreeSet::new() }
    }

    /// Enters one, or puts it back in its place; if the thing is `ready` it is to be told, once the lock is free.
    pub(crate) fn enter(&mut self, watcher: &Watcher, ready: bool) -> Option<Envoy> {
        let envoy = watcher.envoy();
        if ready {
            self.line.remove(&envoy.number);
            self.told.insert(envoy.number);
            return Some(envoy);
        }
        self.told.remove(&envoy.number);
        self.line.insert(envoy.number, envoy);
        None
    }

    /// The next to be told, when the lock is free.
    ///
    /// If it will never run again it is to be `forget`ten, and the next one to be told.
    pub(crate) fn next(&mut self) -> Option<Envoy> {
        let (number, envoy) = self.line.pop_first()?;
        self.told.insert(number);
        Some(envoy)
    }

    /// All of them.
    pub(crate) fn all(&mut self) -> Vec<Envoy> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Takes out one that will never look.
    pub(crate) fn forget(&mut self, envoy: &Envoy) {
        self.told.remove(&envoy.number);
    }

    /// Takes one out; whether it was told.
    pub(crate) fn leave(&mut self, watcher: &Watcher) -> bool {
        let Some(number) = watcher.recall() else { return false };
        self.line.remove(&number).is_none() & self.told.remove(&number)
    }

    /// How many wait to be told.
    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }
}
