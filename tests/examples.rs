//! The examples run as they stand and print what their golden files say; each is short and in the table of the docs.
//!
//! `cargo test` builds the examples before it runs this; `cargo test --test examples` does not, so build them
//! first: `cargo build --examples`. What took how long, sizes of stacks, line numbers and numbers of processes are masked, as they change. With `OSIER_BLESS=1` the golden
//! files are written anew: read what `git diff` says of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const TABLE: &str = include_str!("../docs/examples.md");

/// More would not be read.
const LONGEST: usize = 80;

/// Wants a network; `tests/readme.rs` and `.ci/run readme` look after it.
const ELSEWHERE: &str = "classic";

/// Examples that are only built with a feature of the facade, and whether this one has it.
const WANTS: &[(&str, bool)] = &[
    ("thread_pool_crawl", cfg!(feature = "net")),
    ("udp_echo", cfg!(feature = "net")),
    ("stream_server", cfg!(feature = "net")),
    ("unix_echo", cfg!(feature = "net")),
    ("io_vs_cpu", cfg!(feature = "process")),
    ("process_basics", cfg!(feature = "process")),
    ("process_log", cfg!(feature = "process")),
    ("process_chat", cfg!(feature = "process")),
    ("process_daemon", cfg!(feature = "process")),
    ("process_deadlock", cfg!(feature = "process")),
    ("process_executor", cfg!(feature = "process")),
    ("process_isolation", cfg!(feature = "process")),
    ("process_join", cfg!(feature = "process")),
    ("process_orphan", cfg!(feature = "process")),
    ("subprocess", cfg!(feature = "process")),
    ("process_places", cfg!(feature = "process")),
    ("process_pool", cfg!(feature = "process")),
    ("process_printer", cfg!(feature = "process")),
    ("process_queue", cfg!(feature = "process")),
    ("process_ticket_office", cfg!(feature = "process")),
    ("process_workers", cfg!(all(feature = "net", feature = "process"))),
];

/// How many run at once.
const AT_ONCE: usize = 4;

fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// The files of a folder that end so, without their ends.
fn names(below: &str, end: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(below)).expect("a folder of the package");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().unwrap());
    names.filter_map(|name| Some(name.strip_suffix(end)?.to_string())).collect()
}

/// All that have a golden file, by name.
fn examples() -> BTreeSet<String> {
    let mut names = names("examples", ".rs");
    assert!(names.remove(ELSEWHERE), "the README's is gone");
    names
}

fn source(name: &str) -> PathBuf {
    folder("examples").join(name).with_extension("rs")
}

/// The program that cargo has made of an example, which is not older than its source.
fn program(name: &str) -> Result<PathBuf, String> {
    let test = std::env::current_exe().expect("where this test is"); // in target/PROFILE/deps
    let path = test.ancestors().nth(2).expect("two above").join("examples").join(name);
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    match changed(&path) {
        Some(built) if Some(built) >= changed(&source(name)) => Ok(path),
        _ => Err(format!("{name} is not built, or not anew: cargo build --examples")),
    }
}

fn said(name: &str) -> Result<String, String> {
    let mut command = Command::new(program(name)?);
    let output = command.stdin(Stdio::null()).env_remove("OSIER_TRACK").output();
    let Output { status, stdout, stderr } = output.map_err(|error| format!("{name}: {error}"))?;
    match status.success() {
        true => Ok(masked(&String::from_utf8_lossy(&stdout))),
        false => Err(format!("{name}: {status}\n{}", String::from_utf8_lossy(&stderr))),
    }
}

/// Whether an example prints what it should; writes that down if asked to.
fn held(name: &str) -> Result<(), String> {
    let said = said(name)?;
    let golden = folder("examples/golden").join(name).with_extension("txt");
    if std::env::var_os("OSIER_BLESS").is_some() {
        return fs::write(golden, said).map_err(|error| format!("{name}: {error}"));
    }
    match fs::read_to_string(golden) {
        Ok(wanted) if wanted == said => Ok(()),
        Ok(wanted) => Err(format!("{name} is to say\n{wanted}\nand says\n{said}")),
        Err(error) => Err(format!("{name}: no golden file: {error}")),
    }
}

