//! A counted reference to a greenlet: handles and parents have one each.
//!
//! The count is not that of the `Rc`: a suspended greenlet is kept by its knot too, and by whoever
//! waits for it, and is to be unwound as soon as nobody can switch to it any more.

use std::rc::Rc;

use super::close::abandon;
use super::node::StrandRef;

/// Keeps a greenlet from being unwound.
pub(super) struct Link(Option<StrandRef>);

impl Link {
    pub(super) fn new(strand: &StrandRef) -> Link {
        strand.data.handles.set(strand.data.handles.get() + 1);
        Link(Some(strand.clone()))
    }

    #[inline]
    pub(super) fn strand(&self) -> &StrandRef {
        self.0.as_ref().expect("only let_go takes it out, and that consumes it")
    }

    /// Gives the reference back; the parent's, if nobody else has this one.
    pub(super) fn let_go(mut self) -> Option<Link> {
        let strand = self.0.take()?;
        release(&strand);
        let strand = Rc::try_unwrap(strand).ok()?;
        strand.data.parent.take()
    }
}

fn release(strand: &StrandRef) {
    let left = strand.data.handles.get() - 1;
    strand.data.handles.set(left);
    if left == 0 {
        abandon(strand);
    }
}

impl Clone for Link {
    fn clone(&self) -> Link {
        Link::new(self.strand())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(strand) = self.0.take() {
            release(&strand);
        }
    }
}
