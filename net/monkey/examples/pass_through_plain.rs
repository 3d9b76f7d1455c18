//! What calls that do not wait cost without the patch: see `measured/calls.rs`.
#![expect(unsafe_code, reason = "the calls of libc are what is measured")]

#[path = "measured/calls.rs"]
mod calls;

fn main() {
    calls::main();
}
