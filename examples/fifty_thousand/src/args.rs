//! The command line.

use std::time::Duration;

/// What `--help` prints.
pub const HELP: &str = "\
Fetches from a local server that answers after 2 s, with processes x OS threads x
green threads, all at once.

Usage: fifty_thousand [OPTIONS]

Options:
  --processes N   processes that fetch [5]
  --threads N     OS threads in each, with a hub each [20, and once more 1]
  --tasks N       green threads in each of these [500, and once more 10000]
  --workers N     processes that serve [4]
  --addresses N   loopback addresses that they listen at [8]
  --delay-ms N    how long an answer takes [2000]
  --json          print one JSON object, of the first form alone
";

/// So many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Processes that fetch.
    pub processes: usize,
    /// OS threads in each of them.
    pub threads: usize,
    /// Green threads in each of those.
    pub tasks: usize,
}

impl Form {
    /// All green threads together.
    pub fn fetches(self) -> usize {
        self.processes * self.threads * self.tasks
    }
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What is done, one after the other; none if help was asked for.
    pub forms: Vec<Form>,
    /// Processes that serve.
    pub workers: usize,
    /// Loopback addresses that they listen at.
    pub addresses: usize,
    /// How long an answer takes.
    pub delay: Duration,
    /// Whether the outcome is one JSON object.
    pub json: bool,
}

/// Reads the arguments, the program's name left out.
///
/// # Errors
///
/// A sentence that says what is wrong with them.
///
/// ```
/// use fifty_thousand::args::parse;
///
/// let options = parse(["--json"].map(String::from)).unwrap();
/// assert!(options.forms.iter().all(|form| form.fetches() == 50_000));
/// assert!(parse(["--taks", "3"].map(String::from)).is_err());
/// ```
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Options, String> {
    let (mut processes, mut threads, mut tasks) = (5, None, None);
    let (mut workers, mut addresses, mut delay, mut json) = (4, 8, 2000, false);
    let mut args = args.into_iter();
    let mut help = false;
    while let Some(arg) = args.next() {
        let mut number = || number(&arg, args.next());
        match arg.as_str() {
            "--processes" => processes = number()?,
            "--threads" => threads = Some(number()?),
            "--tasks" => tasks = Some(number()?),
            "--workers" => workers = number()?,
            "--addresses" => addresses = number()?.min(250),
            "--delay-ms" => delay = number()?,
            "--json" => json = true,
            "--help" | "-h" => help = true,
            _ => return Err(format!("{arg}: no such option; try --help")),
        }
    }
    let form = |threads, tasks| Form { processes, threads, tasks };
    let forms = match (threads, tasks) {
        _ if help => Vec::new(),
        (None, None) if json => vec![form(20, 500)],
        (None, None) => vec![form(20, 500), form(1, 10_000)],
        (threads, tasks) => vec![form(threads.unwrap_or(1), tasks.unwrap_or(500))],
    };
    let delay = Duration::from_millis(delay as u64);
    Ok(Options { forms, workers, addresses, delay, json })
}

fn number(option: &str, value: Option<String>) -> Result<usize, String> {
    let value = value.and_then(|text| text.parse().ok()).filter(|n| *n > 0);
    value.ok_or_else(|| format!("{option} takes a whole number from 1 up"))
}
