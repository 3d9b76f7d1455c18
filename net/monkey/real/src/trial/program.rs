//! A program of trials: which there are, and which of them the arguments ask for.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use super::crowd::{self, Mode, Ways};
use super::judge::Tally;
use super::run;
use crate::clients::Ask;
use crate::servers::{Serve, Trouble};

/// How many ask at once.
pub const AT_ONCE: usize = 200;

/// How long a server takes for an answer.
pub const WAIT: Duration = Duration::from_millis(500);

/// What all of them together may take: far less than one after the other, which is 100 seconds.
pub const LIMIT: Duration = WAIT.saturating_mul(10);

/// How many OS threads their process may have.
pub const THREADS: usize = 4;

/// One crate and one server.
#[derive(Debug)]
pub struct Trial {
    /// What it is called.
    pub name: &'static str,
    /// What starts the server.
    pub serve: Serve,
    /// What asks it.
    pub ask: Ask,
    /// How many OS threads the process may have that asks on tasks.
    pub threads: usize,
    /// In which ways it is run.
    pub modes: &'static [Mode],
}

impl Trial {
    /// A trial on as few threads as any.
    pub const fn new(name: &'static str, serve: Serve, ask: Ask) -> Trial {
        Trial { name, serve, ask, threads: THREADS, modes: &Mode::ALL }
    }

    /// The same, and nobody is killed.
    pub const fn unkilled(self) -> Trial {
        Trial { modes: &[Mode::Threads, Mode::Tasks], ..self }
    }

    /// The same, on so many.
    pub const fn threads(self, threads: usize) -> Trial {
        Trial { threads, ..self }
    }
}

/// Runs the trials that the arguments ask for; `ways` is what a crowd of tasks does.
pub fn main(trials: &[Trial], ways: &Ways) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(name) = crowd::named(&arguments) {
        let trial = trials.iter().find(|trial| trial.name == name).expect("a trial of that name");
        crowd::be(&arguments, trial.ask, ways);
        return ExitCode::SUCCESS;
    }
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let is_wanted = |trial: &Trial, mode: &Mode| {
        wanted.is_none_or(|text| label(trial, *mode).contains(text.as_str()))
    };
    let chosen = trials.iter().map(|trial| {
        let modes = trial.modes.iter().copied();
        (trial, modes.filter(|mode| is_wanted(trial, mode)).collect::<Vec<_>>())
    });
    let chosen = chosen.filter(|(_, modes)| !modes.is_empty());
    if arguments.iter().any(|argument| argument == "--list") {
        let labels =
            chosen.flat_map(|(trial, modes)| modes.into_iter().map(|mode| label(trial, mode)));
        labels.for_each(|label| println!("{label}: test"));
        return ExitCode::SUCCESS;
    }
    let mut tally = Tally::default();
    chosen.for_each(|(trial, modes)| one(trial, &modes, &mut tally));
    tally.sum_up()
}

/// What a trial is called, run in that way.
pub(super) fn label(trial: &Trial, mode: Mode) -> String {
    format!("{} ({})", trial.name, mode.name())
}

/// Runs one trial, in each of these ways with the same server.
fn one(trial: &Trial, modes: &[Mode], tally: &mut Tally) {
    let server = match (trial.serve)(WAIT) {
        Ok(server) => server,
        Err(Trouble::Needs(what)) => return tally.skip(trial.name, what),
        Err(Trouble::Failed(error)) => return tally.fail(trial.name, &error.to_string()),
    };
    for &mode in modes {
        tally.judge(trial, mode, run(&crowd::arguments(trial.name, mode, server.addr)));
    }
}
