//! Other OS threads: where calls go that cannot be green.

mod pool;

#[cfg(test)]
mod test;

pub(crate) use pool::{Job, Pool, SpawnError, Stats};
