//! Real sites: the documents of Python and PostgreSQL, as Debian has them, served by nginx.
//!
//! nginx's log tells that every page which can be reached was fetched once; a checker of the files
//! tells which links are broken.
#![expect(clippy::disallowed_methods, reason = "the test watches programs from outside")]

mod checker;
mod nginx;
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use checker::{Page, check, decode_escapes};
use nginx::Nginx;
use program::{crawler, fresh_path, read_records};

/// Where the sites are served and what they are made of.
const SITES: [(&str, &str); 2] = [
    ("127.0.0.2", "/usr/share/doc/python3.11/html"),
    ("127.0.0.3", "/usr/share/doc/postgresql-doc-15/html"),
];

/// What is missing on this machine for this test.
fn missing() -> Option<&'static str> {
    if !Nginx::is_there() {
        return Some("nginx");
    }
    let packages = ["python3.11-doc", "postgresql-doc-15"];
    let there = SITES.map(|(_, folder)| Path::new(folder).join("index.html").exists());
    packages.into_iter().zip(there).find(|(_, there)| !there).map(|(package, _)| package)
}

#[test]
fn real_sites_are_crawled_page_by_page_and_checked() {
    if let Some(what) = missing() {
        // Not by `eprintln`, which the test harness would keep to itself.
        writeln!(io::stderr(), "skipped: needs {what}").unwrap();
        return;
    }
    let sites = SITES.map(|(address, folder)| (address, Path::new(folder)));
    let expected = check(&sites);
    assert!(expected.requests.len() > 1500, "the checker must find the documents");

    let nginx = Nginx::start(fresh_path("nginx"), &sites);
    let port = nginx.port();
    let urls = SITES.map(|(address, _)| format!("http://{address}:{port}/"));
    let output = fresh_path("pages.jsonl");
    let args = [&urls[0], &urls[1], "--broken", "--output", output.to_str().unwrap()];
    let ended = crawler(&args);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let logged = nginx.stop();

    assert!(logged.iter().all(|request| request.method == "GET"));
    let mut fetched: BTreeMap<Page, usize> = BTreeMap::new();
    for request in logged {
        *fetched.entry((request.address, decode_escapes(&request.target))).or_default() += 1;
    }
    let twice: Vec<_> = fetched.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "fetched more than once: {twice:?}");
    let fetched: BTreeSet<Page> = fetched.into_keys().collect();
    let never: Vec<_> = expected.requests.difference(&fetched).collect();
    let needless: Vec<_> = fetched.difference(&expected.requests).collect();
    assert!(never.is_empty() && needless.is_empty(), "never: {never:?}, needless: {needless:?}");

    assert_eq!(broken_in(&ended.stdout, port), expected.broken);
    let records = read_records(&output);
    assert!(records.iter().all(|record| record["error"].is_null()));
    assert_eq!(records.len(), expected.requests.len(), "no page redirects to one not fetched yet");
}

/// The list of broken links as the program prints it.
fn broken_in(stdout: &str, port: u16) -> BTreeMap<Page, (u16, BTreeSet<Page>)> {
    let page = |url: &str| {
        let rest = url.strip_prefix("http://").unwrap();
        let (address, path) = rest.split_once(&format!(":{port}")).unwrap();
        (address.to_owned(), decode_escapes(path))
    };
    let mut broken = BTreeMap::new();
    let mut holders: Option<&mut BTreeSet<Page>> = None;
    for line in stdout.lines() {
        if let Some(link) = line.strip_prefix("broken: ") {
            let (url, status) = link.strip_suffix(')').unwrap().rsplit_once(" (").unwrap();
            let entry = (status.parse().unwrap(), BTreeSet::new());
            holders = Some(&mut broken.entry(page(url)).or_insert(entry).1);
        } else if let Some(holder) = line.strip_prefix("    on ") {
            holders.as_mut().unwrap().insert(page(holder));
        }
    }
    broken
}
