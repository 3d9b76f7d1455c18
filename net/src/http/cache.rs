//! Addresses remembered for a while. A pure data structure: the time is the caller's.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Names kept at most; a crawl of the wide web forgets old ones before it fills memory.
const MOST: usize = 4096;

/// What names stood for when they were last looked up.
#[derive(Debug)]
pub(super) struct Cache {
    /// Zero remembers nothing.
    keep: Duration,
    /// The key is "host:port".
    entries: HashMap<Box<str>, Entry>,
}

#[derive(Debug)]
struct Entry {
    addrs: Arc<[SocketAddr]>,
    /// When it was looked up; it holds for `keep` from then on.
    since: Instant,
}

impl Cache {
    pub(super) fn new(keep: Duration) -> Self {
        Cache { keep, entries: HashMap::new() }
    }

    /// The addresses of a name that are not too old.
    pub(super) fn get(&self, name: &str, now: Instant) -> Option<Arc<[SocketAddr]>> {
        let entry = self.entries.get(name)?;
        self.holds(entry, now).then(|| Arc::clone(&entry.addrs))
    }

    /// Remembers the addresses of a name.
    pub(super) fn put(&mut self, name: &str, addrs: Arc<[SocketAddr]>, now: Instant) {
        if self.keep.is_zero() {
            return;
        }
        if self.entries.len() >= MOST {
            self.make_room(now);
        }
        self.entries.insert(name.into(), Entry { addrs, since: now });
    }

    /// Forgets a name, so that it is looked up anew.
    pub(super) fn forget(&mut self, name: &str) {
        self.entries.remove(name);
    }

    /// Drops what has expired or, if nothing has, everything: to look up 4,096 names again once
    /// in a while is cheaper than to keep them in order of age.
    fn make_room(&mut self, now: Instant) {
        let keep = self.keep;
        self.entries.retain(|_, entry| now.saturating_duration_since(entry.since) < keep);
        if self.entries.len() >= MOST {
            self.entries.clear();
        }
    }

    fn holds(&self, entry: &Entry, now: Instant) -> bool {
        now.saturating_duration_since(entry.since) < self.keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use osier_runtime::clock;

    const MINUTE: Duration = Duration::from_secs(60);

    fn addrs(port: u16) -> Arc<[SocketAddr]> {
        Arc::new([SocketAddr::from(([127, 0, 0, 1], port))])
    }

    #[test]
    fn an_answer_holds_for_its_time_and_no_longer() {
        let start = clock::now();
        let mut cache = Cache::new(MINUTE);
        cache.put("a:1", addrs(1), start);
        let last = start + MINUTE - Duration::from_nanos(1);
        assert_eq!(cache.get("a:1", last), Some(addrs(1)));
        assert_eq!(cache.get("a:1", start + MINUTE), None);
        assert_eq!(cache.get("a:2", start), None);
    }

    #[test]
    fn a_new_answer_takes_the_place_of_the_old() {
        let start = clock::now();
        let mut cache = Cache::new(MINUTE);
        cache.put("a:1", addrs(1), start);
        cache.put("a:1", addrs(2), start + MINUTE);
        assert_eq!(cache.get("a:1", start + MINUTE), Some(addrs(2)));
        cache.forget("a:1");
        assert_eq!(cache.get("a:1", start + MINUTE), None);
    }

    #[test]
    fn no_time_means_no_memory() {
        let start = clock::now();
        let mut cache = Cache::new(Duration::ZERO);
        cache.put("a:1", addrs(1), start);
        assert!(cache.entries.is_empty());
        assert_eq!(cache.get("a:1", start), None);
    }

    #[test]
    fn it_does_not_grow_beyond_its_bound() {
        let start = clock::now();
        let mut cache = Cache::new(MINUTE);
        for i in 0..MOST {
            cache.put(&format!("old-{i}:1"), addrs(1), start);
        }
        cache.put("fresh:1", addrs(1), start + MINUTE);
        assert_eq!(cache.entries.len(), 1, "what had expired is gone");
        for i in 0..2 * MOST {
            cache.put(&format!("{i}:1"), addrs(1), start + MINUTE);
            assert!(cache.entries.len() <= MOST);
        }
    }
}
