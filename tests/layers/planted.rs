//! Each check sees the fault that it is there for, and nothing where there is none.

use super::checks::{self, Layers, Source};

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

const TABLE: &str = "
    low:
    mid: low
    high: mid low
";

/// What the table says of one file in a package that is whole otherwise.
fn layers(path: &str, text: &str) -> Vec<String> {
    let mut sources = vec![source("p/src/lib.rs", "use crate::anything;")];
    for module in ["low", "mid", "high"] {
        sources.push(source(&format!("p/src/{module}/other.rs"), ""));
    }
    sources.push(source(path, text));
    Layers::read(TABLE).unwrap().check("p/src/", &sources)
}

#[test]
fn a_look_down_is_allowed() {
    for text in [
        "use crate::low::X;",
        "use crate::{low, mid::{X, high}};",
        "pub(crate) use crate::mid;",
        "fn f() { crate::low::g(); super::mid::g(); }",
        "use super::{low, mid};",
        "//! crate::nowhere\n/// [`crate::nowhere`]\nconst S: &str = \"crate::nowhere\";",
        "mod tests { use super::nowhere; use super::super::low; }",
        "use crate::high::own; use self::nowhere; pub(in crate) struct S; pub(super) struct T;",
    ] {
        assert_eq!(layers("p/src/high.rs", text), [""; 0], "{text}");
    }
}

#[test]
fn a_look_up_is_seen_in_every_form() {
    for text in [
        "use crate::high::X;",
        "use crate::high;",
        "use crate::{low, high};",
        "use crate::{low::{a, b}, high::{c, d}};",
        "pub(crate) use crate::high::X;",
        "pub use crate::{high as other};",
        "fn f() { crate::high::g() }",
        "fn f(x: &crate::high::X) {}",
        "macro_rules! m { () => { $crate::high::g() } }",
        "use super::high::X;",
        "use super::{low, high};",
        "mod tests { use super::super::high; }",
        "mod tests { fn f() {} } use super::high;",
    ] {
        assert_eq!(layers("p/src/mid.rs", text), ["p/src/mid.rs:1: mid uses high"], "{text}");
        let text = text.replace("use super", "use super::super");
        assert_eq!(layers("p/src/mid/x.rs", &text), ["p/src/mid/x.rs:1: mid uses high"], "{text}");
    }
    assert_eq!(layers("p/src/mid/mod.rs", "use super::high;").len(), 1);
    assert_eq!(
        layers("p/src/low/x.rs", "\n\nuse crate::Name;"),
        ["p/src/low/x.rs:3: low uses Name"]
    );
}

#[test]
fn tests_beside_the_code_look_where_they_like() {
    for path in ["p/src/mid/tests.rs", "p/src/mid/test.rs", "p/src/mid/tests/x.rs"] {
        assert_eq!(layers(path, "use crate::high::X;"), [""; 0]);
    }
    assert_eq!(layers("p/src/mid/testing.rs", "use crate::high::X;").len(), 1);
}

#[test]
fn the_table_and_the_folder_agree() {
    let new = layers("p/src/new.rs", "");
    assert_eq!(new, ["p/src/new.rs: module new is not in the table"]);
    let gone =
        Layers::read("low:\ngone: low").unwrap().check("p/src/", &[source("p/src/low.rs", "")]);
    assert_eq!(gone, ["p/src/: the table has gone, which is not there"]);
}

#[test]
fn a_table_with_a_cycle_cannot_be_read() {
    let why = |table| Layers::read(table).map(|_| ()).unwrap_err();
    assert_eq!(why("a: b\nb: a"), "a may use b, which does not stand above it");
    assert_eq!(why("a: a"), "a may use a, which does not stand above it");
    assert_eq!(why("a"), "`a` has no colon");
}

#[test]
fn a_word_out_of_its_place_is_seen() {
    let sources = [
        source("a/in.rs", "use mio::Poll;"),
        source("b.rs", "// mio\nfn f() { let miou = \"mio\"; }"),
        source("c.rs", "fn f() {}\nfn g() { ::mio::h() }"),
    ];
    assert_eq!(checks::confined("mio", &["a/"], &sources), ["c.rs:2: names mio"]);
    assert_eq!(checks::confined("mio", &["a/", "c.rs"], &sources), [""; 0]);
    let seen = checks::empty(&["a/", "d/"], &sources);
    assert_eq!(seen, ["d/: the policy names it, and it is not there"]);
}

