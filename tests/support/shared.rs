//! For tests of what processes share: who waits for it, and a file that they all write.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fmt::Debug;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Waits until it is so.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        osier::sleep(Duration::from_millis(1));
    }
}

/// Whether a process of that number is among those that wait, by the `Debug` of what they wait for.
pub(crate) fn waits(what: &dyn Debug, pid: u32) -> bool {
    let text = format!("{what:?}");
    let line = text.split("wanted_by: [").nth(1).unwrap().split(']').next().unwrap();
    line.split(", ").any(|one| one == pid.to_string())
}

/// A file of this test alone, which goes at its end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(text: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("osier-sync-{}", std::process::id()));
        fs::write(&path, text).unwrap();
        Scratch(path)
    }

    pub(crate) fn append(path: &Path, text: &str) {
        fs::File::options().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
