//! Reaching a hub from another OS thread.

use std::fmt;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use crate::blocker::{Blocker, Rouser};
use crate::cancel::{deliver, refuse_without_unwinding};
use crate::clock;
use crate::hub::{Blueprint, Hub, Message, Sender, expect_hub, hub, is_in_task};
use crate::spawn::Task;
use crate::stay::{Mutex, MutexGuard};
use crate::task::{JoinError, Reason, TaskId, Wake};

/// Spawns onto a hub, from any OS thread.
///
/// ```
/// let hub = osier::Hub::new()?;
/// let handle = hub.handle();
/// let thread = std::thread::spawn(move || handle.spawn(|| 7).join().unwrap());
/// hub.run(|| osier::sleep(std::time::Duration::from_millis(50)));
/// assert_eq!(thread.join().unwrap(), 7);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// What is not `Send` stays where it is:
/// ```compile_fail,E0277
/// let hub = osier::Hub::new().unwrap();
/// let local = std::rc::Rc::new(1);
/// hub.handle().spawn(move || *local);
/// ```
#[derive(Clone, Debug)]
pub struct Handle {
    sender: Sender,
}

/// A handle to the hub of this thread.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::run(|| {
///     let handle = osier::handle();
///     let thread = std::thread::spawn(move || handle.spawn(|| 7));
///     let task = osier::thread::offload(|| thread.join().unwrap());
///     assert_eq!(task.join().unwrap(), 7);
/// });
/// ```
pub fn handle() -> Handle {
    Handle::new(expect_hub("a handle was asked for", Hub::sender))
}

impl Handle {
    pub(crate) fn new(sender: Sender) -> Handle {
        Handle { sender }
    }

    /// Spawns a task on the hub.
    ///
    /// It starts in the hub's next turn, or in its next run. If the hub has ended, or ends before, the
    /// closure is dropped and the join says that the task was killed. In a forked child a hub of the parent is none: the join
    /// says so.
    ///
    /// # Blocking
    /// Never waits.
    #[track_caller]
    pub fn spawn<F, T>(&self, f: F) -> RemoteHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let site = Location::caller();
        let packet = Arc::new(Packet::default());
        if self.sender.is_deserted() {
            packet.fill(Err(JoinError::left_behind()));
            return RemoteHandle { packet, sender: self.sender.clone() };
        }
        // Whatever becomes of the closure (run, killed, refused, dropped), the packet hears of it.
        let delivery = Delivery { packet: packet.clone() };
        let run = move || {
            let packet = delivery.packet.clone();
            if packet.lock().fate.is_doomed() {
                return; // the delivery says that it was killed
            }
            let task = move || delivery.fill(catch_unwind(AssertUnwindSafe(f)));
            let spawn = |hub: &Hub| Task(hub.spawn(Blueprint::PLAIN, site, task).task().clone());
            packet.begin(expect_hub("a task was spawned", spawn).remote_killer());
        };
        drop(self.sender.send(Message::Call(Box::new(run))));
        RemoteHandle { packet, sender: self.sender.clone() }
    }
}

/// Waits for a task on another thread's hub and has its result.
///
/// Dropped, it lets the task go on by itself.
///
/// ```
/// let hub = osier::Hub::new()?;
/// let task = hub.handle().spawn(|| 6 * 7);
/// assert!(!task.is_finished());
/// hub.run(osier::yield_now);
/// assert_eq!(task.join().unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RemoteHandle<T> {
    packet: Arc<Packet<T>>,
    /// The hub it was spawned on.
    sender: Sender,
}

/// Where the result is handed over.
struct Packet<T>(Mutex<State<T>>);

struct State<T> {
    /// The outcome, until it is taken.
    outcome: Option<Result<T, JoinError>>,
    /// Whether the outcome is there, or was.
    done: bool,
    /// Who waits for it.
    waiter: Option<Rouser>,
    /// How to kill the task, and whether to.
    fate: Fate,
}

/// How far a task of another hub has come, for who wants to kill it.
enum Fate {
    /// Its hub has not heard of it yet.
    Unborn,
    /// It was killed before that.
    Doomed,
    /// By this it is killed.
    Born(RemoteKiller),
}

impl Fate {
    fn is_doomed(&self) -> bool {
        matches!(self, Fate::Doomed)
    }
}

impl<T> Default for Packet<T> {
    fn default() -> Self {
        Packet(Mutex::new(State { outcome: None, done: false, waiter: None, fate: Fate::Unborn }))
    }
}

impl<T> fmt::Debug for Packet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet").field("done", &self.lock().done).finish()
    }
}

impl<T> Packet<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn fill(&self, outcome: Result<T, JoinError>) {
        let mut state = self.lock();
        if state.done {
            return;
        }
        state.outcome = Some(outcome);
        state.done = true;
        let waiter = state.waiter.take();
        drop(state);
        waiter.map(Rouser::rouse);
    }

    /// The task is there; it is killed if somebody has wanted that meanwhile.
    fn begin(&self, killer: RemoteKiller) {
        let doomed = replace(&mut self.lock().fate, Fate::Born(killer.clone())).is_doomed();
        if doomed {
            killer.kill();
        }
    }

    fn take(&self) -> Option<Result<T, JoinError>> {
        let mut state = self.lock();
        if state.done {
            Some(state.outcome.take().unwrap_or_else(|| Err(JoinError::taken())))
        } else {
            None
        }
    }

    /// Enters who waits; false when there is nothing to wait for.
    fn enter(&self, waiter: Rouser) -> bool {
        let mut state = self.lock();
        if state.done {
            return false;
        }
        let old = state.waiter.replace(waiter);
        drop(state);
        drop(old);
        true
    }
}

