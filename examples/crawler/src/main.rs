//! A crawler.
fn main() {}
