//! What is done at a barrier before all go on, and who does it.
//!
//! The last to arrive acts, at the door: so nobody else arrives meanwhile. That somebody acts, for which round, stands in shared
//! memory: whoever waits can find out that it has ended, and whoever comes to the door afterwards that it was left.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

use super::words::Words;
use crate::process::{Entry, Function, Signature, lookup};
use crate::stamp::{self, me};
use crate::wire::Parcel;

/// Behind what else a barrier has: the process that acts, or 0, and for which round.
const ACTOR: usize = 14;
const ROUND: usize = 15;

/// What is done.
#[derive(Clone)]
pub(super) enum Action {
    None,
    /// Of this process; a forked child has a copy.
    Closure(Arc<dyn Fn() + Send + Sync>),
    /// Of the program.
    Function(&'static Entry),
}

impl Action {
    pub(super) fn function<F: Signature<Args = ()>>(function: Function<F>) -> Action {
        Action::Function(function.entry())
    }

    /// Does it; whether it went well.
    pub(super) fn call(&self) -> bool {
        match self {
            Action::None => true,
            Action::Closure(f) => {
                f();
                true
            }
            Action::Function(entry) => {
                let args = Parcel::pack(&()).expect("nothing can be encoded");
                (entry.run)(args).is_ok_and(|code| code == 0)
            }
        }
    }
}

/// A function goes by its name. A closure does not go at all.
impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = match self {
            Action::None => None,
            Action::Function(entry) => Some(entry.name),
            Action::Closure(_) => {
                return Err(S::Error::custom(
                    "a closure stays in this process and those forked from it: give the barrier a function",
                ));
            }
        };
        name.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
        let Some(name) = Option::<String>::deserialize(deserializer)? else {
            return Ok(Action::None);
        };
        let entry = lookup(&name);
        entry.map(Action::Function).ok_or_else(|| D::Error::custom(format!("there is no {name}")))
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::None => "none",
            Action::Closure(_) => "a closure",
            Action::Function(entry) => entry.name,
        })
    }
}

/// Who acts.
#[derive(Clone, Copy)]
pub(super) struct Actor<'a>(pub(super) Words<'a>);

impl Actor<'_> {
    /// Notes that this process acts for that round; at the door only.
    pub(super) fn begin(self, round: u64) {
        // Nobody may take an actor of an earlier round, who has ended since, for this one's.
        self.0.store(ACTOR, 0);
        self.0.store(ROUND, round);
        self.0.store(ACTOR, me());
    }

    /// Notes that it does no more.
    pub(super) fn end(self) {
        self.0.store(ACTOR, 0);
    }

    /// Whether somebody was to act for that round, and has not said that it is through.
    pub(super) fn is_for(self, round: u64) -> bool {
        self.who(round) != 0
    }

    /// Whether whoever acts for that round has ended.
    pub(super) fn is_dead(self, round: u64) -> bool {
        let who = self.who(round);
        who != 0 && stamp::is_dead(who)
    }

    fn who(self, round: u64) -> stamp::Stamp {
        // In this order: an actor that is seen behind its round is of that round or a later one.
        if self.0.load(ROUND) == round { self.0.load(ACTOR) } else { 0 }
    }
}
