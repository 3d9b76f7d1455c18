//! The README's first block is a program that is built and run, and short.

const README: &str = include_str!("../README.md");
const PROGRAM: &str = include_str!("../examples/classic.rs");

/// More would not be read.
const LONGEST: usize = 25;

/// The lines of the first block of Rust, fences left out.
fn first_block(text: &str) -> &str {
    let (_, rest) = text.split_once("```rust\n").expect("the README has a block of Rust");
    rest.split_once("```").expect("and the block ends").0
}

/// What follows the head of a file: its `//!` and `#!` lines.
fn body(text: &str) -> &str {
    let is_head = |line: &str| line.starts_with("//!") || line.starts_with("#!");
    let head: usize =
        text.split_inclusive('\n').take_while(|line| is_head(line)).map(str::len).sum();
    text[head..].trim_start()
}

#[test]
fn the_first_block_is_the_example() {
    assert_eq!(first_block(README), body(PROGRAM));
}

#[test]
fn the_first_block_is_short() {
    let lines = first_block(README).lines().count();
    assert!(lines <= LONGEST, "{lines} lines, at most {LONGEST}");
}

#[test]
fn blocks_and_bodies_are_found() {
    assert_eq!(first_block("a\n```sh\nb\n```\n```rust\nc\n```\n```rust\nd\n```\n"), "c\n");
    assert_eq!(body("//! a\n#![b]\n\nuse c;\n//! d\n"), "use c;\n//! d\n");
}

#[test]
fn the_figures_have_a_place() {
    let (_, rest) = README.split_once("<!-- figures -->").expect("where they begin");
    assert_eq!(rest.matches("<!-- /figures -->").count(), 1, "where they end");
}
