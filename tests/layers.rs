//! The dependency policy of the workspace, as data, and the checks that hold it.
//!
//! This is a statement of policy. Change it on purpose, with the reason in the commit, never to
//! make a build pass.

use std::fs;
use std::path::Path;

#[path = "layers/checks.rs"]
mod checks;
#[path = "layers/planted.rs"]
mod planted;
#[path = "layers/tokens.rs"]
mod tokens;

use checks::{Layers, Source};

/// Modules of runtime: each may use those named behind it, which stand above it.
const RUNTIME: &str = "
    stay:
    sys:
    settings:
    random:
    clock:
    complaint:
    trace:
    timers:
    stack: sys settings
    coroutine: stack
    reactor: sys
    task: stay sys complaint stack coroutine
    hub: stay sys settings random clock complaint trace timers stack coroutine reactor task
    cancel: clock timers coroutine task hub
    greenlet: sys clock complaint stack coroutine task hub
    park: task hub cancel
    wait: stay task park
    sync: clock task hub cancel park wait
    blocker: stay clock task hub park
    time: clock task hub cancel park
    local: task hub park
    spawn: clock stack task hub cancel park
    scope: task hub cancel park spawn
    handle: stay clock task hub cancel park blocker spawn
    run: task hub handle
    io: clock reactor task hub cancel park
    foreign: stay sys stack clock task hub cancel park
    who: task hub
    peer: sys
    beneath: stay task hub park io
    thread: stay settings clock complaint task hub cancel park wait blocker handle run
    fork: sys clock hub thread
    ready: stay handle io spawn thread wait fork
    os: stay sys settings clock task hub io spawn thread ready wait
    lull: clock task hub cancel park
    queue: clock task cancel park wait
    channel: clock queue wait
    group: clock complaint task hub cancel park wait spawn scope queue channel
    future: stay clock task timers hub cancel blocker spawn handle thread channel group
    select: random clock task cancel park io wait queue channel
    stats: greenlet hub
    inspect: sys settings clock trace task hub spawn
    log: hub
    testing: settings random clock task hub cancel park lull run
    refused:
";

/// Modules of net.
const NET: &str = "
    socket:
    dns:
    tcp: socket dns
    udp: socket dns
    unix: socket
    tls: tcp
    http: dns tcp
    server: dns tcp udp unix
";

/// Modules of process.
const PROCESS: &str = "
    sys:
    stamp: sys
    words:
    wire: sys
    log: wire
    process: sys wire log
    sync: sys stamp words wire process
    pipe: wire
    pool: sys wire process
    workers: sys process
    subprocess: sys wire
    queue: sys stamp words wire process
";

/// Packages of ours that each package may depend on.
const PACKAGES: &[(&str, &[&str])] = &[
    ("runtime", &[]),
    ("process", &["osier-runtime"]),
    ("net", &["osier-runtime", "osier-process"]),
    ("net/monkey", &["osier-runtime"]),
    ("net/monkey/real", &[]), // its tests have
    (".", &["osier-runtime", "osier-process", "osier-net"]),
    ("examples/crawler", &["osier"]),
    ("examples/fifty_thousand", &["osier"]),
    ("benches", &["osier"]),
    ("models", &[]),
];

/// All that the bench may stand on: no peer's runtime, which would be measured along.
const BENCH: &[&str] = &["libc", "osier", "rustix", "serde_json"];

/// Who may call what the compiler cannot check.
const UNSAFE: &[&str] = &[
    "runtime/src/sys/",
    "runtime/src/stack/",
    "runtime/src/coroutine/",
    "runtime/src/task/",
    "process/src/sys/",
    "net/monkey/src/",
    // What calls libc there calls it as C does.
    "net/monkey/tests/children.rs",
    "net/monkey/tests/ends.rs",
    "net/monkey/tests/joins.rs",
    "net/monkey/tests/words.rs",
    "net/monkey/tests/c/",
    "net/monkey/examples/measured/calls.rs",
    "benches/src/bare.rs",
];

/// Crates that one place alone may name, so that they can be replaced there.
const SEAMS: &[(&str, &[&str])] =
    &[("mio", &["runtime/src/reactor/"]), ("corosensei", &["runtime/src/coroutine/portable.rs"])];

/// Crates without any unsafe of their own.
const SAFE: &[&str] = &["src/lib.rs", "net/src/lib.rs", "models/src/lib.rs"];

/// Lines of a file; beyond, it is two nouns.
const LONGEST: usize = 500;
/// The facade only re-exports.
const LIMITS: &[(&str, usize)] = &[("src/lib.rs", 150)];

/// Names, without a plural's s, that say nothing.
const BANNED: &[&str] = &["util", "common", "helper", "misc"];

#[test]
fn modules_of_runtime_look_down() {
    none(layers(RUNTIME).check("runtime/src/", &sources()));
}

#[test]
fn modules_of_net_look_down() {
    none(layers(NET).check("net/src/", &sources()));
}

#[test]
fn modules_of_process_look_down() {
    none(layers(PROCESS).check("process/src/", &sources()));
}

#[test]
fn packages_look_down() {
    for (package, allowed) in PACKAGES {
        let ours = |name: &str| name.starts_with("osier") || name == "crawler";
        none(checks::forbidden_dependencies(&manifest(package), allowed, ours));
    }
}

#[test]
fn the_bench_holds_no_other_runtime() {
    none(checks::forbidden_dependencies(&manifest("benches"), BENCH, |_| true));
}

#[test]
fn a_replaceable_crate_is_named_in_one_place() {
    for (word, places) in SEAMS {
        none(checks::confined(word, places, &sources()));
        none(checks::empty(places, &sources()));
    }
}

#[test]
fn unsafe_stands_where_it_is_explained() {
    none(checks::confined("unsafe", UNSAFE, &sources()));
    none(checks::empty(UNSAFE, &sources()));
    none(checks::unexplained(UNSAFE, &sources()));
    none(checks::lacking("#![forbid(unsafe_code)]", SAFE, &sources()));
}

#[test]
fn files_are_short_and_named_for_what_they_hold() {
    none(checks::too_long(LONGEST, LIMITS, &sources()));
    none(checks::misnamed(BANNED, &sources()));
}

#[test]
fn a_mod_rs_is_a_table_of_contents() {
    none(checks::busy_contents(&sources()));
}

fn layers(table: &str) -> Layers<'_> {
    Layers::read(table).unwrap_or_else(|why| panic!("{why}"))
}

#[track_caller]
fn none(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(package: &str) -> String {
    let path = root().join(package).join("Cargo.toml");
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every Rust file of the workspace.
fn sources() -> Vec<Source> {
    let mut out = Vec::new();
    gather(root(), &mut out);
    assert!(out.iter().any(|source| source.path == "src/lib.rs"), "this looks elsewhere");
    out
}

fn gather(dir: &Path, out: &mut Vec<Source>) {
    for entry in fs::read_dir(dir).expect("a folder of the workspace can be read") {
        let path = entry.expect("and so can its entries").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            gather(&path, out);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            let path = path.strip_prefix(root()).expect("it is below the root");
            out.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
        }
    }
}
