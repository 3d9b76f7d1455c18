//! Calls on their way to a worker, and where their results go.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use osier_runtime::Builder;
use osier_runtime::queue::Queue;
use osier_runtime::thread::{CallError, Resolver};
use serde::de::DeserializeOwned;

use super::error::TaskError;
use super::frame::{End, LONGEST};
use crate::process::{FUNCTIONS, Function, Signature};
use crate::wire::Parcel;

/// What a call came to.
pub(super) type Outcome<R> = Result<R, CallError>;

/// A call or a chunk of calls, from its submission to its end.
pub(super) struct Task {
    /// Which function of the table.
    pub(super) function: u32,
    /// Arguments; kept until the end, as it may have to be sent again.
    pub(super) calls: Vec<Parcel>,
    job: Box<dyn Job>,
    /// Whether a worker has it, or had: it cannot be cancelled any more.
    started: bool,
    /// How many workers have died that it was sent to, before they began with it.
    pub(super) deaths: u8,
}

impl Task {
    /// With the arguments of each call, or why they cannot be sent.
    pub(super) fn new<R: DeserializeOwned + 'static>(
        function: u32,
        packed: Vec<Result<Parcel, TaskError>>,
        to: To<R>,
    ) -> Task {
        let (mut calls, mut refused) = (Vec::new(), Vec::new());
        for (at, call) in packed.into_iter().enumerate() {
            match call {
                Ok(call) => calls.push(call),
                Err(why) => refused.push((at, why)),
            }
        }
        let job = Box::new(Delivery { count: calls.len(), refused, to });
        Task { function, calls, job, started: false, deaths: 0 }
    }

    /// Says that a worker gets it; false if it was cancelled.
    pub(super) fn start(&mut self) -> bool {
        self.started = self.started || self.job.start();
        self.started
    }

    /// Delivers what it came to.
    pub(super) fn finish(self, ends: Vec<End>) {
        let Task { job, .. } = self;
        guarded(move || job.finish(ends));
    }

    /// Delivers an error.
    pub(super) fn fail(self, why: &TaskError) {
        let Task { job, .. } = self;
        guarded(move || job.fail(why));
    }

    /// Cancels it.
    pub(super) fn cancel(self) {
        let Task { job, .. } = self;
        guarded(move || job.cancel());
    }
}

/// Calls code of users, whose panics are told by the panic hook and are theirs.
fn guarded(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        std::mem::forget(payload); // its destructor may panic as well
    }
}

/// The arguments of a call as they travel.
///
/// # Errors
///
/// [`TaskError::Argument`].
pub(super) fn pack<F: Signature>(args: &F::Args) -> Result<Parcel, TaskError> {
    let parcel = Parcel::pack(args).map_err(|error| match error {
        crate::wire::SendError::Encode(why) => TaskError::Argument(why),
        other => TaskError::Argument(other.to_string()),
    })?;
    if parcel.bytes.len() > LONGEST {
        let text = format!("{} bytes are more than can be sent", parcel.bytes.len());
        return Err(TaskError::Argument(text));
    }
    Ok(parcel)
}

/// Its number in the table, which workers have as well: they are of the same program.
pub(super) fn number<F: Signature>(function: &Function<F>) -> u32 {
    let entry = function.entry();
    let same = |other: &&crate::process::Entry| std::ptr::eq(*other, entry);
    let at = FUNCTIONS.iter().position(|other| same(&other));
    let at = at.or_else(|| FUNCTIONS.iter().position(|other| other.name == entry.name));
    u32::try_from(at.expect("what is a function is in the table")).expect("fewer than that")
}

/// The error of a call.
pub(super) fn error(why: &TaskError) -> CallError {
    if why.is_of_pool() { CallError::lost(why.clone()) } else { CallError::failed(why.clone()) }
}

trait Job {
    fn start(&self) -> bool;
    fn cancel(self: Box<Self>);
    fn finish(self: Box<Self>, ends: Vec<End>);
    fn fail(self: Box<Self>, why: &TaskError);
}

/// Where results go.
pub(super) enum To<R> {
    /// Of one call.
    One(Resolver<R>),
    /// Of one call, and callbacks before that, in a task of their own.
    Told(Resolver<R>, Callback<R>, Busy),
    /// Of a chunk.
    Chunk(Resolver<Vec<Outcome<R>>>),
    /// Of a chunk that is a part of a whole: this one.
    Part(Rc<Whole<R>>, usize),
    /// Of a chunk, in the order in which they come.
    Line(Rc<Queue<Vec<Outcome<R>>>>),
}

/// What is called with a result before anybody has it.
pub(super) type Callback<R> = Box<dyn FnOnce(&Outcome<R>)>;
/// Keeps a pool from its end while a callback runs.
pub(super) type Busy = Rc<dyn std::any::Any>;

