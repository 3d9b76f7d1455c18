//! A word of memory that two processes share.
//!
//! In a sealed file of its own, so that whoever is passed the file knows that nobody can make it shorter: what is mapped stays.

use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;

use rustix::fs::{
    MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create,
};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// What is mapped; the kernel rounds it up.
const LENGTH: usize = size_of::<AtomicU64>();

/// A number that two processes change.
#[derive(Debug)]
pub(crate) struct Board {
    word: NonNull<AtomicU64>,
    file: OwnedFd,
}

impl Board {
    /// One that is 0.
    ///
    /// # Errors
    ///
    /// When there are no descriptors or no memory left.
    pub(crate) fn new() -> io::Result<Board> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = memfd_create("osier-board", flags)?;
        ftruncate(&file, LENGTH as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Board::map(file)
    }

    /// The one in a file that was passed.
    ///
    /// # Errors
    ///
    /// When it is no such file; when there is no memory left.
    pub(crate) fn map(file: OwnedFd) -> io::Result<Board> {
        let whole = usize::try_from(fstat(&file)?.st_size).is_ok_and(|size| size >= LENGTH);
        if !whole || !fcntl_get_seals(&file)?.contains(SealFlags::SHRINK) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no shared number"));
        }
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: it is a place of the kernel's choice, so nothing is replaced, and the file has at least that length, for ever.
        let start = unsafe { mmap(ptr::null_mut(), LENGTH, prot, MapFlags::SHARED, &file, 0) }?;
        let word = NonNull::new(start.cast()).expect("nothing is mapped at 0");
        Ok(Board { word, file })
    }
}

impl Deref for Board {
    type Target = AtomicU64;

    fn deref(&self) -> &AtomicU64 {
        // SAFETY: it is mapped until this is dropped, a page's start is aligned, and zeros are an atomic number. Whoever else
        // has it changes it by atomic operations, or may write anything: any value is one.
        unsafe { self.word.as_ref() }
    }
}

impl AsFd for Board {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // SAFETY: it was mapped by this, with that length, and nobody can borrow it any more.
        let _ = unsafe { munmap(self.word.as_ptr().cast(), LENGTH) };
    }
}
