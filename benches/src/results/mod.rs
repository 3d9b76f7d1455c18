//! What becomes of the lines: kept with a stamp, turned into tables, compared in pairs.

mod compare;
mod row;
mod stamp;
mod table;

pub(crate) use compare::compare;
pub(crate) use stamp::stamp;
pub(crate) use table::table;
