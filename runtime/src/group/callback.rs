//! Calls in the hub's next round: what must not wait and needs no task of the caller's.

use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::cancel::no_switch;
use crate::hub::{Blueprint, expect_hub};

/// Calls `f` once, after all that is ready now has had its turn.
///
/// It must not wait: a wait in it panics, and a panic is logged. What it has called in turn comes in the round after.
/// For what has to get out of the present call first; what waits is spawned.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::run(|| {
///     let call = osier::run_callback(|| println!("later"));
///     assert!(call.is_pending());
///     osier::yield_now();
///     assert!(!call.is_pending());
/// });
/// ```
#[track_caller]
pub fn run_callback(f: impl FnOnce() + 'static) -> Callback {
    let site = Location::caller();
    let pending: Pending = Rc::new(RefCell::new(Some(Box::new(f))));
    let call = pending.clone();
    let run = move || {
        let f = call.borrow_mut().take();
        if let Some(f) = f {
            no_switch(f);
        }
    };
    expect_hub("a call was asked for", |hub| drop(hub.spawn(Blueprint::PLAIN, site, run)));
    Callback { pending }
}

/// Empty once it has begun, or was stopped.
type Pending = Rc<RefCell<Option<Box<dyn FnOnce()>>>>;

/// A call that is to come, see [`run_callback`].
///
/// Dropped, it lets the call come.
///
/// ```
/// osier::run(|| {
///     let call = osier::run_callback(|| unreachable!("it was stopped"));
///     assert!(call.stop());
/// });
/// ```
#[derive(Clone)]
pub struct Callback {
    pending: Pending,
}

impl Callback {
    /// Whether the call has not begun and was not stopped.
    pub fn is_pending(&self) -> bool {
        self.pending.borrow().is_some()
    }

    /// Takes the call back; false when it has begun, or was stopped before.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn stop(&self) -> bool {
        let taken = self.pending.borrow_mut().take();
        taken.is_some()
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("pending", &self.is_pending()).finish()
    }
}
