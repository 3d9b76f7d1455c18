//! What of libc is bound to ours in the program that runs.
//!
//! # Why unsafe
//! The loader is asked by name.

use std::ffi::{CStr, CString, c_void};
use std::fmt;

use crate::table::{Symbol, all};

/// What one symbol of libc is bound to in this program.
///
/// ```
/// use osier_monkey as _;
///
/// let report = osier_monkey::report();
/// assert!(report.iter().any(|binding| binding.symbol() == "recv" && binding.is_ours()));
/// ```
#[derive(Clone, Debug)]
pub struct Binding {
    symbol: &'static str,
    /// The file that another definition is in; none: it is ours.
    elsewhere: Option<String>,
}

impl Binding {
    /// The name of the symbol.
    pub fn symbol(&self) -> &'static str {
        self.symbol
    }

    /// Whether calls of it come to this crate.
    pub fn is_ours(&self) -> bool {
        self.elsewhere.is_none()
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.elsewhere {
            None => write!(f, "{}: green in tasks", self.symbol),
            Some(file) => write!(f, "{}: not ours but of {file}", self.symbol),
        }
    }
}

/// What all symbols are bound to, made by [`report`].
///
/// ```
/// use osier_monkey as _;
///
/// println!("{}", osier_monkey::report());
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    bindings: Vec<Binding>,
}

impl Report {
    /// Symbol by symbol.
    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter()
    }

    /// Whether all are ours.
    pub fn is_complete(&self) -> bool {
        self.iter().all(Binding::is_ours)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|binding| writeln!(f, "{binding}"))
    }
}

/// Says, symbol by symbol, what is bound to ours in the program that runs.
///
/// What the loader gives to libraries is what is asked for; the program itself and std in it are linked to the same.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use osier_monkey as _;
///
/// let report = osier_monkey::report();
/// assert!(report.is_complete(), "{report}");
/// ```
pub fn report() -> Report {
    let binding = |symbol: &'static Symbol| Binding {
        symbol: symbol.name.to_str().unwrap_or_default(),
        elsewhere: elsewhere(symbol),
    };
    Report { bindings: all().map(binding).collect() }
}

/// Says whether calls of a symbol of libc come to this crate.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use osier_monkey as _;
///
/// assert!(osier_monkey::is_patched("recv"));
/// assert!(!osier_monkey::is_patched("malloc"));
/// ```
pub fn is_patched(symbol: &str) -> bool {
    let Ok(name) = CString::new(symbol) else { return false };
    all().any(|symbol| symbol.name == name.as_c_str() && elsewhere(symbol).is_none())
}

/// Where a symbol is found by the loader, if not here.
fn elsewhere(symbol: &Symbol) -> Option<String> {
    // SAFETY: the name ends with a zero.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, symbol.name.as_ptr()) };
    (!std::ptr::eq(found, symbol.at)).then(|| file_of(found))
}

fn file_of(address: *const c_void) -> String {
    // SAFETY: null is what is not known.
    let mut about: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: the structure is filled, with names that stay.
    let name = unsafe {
        if libc::dladdr(address, &raw mut about) == 0 || about.dli_fname.is_null() {
            return "nobody".to_string();
        }
        CStr::from_ptr(about.dli_fname)
    };
    name.to_string_lossy().into_owned()
}
