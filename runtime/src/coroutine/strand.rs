//! Code on stacks of their own that switch to each other with values: greenlets, seen from below.
//!
//! The symmetric half. All strands that may switch among each other are of one [`Knot`], which knows
//! the one that runs. Its main strand is the code that was there before: a task's own, or an
//! OS thread's. A value of one word is handed over as it is, any other stays in its frame, and whoever goes on takes it from there
//! first thing: a suspended strand says of which type it has to be.
//!
//! ```text
//!           prepare          go                     go
//!     New ----------> Prepared ----> Running <-------------> Suspended
//!                                       |  its `live` returns
//!                                       `-----> Ended
//! ```
//!
//! A back end that is not `DIRECT` goes through the main strand: it runs a loop while it is
//! suspended ([`Knot::relay`]), which enters one strand after another.

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::ptr;
use std::rc::Rc;

use slab::Slab;

use super::fresh::{Entry, Fresh, announce};
use super::place::{activate, deactivate, is_active};
use super::{Coroutine, DIRECT, Place, Root, Stage, Word, opaque};
use crate::stack::Stack;

/// What a strand is for.
pub(crate) trait Life: Sized + 'static {
    /// What all strands of a knot share.
    type Common;

    /// Runs the strand to its end, on its own stack, and says who goes on: one of the same knot that
    /// is prepared or suspended. The process is aborted if it unwinds, or names another.
    fn live(me: &Rc<Strand<Self>>) -> Rc<Strand<Self>>;
}

/// Tells types apart: the same address is the same type, and so is the same answer.
type Tag = fn() -> TypeId;

/// One that can be switched to.
pub(crate) struct Strand<D: Life> {
    coroutine: Coroutine,
    /// Where it stands; "running" stands for suspended as well, see `awaits`.
    stage: Cell<Stage>,
    /// The type of value that it waits for; none unless it is suspended.
    awaits: Cell<Option<Tag>>,
    /// Whether this is the code that was there before.
    main: bool,
    /// Its key among the members, once it has begun.
    key: Cell<usize>,
    knot: Rc<Knot<D>>,
    /// What it is for.
    pub(crate) data: D,
}

/// Strands that switch among each other.
pub(crate) struct Knot<D: Life> {
    /// Where they run.
    place: Cell<Place>,
    /// The one that runs; kept alive by `members` or `main`.
    current: Cell<*const Strand<D>>,
    /// Whether there is more to be done at a switch than to switch.
    attention: Cell<bool>,
    /// What members leave to, where they cannot switch to each other; else nobody does.
    root: Root,
    /// Not `DIRECT`: who is to be entered next, who has left last, and what the next is handed.
    next: Cell<*const Strand<D>>,
    left: Cell<*const Strand<D>>,
    word: Cell<Option<Word>>,
    /// The one that has ended last, until somebody takes it.
    ended: Cell<Option<Rc<Strand<D>>>>,
    /// Not `DIRECT`: its stack.
    stack: Cell<Option<Stack>>,
    /// Those that have begun and not ended.
    members: RefCell<Slab<Rc<Strand<D>>>>,
    /// The code that was there before; none when the knot is undone.
    main: RefCell<Option<Rc<Strand<D>>>>,
    /// What they share.
    pub(crate) common: D::Common,
}

impl<D: Life> Knot<D> {
    /// Makes the code that calls this the main strand of a new knot.
    ///
    /// One place has one knot at a time: that is the caller's to see to.
    pub(crate) fn new(place: Place, common: D::Common, main: D) -> Rc<Knot<D>> {
        let knot = Rc::new(Knot {
            place: Cell::new(place),
            current: Cell::new(ptr::null()),
            attention: Cell::new(false),
            root: Root::new(),
            next: Cell::new(ptr::null()),
            left: Cell::new(ptr::null()),
            word: Cell::new(None),
            ended: Cell::new(None),
            stack: Cell::new(None),
            members: RefCell::default(),
            main: RefCell::new(None),
            common,
        });
        let main = Strand::make(&knot, main, true);
        main.stage.set(Stage::Running);
        knot.current.set(Rc::as_ptr(&main));
        *knot.main.borrow_mut() = Some(main);
        knot
    }

