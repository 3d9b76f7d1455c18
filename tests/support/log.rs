//! A logger that keeps what is said on each OS thread.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once};

struct Keep;

static PANICS: AtomicBool = AtomicBool::new(false);

/// What all threads have logged.
static ALL: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl log::Log for Keep {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        assert!(!PANICS.load(Ordering::Relaxed), "the log is out of order");
        let line = format!("{}: {}", record.level(), record.args());
        ALL.lock().expect("nobody panics here").push(line.clone());
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn flush(&self) {}
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Keep).expect("nobody else sets one");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// What this OS thread logs during `f`.
pub(crate) fn logged(f: impl FnOnce()) -> Vec<String> {
    install();
    LINES.take();
    f();
    let mut lines = LINES.take();
    lines.retain(|line| !line.starts_with("TRACE: ")); // mio's
    lines
}

/// Whether any OS thread has logged a line with that text since the first call of [`logged`].
pub(crate) fn somebody_logged(text: &str) -> bool {
    ALL.lock().expect("nobody panics here").iter().any(|line| line.contains(text))
}

/// From now on whoever logs panics.
pub(crate) fn make_the_log_panic() {
    install();
    PANICS.store(true, Ordering::Relaxed);
}
