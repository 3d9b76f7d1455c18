//! errno: the kernel's answers as libc gives them.
//!
//! It is one word of the OS thread, and other tasks run on that while one waits. So what a hook leaves in it is either the
//! error that it returns, or what was there when it was called.
//!
//! # Why unsafe
//! The word is behind a pointer.

use std::ffi::{c_int, c_long};

/// What is in errno.
pub(crate) fn get() -> c_int {
    // SAFETY: libc's own word of this thread, valid for as long as the thread runs.
    unsafe { *libc::__errno_location() }
}

/// Puts something into errno.
pub(crate) fn set(error: c_int) {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = error }
}

/// What a system call has given: a result, or the number of an error.
pub(crate) type Answer<T = usize> = Result<T, c_int>;

/// What the kernel has said, with an error apart.
#[inline(always)]
pub(crate) fn answer(result: c_long) -> Answer {
    // The last page of addresses is never one, nor are so many bytes.
    if (-4095..0).contains(&result) { Err(-result as c_int) } else { Ok(result as usize) }
}

/// Brings errno back to what it was, for a call that succeeds.
pub(crate) struct Kept(c_int);

impl Kept {
    pub(crate) fn here() -> Kept {
        Kept(get())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        set(self.0);
    }
}

/// Runs `f` and leaves errno as it was.
pub(crate) fn keeping<R>(f: impl FnOnce() -> R) -> R {
    let _kept = Kept::here();
    f()
}

/// What the kernel has said, as libc says it; on success errno stays.
#[inline(always)]
pub(crate) fn told(result: c_long) -> c_long {
    give(answer(result))
}

/// The answer as libc returns it; on success errno stays.
#[inline]
pub(crate) fn give<R: Returned>(answer: Answer) -> R {
    match answer {
        Ok(value) => R::from_value(value),
        Err(error) => {
            set(error);
            R::FAILED
        }
    }
}

/// What calls of libc return.
pub(crate) trait Returned {
    /// Says that there was an error.
    const FAILED: Self;
    fn from_value(value: usize) -> Self;
}

impl Returned for isize {
    const FAILED: isize = -1;
    #[inline]
    fn from_value(value: usize) -> isize {
        value as isize
    }
}

impl Returned for c_long {
    const FAILED: c_long = -1;
    #[inline]
    fn from_value(value: usize) -> c_long {
        value as c_long
    }
}

impl Returned for c_int {
    const FAILED: c_int = -1;
    #[inline]
    fn from_value(value: usize) -> c_int {
        value as c_int
    }
}
