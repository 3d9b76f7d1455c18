//! `pstart`: a process that does nothing, from its start to after its join; and next to it the bare kernel.

use std::io;

use osier::process::{Process, functions};

use super::processes::rounds;
use crate::args::{Args, Key, count, one_of};
use crate::bare;
use crate::measure::{Mark, Span};
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[count("n", 1000), one_of("kind", &["fork", "spawn"])];

functions! {
    fn nothing() {}
}

/// One after the other.
pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let n = args.number("n").div_ceil(super::processes::ROUNDS);
    match args.word("kind") {
        "spawn" => rounds(n, || ours(n, spawned), || each(n, bare::spawn)),
        _ => rounds(n, || ours(n, forked), || each(n, bare::fork)),
    }
}

fn forked() -> io::Result<()> {
    end(Process::fork(|| ())?)
}

fn spawned() -> io::Result<()> {
    end(Process::spawn(nothing, ())?)
}

fn end(process: Process) -> io::Result<()> {
    let status = process.join();
    if status.is_success() { Ok(()) } else { Err(io::Error::other(format!("{status:?}"))) }
}

fn ours(n: usize, one: impl Fn() -> io::Result<()>) -> io::Result<Span> {
    osier::run(|| {
        one()?; // what is made once
        each(n, one)
    })
}

fn each(n: usize, one: impl Fn() -> io::Result<()>) -> io::Result<Span> {
    let mark = Mark::now();
    (0..n).try_for_each(|_| one())?;
    Ok(mark.span())
}
