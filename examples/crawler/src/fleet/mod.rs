//! Crawling by several processes: which one fetches a page its host says.
//!
//! ```text
//!            letters: tickets, seeds            letters: links, redirects
//!  desk ------------------------------> owner 0 <------------------------> owner 1 ...
//!    ^                                     |                                  |
//!    +-------------------------------------+----------------------------------+
//!                        news: what came of which page
//! ```
//!
//! Each process owns the hosts that fall to it: it knows their pages, decides which is next, fetches each once, and keeps the connections. A
//! link to another's host is put into that one's inbox, by whoever has found it. The desk is the process that was started: it keeps the one
//! book, and so it hears of each page what was found there.
//!
//! - *No two owners wait for each other.* An inbox has no size: who puts a letter goes on at once, and what the queue has no room for waits with him.
//!   And a task that does nothing else empties it.
//! - *One limit for all.* To begin a page takes a ticket of the desk, which has as many as may be in flight at once, and no more in all than
//!   `--max-pages` says. An owner asks for as many as it can use, and gives back what it cannot.
//! - *The end.* News of a page tell all links on it, so the desk knows of all pages that are known and of which of them nothing was heard. It is over when
//!   there are none, or no tickets, and no ticket is out.
//! - *An owner that dies* takes along what it had begun and not told. The desk says so, puts its pages down as failed, and tells the others
//!   once more of all pages that they have not told of: a letter may have died with its writer. Who gets one twice knows the page already.

mod desk;
mod member;
mod owner;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::fetch::Answer;

pub use desk::{Call, Desk};

/// A page on its way, redirects included, in whichever process.
#[derive(Debug, Serialize, Deserialize)]
struct Trip {
    /// Who has a ticket for it: the owner of the first page.
    holder: usize,
    /// The page that was asked for and where redirects have led; the last one is to be fetched.
    trail: Vec<Url>,
    /// How many links the first is away from a seed.
    depth: u32,
    /// What the last redirect said.
    status: Option<u16>,
    /// Time that the requests so far took.
    time: Duration,
    /// Bytes that their bodies had.
    bytes: u64,
}

/// What owners are told.
#[derive(Debug, Serialize, Deserialize)]
enum Letter {
    /// These pages of yours can be reached, at these depths.
    Links(Vec<(Url, u32)>),
    /// A redirect leads to a page of yours.
    Trip(Trip),
    /// You may begin so many pages.
    Tickets(usize),
}

/// What the desk is told.
#[derive(Debug, Serialize, Deserialize)]
enum News {
    /// This owner could begin so many pages more.
    Wants { by: usize, tickets: usize },
    /// So many tickets were of no use.
    Returns { by: usize, tickets: usize },
    /// A page's trip goes on with that owner.
    Moved { page: Url, to: usize },
    /// What has become of a page. A redirect, if there is one at the end, is not followed.
    Done { holder: usize, trail: Vec<Url>, depth: u32, answer: Answer },
    /// Descriptors ran out: so many pages at once then.
    Short(usize),
}
