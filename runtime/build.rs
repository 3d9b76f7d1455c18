//! Chooses the back end of the stack switch: by target, or by `OSIER_SWITCH=jump|portable`.
//!
//! A build script and not a Cargo feature: features add up over a program, this is a choice,
//! and a change of the variable rebuilds this crate and what stands on it alone.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=OSIER_SWITCH");
    println!("cargo::rustc-check-cfg=cfg(osier_jump)");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    let able =
        target("OS") == "linux" && target("ARCH") == "x86_64" && target("POINTER_WIDTH") == "64";
    let jump = match env::var("OSIER_SWITCH").as_deref() {
        Ok("jump") if able => true,
        Ok("jump") => {
            panic!("OSIER_SWITCH=jump: the jump is written for 64-bit x86-64 Linux alone")
        }
        Ok("portable") => false,
        Ok("") | Err(_) => able,
        Ok(other) => panic!("OSIER_SWITCH={other}: say jump or portable"),
    };
    if jump {
        println!("cargo::rustc-cfg=osier_jump");
    }
}
