//! What a queue holds and who stands in line for it: who is handed what, and when.
//!
//! Items go straight to who waits for them. So while somebody waits to get, nothing is kept, and while somebody
//! waits to put, there is no room; every change serves whoever it can and leaves it so. Nothing here waits or
//! calls code of users, but for the comparison of a priority queue. `W` is who waits; numbers, in tests.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::GetError;
use super::kind::Kind;
use super::line::{Line, Place, Wake};
use super::wait::Wait;
use crate::park::Unparker;
use crate::wait::Watchers;

/// No limit.
pub(super) const UNBOUNDED: usize = usize::MAX;

/// Why something was not put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    Full,
    ShutDown,
}

/// A queue without the waiting.
pub(super) struct State<K: Kind, W = Unparker> {
    /// What was put and not handed over.
    pub(super) items: K,
    /// The most that are kept; `UNBOUNDED`, or 0 in a queue that hands over alone.
    pub(super) maxsize: usize,
    /// Who waits for an item.
    pub(super) getters: Line<Wait<K::Item>, W>,
    /// Who waits for room, with the item.
    pub(super) putters: Line<Wait<K::Item>, W>,
    /// Who waits to see an item.
    pub(super) peekers: Line<(), W>,
    /// Who waits until all is done.
    pub(super) joiners: Line<(), W>,
    /// Who is told when there is something to get, next after those who wait.
    pub(super) watchers: Watchers,
    /// How much was put and not reported as done; 0 where that is not counted.
    pub(super) unfinished: usize,
    /// Whether nothing can be put any more.
    pub(super) is_shut: bool,
}

impl<K: Kind, W: Wake> State<K, W> {
    pub(super) fn new(items: K, maxsize: usize) -> State<K, W> {
        State {
            unfinished: if K::COUNTED { items.len() } else { 0 },
            items,
            maxsize,
            getters: Line::new(),
            putters: Line::new(),
            peekers: Line::new(),
            joiners: Line::new(),
            watchers: Watchers::new(),
            is_shut: false,
        }
    }

    /// Whether a get would not wait.
    pub(super) fn can_get(&mut self) -> bool {
        self.is_shut || self.items.len() > 0 || is_anyone_waiting(&mut self.putters)
    }

    /// Whether a put would not wait.
    pub(super) fn can_put(&mut self) -> bool {
        self.is_shut || self.items.len() < self.maxsize || is_anyone_waiting(&mut self.getters)
    }

    /// Takes the item in, or hands it over; one that is refused stays where it is.
    ///
    /// # Panics
    /// As a comparison does; then it stays where it is, too.
    #[inline(always)]
    pub(super) fn put(&mut self, from: &mut Option<K::Item>) -> Result<(), Refusal> {
        if self.is_shut {
            return Err(Refusal::ShutDown);
        }
        if self.getters.is_empty() || !self.hand_over(from) {
            if self.items.len() >= self.maxsize {
                return Err(Refusal::Full);
            }
            self.items.push(from);
            self.show();
        }
        self.count();
        Ok(())
    }

    /// Gives it to the first who waits for one.
    #[inline(always)]
    fn hand_over(&mut self, from: &mut Option<K::Item>) -> bool {
        serve(&mut self.getters, |getter| getter.item = from.take())
    }

    /// Something is there to be seen and taken.
    #[inline(always)]
    fn show(&mut self) {
        wake_all(&mut self.peekers);
        self.watchers.notify_one();
    }

    #[inline]
    fn count(&mut self) {
        if K::COUNTED {
            self.unfinished += 1;
        }
    }

    /// Takes the next item, and lets one in that waits.
    ///
    /// # Panics
    /// As a comparison does; then nothing is taken.
    #[inline(always)]
    pub(super) fn get(&mut self) -> Option<K::Item> {
        let item = self.items.pop();
        if self.putters.is_empty() {
            return item;
        }
        match item {
            Some(item) => {
                self.admit();
                Some(item)
            }
            None => self.take_from_putter(),
        }
    }

