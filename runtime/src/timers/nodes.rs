//! The timers themselves: a slab of nodes that are linked by index.
//!
//! Links are indices and not pointers, so the wheel needs neither unsafe code nor an allocation
//! for a timer: a slab that has grown to the most timers ever set at once never grows again.
//! What a list stands for (a slot, a moment) is the wheel's business.

use std::mem;
use std::num::NonZeroU32;

/// The end of a list: no node has this index.
const NIL: u32 = u32::MAX;

/// Names one timer, also when its node has long been given to another: then it names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// Place in the slab.
    index: u32,
    /// The node's generation when the timer was set; never zero, so `Option<Key>` is as small.
    generation: NonZeroU32,
}

/// One timer, or a free place for one.
struct Node<T> {
    /// The tick in which it is due; says nothing in a free node.
    tick: u64,
    /// The node before it in its list; says nothing in the first one, nor in a free node.
    prev: u32,
    /// The node after it in its list, or in the list of free nodes, or [`NIL`].
    next: u32,
    /// Counts the timers that have lived here, so that a key outlives none of them.
    generation: NonZeroU32,
    /// What the owner wants back; `None` exactly in a free node.
    payload: Option<T>,
}

/// A first-in, first-out list of nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    /// The oldest node, or [`NIL`] in an empty list.
    head: u32,
    /// The newest node; says nothing in an empty list.
    tail: u32,
}

impl List {
    /// The list of nothing.
    pub(super) const EMPTY: List = List { head: NIL, tail: NIL };

    /// Whether no node is in it.
    pub(super) fn is_empty(self) -> bool {
        self.head == NIL
    }

    /// Its oldest node.
    pub(super) fn first(self) -> Option<u32> {
        (self.head != NIL).then_some(self.head)
    }
}

/// All timers of one wheel.
pub(super) struct Nodes<T> {
    /// Live and free nodes, mixed.
    nodes: Vec<Node<T>>,
    /// The free node that is used next (the last one freed: it is still in the cache), or [`NIL`].
    free: u32,
    /// Nodes from here on are all free and not in the list of free ones. Goes back to 0 with the
    /// last timer: random lifetimes shuffle the free list, and lists that run through memory in
    /// order are walked six times as fast.
    fresh: u32,
    /// How many nodes are live.
    len: usize,
}

impl<T> Nodes<T> {
    /// A slab without nodes; allocates with the first timer.
    pub(super) fn new() -> Self {
        Nodes { nodes: Vec::new(), free: NIL, fresh: 0, len: 0 }
    }

    /// How many timers are set.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Makes a node, which is in no list yet.
    pub(super) fn acquire(&mut self, tick: u64, payload: T) -> Key {
        let index = self.vacant();
        let node = &mut self.nodes[index as usize];
        node.tick = tick;
        node.payload = Some(payload);
        self.len += 1;
        Key { index, generation: node.generation }
    }

    /// Takes a free node; the caller fills it.
    fn vacant(&mut self) -> u32 {
        if self.free != NIL {
            let next = self.nodes[self.free as usize].next;
            return mem::replace(&mut self.free, next);
        }
        if self.fresh as usize == self.nodes.len() {
            self.grow();
        }
        self.fresh += 1;
        self.fresh - 1
    }

    #[cold]
    fn grow(&mut self) {
        assert!(self.fresh != NIL, "a wheel holds fewer than 2^32 - 1 timers");
        let generation = NonZeroU32::MIN;
        self.nodes.push(Node { tick: 0, prev: NIL, next: NIL, generation, payload: None });
    }

    /// Gives a node back that is in no list any more, and with it the payload.
    pub(super) fn release(&mut self, index: u32) -> Option<T> {
        let node = &mut self.nodes[index as usize];
        // Keys of 2^32 timers ago come round again; nobody keeps one that long.
        node.generation = node.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        node.next = self.free;
        self.free = index;
        self.len -= 1;
        let payload = node.payload.take();
        if self.len == 0 {
            (self.free, self.fresh) = (NIL, 0);
        }
        payload
    }

    /// The index and the tick of the timer that `key` names, if it is still set.
    pub(super) fn find(&self, key: Key) -> Option<(u32, u64)> {
        let node = self.nodes.get(key.index as usize)?;
        let live = node.generation == key.generation && node.payload.is_some();
        live.then_some((key.index, node.tick))
    }

    /// The tick in which a node is due.
    pub(super) fn tick(&self, index: u32) -> u64 {
        self.nodes[index as usize].tick
    }

    /// Puts a node that is in no list at the end of this one.
    pub(super) fn push_back(&mut self, list: &mut List, index: u32) {
        self.nodes[index as usize].next = NIL;
        self.append(list, List { head: index, tail: index });
    }

    /// Puts a chain of nodes, linked already and not empty, at the end of a list.
    pub(super) fn append(&mut self, list: &mut List, chain: List) {
        if list.is_empty() {
            *list = chain;
        } else {
            self.nodes[list.tail as usize].next = chain.head;
            self.nodes[chain.head as usize].prev = list.tail;
            list.tail = chain.tail;
        }
    }

    /// Takes the chain of nodes for which `same` holds from the front of a list, one at least.
    pub(super) fn split_front(&mut self, list: &mut List, same: impl Fn(u64) -> bool) -> List {
        let mut tail = list.head;
        loop {
            let next = self.nodes[tail as usize].next;
            if next == NIL || !same(self.nodes[next as usize].tick) {
                let chain = List { head: mem::replace(&mut list.head, next), tail };
                self.nodes[tail as usize].next = NIL;
                return chain;
            }
            tail = next;
        }
    }

    /// Takes the oldest node out of a list and gives it back, as [`release`](Self::release) does.
    pub(super) fn pop_front(&mut self, list: &mut List) -> Option<T> {
        let index = list.first()?;
        list.head = self.nodes[index as usize].next;
        self.release(index)
    }

    /// Takes a node out of the list that it is in.
    pub(super) fn unlink(&mut self, list: &mut List, index: u32) {
        let Node { prev, next, .. } = self.nodes[index as usize];
        if list.head == index {
            list.head = next;
        } else {
            self.nodes[prev as usize].next = next;
        }
        if list.tail == index {
            list.tail = prev;
        } else {
            self.nodes[next as usize].prev = prev;
        }
    }
}

impl Key {
    /// Place in the slab.
    pub(super) fn index(self) -> u32 {
        self.index
    }
}