    /// Where its strands run.
    #[inline]
    pub(crate) fn place(&self) -> Place {
        self.place.get()
    }

    /// The one that runs, if the knot was not undone.
    pub(crate) fn current(&self) -> Option<Rc<Strand<D>>> {
        self.main.borrow().as_ref()?;
        let at = self.current.get();
        // SAFETY: `main` or `members` has it, from an `Rc`; so one more can be made.
        unsafe {
            Rc::increment_strong_count(at);
            Some(Rc::from_raw(at))
        }
    }

    /// Whether the code that was there before is the one that runs.
    pub(crate) fn is_in_main(&self) -> bool {
        self.main.borrow().as_ref().is_some_and(|main| Rc::as_ptr(main) == self.current.get())
    }

    /// Some strand that has begun and not ended.
    pub(crate) fn find(&self, wanted: impl Fn(&Strand<D>) -> bool) -> Option<Rc<Strand<D>>> {
        self.members.borrow().iter().map(|(_, member)| member).find(|m| wanted(m)).cloned()
    }

    /// How many have begun and not ended.
    pub(crate) fn len(&self) -> usize {
        self.members.borrow().len()
    }

    /// Lets go of the code that was there before: nobody switches here any more.
    pub(crate) fn undo(&self) {
        assert!(self.is_in_main(), "only the main strand outlives the others");
        self.place.set(Place::GONE);
        deactivate();
        let main = self.main.borrow_mut().take();
        drop(main);
    }

    /// The strand that has ended since this was asked last, and its stack.
    pub(crate) fn take_ended(&self) -> Option<(Rc<Strand<D>>, Option<Stack>)> {
        let ended = self.ended.take()?;
        let released = ended.coroutine.release();
        Some((ended, self.stack.take().or(released)))
    }

    /// Whether there is more to be done at a switch than to switch.
    #[inline]
    pub(crate) fn has_attention(&self) -> bool {
        self.attention.get()
    }

    /// Says whether there is; if not, the caller runs in the knot's place, and the short way may be
    /// taken from now on.
    pub(crate) fn set_attention(&self, more: bool) {
        self.attention.set(more);
        if more { deactivate() } else { activate(ptr::from_ref(self).cast()) }
    }

