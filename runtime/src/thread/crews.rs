//! Every thread of ours that can be sent home, so that a fork finds none.
//!
//! A fork copies the thread that calls it and no other, so the others must not be in the middle of anything. Pools
//! and executors enter here with their first thread; all of them start threads anew when there is work again. What has a
//! thread for as long as it lives (a watch, dumps on a signal) is not here: it is in the way of a fork, and is named.

use std::sync::{PoisonError, Weak};
use std::time::Duration;

use super::Pool;

use crate::stay::{Mutex, MutexGuard};

/// What has threads that leave when they are told.
pub(super) trait Retire: Send + Sync {
    /// Ends all threads without a job, and gives the others that long to come free.
    fn retire(&self, patience: Duration);
}

/// Somebody with threads.
#[derive(Clone)]
pub(super) enum Crew {
    Pool(&'static Pool),
    Executor(Weak<dyn Retire>),
}

static CREWS: Mutex<Vec<Crew>> = Mutex::new(Vec::new());

fn crews() -> MutexGuard<'static, Vec<Crew>> {
    CREWS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Enters one that is about to start its first thread; twice does no harm.
pub(super) fn enter(crew: Crew) {
    let mut crews = crews();
    crews.retain(|known| match (known, &crew) {
        (Crew::Pool(known), Crew::Pool(new)) => !std::ptr::eq(*known, *new),
        (Crew::Executor(known), Crew::Executor(new)) => {
            known.strong_count() > 0 && !Weak::ptr_eq(known, new)
        }
        _ => true,
    });
    crews.push(crew);
}

/// Sends all threads home that have nothing to do; those at work are given that long.
pub(crate) fn retire_all(patience: Duration) {
    let known = crews().clone();
    for crew in known {
        match crew {
            Crew::Pool(pool) => drop(pool.retire(patience)),
            Crew::Executor(crew) => {
                if let Some(crew) = crew.upgrade() {
                    crew.retire(patience);
                }
            }
        }
    }
}
