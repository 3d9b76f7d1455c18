//! Where a record comes from that another process has sent.
//!
//! It stands among the record's key-values, so that any logger can have it, and records that are kept or passed on keep it.
//! Who sends records puts it there; this only reads.

use std::fmt;

use ::log::Record;
use ::log::kv::{self, Key, Source, Value, VisitSource};

/// Which process, and which of its tasks, has made a record.
///
/// Records that children send to their parent have it. Structured loggers find it under the keys below; a
/// [`TaskLogger`](super::TaskLogger) writes it in front of the text.
///
/// ```
/// use log::{Log, Metadata, Record};
/// use osier::log::Origin;
///
/// struct Print;
///
/// impl Log for Print {
///     fn enabled(&self, _: &Metadata) -> bool {
///         true
///     }
///     fn log(&self, record: &Record) {
///         let process = Origin::of(record).map_or("MainProcess", |origin| origin.process());
///         println!("[{}/{process}] {}", record.level(), record.args());
///     }
///     fn flush(&self) {}
/// }
/// Print.log(&Record::builder().args(format_args!("hello")).build()); // [INFO/MainProcess] hello
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    pid: u32,
    process: &'a str,
    task: Option<&'a str>,
    task_name: Option<&'a str>,
}

impl<'a> Origin<'a> {
    /// The key of the process' number.
    pub const PID: &'static str = "osier.pid";
    /// The key of the process' name.
    pub const PROCESS: &'static str = "osier.process";
    /// The key of the task's number.
    pub const TASK: &'static str = "osier.task";
    /// The key of the task's name.
    pub const TASK_NAME: &'static str = "osier.task_name";

    /// Where that record comes from; none if this process has made it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn of(record: &'a Record<'_>) -> Option<Origin<'a>> {
        let mut found = Found::default();
        // It fails if a value of the user's does; what was found until then counts.
        let _ = record.key_values().visit(&mut found);
        let Found { pid: Some(pid), process: Some(process), task, task_name } = found else {
            return None;
        };
        Some(Origin { pid, process, task, task_name })
    }

    /// The process' number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The process' name.
    pub fn process(&self) -> &'a str {
        self.process
    }

    /// The task's number, as that process prints it; none outside of tasks.
    pub fn task(&self) -> Option<&'a str> {
        self.task
    }

    /// The task's name, if it has one.
    pub fn task_name(&self) -> Option<&'a str> {
        self.task_name
    }
}

/// `process 4711 'Process-1', task 7 'fetch'`.
impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} '{}'", self.pid, self.process)?;
        if let Some(task) = self.task {
            write!(f, ", task {task}")?;
        }
        match self.task_name {
            Some(name) => write!(f, " '{name}'"),
            None => Ok(()),
        }
    }
}

#[derive(Default)]
struct Found<'a> {
    pid: Option<u32>,
    process: Option<&'a str>,
    task: Option<&'a str>,
    task_name: Option<&'a str>,
}

impl<'a> VisitSource<'a> for Found<'a> {
    fn visit_pair(&mut self, key: Key<'a>, value: Value<'a>) -> Result<(), kv::Error> {
        match key.as_str() {
            Origin::PID => self.pid = value.to_u64().and_then(|pid| pid.try_into().ok()),
            Origin::PROCESS => self.process = value.to_borrowed_str(),
            Origin::TASK => self.task = value.to_borrowed_str(),
            Origin::TASK_NAME => self.task_name = value.to_borrowed_str(),
            _ => {}
        }
        Ok(())
    }
}

/// The key-values of a record but for where it comes from.
pub(super) struct Rest<'a>(pub(super) &'a dyn Source);

impl Source for Rest<'_> {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), kv::Error> {
        self.0.visit(&mut Filter(visitor))
    }
}

struct Filter<'a, 'kvs>(&'a mut dyn VisitSource<'kvs>);

impl<'kvs> VisitSource<'kvs> for Filter<'_, 'kvs> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let said = [Origin::PID, Origin::PROCESS, Origin::TASK, Origin::TASK_NAME];
        if said.contains(&key.as_str()) { Ok(()) } else { self.0.visit_pair(key, value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<R>(
        pairs: &[(&str, Value<'_>)],
        f: impl FnOnce(Option<Origin<'_>>, Vec<String>) -> R,
    ) -> R {
        let record = Record::builder().key_values(&pairs).build();
        let rest = Rest(record.key_values());
        let mut keys = Vec::new();
        let mut keep = Keys(&mut keys);
        rest.visit(&mut keep).unwrap();
        f(Origin::of(&record), keys)
    }

    struct Keys<'a>(&'a mut Vec<String>);

    impl<'kvs> VisitSource<'kvs> for Keys<'_> {
        fn visit_pair(&mut self, key: Key<'kvs>, _: Value<'kvs>) -> Result<(), kv::Error> {
            self.0.push(key.as_str().to_string());
            Ok(())
        }
    }

    #[test]
    fn an_origin_is_read_from_the_pairs_and_left_out_of_the_rest() {
        let task = [("osier.task", "7".into()), ("osier.task_name", "fetch".into())];
        let process = [("osier.pid", 4711_u32.into()), ("osier.process", "P".into())];
        let own = [("user", Value::from(7))];
        with(&[&own[..], &process, &task].concat(), |origin, keys| {
            let said = origin.unwrap().to_string();
            assert_eq!(
                (said.as_str(), keys),
                ("process 4711 'P', task 7 'fetch'", vec!["user".into()])
            );
        });
        with(&[&process[..], &task[..1]].concat(), |origin, _| {
            assert_eq!(origin.unwrap().to_string(), "process 4711 'P', task 7");
        });
        with(&process, |origin, _| assert_eq!(origin.unwrap().to_string(), "process 4711 'P'"));
        with(&own, |origin, keys| assert_eq!((origin, keys.len()), (None, 1)));
        with(&process[..1], |origin, _| assert_eq!(origin, None, "half of one"));
    }
}
