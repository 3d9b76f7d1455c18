//! How a run under test is to go, and the run.

use std::io;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::time::Duration;

use crate::clock;
use crate::random::Random;
use crate::run::Hub;
use crate::settings;

/// How long the world outside may take for an answer if nothing else is said.
const PATIENCE: Duration = Duration::from_millis(50);

/// Says how a run under test is to go.
///
/// ```
/// use osier::testing::Config;
///
/// let order = |seed| {
///     Config::new().seed(seed).run(|| {
///         let tasks = (0..10).map(|n| osier::spawn(move || n));
///         let tasks: Vec<_> = tasks.collect();
///         osier::idle();
///         tasks.into_iter().map(|task| task.join().unwrap()).collect::<Vec<_>>()
///     })
/// };
/// assert_eq!(order(1), order(1));
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it runs something"]
pub struct Config {
    seed: Option<u64>,
    shuffled: bool,
    virtual_clock: bool,
    patience: Duration,
}

impl Config {
    /// Virtual time, and an order drawn from `OSIER_SEED` or from a seed of its own.
    pub fn new() -> Config {
        Config { seed: None, shuffled: true, virtual_clock: true, patience: PATIENCE }
    }

    /// Sets the seed, whatever `OSIER_SEED` says.
    pub fn seed(mut self, seed: u64) -> Config {
        self.seed = Some(seed);
        self
    }

    /// Whether the order in which tasks run is drawn by lot; if not, it is that of [`osier::run`](crate::run).
    pub fn shuffled(mut self, shuffled: bool) -> Config {
        self.shuffled = shuffled;
        self
    }

    /// Whether time is virtual; if not, it is the system's.
    pub fn virtual_clock(mut self, on: bool) -> Config {
        self.virtual_clock = on;
        self
    }

    /// Sets how long the world outside may take, by the system's clock, before time jumps; 50 ms otherwise.
    ///
    /// See [the module](super#the-world-outside).
    pub fn patience(mut self, patience: Duration) -> Config {
        self.patience = patience;
        self
    }

    /// Runs `f` as the main task of a new hub, as [`osier::run`](crate::run) does.
    ///
    /// If that panics, the seed is printed on stderr.
    ///
    /// # Panics
    /// As [`osier::run`](crate::run), and when `OSIER_SEED` is no number.
    ///
    /// # Blocking
    /// Occupies the OS thread.
    #[track_caller]
    pub fn run<F, T>(&self, f: F) -> T
    where
        F: FnOnce() -> T,
    {
        self.run_at(Location::caller(), f)
    }

    pub(super) fn run_at<F, T>(&self, site: &'static Location<'static>, f: F) -> T
    where
        F: FnOnce() -> T,
    {
        let chosen = self.seed.or_else(asked_for).unwrap_or_else(Random::fresh_seed);
        let seed = self.shuffled.then_some(chosen);
        let body = || {
            let hub = Hub::new().unwrap_or_else(|error| panic!("cannot make a hub: {error}"));
            hub.try_out(seed, self.patience);
            hub.run_at(site, f)
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            if self.virtual_clock { clock::with_virtual(body) } else { body() }
        }));
        outcome.unwrap_or_else(|payload| {
            if let Some(seed) = seed {
                eprintln!("osier: this run repeats with OSIER_SEED={seed}");
            }
            panic::resume_unwind(payload)
        })
    }
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

/// The seed that the environment asks for.
pub(super) fn asked_for() -> Option<u64> {
    settings::check().unwrap_or_else(|error: io::Error| panic!("{error}"));
    settings::settings().seed
}

/// Runs `f` as the main task of a new hub, in virtual time and an order drawn by lot.
///
/// As [`Config::run`] with [`Config::new`].
///
/// # Panics
/// As [`osier::run`](crate::run), and when `OSIER_SEED` is no number.
///
/// # Blocking
/// Occupies the OS thread.
///
/// ```
/// let day = std::time::Duration::from_secs(86_400);
/// osier::testing::run(|| osier::sleep(day)); // takes no time
/// ```
#[track_caller]
pub fn run<F, T>(f: F) -> T
where
    F: FnOnce() -> T,
{
    Config::new().run_at(Location::caller(), f)
}
