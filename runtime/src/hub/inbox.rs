//! What other OS threads ask of a hub.
//!
//! A lock-free queue (std's channel) and a bell (`bell.rs`). To ring it is mio's waker, one system call. When
//! the hub ends the receiver goes, and what is put later comes back to the sender.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::bell::Bell;
use crate::reactor::Waker;
use crate::stay::stay;
use crate::task::{TaskId, Waiter};

/// One request.
pub(crate) enum Message {
    /// End that wait.
    Wake(Waiter),
    /// Kill that task.
    Kill(u32, TaskId),
    /// Run this on the hub's own stack: it must not wait.
    Call(Box<dyn FnOnce() + Send>),
}

/// The receiving end, the hub's.
#[derive(Debug)]
pub(super) struct Inbox {
    queue: mpsc::Receiver<Message>,
    sender: Sender,
}

/// The sending end, anybody's.
#[derive(Clone)]
pub(crate) struct Sender {
    queue: mpsc::Sender<Message>,
    door: Arc<Door>,
}

struct Door {
    bell: Bell,
    /// Set in a forked child, where nobody will ever read the queue.
    deserted: AtomicBool,
    waker: Arc<Waker>,
}

impl Inbox {
    pub(super) fn new(waker: Arc<Waker>) -> Inbox {
        let (sender, queue) = mpsc::channel();
        let door = Arc::new(Door { bell: Bell::new(), deserted: AtomicBool::new(false), waker });
        Inbox { queue, sender: Sender { queue: sender, door } }
    }

    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// The next message, if one is there.
    pub(super) fn take(&self) -> Option<Message> {
        self.queue.try_recv().ok()
    }

    /// Says that the hub is about to sleep; it has to look once more before it does.
    pub(super) fn fall_asleep(&self) {
        self.sender.door.bell.fall_asleep();
    }

    pub(super) fn wake_up(&self) {
        self.sender.door.bell.wake_up();
    }
}

impl Sender {
    /// Whether both send to the same hub.
    pub(crate) fn is_same(&self, other: &Sender) -> bool {
        Arc::ptr_eq(&self.door, &other.door)
    }

    /// Says, in a forked child, that the hub stayed behind: what is sent from now on is given back.
    pub(super) fn desert(&self) {
        self.door.deserted.store(true, Ordering::Relaxed);
    }

    /// Whether this is a forked child, and the hub stayed behind.
    pub(crate) fn is_deserted(&self) -> bool {
        self.door.deserted.load(Ordering::Relaxed)
    }

    /// Puts a message; gives it back when the hub has ended.
    pub(crate) fn send(&self, message: Message) -> Result<(), Message> {
        if self.is_deserted() {
            return Err(message);
        }
        // std's queue may give way to the others of the system where another thread is half-way through a send.
        stay(|| self.queue.send(message)).map_err(|refused| refused.0)?;
        if self.door.bell.must_ring()
            && let Err(error) = self.door.waker.wake()
        {
            log::error!("cannot wake a sleeping hub: {error}");
        }
        Ok(())
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
