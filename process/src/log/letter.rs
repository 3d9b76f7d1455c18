//! A record as it travels: all that is to be said of it, and who has made it.
//!
//! It fits into one message always: what is longer than that is cut, and says so. A file in memory for each long one, as values have it, would
//! have a program log no more that has no descriptors left.

use std::fmt::Write;

use ::log::kv::{self, Key, Source, Value, VisitSource};
use ::log::{Level, Log, Record};
use osier_runtime::log::Origin;
use serde::{Deserialize, Serialize};

use super::pairs::{Pairs, Text};

/// The longest text, in bytes; 64 KiB.
const MOST: usize = 64 << 10;
/// The longest target, path and name.
const MOST_OF_A_NAME: usize = 1 << 10;

/// A record on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Letter {
    level: usize,
    /// None if it is the module, as it is mostly.
    target: Option<String>,
    text: String,
    module: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    pairs: Pairs,
    pid: u32,
    process: String,
    /// Number and name.
    task: Option<(String, Option<String>)>,
}

/// Who makes records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Author<'a> {
    pub(super) pid: u32,
    pub(super) process: &'a str,
}

impl Letter {
    pub(super) fn of(record: &Record<'_>, author: Author<'_>) -> Letter {
        let mut text = Text::with_room(MOST);
        // A `Display` that fails has said what it has.
        let _ = write!(text, "{}", record.args());
        let (pairs, left_out) = Pairs::of(record.key_values());
        let Text { mut kept, beyond, .. } = text;
        if beyond > 0 {
            let _ = write!(kept, " [... {beyond} bytes more]");
        }
        if left_out > 0 {
            let _ = write!(kept, " [... {left_out} key-values more]");
        }
        Letter {
            level: record.level() as usize,
            target: Some(record.target()).filter(|it| record.module_path() != Some(*it)).map(named),
            text: kept,
            module: record.module_path().map(named),
            file: record.file().map(named),
            line: record.line(),
            pairs,
            pid: author.pid,
            process: named(author.process),
            task: osier_runtime::who::named().map(|(id, name)| (id, name.as_deref().map(named))),
        }
    }

    /// What tells of records that are lost.
    pub(super) fn of_lost(count: u64, author: Author<'_>) -> Letter {
        let args = format_args!(
            "{count} records of this process are lost: its parent did not take them in time"
        );
        let mut record = Record::builder();
        record.level(Level::Warn).target("osier_process::log");
        Letter::of(&record.args(args).build(), author)
    }

    /// Encoded without anything that is a thread's, as the thread may be at its end.
    pub(super) fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default() // it is plain data
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Letter> {
        postcard::from_bytes(bytes).ok()
    }

    /// Gives it to a logger, as a record.
    pub(super) fn deliver(&self, to: &dyn Log) {
        let levels = Level::iter();
        let level = levels.into_iter().find(|level| *level as usize == self.level);
        let mut record = Record::builder();
        let target = self.target.as_ref().or(self.module.as_ref()).map_or("", String::as_str);
        record.level(level.unwrap_or(Level::Error)).target(target).line(self.line);
        record.module_path(self.module.as_deref()).file(self.file.as_deref());
        let pairs = Signed(self);
        record.key_values(&pairs);
        // The arguments live as long as the statement they stand in.
        to.log(&record.args(format_args!("{}", self.text)).build());
    }
}

/// Its own key-values, and then who has made it.
struct Signed<'a>(&'a Letter);

impl Source for Signed<'_> {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), kv::Error> {
        let Letter { pairs, pid, process, task, .. } = self.0;
        pairs.visit(visitor)?;
        visitor.visit_pair(Key::from_str(Origin::PID), Value::from(*pid))?;
        visitor.visit_pair(Key::from_str(Origin::PROCESS), Value::from(process.as_str()))?;
        let Some((id, name)) = task else { return Ok(()) };
        visitor.visit_pair(Key::from_str(Origin::TASK), Value::from(id.as_str()))?;
        match name {
            Some(name) => {
                visitor.visit_pair(Key::from_str(Origin::TASK_NAME), Value::from(name.as_str()))
            }
            None => Ok(()),
        }
    }
}

fn named(text: &str) -> String {
    clip(text, MOST_OF_A_NAME).to_string()
}

