//! The `crawler` program under test: started, watched, and ended with the test.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A test that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that runs.
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `crawler` to its end.
pub(crate) fn crawler(args: &[&str]) -> Ended {
    start(args).wait()
}

/// Starts `crawler`.
pub(crate) fn start(args: &[&str]) -> Running {
    Running::new(Command::new(env!("CARGO_BIN_EXE_crawler")).args(args))
}

/// Starts `crawler` with room for so many file descriptors.
pub(crate) fn start_with_descriptors(limit: u32, args: &[&str]) -> Running {
    let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
    let program = env!("CARGO_BIN_EXE_crawler");
    Running::new(Command::new("sh").args(["-c", &script, program]).args(args))
}

impl Running {
    fn new(command: &mut Command) -> Running {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = Some(read_all(child.stdout.take().unwrap()));
        let stderr = Some(read_all(child.stderr.take().unwrap()));
        Running { child, stdout, stderr }
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How many OS threads it has now; none when it has ended.
    pub(crate) fn os_threads(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.child.id())).map_or(0, Iterator::count)
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end; one that does not come fails the test.
    pub(crate) fn wait(mut self) -> Ended {
        let began = Instant::now();
        while !self.has_ended() {
            assert!(began.elapsed() < PATIENCE, "it hangs");
            thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().unwrap();
        let stdout = self.stdout.take().unwrap().join().unwrap();
        let stderr = self.stderr.take().unwrap().join().unwrap();
        Ended { status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_all(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

impl Ended {
    /// Its exit code.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("ended by a signal: {self:?}"))
    }

    /// Its standard output, which is one JSON object and nothing else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// `crawler --serve`, in a process of its own.
pub(crate) struct Served {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    pub(crate) url: String,
}

/// What a served site has counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) requests: usize,
    pub(crate) most_connections: usize,
}

impl Served {
    /// Starts it on a free port.
    pub(crate) fn start(args: &[&str]) -> Served {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crawler"))
            .args(["--serve", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.split_whitespace().last().expect("it says where it serves").to_owned();
        Served { child, stdout, url }
    }

    /// Ends it as Ctrl-C does, and reads what it has counted.
    pub(crate) fn stop(mut self) -> Counted {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let text = text.replace(',', "");
        let numbers: Vec<_> = text.split_whitespace().filter_map(|w| w.parse().ok()).collect();
        let &[requests, most_connections] = &numbers[..] else { panic!("{text}") };
        Counted { requests, most_connections }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path for a file that this test alone writes.
pub(crate) fn fresh_path(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = format!("{}-{number}-{name}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(path)
}

/// The lines of an output file, each of which is one JSON object.
pub(crate) fn read_records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is cut off");
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}
