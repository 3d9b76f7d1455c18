//! A logger that says which task made a record.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use ::log::kv::Source;
use ::log::{Log, Metadata, Record};

use super::origin::{Origin, Rest};
use crate::hub::hub;

/// A logger around another one, which puts the task in front of what a record says.
///
/// What is logged in a task begins with its number and name, `[task 7 'fetch'] `; what is logged elsewhere
/// stays as it is. Of a record that a child process has sent it says process and task, `[process 4711 'Process-1', task 7 'fetch'] `.
/// It can be switched off and on at any time, by any thread.
///
/// ```
/// use log::{Log, Metadata, Record};
/// use osier::log::TaskLogger;
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
/// static LOGGER: TaskLogger<Print> = TaskLogger::new(Print);
///
/// log::set_logger(&LOGGER).unwrap();
/// log::set_max_level(log::LevelFilter::Info);
/// osier::run(|| log::info!("hello")); // INFO: [task 1 'main'] hello
/// LOGGER.set_on(false);
/// osier::run(|| log::info!("hello")); // INFO: hello
/// ```
pub struct TaskLogger<L> {
    inner: L,
    on: AtomicBool,
}

impl<L> TaskLogger<L> {
    /// Wraps a logger; it is on.
    pub const fn new(inner: L) -> TaskLogger<L> {
        TaskLogger { inner, on: AtomicBool::new(true) }
    }

    /// Switches the mention of tasks on or off.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set_on(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    /// Whether tasks are mentioned.
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// The logger inside.
    pub fn get_ref(&self) -> &L {
        &self.inner
    }
}

impl<L: Log> TaskLogger<L> {
    /// Passes a record on with that in front, and these key-values.
    fn say(&self, record: &Record<'_>, who: &dyn fmt::Display, pairs: &dyn Source) {
        let args = record.args();
        let mut said = Record::builder();
        said.metadata(record.metadata().clone()).line(record.line());
        said.key_values(&pairs);
        match record.module_path_static() {
            Some(path) => said.module_path_static(Some(path)),
            None => said.module_path(record.module_path()),
        };
        match record.file_static() {
            Some(file) => said.file_static(Some(file)),
            None => said.file(record.file()),
        };
        // The arguments live as long as the statement they stand in.
        self.inner.log(&said.args(format_args!("[{who}] {args}")).build());
    }
}

impl<L: Log> Log for TaskLogger<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.is_on() {
            return self.inner.log(record);
        }
        if let Some(origin) = Origin::of(record) {
            // Who passes it on is not who has made it.
            return self.say(record, &origin, &Rest(record.key_values()));
        }
        match hub(|hub| hub?.current()) {
            Some(task) => self.say(record, &format_args!("task {}", *task), record.key_values()),
            None => self.inner.log(record),
        }
    }

    fn flush(&self) {
        self.inner.flush();
    }
}

impl<L> fmt::Debug for TaskLogger<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLogger").field("on", &self.is_on()).finish_non_exhaustive()
    }
}
