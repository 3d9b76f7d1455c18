//! What is drawn by lot: who does what, who is killed, and the seed of the order.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// What times are multiples of, where it matters only that they can be equal.
pub(crate) const UNIT: Duration = Duration::from_micros(10);

/// How long an operation may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    None,
    /// By the form of the call that takes a deadline.
    Form(u32),
    /// By a `timeout` around it.
    Scope(u32),
}

impl Limit {
    pub(crate) fn length(self) -> Option<Duration> {
        match self {
            Limit::None => None,
            Limit::Form(units) | Limit::Scope(units) => Some(UNIT * units),
        }
    }
}

pub(crate) fn limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        4 => Just(Limit::None),
        2 => (0..6_u32).prop_map(Limit::Form),
        2 => (0..6_u32).prop_map(Limit::Scope),
    ]
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<O> {
    Do(O),
    /// Another task: so many behind the one that does it.
    Kill(usize),
    Yield,
    Sleep(u32),
}

#[derive(Clone, Debug)]
pub(crate) struct Script<O> {
    pub(crate) seed: u64,
    pub(crate) lists: Vec<Vec<Step<O>>>,
}

/// What else a task does before an operation, now and then.
fn between<O: Clone + Debug + 'static>() -> impl Strategy<Value = Option<Step<O>>> {
    let step = prop_oneof![
        1 => (1..5_usize).prop_map(Step::Kill),
        2 => Just(Step::Yield),
        1 => (0..5_u32).prop_map(Step::Sleep),
    ];
    prop::option::weighted(0.36, step)
}

/// Three to five tasks, at least 50 operations in all.
///
/// Shrinking strikes out operations wherever they stand: a list of fewer would not be drawn, but tells more.
pub(crate) fn script<O: Clone + Debug + 'static>(
    op: impl Strategy<Value = O> + 'static,
) -> impl Strategy<Value = Script<O>> {
    let is_done = prop::bool::weighted(1.0); // until a shrink makes it false
    let steps = (between(), is_done, op).prop_map(|(before, is_done, op)| {
        before.into_iter().chain(is_done.then_some(Step::Do(op)))
    });
    let list = prop::collection::vec(steps, 17..25)
        .prop_map(|steps| steps.into_iter().flatten().collect::<Vec<_>>());
    let lists = prop::collection::vec(list, 3..=5);
    (any::<u64>(), lists).prop_map(|(seed, lists)| Script { seed, lists })
}

/// As many cases as PROPTEST_CASES says, few if it says nothing; drawn by [`seed`].
pub(crate) fn cases() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let cases = std::env::var_os("PROPTEST_CASES").map_or(50, |_| asked.cases);
    let rng_seed = RngSeed::Fixed(seed());
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..asked }
}

/// The seed that all scripts are drawn by, and so the order in which their tasks run: OSIER_SEED, or one of its own.
pub(crate) fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| match std::env::var("OSIER_SEED") {
        Ok(seed) if !seed.is_empty() => seed.parse().expect("OSIER_SEED is a number"),
        _ => RandomState::new().build_hasher().finish(),
    })
}
