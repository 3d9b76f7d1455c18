//! What both ends of a promise see: the stages of a call, and who wants to hear of its end.
//!
//! ```text
//!   Pending --- start ---> Running --- finish ---> Finished
//!      `------ cancel ----> Ending ------------------^
//! ```
//!
//! Whoever finishes first runs the callbacks, with the result still in its hands, then puts it down
//! for the other end and wakes whoever waits. So callbacks need no lock, nor a result that two threads can look at,
//! and who has the result knows that the callbacks are through.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

use super::CallError;
use crate::blocker::{Blocker, Rouser};
use crate::complaint::complain;
use crate::task::{JoinError, TimeoutUnwind};
use crate::thread::channel::Sender;
use crate::thread::lock::{Mutex, lock};
use crate::thread::wait::{Desk, Settled, settle};
use crate::wait::list::{Ticket, WaitList};
use crate::wait::{Envoy, Envoys, Watcher};

/// What comes of a call.
pub(super) type Outcome<T> = Result<T, CallError>;

/// What is called when a call has ended.
pub(super) type Callback<T> = Box<dyn FnOnce(&Outcome<T>) + Send>;

/// Where a call stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Pending,
    Running,
    /// It was cancelled, and its callbacks run.
    Ending,
    Finished,
}

pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    stage: Stage,
    cancelled: bool,
    /// There from the end until it is taken.
    outcome: Option<Outcome<T>>,
    /// In the order they were added; empty at the end.
    callbacks: Vec<Callback<T>>,
    /// Who waits for the end.
    line: WaitList<(), Rouser>,
    /// The future that waits for it.
    waker: Option<Waker>,
    /// Who waits for several: the number of the wait, where to say so, what to say.
    watchers: Vec<(usize, Sender<usize>, usize)>,
    /// Tasks that wait for this among other things.
    envoys: Envoys,
}

impl<T> Shared<T> {
    pub(super) fn new() -> Shared<T> {
        let state = State {
            stage: Stage::Pending,
            cancelled: false,
            outcome: None,
            callbacks: Vec::new(),
            line: WaitList::new(),
            waker: None,
            watchers: Vec::new(),
            envoys: Envoys::new(),
        };
        Shared { state: Mutex::new(state) }
    }

    pub(super) fn stage(&self) -> (Stage, bool) {
        let state = lock(&self.state);
        (state.stage, state.cancelled)
    }

    /// Marks the call as begun; false if it was cancelled.
    pub(super) fn start(&self) -> bool {
        self.step(Stage::Running)
    }

    /// Cancels the call; false if it has begun.
    pub(super) fn cancel(&self) -> bool {
        let cancelled = self.step(Stage::Ending);
        if cancelled {
            self.finish(Err(CallError::cancelled()));
        }
        cancelled
    }

    /// Leaves `Pending`; false if somebody has before.
    fn step(&self, to: Stage) -> bool {
        let mut state = lock(&self.state);
        let first = state.stage == Stage::Pending;
        if first {
            state.stage = to;
            state.cancelled = to == Stage::Ending;
        }
        first
    }

    /// Ends the call, on this thread; only who has left `Pending` may.
    ///
    /// A kill that reached a callback goes on when all is done.
    pub(super) fn finish(&self, outcome: Outcome<T>) {
        let mut unwinds = None;
        loop {
            let mut state = lock(&self.state);
            let callbacks = mem::take(&mut state.callbacks);
            if callbacks.is_empty() {
                state.outcome = Some(outcome);
                state.stage = Stage::Finished;
                let heard = state.take_listeners();
                drop(state);
                heard.tell();
                break;
            }
            drop(state);
            for callback in callbacks {
                unwinds = call(callback, &outcome).err().or(unwinds);
            }
        }
        if let Some(payload) = unwinds {
            resume_unwind(payload);
        }
    }

    /// Adds a callback, or calls it right here if the call has ended.
    pub(super) fn add_callback(&self, callback: Callback<T>) {
        let mut state = lock(&self.state);
        if state.stage != Stage::Finished {
            return state.callbacks.push(callback);
        }
        drop(state);
        self.borrow(|outcome| match outcome {
            Some(outcome) => call(callback, outcome),
            None => call(callback, &Err(CallError::taken())),
        })
        .unwrap_or_else(|payload| resume_unwind(payload));
    }

