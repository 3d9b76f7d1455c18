//! Generators: iterators written as code that yields.

use std::fmt;
use std::iter::FusedIterator;
use std::mem;
use std::panic::resume_unwind;
use std::rc::Rc;

use super::builder::Builder;
use super::close::{UNWINDS, quietly};
use super::home::{Stacks, stacks};
use super::yielder::Yielder;
use super::{Error, GreenletId};
use crate::complaint::complain;
use crate::coroutine::{Order, Pair, Stage, Step};
use crate::hub::here;
use crate::stack::{Kind, Stack};
use crate::task::JoinError;

/// How often one is asked to end that catches what it is unwound with.
const ROUNDS: u32 = 5;

/// What a generator is unwound with that is dropped.
struct Stop;

/// Makes an iterator of code that yields its items.
///
/// The code begins at the first `next`, and stands still between two of them. It may borrow, may call what
/// yields ([`Yielder`] is lent), and wait as its caller may: `sleep` in a generator parks the
/// task that wants the item.
///
/// ```
/// use osier::greenlet::generator;
///
/// let squares = generator(|y| {
///     for n in 1.. {
///         y.yield_(n * n);
///     }
/// });
/// assert!(squares.take(4).eq([1, 4, 9, 16])); // and is unwound out of its loop
/// ```
///
/// # Panics
/// When the thread's locals are gone already.
///
/// # Blocking
/// Never switches.
pub fn generator<'a, T: 'a>(f: impl FnOnce(&Yielder<'_, T>) + 'a) -> Generator<'a, T> {
    Generator::new(f)
}

/// An iterator made of code that yields; takes values, too.
///
/// Made by [`generator()`], or by [`Generator::new`] if values are sent. Dropped early, the code is unwound: its
/// destructors have run when `drop` returns. If the code panics, so does the call that
/// has resumed it.
///
/// ```
/// use osier::greenlet::Generator;
///
/// let consumer = |name: &'static str| {
///     Generator::new(move |y| {
///         let mut sent = y.yield_(String::from(name));
///         while let Some(n) = sent {
///             sent = y.yield_(format!("{name} has {n}"));
///         }
///     })
/// };
/// let mut two = [consumer("one"), consumer("two")];
/// let ready: Vec<String> = two.iter_mut().map(|c| c.next().unwrap()).collect();
/// assert_eq!(ready, ["one", "two"]);
/// for n in 1..=3 {
///     for c in &mut two {
///         let said = c.send(n).unwrap(); // what the consumer's `yield_` gives it
///         assert!(said.ends_with(&format!("has {n}")));
///     }
/// }
/// assert_eq!(two[0].next(), None); // sends nothing, and this one ends then
/// ```
pub struct Generator<'a, T, S = ()> {
    pair: Pair<'a, Option<S>, T>,
    stacks: Rc<Stacks>,
    id: GreenletId,
    plan: Builder,
}

impl<'a, T: 'a, S: 'a> Generator<'a, T, S> {
    /// Makes one that values can be sent to.
    ///
    /// # Panics
    /// When the thread's locals are gone already.
    ///
    /// # Blocking
    /// Never switches.
    pub fn new(f: impl FnOnce(&Yielder<'_, T, S>) + 'a) -> Generator<'a, T, S> {
        Builder::new().generator(f)
    }
}

