//! A logger that keeps what it hears, of this process and of others.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use log::kv::{self, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use osier::log::Origin;
use osier::process::log_to_parent;

/// A record, as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) level: String,
    pub(crate) target: String,
    pub(crate) text: String,
    /// Module, file and whether there is a line.
    pub(crate) place: (Option<String>, Option<String>, bool),
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) pid: u32,
    pub(crate) process: String,
    pub(crate) task: Option<String>,
    pub(crate) task_name: Option<String>,
}

static ALL: Mutex<Vec<Heard>> = Mutex::new(Vec::new());

pub(crate) struct Keep;

struct Pairs(BTreeMap<String, String>);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        self.0.insert(key.to_string(), value.to_string());
        Ok(())
    }
}

impl Log for Keep {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().starts_with("mio") {
            return; // it has its own
        }
        let mut pairs = Pairs(BTreeMap::new());
        record.key_values().visit(&mut pairs).unwrap();
        let origin = Origin::of(record);
        let of = |text: Option<&str>| text.map(str::to_string);
        ALL.lock().unwrap_or_else(PoisonError::into_inner).push(Heard {
            level: record.level().to_string(),
            target: record.target().to_string(),
            text: record.args().to_string(),
            place: (of(record.module_path()), of(record.file()), record.line().is_some()),
            pairs: pairs.0,
            pid: origin.map_or_else(std::process::id, |origin| origin.pid()),
            process: origin.map_or("MainProcess", |origin| origin.process()).to_string(),
            task: of(origin.and_then(|origin| origin.task())),
            task_name: of(origin.and_then(|origin| origin.task_name())),
        });
    }

    fn flush(&self) {}
}

/// From now on this process hears what its children log, up to that level.
pub(crate) fn listen(level: LevelFilter) {
    log_to_parent(Keep).unwrap();
    log::set_max_level(level);
}

/// What was heard since the last time.
pub(crate) fn heard() -> Vec<Heard> {
    std::mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The texts of it.
pub(crate) fn texts() -> Vec<String> {
    heard().into_iter().map(|heard| heard.text).collect()
}
