//! Processes that are killed at random moments, and counting where that has hit them.
//!
//! `OSIER_KILLS` says how often, `OSIER_SEED` draws the same again.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::time::Duration;

/// Longer than anything takes that does not hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

fn number(name: &str, or: u64) -> u64 {
    std::env::var(name).ok().map_or(or, |text| text.parse().expect("a number"))
}

/// How many kills there are to be: more in `.ci/long`.
pub(crate) fn kills() -> u64 {
    number("OSIER_KILLS", 50)
}

/// Numbers by lot, the same for the same seed.
pub(crate) struct Lot(u64);

impl Lot {
    pub(crate) fn new() -> Lot {
        let now = || std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos() as u64;
        let seed = number("OSIER_SEED", now() % 1_000_000_007);
        println!("OSIER_SEED={seed}");
        Lot::seeded(seed)
    }

    /// One of several that are drawn from one.
    pub(crate) fn seeded(seed: u64) -> Lot {
        Lot(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// Some time, mostly less than a millisecond.
    pub(crate) fn moment(&mut self) -> Duration {
        let most = [100, 500, 3000][self.below(3) as usize];
        Duration::from_micros(self.below(most))
    }
}

/// Where kills have hit, each place with its count.
///
/// There are as many kills as were asked for, and more as long as a place was hit by less than a fifth of that; five times as many at most.
pub(crate) struct Tally {
    places: Vec<(&'static str, u64)>,
    kills: u64,
}

impl Tally {
    pub(crate) fn new(places: &[&'static str]) -> Tally {
        Tally { places: places.iter().map(|place| (*place, 0)).collect(), kills: 0 }
    }

    fn share() -> u64 {
        kills() / 5
    }

    /// Whether there are to be more.
    pub(crate) fn goes_on(&self) -> bool {
        let short = self.places.iter().any(|(_, count)| *count < Tally::share());
        self.kills < kills() || (short && self.kills < 5 * kills())
    }

    pub(crate) fn kills(&self) -> u64 {
        self.kills
    }

    pub(crate) fn killed(&mut self, count: u64) {
        self.kills += count;
    }

    pub(crate) fn hit(&mut self, place: &str, count: u64) {
        let known = self.places.iter_mut().find(|(name, _)| *name == place);
        known.expect("a place that was named").1 += count;
    }

    /// Sees that each place was hit often enough.
    pub(crate) fn finish(self) {
        println!("{} kills, of which hit: {:?}", self.kills, self.places);
        for (place, count) in self.places {
            let share = Tally::share();
            assert!(count >= share, "of {} kills {count} hit {place}, not {share}", self.kills);
        }
    }
}

/// What a process has, to see that it has no more later.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Belongings {
    files: usize,
    /// Children, be they alive or not.
    children: usize,
}

impl Belongings {
    pub(crate) fn now() -> Belongings {
        let pid = std::process::id();
        let children = fs::read_to_string(format!("/proc/self/task/{pid}/children"));
        Belongings {
            files: fs::read_dir("/proc/self/fd").expect("/proc").count(),
            children: children.expect("/proc").split_whitespace().count(),
        }
    }

    /// When what has looked after children so far has ended.
    pub(crate) fn settled() -> Belongings {
        osier::sleep(Duration::from_millis(10));
        Belongings::now()
    }

    /// Sees that there are as many again before long: what has looked after a child ends a little later.
    pub(crate) fn are_the_same(&self, when: &str) {
        let same = (0..5000).any(|_| {
            Belongings::now() == *self || {
                osier::sleep(Duration::from_millis(1));
                false
            }
        });
        assert!(same, "{when}: there were {self:?}, and now {:?}", Belongings::now());
    }
}
