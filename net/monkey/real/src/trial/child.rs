//! A process of our own program: watched for its threads, and killed when it hangs.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs, process};

/// Longer than any of them takes.
const PATIENCE: Duration = Duration::from_secs(40);

/// How a process has ended.
#[derive(Debug)]
pub struct End {
    /// Whether it did so by itself, and well.
    pub well: bool,
    /// How, in words.
    pub how: String,
    /// How many OS threads it had at most, as often as we looked.
    pub threads: usize,
    /// What it has printed.
    pub out: String,
    /// What it has complained of.
    pub err: String,
}

/// Runs this program anew with these arguments, and waits for its end.
pub fn run(arguments: &[String]) -> io::Result<End> {
    let mut command = Command::new(env::current_exe()?);
    command.args(arguments).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let out = read(child.stdout.take().expect("it is piped"));
    let err = read(child.stderr.take().expect("it is piped"));
    let status = format!("/proc/{}/status", child.id());
    let (began, mut threads) = (Instant::now(), 0);
    let how = loop {
        if let Some(end) = child.try_wait()? {
            break Ok(end);
        }
        threads = threads.max(threads_in(&status));
        if began.elapsed() > PATIENCE {
            let stuck = format!("it hangs; the kernel has it at: {}", calls(&child));
            child.kill()?;
            child.wait()?;
            break Err(stuck);
        }
        thread::sleep(Duration::from_millis(1));
    };
    let well = how.as_ref().is_ok_and(process::ExitStatus::success);
    let how = how.map_or_else(|stuck| stuck, |end| end.to_string());
    let text = |thread: thread::JoinHandle<String>| thread.join().unwrap_or_default();
    Ok(End { well, how, threads, out: text(out), err: text(err) })
}

fn read(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn threads_in(status: &str) -> usize {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Threads:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

/// The system call that each of its threads is in: its number, and its arguments.
fn calls(child: &process::Child) -> String {
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).into_iter().flatten();
    let calls = threads.flatten().map(|thread| {
        let call = fs::read_to_string(thread.path().join("syscall")).unwrap_or_default();
        call.trim().to_owned()
    });
    calls.collect::<Vec<_>>().join("; ")
}
