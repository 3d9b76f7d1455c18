//! Getting from a queue: one task of a process waits for the kernel, the others behind it.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use serde::de::DeserializeOwned;

use super::handle::no_seat;
use super::here::Here;
use super::road::{self, PREFIX};
use super::{GetError, Queue};
use crate::wire::{Arrival, Missed, RecvError};

impl<T: DeserializeOwned> Queue<T> {
    /// Gets the next item, as soon as there is one.
    ///
    /// # Errors
    /// [`GetError`].
    ///
    /// # Blocking
    /// Switches tasks, if there is none.
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
        self.unpack(self.look(&here)?.ok_or(GetError::Empty)?)
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
        let core = &self.core;
        if core.is_counted() || road::is_elsewhere(core, here) {
            if let Some(item) = self.look(here)? {
                return Ok(Some(item));
            }
            return match core.outlet.poll(deadline) {
                Ok(true) => Ok(None),
                Ok(false) => Err(GetError::TimedOut),
                Err(error) => Err(GetError::Io(error)),
            };
        }
        let nothing_here = || {
            core.tidy();
            road::is_elsewhere(core, here)
        };
        match core.outlet.recv_unless(deadline, nothing_here) {
            Ok(Some(came)) => Ok(road::arrived(core, came)),
            Ok(None) => Ok(None),
            Err(Missed { error: RecvError::Closed, .. }) => self.look(here),
            Err(missed) => Err(road::lost(core, missed)),
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
