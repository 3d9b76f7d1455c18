//! The inside of a generator.

use std::fmt;

use crate::coroutine::Door;
use crate::hub::here;

/// Gives values out of a generator: what its closure is called with.
///
/// It is lent, so whatever the closure calls can yield as well:
///
/// ```
/// use osier::greenlet::{Yielder, generator};
///
/// enum Tree {
///     Leaf(u32),
///     Fork(Box<[Tree; 2]>),
/// }
///
/// fn walk(tree: &Tree, y: &Yielder<u32>) {
///     match tree {
///         Tree::Leaf(n) => _ = y.yield_(*n),
///         Tree::Fork(two) => two.iter().for_each(|tree| walk(tree, y)),
///     }
/// }
/// let tree = Tree::Fork(Box::new([
///     Tree::Leaf(1),
///     Tree::Fork(Box::new([Tree::Leaf(2), Tree::Leaf(3)])),
/// ]));
/// assert!(generator(|y| walk(&tree, y)).eq([1, 2, 3]));
/// ```
pub struct Yielder<'a, T, S = ()> {
    pub(super) door: &'a Door<Option<S>, T>,
}

impl<T, S> Yielder<'_, T, S> {
    /// Gives a value out, and waits to be resumed.
    ///
    /// Then gives what was sent: none if that was `next`. In a destructor while the
    /// generator unwinds it drops the value and gives none.
    ///
    /// # Panics
    /// In another task than the one that has resumed the generator (a scoped task may have borrowed this), and inside of [`no_switch`](crate::no_switch).
    /// And that is how the generator is unwound when it is dropped.
    ///
    /// # Blocking
    /// Switches to whoever has resumed the generator, not to other tasks.
    #[inline(always)]
    pub fn yield_(&self, value: T) -> Option<S> {
        match self.door.suspend(here(), value) {
            Ok(sent) => sent,
            Err(value) => refused(value),
        }
    }

    /// Gives every item of `items`; what is sent meanwhile is dropped.
    ///
    /// ```
    /// use osier::greenlet::generator;
    ///
    /// let both = generator(|y| {
    ///     y.yield_all(1..=2);
    ///     y.yield_all([8, 9]);
    /// });
    /// assert!(both.eq([1, 2, 8, 9]));
    /// ```
    ///
    /// # Panics
    /// As `yield_`.
    ///
    /// # Blocking
    /// As `yield_`.
    pub fn yield_all(&self, items: impl IntoIterator<Item = T>) {
        items.into_iter().for_each(|item| _ = self.yield_(item));
    }
}

#[cold]
fn refused<T, S>(value: T) -> Option<S> {
    drop(value);
    if std::thread::panicking() {
        return None;
    }
    panic!(
        "a generator yields in the task that has resumed it, and not inside of no_switch: \
         this is somewhere else"
    );
}

impl<T, S> fmt::Debug for Yielder<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder").finish_non_exhaustive()
    }
}
