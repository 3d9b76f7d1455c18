//! The logger that the program has: the user's in the root, the line in processes below.

use ::log::{Log, Metadata, Record, SetLoggerError};
use osier_runtime::fork;

use super::{line, root};

/// Sets this program's logger, and has children send it what they log.
///
/// Call it once, where a program sets its logger. What this process logs goes to `logger` as it is. What processes log that it starts from then on, by a
/// fork or anew, by pools and by servers, and their children, goes there as well: a task delivers it while a hub runs here, and a join of a child has
/// delivered what that has logged. Records arrive with their level, target, place in the code and key-values, those of one process in
/// order; [`Origin`](osier_runtime::log::Origin) says which process and task has made one, and a
/// [`TaskLogger`](osier_runtime::log::TaskLogger) around `logger` writes that in front. A child has the maximum level that this process
/// has at the start; it may set another for itself. It cannot set a logger of its own.
///
/// What was logged is not lost when its process is killed, as long as this one keeps up: it is sent at once. Otherwise a child keeps 1 MiB of records and sends them when
/// there is room, before its end at the latest. When those are full, and where no hub runs, logging stops the OS thread, for a second at most; then records are lost, and
/// one that tells how many is in their place. When this process is gone they are dropped. Of a text 64 KiB are sent, of all key-values 32, and
/// it says how much is missing.
///
/// # Errors
/// When a logger is set already, in a child that sends to its parent's too.
///
/// # Blocking
/// Never switches tasks; logging does not either, unless `logger` does.
///
/// ```
/// use log::{Log, Metadata, Record};
/// use osier::log::TaskLogger;
/// use osier::process::{Builder, functions, log_to_parent};
///
/// struct Print;
///
/// impl Log for Print {
///     fn enabled(&self, _: &Metadata) -> bool {
///         true
///     }
///     fn log(&self, record: &Record) {
///         println!("{}: {}", record.level(), record.args());
///     }
///     fn flush(&self) {}
/// }
///
/// functions! {
///     fn fetch(page: u32) { log::info!("page {page}") }
/// }
///
/// log_to_parent(TaskLogger::new(Print)).unwrap();
/// log::set_max_level(log::LevelFilter::Info);
/// osier::run(|| {
///     let process = Builder::new().name("fetcher").spawn(fetch, (7,))?;
///     process.join(); // INFO: [process 4711 'fetcher', task 1 'main'] page 7
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
pub fn log_to_parent(logger: impl Log + 'static) -> Result<(), SetLoggerError> {
    let home = Some(Home { generation: fork::generation(), logger: Box::new(logger) });
    ::log::set_boxed_logger(Box::new(Relay { home }))?;
    root::become_root();
    Ok(())
}

/// Has this process' records sent, all of them; for one that has begun anew.
pub(super) fn forward() {
    static RELAY: Relay = Relay { home: None };
    // Nothing has run before that could have set another.
    let _ = ::log::set_logger(&RELAY);
}

/// What is set as the program's logger.
struct Relay {
    home: Option<Home>,
}

/// The user's logger, in the process that has set it.
struct Home {
    generation: u32,
    logger: Box<dyn Log>,
}

impl Relay {
    /// The user's logger; none in a process that is below the one that has set it.
    fn here(&self) -> Option<&dyn Log> {
        let home = self.home.as_ref().filter(|home| home.generation == fork::generation());
        home.map(|home| &*home.logger)
    }
}

impl Log for Relay {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match self.here() {
            Some(logger) => logger.enabled(metadata),
            // In a copy the user's logger is not asked: what it locks somebody else may have locked.
            None => metadata.level() <= ::log::max_level(),
        }
    }

    fn log(&self, record: &Record<'_>) {
        match self.here() {
            Some(logger) => logger.log(record),
            None => line::send(record),
        }
    }

    fn flush(&self) {
        match self.here() {
            Some(logger) => logger.flush(),
            None => _ = line::flush(),
        }
    }
}
