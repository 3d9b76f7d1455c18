//! What children log goes to the logger of their parent. One is forked, one begins anew, and a task of that logs as well.
//!
//! In Python: `logging.handlers.QueueHandler` in each process and a `QueueListener` in the first, with
//! `%(processName)s` in the format. Any logger will do inside of `TaskLogger`; this one prints.

use log::{Level, LevelFilter, Log, Metadata, Record, debug, info, warn};
use osier::log::{Origin, TaskLogger};
use osier::process::{Builder, Process, StartError, functions, log_to_parent};

struct Print;

impl Log for Print {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("process_log") // not what other crates say
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            println!("{:<5}{}", record.level(), record.args());
        }
    }

    fn flush(&self) {}
}

/// For who wants another format: all that is known of a record stands in it.
struct Own;

impl Log for Own {
    fn enabled(&self, metadata: &Metadata) -> bool {
        Print.enabled(metadata)
    }

    fn log(&self, record: &Record) {
        match Origin::of(record) {
            Some(origin) if record.level() == Level::Warn => {
                println!("a warning of {}: {}", origin.process(), record.args());
            }
            _ => LOGGER.log(record),
        }
    }

    fn flush(&self) {}
}

static LOGGER: TaskLogger<Print> = TaskLogger::new(Print);

functions! {
    /// Runs in a process that begins anew, where `main` has set no logger.
    fn fetch(page: u32) {
        info!("begins with page {page}");
        let task = osier::Builder::new().name("parser").spawn(move || info!("parses page {page}"));
        task.unwrap().join().unwrap();
        warn!("page {page} is empty");
    }
}

fn main() -> Result<(), StartError> {
    log_to_parent(Own).expect("the first one");
    log::set_max_level(LevelFilter::Info); // children have it from their starter
    osier::run(|| {
        info!("starts two");
        Builder::new().name("fetcher").spawn(fetch, (7,))?.join(); // all that it has logged is here
        let forked = Process::fork(|| {
            debug!("nobody wants to know");
            info!("is a copy");
            3
        })?;
        let status = forked.join();
        info!("{} ended with {status}", forked.name());
        Ok(())
    })
}
