//! Whether SQLite is among those who have called.
//!
//! While another has locked its file SQLite sleeps, or calls the program's busy handler, in the midst of a statement. Nothing keeps
//! other tasks of the thread out of that connection meanwhile: its mutex, where it has one, lets its own thread in again. Two
//! tasks that did so crashed. So what sleeps beneath SQLite, or waits for a file in the pool, stays with the kernel: one task
//! comes after the other, as it would without the patch. All other waits beneath it switch: a function of the program's own
//! that SQLite calls should not use the network. A program without SQLite pays for one load; SQLite that is
//! loaded while the program runs (`dlopen`) is not known here.
//!
//! # Why unsafe
//! The linker, the loader and the unwinder are asked, which are C.

use std::arch::global_asm;
use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many frames are looked at: SQLite's are near whoever sleeps for it.
const DEPTH: u32 = 64;

// Where some functions of SQLite are, or 0: weak, so that nobody must link it. They stand at both ends of its one source file.
global_asm!(
    ".weak sqlite3_status64",
    ".weak sqlite3_os_init",
    ".weak sqlite3_step",
    ".weak sqlite3_busy_timeout",
    ".weak sqlite3_rtree_query_callback",
    ".pushsection .data.rel.ro.osier_monkey_sqlite, \"aw\"",
    ".balign 8",
    ".globl osier_monkey_sqlite",
    ".hidden osier_monkey_sqlite",
    "osier_monkey_sqlite:",
    ".quad sqlite3_status64, sqlite3_os_init, sqlite3_step, sqlite3_busy_timeout",
    ".quad sqlite3_rtree_query_callback",
    ".popsection",
);

unsafe extern "C" {
    static osier_monkey_sqlite: [usize; 5];
    fn _Unwind_Backtrace(
        see: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(frame: *mut c_void) -> usize;
}

/// Its code, from here to there, once that was found out; from 0, to 0.
static FROM: AtomicUsize = AtomicUsize::new(0);
static TO: AtomicUsize = AtomicUsize::new(0);

/// Whether a function of SQLite's is on the stack.
#[inline]
pub(crate) fn is_below() -> bool {
    // SAFETY: the linker has written it, and nobody does after the loader.
    let known = unsafe { &osier_monkey_sqlite };
    known[0] != 0 && walk(known)
}

/// What is looked for, and what was seen.
struct Search {
    code: Range<usize>,
    depth: u32,
    found: bool,
}

#[cold]
fn walk(known: &[usize; 5]) -> bool {
    let mut search = Search { code: code(known), depth: 0, found: false };
    // SAFETY: it calls `see` with that pointer, and returns when `see` says so or the stack ends.
    unsafe { _Unwind_Backtrace(see, (&raw mut search).cast()) };
    search.found
}

extern "C" fn see(frame: *mut c_void, search: *mut c_void) -> c_int {
    // SAFETY: `walk` has handed it over, and looks at it no sooner than all is seen.
    let search = unsafe { &mut *search.cast::<Search>() };
    // SAFETY: the unwinder's frame, given to it again.
    search.found = search.code.contains(&unsafe { _Unwind_GetIP(frame) });
    search.depth += 1;
    // Anything but 0 ends the walk.
    c_int::from(search.found || search.depth == DEPTH)
}

fn code(known: &[usize; 5]) -> Range<usize> {
    let to = TO.load(Ordering::Acquire);
    if to != 0 {
        return FROM.load(Ordering::Relaxed)..to;
    }
    // Two threads may find out at once, and find the same.
    let code = find(known);
    FROM.store(code.start, Ordering::Relaxed);
    TO.store(code.end, Ordering::Release);
    code
}

/// A library of SQLite's is its own from end to end; linked into the program it lies between the functions that are known.
fn find(known: &[usize; 5]) -> Range<usize> {
    let here = find as *const () as usize;
    match segment(known[0]) {
        Some(library) if !library.contains(&here) => library,
        _ => {
            let present = || known.iter().copied().filter(|at| *at != 0);
            present().min().unwrap_or(0)..present().max().unwrap_or(0)
        }
    }
}

/// The code that is loaded together with what is at that address.
fn segment(at: usize) -> Option<Range<usize>> {
    let mut search = (at, None);
    // SAFETY: it calls `look` with that pointer for each library, and returns.
    unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut search).cast()) };
    search.1
}

unsafe extern "C" fn look(
    info: *mut libc::dl_phdr_info,
    _: libc::size_t,
    search: *mut c_void,
) -> c_int {
    // SAFETY: `segment` has handed it over, and looks at it no sooner than all is seen; the other is the loader's.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<(usize, Option<Range<usize>>)>()) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the loader says where they are, and how many.
    let parts = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let code =
        parts.iter().filter(|part| part.p_type == libc::PT_LOAD && part.p_flags & libc::PF_X != 0);
    let mut ranges = code.map(|part| {
        let from = info.dlpi_addr.wrapping_add(part.p_vaddr) as usize;
        from..from.saturating_add(part.p_memsz as usize)
    });
    search.1 = ranges.find(|range| range.contains(&search.0));
    c_int::from(search.1.is_some())
}
