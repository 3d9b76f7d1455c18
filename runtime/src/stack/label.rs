//! Who owns a stack, written at its very end, for the report of an overflow.
//!
//! The hub knows which task runs, but a task may stand on the stack of a greenlet, or on that of a
//! generator inside of one, and only the stack that was hit can tell. Four words at a fixed distance from
//! the end, above where execution starts: a signal handler finds them from the guard's address alone.

use std::fmt::Write;

use crate::stack::{LineBuf, Stack};

/// Bytes that a label takes: a cache line, so that colours stay what they are.
pub(super) const LABEL_SIZE: usize = 64;

/// Marks a label, together with the address that it stands at.
const MARK: usize = 0x6c61_6265_6c5f_4f53;

/// What a labelled stack is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// One of a knot.
    Greenlet,
    /// One of a pair.
    Generator,
}

/// The four words.
#[repr(C)]
#[derive(Clone, Copy)]
struct Label {
    /// `MARK` and its own address.
    mark: usize,
    /// Its number, doubled, and whether it is a generator.
    id: u64,
    /// Its name, if `len` is not 0.
    name: *const u8,
    len: usize,
}

impl Stack {
    /// Writes an owner's name onto it; lowers the top.
    ///
    /// It must be taken off with [`Stack::unlabel`] before the name goes, or the stack must go nowhere.
    pub(crate) fn label(&mut self, kind: Kind, id: u64, name: Option<&str>) {
        self.shift_top(true);
        let at = self.label_at();
        let name = name.unwrap_or_default();
        let id = id << 1 | u64::from(kind == Kind::Generator);
        let label = Label { mark: MARK ^ at, id, name: name.as_ptr(), len: name.len() };
        // SAFETY: the stack is ours, and this part of it lies above where execution starts.
        unsafe { (at as *mut Label).write(label) };
    }

    /// Takes the owner's name off.
    pub(crate) fn unlabel(&mut self) {
        // SAFETY: as in `label`; nobody runs on it any more.
        unsafe { (self.label_at() as *mut usize).write(0) };
        self.shift_top(false);
    }
}

/// Writes who owns the stack that ends there; false if nobody has put a label on it.
///
/// # Safety
/// A stack of ours ends there.
pub(super) unsafe fn read<const N: usize>(end: usize, line: &mut LineBuf<N>) -> bool {
    let at = end - LABEL_SIZE;
    // SAFETY: in the usable part of a stack, which can be read.
    let label = unsafe { (at as *const Label).read() };
    if label.mark != MARK ^ at {
        return false;
    }
    let kind = if label.id & 1 == 1 { "generator" } else { "greenlet" };
    let _ = match label.len {
        0 => write!(line, "{kind} {}", label.id >> 1),
        len => {
            // SAFETY: a label is taken off before its name goes.
            let name = unsafe { std::slice::from_raw_parts(label.name, len) };
            write!(line, "{kind} '{}'", str::from_utf8(name).unwrap_or("?"))
        }
    };
    true
}
