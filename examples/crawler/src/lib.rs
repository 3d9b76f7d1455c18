//! A concurrent crawler, one green thread a page: the first program to read about `osier`.
//!
//! | to see | read |
//! |---|---|
//! | how thousands of pages are fetched at once | [`crawl`], [`flights`], [`fetch`] and [`reply`] between them |
//! | a server with one green thread a connection | [`server`] |
//! | how a task waits for a signal | [`signals`] |
//! | how the work is shared out among processes | [`fleet`] |
//! | how something to wait on is built | [`mailbox`] |
//!
//! The rest knows nothing of green threads.
#![forbid(unsafe_code)]

pub mod address;
pub mod args;
pub mod book;
pub mod charset;
pub mod crawl;
pub mod descriptors;
pub mod fetch;
pub mod fleet;
pub mod flights;
pub mod frontier;
pub mod links;
pub mod mailbox;
pub mod progress;
pub mod reply;
pub mod report;
pub mod request;
pub mod scope;
pub mod server;
pub mod signals;
pub mod site;
pub mod slots;
pub mod words;
