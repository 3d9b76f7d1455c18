//! Greenlets that several tests begin.

use std::cell::Cell;
use std::rc::Rc;

use osier::greenlet::{self, Greenlet};

use super::OnDrop;

/// The parent of whoever runs.
pub(crate) fn up<T: 'static>() -> Greenlet<T> {
    greenlet::current().parent().expect("not the main one")
}

/// One that gives its way back at once, for ever, and counts down when it is unwound.
pub(crate) fn endless(alive: &Rc<Cell<i32>>) -> Greenlet<u32> {
    let alive = alive.clone();
    Greenlet::new(move |mut n| {
        alive.set(alive.get() + 1);
        let _count = OnDrop::new(|| alive.set(alive.get() - 1));
        loop {
            n = up().switch(n);
        }
    })
}
