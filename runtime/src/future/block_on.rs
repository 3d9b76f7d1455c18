//! Running a future in a task.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::blocker::{Blocker, Rouser};
use crate::cancel::deliver;
use crate::stay::{Mutex, MutexGuard};
use crate::task::Reason;

/// Runs a future in this task and gives its result; others run meanwhile.
///
/// The future stays on this thread, so it need not be `Send`; its waker may go anywhere. It may await
/// what any library makes that needs no reactor of its own (tokio's needs one: run it on an OS
/// thread and wait here for its results). A kill or a time-out drops the future where it stands.
///
/// Such a wait is never reported as a deadlock: who knows where a waker is. Do not call it where the
/// future is polled by code that keeps something in a thread-local meanwhile, see [`spawn`](crate::spawn).
///
/// # Blocking
/// Switches tasks, unless the future is ready. Outside of a task, and in one that unwinds, it stops the OS thread.
///
/// # Panics
/// When the future does; when it has to wait inside of [`no_switch`](crate::no_switch).
///
/// ```
/// use std::time::Duration;
/// use osier::future::{after, block_on};
///
/// let sum = osier::run(|| {
///     let other = osier::spawn(|| 20);
///     block_on(async {
///         after(Duration::from_millis(1)).await;
///         other.await.unwrap() + 1
///     })
/// });
/// assert_eq!(sum, 21);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = Arc::new(Bell(Mutex::new(State { rung: false, who: None })));
    let waker = Waker::from(bell.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
        bell.wait();
    }
}

/// What a waker rings.
struct Bell(Mutex<State>);

struct State {
    /// Whether it was rung since it was last heard.
    rung: bool,
    /// Who waits for it right now.
    who: Option<Rouser>,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) {
        loop {
            let mut state = self.lock();
            if std::mem::take(&mut state.rung) {
                return;
            }
            let mut blocker = Blocker::here().unwrap_or_else(Blocker::thread);
            state.who = Some(blocker.rouser());
            drop(state);
            deliver(blocker.block(Reason::new("waiting for a future"), None));
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.lock();
        state.rung = true;
        let who = state.who.take();
        drop(state);
        who.map(Rouser::rouse);
    }
}
