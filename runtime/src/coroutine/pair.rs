//! Code on a stack of its own that is resumed with a value and suspends itself with another.
//!
//! The asymmetric half: whoever resumes is who it suspends itself to. What generators are made of.
//! It is resumed through a `&mut`, so by one at a time, and the code on its stack reaches the way out only
//! by a reference that does not outlive its frames. What neither says is in which task that
//! happens: a scoped task may borrow the way out, too. So each resume notes its place, and
//! a suspension anywhere else is refused.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::rc::Rc;

use super::fresh::{Entry, Fresh, announce};
use super::{Coroutine, Place, Root};
use crate::stack::Stack;

/// What an unwinding carries.
type Payload = Box<dyn Any + Send>;

/// What the code on the stack is told when it goes on.
pub(crate) enum Order<In> {
    /// To go on with that.
    Go(In),
    /// To unwind with that.
    Unwind(Payload),
}

/// What a resume comes back with.
pub(crate) enum Step<Out> {
    /// It has suspended itself.
    Gave(Out),
    /// It is over, and this is its stack.
    Ended(Result<(), Payload>, Stack),
}

/// Where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// Without a stack.
    New,
    /// On a stack, not yet entered.
    Prepared,
    /// Resumed.
    Running,
    /// Suspended by itself.
    Suspended,
    /// Over.
    Ended,
}

/// What is run, with the way out.
type Main<'a, In, Out> = Box<dyn FnOnce(&Door<In, Out>) + 'a>;

/// What both sides look at.
struct Shared<In, Out> {
    root: Root,
    coroutine: Coroutine,
    stage: Cell<Stage>,
    /// Where it was resumed last.
    place: Cell<Place>,
    /// Set by a resume, taken where it goes on.
    inward: Cell<Option<In>>,
    /// Set by a resume that is to unwind it, taken where it goes on.
    unwind: Cell<Option<Payload>>,
    /// Set where it suspends itself, taken by the resume.
    outward: Cell<Option<Out>>,
    /// Set by the last frame.
    end: Cell<Option<Result<(), Payload>>>,
    /// There until it begins.
    main: Cell<Option<Main<'static, In, Out>>>,
}

/// The outside: who has it resumes the code.
///
/// Dropped while it is suspended, it leaks the stack and all on it; who does not want that unwinds it.
pub(crate) struct Pair<'a, In, Out> {
    shared: Rc<Shared<In, Out>>,
    /// Owns a closure that borrows for `'a`.
    _main: PhantomData<Box<dyn FnOnce(In) -> Out + 'a>>,
}

/// The inside: the way out for the code on the stack.
pub(crate) struct Door<In, Out> {
    /// Good as long as the code has not ended.
    shared: *const Shared<In, Out>,
}

