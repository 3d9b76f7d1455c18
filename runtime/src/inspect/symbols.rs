//! Names of what stands at an address: by the crate `backtrace`, if the feature `symbols` has it.
//!
//! std has the same machinery and does not lend it out. Without the feature an address is said as a place
//! in its file, which `addr2line` takes.

use super::offender::Code;

/// What stands at an address; several for one, when functions were inlined: the innermost first.
#[derive(Debug)]
pub(super) struct Symbol {
    pub(super) function: String,
    pub(super) place: Option<String>,
}

#[cfg(feature = "symbols")]
pub(super) fn at(address: usize, code: &[Code]) -> Vec<Symbol> {
    let mut found = Vec::new();
    // It takes one off, as it is made for return addresses.
    backtrace::resolve((address + 1) as *mut _, |symbol| {
        let Some(name) = symbol.name() else { return };
        let place = symbol.filename().zip(symbol.lineno()).map(|(file, line)| {
            let column = symbol.colno().map_or(String::new(), |column| format!(":{column}"));
            format!("{}:{line}{column}", file.display())
        });
        found.push(Symbol { function: format!("{name:#}"), place });
    });
    if found.is_empty() {
        found.push(plain(address, code));
    }
    found
}

#[cfg(not(feature = "symbols"))]
pub(super) fn at(address: usize, code: &[Code]) -> Vec<Symbol> {
    vec![plain(address, code)]
}

/// A place in a file, as `addr2line -e FILE` takes it for a program that can be loaded anywhere.
fn plain(address: usize, code: &[Code]) -> Symbol {
    let home = code.iter().rfind(|code| code.start <= address);
    let base = home.and_then(|home| {
        let of_file = |code: &&Code| code.path == home.path;
        code.iter().find(of_file).map(|first| (home, first.start - first.offset))
    });
    let function = match base {
        Some((home, base)) => format!("{}+{:#x}", home.path, address.wrapping_sub(base)),
        None => format!("{address:#x}"),
    };
    Symbol { function, place: None }
}
