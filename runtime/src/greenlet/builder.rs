//! Greenlets and generators with names and stack sizes.

use std::rc::Rc;

use super::body::Start;
use super::knot::KnotRef;
use super::link::Link;
use super::node::{Node, StrandRef};
use crate::coroutine::Strand;
use crate::stack::DEFAULT_SIZE;

/// Makes greenlets and generators with a name or a stack size.
///
/// ```
/// use osier::greenlet::Builder;
///
/// let deep = Builder::new().name("deep").stack_size(1 << 20).greenlet(|n: u32| n + 1);
/// assert_eq!((deep.switch(1), deep.name()), (2, Some("deep")));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it makes something"]
pub struct Builder {
    pub(super) name: Option<Rc<str>>,
    pub(super) stack_size: usize,
}

impl Builder {
    /// Plans one without a name, with 256 KiB of stack.
    pub fn new() -> Builder {
        Builder { name: None, stack_size: DEFAULT_SIZE }
    }

    /// Names it, for the report of a stack overflow and for `Debug`.
    pub fn name(mut self, name: impl AsRef<str>) -> Builder {
        self.name = Some(Rc::from(name.as_ref()));
        self
    }

    /// Sets the bytes of stack that it can use.
    ///
    /// Rounded up to whole pages. Only what is touched takes memory.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = bytes;
        self
    }

    pub(super) fn strand<T: 'static>(
        self,
        knot: &KnotRef,
        parent: &StrandRef,
        f: impl FnOnce(T) -> T + 'static,
    ) -> StrandRef {
        let body = Box::new(Start { f, first: None });
        let parent = Link::new(parent);
        Strand::new(knot, Node::new(self.name, self.stack_size, Some(parent), Some(body)))
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}
