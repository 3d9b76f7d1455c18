//! Where a task that holds its hub up is, from a picture of its stack.
//!
//! Which words of a stack are return addresses is guessed, as Linux does where it has no better way: a
//! word is taken for one if it points into code, right behind a call. Calls that have returned leave such words
//! behind as well, in parts of frames that were not written to since. A direct call says whom it calls, though: if that
//! is not the function below it, the line is marked with a `?`.
//!
//! Runs on the watch's own OS thread. Memory is read through `/proc/self/mem`, so that a library that is unloaded
//! meanwhile is an error and no crash.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use super::symbols::{self, Symbol};
use crate::sys::shot::Shot;
use crate::trace::{Frame, Trace};

/// The most calls of a trace.
const MOST: usize = 64;
/// No call is longer, in bytes.
const CALL: usize = 7;

/// Code that is mapped: where it begins and ends.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) start: usize,
    end: usize,
    /// Where in the file it begins.
    pub(super) offset: usize,
    /// The file.
    pub(super) path: String,
}

/// All code of this process, by `/proc/self/maps`.
fn mapped_code() -> Vec<Code> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines().filter_map(parse).collect()
}

/// Reads a line such as `55d0-55e0 r-xp 00001000 fe:01 1234   /usr/bin/program`.
fn parse(line: &str) -> Option<Code> {
    let mut fields = line.split_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let executable = fields.next()?.contains('x');
    let hex = |text: &str| usize::from_str_radix(text, 16).ok();
    let offset = hex(fields.next()?)?;
    let path = fields.nth(2).unwrap_or_default().to_owned();
    executable.then_some(Code { start: hex(start)?, end: hex(end)?, offset, path })
}

/// A call that an address is the return address of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Call {
    /// Of that address.
    Direct(usize),
    /// Of what a register or a table says.
    Indirect,
}

/// The call that ends right before `to`, given the bytes before it.
fn call_before(to: usize, bytes: &[u8; CALL]) -> Option<Call> {
    if let [.., 0xe8, a, b, c, d] = *bytes {
        return Some(Call::Direct(
            to.wrapping_add_signed(i32::from_le_bytes([a, b, c, d]) as isize),
        ));
    }
    let is_call = |len: usize| {
        let [0xff, modrm, rest @ ..] = &bytes[CALL - len..] else { return false };
        let sib = usize::from(modrm & 7 == 4);
        let operands = match modrm >> 6 {
            0 if modrm & 7 == 5 => 4,
            0 if sib == 1 && rest.first().is_some_and(|sib| sib & 7 == 5) => sib + 4,
            0 => sib,
            1 => sib + 1,
            2 => sib + 4,
            _ => 0,
        };
        modrm >> 3 & 7 == 2 && rest.len() == operands
    };
    (2..=CALL).any(is_call).then_some(Call::Indirect)
}

/// What may be the calls that a task is in, the innermost first; their names are not looked up yet.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    at: usize,
    /// Return addresses, and what was called.
    calls: Vec<(usize, Call)>,
}

impl Sight {
    /// What a picture shows.
    pub(super) fn of(shot: &Shot) -> Sight {
        let code = mapped_code();
        let is_code = |address: usize| code.iter().any(|c| (c.start..c.end).contains(&address));
        let memory = File::open("/proc/self/mem");
        let call = |word: usize| {
            let mut bytes = [0; CALL];
            let before = word.checked_sub(CALL)? as u64;
            memory.as_ref().ok()?.read_exact_at(&mut bytes, before).ok()?;
            Some((word, call_before(word, &bytes)?))
        };
        let words = shot.words.iter().copied().filter(|word| is_code(*word));
        Sight { at: shot.at, calls: words.filter_map(call).take(MOST).collect() }
    }

    /// The same with names, which takes a while: milliseconds, or more the first time.
    pub(super) fn trace(&self) -> Trace {
        let code = mapped_code();
        let mut inner = symbols::at(self.at, &code);
        let mut frames: Vec<Frame> = inner.iter().map(|symbol| frame(symbol, true)).collect();
        for &(after, call) in &self.calls {
            let here = symbols::at(after - 1, &code);
            let sure = match call {
                Call::Direct(to) => function(&symbols::at(to, &code)) == function(&inner),
                Call::Indirect => true,
            };
            frames.extend(here.iter().map(|symbol| frame(symbol, sure)));
            if sure {
                inner = here;
            }
        }
        Trace::new(frames)
    }
}

/// The function that others were inlined into.
fn function(symbols: &[Symbol]) -> Option<&str> {
    symbols.last().map(|symbol| symbol.function.as_str())
}

fn frame(symbol: &Symbol, sure: bool) -> Frame {
    let mark = if sure { "" } else { "? " };
    Frame { function: format!("{mark}{}", symbol.function), place: symbol.place.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_read_from_the_maps() {
        let line = "55d0-55e0 r-xp 00001000 fe:01 1234                 /usr/bin/program";
        let code = parse(line).unwrap();
        assert_eq!((code.start, code.end, code.offset), (0x55d0, 0x55e0, 0x1000));
        assert_eq!(code.path, "/usr/bin/program");
        assert!(parse("55d0-55e0 rw-p 00001000 fe:01 1234 /usr/bin/program").is_none());
        assert!(parse("nonsense").is_none());
    }

    #[test]
    fn calls_are_told_from_other_instructions() {
        let call = |bytes: &[u8]| {
            let mut window = [0x90; CALL];
            window[CALL - bytes.len()..].copy_from_slice(bytes);
            call_before(0x1000, &window)
        };
        assert_eq!(call(&[0xe8, 0x10, 0, 0, 0]), Some(Call::Direct(0x1010)));
        assert_eq!(call(&[0xe8, 0xf0, 0xff, 0xff, 0xff]), Some(Call::Direct(0xff0)));
        let indirect: [&[u8]; 7] = [
            &[0xff, 0xd0],                   // call rax
            &[0x41, 0xff, 0xd7],             // call r15
            &[0xff, 0x50, 0x18],             // call [rax + 24]
            &[0xff, 0x54, 0x24, 0x08],       // call [rsp + 8]
            &[0xff, 0x15, 1, 2, 3, 4],       // call [rip + ...]
            &[0xff, 0x90, 1, 2, 3, 4],       // call [rax + ...]
            &[0xff, 0x94, 0x24, 1, 2, 3, 4], // call [rsp + ...]
        ];
        for bytes in indirect {
            assert_eq!(call(bytes), Some(Call::Indirect), "{bytes:x?}");
        }
        let others: [&[u8]; 4] = [&[0x90], &[0xff, 0xe0], &[0xff, 0x25, 1, 2, 3, 4], &[0x89, 0xd0]];
        for bytes in others {
            assert_eq!(call(bytes), None, "{bytes:x?}");
        }
    }
}