#[test]
fn unsafe_out_of_its_place_is_seen() {
    let forms = [
        "unsafe fn f() {}",
        "fn f() { unsafe { g() } }",
        "unsafe impl Send for S {}",
        "#[unsafe(no_mangle)] fn f() {}",
    ];
    for text in forms {
        let seen = checks::confined("unsafe", &["sys/"], &[source("x.rs", text)]);
        assert_eq!(seen, ["x.rs:1: names unsafe"], "{text}");
    }
    let lints = source("x.rs", "#![forbid(unsafe_code)] // unsafe");
    assert_eq!(checks::confined("unsafe", &["sys/"], &[lints]), [""; 0]);
}

#[test]
fn unsafe_without_its_reason_is_seen() {
    let sources = [
        source("a/mod.rs", "//! A.\n//!\n//! # Why unsafe\n//!\n//! Because.\n"),
        source("b/mod.rs", "//! B.\n// # Why unsafe\n"),
        source("c.rs", "//! # Why unsafe\n"),
    ];
    let seen = checks::unexplained(&["a/", "b/", "c.rs", "d/"], &sources);
    assert_eq!(seen, ["b/", "d/"].map(|p| format!("{p}: its head has no `//! # Why unsafe`")));
    let line = "#![forbid(unsafe_code)]";
    let sources = [source("a.rs", &format!("//! A.\n{line}\n")), source("b.rs", "//! B.\n")];
    let seen = checks::lacking(line, &["a.rs", "b.rs", "c.rs"], &sources);
    assert_eq!(seen, ["b.rs", "c.rs"].map(|p| format!("{p}: lacks {line}")));
}

#[test]
fn long_files_are_seen() {
    let sources = [source("a.rs", "\n\n\n"), source("b.rs", "\n\n"), source("c.rs", "\n\n\n\n")];
    let seen = checks::too_long(3, &[("b.rs", 1)], &sources);
    assert_eq!(seen, ["b.rs: 2 lines, at most 1", "c.rs: 4 lines, at most 3"]);
}

#[test]
fn empty_names_are_seen() {
    let paths =
        ["util.rs", "a/utils/b.rs", "a/helper.rs", "helpers/mod.rs", "common.rs", "a/misc.rs"];
    let banned = ["util", "helper", "common", "misc"];
    for path in paths {
        assert_eq!(checks::misnamed(&banned, &[source(path, "")]).len(), 1, "{path}");
    }
    assert_eq!(checks::misnamed(&banned, &[source("a/utility.rs", "")]), [""; 0]);
}

#[test]
fn a_body_in_a_mod_rs_is_seen() {
    let mod_rs = |text: &str| checks::busy_contents(&[source("a/mod.rs", text)]);
    for text in
        ["fn f() {}", "pub fn f<T>(x: T) -> T where T: Copy { x }", "impl S { fn f(&self) {} }"]
    {
        assert_eq!(mod_rs(text), ["a/mod.rs:1: a function in a mod.rs"], "{text}");
    }
    let table = "mod a; pub use a::f; struct W { run: fn(&A) -> B } trait T { fn f(&self); }";
    assert_eq!(mod_rs(table), [""; 0]);
    for path in ["a/b.rs", "a/tests/mod.rs"] {
        assert_eq!(checks::busy_contents(&[source(path, "fn f() {}")]), [""; 0]);
    }
}

#[test]
fn a_dependency_that_looks_up_is_seen() {
    let ours = |name: &str| name.starts_with("osier");
    let check = |manifest: &str| checks::forbidden_dependencies(manifest, &["osier-runtime"], ours);
    for manifest in [
        "[dependencies]\nosier-net.workspace = true",
        "[dependencies]\nmio = \"1\"\nosier-net = { path = \"../net\" }",
        "[dependencies.osier-net]\npath = \"../net\"",
        "[target.'cfg(unix)'.dependencies]\nosier-net.workspace = true",
        "[build-dependencies]\n\"osier-net\" = \"1\"",
    ] {
        assert_eq!(check(manifest), ["depends on osier-net"], "{manifest}");
    }
    for manifest in [
        "[dependencies]\nosier-runtime.workspace = true\nmio = \"1\"",
        "[dev-dependencies]\nosier-net.workspace = true",
        "[dev-dependencies.osier-net]\npath = \"../net\"",
        "[workspace.dependencies]\nosier-net = { path = \"net\" }",
        "[features]\nosier-net = []",
    ] {
        assert_eq!(check(manifest), [""; 0], "{manifest}");
    }
}
