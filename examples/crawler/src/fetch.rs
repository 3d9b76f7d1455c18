//! One request: what runs in a green thread of its own, and reads like any blocking code.

use std::io::{self, ErrorKind, Read};
use std::time::Duration;

use osier::clock;
use osier::net::http::ureq::http::Response;
use osier::net::http::{self, Agent, Body, Error};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::{self, Link};
use crate::links::{Found, PageReader};

/// A body may have this many bytes, decompressed.
pub const BODY_LIMIT: u64 = 16 * 1024 * 1024;

/// Bytes of a body read at once.
const PIECE: usize = 16 * 1024;

/// What came of one request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// The status; `None` when no answer came.
    pub status: Option<u16>,
    /// Bytes of the body that were read.
    pub bytes: u64,
    /// How long it all took.
    pub time: Duration,
    /// What it means for the crawl.
    pub outcome: Outcome,
}

/// What an answer means for the crawl.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Outcome {
    /// It was read to its end, and this was found in it (nothing, if it is no HTML).
    Page(Found),
    /// It sends the crawler elsewhere.
    Redirect(Url),
    /// It could not be had; a sentence says why.
    Failed(String),
    /// Its time was up.
    TimedOut,
    /// This process has no file descriptor left for it: later, perhaps.
    NoDescriptor,
}

/// Fetches pages through one pool of connections.
#[derive(Debug)]
pub struct Fetcher {
    /// ureq, over green sockets.
    agent: Agent,
    /// Whether images, style sheets and scripts count as links.
    assets: bool,
}

impl Fetcher {
    /// Makes one that keeps up to `connections` connections open between pages.
    pub fn new(connections: usize, assets: bool) -> Self {
        let agent = http::builder().configure(|config| {
            config
                .user_agent(concat!("osier-crawler/", env!("CARGO_PKG_VERSION")))
                .http_status_as_error(false)
                .max_redirects(0) // the crawl follows them: it may know the page already
                .max_idle_connections(connections)
                .max_idle_connections_per_host(connections)
        });
        Fetcher { agent: agent.build(), assets }
    }

    /// Fetches a page; all of it may take as long as `limit`.
    ///
    /// # Blocking
    ///
    /// Switches tasks.
    pub fn get(&self, url: &Url, limit: Duration) -> Answer {
        let began = clock::now();
        // Filled in as the answer comes in, so that a page cut short still tells how far it came.
        let (mut status, mut bytes) = (None, 0);
        let outcome = osier::timeout(limit, || self.request(url, &mut status, &mut bytes))
            .unwrap_or(Outcome::TimedOut);
        Answer { status, bytes, time: clock::now() - began, outcome }
    }

    fn request(&self, url: &Url, status: &mut Option<u16>, bytes: &mut u64) -> Outcome {
        let mut response = match self.call(url) {
            Ok(response) => response,
            Err(Error::Io(e)) if is_out_of_descriptors(&e) => return Outcome::NoDescriptor,
            Err(e) => return Outcome::Failed(describe(&e)),
        };
        *status = Some(response.status().as_u16());
        let content_type = header(&response, "content-type");
        let mut page = (response.status().is_success() && is_html(&content_type))
            .then(|| PageReader::new(url.clone(), &content_type, self.assets));
        let take = |piece: &[u8]| page.iter_mut().for_each(|page| page.read(piece));
        if let Err(reason) = read(response.body_mut(), bytes, take) {
            return Outcome::Failed(reason);
        }
        match status {
            Some(301 | 302 | 303 | 307 | 308) => redirect(url, &header(&response, "location")),
            _ => Outcome::Page(page.map(PageReader::finish).unwrap_or_default()),
        }
    }

    /// Sends the request; a second time if the server hung up on the first without a word.
    ///
    /// A kept-alive connection may be closed by the server just as we write to it, which says
    /// nothing about the page (RFC 9110, section 9.2.2, lets a client ask again).
    fn call(&self, url: &Url) -> Result<Response<Body>, Error> {
        match self.agent.get(url.as_str()).call() {
            Err(Error::Io(e)) if is_hang_up(&e) => self.agent.get(url.as_str()).call(),
            result => result,
        }
    }
}

/// Reads a body to its end, piece by piece.
fn read(body: &mut Body, bytes: &mut u64, mut take: impl FnMut(&[u8])) -> Result<(), String> {
    let too_large = || format!("the body is over the limit of {} MiB", BODY_LIMIT >> 20);
    if body.content_length().is_some_and(|length| length > BODY_LIMIT) {
        return Err(too_large());
    }
    let mut reader = body.as_reader();
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                *bytes += n as u64;
                if *bytes > BODY_LIMIT {
                    return Err(too_large());
                }
                take(&piece[..n]);
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(format!("the body broke off: {}", describe(&Error::from(e)))),
        }
    }
}

fn redirect(from: &Url, location: &str) -> Outcome {
    match address::link(from, location, encoding_rs::UTF_8) {
        _ if location.is_empty() => Outcome::Failed("a redirect that does not say where to".into()),
        Link::Page(url) => Outcome::Redirect(url),
        Link::Other => Outcome::Failed(format!("a redirect to {location:?}")),
        Link::Wrong(e) => Outcome::Failed(format!("a redirect to {location:?}: {e}")),
    }
}

/// A header's value; empty when there is none.
fn header(response: &Response<Body>, name: &str) -> String {
    let value = response.headers().get(name).map(|value| value.as_bytes());
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

fn is_html(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"].iter().any(|html| kind.eq_ignore_ascii_case(html))
}

fn is_hang_up(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE]
        .map(|errno| Some(errno.raw_os_error()))
        .contains(&error.raw_os_error())
}

/// Says what went wrong without the jargon of ureq's own messages.
fn describe(error: &Error) -> String {
    match error {
        Error::Io(e) if e.kind() == ErrorKind::UnexpectedEof => "the server hung up".into(),
        Error::Io(e) => e.to_string(),
        Error::HostNotFound => "there is no such host".into(),
        Error::Protocol(e) => format!("the answer is not HTTP: {e}"),
        e => e.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_goes_by_two_names() {
        assert!(is_html("text/html"));
        assert!(is_html("Text/HTML ;charset=utf-8"));
        assert!(is_html("application/xhtml+xml"));
        assert!(!is_html("text/plain"));
        assert!(!is_html(""));
    }

    #[test]
    fn redirects_are_resolved() {
        let from = Url::parse("http://h/a/b").unwrap();
        let to = |location| match redirect(&from, location) {
            Outcome::Redirect(url) => url.to_string(),
            Outcome::Failed(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(to("c#d"), "http://h/a/c");
        assert_eq!(to("https://other/"), "https://other/");
        assert!(to("").contains("where to"));
        assert!(to("mailto:x@h").contains("mailto"));
        assert!(to("http://[").contains("http://["));
    }

    #[test]
    fn a_full_table_is_told_from_other_errors() {
        assert!(is_out_of_descriptors(&io::Error::from_raw_os_error(24)));
        assert!(is_out_of_descriptors(&io::Error::from_raw_os_error(23)));
        assert!(!is_out_of_descriptors(&io::Error::from_raw_os_error(111)));
        assert!(!is_out_of_descriptors(&io::Error::other("x")));
    }
}