    /// Goes on with `to`, with a value or without, and comes back when somebody goes on with this
    /// strand; gives what that one has handed over.
    ///
    /// The caller runs in the knot's place; `to` is prepared, or suspended and waits for such a value.
    pub(crate) fn go<T: 'static>(&self, to: &Rc<Strand<D>>, value: Option<T>) -> Option<T> {
        assert!(ptr::eq(&*to.knot, self) && !self.current.get().is_null());
        assert!(value.is_none() || to.waits_for::<T>());
        match to.stage() {
            Stage::Suspended => {}
            Stage::Prepared => {
                to.stage.set(Stage::Running);
                // SAFETY: the switch follows.
                unsafe { to.announce() };
            }
            stage => unreachable!("switched to while {stage:?}"),
        }
        // SAFETY: checked right here; the place is the caller's word.
        unsafe { self.leave_for(Rc::as_ptr(to), value) }
    }

    /// # Safety
    /// The strand that is marked as current is the one that runs. `at` is one of this knot, and
    /// announced, or suspended; if there is a value, it waits for that type.
    #[inline(always)]
    unsafe fn leave_for<T: 'static>(&self, at: *const Strand<D>, value: Option<T>) -> Option<T> {
        // SAFETY: kept alive by `main` or `members`, as it has not ended.
        let (me, to) = unsafe { (&*self.current.get(), &*at) };
        me.awaits.set(Some(TypeId::of::<T>));
        to.awaits.set(None);
        self.current.set(at);
        let mut value = value.map(ManuallyDrop::new);
        let word = value.as_mut().map(pack);
        let word = if DIRECT {
            // SAFETY: one runs and the other one does not, by the caller's word. Both stay in memory.
            unsafe { me.coroutine.hop_with(&to.coroutine, word) }
        } else {
            // SAFETY: the same.
            unsafe { self.leave_by_root(me, at, word) }
        };
        // SAFETY: whoever has gone on with this strand has looked at `awaits`, and stands still now.
        word.map(|word| unsafe { unpack(word) })
    }

    /// The switch of a back end that is not `DIRECT`.
    ///
    /// # Safety
    /// As for `leave_for`; `me` is who runs.
    unsafe fn leave_by_root(
        &self,
        me: &Strand<D>,
        to: *const Strand<D>,
        word: Option<Word>,
    ) -> Option<Word> {
        self.word.set(word);
        if me.main {
            // SAFETY: this is the stack that members are entered from.
            unsafe { self.relay(to) };
        } else {
            self.next.set(to);
            self.left.set(me);
            // SAFETY: a member was entered from `relay`.
            unsafe { me.coroutine.leave(&self.root) };
        }
        self.word.take()
    }

    /// Enters one strand after another until the main one is to go on.
    ///
    /// # Safety
    /// Called by the main strand, suspended by its stage; `next` is suspended or announced.
    unsafe fn relay(&self, mut next: *const Strand<D>) {
        loop {
            // SAFETY: `members` keeps what has begun; the root waits here, so none of them runs.
            let back = unsafe { self.root.enter(&(*next).coroutine) };
            // SAFETY: whoever has left has said so, and is kept by `members` or `ended`.
            let stack = back.keep(Some(unsafe { &(*self.left.get()).coroutine }));
            if stack.is_some() {
                self.stack.set(stack);
            }
            next = self.next.get();
            // SAFETY: as above.
            if unsafe { (*next).main } {
                return;
            }
        }
    }
}

impl<D: Life> Drop for Knot<D> {
    fn drop(&mut self) {
        deactivate(); // its address may be another's soon
    }
}

impl<D: Life> Strand<D> {
    /// One that has not begun.
    pub(crate) fn new(knot: &Rc<Knot<D>>, data: D) -> Rc<Strand<D>> {
        Strand::make(knot, data, false)
    }

    fn make(knot: &Rc<Knot<D>>, data: D, main: bool) -> Rc<Strand<D>> {
        Rc::new(Strand {
            coroutine: Coroutine::new(),
            stage: Cell::new(Stage::New),
            awaits: Cell::new(None),
            main,
            key: Cell::new(usize::MAX),
            knot: knot.clone(),
            data,
        })
    }

    /// Those that it switches among.
    #[inline]
    pub(crate) fn knot(&self) -> &Rc<Knot<D>> {
        &self.knot
    }

    /// Where it stands.
    #[inline]
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.get() {
            Stage::Running if self.awaits.get().is_some() => Stage::Suspended,
            stage => stage,
        }
    }

    /// Whether it is suspended and waits for a value of that type.
    pub(crate) fn waits_for<T: 'static>(&self) -> bool {
        self.awaits.get().is_some_and(|tag| tag() == TypeId::of::<T>())
    }

    /// Whether it is the code that was there before the knot.
    pub(crate) fn is_main(&self) -> bool {
        self.main
    }

    /// Looks at the stack that it stands on.
    pub(crate) fn with_stack<R>(&self, look: impl FnOnce(&Stack) -> R) -> Option<R> {
        self.coroutine.with_stack(look)
    }

    /// Gives it a stack; from then on its knot keeps it until it has ended.
    pub(crate) fn prepare(self: &Rc<Self>, stack: Stack) {
        assert!(self.stage.get() == Stage::New && !self.main);
        // SAFETY: the stack is ours by value, there was none before; in an `Rc` that the knot has
        // nothing moves, and the knot is kept by the strand.
        unsafe { self.coroutine.prepare::<Fresh>(&self.knot.root, stack) };
        self.stage.set(Stage::Prepared);
        self.key.set(self.knot.members.borrow_mut().insert(self.clone()));
    }

    /// Hands it a value and goes on there, if that is all there is to do.
    ///
    /// Gives what [`Knot::go`] gives.
    ///
    /// # Errors
    /// The value, when this may be another place, or it is not known to wait for that.
    #[inline(always)]
    pub(crate) fn switch<T: 'static>(self: &Rc<Self>, value: T) -> Result<Option<T>, T> {
        let at = opaque(Rc::as_ptr(self));
        // SAFETY: the `Rc` has it.
        let to = unsafe { &*at };
        let knot = &*to.knot;
        let tag: Tag = TypeId::of::<T>;
        let waits = to.awaits.get().is_some_and(|awaits| ptr::fn_addr_eq(awaits, tag));
        if !waits || !is_active(ptr::from_ref(knot).cast()) || std::thread::panicking() {
            return Err(value);
        }
        // SAFETY: the knot is the active one, so this is its place, and the one that is marked as
        // current runs; the other one is suspended and waits for that type.
        Ok(unsafe { knot.leave_for(at, Some(value)) })
    }

    /// # Safety
    /// A switch to it follows, and it is prepared.
    unsafe fn announce(&self) {
        let at = ptr::from_ref(self).cast();
        // SAFETY: the caller's word; `at` is what `bottom` takes.
        unsafe { announce(Entry { run: bottom::<D>, at }) };
    }
}

