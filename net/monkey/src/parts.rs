//! Several buffers of which a part is done: what is left of them.
//!
//! # Why unsafe
//! The buffers are C's.

use libc::iovec;

/// Buffers, from some place on.
pub(crate) struct Parts {
    left: Vec<iovec>,
    /// How many of them are done.
    done: usize,
}

impl Parts {
    /// # Safety
    /// `first` points to that many of them, which stay as they are while this is in use.
    pub(crate) unsafe fn new(first: *const iovec, count: usize) -> Parts {
        if count == 0 {
            return Parts { left: Vec::new(), done: 0 };
        }
        // SAFETY: the caller's promise.
        let all = unsafe { std::slice::from_raw_parts(first, count) };
        Parts { left: all.to_vec(), done: 0 }
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.rest().iter().fold(0, |all, part| all.saturating_add(part.iov_len))
    }

    pub(crate) fn rest(&self) -> &[iovec] {
        &self.left[self.done..]
    }

    /// The same, for the kernel, which does not write to them.
    pub(crate) fn rest_mut(&mut self) -> &mut [iovec] {
        &mut self.left[self.done..]
    }

    /// Leaves out so many bytes.
    pub(crate) fn advance(&mut self, mut bytes: usize) {
        while let Some(part) = self.left.get_mut(self.done) {
            if bytes < part.iov_len {
                part.iov_base = part.iov_base.cast::<u8>().wrapping_add(bytes).cast();
                part.iov_len -= bytes;
                return;
            }
            bytes -= part.iov_len;
            self.done += 1;
        }
    }
}

impl Parts {
    /// The same buffers, from so many bytes further on.
    pub(crate) fn further(other: &Parts, done: usize) -> Parts {
        let mut parts = Parts { left: other.rest().to_vec(), done: 0 };
        parts.advance(done);
        parts
    }
}
