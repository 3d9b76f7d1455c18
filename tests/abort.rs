//! A program built with `panic = "abort"`: what needs unwinding says so, the rest works.
//!
//! It is built here, as a package of its own: a panic strategy is one for all crates of a program.

use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

const SIGABRT: i32 = 6;

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(build);

/// Builds abort/program.rs against this very source, and gives the program's path.
fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abort");
    fs::create_dir_all(&package).unwrap();
    let manifest = format!(
        "[package]\nname = \"abort\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [[bin]]\nname = \"abort\"\npath = {:?}\n\
         [dependencies]\nosier = {{ path = {root:?}, default-features = false }}\n\
         [profile.dev]\npanic = \"abort\"\ndebug = false\n[workspace]\n",
        root.join("tests/abort/program.rs"),
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    // The same versions as in the workspace, so that nothing has to be fetched.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--target-dir"])
        .arg(package.join("target"))
        .current_dir(&package)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    package.join("target/debug/abort")
}

fn output(deed: &str) -> (Output, String, String) {
    let output = Command::new(&*PROGRAM).arg(deed).env("RUST_BACKTRACE", "0").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output, stdout, stderr)
}

#[test]
fn what_needs_no_unwinding_works() {
    let (output, stdout, stderr) = output("work");
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stdout, "done\n");
}

#[test]
fn a_kill_is_an_error_that_says_why() {
    let (output, stdout, stderr) = output("kill");
    assert_eq!(output.status.signal(), Some(SIGABRT), "{stderr}");
    assert!(stderr.contains("cannot kill a green thread"), "{stderr}");
    assert!(stderr.contains("built with panic = \"abort\"") && stdout.is_empty(), "{stderr}");
}

#[test]
fn a_time_out_is_an_error_that_says_why_and_its_body_is_not_called() {
    let (output, stdout, stderr) = output("timeout");
    assert!(output.status.success(), "{stderr}");
    let expected = "no time-out: the program is built with panic = \"abort\" false\ndone\n";
    assert_eq!(stdout, expected);
}

#[test]
fn daemons_do_not_keep_a_program_from_ending_well() {
    let (output, stdout, stderr) = output("daemon");
    assert!(output.status.success(), "{:?} {stderr}", output.status);
    assert_eq!(stdout, "done\n");
}

#[test]
fn a_deadlock_is_told_before_the_end() {
    let (output, stdout, stderr) = output("deadlock");
    assert_eq!(output.status.signal(), Some(SIGABRT), "{stderr}");
    assert!(stderr.contains("deadlock: no green thread can ever go on"), "{stderr}");
    assert!(stderr.contains("waiting for nobody") && stdout.is_empty(), "{stderr}");
}
