//! Deadlines of one hub: a hierarchical timing wheel.
//!
//! A pure data structure: it asks no clock, knows no task and wakes nobody. Whoever owns it says
//! what time it is and gets back what is due.

mod nodes;
mod wheel;

#[cfg(test)]
mod test;

pub(crate) use nodes::Key;
pub(crate) use wheel::Wheel;
