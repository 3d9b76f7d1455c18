//! What calls that do not wait cost without the patch: see `calls/mod.rs`.
#![expect(unsafe_code, reason = "the calls of libc are what is measured")]

mod calls;

fn main() {
    calls::main();
}