/// Whether values of that type are handed over in the word itself.
const fn fits<T>() -> bool {
    size_of::<T>() <= size_of::<Word>() && align_of::<T>() <= align_of::<Word>()
}

/// What is handed over for a value: its bytes, or where it is. It is the receiver's from then on.
#[inline(always)]
fn pack<T>(value: &mut ManuallyDrop<T>) -> Word {
    let mut word = Word::uninit();
    if fits::<T>() {
        // SAFETY: it fits, and whoever lends it to us forgets it.
        unsafe { word.as_mut_ptr().cast::<T>().write(ManuallyDrop::take(value)) };
    } else {
        word.write(ptr::from_mut(value).cast());
    }
    word
}

/// The value that a word was made of.
///
/// # Safety
/// Once for each word, with the type that it was made with, while the frame with that value stands still.
#[inline(always)]
unsafe fn unpack<T>(word: Word) -> T {
    // SAFETY: the caller's promise.
    unsafe {
        if fits::<T>() {
            word.as_ptr().cast::<T>().read()
        } else {
            word.assume_init().cast::<T>().read()
        }
    }
}

/// The last frame of a strand's stack.
///
/// # Safety
/// `at` is a `Strand<D>` that is the current one of its knot, and whose stack this is.
unsafe fn bottom<D: Life>(at: *const ()) -> *const Coroutine {
    // SAFETY: the knot's members have it.
    let knot = unsafe { &*at.cast::<Strand<D>>() }.knot.clone();
    let Some(me) = knot.current() else { process::abort() };
    let next = catch_unwind(AssertUnwindSafe(|| D::live(&me)));
    let Ok(next) = next else { process::abort() };
    if !ptr::eq(&*next.knot, &*knot) {
        process::abort();
    }
    match next.stage() {
        Stage::Suspended => {}
        Stage::Prepared => {
            next.stage.set(Stage::Running);
            // SAFETY: the switch follows when this returns.
            unsafe { next.announce() }
        }
        _ => process::abort(),
    }
    knot.members.borrow_mut().remove(me.key.get());
    me.stage.set(Stage::Ended);
    next.awaits.set(None);
    knot.word.set(None);
    knot.current.set(Rc::as_ptr(&next));
    knot.next.set(Rc::as_ptr(&next));
    knot.left.set(Rc::as_ptr(&me));
    knot.set_attention(true);
    // Whoever goes on takes it out: it needs its memory until then, and its destructor is the user's.
    knot.ended.set(Some(me));
    if DIRECT { &raw const next.coroutine } else { ptr::null() }
}

impl<D: Life> fmt::Debug for Strand<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strand").field("stage", &self.stage()).finish_non_exhaustive()
    }
}

impl<D: Life> fmt::Debug for Knot<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knot").field("members", &self.len()).finish_non_exhaustive()
    }
}
