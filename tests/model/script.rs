//! What is drawn by lot: who does what, who is killed, and the seed of the order.

use std::fmt::Debug;
use std::time::Duration;

use proptest::prelude::*;

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

fn step<O: Clone + Debug>(
    op: impl Strategy<Value = O> + 'static,
) -> impl Strategy<Value = Step<O>> {
    prop_oneof![
        7 => op.prop_map(Step::Do),
        1 => (1..5_usize).prop_map(Step::Kill),
        2 => Just(Step::Yield),
        1 => (0..5_u32).prop_map(Step::Sleep),
    ]
}

/// Three to five tasks, at least 60 steps in all.
pub(crate) fn script<O: Clone + Debug + 'static>(
    op: impl Strategy<Value = O> + 'static,
) -> impl Strategy<Value = Script<O>> {
    let list = prop::collection::vec(step(op), 20..35);
    let lists = prop::collection::vec(list, 3..=5);
    (any::<u64>(), lists).prop_map(|(seed, lists)| Script { seed, lists })
}

/// As many cases as PROPTEST_CASES says; few if it says nothing.
pub(crate) fn cases() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let cases = std::env::var_os("PROPTEST_CASES").map_or(50, |_| asked.cases);
    ProptestConfig { cases, failure_persistence: None, ..asked }
}
