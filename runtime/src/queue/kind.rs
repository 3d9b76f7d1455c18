//! The kinds of queue: in which order they keep their items. No waiting.

use std::collections::VecDeque;
use std::fmt;

use super::heap::Heap;
use crate::task::Reason;

/// In which order a queue gives what was put, see [`AnyQueue`](super::AnyQueue).
///
/// There are [`Fifo`], [`Lifo`], [`Smallest`], [`Counted`] and [`Direct`], and no others can be made.
pub trait Kind: Keep {}

impl<K: Keep> Kind for K {}

/// A kind that has places for items: all but [`Direct`].
pub trait Bounded: Kind {}

impl<T> Bounded for Fifo<T> {}
impl<T> Bounded for Lifo<T> {}
impl<T: Ord> Bounded for Smallest<T> {}
impl<T> Bounded for Counted<T> {}

/// What a kind does. Out of reach, so that nobody else implements it.
pub trait Keep: Default {
    /// What it keeps.
    type Item;
    /// The queue's name, for `Debug`.
    const NAME: &'static str;
    /// Whether it counts what was put and not reported as done.
    const COUNTED: bool = false;
    /// What a get waits for.
    const GETTING: Reason = Reason::new("waiting for an item of a queue");
    /// What a put waits for.
    const PUTTING: Reason = Reason::new("waiting for room in a queue");
    /// Whether it calls the items' own comparison.
    const COMPARES: bool = false;
    /// How many there are.
    fn len(&self) -> usize;
    /// The one that comes next.
    fn first(&self) -> Option<&Self::Item>;
    /// Moves one in; if that panics, it stays where it was.
    fn push(&mut self, from: &mut Option<Self::Item>);
    /// Takes the one that comes next; if that panics, none is taken.
    fn pop(&mut self) -> Option<Self::Item>;
}

/// First in, first out: the kind of [`Queue`](super::Queue).
pub struct Fifo<T>(VecDeque<T>);

/// Last in, first out: the kind of [`LifoQueue`](super::LifoQueue).
pub struct Lifo<T>(Vec<T>);

/// The smallest first: the kind of [`PriorityQueue`](super::PriorityQueue).
pub struct Smallest<T>(Heap<T>);

/// First in, first out, and counted: the kind of [`JoinableQueue`](super::JoinableQueue).
pub struct Counted<T>(Fifo<T>);

/// Nothing stays in it: the kind of [`Channel`](super::Channel).
pub struct Direct<T>(Fifo<T>);

/// What lies between the ends of a channel of [`channel`](crate::channel).
pub(crate) struct Pipe<T>(Fifo<T>);

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Fifo(VecDeque::new())
    }
}

impl<T> Keep for Fifo<T> {
    type Item = T;
    const NAME: &'static str = "Queue";

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn first(&self) -> Option<&T> {
        self.0.front()
    }

    #[inline]
    fn push(&mut self, from: &mut Option<T>) {
        if let Some(item) = from.take() {
            self.0.push_back(item);
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Lifo(Vec::new())
    }
}

impl<T> Keep for Lifo<T> {
    type Item = T;
    const NAME: &'static str = "LifoQueue";

    fn len(&self) -> usize {
        self.0.len()
    }

    fn first(&self) -> Option<&T> {
        self.0.last()
    }

    fn push(&mut self, from: &mut Option<T>) {
        self.0.extend(from.take());
    }

    fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }
}

impl<T: Ord> Default for Smallest<T> {
    fn default() -> Self {
        Smallest(Heap::new())
    }
}

impl<T: Ord> Keep for Smallest<T> {
    type Item = T;
    const NAME: &'static str = "PriorityQueue";
    const COMPARES: bool = true;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn first(&self) -> Option<&T> {
        self.0.first()
    }

    fn push(&mut self, from: &mut Option<T>) {
        self.0.push(from);
    }

    fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }
}

/// Kinds that keep their items as `Fifo` does, and differ in what the queue makes of them.
macro_rules! like_fifo {
    ($kind:ident, $($constant:ident: $type:ty = $value:expr;)+) => {
        impl<T> Default for $kind<T> {
            fn default() -> Self {
                $kind(Fifo::default())
            }
        }

        impl<T> Keep for $kind<T> {
            type Item = T;
            $(const $constant: $type = $value;)+

            #[inline]
            fn len(&self) -> usize {
                self.0.len()
            }

            #[inline]
            fn first(&self) -> Option<&T> {
                self.0.first()
            }

            #[inline]
            fn push(&mut self, from: &mut Option<T>) {
                self.0.push(from);
            }

            #[inline]
            fn pop(&mut self) -> Option<T> {
                self.0.pop()
            }
        }
    };
}

like_fifo! {
    Counted,
    NAME: &'static str = "JoinableQueue";
    COUNTED: bool = true;
}

like_fifo! {
    Direct,
    NAME: &'static str = "Channel";
    GETTING: Reason = Reason::new("waiting for somebody who puts");
    PUTTING: Reason = Reason::new("waiting for somebody who gets");
}

like_fifo! {
    Pipe,
    NAME: &'static str = "Pipe";
    GETTING: Reason = Reason::new("receiving from a channel");
    PUTTING: Reason = Reason::new("sending into a channel");
}

/// The kinds have no state of interest to users: these are names.
macro_rules! debug {
    ($($kind:ident)+) => {$(
        impl<T> fmt::Debug for $kind<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($kind))
            }
        }
    )+};
}

debug! { Fifo Lifo Smallest Counted Direct Pipe }
