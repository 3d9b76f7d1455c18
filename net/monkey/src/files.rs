//! Regular files: the kernel's, unless the program has asked for the pool.
//!
//! A disk has no "not ready": a read of it stops the OS thread for as long as it takes. That is mostly less than a hop to another
//! thread and back, so it is for the program to say ([`patch_files`](crate::patch_files)). The buffers are the
//! caller's, so the wait for the pool is never cut short.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them, on another thread.

use std::ffi::{c_char, c_int, c_void};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{mode_t, off_t, size_t};
use osier_runtime::Reason;
use osier_runtime::thread::Pool;

use crate::errand::{self, Stop};
use crate::errno::{Answer, give};
use crate::gate::{in_task, may_wait};
use crate::patience::is_standard;
use crate::real::kernel;
use crate::sqlite;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] =
    symbols![open, open64, openat, openat64, pread, pread64, pwrite, pwrite64, fsync, fdatasync];

static POOL: Pool = Pool::new("files", 4);
/// Whether the program has asked for the pool.
static PATCHED: AtomicBool = AtomicBool::new(false);

pub(crate) fn patch(on: bool) {
    PATCHED.store(on, Ordering::Relaxed);
}

/// Something that another thread works on while its owner stands still.
struct Lent<T>(T);

// SAFETY: see `through_pool`.
unsafe impl<T> Send for Lent<T> {}

impl<T> Lent<T> {
    fn into_inner(self) -> T {
        self.0
    }
}

/// Makes a call that works on a regular file, here or in the pool.
pub(crate) fn through_pool(call: impl FnOnce() -> Answer) -> Answer {
    if !PATCHED.load(Ordering::Relaxed) || !in_task() || !may_wait() || sqlite::is_below() {
        return call();
    }
    let mut call = Some(call);
    let mut answer = Err(libc::ECANCELED);
    let mut work = || {
        if let Some(call) = call.take() {
            answer = call();
        }
    };
    let work: &mut dyn FnMut() = &mut work;
    // SAFETY: this frame stands still until the call is over, as the wait is never cut short: nobody but the pool's thread works on
    // what is lent. A system call and its arguments are any thread's.
    let lent = Lent(unsafe { mem::transmute::<&mut dyn FnMut(), &'static mut dyn FnMut()>(work) });
    let reason = Reason::new("waiting, in a call of libc, for a file");
    errand::run(&POOL, reason, Stop::Never, move || lent.into_inner()());
    answer
}

/// The call, by way of the pool if it is for a file that may take long.
fn patched(fd: c_int, call: impl FnOnce() -> Answer) -> isize {
    give(if is_standard(fd) { call() } else { through_pool(call) })
}

/// See pread(2).
///
/// # Safety
/// See pread(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pread(
    fd: c_int,
    to: *mut c_void,
    length: size_t,
    at: off_t,
) -> isize {
    // SAFETY: the caller's promise.
    patched(fd, || unsafe { kernel!(SYS_pread64, fd, to, length, at) })
}

/// See pread(2).
///
/// # Safety
/// See pread(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pread64(
    fd: c_int,
    to: *mut c_void,
    length: size_t,
    at: off_t,
) -> isize {
    // SAFETY: the caller's promise.
    patched(fd, || unsafe { kernel!(SYS_pread64, fd, to, length, at) })
}

/// See pwrite(2).
///
/// # Safety
/// See pwrite(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pwrite(
    fd: c_int,
    from: *const c_void,
    length: size_t,
    at: off_t,
) -> isize {
    // SAFETY: the caller's promise.
    patched(fd, || unsafe { kernel!(SYS_pwrite64, fd, from, length, at) })
}

/// See pwrite(2).
///
/// # Safety
/// See pwrite(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pwrite64(
    fd: c_int,
    from: *const c_void,
    length: size_t,
    at: off_t,
) -> isize {
    // SAFETY: the caller's promise.
    patched(fd, || unsafe { kernel!(SYS_pwrite64, fd, from, length, at) })
}

/// See fsync(2).
///
/// # Safety
/// See fsync(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    // SAFETY: the caller's promise.
    patched(fd, || unsafe { kernel!(SYS_fsync, fd) }) as c_int
}

/// See fsync(2).
///
/// # Safety
/// See fsync(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    // SAFETY: the caller's promise.
    patched(fd, || unsafe { kernel!(SYS_fdatasync, fd) }) as c_int
}

/// See open(2). In C the last argument may be missing: then it is not looked at.
///
/// # Safety
/// See open(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

/// See open(2).
///
/// # Safety
/// See open(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

/// See open(2).
///
/// # Safety
/// See open(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn openat(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { open_at(folder, path, flags, mode) }
}

/// See open(2).
///
/// # Safety
/// See open(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn openat64(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { open_at(folder, path, flags, mode) }
}

/// # Safety
/// As openat(2).
unsafe fn open_at(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // The kernel wants none where libc looks at none.
    let makes = flags & (libc::O_CREAT | libc::O_TMPFILE);
    let mode = if makes != 0 { mode } else { 0 };
    // SAFETY: the caller's promise.
    give(through_pool(|| unsafe { kernel!(SYS_openat, folder, path, flags, mode) }))
}