    /// Looks at the outcome, without a lock: it is taken out meanwhile, which nobody else sees.
    pub(super) fn borrow<R>(&self, look: impl FnOnce(Option<&Outcome<T>>) -> R) -> R {
        struct PutBack<'a, T>(&'a Shared<T>, Option<Outcome<T>>);
        impl<T> Drop for PutBack<'_, T> {
            fn drop(&mut self) {
                lock(&self.0.state).outcome = self.1.take();
            }
        }
        let outcome = self.take();
        let borrowed = PutBack(self, outcome);
        look(borrowed.1.as_ref())
    }

    /// Takes the outcome, if it is there.
    pub(super) fn take(&self) -> Option<Outcome<T>> {
        lock(&self.state).outcome.take()
    }

    /// Has a waker woken at the end; false if the call has ended.
    pub(super) fn listen(&self, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut state = lock(&self.state);
        if state.stage == Stage::Finished {
            return false;
        }
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
        true
    }

    /// Says `what` to somebody at the end; at once if the call has ended.
    pub(super) fn watch(&self, number: usize, whom: &Sender<usize>, what: usize) {
        let mut state = lock(&self.state);
        if state.stage != Stage::Finished {
            state.watchers.push((number, whom.clone(), what));
            return;
        }
        drop(state);
        let _ = whom.try_send(what);
    }

    /// No longer.
    pub(super) fn unwatch(&self, number: usize) {
        let mut state = lock(&self.state);
        let at = state.watchers.iter().position(|(other, ..)| *other == number);
        let gone = at.map(|at| state.watchers.swap_remove(at));
        drop(state);
        drop(gone);
    }
}

impl<T> Shared<T> {
    /// As `Waitable::watch`.
    pub(super) fn enter(&self, watcher: &Watcher) {
        let mut state = lock(&self.state);
        let ready = state.stage == Stage::Finished;
        let told = state.envoys.enter(watcher, ready);
        drop(state);
        told.map(|envoy| envoy.notify());
    }

    /// As `Waitable::unwatch`.
    pub(super) fn leave(&self, watcher: &Watcher) {
        lock(&self.state).envoys.leave(watcher);
    }
}

impl<T> State<T> {
    fn take_listeners(&mut self) -> Listeners {
        let mut line = Vec::new();
        while let Some((who, _)) = self.line.grant(|()| ()) {
            line.push(who);
        }
        let waker = self.waker.take();
        let watchers = mem::take(&mut self.watchers);
        Listeners { line, waker, watchers, envoys: self.envoys.all() }
    }
}

/// Who is to hear of the end.
struct Listeners {
    line: Vec<Rouser>,
    waker: Option<Waker>,
    watchers: Vec<(usize, Sender<usize>, usize)>,
    envoys: Vec<Envoy>,
}

impl Listeners {
    fn tell(self) {
        for (_, whom, what) in self.watchers {
            let _ = whom.try_send(what);
        }
        for who in self.line {
            who.rouse();
        }
        for envoy in self.envoys {
            envoy.notify();
        }
        if let Some(waker) = self.waker {
            waker.wake();
        }
    }
}

/// Calls a callback. A panic of it is logged and is nobody's else business; a kill or a time-out of the task
/// that runs it goes on.
fn call<T>(callback: Callback<T>, outcome: &Outcome<T>) -> std::thread::Result<()> {
    let result = catch_unwind(AssertUnwindSafe(|| callback(outcome)));
    let Err(payload) = result else { return Ok(()) };
    if payload.is::<TimeoutUnwind>() {
        return Err(payload);
    }
    let error = JoinError::unwound(payload);
    if error.is_killed() {
        return Err(JoinError::killed_payload());
    }
    let text = error.message().unwrap_or("with something that is no text");
    complain(format_args!("a callback of a call panicked: {text}"));
    mem::forget(error); // its destructor may panic as well
    Ok(())
}

impl<T> Desk for Shared<T> {
    type Want = ();
    type Got = ();

    fn enter(&self, (): (), who: impl FnOnce() -> Rouser) -> Result<(), Ticket> {
        let mut state = lock(&self.state);
        if state.stage == Stage::Finished { Ok(()) } else { Err(state.line.enter(who(), ())) }
    }

    fn settle(&self, ticket: Ticket, again: Option<&Blocker>) -> Settled<(), ()> {
        settle(&mut lock(&self.state).line, ticket, again)
    }

    fn give_back(&self, (): ()) {}
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("Call")
            .field("stage", &state.stage)
            .field("cancelled", &state.cancelled)
            .field("waiting", &state.line.len())
            .finish_non_exhaustive()
    }
}
