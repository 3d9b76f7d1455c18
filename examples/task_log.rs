//! A log in which each line says which task made it.
//!
//! In Python: `logging.basicConfig(format="[%(threadName)s] %(message)s")`. Any logger will do inside of
//! `TaskLogger`; this one prints.

use std::time::Duration;

use log::{LevelFilter, Log, Metadata, Record, info, warn};
use osier::Builder;
use osier::log::TaskLogger;

struct Print;

impl Log for Print {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("task_log") // not what other crates say
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            println!("{:<5}{}", record.level(), record.args());
        }
    }

    fn flush(&self) {}
}

static LOGGER: TaskLogger<Print> = TaskLogger::new(Print);

fn step(what: &str) {
    info!("begins to {what}");
    osier::sleep(Duration::from_millis(10));
    info!("is done");
}

fn main() {
    log::set_logger(&LOGGER).expect("the first one");
    log::set_max_level(LevelFilter::Info);
    info!("outside of all tasks");
    osier::run(|| {
        for (name, what) in [("cook", "boil"), ("baker", "knead")] {
            let task = Builder::new().name(name).spawn(move || step(what));
            task.expect("there is memory for one more");
        }
        osier::spawn(|| warn!("has no name"));
    });
    LOGGER.set_on(false);
    osier::run(|| info!("no longer marked"));
}