/// The text with `<time>`, `<size>`, `<line>` and `<pid>` in the place of such numbers.
fn masked(text: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ':';
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        let end = number.find(|c| !is_number(c)).unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        masked.push_str(before);
        rest = match mask(before, after) {
            Some((mask, after)) => {
                // All spaces but one pad it: they say how long it is.
                let spaces = before.len() - before.trim_end_matches(' ').len();
                masked.truncate(masked.len() - spaces.saturating_sub(1));
                masked.push_str(mask);
                after
            }
            None => {
                masked.push_str(number);
                after
            }
        };
    }
    masked + rest
}

/// What a number between these stands for, if it is to be masked, and what follows it.
fn mask<'a>(before: &str, after: &'a str) -> Option<(&'static str, &'a str)> {
    if before.ends_with(".rs:") {
        return Some(("<line>", after));
    }
    if let Some(after) = after.strip_prefix(" bytes of stack") {
        return Some(("<size> of stack", after));
    }
    if before.ends_with("[process ") && after.starts_with(" '") {
        return Some(("<pid>", after));
    }
    let end = after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len());
    let (unit, after) = after.split_at(end);
    ["ns", "µs", "ms", "s"].contains(&unit).then_some(("<time>", after))
}

#[test]
fn they_say_what_they_should() {
    let is_built = |name: &String| WANTS.iter().all(|(wants, has)| name != wants || *has);
    let examples: Vec<String> = examples().into_iter().filter(is_built).collect();
    let next = AtomicUsize::new(0);
    let some = || -> Vec<String> {
        let mine = std::iter::from_fn(|| examples.get(next.fetch_add(1, Ordering::Relaxed)));
        mine.filter_map(|name| held(name).err()).collect()
    };
    let failures: Vec<String> = thread::scope(|s| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| s.spawn(some)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_has_a_golden_file_and_none_is_left_over() {
    assert_eq!(examples(), names("examples/golden", ".txt"));
}

#[test]
fn they_are_short_and_say_what_they_show() {
    for name in examples() {
        let text = fs::read_to_string(source(&name)).expect("an example");
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{name} has {lines} lines, at most {LONGEST}");
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let names = ["In Python: ", "In Python, ", "those who know Go: ", "those who know tokio: "];
        assert!(
            names.iter().any(|name| head.concat().contains(name)),
            "{name}: an example of what?"
        );
    }
}

#[test]
fn they_are_in_the_table() {
    let link = |line: &str| Some(line.split_once("| [`")?.1.split_once("`]")?.0.to_string());
    let listed: Vec<String> = TABLE.lines().filter_map(link).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), examples());
    assert_eq!(listed.len(), examples().len(), "one is there twice");
    for name in listed {
        let address = format!("/examples/{name}.rs\n");
        assert!(TABLE.contains(&address), "no address: {name}");
    }
}

#[test]
fn what_is_patched_knows_nothing_of_us() {
    let mut count = 0;
    for name in examples().iter().filter(|name| name.starts_with("monkey_")) {
        let text = fs::read_to_string(source(name)).expect("an example");
        for module in text.split("\nmod ").skip(1) {
            let body = module.split("\n}").next().expect("it has an end");
            assert!(!body.contains("osier") && !body.contains("crate::"), "{name}: {body}");
            count += 1;
        }
    }
    assert_eq!(count, 5, "this looks elsewhere");
}

#[test]
fn what_changes_is_masked() {
    assert_eq!(
        masked("took 1.5ms, 3s; 120 bytes of stack"),
        "took <time>, <time>; <size> of stack"
    );
    assert_eq!(masked("at a.rs:12:30, 200µs"), "at a.rs:<line>, <time>");
    assert_eq!(masked("a |   1.5ms | 12.5ms"), "a | <time> | <time>");
    let kept = "task 3 squares 5: 25, 2 seconds, 4000 bytes of a, 10 Bobs, 1.";
    assert_eq!(masked(kept), kept);
}
