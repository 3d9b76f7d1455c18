//! Measures osier.
fn main() {}
