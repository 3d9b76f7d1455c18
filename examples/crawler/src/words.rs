//! The report in words, for people.

use std::fmt::Write;
use std::time::Duration;

use crate::args::SiteOptions;
use crate::crawl::Crawled;
use crate::frontier::BrokenLink;

/// More errors than this are counted, not listed.
const ERRORS_LISTED: usize = 20;

/// What a crawl has found, in a few lines.
pub fn report(crawled: &Crawled) -> String {
    let mut text = String::new();
    let (summary, report) = (&crawled.summary, &crawled.report);
    for (url, reason) in report.errors.iter().take(ERRORS_LISTED) {
        line(&mut text, format_args!("error: {url}: {reason}"));
    }
    if report.errors.len() > ERRORS_LISTED {
        let more = count(report.errors.len() - ERRORS_LISTED, "more error");
        line(&mut text, format_args!("and {more}, see --output"));
    }
    for host in &report.outside {
        line(&mut text, format_args!("not followed: redirects to {host}, which is no seed's host"));
    }
    line(
        &mut text,
        format_args!(
            "{} ({}), {}, {}, {}",
            count(summary.pages, "page"),
            size(summary.bytes),
            count(report.redirects, "redirect"),
            count(summary.errors, "error"),
            count(summary.broken, "broken link"),
        ),
    );
    line(
        &mut text,
        format_args!(
            "{:.2} s, {:.0} pages a second, {} at once at most",
            summary.seconds, summary.pages_per_second, summary.max_in_flight
        ),
    );
    if !crawled.shares.is_empty() {
        let shares: Vec<String> = crawled.shares.iter().map(|n| grouped(*n as usize)).collect();
        let (n, shares) = (shares.len(), shares.join(", "));
        line(&mut text, format_args!("by {n} processes, with {shares} requests"));
    }
    for dead in &crawled.dead {
        line(&mut text, format_args!("{dead}"));
    }
    text
}

/// What cut a crawl short or slowed it down; empty if nothing did.
pub fn notices(crawled: &Crawled) -> String {
    let mut text = String::new();
    if let Some(slots) = crawled.short {
        let pages = count(slots, "page");
        line(&mut text, format_args!("file descriptors ran out (ulimit -n): {pages} at once then"));
    }
    if let Some(in_flight) = crawled.interrupted {
        line(
            &mut text,
            format_args!(
                "interrupted: {} done, {} abandoned in flight, {} not begun",
                count(crawled.summary.pages, "page"),
                grouped(in_flight),
                grouped(crawled.left),
            ),
        );
    }
    text
}

/// The broken links, each with the pages that hold it.
pub fn broken(links: &[BrokenLink]) -> String {
    let mut text = String::new();
    for BrokenLink { link, reason, holders } in links {
        line(&mut text, format_args!("broken: {link} ({reason})"));
        for holder in holders {
            line(&mut text, format_args!("    on {holder}"));
        }
    }
    text
}

/// What the demo is about to do.
pub fn demo(site: SiteOptions, url: &str) -> String {
    let (pages, delay) = (count(site.pages, "page"), site.delay.as_millis());
    format!("crawling a demo site on {url}: {pages}, each answered after {delay} ms\n")
}

/// Why the demo uses fewer slots than it was told to.
pub fn fewer(slots: usize) -> String {
    format!("room for {} at once only: see ulimit -n\n", count(slots, "page"))
}

/// How the crawl of the demo site compares with one page after the other.
pub fn comparison(crawled: &Crawled, delay: Duration) -> String {
    let (pages, seconds) = (crawled.summary.pages, crawled.summary.seconds);
    let waiting = delay.as_secs_f64() * pages as f64;
    let mut text = String::new();
    line(
        &mut text,
        format_args!(
            "one by one: {waiting:.1} s at least ({} x {} ms; the pages' own times add up to {:.1} s)",
            count(pages, "page"),
            delay.as_millis(),
            crawled.report.page_time.as_secs_f64(),
        ),
    );
    let factor = waiting / seconds.max(1e-3);
    line(&mut text, format_args!("many at once: {seconds:.2} s, {factor:.0} times as fast"));
    text
}

/// What a server has seen, in one line.
pub fn served(requests: u64, most_connections: usize) -> String {
    let requests = count(requests as usize, "request");
    format!(
        "the site: {requests}, {} connections open at once at most\n",
        grouped(most_connections)
    )
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{what}");
}

/// A number of things, with an s where it takes one.
fn count(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A number with its thousands set apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1e3 => format!("{bytes} B"),
        bytes if bytes < 1e6 => format!("{:.1} kB", bytes / 1e3),
        bytes if bytes < 1e9 => format!("{:.1} MB", bytes / 1e6),
        bytes => format!("{:.2} GB", bytes / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 2].map(|n| count(n, "page")), ["0 pages", "1 page", "2 pages"]);
        assert_eq!([0, 999, 1_500, 2_000_000].map(size), ["0 B", "999 B", "1.5 kB", "2.0 MB"]);
    }

    #[test]
    fn broken_links_are_listed_with_their_holders() {
        let links = [BrokenLink {
            link: "http://h/gone".into(),
            reason: "404".into(),
            holders: vec!["http://h/a".into(), "http://h/b".into()],
        }];
        assert_eq!(
            broken(&links),
            "broken: http://h/gone (404)\n    on http://h/a\n    on http://h/b\n"
        );
    }
}
