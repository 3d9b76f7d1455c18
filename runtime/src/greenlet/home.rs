//! What a thread has for its greenlets: stacks, and the greenlets outside of tasks.
//!
//! The stacks are the thread's and not its hub's, as greenlets need no hub and generators outlive one.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use super::close::close;
use super::error::Error;
use super::knot::{self, KnotRef};
use crate::clock;
use crate::coroutine::Place;
use crate::hub::{describe, here};
use crate::stack::{Kind, Pool, Stack, Stats, overflow};
use crate::sys::signal::AltStack;

/// The stacks of a thread's greenlets.
pub(super) struct Stacks {
    pool: RefCell<Pool>,
    /// How many have come back.
    returned: Cell<u32>,
}

/// How many stacks come back between two looks at what can be given back to the kernel.
const TRIM_EVERY: u32 = 256;

impl Stacks {
    /// Takes a stack and writes its owner onto it.
    pub(super) fn take(
        &self,
        size: usize,
        kind: Kind,
        id: u64,
        name: Option<&str>,
    ) -> Result<Stack, Error> {
        arm().map_err(|why| Error::NoStack(why.to_string()))?;
        let stack = self.pool.borrow_mut().take(size);
        let mut stack = stack.map_err(|why| Error::NoStack(why.to_string()))?;
        stack.label(kind, id, name);
        Ok(stack)
    }

    /// Takes a stack back on which nobody runs.
    pub(super) fn give(&self, mut stack: Stack) {
        stack.unlabel();
        let mut pool = self.pool.borrow_mut();
        pool.give(stack);
        let returned = self.returned.get().wrapping_add(1);
        self.returned.set(returned);
        if returned.is_multiple_of(TRIM_EVERY) {
            pool.trim(clock::now());
        }
    }
}

impl fmt::Debug for Stacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stacks").field(&self.pool.borrow().stats()).finish()
    }
}

struct Home {
    stacks: Rc<Stacks>,
    /// The greenlets outside of tasks.
    knot: RefCell<Option<KnotRef>>,
    /// Where an overflow outside of any hub is reported from; a hub sees to its own.
    alternate: RefCell<Option<AltStack>>,
}

thread_local! {
    static HOME: Home = Home {
        stacks: Rc::new(Stacks { pool: RefCell::new(Pool::new()), returned: Cell::new(0) }),
        knot: RefCell::new(None),
        alternate: RefCell::new(None),
    };
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(knot) = self.knot.take() {
            close(&knot);
        }
    }
}

/// Sees to it that an overflow is reported.
fn arm() -> std::io::Result<()> {
    if here() != Place::OUTSIDE {
        return Ok(()); // the hub has
    }
    let armed = HOME.try_with(|home| {
        let mut alternate = home.alternate.borrow_mut();
        if alternate.is_none() {
            *alternate = Some(overflow::install(describe)?);
        }
        Ok(())
    });
    armed.unwrap_or(Ok(())) // the thread is ending
}

/// The stacks of this thread.
pub(super) fn stacks() -> Result<Rc<Stacks>, Error> {
    HOME.try_with(|home| home.stacks.clone()).map_err(|_| Error::TaskEnded)
}

/// How many stacks there are for this thread's greenlets.
pub(crate) fn stack_stats() -> Stats {
    stacks().map_or_else(|_| Stats::default(), |stacks| stacks.pool.borrow().stats())
}

/// The greenlets of this thread outside of tasks.
pub(super) fn knot() -> Result<KnotRef, Error> {
    let found = HOME.try_with(|home| {
        let mut knot = home.knot.borrow_mut();
        knot.get_or_insert_with(|| knot::make(Place::OUTSIDE, home.stacks.clone())).clone()
    });
    found.map_err(|_| Error::TaskEnded)
}
