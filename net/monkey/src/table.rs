//! All symbols that are ours, each family's in its own list.
//!
//! A new hook is entered in the list of its file, and a new file here; `report` and the audit see them all.
//!
//! # Why unsafe
//! A list of addresses is shared among threads.

use std::ffi::{CStr, c_void};

/// A function of libc's that is defined here.
pub(crate) struct Symbol {
    pub(crate) name: &'static CStr,
    pub(crate) at: *const c_void,
}

// SAFETY: an address of code, which is never written to.
unsafe impl Sync for Symbol {}

/// The entries of functions of these names.
macro_rules! symbols {
    ($($name:ident),* $(,)?) => {
        &[$($crate::table::Symbol {
            name: match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name has no zero in it"),
            },
            at: $name as *const std::ffi::c_void,
        }),*]
    };
}
pub(crate) use symbols;

/// Every family.
pub(crate) static FAMILIES: &[&[Symbol]] = &[
    crate::accept::SYMBOLS,
    crate::children::SYMBOLS,
    crate::close::SYMBOLS,
    crate::connect::SYMBOLS,
    crate::files::SYMBOLS,
    crate::futex::SYMBOLS,
    crate::many::SYMBOLS,
    crate::names::SYMBOLS,
    crate::options::SYMBOLS,
    crate::poll::SYMBOLS,
    crate::read::SYMBOLS,
    crate::receive::SYMBOLS,
    crate::select::SYMBOLS,
    crate::send::SYMBOLS,
    crate::sleep::SYMBOLS,
    crate::splice::SYMBOLS,
    crate::threads::SYMBOLS,
    crate::vfork::SYMBOLS,
    crate::write::SYMBOLS,
];

/// Every symbol.
pub(crate) fn all() -> impl Iterator<Item = &'static Symbol> {
    FAMILIES.iter().copied().flatten()
}