/// As much of a text as there is room for.
pub(super) fn clip(text: &str, room: usize) -> &str {
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::Mutex;

    use ::log::{LevelFilter, Metadata};

    use super::*;

    const AUTHOR: Author<'_> = Author { pid: 7, process: "P" };

    /// Keeps what it is given.
    #[derive(Default)]
    struct Keep(Mutex<Vec<String>>);

    impl Log for Keep {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            let mut pairs = Vec::new();
            let taken = Pairs::of(record.key_values()).0;
            taken.0.into_iter().for_each(|(key, value)| pairs.push(format!("{key}={value:?}")));
            let place = (record.module_path(), record.file(), record.line());
            let line = format!(
                "{} {} {place:?} {pairs:?} {}",
                record.level(),
                record.target(),
                record.args()
            );
            self.0.lock().unwrap().push(line);
        }
        fn flush(&self) {}
    }

    fn through(record: &Record<'_>) -> String {
        let bytes = Letter::of(record, AUTHOR).encode();
        assert!(bytes.len() < 120 << 10, "it fits into a message: {}", bytes.len());
        let keep = Keep::default();
        Letter::decode(&bytes).unwrap().deliver(&keep);
        keep.0.into_inner().unwrap().remove(0)
    }

    #[test]
    fn a_record_arrives_as_it_was_made() {
        let pairs: &[(&str, Value<'_>)] = &[
            ("n", Value::from(-7)),
            ("u", Value::from(u64::MAX)),
            ("big", Value::from(&i128::MIN)),
            ("f", Value::from(0.5)),
            ("b", Value::from(true)),
            ("c", Value::from('x')),
            ("s", Value::from("text")),
            ("none", Value::null()),
            ("d", Value::from_debug(&LevelFilter::Off)),
        ];
        for level in Level::iter() {
            let mut record = Record::builder();
            record
                .level(level)
                .target("mine")
                .module_path(Some("m"))
                .file(Some("f.rs"))
                .line(Some(3));
            let said =
                through(&record.key_values(&pairs).args(format_args!("{} {}", 1, "two")).build());
            let want = format!(
                "{level} mine (Some(\"m\"), Some(\"f.rs\"), Some(3)) [\"n=Signed(-7)\", \"u=Unsigned({})\", \
                 \"big=Big({})\", \"f=Float(0.5)\", \"b=Bool(true)\", \"c=Text(\\\"x\\\")\", \"s=Text(\\\"text\\\")\", \
                 \"none=Null\", \"d=Text(\\\"Off\\\")\", \"osier.pid=Unsigned(7)\", \"osier.process=Text(\\\"P\\\")\"] 1 two",
                u64::MAX,
                i128::MIN
            );
            assert_eq!(said, want);
        }
    }

    #[test]
    fn a_target_that_is_the_module_travels_once() {
        let mut record = Record::builder();
        let one = Letter::of(&record.target("m").module_path(Some("m")).build(), AUTHOR);
        assert_eq!((one.target.as_deref(), one.module.as_deref()), (None, Some("m")));
        assert!(
            through(&record.args(format_args!("x")).build()).starts_with("INFO m (Some(\"m\")")
        );
        assert!(
            through(&Record::builder().args(format_args!("x")).build()).starts_with("INFO  (None")
        );
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = "ä".repeat(50_000);
        let said = through(&Record::builder().args(format_args!("x{long}y")).build());
        assert!(said.ends_with("ä [... 34467 bytes more]"), "{}", &said[said.len() - 40..]);
        let said = through(&Record::builder().target(&long).args(format_args!("short")).build());
        assert!(said.len() < 2000 && said.ends_with(" short"));
        let pairs: Vec<(String, &str)> = (0..20).map(|n| (n.to_string(), &long[..4000])).collect();
        let said =
            through(&Record::builder().key_values(&pairs).args(format_args!("short")).build());
        assert!(said.ends_with("short [... 11 key-values more]"), "{}", &said[said.len() - 40..]);
    }

    #[test]
    fn a_display_that_fails_and_bytes_of_others_do_no_harm() {
        struct Fails;
        impl fmt::Display for Fails {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("half")?;
                Err(fmt::Error)
            }
        }
        let pairs: &[(&str, Value<'_>)] = &[("bad", Value::from_display(&Fails))];
        let said =
            through(&Record::builder().key_values(&pairs).args(format_args!("{Fails}")).build());
        assert!(said.ends_with("half"), "{said}");
        assert_eq!(Letter::decode(b"no letter"), None);
    }
}