    /// As [`get`](Self::get), and why there is none.
    ///
    /// # Panics
    /// As `get`.
    #[inline(always)]
    pub(super) fn try_get(&mut self) -> Result<K::Item, GetError> {
        match self.get() {
            Some(item) => Ok(item),
            None if self.is_shut => Err(GetError::ShutDown),
            None => Err(GetError::Empty),
        }
    }

    /// Where nothing is kept, items are handed over from the line.
    fn take_from_putter(&mut self) -> Option<K::Item> {
        let mut item = None;
        serve(&mut self.putters, |putter| item = putter.item.take());
        item
    }

    /// The item that a get would give.
    pub(super) fn first(&mut self) -> Option<&K::Item> {
        if self.items.len() == 0 && is_anyone_waiting(&mut self.putters) {
            return self.putters.first()?.item.as_ref();
        }
        self.items.first()
    }

    /// Lets in those who wait, as long as there is room.
    pub(super) fn admit(&mut self) {
        while self.items.len() < self.maxsize {
            let (items, mut came_in) = (&mut self.items, false);
            if !serve(&mut self.putters, |putter| came_in = take_in(items, putter)) {
                break;
            }
            if came_in {
                self.count();
                self.show();
            }
        }
    }

    /// Stands in line for room.
    pub(super) fn enter_putter(&mut self, who: W, wait: Wait<K::Item>) -> Place {
        let place = self.putters.enter(who, wait);
        if self.maxsize == 0 {
            self.show();
        }
        place
    }

    /// Lets nothing more in, and sends everybody away who waits.
    pub(super) fn shut_down(&mut self) {
        self.is_shut = true;
        while serve(&mut self.getters, |_| ()) {}
        while serve(&mut self.putters, |_| ()) {}
        wake_all(&mut self.peekers);
        self.watchers.notify_all();
    }

    /// Takes out all that is kept, which nobody will get any more.
    #[must_use = "to be dropped where nothing is borrowed"]
    pub(super) fn clear(&mut self) -> K {
        let items = mem::take(&mut self.items);
        if K::COUNTED {
            self.finish(items.len().min(self.unfinished));
        }
        items
    }

    /// Counts so many as done; false if there are fewer.
    pub(super) fn finish(&mut self, done: usize) -> bool {
        let Some(left) = self.unfinished.checked_sub(done) else { return false };
        self.unfinished = left;
        if left == 0 {
            wake_all(&mut self.joiners);
        }
        true
    }
}

/// Moves an item in, if its comparison does not panic: that is for the one who puts it.
fn take_in<K: Kind>(items: &mut K, putter: &mut Wait<K::Item>) -> bool {
    if K::COMPARES {
        let pushed = catch_unwind(AssertUnwindSafe(|| items.push(&mut putter.item)));
        pushed.map_err(|payload| putter.fail(payload)).is_ok()
    } else {
        items.push(&mut putter.item);
        true
    }
}

/// Serves the first who can be served; whether there is one.
#[inline]
fn serve<T, W: Wake>(line: &mut Line<Wait<T>, W>, mut f: impl FnMut(&mut Wait<T>)) -> bool {
    while is_anyone_in(line) {
        let serve = |wait: &mut Wait<T>| {
            wait.claim();
            f(wait);
        };
        if line.serve(serve) {
            return true;
        } // else that one was leaked
    }
    false
}

/// Whether there is somebody who will be served.
fn is_anyone_waiting<T, W: Wake>(line: &mut Line<Wait<T>, W>) -> bool {
    while is_anyone_in(line) {
        if line.is_first_live() {
            return true;
        }
        line.pass_by();
    }
    false
}

/// Whether there is somebody who can be served; lets those go who were served elsewhere.
#[inline]
fn is_anyone_in<T, W>(line: &mut Line<Wait<T>, W>) -> bool {
    !line.is_empty() && is_anyone_live(line)
}

fn is_anyone_live<T, W>(line: &mut Line<Wait<T>, W>) -> bool {
    while let Some(first) = line.first() {
        if first.is_live() {
            return true;
        }
        line.pass_by();
    }
    false
}

