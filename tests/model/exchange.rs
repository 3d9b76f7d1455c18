//! What queues and selects are to do, said as simply as it can be: lists that are searched from the front.

use std::collections::BTreeMap;

/// An item: its rank in a priority queue, and a number of its own.
pub(crate) type Item = (u8, u32);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Fifo,
    Lifo,
    Smallest,
    /// Keeps nothing.
    Direct,
}

/// Of which queue; an item is put, none is a get.
pub(crate) type Branch = (usize, Option<Item>);

/// By which branch, and what was got.
pub(crate) type Outcome = (usize, Option<Item>);

struct Queue {
    order: Order,
    size: usize,
    items: Vec<Item>,
}

impl Queue {
    fn pop(&mut self) -> Option<Item> {
        let at = match self.order {
            Order::Lifo => self.items.len().checked_sub(1)?,
            Order::Smallest => (0..self.items.len()).min_by_key(|at| self.items[*at])?,
            Order::Fifo | Order::Direct => 0,
        };
        (at < self.items.len()).then(|| self.items.remove(at))
    }
}

/// Queues, and all who wait for any of them, in the order they came.
pub(crate) struct Exchange {
    queues: Vec<Queue>,
    line: Vec<(u32, Vec<Branch>)>,
    pub(crate) granted: BTreeMap<u32, Outcome>,
}

impl Exchange {
    pub(crate) fn new(queues: &[(Order, usize)]) -> Exchange {
        let queue = |&(order, size): &(Order, usize)| {
            let size = if order == Order::Direct { 0 } else { size };
            Queue { order, size, items: Vec::new() }
        };
        let queues = queues.iter().map(queue).collect();
        Exchange { queues, line: Vec::new(), granted: BTreeMap::new() }
    }

    pub(crate) fn len(&self, at: usize) -> usize {
        self.queues[at].items.len()
    }

    /// Which of the branches can be done at once.
    pub(crate) fn ready(&self, branches: &[Branch]) -> Vec<usize> {
        let can = |&(at, item): &Branch| {
            let queue = &self.queues[at];
            match item {
                None => !queue.items.is_empty() || self.first(at, true).is_some(),
                Some(_) => queue.items.len() < queue.size || self.first(at, false).is_some(),
            }
        };
        (0..branches.len()).filter(|b| can(&branches[*b])).collect()
    }

    /// Does what is ready.
    pub(crate) fn take(&mut self, branches: &[Branch], which: usize) -> Outcome {
        match branches[which] {
            (at, None) => (which, self.get(at)),
            (at, Some(item)) => {
                self.put(at, item);
                (which, None)
            }
        }
    }

    pub(crate) fn stand(&mut self, who: u32, branches: Vec<Branch>) {
        self.line.push((who, branches));
    }

    /// What it was granted, if it was.
    pub(crate) fn leave(&mut self, who: u32) -> Option<Outcome> {
        self.line.retain(|(other, _)| *other != who);
        self.granted.remove(&who)
    }

    /// The first in line who puts into that queue, or gets from it: its place there, and its branch.
    fn first(&self, at: usize, puts: bool) -> Option<(usize, usize)> {
        self.line.iter().enumerate().find_map(|(place, (_, branches))| {
            let fits = |&(queue, item): &Branch| queue == at && item.is_some() == puts;
            Some((place, branches.iter().position(fits)?))
        })
    }

    fn grant(&mut self, (place, which): (usize, usize), got: Option<Item>) -> Option<Item> {
        let (who, branches) = self.line.remove(place);
        self.granted.insert(who, (which, got));
        branches[which].1
    }

    fn put(&mut self, at: usize, item: Item) {
        match self.first(at, false) {
            Some(getter) => _ = self.grant(getter, Some(item)),
            None => self.queues[at].items.push(item),
        }
    }

    fn get(&mut self, at: usize) -> Option<Item> {
        let got = self.queues[at].pop();
        if self.queues[at].items.len() >= self.queues[at].size.max(1) {
            return got;
        }
        // There is room, or, in one that keeps nothing, somebody who has what is wanted.
        match self.first(at, true) {
            Some(putter) if got.is_some() => {
                let item = self.grant(putter, None);
                self.queues[at].items.extend(item);
                got
            }
            Some(putter) => self.grant(putter, None),
            None => got,
        }
    }
}
