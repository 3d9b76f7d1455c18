//! Holds CONFORMANCE.md against the tests: each row has its own, and none claims a row that is not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("CONFORMANCE.md");

/// Where tests that pin a behaviour may stand.
const PLACES: &[&str] = &["tests", "net", "process", "runtime", "examples"];

/// The rows: key, and what pins it.
fn rows() -> BTreeMap<&'static str, &'static str> {
    let mut rows = BTreeMap::new();
    for line in TABLE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| key")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [key, behaviour, pinned] = cells[..] else { panic!("three cells: {line}") };
        assert!(!behaviour.is_empty() && !pinned.is_empty(), "{line}");
        assert!(rows.insert(key, pinned).is_none(), "twice: {key}");
    }
    assert!(rows.len() > 30, "the table is not read");
    rows
}

/// The key that a test's name ends in, if it looks like one: `..._gl_03` is GL-03, `..._g_01` is G-01,
/// `..._pr_21b` is PR-21b, and `..._c_06` is C6, a family that is numbered without hyphen or leading zeros.
fn key_of(name: &str) -> Option<String> {
    let (rest, number) = name.rsplit_once('_')?;
    let (_, family) = rest.rsplit_once('_')?;
    let is_family = match family.len() {
        1 => "cg".contains(family),
        2 => family.bytes().all(|byte| byte.is_ascii_lowercase()),
        _ => false,
    };
    // With a letter behind it, what was added between two.
    let digits = number.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(number);
    let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_family && is_number).then(|| match family {
        "c" => format!("C{}", number.trim_start_matches('0')),
        _ => format!("{}-{number}", family.to_uppercase()),
    })
}

/// How the name of a test ends that belongs to a row.
fn ending_of(key: &str) -> String {
    match key.split_once('-') {
        Some((family, number)) => format!("_{}_{number}", family.to_lowercase()),
        None => format!("_c_{:0>2}", key.trim_start_matches('C')),
    }
}

/// The functions of a source that are marked as tests, by name.
fn tests_of(text: &str) -> Vec<&str> {
    let mut marked = false;
    let mut names = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(signature) = line.strip_prefix("fn ")
            && marked
        {
            names.extend(signature.split(['(', '<']).next());
        }
        marked =
            line == "#[test]" || (marked && (line.starts_with("#[") || line.starts_with("//")));
    }
    names
}

fn gather(folder: &Path, keys: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("and an entry of it").path();
        if path.is_dir() {
            gather(&path, keys);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            keys.extend(tests_of(&text).into_iter().filter_map(key_of));
        }
    }
}

fn keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for place in PLACES {
        gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join(place), &mut keys);
    }
    keys
}

#[test]
fn every_behaviour_has_its_tests_or_a_reason() {
    let keys = keys();
    for (key, pinned) in rows() {
        match pinned.strip_prefix("waived: ") {
            Some(reason) => {
                assert!(!reason.is_empty() && !keys.contains(key), "{key} is waived, and tested");
            }
            None => {
                assert!(pinned.starts_with("tests"), "{key}: {pinned}");
                assert!(keys.contains(key), "{key} has no test: one whose name ends so is missing");
            }
        }
    }
}

#[test]
fn every_test_that_claims_a_behaviour_finds_it_in_the_table() {
    let rows = rows();
    for key in keys() {
        assert!(rows.contains_key(key.as_str()), "{key} is not in CONFORMANCE.md");
    }
}

#[test]
fn a_row_looks_like_a_row() {
    for key in rows().into_keys() {
        let name = format!("a_test{}", ending_of(key));
        assert_eq!(key_of(&name).as_deref(), Some(key), "{name}");
    }
    for name in [
        "plain",
        "ends_in_2",
        "gl_03",
        "xgl_03",
        "a_gl_3",
        "a_gl_033",
        "a_gl_3b",
        "a_gl_b",
        "a_z_01",
        "a_c_6",
    ] {
        assert_eq!(key_of(name), None, "{name}");
    }
    let keys = ["a_gl_03", "a_pr_21b", "a_g_01", "a_c_14", "a_c_06"];
    let keys = keys.map(|name| (key_of(name), name));
    for (key, (found, name)) in ["GL-03", "PR-21b", "G-01", "C14", "C6"].into_iter().zip(keys) {
        assert_eq!(found.as_deref(), Some(key));
        assert!(name.ends_with(&ending_of(key)));
    }
    let text = "#[test]\n#[ignore = \"slow\"]\nfn one_gl_03() {\n}\nfn two_gl_04() {\n";
    assert_eq!(tests_of(text), ["one_gl_03"]);
}
