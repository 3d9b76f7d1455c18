//! The handle of a greenlet.

use std::any::Any;
use std::backtrace::Backtrace;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use super::builder::Builder;
use super::error::{Error, SwitchError};
use super::knot::expect_current;
use super::link::Link;
use super::node::{StrandRef, parent_of, state};
use super::{GreenletId, switch};
use crate::coroutine::{Place, Stage};
use crate::stack::Stack;

/// Code on a stack of its own, switched to by hand, with `T`s.
///
/// See the [module](super) for the rules. A handle is one of many for the same greenlet; when the
/// last one of a suspended greenlet goes, it is unwound.
///
/// ```
/// use osier::greenlet::{self, Greenlet};
///
/// let counter = Greenlet::new(|mut n: u32| {
///     let parent = greenlet::current().parent().unwrap();
///     loop {
///         n += parent.switch(n);
///     }
/// });
/// assert_eq!([counter.switch(1), counter.switch(2), counter.switch(10)], [1, 3, 13]);
/// drop(counter); // it is unwound out of its loop
/// ```
pub struct Greenlet<T> {
    link: Link,
    /// Takes and gives `T`s.
    _values: PhantomData<fn(T) -> T>,
}

impl<T: 'static> Greenlet<T> {
    /// Makes a greenlet; it begins when it is first switched to.
    ///
    /// Its parent is the one that runs. It has 256 KiB of stack; [`Builder`] gives it more, and a name.
    ///
    /// # Panics
    /// Where no greenlet runs, see [`current`](super::current()).
    ///
    /// # Blocking
    /// Never switches.
    #[track_caller]
    pub fn new(f: impl FnOnce(T) -> T + 'static) -> Greenlet<T> {
        Builder::new().greenlet(f)
    }

    /// Hands it a value and goes on there; gives what comes back.
    ///
    /// Whoever hands that to the caller, and whenever. A dead one's goes to its nearest living ancestor.
    ///
    /// # Panics
    /// With a sentence, where [`checked_switch`](Greenlet::checked_switch) gives an error. And with
    /// whatever was thrown into the caller, or has come out of one of its children.
    ///
    /// # Blocking
    /// Switches greenlets, not tasks; what runs next may switch tasks.
    #[inline(always)]
    #[track_caller]
    pub fn switch(&self, value: T) -> T {
        match switch::switch(self.link.strand(), value) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// Does as [`switch`](Greenlet::switch), and tells if that cannot be.
    ///
    /// # Errors
    /// When the greenlet is another task's, or its task has ended; the caller is unwinding, or inside of `no_switch`; the receiver waits for another
    /// type; there is no stack. The value comes back with the error then. Without it: when the one
    /// that was to come back with a value was killed, or came with one of another type.
    ///
    /// # Panics
    /// With whatever was thrown into the caller, or has come out of one of its children.
    ///
    /// # Blocking
    /// As `switch`.
    #[inline(always)]
    pub fn checked_switch(&self, value: T) -> Result<T, SwitchError<T>> {
        switch::switch(self.link.strand(), value)
    }

    /// Unwinds it with a payload; gives what comes back.
    ///
    /// Out of the switch in which it left. No panic is printed. If nobody catches it there, it comes out of the parent's switch, which may be
    /// this very call. One that has not begun never will, and one that is dead cannot be unwound: then it
    /// goes to the nearest ancestor that can.
    ///
    /// # Panics
    /// Where [`switch`](Greenlet::switch) does.
    ///
    /// # Blocking
    /// As `switch`.
    ///
    /// ```
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    /// use osier::greenlet::{self, Greenlet};
    ///
    /// let patient = Greenlet::new(|_: String| {
    ///     let parent = greenlet::current::<String>().parent().unwrap();
    ///     let wait = AssertUnwindSafe(|| parent.switch("ready".into()));
    ///     let caught = catch_unwind(wait).unwrap_err();
    ///     format!("caught {}", caught.downcast_ref::<u32>().unwrap())
    /// });
    /// assert_eq!(patient.switch("go".into()), "ready");
    /// assert_eq!(patient.throw(7_u32), "caught 7");
    /// ```
    #[track_caller]
    pub fn throw(&self, payload: impl Any + Send) -> T {
        match switch::throw(self.link.strand(), Box::new(payload)) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// Does as [`throw`](Greenlet::throw), and tells if that cannot be.
    ///
    /// The payload is dropped then.
    ///
    /// # Errors
    /// As for [`checked_switch`](Greenlet::checked_switch).
    ///
    /// # Panics
    /// As `checked_switch`.
    ///
    /// # Blocking
    /// As `switch`.
    pub fn checked_throw(&self, payload: impl Any + Send) -> Result<T, SwitchError<T>> {
        switch::throw(self.link.strand(), Box::new(payload))
    }

    /// Ends it by unwinding; none when it has ended.
    ///
    /// Otherwise it has caught that, and the value is what it came back with, or its result. One that has not begun
    /// never will. As with any end, its parent goes on: if that is not the caller, the parent's switch tells of it by [`Error::Ended`]. The
    /// caller itself may be killed: then this does not return.
    ///
    /// # Errors
    /// As for [`checked_switch`](Greenlet::checked_switch), and for the main greenlet.
    ///
    /// # Panics
    /// As `checked_switch`.
    ///
    /// # Blocking
    /// As `switch`. Unlike a task's kill, it goes on with the greenlet at once.
    ///
    /// ```
    /// use osier::greenlet::{self, Greenlet};
    ///
    /// let endless = Greenlet::new(|n: u32| {
    ///     let parent = greenlet::current().parent().unwrap();
    ///     loop {
    ///         parent.switch(n);
    ///     }
    /// });
    /// endless.switch(1);
    /// assert_eq!(endless.kill(), Ok(None));
    /// assert!(endless.is_dead());
    /// ```
    pub fn kill(&self) -> Result<Option<T>, SwitchError<T>> {
        switch::kill(self.link.strand())
    }

    /// The greenlet that goes on when this one ends; none for the main one.
    ///
    /// While it is unwound because it was dropped, that is the one that drops it.
    ///
    /// # Blocking
    /// Never switches.
    pub fn parent(&self) -> Option<Greenlet<T>> {
        let node = &self.link.strand().data;
        if let Some(dropper) = &*node.dropper.borrow() {
            return Some(Greenlet::of(dropper));
        }
        let parent = node.parent.borrow();
        parent.as_ref().map(|parent| Greenlet::of(parent.strand()))
    }

    /// Lets another greenlet go on when this one ends.
    ///
    /// # Errors
    /// When that one has this one as an ancestor, or is it; when one of them is another task's; when this is
    /// the main one.
    ///
    /// # Blocking
    /// Never switches, but for the drop of the former parent.
    pub fn set_parent(&self, parent: &Greenlet<T>) -> Result<(), Error> {
        let (me, parent) = (self.link.strand(), parent.link.strand());
        if me.knot().place() == Place::GONE {
            return Err(Error::TaskEnded);
        }
        if !Rc::ptr_eq(me.knot(), parent.knot()) {
            return Err(Error::OtherTask);
        }
        if me.is_main() {
            return Err(Error::Main);
        }
        let mut at = parent.clone();
        while !at.is_main() {
            if Rc::ptr_eq(&at, me) {
                return Err(Error::Cycle);
            }
            at = parent_of(&at);
        }
        let former = me.data.parent.replace(Some(Link::new(parent)));
        drop(former);
        Ok(())
    }
}

impl<T> Greenlet<T> {
    pub(super) fn of(strand: &StrandRef) -> Greenlet<T> {
        Greenlet { link: Link::new(strand), _values: PhantomData }
    }

    /// Its number.
    pub fn id(&self) -> GreenletId {
        self.link.strand().data.id
    }

    /// Its name, if it was given one; "main" for the main one.
    pub fn name(&self) -> Option<&str> {
        self.link.strand().data.name.as_deref()
    }

    /// Whether it has ended.
    pub fn is_dead(&self) -> bool {
        self.link.strand().data.dead.get()
    }

    /// Whether it has begun and not ended.
    pub fn is_active(&self) -> bool {
        let strand = self.link.strand();
        !self.is_dead() && matches!(strand.stage(), Stage::Running | Stage::Suspended)
    }

    /// Whether it is the one that runs, of its task.
    pub fn is_current(&self) -> bool {
        self.link.strand().stage() == Stage::Running && !self.is_dead()
    }

    /// Whether it is the code that was there before: the task's own, or the thread's.
    pub fn is_main(&self) -> bool {
        self.link.strand().is_main()
    }

    /// How many bytes of its stack have been used at most; by an earlier owner, too.
    ///
    /// Zero before it begins and after its end, and for the main one. In whole pages.
    pub fn stack_high_water(&self) -> usize {
        self.link.strand().with_stack(Stack::touched).unwrap_or(0)
    }

    /// The frames of a suspended greenlet, innermost first.
    ///
    /// None if it is not suspended, or cannot be switched to from here: it goes on for a moment to
    /// look around. With the jump they end at its first frame; with the portable switch those of whoever
    /// runs the loop follow.
    ///
    /// # Blocking
    /// Never switches, as far as anybody can see.
    ///
    /// ```
    /// use osier::greenlet::{self, Greenlet};
    ///
    /// let one = Greenlet::new(|()| greenlet::current().parent().unwrap().switch(()));
    /// assert!(one.backtrace().is_none());
    /// one.switch(());
    /// assert!(one.backtrace().is_some());
    /// ```
    pub fn backtrace(&self) -> Option<Backtrace> {
        switch::show(self.link.strand())
    }

    /// What was set as its context: a slot for whatever belongs to it.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use osier::greenlet::Greenlet;
    ///
    /// let one = Greenlet::new(|()| ());
    /// assert!(one.context().is_none());
    /// one.set_context(Some(Rc::new("tea")));
    /// let context = one.context().unwrap().downcast::<&str>().unwrap();
    /// assert_eq!(*context, "tea");
    /// ```
    pub fn context(&self) -> Option<Rc<dyn Any>> {
        self.link.strand().data.context.borrow().clone()
    }

    /// Sets its context, be it running or not; gives the former one.
    ///
    /// A new greenlet has none. Two that are given the same `Rc` share it.
    pub fn set_context(&self, context: Option<Rc<dyn Any>>) -> Option<Rc<dyn Any>> {
        self.link.strand().data.context.replace(context)
    }
}

/// Another handle of the same greenlet.
impl<T> Clone for Greenlet<T> {
    fn clone(&self) -> Greenlet<T> {
        Greenlet { link: self.link.clone(), _values: PhantomData }
    }
}

/// Whether both are handles of the same greenlet.
impl<T> PartialEq for Greenlet<T> {
    fn eq(&self, other: &Greenlet<T>) -> bool {
        self.id() == other.id()
    }
}

impl<T> Eq for Greenlet<T> {}

impl<T> fmt::Debug for Greenlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strand = self.link.strand();
        f.debug_struct("Greenlet")
            .field("id", &self.id().get())
            .field("name", &self.name())
            .field("state", &format_args!("{}", state(strand)))
            .field("handles", &strand.data.handles.get())
            .finish()
    }
}

impl Builder {
    /// Makes a greenlet, as [`Greenlet::new`] does.
    ///
    /// # Panics
    /// As `Greenlet::new`.
    ///
    /// # Blocking
    /// Never switches.
    #[track_caller]
    pub fn greenlet<T: 'static>(self, f: impl FnOnce(T) -> T + 'static) -> Greenlet<T> {
        let (knot, current) = expect_current();
        Greenlet::of(&self.strand(&knot, &current, f))
    }
}
