//! Anonymous memory: reserve, forbid, give back, and ask what is resident.
//!
//! Addresses are plain integers here: the kernel has no use for provenance, and neither have
//! stack pointers. [`reserve`] exposes the provenance of what it maps.

use std::io;
use std::ptr;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

/// `MADV_GUARD_INSTALL` of Linux 6.13, which libc does not name yet.
#[cfg(target_os = "linux")]
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// `MADV_POPULATE_WRITE` of Linux 5.14.
#[cfg(target_os = "linux")]
const MADV_POPULATE_WRITE: libc::c_int = 23;

/// `PIDFD_SELF_PROCESS` of Linux 6.15: this process, without a descriptor that a fork would turn into another's.
#[cfg(target_os = "linux")]
const PIDFD_SELF: libc::c_int = -10_001;

/// How many ranges one system call is asked for.
pub(crate) const BATCH: usize = 64;

/// The size of a page in bytes, a power of two.
#[inline]
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// Reserves `len` bytes of zeroed, private, writable memory that costs nothing until touched.
///
/// No swap is set aside for it, and huge pages are ruled out: a stack that has touched one page
/// would hold 2 MiB.
pub(crate) fn reserve(len: usize) -> io::Result<usize> {
    #[cfg(target_os = "linux")]
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    #[cfg(not(target_os = "linux"))]
    let flags = MapFlags::PRIVATE;
    let prot = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: no address is asked for, so this is new memory and nobody else's.
    let start = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, prot, flags) }?;
    let start = start.expose_provenance();
    #[cfg(target_os = "linux")]
    // SAFETY: changes no contents. It fails on kernels that know no huge pages; just as well.
    let _ = unsafe { advise(start, len, libc::MADV_NOHUGEPAGE) };
    Ok(start)
}

/// Reserves as [`reserve`] does, from an address that is a multiple of `align`, a power of two.
pub(crate) fn reserve_aligned(len: usize, align: usize) -> io::Result<usize> {
    let wide = len.checked_add(align).ok_or(io::ErrorKind::OutOfMemory)?;
    let wide_start = reserve(wide)?;
    let start = wide_start.next_multiple_of(align);
    let (before, after) = (start - wide_start, wide_start + wide - (start + len));
    // SAFETY: new memory that nobody uses. What cannot be unmapped stays reserved and is no
    // matter: nothing is in it.
    unsafe {
        if before > 0 {
            let _ = unmap(wide_start, before);
        }
        if after > 0 {
            let _ = unmap(start + len, after);
        }
    }
    Ok(start)
}

/// Lets the kernel put huge pages behind a range, if it has any; no matter if it does not.
pub(crate) fn prefer_huge_pages(start: usize, len: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: changes no contents.
    let _ = unsafe { advise(start, len, libc::MADV_HUGEPAGE) };
    #[cfg(not(target_os = "linux"))]
    let _ = (start, len);
}

/// Unmaps `len` bytes from `start`.
///
/// # Errors
///
/// `ENOMEM` when the hole would split a mapping of a process that has as many as it may.
///
/// # Safety
///
/// The range was mapped by [`reserve`] and nothing uses it, now or later.
pub(crate) unsafe fn unmap(start: usize, len: usize) -> io::Result<()> {
    // SAFETY: promised by the caller.
    Ok(unsafe { rustix::mm::munmap(ptr::with_exposed_provenance_mut(start), len) }?)
}

/// Gives the memory behind a range back to the kernel; it reads as zeros afterwards.
///
/// Guards in the range stay, of either kind.
///
/// # Errors
///
/// `EINVAL` on locked memory, which then stays as it is.
///
/// # Safety
///
/// The range was mapped by [`reserve`] and nobody relies on what it contains.
pub(crate) unsafe fn discard(start: usize, len: usize) -> io::Result<()> {
    // SAFETY: promised by the caller.
    unsafe { advise(start, len, libc::MADV_DONTNEED) }
}

/// Makes every access to a range fault, by markers in the page table: the mapping stays whole.
///
/// # Errors
///
/// `EINVAL` before Linux 6.13 and on locked memory. An emulator may answer that all is well and
/// do nothing, so ask [`is_forbidden`] once.
///
/// # Safety
///
/// The range was mapped by [`reserve`] and nobody relies on what it contains.
pub(crate) unsafe fn install_guard(start: usize, len: usize) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    // SAFETY: promised by the caller.
    return unsafe { advise(start, len, MADV_GUARD_INSTALL) };
    #[cfg(not(target_os = "linux"))]
    return Err(io::Error::from_raw_os_error(libc::EINVAL));
}

