//! The handlers are what anybody would write: they name `std` and the crate that they are for, nothing of ours.

use std::fs;
use std::path::Path;

/// By which a handler would reach what is ours.
const OURS: [&str; 5] = ["osier", "osier_monkey", "osier_monkey_real", "crate", "super"];

#[test]
fn a_handler_imports_std_and_its_crate_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/clients");
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "mod" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(strange(&text, &name), Vec::<&str>::new(), "in {name}.rs");
        seen += 1;
    }
    assert!(seen >= 12, "{seen} handlers");
}

#[test]
fn what_is_ours_is_seen() {
    let text = "use std::io;\nuse ureq::Agent;\nfn f() { osier::sleep(x); crate::trial::run(); }";
    assert_eq!(strange(text, "ureq"), ["osier", "crate"]);
    assert_eq!(strange("use curl::easy;", "ureq"), ["curl"]);
}

/// The crates that a text imports from, or names in a path, and should not.
fn strange<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| match line.strip_prefix("use ") {
        Some(path) => roots(path).filter(|root| *root != "std" && *root != name).collect(),
        None => roots(line).filter(|root| OURS.contains(root)).collect::<Vec<_>>(),
    })
    .collect()
}

/// What stands first in each path of a line.
fn roots(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    words.filter_map(|word| word.split_once("::")).map(|(root, _)| root)
}
