//! What calls that do not wait cost with the patch: see `measured/calls.rs`.
#![expect(unsafe_code, reason = "the calls of libc are what is measured")]

use osier_monkey as _;

#[path = "measured/calls.rs"]
mod calls;

fn main() {
    calls::main();
}
