//! Measures osier: `osier-bench LABEL WORK key=value...` prints one line of JSON.
//!
//! The works and their keys are those of the programs that the peers are measured with, and so is
//! the way of measuring; README.md beside this has the list. `compare`, `stamp` and `table` make
//! something of such lines.

use std::process::ExitCode;

mod args;
#[allow(unsafe_code)]
mod bare;
mod gate;
mod load;
mod measure;
mod random;
mod report;
mod results;
mod work;

use args::Args;
use work::{WORKS, Work};

const USAGE: &str = "\
usage: osier-bench LABEL WORK key=value...   run a work; LABEL comes back as its peer
       osier-bench load echo key=value...    ask an echo server
       osier-bench compare LABEL=PROGRAM... [rounds=N] [only=CASE]
       osier-bench stamp [FILE...]           the rows of the files under a line that says where
       osier-bench table [out=PATH] FILE...  stamped files to RESULTS.md
";

/// What went wrong, and with it the exit code.
enum Failure {
    /// The words make no sense: 2.
    Usage(String),
    /// The run failed: 1.
    Run(String),
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (why, code) = match answer(&words) {
        Ok(text) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Failure::Usage(why)) => (why, 2),
        Err(Failure::Run(why)) => (why, 1),
    };
    eprintln!("osier-bench: {why}");
    ExitCode::from(code)
}

fn answer(words: &[String]) -> Result<String, Failure> {
    let [first, rest @ ..] = words else { return Err(Failure::Usage(USAGE.to_owned())) };
    match first.as_str() {
        bare::NOTHING => Ok(String::new()),
        "compare" => results::compare(rest).map_err(Failure::Run),
        "stamp" => results::stamp(rest).map_err(Failure::Run),
        "table" => results::table(rest).map_err(Failure::Run),
        "load" => run(first, load::WORKS, rest),
        label => run(label, WORKS, rest),
    }
}

fn run(label: &str, works: &[Work], words: &[String]) -> Result<String, Failure> {
    let [name, rest @ ..] = words else { return Err(Failure::Usage(USAGE.to_owned())) };
    let work = works.iter().find(|work| work.name == name);
    let work = work.ok_or_else(|| Failure::Usage(unknown(name, works)))?;
    let args = Args::parse(label, name, work.keys, rest).map_err(Failure::Usage)?;
    lift_fd_limit();
    let report = (work.run)(&args).map_err(Failure::Run)?;
    Ok(report.line(&args) + "\n")
}

fn unknown(name: &str, works: &[Work]) -> String {
    let names: Vec<&str> = works.iter().map(|work| work.name).collect();
    format!("no work `{name}`; there are: {}", names.join(" "))
}

/// As many descriptors as the system lets this process have.
fn lift_fd_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, the works that need more say so themselves.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        match answer(&words) {
            Err(Failure::Usage(why)) => why,
            _ => panic!("{words:?} was taken"),
        }
    }

    #[test]
    fn wrong_words_are_refused_before_anything_runs() {
        assert!(refused(&[]).starts_with("usage:"));
        assert!(refused(&["ours"]).starts_with("usage:"));
        assert!(refused(&["ours", "dance"]).starts_with("no work `dance`; there are: yield"));
        assert!(refused(&["ours", "yield", "task=2"]).contains("yield has no key `task`"));
        assert!(refused(&["load", "yield"]).starts_with("no work `yield`; there are: echo"));
    }
}
