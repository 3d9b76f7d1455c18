//! HACKING.md's map is that of the tree: nothing is missing, and nothing is there that is gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const HACKING: &str = include_str!("../HACKING.md");

/// More would not be read.
const LONGEST: usize = 180;

/// What the map says of a folder: the names below its line; of none: the names at the margin.
fn mapped(folder: Option<&str>) -> BTreeSet<&str> {
    let (_, map) = HACKING.split_once("```text\n").expect("a map");
    let (map, _) = map.split_once("```").expect("which ends");
    let mut at = None;
    let mut found = BTreeSet::new();
    for line in map.lines() {
        let name = line.split_whitespace().next().expect("no empty lines");
        if !line.starts_with(' ') {
            at = Some(name);
        }
        match folder {
            None if !line.starts_with(' ') => _ = found.insert(name),
            Some(folder) if line.starts_with(' ') && at == Some(folder) => _ = found.insert(name),
            _ => {}
        }
    }
    found
}

/// What is in a folder of the workspace; folders with a slash behind.
fn present(folder: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(path).expect("a folder of the workspace");
    let entries = entries.map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    entries.map(|path| if path.is_dir() { name(&path) + "/" } else { name(&path) }).collect()
}

#[test]
fn the_modules_are_those_of_the_map() {
    for folder in ["runtime/src/", "process/src/", "net/src/"] {
        let mapped: BTreeSet<String> = mapped(Some(folder)).into_iter().map(String::from).collect();
        assert_eq!(mapped, present(folder), "left the map's, right the tree's {folder}");
    }
}

#[test]
fn every_folder_is_on_the_map() {
    let mapped: BTreeSet<String> =
        mapped(None).iter().map(|name| name[..name.find('/').unwrap_or(0)].to_string()).collect();
    let strangers: Vec<String> = present("")
        .into_iter()
        .filter_map(|name| Some(name.strip_suffix('/')?.to_string()))
        .filter(|name| !name.starts_with(['.']) && !name.starts_with("target"))
        .filter(|name| !mapped.contains(name))
        .collect();
    assert!(strangers.is_empty(), "not on the map: {strangers:?}");
}

#[test]
fn it_is_short() {
    let lines = HACKING.lines().count();
    assert!(lines <= LONGEST, "{lines} lines, at most {LONGEST}");
}
