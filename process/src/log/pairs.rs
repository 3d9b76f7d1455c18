//! The key-values of a record, as they travel.
//!
//! Numbers stay numbers and texts texts; whatever else there is goes as the text that it prints. So much is taken and no more.

use std::fmt::{self, Write};

use ::log::kv::{self, Key, Source, Value, VisitSource, VisitValue};
use serde::{Deserialize, Serialize};

use super::letter::clip;

/// The bytes of all keys and texts of a record.
const MOST: usize = 32 << 10;
/// The bytes of one key.
const MOST_OF_A_KEY: usize = 1 << 10;
/// Bytes that a pair counts besides.
const PAIR: usize = 16;

/// A value that can travel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Big(i128),
    Vast(u128),
    Float(f64),
    Text(String),
}

impl Plain {
    fn value(&self) -> Value<'_> {
        match self {
            Plain::Null => Value::null(),
            Plain::Bool(value) => Value::from(*value),
            Plain::Signed(value) => Value::from(*value),
            Plain::Unsigned(value) => Value::from(*value),
            Plain::Big(value) => Value::from(value),
            Plain::Vast(value) => Value::from(value),
            Plain::Float(value) => Value::from(*value),
            Plain::Text(text) => Value::from(text.as_str()),
        }
    }
}

/// The pairs of a record, in their order.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pairs(pub(super) Vec<(String, Plain)>);

impl Pairs {
    /// As many as there is room for, and how many there were besides.
    pub(super) fn of(source: &dyn Source) -> (Pairs, usize) {
        let mut taker = Taker { pairs: Vec::new(), room: MOST, left_out: 0 };
        // It fails if a value's own code does: then these are all.
        let _ = source.visit(&mut taker);
        (Pairs(taker.pairs), taker.left_out)
    }
}

impl Source for Pairs {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), kv::Error> {
        self.0
            .iter()
            .try_for_each(|(key, value)| visitor.visit_pair(Key::from_str(key), value.value()))
    }
}

struct Taker {
    pairs: Vec<(String, Plain)>,
    room: usize,
    left_out: usize,
}

impl<'kvs> VisitSource<'kvs> for Taker {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let key = clip(key.as_str(), MOST_OF_A_KEY).to_string();
        let Some(room) = self.room.checked_sub(key.len() + PAIR).filter(|_| self.left_out == 0)
        else {
            self.left_out += 1;
            return Ok(());
        };
        let mut plain = Plainly { value: Plain::Null, room };
        value.visit(&mut plain)?;
        self.room = match &plain.value {
            Plain::Text(text) => room.saturating_sub(text.len()),
            _ => room,
        };
        self.pairs.push((key, plain.value));
        Ok(())
    }
}

struct Plainly {
    value: Plain,
    /// For a text.
    room: usize,
}

impl Plainly {
    fn set(&mut self, value: Plain) -> Result<(), kv::Error> {
        self.value = value;
        Ok(())
    }
}

impl<'v> VisitValue<'v> for Plainly {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        let mut text = Text::with_room(self.room);
        write!(text, "{value}")?;
        self.set(Plain::Text(text.kept))
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        self.set(Plain::Null)
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.set(Plain::Unsigned(value))
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.set(Plain::Signed(value))
    }

    fn visit_u128(&mut self, value: u128) -> Result<(), kv::Error> {
        self.set(Plain::Vast(value))
    }

    fn visit_i128(&mut self, value: i128) -> Result<(), kv::Error> {
        self.set(Plain::Big(value))
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        self.set(Plain::Float(value))
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        self.set(Plain::Bool(value))
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        let text = clip(value, self.room).to_string();
        self.set(Plain::Text(text))
    }
}

/// What is written, up to a length, and how long it would be.
pub(super) struct Text {
    pub(super) kept: String,
    pub(super) beyond: usize,
    room: usize,
}

impl Text {
    pub(super) fn with_room(room: usize) -> Text {
        Text { kept: String::new(), beyond: 0, room }
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let some = if self.beyond == 0 { clip(text, self.room - self.kept.len()) } else { "" };
        self.kept.push_str(some);
        self.beyond += text.len() - some.len();
        Ok(())
    }
}
