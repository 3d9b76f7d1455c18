//! Tests whose subject is the whole process: its end, its stderr.

use std::env;
use std::process::{Command, Output};

const CHILD: &str = "OSIER_TEST_CHILD";

/// Runs `body` in a process of its own, which is this test alone, and gives what that ends with.
///
/// In the child it runs `body` and does not return.
pub(crate) fn in_child(test: &str, body: impl FnOnce()) -> Output {
    if env::var(CHILD).as_deref() == Ok(test) {
        body();
        std::process::exit(0);
    }
    let program = env::current_exe().expect("the test's own path");
    Command::new(program)
        .args([test, "--exact", "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("the child starts")
}
