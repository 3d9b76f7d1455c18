//! What is asked of a crowd, and the sum of all.

use std::io;
use std::process::ExitCode;

use super::child::End;
use super::crowd::{Mode, Outcome};
use super::program::{AT_ONCE, LIMIT, Trial, WAIT, label};

/// How many trials went how.
#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Tally {
    pub(super) fn skip(&mut self, name: &str, needs: &str) {
        self.skipped += 1;
        println!("test {name} ... skipped: needs {needs}");
    }

    pub(super) fn fail(&mut self, name: &str, why: &str) {
        self.failed += 1;
        println!("test {name} ... FAILED\n{why}");
    }

    /// Judges what has become of a trial's process.
    pub(super) fn judge(&mut self, trial: &Trial, mode: Mode, end: io::Result<End>) {
        let name = label(trial, mode);
        match end.map_err(|error| error.to_string()).and_then(|end| verdict(trial, mode, &end)) {
            Ok(text) => {
                self.passed += 1;
                println!("test {name} ... ok: {text}");
            }
            Err(why) => self.fail(&name, &why),
        }
    }

    /// Prints how many went how; what is skipped is for whoever calls to judge.
    pub(super) fn sum_up(&self) -> ExitCode {
        let Tally { passed, failed, skipped } = self;
        println!("test result: {passed} passed; {failed} failed; {skipped} skipped");
        if *failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// What is to be said for it, or against it.
fn verdict(trial: &Trial, mode: Mode, end: &End) -> Result<String, String> {
    let said = || format!("{}\n{}{}", end.how, end.out, end.err);
    let outcome = Outcome::of_text(&end.out).filter(|_| end.well).ok_or_else(said)?;
    let Outcome { asked, failed, took, first } = &outcome;
    let did = if mode == Mode::Killed { "killed" } else { "at once" };
    let threads = end.threads;
    let text = format!("{AT_ONCE} {did} in {took:.2?}, one waits {WAIT:?}, {threads} threads");
    if *failed > 0 || (mode != Mode::Killed && *asked != AT_ONCE) {
        return Err(format!("{failed} of {asked} have failed: {first}\n{}", end.err));
    }
    // Less than a wait, and nobody has waited: the server is not what it should be.
    if *took < WAIT || *took > LIMIT {
        return Err(format!("it should take from {WAIT:?} to {LIMIT:?}: {text}"));
    }
    if mode != Mode::Threads && threads > trial.threads {
        return Err(format!("no more than {} threads should be there: {text}", trial.threads));
    }
    Ok(text)
}
