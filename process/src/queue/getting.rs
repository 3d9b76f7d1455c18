//! Getting from a queue: one task of a process waits for items, the others behind it.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use osier_runtime::{clock, sleep};
use serde::de::DeserializeOwned;

use super::handle::no_seat;
use super::here::Here;
use super::road::{self, PREFIX};
use super::{GetError, Queue};
use crate::wire::{Arrival, about_to_wait};

/// How long a task waits for a process that is stopped while it takes an item.
const A_WHILE: Duration = Duration::from_millis(5);

/// Whether somebody else takes an item and is not getting on.
fn is_held_up(error: &GetError) -> bool {
    matches!(error, GetError::TimedOut)
}

impl<T: DeserializeOwned> Queue<T> {
    /// Gets the next item, as soon as there is one.
    ///
    /// # Errors
    /// [`GetError`].
    ///
    /// # Blocking
    /// Switches tasks, if there is none, and now and then if there always are some: no stream of items holds up the others.
    pub fn get(&self) -> Result<T, GetError> {
        self.get_until(None)
    }

    /// Gets the next item, if there is one.
    ///
    /// # Errors
    /// [`GetError::Empty`] if there is none; else as [`get`](Self::get).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_get(&self) -> Result<T, GetError> {
        let here = self.open_here()?;
        match self.look(&here) {
            Ok(Some(item)) => self.unpack(item),
            Err(error) if !is_held_up(&error) => Err(error),
            Ok(None) | Err(_) => {
                // Or who waits for items would be told at once that there may be some.
                self.core.hide(|| here.keeps_some());
                Err(GetError::Empty)
            }
        }
    }

    /// Gets the next item, if one comes in that time.
    ///
    /// # Errors
    /// [`GetError::TimedOut`] if none does; else as [`get`](Self::get).
    ///
    /// # Blocking
    /// As [`get`](Self::get).
    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        self.get_until(clock::deadline(limit))
    }

    /// Gets the next item, if one comes until then.
    ///
    /// # Errors
    /// As [`get_timeout`](Self::get_timeout).
    ///
    /// # Blocking
    /// As [`get`](Self::get).
    pub fn get_deadline(&self, deadline: Instant) -> Result<T, GetError> {
        self.get_until(Some(deadline))
    }

    /// What comes, until the queue is shut down and empty; ends at the first other error as well.
    ///
    /// # Blocking
    /// Its `next` is a [`get`](Self::get).
    pub fn iter(&self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| self.get().ok())
    }

    fn open_here(&self) -> Result<Arc<Here>, GetError> {
        let here = self.core.here();
        if here.closed.load(SeqCst) { Err(GetError::ShutDown) } else { Ok(here) }
    }

    fn unpack(&self, item: Arrival) -> Result<T, GetError> {
        item.unpack_behind(PREFIX).map_err(road::failed)
    }

    fn get_until(&self, deadline: Option<Instant>) -> Result<T, GetError> {
        let here = self.open_here()?;
        here.begin();
        let line = &here.getting;
        let first = line.try_acquire().or_else(|| match deadline {
            None => line.acquire(),
            Some(deadline) => line.acquire_deadline(deadline),
        });
        // A task that may not wait in line either.
        let Some(_first) = first else {
            let item = self.look(&here)?;
            return self.unpack(item.ok_or(GetError::TimedOut)?);
        };
        loop {
            if let Some(item) = self.next(&here, deadline)? {
                return self.unpack(item);
            }
        }
    }

    /// The next item; none if it is to be looked for again.
    fn next(
        &self,
        here: &Arc<Here>,
        deadline: Option<Instant>,
    ) -> Result<Option<Arrival>, GetError> {
        let held_up = match self.look(here) {
            Ok(Some(item)) => return Ok(Some(item)),
            Ok(None) => false,
            Err(error) if is_held_up(&error) => true,
            Err(error) => return Err(error),
        };
        about_to_wait();
        if held_up {
            sleep(A_WHILE);
        }
        let core = &self.core;
        match core.wait_for_items(deadline, || here.keeps_some()) {
            Ok(true) => Ok(None),
            Ok(false) => Err(GetError::TimedOut),
            Err(error) => Err(GetError::Io(error)),
        }
    }

    /// An item, if there is one; noted as in hand if that is counted.
    fn look(&self, here: &Arc<Here>) -> Result<Option<Arrival>, GetError> {
        let Some(ledger) = self.core.ledger() else { return road::receive(&self.core, here) };
        let seat = here.seat(&ledger).ok_or_else(|| GetError::Io(no_seat()))?;
        ledger.reach(seat);
        let found = road::receive(&self.core, here);
        if !matches!(found, Ok(Some(_))) {
            ledger.let_go(seat);
        }
        found
    }
}