/// Does what [`install_guard`] does to up to [`BATCH`] ranges of `len` bytes, `step` bytes apart.
///
/// In one system call, where the kernel can (Linux 6.15). Returns how many it has done, from the first on.
///
/// # Safety
///
/// As for [`install_guard`], for each range.
pub(crate) unsafe fn install_guards(start: usize, len: usize, step: usize, count: usize) -> usize {
    #[cfg(target_os = "linux")]
    // SAFETY: promised by the caller.
    return unsafe { advise_many(start, len, step, count, MADV_GUARD_INSTALL) };
    #[cfg(not(target_os = "linux"))]
    return 0;
}

/// Puts memory behind up to [`BATCH`] pages that lie `step` bytes apart, as far as that goes in one
/// system call.
pub(crate) fn populate(start: usize, step: usize, count: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: changes no contents: what was not there reads as zeros, as before.
    let _ = unsafe { advise_many(start, page_size(), step, count, MADV_POPULATE_WRITE) };
    #[cfg(not(target_os = "linux"))]
    let _ = (start, step, count);
}

/// Makes every access to a range fault, by access rights: it becomes a mapping of its own.
///
/// # Errors
///
/// `ENOMEM` when the process has as many mappings as it may; the range is then as before.
///
/// # Safety
///
/// The range was mapped by [`reserve`] and nobody uses it.
pub(crate) unsafe fn forbid(start: usize, len: usize) -> io::Result<()> {
    let start = ptr::with_exposed_provenance_mut(start);
    // SAFETY: promised by the caller.
    Ok(unsafe { rustix::mm::mprotect(start, len, MprotectFlags::empty()) }?)
}

/// Whether the kernel itself may not write at `address`: the proof that a guard stands.
///
/// # Safety
///
/// Nobody relies on the byte at `address`: it is overwritten if it can be.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn is_forbidden(address: usize) -> bool {
    // SAFETY: writes one byte, of which the caller has promised that nobody relies on it.
    let written = unsafe { libc::syscall(libc::SYS_getrandom, address, 1_usize, 0) };
    written == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT)
}

/// Whether a guard stands at `address`; not asked where [`install_guard`] cannot succeed.
///
/// # Safety
///
/// None.
#[cfg(not(target_os = "linux"))]
pub(crate) unsafe fn is_forbidden(_address: usize) -> bool {
    false
}

/// Writes into `pages` which pages from `start` on are resident: the lowest bit of each byte.
///
/// # Errors
///
/// `ENOMEM` when part of the range is not mapped.
pub(crate) fn residency(start: usize, pages: &mut [u8]) -> io::Result<()> {
    let len = pages.len() * page_size();
    let start = ptr::with_exposed_provenance_mut(start);
    // SAFETY: a query, which writes one byte a page into `pages` and checks every address.
    match unsafe { libc::mincore(start, len, pages.as_mut_ptr().cast()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Calls madvise(2).
///
/// # Safety
///
/// Whatever `advice` does to the range, nobody relies on the opposite.
unsafe fn advise(start: usize, len: usize, advice: libc::c_int) -> io::Result<()> {
    // SAFETY: promised by the caller.
    match unsafe { libc::madvise(ptr::with_exposed_provenance_mut(start), len, advice) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Calls process_madvise(2) on this process; how many ranges were done, from the first on.
///
/// # Safety
///
/// Whatever `advice` does to the ranges, nobody relies on the opposite.
#[cfg(target_os = "linux")]
unsafe fn advise_many(
    start: usize,
    len: usize,
    step: usize,
    count: usize,
    advice: libc::c_int,
) -> usize {
    let count = count.min(BATCH);
    let range = |i: usize| libc::iovec {
        iov_base: ptr::with_exposed_provenance_mut(start + i.min(count - 1) * step),
        iov_len: len,
    };
    let ranges: [libc::iovec; BATCH] = std::array::from_fn(range);
    // SAFETY: promised by the caller; `count` of the ranges are given.
    let done = unsafe {
        let ranges = ranges.as_ptr();
        libc::syscall(libc::SYS_process_madvise, PIDFD_SELF, ranges, count, advice, 0)
    };
    usize::try_from(done).unwrap_or(0) / len
}
