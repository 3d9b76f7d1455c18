//! A link checker that looks at files, not at servers: what a crawl must find, found another way.
//!
//! It shares nothing with the crawler: its own scanner for tags, its own way with paths.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

/// A page: the address of its site, and its path with escapes decoded.
pub(crate) type Page = (String, String);

/// What a crawl of the sites must find.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// Every page that can be reached, those that are not there included.
    pub(crate) requests: BTreeSet<Page>,
    /// Those that are not there: their status, and the pages that link to them.
    pub(crate) broken: BTreeMap<Page, (u16, BTreeSet<Page>)>,
}

/// What a server of files says to a path.
enum Answer {
    File(PathBuf),
    Moved(String),
    Not(u16),
}

/// Walks through the sites (address and folder) from their front pages.
pub(crate) fn check(sites: &[(&str, &Path)]) -> Expected {
    let mut expected = Expected::default();
    let mut holders: BTreeMap<Page, BTreeSet<Page>> = BTreeMap::new();
    let mut faults = BTreeMap::new();
    let mut queue: VecDeque<Page> =
        sites.iter().map(|(address, _)| (address.to_string(), "/".into())).collect();
    while let Some(page) = queue.pop_front() {
        if !expected.requests.insert(page.clone()) {
            continue;
        }
        let root = sites.iter().find(|(address, _)| *address == page.0).unwrap().1;
        match answer(root, &page.1) {
            Answer::File(file) => {
                for to in links(&file).iter().filter_map(|href| resolve(&page, href)) {
                    if sites.iter().any(|(address, _)| *address == to.0) {
                        assert!(!to.1.contains('?'), "{to:?}: this checker knows no queries");
                        holders.entry(to.clone()).or_default().insert(page.clone());
                        queue.push_back(to);
                    }
                }
            }
            Answer::Moved(path) => queue.push_back((page.0, path)),
            Answer::Not(status) => drop(faults.insert(page, status)),
        }
    }
    for (page, status) in faults {
        let held = holders.remove(&page).expect("it was found on a page");
        expected.broken.insert(page, (status, held));
    }
    expected
}

fn answer(root: &Path, path: &str) -> Answer {
    let mut file = root.join(&path[1..]);
    if file.is_dir() {
        if !path.ends_with('/') {
            return Answer::Moved(format!("{path}/"));
        }
        file.push("index.html");
        if !file.exists() {
            return Answer::Not(403);
        }
    } else if path.ends_with('/') {
        return Answer::Not(404);
    }
    if file.exists() { Answer::File(file) } else { Answer::Not(404) }
}

/// Where a link on a page leads; `None` when that is no page of the web.
fn resolve((address, page): &Page, href: &str) -> Option<Page> {
    let href = decode_entities(href);
    let href = href.trim().split('#').next().unwrap();
    let (address, path) = match href.split_once("://") {
        Some(("http", rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            (host.to_owned(), format!("/{path}"))
        }
        Some(_) => return None,
        None if href.split('/').next().unwrap().contains(':') => return None,
        None if href.is_empty() => (address.clone(), page.clone()),
        None if href.starts_with('/') => (address.clone(), href.to_owned()),
        None => (address.clone(), format!("{}/{href}", &page[..page.rfind('/').unwrap()])),
    };
    Some((address, decode_escapes(&without_dots(&path))))
}

fn without_dots(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path[1..].split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let folder = path.ends_with("/.") || path.ends_with("/..");
    format!("/{}{}", parts.join("/"), if folder { "/" } else { "" })
}

/// Decodes `%41` and the like.
pub(crate) fn decode_escapes(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).expect("the documents have paths in UTF-8")
}

fn decode_entities(text: &str) -> String {
    let mut decoded = String::new();
    let mut parts = text.split('&');
    decoded.push_str(parts.next().unwrap());
    for part in parts {
        let (name, rest) = part.split_once(';').unwrap_or_else(|| panic!("odd entity in {text}"));
        let number = name.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => n.parse().ok(),
        });
        decoded.push(match (name, number.and_then(char::from_u32)) {
            (_, Some(c)) => c,
            ("amp", _) => '&',
            ("quot", _) => '"',
            ("lt", _) => '<',
            ("gt", _) => '>',
            _ => panic!("{text}: this checker knows no such entity"),
        });
        decoded.push_str(rest);
    }
    decoded
}

/// What `<a href>` says in a file, if it is HTML.
fn links(file: &Path) -> Vec<String> {
    if file.extension().is_none_or(|ending| ending != "html") {
        return Vec::new();
    }
    let html = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
    let mut links = Vec::new();
    let mut rest = html.as_str();
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if rest.starts_with("<!--") {
            rest = after(rest, "-->");
            continue;
        }
        let name: String = rest[1..]
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_lowercase();
        if name.is_empty() {
            rest = &rest[1..];
            continue;
        }
        let (attributes, after_tag) = scan_tag(&rest[1 + name.len()..]);
        rest = after_tag;
        match name.as_str() {
            "a" => links.extend(attributes.into_iter().find(|(k, _)| k == "href").map(|(_, v)| v)),
            "base" => panic!("{file:?}: this checker knows no <base>"),
            "script" | "style" | "title" | "textarea" | "noscript" | "iframe" => {
                rest = after(rest, &format!("</{name}"));
            }
            _ => {}
        }
    }
    links
}

/// What follows the first `mark`, in capitals or not.
fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let at =
        text.as_bytes().windows(mark.len()).position(|w| w.eq_ignore_ascii_case(mark.as_bytes()));
    at.map_or("", |at| &text[at + mark.len()..])
}

/// The attributes of a tag and what follows it; `text` begins after the tag's name.
fn scan_tag(mut text: &str) -> (Vec<(String, String)>, &str) {
    let mut attributes = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if text.is_empty() {
            return (attributes, text);
        }
        if let Some(rest) = text.strip_prefix('>') {
            return (attributes, rest);
        }
        let end = text.find(|c: char| c.is_ascii_whitespace() || "=>/".contains(c));
        let (name, rest) = text.split_at(end.unwrap_or(text.len()).max(1));
        text = rest.trim_start();
        let mut value = "";
        if let Some(rest) = text.strip_prefix('=') {
            let rest = rest.trim_start();
            (value, text) = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    rest[1..].split_once(quote).unwrap_or((&rest[1..], ""))
                }
                _ => {
                    let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '>');
                    rest.split_at(end.unwrap_or(rest.len()))
                }
            };
        }
        attributes.push((name.to_lowercase(), value.to_owned()));
    }
}
