//! The demo: served and crawled by one process, and by two.
#![expect(clippy::disallowed_methods, reason = "the test watches programs from outside")]

mod program;

use std::thread;
use std::time::Duration;

use program::{Served, crawler, fresh_path, read_records, start, start_with_descriptors};

#[test]
fn one_process_serves_and_crawls() {
    let path = fresh_path("pages.jsonl");
    let ended = crawler(&["--json", "--pages", "150", "--output", path.to_str().unwrap()]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let summary = ended.json();
    let keys: Vec<_> = summary.as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted =
        ["pages", "bytes", "errors", "broken", "seconds", "pages_per_second", "max_in_flight"];
    wanted.sort_unstable();
    assert_eq!(keys, wanted);
    for (key, value) in [("pages", 150), ("errors", 0), ("broken", 0), ("max_in_flight", 64)] {
        assert_eq!(summary[key], value, "{key}");
    }
    let records = read_records(&path);
    assert_eq!(records.len(), 150);
    let bytes: u64 = records.iter().map(|record| record["bytes"].as_u64().unwrap()).sum();
    assert_eq!(summary["bytes"], bytes);
    assert!(records.iter().all(|r| r["status"] == 200 && r["title"].is_string()));
    assert!(records.iter().all(|r| r["ms"].as_f64().unwrap() >= 50.0), "none came early");
    assert_eq!(records.iter().filter_map(|r| r["depth"].as_u64()).max(), Some(2));
}

#[test]
fn people_are_told_how_much_faster_it_was() {
    let ended = crawler(&["--pages", "60", "--delay-ms", "20"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.stdout.contains("60 pages"), "{}", ended.stdout);
    assert!(ended.stdout.contains("one by one: 1.2 s at least"), "{}", ended.stdout);
    assert!(ended.stdout.contains("times as fast"), "{}", ended.stdout);
}

#[test]
fn the_demo_makes_do_with_few_descriptors() {
    let args = ["--json", "--pages", "100", "--concurrency", "200", "--delay-ms", "5"];
    let ended = start_with_descriptors(64, &args).wait();
    assert_eq!(ended.code(), 0, "{ended:?}");
    let summary = ended.json();
    assert_eq!((&summary["pages"], &summary["errors"]), (&100.into(), &0.into()));
    assert_eq!(summary["max_in_flight"], 20);
    assert!(ended.stderr.contains("room for 20 pages at once only"), "{}", ended.stderr);
}

#[test]
fn a_site_of_one_page_is_a_site() {
    assert_eq!(crawler(&["--json", "--pages", "1", "--delay-ms", "0"]).json()["pages"], 1);
}

#[test]
fn a_second_process_counts_the_same() {
    let served = Served::start(&["--pages", "300", "--delay-ms", "20"]);
    let summary = crawler(&[&served.url, "--json", "--concurrency", "40"]).json();
    assert_eq!((&summary["pages"], &summary["errors"]), (&300.into(), &0.into()));
    assert_eq!(summary["max_in_flight"], 40);
    let counted = served.stop();
    assert_eq!(counted.requests, 300, "each page once");
    // One a slot, kept alive: with a new one for each page there would be 300 in all.
    assert!((20..=40).contains(&counted.most_connections), "{counted:?}");
}

#[test]
fn a_thousand_at_once_take_few_os_threads() {
    // The delay is longer than a debug build takes to open a thousand connections.
    let served = Served::start(&["--delay-ms", "1500"]);
    let mut running = start(&[&served.url, "--json", "--concurrency", "1000"]);
    let mut most_threads = 0;
    while !running.has_ended() {
        most_threads = most_threads.max(running.os_threads());
        thread::sleep(Duration::from_millis(2));
    }
    let summary = running.wait().json();
    assert_eq!((&summary["pages"], &summary["errors"]), (&1000.into(), &0.into()));
    assert!(summary["max_in_flight"].as_u64().unwrap() >= 900, "{summary}");
    let counted = served.stop();
    assert_eq!(counted.requests, 1000);
    assert!(counted.most_connections >= 900, "{counted:?}");
    assert!((1..=8).contains(&most_threads), "{most_threads} OS threads");
}

#[test]
fn the_command_line_is_checked() {
    let ended = crawler(&["--concurrency", "none"]);
    assert_eq!(ended.code(), 2);
    assert!(ended.stderr.contains("--concurrency") && ended.stdout.is_empty(), "{ended:?}");
    let help = crawler(&["--help"]);
    assert_eq!(help.code(), 0);
    assert!(help.stdout.contains("--concurrency N") && help.stderr.is_empty());
    assert!(crawler(&["--version"]).stdout.starts_with("crawler "));
}

#[test]
fn an_address_that_is_taken_is_said() {
    let served = Served::start(&[]);
    let address = served.url.trim_start_matches("http://").trim_end_matches('/');
    let ended = crawler(&["--serve", address]);
    assert_eq!(ended.code(), 1);
    assert!(ended.stderr.contains(address), "{}", ended.stderr);
}