impl<T, S> Generator<'_, T, S> {
    /// Resumes the code with a value, which its `yield_` gives.
    ///
    /// Gives what [`next`](Iterator::next) would.
    ///
    /// # Panics
    /// When the code has not begun, so that no `yield_` of it waits: call `next` first. And when the
    /// code does.
    ///
    /// # Blocking
    /// As `next`.
    #[inline(always)]
    #[track_caller]
    pub fn send(&mut self, value: S) -> Option<T> {
        assert!(
            self.pair.stage() != Stage::New,
            "a value was sent to a generator that has not begun: call next first"
        );
        self.resume(Some(value))
    }

    /// Whether the code has ended.
    pub fn is_done(&self) -> bool {
        self.pair.stage() == Stage::Ended
    }

    /// How many bytes of its stack have been used at most; by an earlier owner, too.
    ///
    /// Zero before it begins and after its end. In whole pages.
    pub fn stack_high_water(&self) -> usize {
        self.pair.with_stack(Stack::touched).unwrap_or(0)
    }

    #[inline(always)]
    fn resume(&mut self, sent: Option<S>) -> Option<T> {
        if self.pair.stage() != Stage::Suspended || std::thread::panicking() {
            return self.resume_with_care(sent);
        }
        self.step(sent)
    }

    #[inline(always)]
    fn step(&mut self, sent: Option<S>) -> Option<T> {
        match self.pair.resume(here(), Order::Go(sent)) {
            Step::Gave(value) => Some(value),
            Step::Ended(end, stack) => {
                self.stacks.give(stack);
                match end {
                    Ok(()) => None,
                    Err(payload) => resume_unwind(payload),
                }
            }
        }
    }

    #[cold]
    fn resume_with_care(&mut self, sent: Option<S>) -> Option<T> {
        match self.pair.stage() {
            _ if std::thread::panicking() => return None,
            Stage::New => {
                if let Err(why) = self.prepare() {
                    panic!("a generator has no stack: {why}");
                }
            }
            Stage::Ended => return None,
            Stage::Running => panic!("a generator was resumed by itself"),
            Stage::Prepared | Stage::Suspended => {}
        }
        self.step(sent)
    }

    fn prepare(&mut self) -> Result<(), Error> {
        let (id, name) = (self.id.get(), self.plan.name.as_deref());
        let stack = self.stacks.take(self.plan.stack_size, Kind::Generator, id, name)?;
        self.pair.prepare(stack);
        Ok(())
    }

    fn unwind(&mut self) {
        for _ in 0..ROUNDS {
            match self.pair.resume(here(), Order::Unwind(Box::new(Stop))) {
                Step::Gave(value) => {
                    quietly("item of a generator that was dropped", || drop(value))
                }
                Step::Ended(end, stack) => {
                    self.stacks.give(stack);
                    if let Err(payload) = end
                        && !payload.is::<Stop>()
                    {
                        let error = JoinError::unwound(payload);
                        complain(format_args!("a generator, dropped, panicked: {error}"));
                        mem::forget(error); // its destructor may panic as well
                    }
                    return;
                }
            }
        }
        complain(format_args!("a generator does not end when it is dropped; its stack is leaked"));
    }
}

/// # Panics
/// When the code does; when there is no stack for it, on the first call.
///
/// # Blocking
/// Switches to the code and back, not to other tasks; the code may. In a destructor while the caller
/// unwinds it gives none, and does not go on.
impl<T, S> Iterator for Generator<'_, T, S> {
    type Item = T;

    #[inline(always)]
    fn next(&mut self) -> Option<T> {
        self.resume(None)
    }
}

impl<T, S> FusedIterator for Generator<'_, T, S> {}

impl<T, S> Drop for Generator<'_, T, S> {
    fn drop(&mut self) {
        if UNWINDS && self.pair.stage() == Stage::Suspended {
            self.unwind();
        }
    }
}

impl<T, S> fmt::Debug for Generator<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("name", &self.plan.name)
            .field("state", &self.pair.stage())
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Makes a generator that values can be sent to, as [`Generator::new`] does.
    ///
    /// # Panics
    /// As `Generator::new`.
    ///
    /// # Blocking
    /// Never switches.
    pub fn generator<'a, T: 'a, S: 'a>(
        self,
        f: impl FnOnce(&Yielder<'_, T, S>) + 'a,
    ) -> Generator<'a, T, S> {
        let stacks = stacks().unwrap_or_else(|why| panic!("{why}"));
        let pair = Pair::new(move |door| f(&Yielder { door }));
        Generator { pair, stacks, id: GreenletId::fresh(), plan: self }
    }
}
