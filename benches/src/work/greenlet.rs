//! `greenlet` and `generator`: switches by hand, with a value, in no hub's sight.
//!
//! To a greenlet and back is two switches. The switch is inlined, so that the loops are where they
//! switch: a call in between costs a mispredicted return, as with `yield` and its `depth`.

use std::hint::black_box;

use osier::greenlet::{self, Greenlet, generator};

use crate::args::{Args, Key, count, one_of};
use crate::measure::{Mark, Span};
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[count("n", 10_000_000), one_of("place", &["thread", "task"])];
pub(crate) const GENERATOR_KEYS: &[Key] = &[count("n", 10_000_000)];

pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let (last, span) = match args.word("place") {
        "task" => osier::run(move || round_trips(n)),
        _ => round_trips(n),
    };
    if last != n {
        return Err(format!("{last} of {n} switches have come back"));
    }
    Ok(Report::new(n, span))
}

/// Each way adds nothing but the way there: so the value counts the round trips.
fn round_trips(n: usize) -> (usize, Span) {
    let echo = Greenlet::new(|mut value: usize| {
        let main = greenlet::current().parent().expect("it is not the main one");
        loop {
            value = main.switch(value + 1);
        }
    });
    let mut value = echo.switch(0) - 1; // it has begun
    let begin = Mark::now();
    for _ in 0..n {
        value = echo.switch(black_box(value));
    }
    (value, begin.span())
}

pub(crate) fn generate(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let mut items = generator(|y| {
        for item in 0.. {
            y.yield_(item);
        }
    });
    items.next();
    let begin = Mark::now();
    for _ in 0..n {
        black_box(items.next());
    }
    let span = begin.span();
    match items.next() {
        Some(item) if item == n + 1 => Ok(Report::new(n, span)),
        other => Err(format!("{other:?} instead of {}", n + 1)),
    }
}
