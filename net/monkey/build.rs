//! Refuses what the calls of libc cannot be taken over on, with a sentence rather than with a linker's message.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_known = target("OS") == "linux" && target("ARCH") == "x86_64" && target("ENV") == "gnu";
    assert!(
        is_known,
        "osier-monkey takes over the calls of glibc on x86-64 Linux, and was built for another target"
    );
    let is_static = target("FEATURE").split(',').any(|feature| feature == "crt-static");
    assert!(
        !is_static,
        "osier-monkey takes over libc's calls as the program is linked to it dynamically; build without crt-static"
    );
}
