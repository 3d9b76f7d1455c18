//! How far a crawl is: a bar on a terminal, a line now and then elsewhere.
//!
//! All goes to standard error, drawn by the task that crawls: there is no thread that ticks.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use osier::clock;

/// How often a line is written.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// How often the bar is drawn.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// Where a crawl stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Pages done.
    pub done: usize,
    /// Pages being fetched.
    pub in_flight: usize,
    /// Pages known and not begun.
    pub waiting: usize,
    /// Pages that could not be had.
    pub errors: usize,
}

/// Shows where a crawl stands.
#[derive(Debug)]
pub struct Progress {
    /// The bar; `None` where there is no terminal to draw it on.
    bar: Option<ProgressBar>,
    /// When the crawl began.
    began: Instant,
    /// How often to show it.
    every: Duration,
    /// When to show it next.
    next: Instant,
}

impl Progress {
    /// Begins, with a bar if standard error is a terminal.
    pub fn new() -> Self {
        let began = clock::now();
        let bar = io::stderr().is_terminal().then(bar);
        let every = if bar.is_some() { BAR_EVERY } else { LINE_EVERY };
        Progress { bar, began, every, next: began + every }
    }

    /// When to call [`show`](Self::show), even if nothing happens until then.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Shows where the crawl stands, unless it was shown a moment ago.
    pub fn show(&mut self, standing: Standing) {
        let now = clock::now();
        if now < self.next {
            return;
        }
        self.next = now + self.every;
        let Standing { done, in_flight, waiting, errors } = standing;
        if let Some(bar) = &self.bar {
            bar.set_length((done + in_flight + waiting) as u64);
            bar.set_message(format!("{in_flight} in flight, {errors} errors"));
            bar.set_position(done as u64);
        } else {
            let seconds = (now - self.began).as_secs();
            print(&format!(
                "{seconds:3} s: {done} pages done, {in_flight} in flight, {waiting} waiting, \
                 {errors} errors\n"
            ));
        }
    }

    /// Says something, above the bar if there is one.
    pub fn say(&self, text: &str) {
        let text = format!("{text}\n");
        match &self.bar {
            Some(bar) => bar.suspend(|| print(&text)),
            None => print(&text),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes to standard error; `eprint` would panic where nobody reads it.
pub fn print(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} pages, {msg} [{elapsed}]");
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.with_style(style.expect("the template is a fixed text"))
}
