//! A concurrent crawler, one green thread a page: the first program to read about `osier`.
#![forbid(unsafe_code)]

pub mod address;
pub mod args;
pub mod charset;
pub mod frontier;
pub mod links;
pub mod report;
pub mod request;
pub mod scope;
pub mod site;