struct Delivery<R> {
    /// How many calls.
    count: usize,
    /// Calls besides, that are not made: where they stand, and why.
    refused: Vec<(usize, TaskError)>,
    to: To<R>,
}

impl<R: DeserializeOwned + 'static> Delivery<R> {
    fn deliver(self, mut all: Vec<Outcome<R>>) {
        for (at, why) in self.refused {
            all.insert(at.min(all.len()), Err(error(&why)));
        }
        match self.to {
            To::One(resolver) => give(resolver, one(&mut all)),
            To::Told(resolver, callback, busy) => {
                let outcome = one(&mut all);
                let tell = move || {
                    let _busy = busy;
                    guarded(|| callback(&outcome));
                    give(resolver, outcome);
                };
                // Without room for a task the promise is broken, which says so.
                let _ = Builder::new().name("osier-callback").spawn(tell);
            }
            To::Chunk(resolver) => resolver.resolve(all),
            To::Part(whole, at) => whole.fill(at, all),
            To::Line(line) => drop(line.try_put(all)),
        }
    }
}

fn one<R>(all: &mut Vec<Outcome<R>>) -> Outcome<R> {
    all.pop().unwrap_or_else(|| Err(error(&TaskError::Result("the worker sent none".into()))))
}

fn give<R>(resolver: Resolver<R>, outcome: Outcome<R>) {
    match outcome {
        Ok(value) => resolver.resolve(value),
        Err(error) => resolver.fail(error),
    }
}

impl<R: DeserializeOwned + 'static> Job for Delivery<R> {
    fn start(&self) -> bool {
        match &self.to {
            To::One(resolver) | To::Told(resolver, ..) => resolver.start(),
            To::Chunk(resolver) => resolver.start(),
            To::Part(whole, _) => whole.start(),
            To::Line(_) => true,
        }
    }

    fn cancel(self: Box<Self>) {
        match self.to {
            To::One(resolver) | To::Told(resolver, ..) => resolver.cancel(),
            To::Chunk(resolver) => resolver.cancel(),
            to => Box::new(Delivery { to, ..*self }).fail(&TaskError::Closed),
        }
    }

    fn finish(self: Box<Self>, ends: Vec<End>) {
        let all = ends.into_iter().map(open).collect();
        self.deliver(all);
    }

    fn fail(self: Box<Self>, why: &TaskError) {
        let all = (0..self.count).map(|_| Err(error(why))).collect();
        self.deliver(all);
    }
}

fn open<R: DeserializeOwned>(end: End) -> Outcome<R> {
    match end {
        End::Result(parcel) => {
            let unreadable = |e: crate::wire::RecvError| error(&TaskError::Result(e.to_string()));
            parcel.unpack().map_err(unreadable)
        }
        End::Panic(text) => Err(CallError::panicked(Box::new(text))),
        End::Argument(why) => Err(error(&TaskError::Argument(why))),
        End::Unsendable(why) => Err(error(&TaskError::Result(why))),
    }
}

/// The results of a map, of which chunks are parts.
pub(super) struct Whole<R> {
    /// None once it was delivered.
    resolver: Cell<Option<Resolver<Vec<R>>>>,
    started: Cell<bool>,
    parts: RefCell<Parts<R>>,
}

struct Parts<R> {
    filled: Vec<Option<Vec<Outcome<R>>>>,
    missing: usize,
}

impl<R> Whole<R> {
    pub(super) fn new(resolver: Resolver<Vec<R>>, parts: usize) -> Whole<R> {
        let filled = (0..parts).map(|_| None).collect();
        let parts = RefCell::new(Parts { filled, missing: parts });
        Whole { resolver: Cell::new(Some(resolver)), started: Cell::new(false), parts }
    }

    /// Says that its first part begins; false if it was cancelled.
    fn start(&self) -> bool {
        if !self.started.get() {
            let resolver = self.resolver.take();
            self.started.set(resolver.as_ref().is_some_and(Resolver::start));
            self.resolver.set(resolver);
        }
        self.started.get()
    }

    /// Adds a part; all of them, or the first error, is delivered with the last.
    fn fill(&self, at: usize, all: Vec<Outcome<R>>) {
        let mut parts = self.parts.borrow_mut();
        if parts.filled[at].replace(all).is_none() {
            parts.missing -= 1;
        }
        if parts.missing > 0 {
            return;
        }
        let filled = std::mem::take(&mut parts.filled);
        drop(parts);
        let whole = filled.into_iter().flatten().flatten().collect();
        if let Some(resolver) = self.resolver.take() {
            give(resolver, whole);
        }
    }
}
