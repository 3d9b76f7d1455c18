//! Many seeds, one after another.

use std::panic::Location;

use super::Config;
use super::config::asked_for;
use crate::random::Random;

/// Runs `f` that many times, each with another seed.
///
/// Each run is one of [`run`](super::run), with a source of numbers from the same seed for what the test draws itself. The seeds
/// are 0, 1, and so on; if `OSIER_SEED` is set, it is the only one. The seed of a run that panics is printed, and
/// no other follows.
///
/// # Panics
/// As [`run`](super::run).
///
/// # Blocking
/// Occupies the OS thread.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
///
/// osier::testing::check(20, |random| {
///     let sum = Rc::new(Cell::new(0));
///     let tasks = (0..5).map(|_| {
///         let (sum, add) = (sum.clone(), random.below(10));
///         osier::spawn(move || {
///             let before = sum.get();
///             // osier::yield_now(); // with it, some order loses an addition, and the check finds it
///             sum.set(before + add);
///             add
///         })
///     });
///     let added: usize = osier::join_all(tasks).into_iter().map(Result::unwrap).sum();
///     assert_eq!(sum.get(), added);
/// });
/// ```
#[track_caller]
pub fn check(cases: u64, mut f: impl FnMut(&mut Random)) {
    let site = Location::caller();
    let asked = asked_for();
    let seeds = match asked {
        Some(seed) => seed..=seed,
        None if cases == 0 => return,
        None => 0..=cases - 1,
    };
    for seed in seeds {
        Config::new().seed(seed).run_at(site, || f(&mut Random::new(!seed)));
    }
}