#[inline]
fn wake_all<W: Wake>(line: &mut Line<(), W>) {
    while !line.is_empty() {
        line.serve(|()| ());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::super::kind::{Counted, Direct, Fifo, Keep};
    use super::super::wait::Claim;
    use super::*;

    /// Writes down that it was woken.
    #[derive(Clone)]
    struct Who(u32, Rc<RefCell<Vec<u32>>>);

    impl Wake for Who {
        fn wake(&self) -> bool {
            self.1.borrow_mut().push(self.0);
            true
        }

        fn is_live(&self) -> bool {
            true
        }
    }

    /// A queue, and who is woken in it.
    struct Bench<K: Kind> {
        state: State<K, Who>,
        woken: Rc<RefCell<Vec<u32>>>,
    }

    impl<K: Kind<Item = u32>> Bench<K> {
        fn new(maxsize: usize) -> Bench<K> {
            Bench { state: State::new(K::default(), maxsize), woken: Rc::default() }
        }

        fn who(&self, who: u32) -> Who {
            Who(who, self.woken.clone())
        }

        fn woken(&self) -> Vec<u32> {
            self.woken.take()
        }

        fn put(&mut self, item: u32) -> Result<(), Refusal> {
            self.state.put(&mut Some(item))
        }
    }

    #[test]
    fn an_item_goes_to_the_first_in_line_and_then_into_the_queue() {
        let mut bench: Bench<Fifo<u32>> = Bench::new(1);
        let places = [1, 2].map(|who| {
            let who = bench.who(who);
            bench.state.getters.enter(who, Wait::alone(None))
        });
        assert_eq!([7, 8, 9, 10].map(|item| bench.put(item).is_ok()), [true, true, true, false]);
        assert_eq!(bench.woken(), [1, 2]);
        let got = places.map(|place| bench.state.getters.leave(place).0.into_item());
        assert_eq!(got, [Some(7), Some(8)]);
        assert_eq!((bench.state.get(), bench.state.get()), (Some(9), None));
    }

    #[test]
    fn room_goes_to_the_first_in_line() {
        let mut bench: Bench<Counted<u32>> = Bench::new(1);
        bench.put(1).unwrap();
        let places = [2, 3].map(|item| {
            let who = bench.who(item);
            bench.state.enter_putter(who, Wait::alone(Some(item)))
        });
        assert_eq!(
            (bench.state.get(), bench.woken(), bench.state.unfinished),
            (Some(1), vec![2], 2)
        );
        assert!(bench.state.putters.leave(places[0]).0.end_put().is_ok());
        bench.state.shut_down();
        assert_eq!((bench.woken(), bench.put(4)), (vec![3], Err(Refusal::ShutDown)));
        let last = bench.state.putters.leave(places[1]).0.end_put();
        assert_eq!(last, Err(super::super::PutError::ShutDown(3)));
        assert_eq!(bench.state.clear().len(), 1);
        assert_eq!(
            (bench.state.unfinished, bench.state.finish(1), bench.state.finish(1)),
            (1, true, false)
        );
    }

    #[test]
    fn who_was_served_elsewhere_is_passed_by() {
        let mut bench: Bench<Direct<u32>> = Bench::new(0);
        let mut other: Bench<Direct<u32>> = Bench::new(0);
        let claim = Claim::default();
        let who = bench.who(1);
        let here = bench.state.enter_putter(who.clone(), Wait::branch(Some(5), &claim, 0));
        let there = other.state.getters.enter(who, Wait::branch(None, &claim, 1));
        assert!(bench.state.can_get() && other.state.can_put());
        assert_eq!((other.put(6), claim.branch()), (Ok(()), Some(1)));
        assert_eq!(
            (bench.woken(), bench.state.can_get(), bench.state.get()),
            (vec![1], false, None)
        );
        assert!(bench.state.first().is_none() && !other.state.can_put());
        assert_eq!(bench.state.putters.leave(here).0.into_item(), Some(5));
        assert_eq!(other.state.getters.leave(there).0.into_item(), Some(6));
    }
}