/// Fills the packet, at the latest when it is dropped.
struct Delivery<T> {
    packet: Arc<Packet<T>>,
}

impl<T> Delivery<T> {
    fn fill(self, result: thread::Result<T>) {
        self.packet.fill(result.map_err(JoinError::unwound));
    }
}

impl<T> Drop for Delivery<T> {
    fn drop(&mut self) {
        // Does nothing after `fill`; otherwise the task never ran.
        self.packet.fill(Err(JoinError::killed()));
    }
}

impl<T> RemoteHandle<T> {
    /// Waits until the task has ended and gives its result.
    ///
    /// # Errors
    /// When the task panicked, was killed, or its hub ended before it began. Also when this is the
    /// hub's own thread and may not wait for it, as it is unwinding.
    ///
    /// # Blocking
    /// In a task it switches tasks, unless the result is there; elsewhere, and while the task
    /// unwinds, it stops the OS thread, unless that is the hub's own. On the hub's own thread before
    /// or after its run there is nobody to run the task, and this never returns.
    pub fn join(self) -> Result<T, JoinError> {
        self.wait(None);
        self.take().unwrap_or_else(|| Err(JoinError::not_waited_for()))
    }

    /// Waits for that long at most; none when the task goes on.
    ///
    /// The handle stays good; the result is given once.
    ///
    /// # Errors
    /// As [`join`](Self::join); and when the result was taken before.
    ///
    /// # Blocking
    /// As [`join`](Self::join).
    pub fn join_timeout(&mut self, limit: Duration) -> Option<Result<T, JoinError>> {
        self.wait(clock::deadline(limit));
        self.take()
    }

    /// Waits until that moment at most; none when the task goes on.
    ///
    /// # Errors
    /// As [`join_timeout`](Self::join_timeout).
    ///
    /// # Blocking
    /// As [`join`](Self::join).
    pub fn join_deadline(&mut self, deadline: Instant) -> Option<Result<T, JoinError>> {
        self.wait(Some(deadline));
        self.take()
    }

    /// The outcome, if there is one, or if there never will be one.
    fn take(&self) -> Option<Result<T, JoinError>> {
        let never = || self.sender.is_deserted().then(|| Err(JoinError::left_behind()));
        self.packet.take().or_else(never)
    }

    /// Waits until the task has ended, or the deadline comes, or it may not wait.
    fn wait(&self, deadline: Option<Instant>) {
        while !self.is_finished() && !self.sender.is_deserted() {
            let is_here = || hub(|hub| hub.is_some_and(|hub| hub.sender().is_same(&self.sender)));
            if !is_in_task() && is_here() {
                return; // it would wait for itself
            }
            let mut blocker = Blocker::here().unwrap_or_else(Blocker::thread);
            if !self.packet.enter(blocker.rouser()) {
                return;
            }
            let wake = blocker.block(Reason::new("joining a task of another thread"), deadline);
            if wake != Wake::Woken {
                let waiter = self.packet.lock().waiter.take();
                drop(waiter);
            }
            match deliver(wake) {
                Wake::Woken | Wake::Killed => {}
                Wake::TimedOut | Wake::Refused => return,
            }
        }
    }

    /// The result, or has the waker woken when it is there: the step of a future.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        if !self.sender.is_deserted() && self.packet.enter(Rouser::Async(cx.waker().clone())) {
            return Poll::Pending;
        }
        self.take().map_or(Poll::Pending, Poll::Ready)
    }

    /// Asks the task to end; see [`JoinHandle::kill`](crate::JoinHandle::kill).
    ///
    /// If its hub has not heard of the task yet, it never starts.
    ///
    /// # Panics
    /// When the program is built with `panic = "abort"`.
    ///
    /// # Blocking
    /// Never waits.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let hub = osier::Hub::new()?;
    /// let task = hub.handle().spawn(|| osier::sleep(Duration::from_secs(3600)));
    /// task.kill();
    /// hub.run(osier::yield_now);
    /// assert!(task.join().unwrap_err().is_killed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn kill(&self) {
        refuse_without_unwinding("kill a green thread");
        let mut state = self.packet.lock();
        match &state.fate {
            Fate::Unborn => state.fate = Fate::Doomed,
            Fate::Doomed => {}
            Fate::Born(killer) => {
                let killer = killer.clone();
                drop(state);
                killer.kill();
            }
        }
    }

    /// Whether the task has ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_finished(&self) -> bool {
        self.packet.lock().done
    }
}

/// Kills a task from any OS thread.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let task = osier::spawn(|| osier::sleep(Duration::from_secs(3600)));
///     let killer = task.task().remote_killer();
///     std::thread::spawn(move || killer.kill());
///     assert!(task.join().unwrap_err().is_killed());
/// });
/// ```
#[derive(Clone, Debug)]
pub struct RemoteKiller {
    sender: Sender,
    slot: u32,
    id: TaskId,
}

impl RemoteKiller {
    /// Asks the task to end; see [`JoinHandle::kill`](crate::JoinHandle::kill).
    ///
    /// # Blocking
    /// Never waits.
    pub fn kill(&self) {
        refuse_without_unwinding("kill a green thread");
        let _ended = self.sender.send(Message::Kill(self.slot, self.id));
    }
}

impl Task {
    /// What kills this task from another OS thread.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn remote_killer(&self) -> RemoteKiller {
        expect_hub("a killer was asked for", |hub| {
            let task = &self.0;
            if task.id.hub() == hub.number() && !task.is_done() {
                hub.ticket(task); // so that it can be found
            }
            RemoteKiller { sender: hub.sender(), slot: task.slot.get(), id: task.id }
        })
    }
}
