//! Memory that several processes have: a sealed file in memory, mapped by each.
//!
//! All of it is atomic words, so that whatever other processes do to them is a value and nothing worse. The file cannot
//! shrink, so what is mapped stays.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::AtomicU64;

use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, fcntl_get_seals, ftruncate,
    memfd_create,
};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// What keeps the size as it is.
const SEALS: SealFlags = SealFlags::SEAL.union(SealFlags::SHRINK).union(SealFlags::GROW);
/// The bytes of a word.
const WORD: usize = size_of::<AtomicU64>();

/// Words that several processes have; all 0 at first.
pub(crate) struct Shared {
    file: OwnedFd,
    /// The first of `count` words, mapped for as long as this lives.
    first: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: the mapping is the process' and not the thread's, and its words are atomic.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// So many words.
    ///
    /// # Errors
    ///
    /// When there are no descriptors or no memory left.
    pub(crate) fn new(count: usize) -> io::Result<Shared> {
        Shared::with_more(count, 0)
    }

    /// So many words, and behind them more that have memory from their first use on.
    ///
    /// # Errors
    ///
    /// When there are no descriptors or no memory left.
    pub(crate) fn with_more(count: usize, more: usize) -> io::Result<Shared> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = memfd_create(c"osier-shared", flags)?;
        if more > 0 {
            // The kernel counts all of it as used here, as it does what a process allocates.
            ftruncate(&file, ((count + more) * WORD) as u64)?;
        }
        // Now rather than at the first write, where there is no error but a signal.
        fallocate(&file, FallocateFlags::empty(), 0, (count * WORD) as u64)?;
        fcntl_add_seals(&file, SEALS)?;
        Shared::map(file, count + more)
    }

    /// Those of another process, whose file it has passed.
    ///
    /// # Errors
    ///
    /// When it is no such file, or there is no memory left.
    pub(crate) fn open(file: OwnedFd) -> io::Result<Shared> {
        let refuse = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        match fcntl_get_seals(&file) {
            Ok(seals) if seals.contains(SEALS) => {}
            _ => {
                return refuse("a descriptor in place of shared words is no sealed file in memory");
            }
        }
        let bytes = usize::try_from(rustix::fs::fstat(&file)?.st_size).unwrap_or(0);
        if bytes == 0 || bytes % WORD != 0 {
            return refuse("a file in place of shared words has another size");
        }
        Shared::map(file, bytes / WORD)
    }

    /// Whether its descriptor still means it, and was not given up in a fork.
    pub(crate) fn is_there(&self) -> bool {
        fcntl_get_seals(&self.file).is_ok()
    }

    fn map(file: OwnedFd, count: usize) -> io::Result<Shared> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses a place where nothing is; the file has that size, and is sealed against another.
        let at =
            unsafe { mmap(ptr::null_mut(), count * WORD, protection, MapFlags::SHARED, &file, 0)? };
        let first = NonNull::new(at.cast()).expect("the kernel maps nothing at 0");
        Ok(Shared { file, first, count })
    }
}

impl Deref for Shared {
    type Target = [AtomicU64];

    #[inline]
    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: so many words are mapped there, at the start of a page, while `self` lives, and every value is one of a word.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl AsFd for Shared {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: it was mapped so, and nobody has a reference into it any more.
        let _ = unsafe { munmap(self.first.as_ptr().cast(), self.count * WORD) };
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("words", &self.count).finish_non_exhaustive()
    }
}
