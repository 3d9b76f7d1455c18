//! Words in memory that several processes have.
//!
//! - `memory`: the words, by number
//! - `atomic`: what they are made of
//! - `mortal`: processes of a test, which can end before any access to one

mod atomic;
mod memory;
#[cfg(test)]
pub(crate) mod mortal;

pub(crate) use memory::Words;
