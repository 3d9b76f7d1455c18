//! `stamp [FILE...]`: the line that says where and when, then the rows of the files.
//!
//! Figures without their machine are worth nothing, so `table` takes no file that lacks this line.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::row::{Line, parse};

/// Prints the stamp and then every line of the files, which must hold rows alone.
pub(crate) fn stamp(files: &[String]) -> Result<String, String> {
    let mut out = here()? + "\n";
    for file in files {
        let text = fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
        for (i, line) in text.lines().enumerate() {
            match parse(line).map_err(|why| format!("{file}:{}: {why}", i + 1))? {
                Line::Stamp(_) => return Err(format!("{file} is stamped already")),
                Line::Row(_) | Line::Derived => out += &format!("{line}\n"),
            }
        }
    }
    Ok(out)
}

/// Commit, kernel, processor, its load, and date, asked of git, the kernel and `date`.
fn here() -> Result<String, String> {
    let uname = rustix::system::uname();
    let changed = !said("git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    Ok(json!({ "stamp": {
        "commit": said("git", &["rev-parse", "--short=12", "HEAD"])?,
        "tree": if changed { "changed since" } else { "clean" },
        "date": said("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"])?,
        "kernel": format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy()),
        "cpu": cpu(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        "cores": cores.to_string(),
        "load": load(&fs::read_to_string("/proc/loadavg").unwrap_or_default()),
        "rustc": said("rustc", &["--version"])?,
    }})
    .to_string())
}

fn cpu(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, model)| model).to_owned()
}

/// How many wanted a processor in the last minute, at the time of the stamp: far more than there are cores, and wall times
/// say little, least of all where two threads are measured.
fn load(loadavg: &str) -> String {
    loadavg.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn said(program: &str, words: &[&str]) -> Result<String, String> {
    let done = Command::new(program).args(words).output().map_err(|e| format!("{program}: {e}"))?;
    if !done.status.success() {
        return Err(format!("{program} {}: {}", words.join(" "), done.status));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_reads_back() {
        let Line::Stamp(pairs) = parse(&here().unwrap()).unwrap() else { panic!("no stamp") };
        let names: Vec<&str> = pairs.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["commit", "cores", "cpu", "date", "kernel", "load", "rustc", "tree"]);
        assert!(pairs.iter().all(|(_, value)| !value.is_empty()));
    }

    #[test]
    fn the_processor_is_named_once() {
        assert_eq!(cpu("processor\t: 0\nmodel name\t: A: B\nmodel name\t: C\n"), "A: B");
        assert_eq!(cpu(""), "unknown");
    }

    #[test]
    fn the_load_is_that_of_the_last_minute() {
        assert_eq!(load("13.45 11.78 9.60 4/512 1\n"), "13.45");
        assert_eq!(load(""), "unknown");
    }

    #[test]
    fn a_program_that_fails_is_an_error() {
        assert!(said("git", &["no-such-command"]).unwrap_err().contains("no-such-command"));
    }
}
