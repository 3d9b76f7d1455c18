//! Log records that say which task made them.

use std::cell::RefCell;

use log::{Level, Log, Metadata, Record};
use osier::log::TaskLogger;

/// Keeps what this OS thread says.
struct Keep;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Log for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        let (level, target, args) = (record.level(), record.target(), record.args());
        let place = (record.module_path(), record.file(), record.line().is_some());
        let user = record.key_values().get("user".into());
        LINES.with_borrow_mut(|lines| {
            lines.push(format!("{level} {target} {place:?} {user:?}: {args}"));
        });
    }

    fn flush(&self) {
        LINES.with_borrow_mut(|lines| lines.push("flushed".into()));
    }
}

static LOGGER: TaskLogger<Keep> = TaskLogger::new(Keep);

fn said(f: impl FnOnce()) -> Vec<String> {
    LINES.take();
    f();
    let mut lines = LINES.take();
    lines.retain(|line| !line.contains("mio")); // it has its own
    lines
}

#[test]
fn records_of_a_task_name_it_and_others_are_left_alone() {
    log::set_logger(&LOGGER).unwrap();
    log::set_max_level(log::LevelFilter::Info);

    let place = "(Some(\"log\"), Some(\"tests/log.rs\"), true)";
    let lines = said(|| log::info!("outside"));
    assert_eq!(lines, [format!("INFO log {place} None: outside")]);

    let lines = said(|| {
        osier::run(|| {
            log::info!(target: "mine", user = 7; "{} {}", "in", "main");
            let task = osier::spawn(|| log::warn!("unnamed"));
            let id = task.id();
            task.join().unwrap();
            assert_eq!(LINES.with_borrow(|lines| lines.len()), 2);
            assert!(LINES.with_borrow(|lines| lines[1].contains(&format!("[task {id}] unnamed"))));
        });
    });
    assert!(lines[0].starts_with(&format!("INFO mine {place} Some(7): [task ")), "{lines:?}");
    assert!(lines[0].ends_with("'main'] in main"), "{lines:?}");

    let lines = said(|| {
        osier::run(|| {
            LOGGER.set_on(false);
            log::info!("off");
            LOGGER.set_on(true);
            log::debug!("not enabled, and so not made");
            osier::thread::offload(|| {
                LINES.take();
                log::info!("elsewhere");
                assert!(LINES.take()[0].ends_with("None: elsewhere"), "no task runs there");
            });
        });
    });
    assert_eq!(lines, [format!("INFO log {place} None: off")]);
    assert_eq!(said(|| log::logger().flush()), ["flushed"]);
}
