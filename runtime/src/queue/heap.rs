//! A heap that gives the smallest first, and equals in the order they came.
//!
//! Not std's: whose item compares is the user's code, which may panic. Here all comparisons of a call come
//! before its first change, so one that panics leaves the heap as it was, and the item with its
//! owner. Knows no task.

/// Items, the smallest on top.
#[derive(Debug)]
pub(super) struct Heap<T> {
    /// Each is no smaller than its parent, at `(i - 1) / 2`; with the number of its coming.
    items: Vec<(T, u64)>,
    /// How many have come, ever.
    count: u64,
}

impl<T: Ord> Heap<T> {
    pub(super) const fn new() -> Heap<T> {
        Heap { items: Vec::new(), count: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The smallest.
    pub(super) fn first(&self) -> Option<&T> {
        self.items.first().map(|(item, _)| item)
    }

    /// Adds what is in there.
    ///
    /// # Panics
    /// As a comparison does: then the item stays where it is. And if there is none.
    pub(super) fn push(&mut self, from: &mut Option<T>) {
        let item = from.as_ref().expect("an item to be pushed");
        // The newest of its equals stays below them, so its number is not asked for.
        let mut at = self.items.len();
        let mut steps = 0;
        while at > 0 && *item < self.items[parent(at)].0 {
            at = parent(at);
            steps += 1;
        }
        self.items.extend(from.take().map(|item| (item, self.count)));
        self.count += 1;
        let mut at = self.items.len() - 1;
        for _ in 0..steps {
            self.items.swap(at, parent(at));
            at = parent(at);
        }
    }

    /// Takes the smallest.
    ///
    /// # Panics
    /// As a comparison does: then nothing is taken.
    pub(super) fn pop(&mut self) -> Option<T> {
        let last = self.items.len().checked_sub(1)?;
        // Where the last one goes once the top has gone: down along the smaller children.
        let mut at = 0;
        let mut path = Path::default();
        while let Some(child) = self.smaller_child(at, last)
            && self.is_before(child, last)
        {
            path.push(child % 2 == 1);
            at = child;
        }
        let top = self.items.swap_remove(0).0;
        let mut at = 0;
        for left in path.steps() {
            let child = 2 * at + if left { 1 } else { 2 };
            self.items.swap(at, child);
            at = child;
        }
        Some(top)
    }

    /// The smaller of the children of `at` that stand before `end`.
    fn smaller_child(&self, at: usize, end: usize) -> Option<usize> {
        let (left, right) = (2 * at + 1, 2 * at + 2);
        match (left < end, right < end) {
            (false, _) => None,
            (true, false) => Some(left),
            (true, true) => Some(if self.is_before(right, left) { right } else { left }),
        }
    }

    fn is_before(&self, a: usize, b: usize) -> bool {
        let ((a, a_count), (b, b_count)) = (&self.items[a], &self.items[b]);
        a.cmp(b).then(a_count.cmp(b_count)).is_lt()
    }
}

impl<T: Ord> FromIterator<T> for Heap<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Heap<T> {
        let mut heap = Heap::new();
        items.into_iter().for_each(|item| heap.push(&mut Some(item)));
        heap
    }
}

fn parent(at: usize) -> usize {
    (at - 1) / 2
}

/// A way down from the top, left or right at each level.
#[derive(Default)]
struct Path {
    /// One bit a level, the first is the lowest: set is left.
    left: u64,
    len: u32,
}

impl Path {
    fn push(&mut self, left: bool) {
        self.left |= u64::from(left) << self.len;
        self.len += 1;
    }

    fn steps(&self) -> impl Iterator<Item = bool> + use<> {
        let Path { left, len } = *self;
        (0..len).map(move |level| left >> level & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::cmp::Ordering;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use proptest::prelude::*;

    use super::*;

    fn drain<T: Ord>(heap: &mut Heap<T>) -> Vec<T> {
        std::iter::from_fn(|| heap.pop()).collect()
    }

    /// Compares by the first, of which there are many equals.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Ticket(u8, usize);

    impl Ord for Ticket {
        fn cmp(&self, other: &Ticket) -> Ordering {
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Ticket {
        fn partial_cmp(&self, other: &Ticket) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    thread_local!(static PATIENCE: Cell<Option<u32>> = const { Cell::new(None) });

    /// Panics in the comparison for which there is no patience left.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Touchy(u8);

    impl Ord for Touchy {
        fn cmp(&self, other: &Touchy) -> Ordering {
            if let Some(left) = PATIENCE.get() {
                PATIENCE.set(Some(
                    left.checked_sub(1).unwrap_or_else(|| std::panic::resume_unwind(Box::new(()))),
                ));
            }
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Touchy {
        fn partial_cmp(&self, other: &Touchy) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    fn with_patience<R>(patience: u32, f: impl FnOnce() -> R) -> Option<R> {
        PATIENCE.set(Some(patience));
        let result = catch_unwind(AssertUnwindSafe(f)).ok();
        PATIENCE.set(None);
        result
    }

    proptest! {
        #[test]
        fn it_sorts_and_keeps_equals_in_order(items: Vec<u8>, pops: Vec<bool>) {
            let (mut heap, mut model) = (Heap::new(), Vec::new());
            for (n, item) in items.into_iter().enumerate() {
                let ticket = Ticket(item % 8, n);
                heap.push(&mut Some(ticket));
                model.push(ticket);
                if pops.get(n) == Some(&true) {
                    let least = model.iter().min_by_key(|t| (t.0, t.1)).copied();
                    model.retain(|t| Some(*t) != least);
                    prop_assert_eq!(heap.first(), least.as_ref());
                    prop_assert_eq!(heap.pop(), least);
                }
            }
            model.sort_by_key(|t| (t.0, t.1));
            prop_assert_eq!(drain(&mut heap), model);
        }

        #[test]
        fn a_comparison_that_panics_changes_nothing(items: Vec<u8>, next: u8, patience in 0u32..6) {
            let mut heap: Heap<Touchy> = items.iter().copied().map(Touchy).collect();
            let mut sorted: Vec<Touchy> = items.into_iter().map(Touchy).collect();
            sorted.sort();
            match with_patience(patience, || heap.pop()) {
                Some(popped) => prop_assert_eq!(popped, (!sorted.is_empty()).then(|| sorted.remove(0))),
                None => prop_assert_eq!(heap.len(), sorted.len()),
            }
            let mut item = Some(Touchy(next));
            match with_patience(patience, || heap.push(&mut item)) {
                Some(()) => sorted.insert(sorted.partition_point(|other| other.0 <= next), Touchy(next)),
                None => prop_assert_eq!(item, Some(Touchy(next))),
            }
            prop_assert_eq!(drain(&mut heap), sorted);
        }
    }
}
