//! Numbers that processes share: a file in memory, mapped.
//!
//! It is nothing but atomics, so whatever another process does to it is a wrong number at worst. It cannot shrink, or
//! what is mapped would not be there any more.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::AtomicU64;

use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, fcntl_get_seals, fstat,
    memfd_create,
};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// What keeps the file as long as it is.
const SEALS: SealFlags = SealFlags::SEAL.union(SealFlags::SHRINK).union(SealFlags::GROW);
/// Bytes of one.
const EACH: usize = size_of::<AtomicU64>();

/// Numbers that all processes see which have mapped the same file.
pub(crate) struct Words {
    at: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: they are atomics, and stay mapped until this is dropped.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

impl Words {
    /// So many, all zero, and the file by which other processes get them.
    ///
    /// # Errors
    ///
    /// When there are no descriptors or no memory left.
    pub(crate) fn create(count: usize) -> io::Result<(OwnedFd, Words)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = memfd_create(c"osier-words", flags)?;
        let bytes = u64::try_from(count.saturating_mul(EACH)).expect("a length");
        // Now rather than at the first write, where there is no error but a signal.
        fallocate(&file, FallocateFlags::empty(), 0, bytes)?;
        fcntl_add_seals(&file, SEALS)?;
        let words = Words::open(file.as_fd())?;
        Ok((file, words))
    }

    /// Those of a file that `create` has made.
    ///
    /// # Errors
    ///
    /// When it is none; when there is no room to map it.
    pub(crate) fn open(file: BorrowedFd<'_>) -> io::Result<Words> {
        let refuse = || io::Error::new(io::ErrorKind::InvalidInput, "no shared numbers are here");
        if !fcntl_get_seals(file).is_ok_and(|seals| seals.contains(SEALS)) {
            return Err(refuse());
        }
        let bytes = usize::try_from(fstat(file)?.st_size).map_err(|_| refuse())?;
        let count = bytes / EACH;
        if count == 0 {
            return Err(refuse());
        }
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses where, so nothing is replaced. The file is that long for ever.
        let at =
            unsafe { mmap(ptr::null_mut(), count * EACH, protection, MapFlags::SHARED, file, 0)? };
        Ok(Words { at: NonNull::new(at.cast()).expect("nothing is mapped at null"), count })
    }
}

impl Deref for Words {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: so many are mapped, aligned to a page, and any bits are a number.
        unsafe { slice::from_raw_parts(self.at.as_ptr(), self.count) }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: nobody borrows it any more. If it fails, it stays mapped.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.count * EACH) };
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} shared numbers", self.count)
    }
}
