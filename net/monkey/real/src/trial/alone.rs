//! Tests of another shape that want a process each: to be alone in it, and to be killed when they hang.

use std::env;
use std::process::ExitCode;

use super::child::run;
use super::program::THREADS;

/// Says: be that test.
const BE: &str = "--be";

/// A test: its name, and what it does; it fails by a panic.
pub type Test = (&'static str, fn());

/// Runs those tests that the arguments ask for, each in a process of no more than [`THREADS`] threads.
pub fn alone(tests: &[Test]) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [be, name] = &arguments[..]
        && be == BE
    {
        let (_, body) = tests.iter().find(|(other, _)| other == name).expect("a test of that name");
        body();
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let chosen = tests.iter().filter(|(name, _)| wanted.is_none_or(|text| name.contains(text)));
    let failed = chosen.filter(|(name, _)| !passes(name)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn passes(name: &str) -> bool {
    let end = match run(&[BE.to_owned(), name.to_owned()]) {
        Ok(end) => end,
        Err(error) => {
            println!("test {name} ... FAILED\n{error}");
            return false;
        }
    };
    let passed = end.well && end.threads <= THREADS;
    let verdict = if passed { "ok" } else { "FAILED" };
    println!("test {name} ... {verdict}: {} threads; {}", end.threads, end.out.trim());
    if !passed {
        println!("{}\n{}", end.how, end.err);
    }
    passed
}