impl<'a, In, Out> Pair<'a, In, Out> {
    /// Keeps code for later.
    pub(crate) fn new(main: impl FnOnce(&Door<In, Out>) + 'a) -> Pair<'a, In, Out> {
        let main: Main<'a, In, Out> = Box::new(main);
        // SAFETY: only the lifetime of the box changes. What it borrows is used when it is called,
        // when its frames go on, and when it is dropped: all within calls on this value, which does
        // not outlive 'a, or never, if it is leaked.
        let main: Main<'static, In, Out> = unsafe { mem::transmute(main) };
        let shared = Shared {
            root: Root::new(),
            coroutine: Coroutine::new(),
            stage: Cell::new(Stage::New),
            place: Cell::new(Place::GONE),
            inward: Cell::new(None),
            unwind: Cell::new(None),
            outward: Cell::new(None),
            end: Cell::new(None),
            main: Cell::new(Some(main)),
        };
        Pair { shared: Rc::new(shared), _main: PhantomData }
    }

    /// Where it stands.
    #[inline]
    pub(crate) fn stage(&self) -> Stage {
        self.shared.stage.get()
    }

    /// Gives it a stack.
    pub(crate) fn prepare(&mut self, stack: Stack) {
        assert_eq!(self.stage(), Stage::New);
        // SAFETY: the stack is ours by value, there was none before, and `shared` is not moved or
        // freed before the code has ended: see `drop`.
        unsafe { self.shared.coroutine.prepare::<Fresh>(&self.shared.root, stack) };
        self.shared.stage.set(Stage::Prepared);
    }

    /// Lets it go on until it suspends itself or ends.
    #[inline(always)]
    pub(crate) fn resume(&mut self, here: Place, order: Order<In>) -> Step<Out> {
        let shared = &*self.shared;
        match shared.stage.get() {
            Stage::Suspended => {}
            Stage::Prepared => {
                let at = ptr::from_ref(shared).cast();
                // SAFETY: the switch follows; `at` is what `bottom` takes.
                unsafe { announce(Entry { run: bottom::<In, Out>, at }) };
            }
            stage => unreachable!("resumed while {stage:?}"),
        }
        match order {
            Order::Go(value) => shared.inward.set(Some(value)),
            Order::Unwind(payload) => shared.unwind.set(Some(payload)),
        }
        shared.place.set(here);
        shared.stage.set(Stage::Running);
        // SAFETY: it was prepared or suspended, so no coroutine of this root runs; this is the
        // stack that it will come back to.
        let back = unsafe { shared.root.enter(&shared.coroutine) };
        let stack = back.keep(Some(&shared.coroutine));
        if let Some(value) = shared.outward.take() {
            return Step::Gave(value);
        }
        let end = shared.end.take().expect("it has suspended itself, or it is over");
        shared.stage.set(Stage::Ended);
        let released = shared.coroutine.release();
        Step::Ended(end, stack.or(released).expect("who ends has run on a stack"))
    }

    /// Looks at the stack that it stands on.
    pub(crate) fn with_stack<R>(&self, look: impl FnOnce(&Stack) -> R) -> Option<R> {
        self.shared.coroutine.with_stack(look)
    }
}

impl<In, Out> Drop for Pair<'_, In, Out> {
    fn drop(&mut self) {
        if matches!(self.stage(), Stage::Suspended | Stage::Running | Stage::Prepared) {
            mem::forget(self.shared.clone()); // its frames refer to it, and may never go on
        } else {
            drop(self.shared.main.take());
        }
    }
}

/// The last frame of such a stack.
///
/// # Safety
/// `at` is a `Shared<In, Out>` whose stack this is.
unsafe fn bottom<In, Out>(at: *const ()) -> *const Coroutine {
    let door = Door { shared: at.cast::<Shared<In, Out>>() };
    // SAFETY: the pair keeps it while the code has not ended.
    let shared = unsafe { &*door.shared };
    let run = || {
        let main = shared.main.take().expect("it begins once");
        drop(shared.inward.take());
        main(&door);
    };
    shared.end.set(Some(catch_unwind(AssertUnwindSafe(run))));
    ptr::null()
}

impl<In, Out> Door<In, Out> {
    /// Suspends the code on this stack with a value, and gives what it is resumed with.
    ///
    /// # Errors
    /// The value, when this is not where it was resumed, or it is unwinding.
    ///
    /// # Panics
    /// That is how it is unwound.
    #[inline(always)]
    pub(crate) fn suspend(&self, here: Place, value: Out) -> Result<In, Out> {
        // SAFETY: a door is lent to frames on its stack, so the code has not ended.
        let shared = unsafe { &*self.shared };
        let runs = shared.stage.get() == Stage::Running && shared.place.get() == here;
        if !runs || std::thread::panicking() {
            return Err(value);
        }
        shared.outward.set(Some(value));
        shared.stage.set(Stage::Suspended);
        // SAFETY: it runs, in this very place, so we stand on its stack or on that of another pair that was
        // resumed from it, and its root waits in `resume`.
        unsafe { shared.coroutine.leave(&shared.root) };
        match shared.inward.take() {
            Some(value) => Ok(value),
            None => resume_unwind(shared.unwind.take().expect("a value or an unwinding")),
        }
    }
}

impl<In, Out> fmt::Debug for Pair<'_, In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pair").field(&self.stage()).finish()
    }
}

impl<In, Out> fmt::Debug for Door<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}
