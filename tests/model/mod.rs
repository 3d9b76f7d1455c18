//! Tasks that do what they drew by lot, in an order drawn by lot, next to a model of the same.
//!
//! Nobody can say beforehand how the tasks take turns. But between two switches a task is alone, so the
//! model is moved where the real thing is: as an operation begins, as it has ended, as a guard goes. What the
//! model has granted by then the operation must bring home, and nothing else; when all have come to
//! rest, nobody to whom something was granted may still be waiting.
//!
//! - `script`: what is drawn: tasks, their operations, kills, pauses, limits, a seed for the order
//! - `scene`: one operation next to the model; what was wrong
//! - `play`: the run: killed tasks are followed by others that go on with the list, who is stuck is freed
//! - `exchange`: the model of queues and selects
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

mod exchange;
mod play;
mod scene;
mod script;

pub(crate) use exchange::{Branch, Exchange, Item, Order};
pub(crate) use play::{Subject, play};
pub(crate) use scene::{Scene, limited};
pub(crate) use script::{Limit, Script, Step, UNIT, cases, limit, script};
