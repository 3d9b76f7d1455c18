//! The sum in small: 5 x 4 x 50 at once, and a form without OS threads.

use std::path::PathBuf;
use std::process::Command;

/// The program that cargo has made of the example: `cargo test` does so before it runs this.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("where this test is"); // in target/PROFILE/deps
    test.ancestors().nth(2).expect("two above").join("examples/fifty_thousand")
}

/// The numbers of the JSON object that it prints, by key.
fn sum(args: &[&str]) -> Vec<(String, f64)> {
    let output = Command::new(program())
        .args(args)
        .arg("--json")
        .output()
        .expect("not built: `cargo test` without `--test`, or `cargo build --examples`");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let inner = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap();
    let pair = |pair: &str| {
        let (key, value) = pair.split_once(": ").unwrap();
        (key.trim().trim_matches('"').to_string(), value.parse().unwrap())
    };
    inner.split(',').map(pair).collect()
}

fn check(form: &[&str], fetches: f64) {
    let args = ["--processes", "5", "--addresses", "3", "--delay-ms", "1000"];
    let figures = sum(&[&args[..], form].concat());
    let keys: Vec<&str> = figures.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["peak_in_flight", "failed", "seconds", "cpu_seconds", "rss_bytes_per_task"]);
    let value = |at: usize| figures[at].1;
    assert_eq!((value(0), value(1)), (fetches, 0.0), "{figures:?}");
    assert!(value(2) >= 1.0, "no answer comes early: {figures:?}");
    assert!((1.0..1e6).contains(&value(4)), "{figures:?}");
}

#[test]
fn processes_times_threads_times_tasks_are_in_flight_at_once() {
    check(&["--threads", "4", "--tasks", "50"], 1000.0);
}

#[test]
fn processes_times_tasks_are_in_flight_at_once() {
    check(&["--threads", "1", "--tasks", "200"], 1000.0);
}

#[test]
fn what_is_wrong_on_the_command_line_is_named() {
    let output = Command::new(program()).args(["--tasks", "none"]).output().expect("it is built");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--tasks"));
}
