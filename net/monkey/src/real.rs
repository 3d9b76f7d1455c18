//! The calls themselves: the kernel's, and those of libc that are more than one call.
//!
//! By instruction and not by name, as the names are ours. What libc does beyond the kernel's call (`getaddrinfo`) is found
//! by asking the loader for the next one of that name, once.
//!
//! # Why unsafe
//! A system call takes its arguments as numbers, and does with them what they say.

use std::arch::asm;
use std::ffi::{CStr, c_int, c_long, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::errno::{self, Answer};
use crate::gate;

/// A system call by its number; minus the number of the error if it fails.
///
/// # Safety
/// As for that call: what the arguments say is to be valid.
#[inline(always)]
pub(crate) unsafe fn raw(number: c_long, arguments: [usize; 6]) -> c_long {
    let [a, b, c, d, e, f] = arguments;
    let result: c_long;
    // SAFETY: the caller's promise; the kernel changes no other registers.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// The same, with its error apart.
///
/// # Safety
/// As for that call: what the arguments say is to be valid.
#[inline]
pub(crate) unsafe fn call(number: c_long, arguments: [usize; 6]) -> Answer {
    // SAFETY: the caller's promise.
    errno::answer(unsafe { raw(number, arguments) })
}

/// Something that goes into a register.
pub(crate) trait Word {
    fn word(self) -> usize;
}

impl Word for c_int {
    #[inline]
    fn word(self) -> usize {
        self as isize as usize
    }
}

impl Word for u32 {
    #[inline]
    fn word(self) -> usize {
        self as usize
    }
}

impl Word for usize {
    #[inline]
    fn word(self) -> usize {
        self
    }
}

impl Word for u64 {
    #[inline]
    fn word(self) -> usize {
        self as usize
    }
}

impl Word for i64 {
    #[inline]
    fn word(self) -> usize {
        self as usize
    }
}

impl<T> Word for *const T {
    #[inline]
    fn word(self) -> usize {
        self as usize
    }
}

impl<T> Word for *mut T {
    #[inline]
    fn word(self) -> usize {
        self as usize
    }
}

/// The system call of that name, with up to six arguments.
macro_rules! kernel {
    ($name:ident $(, $argument:expr)* $(,)?) => {
        $crate::real::kernel!(@ [$($argument),*] libc::$name)
    };
    (@ [] $n:path) => { $crate::real::call($n, [0; 6]) };
    (@ [$a:expr] $n:path) => { $crate::real::call($n, [$crate::real::Word::word($a), 0, 0, 0, 0, 0]) };
    (@ [$a:expr, $b:expr] $n:path) => {
        $crate::real::call($n, [$crate::real::Word::word($a), $crate::real::Word::word($b), 0, 0, 0, 0])
    };
    (@ [$a:expr, $b:expr, $c:expr] $n:path) => {
        $crate::real::call($n, [$crate::real::Word::word($a), $crate::real::Word::word($b), $crate::real::Word::word($c), 0, 0, 0])
    };
    (@ [$a:expr, $b:expr, $c:expr, $d:expr] $n:path) => {
        $crate::real::call($n, [$crate::real::Word::word($a), $crate::real::Word::word($b), $crate::real::Word::word($c), $crate::real::Word::word($d), 0, 0])
    };
    (@ [$a:expr, $b:expr, $c:expr, $d:expr, $e:expr] $n:path) => {
        $crate::real::call($n, [$crate::real::Word::word($a), $crate::real::Word::word($b), $crate::real::Word::word($c), $crate::real::Word::word($d), $crate::real::Word::word($e), 0])
    };
    (@ [$a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr] $n:path) => {
        $crate::real::call($n, [$crate::real::Word::word($a), $crate::real::Word::word($b), $crate::real::Word::word($c), $crate::real::Word::word($d), $crate::real::Word::word($e), $crate::real::Word::word($f)])
    };
}
pub(crate) use kernel;

/// Whether the kernel can read there: what C hands in is looked at here only where the kernel would have looked.
///
/// Mostly it is on the task's own stack. Else the kernel is asked to take a mask of signals from each page and do something with it that there is not.
pub(crate) fn is_readable(at: *const c_void, length: usize) -> bool {
    const PAGE: usize = 4096;
    const NOTHING: c_int = -1;
    let nothing = ptr::null::<u64>();
    let (first, mask) = (at as usize, size_of::<u64>());
    let Some(last) = first.checked_add(length.saturating_sub(mask)) else { return false };
    if gate::is_on_stack(first) && gate::is_on_stack(last) {
        return true;
    }
    let pages = (first..last).step_by(PAGE);
    pages.chain([last]).all(|place| {
        // SAFETY: the kernel reads so many bytes, if it can.
        let asked = unsafe { kernel!(SYS_rt_sigprocmask, NOTHING, place, nothing, mask) };
        asked != Err(libc::EFAULT)
    })
}

/// A function of libc's that ours stands in front of, once it was looked for.
pub(crate) struct Next {
    name: &'static CStr,
    at: AtomicPtr<c_void>,
}

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Next {
        Next { name, at: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Its address; null if there is none.
    pub(crate) fn get(&self) -> *mut c_void {
        let known = self.at.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: the name ends with a zero.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.at.store(found, Ordering::Relaxed);
        found
    }
}
