//! The many that ask: what the process of its own does.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::program::{AT_ONCE, WAIT};
use crate::clients::{Answer, Ask};

/// Says: be that crowd.
const ONE: &str = "--one";

/// What the many are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Plain OS threads.
    Threads,
    /// Tasks of one thread.
    Tasks,
    /// The same, and they are killed while they wait.
    Killed,
}

impl Mode {
    /// Each, in the order in which a trial goes through them.
    pub const ALL: [Mode; 3] = [Mode::Threads, Mode::Tasks, Mode::Killed];

    /// As it stands in what is printed, and in an argument.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Threads => "threads",
            Mode::Tasks => "tasks",
            Mode::Killed => "killed",
        }
    }
}

/// Whom they ask, and how.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    ask: Ask,
    server: SocketAddr,
}

/// Asks for all of a crowd, and gives what has become of each.
pub type Way = fn(Crowd) -> Vec<Answer>;

/// What a crowd does that is made of tasks: a program's own part.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    /// Asks by [`AT_ONCE`] tasks.
    pub tasks: Way,
    /// Does so, kills them while they wait, and tells for each whether it has ended as it should.
    pub killed: Way,
}

impl Crowd {
    /// Asks, as the n-th.
    pub fn ask(&self, n: usize) -> Answer {
        (self.ask)(self.server, WAIT, n)
    }

    fn on_threads(self) -> Vec<Answer> {
        let threads = (0..AT_ONCE).map(|n| thread::spawn(move || self.ask(n)));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("nobody panics")).collect()
    }
}

/// The arguments with which a program becomes a crowd.
pub(super) fn arguments(name: &str, mode: Mode, server: SocketAddr) -> [String; 4] {
    [ONE.to_owned(), name.to_owned(), mode.name().to_owned(), server.to_string()]
}

/// The name of the trial whose crowd a program with these arguments is.
pub(super) fn named(arguments: &[String]) -> Option<&str> {
    arguments.first().filter(|first| *first == ONE).and(arguments.get(1)).map(String::as_str)
}

/// Is the crowd that the arguments say, and prints what came of it.
pub(super) fn be(arguments: &[String], ask: Ask, ways: &Ways) {
    let server = arguments[3].parse().expect("an address");
    let crowd = Crowd { ask, server };
    let began = Instant::now();
    let mode = Mode::ALL.into_iter().find(|mode| mode.name() == arguments[2]);
    let answers = match mode.expect("a mode of that name") {
        Mode::Threads => crowd.on_threads(),
        Mode::Tasks => (ways.tasks)(crowd),
        Mode::Killed => (ways.killed)(crowd),
    };
    let outcome = Outcome::of(&answers, began.elapsed());
    println!("{}", outcome.line());
}

/// What came of a crowd.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// How many things were looked at.
    pub asked: usize,
    /// How many of them are not as they should be.
    pub failed: usize,
    /// How long it took all of them.
    pub took: Duration,
    /// What the first that failed says.
    pub first: String,
}

impl Outcome {
    fn of(answers: &[Answer], took: Duration) -> Outcome {
        let mut failed = answers.iter().filter_map(|answer| answer.as_ref().err());
        let count = failed.clone().count();
        let first = failed.next().map_or(String::new(), ToString::to_string);
        Outcome { asked: answers.len(), failed: count, took, first: first.replace('\n', " ") }
    }

    fn line(&self) -> String {
        let millis = self.took.as_millis();
        format!("outcome: {} {} {millis} {}", self.asked, self.failed, self.first)
    }

    /// Reads it from what a crowd's process has printed.
    pub fn of_text(text: &str) -> Option<Outcome> {
        let line = text.lines().find_map(|line| line.strip_prefix("outcome: "))?;
        let mut words = line.splitn(4, ' ');
        let mut number = || words.next()?.parse().ok();
        let (asked, failed, millis) = (number()?, number()?, number()?);
        let took = Duration::from_millis(millis as u64);
        Some(Outcome { asked, failed, took, first: words.next().unwrap_or_default().to_owned() })
    }
}
