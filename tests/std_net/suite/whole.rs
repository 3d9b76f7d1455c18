//! That no program leaves a test of this suite out.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::places::PROCESS;

/// The tests that the sources hold.
fn written(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the folder of the suite") {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut lines = text.lines().map(str::trim);
        while lines.any(|line| line == "#[test]") {
            let signature = lines.next().expect("a function");
            let name = signature.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            let name = name.unwrap_or_else(|| panic!("right behind #[test]: {signature}"));
            assert!(names.insert(name.to_string()), "twice: {name}");
        }
    }
    names
}

/// The tests that this program has.
fn built() -> BTreeSet<String> {
    let _alone = PROCESS.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    let list = Command::new(env::current_exe().unwrap()).arg("--list").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    names
        .filter_map(|path| path.strip_prefix("suite::")?.rsplit("::").next())
        .map(String::from)
        .collect()
}

#[test]
fn this_program_has_every_test_of_the_suite() {
    let source = Path::new(file!()).file_name().unwrap();
    let folder = Path::new(crate::way::SUITE);
    assert!(folder.join(source).exists(), "{} is elsewhere", folder.display());
    let written = written(folder);
    assert!(written.len() > 80, "{}", written.len());
    assert_eq!(built(), written, "left what runs, right what is written");
}
