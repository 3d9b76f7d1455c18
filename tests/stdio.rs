//! Standard input and output, in a program of their own whose ends are pipes, files and a terminal.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use osier::stdio::{stderr, stdin, stdout};
use osier::{spawn, yield_now};

/// Says what the program is to be.
const ROLE: &str = "OSIER_TEST_STDIO";

/// This program, in that role, without the words of a test.
fn program(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test's own path"));
    command.args(["--exact", "the_program", "--nocapture", "-q"]).env(ROLE, role);
    command
}

/// No test, but what the others start.
#[test]
fn the_program() {
    match std::env::var(ROLE).as_deref() {
        Ok("lines") => osier::run(lines),
        Ok("flood") => osier::run(flood),
        _ => {}
    }
}

/// Answers each line, and says at the end whether another task ran meanwhile.
fn lines() {
    let other = spawn(|| (0..3).for_each(|_| yield_now()));
    for line in BufReader::new(stdin()).lines() {
        writeln!(stdout(), "<{}>", line.unwrap()).unwrap();
    }
    writeln!(stderr(), "others ran: {}", other.is_finished()).unwrap();
}

/// Writes more than fits into a pipe that nobody reads yet, while others run.
fn flood() {
    let writer = spawn(|| stdout().write_all(&vec![b'x'; 1_000_000]).unwrap());
    osier::sleep(Duration::from_millis(20));
    writeln!(stderr(), "it waits: {}", !writer.is_finished()).unwrap();
}

#[test]
fn lines_come_and_go_by_pipes_while_others_run() {
    let mut child = program("lines");
    child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let mut from = BufReader::new(child.stdout.take().unwrap());
    for word in ["one", "two"] {
        osier::sleep(Duration::from_millis(50)); // so that it waits for this one
        writeln!(to, "{word}").unwrap();
        let mut line = String::new();
        while !line.starts_with('<') {
            line.clear();
            from.read_line(&mut line).unwrap();
        }
        assert_eq!(line, format!("<{word}>\n"));
    }
    drop(to);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "others ran: true\n");
    assert!(child.wait().unwrap().success());
}

#[test]
fn files_are_read_and_written_as_they_are() {
    let path = std::env::temp_dir().join(format!("osier-stdio-{}", std::process::id()));
    std::fs::write(&path, "first\nlast\n").unwrap();
    let out = path.with_extension("out");
    let mut child = program("lines");
    child.stdin(File::open(&path).unwrap()).stdout(File::create(&out).unwrap());
    assert!(child.stderr(Stdio::null()).status().unwrap().success());
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("<first>\n<last>\n"), "{text}");
    std::fs::remove_file(path).unwrap();
    std::fs::remove_file(out).unwrap();
}

#[test]
fn a_pipe_that_is_full_keeps_only_its_writer_waiting() {
    let mut child = program("flood");
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 15];
    child.stderr.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(&said, b"it waits: true\n");
    let mut all = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut all).unwrap();
    assert_eq!(all.iter().filter(|byte| **byte == b'x').count(), 1_000_000);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_terminal_is_waited_for() {
    // `script` of util-linux gives it one; without it there is nothing to be tried.
    let mut command = program("lines");
    command.env_remove("TERM");
    let line = format!(
        "exec {} --exact the_program --nocapture -q",
        command.get_program().to_str().unwrap()
    );
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env(ROLE, "lines");
    let script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = script else {
        println!("skipped: needs script");
        return;
    };
    let mut to = child.stdin.take().unwrap();
    to.write_all(b"typed\n").unwrap();
    let mut text = String::new();
    let mut from = BufReader::new(child.stdout.take().unwrap());
    while !text.contains("<typed>") {
        assert_ne!(from.read_line(&mut text).unwrap(), 0, "{text}");
    }
    to.write_all(&[4]).unwrap(); // Ctrl-D: the end
    from.read_to_string(&mut text).unwrap();
    assert!(text.contains("others ran: true"), "{text}");
    child.wait().unwrap();
}
