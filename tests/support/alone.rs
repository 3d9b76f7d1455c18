//! Tests that are processes of their own: what forks must have no other OS threads, and std's harness has some.
//!
//! Each runs in a process that is it alone, from `main`; a program of them has `harness = false`, and says `tests! { ... }`.
//! It takes the arguments that `cargo test` hands on: a part of a name, `--exact`, `--list`.
#![allow(dead_code, unused_macros, unused_imports, reason = "each test file uses a part of it")]

use std::env;
use std::fs;
use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// A test: its name, and what it does.
pub(crate) type Test = (&'static str, fn());

/// Longer than any of them takes, unless `OSIER_TEST_PATIENCE` says more seconds.
fn patience() -> Duration {
    let seconds = env::var("OSIER_TEST_PATIENCE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

/// Says: be that test.
const ONE: &str = "--one";

/// Makes a program of tests, each of which has a process to itself.
macro_rules! tests {
    ($(#[test] fn $name:ident() $body:block)*) => {
        $(fn $name() $body)*

        fn main() -> std::process::ExitCode {
            alone::main(&[$((stringify!($name), $name as fn())),*])
        }
    };
}
pub(crate) use tests;

/// Runs those tests that the arguments ask for.
pub(crate) fn main(tests: &[Test]) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [first, name] = &arguments[..]
        && first == ONE
    {
        let (_, body) = tests.iter().find(|(other, _)| other == name).expect("a test");
        body();
        return if left_behind() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    if arguments.iter().any(|argument| argument == "--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let exact = arguments.iter().any(|argument| argument == "--exact");
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let chosen = |name: &str| {
        wanted.is_none_or(
            |wanted| if exact { name == wanted } else { name.contains(wanted.as_str()) },
        )
    };
    let failed = tests.iter().filter(|(name, _)| chosen(name)).filter(|(name, _)| !passes(name));
    if failed.count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the test has left children, be they alive or not.
fn left_behind() -> bool {
    let pid = std::process::id();
    let children = fs::read_to_string(format!("/proc/self/task/{pid}/children"));
    let children = children.unwrap_or_default();
    if !children.trim().is_empty() {
        eprintln!("it has left processes: {children}");
    }
    !children.trim().is_empty()
}

/// This program, for which an interrupt is what it usually is: a shell has what it runs in the background ignore it.
fn command() -> Command {
    let program = env::current_exe().expect("the test's own path");
    if !ignores_interrupts() {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.arg("--default-signal=INT").arg(program);
    command
}

/// Whether SIGINT is ignored, and so will be by whatever is started.
fn ignores_interrupts() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    ignored.is_some_and(|bits| bits & 1 << (2 - 1) != 0)
}

#[expect(clippy::disallowed_methods, reason = "there are no tasks here")]
fn passes(name: &str) -> bool {
    let mut child = command()
        .args([ONE, name])
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = out.read_to_string(&mut text);
        text
    });
    let read_err = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = err.read_to_string(&mut text);
        text
    });
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            break Some(status);
        }
        if began.elapsed() > patience() {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let passed = status.is_some_and(|status| status.success());
    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    if !passed {
        let said = match status {
            Some(status) => status.to_string(),
            None => {
                println!("---- it hangs");
                return false; // what it says may never end: children of it hold the pipe
            }
        };
        println!("---- {said}\n{}{}", read.join().unwrap(), read_err.join().unwrap());
    }
    passed
}
