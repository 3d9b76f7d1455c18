//! What the two ends of a channel share: a queue, and how many there are of each.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::{Receiver, Sender};
use crate::queue::{Core, Pipe};

/// A channel that holds at most so many values.
///
/// With 0, each send waits until the value is received.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::run(|| {
///     let (to, from) = osier::channel::bounded(0);
///     let giver = osier::spawn(move || to.send("hand in hand"));
///     assert_eq!(from.recv(), Ok("hand in hand"));
///     giver.join().unwrap().unwrap();
/// });
/// ```
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    // The largest number stands for none in there; nobody will miss the one place.
    ends(capacity.min(Core::<Pipe<T>>::UNBOUNDED - 1))
}

/// A channel that holds any number of values: a send never waits.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let (to, from) = osier::channel::unbounded();
/// to.send("hello").unwrap();
/// assert_eq!(from.try_recv(), Ok("hello"));
/// ```
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    ends(Core::<Pipe<T>>::UNBOUNDED)
}

fn ends<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let core = Core::new(Pipe::default(), capacity);
    let ends = Rc::new(Ends { core, senders: Cell::new(0), receivers: Cell::new(0) });
    (Sender::new(&ends), Receiver::new(&ends))
}

/// A channel as its ends see it.
pub(super) struct Ends<T> {
    pub(super) core: Core<Pipe<T>>,
    /// How many senders there are.
    pub(super) senders: Cell<usize>,
    /// How many receivers there are.
    pub(super) receivers: Cell<usize>,
}

impl<T> Ends<T> {
    pub(super) fn capacity(&self) -> Option<usize> {
        let capacity = self.core.maxsize();
        (capacity != Core::<Pipe<T>>::UNBOUNDED).then_some(capacity)
    }

    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("senders", &self.senders.get())
            .field("receivers", &self.receivers.get())
            .field("channel", &self.core)
            .finish()
    }
}
