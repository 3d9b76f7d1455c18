//! Queues and selects of many tasks against a simple model.

mod model;
mod play;

use proptest::prelude::*;

use model::{Order, Step};
use play::{Game, play};

fn item() -> impl Strategy<Value = u8> {
    0..4u8
}

/// A step for one queue of any kind.
fn queue_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => item().prop_map(|n| Step::Put(0, n)),
        5 => Just(Step::Get(0)),
        3 => item().prop_map(|n| Step::TryPut(0, n)),
        3 => Just(Step::TryGet(0)),
        2 => Just(Step::Peek(0)),
        2 => any::<prop::sample::Index>().prop_map(Step::Kill),
        1 => Just(Step::TaskDone(0)),
        1 => Just(Step::Join(0)),
        1 => (1..4usize).prop_map(|size| Step::Resize(0, size)),
        6 => Just(Step::Settle),
    ]
}

/// A step for three queues.
fn select_step() -> impl Strategy<Value = Step> {
    let branch = (0..3usize, prop::option::of(item()));
    prop_oneof![
        8 => prop::collection::vec(branch, 1..5).prop_map(Step::Select),
        2 => (0..3usize, item()).prop_map(|(at, n)| Step::Put(at, n)),
        2 => (0..3usize).prop_map(Step::Get),
        2 => (0..3usize, item()).prop_map(|(at, n)| Step::TryPut(at, n)),
        2 => (0..3usize).prop_map(Step::TryGet),
        2 => any::<prop::sample::Index>().prop_map(Step::Kill),
        6 => Just(Step::Settle),
    ]
}

/// How it ends: not at all, or by a shutdown of either kind after so many steps.
fn ending() -> impl Strategy<Value = Option<(usize, bool)>> {
    prop::option::of((20..80usize, any::<bool>()))
}

fn with_ending(mut steps: Vec<Step>, ending: Option<(usize, bool)>) -> Vec<Step> {
    if let Some((at, now)) = ending {
        let step = if now { Step::ShutDownNow(0) } else { Step::ShutDown(0) };
        steps.insert(at.min(steps.len()), step);
    }
    steps
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_queue_of_any_kind_does_what_the_model_does(
        order in prop_oneof![
            Just(Order::Fifo), Just(Order::Lifo), Just(Order::Smallest), Just(Order::Counted),
            Just(Order::Direct),
        ],
        size in prop::option::of(1..4usize),
        steps in prop::collection::vec(queue_step(), 50..120),
        ending in ending(),
    ) {
        let size = if order == Order::Direct { Some(0) } else { size };
        play(Game::one(order, size), with_ending(steps, ending))?;
    }

    #[test]
    fn selects_over_queues_do_what_the_model_does(
        seed: u64,
        steps in prop::collection::vec(select_step(), 50..120),
        ending in ending(),
    ) {
        super::set_seed(seed);
        play(Game::three(), with_ending(steps, ending))?;
    }
}
