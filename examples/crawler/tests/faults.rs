//! Whatever a server does: a line in the report, and the crawl goes on.
#![expect(clippy::disallowed_methods, reason = "plain threads of the system serve and watch here")]

mod faulty;
mod program;

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use faulty::{Fault, Faulty, answer, page, redirect};
use program::{Ended, Served, crawler, fresh_path, read_records, start, start_with_descriptors};

/// Crawls with these arguments; gives the summary's program and the records.
fn crawl(args: &[&str]) -> (Ended, Vec<Value>) {
    let path = fresh_path("pages.jsonl");
    let output = path.to_str().unwrap();
    let ended = crawler(&[args, &["--json", "--output", output]].concat());
    (ended, read_records(&path))
}

/// The record of a URL, of which there must be one.
fn record<'a>(records: &'a [Value], url: &str) -> &'a Value {
    let mut found = records.iter().filter(|record| record["url"] == url);
    let record = found.next().unwrap_or_else(|| panic!("{url} is not in {records:#?}"));
    assert!(found.next().is_none(), "{url} is there twice");
    record
}

/// Crawls one faulty page that another one links to; that other one must be fine.
fn crawl_one(fault: Fault, more: &[&str]) -> (Ended, Value) {
    let server = Faulty::start([("/", page("<a href=/fault>f</a>")), ("/fault", fault)]);
    let (ended, records) = crawl(&[&[server.url("/").as_str()], more].concat());
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(record(&records, &server.url("/"))["error"], Value::Null);
    (ended, record(&records, &server.url("/fault")).clone())
}

fn assert_error(record: &Value, wanted: &str) {
    let error = record["error"].as_str().unwrap_or_else(|| panic!("no error: {record}"));
    assert!(error.contains(wanted), "{error:?} should say {wanted:?}");
}

#[test]
fn a_wrong_url_is_a_line() {
    let server = Faulty::start([("/", page("fine"))]);
    let (ended, records) = crawl(&["nonsense", &server.url("/"), "ftp://h/", "http://[/"]);
    assert_eq!(ended.code(), 0);
    assert_eq!(ended.json()["pages"], 4);
    assert_eq!(ended.json()["errors"], 3);
    assert_eq!(ended.json()["broken"], 0);
    assert_error(record(&records, "nonsense"), "not a URL");
    assert_error(record(&records, "ftp://h/"), "ftp");
    assert_error(record(&records, "http://[/"), "not a URL");
    assert!(ended.stderr.contains("nonsense"), "people are told, too");
}

#[test]
fn nothing_fetched_is_failure() {
    let (ended, records) = crawl(&["nonsense"]);
    assert_eq!(ended.code(), 1);
    assert_eq!(records.len(), 1);
}

#[test]
fn a_refused_connection_is_a_line() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}/");
    let (ended, records) = crawl(&[&url]);
    assert_eq!(ended.code(), 1);
    assert_error(record(&records, &url), "refused");
    assert_eq!(record(&records, &url)["status"], Value::Null);
}

#[test]
fn an_unknown_host_is_a_line() {
    let (ended, records) = crawl(&["http://no-such-host.invalid/"]);
    assert_eq!(ended.code(), 1);
    assert_eq!(ended.json()["errors"], 1);
    assert!(records[0]["error"].is_string());
}

#[test]
fn redirects_are_followed_and_no_page_is_fetched_twice() {
    let server = Faulty::start([
        ("/", page("<a href=/old>1</a> <a href=/older>2</a> <a href=/away>3</a>")),
        ("/old", redirect("301 Moved Permanently", "/new#part")),
        ("/older", redirect("302 Found", "old")),
        ("/new", page("<title>New</title><a href=/>front</a> <a href=/more>m</a>")),
        ("/more", page("<a href=/new>n</a>")),
        ("/away", redirect("307 Temporary Redirect", "http://127.0.0.1:1/")),
    ]);
    let (ended, records) = crawl(&[&server.url("/")]);
    assert_eq!((&ended.json()["errors"], &ended.json()["broken"]), (&0.into(), &0.into()));
    for path in ["/", "/old", "/older", "/new", "/more", "/away"] {
        assert_eq!(server.count(path), 1, "{path}");
    }
    let away = record(&records, &server.url("/away"));
    assert_eq!((&away["status"], &away["final_url"]), (&307.into(), &"http://127.0.0.1:1/".into()));
    assert!(ended.stderr.contains("redirects to 127.0.0.1"), "{}", ended.stderr);
    // Whichever of the two came first has the page, the other one where it is to be found.
    let ends: Vec<_> = ["/old", "/older"]
        .map(|path| record(&records, &server.url(path)))
        .map(|r| (r["status"].clone(), r["final_url"].clone()))
        .into();
    assert!(ends.contains(&(200.into(), server.url("/new").into())), "{ends:?}");
    assert_eq!(records.len(), 5, "and no line for the page that a redirect led to");
}

#[test]
fn an_endless_redirect_is_a_line() {
    let (ended, record) = crawl_one(redirect("302 Found", "/count/1"), &[]);
    assert_eq!(record["status"], 404);
    assert_eq!(ended.json()["broken"], 1);

    let server = Faulty::start([("/count/*", Fault::Counts)]);
    let (ended, records) = crawl(&[&server.url("/count/1")]);
    assert_eq!(ended.json()["errors"], 1);
    assert_error(&records[0], "more than 10 redirects");
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn redirects_in_a_circle_are_a_line() {
    let (_, record) = crawl_one(redirect("302 Found", "/fault"), &[]);
    assert_error(&record, "circle");

    let server = Faulty::start([
        ("/", page("<a href=/a>a</a> <a href=/b>b</a> <a href=/c>c</a>")),
        ("/a", redirect("302 Found", "/b")),
        ("/b", redirect("302 Found", "/c")),
        ("/c", redirect("302 Found", "/a")),
    ]);
    let (ended, _) = crawl(&[&server.url("/")]);
    assert_eq!((&ended.json()["errors"], &ended.json()["broken"]), (&1.into(), &3.into()));
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_redirect_to_nowhere_is_a_line() {
    for (to, wanted) in [("", "where to"), ("mailto:x@h", "mailto"), ("http://[", "http://[")] {
        assert_error(&crawl_one(redirect("301 Moved", to), &[]).1, wanted);
    }
}

#[test]
fn a_body_over_the_limit_is_a_line() {
    let declared = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999999\r\n\r\n";
    let (_, record) = crawl_one(Fault::Floods(declared), &[]);
    assert_error(&record, "16 MiB");
    assert_eq!((&record["status"], &record["bytes"]), (&200.into(), &0.into()));

    let (_, record) = crawl_one(Fault::Floods("HTTP/1.1 200 OK\r\n\r\n"), &[]);
    assert_error(&record, "16 MiB");
    assert!(record["bytes"].as_u64().unwrap() < 17 << 20);
}

#[test]
fn a_stalled_server_is_a_line() {
    let begun = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 50\r\n\r\n<p>";
    for fault in [
        Fault::Stalls(b""),
        Fault::Stalls(b"HTTP/1.1 200 OK\r\nContent-"),
        Fault::Stalls(begun),
        Fault::Drips(b"HTTP/1.1 200 OK\r\nX: "),
        Fault::Drips(b"HTTP/1.1 200 OK\r\n\r\n"),
    ] {
        let (_, record) = crawl_one(fault, &["--timeout", "0.2"]);
        assert_error(&record, "timed out after 200ms");
        assert!((200.0..2000.0).contains(&record["ms"].as_f64().unwrap()), "{record}");
    }
}

#[test]
fn what_is_not_http_is_a_line() {
    for bytes in [
        &b"hello, who is there?\r\n\r\n"[..],
        b"\x16\x03\x01\x02\0\x01\0\x01\xFC\x03\x03\0\0\0",
        b"HTTP/1.1 999999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\n",
        b"",
    ] {
        let (ended, record) = crawl_one(Fault::Sends(bytes.to_vec()), &[]);
        assert!(record["error"].is_string(), "{}: {record}", bytes.escape_ascii());
        assert_eq!((&ended.json()["errors"], &ended.json()["broken"]), (&1.into(), &1.into()));
    }
}

#[test]
fn invalid_html_is_read_as_far_as_it_goes() {
    let html = "<title>Odd<p><a href=/a></title</p>\0\u{fffd}<!-- <a href=/b>--><<a href='/c'>x\
                <table><a href=\"/d\" <b>";
    let (ended, record) = crawl_one(page(html), &[]);
    assert_eq!((&record["status"], &record["error"]), (&200.into(), &Value::Null));
    assert_eq!(ended.json()["errors"], 0);
}

#[test]
fn broken_links_are_told_with_the_pages_that_hold_them() {
    let server = Faulty::start([
        ("/", page("<a href=/a>a</a> <a href=/gone>g</a> <a href=/sick>s</a>")),
        ("/a", page("<a href=/gone#x>g</a> <a href=/gone>again</a> <a href='http://['>w</a>")),
        ("/sick", answer("500 Internal Server Error", "text/html", b"<a href=/b>")),
    ]);
    let ended = crawler(&[&server.url("/"), "--broken"]);
    let list = format!(
        "broken: {gone} (404)\n    on {root}\n    on {a}\n\
         broken: {sick} (500)\n    on {root}\n\
         broken: http://[ (not a URL)\n    on {a}\n",
        root = server.url("/"),
        a = server.url("/a"),
        gone = server.url("/gone"),
        sick = server.url("/sick"),
    );
    assert!(ended.stdout.starts_with(&list), "{}", ended.stdout);
    assert_eq!(ended.code(), 0);
    assert_eq!(server.requests().len(), 4, "links of error pages are not followed");
}

#[test]
fn assets_are_fetched_when_asked_for_and_not_parsed() {
    let html = "<img src=/i.png><script src=/s.js></script><link href=/c.css>";
    let server = Faulty::start([
        ("/", page(html)),
        ("/i.png", answer("200 OK", "image/png", b"<a href=/never>")),
        ("/s.js", answer("200 OK", "text/javascript", b"x")),
    ]);
    let (without, _) = crawl(&[&server.url("/")]);
    assert_eq!(without.json()["pages"], 1);
    let (with, records) = crawl(&[&server.url("/"), "--assets"]);
    assert_eq!((&with.json()["pages"], &with.json()["broken"]), (&4.into(), &1.into()));
    assert_eq!(record(&records, &server.url("/i.png"))["bytes"], 15);
}

#[test]
fn limits_hold() {
    let server = Faulty::start([
        ("/", page("<a href=/1>1</a> <a href=/2>2</a>")),
        ("/1", page("<a href=/3>3</a>")),
        ("/2", page("<a href=/4>4</a>")),
    ]);
    let pages = |args: &[&str]| {
        crawler(&[args, &[&server.url("/"), "--json"]].concat()).json()["pages"].clone()
    };
    assert_eq!(pages(&["--depth", "0"]), 1);
    assert_eq!(pages(&["--depth", "1"]), 3);
    assert_eq!(pages(&["--max-pages", "2"]), 2);
    assert_eq!(pages(&[]), 5);
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let ended = crawler(&["http://127.0.0.1:1/", "--output", "/no/such/folder/x"]);
    assert_eq!(ended.code(), 1);
    assert!(ended.stderr.contains("/no/such/folder/x"), "{}", ended.stderr);
}

fn assert_interrupts(signal: Signal) {
    let server = Faulty::start([
        (
            "/",
            page("<a href=/a>a</a> <a href=/b>b</a> <a href=/stall/1>1</a> <a href=/stall/2>2</a>"),
        ),
        ("/a", page("fine")),
        ("/b", page("<a href=/late>l</a>")),
        ("/stall/*", Fault::Stalls(b"")),
    ]);
    let path = fresh_path("pages.jsonl");
    let root = server.url("/");
    let running =
        start(&["--json", "--output", path.to_str().unwrap(), "--concurrency", "3", &root]);
    // Two of the three slots are stalled in the end, and the third has asked for all the rest.
    while server.requests().len() < 6 {
        thread::sleep(Duration::from_millis(5));
    }
    running.signal(signal);
    let ended = running.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    // The last answer may have been on its way.
    let done = ended.json()["pages"].as_u64().unwrap();
    assert!((3..=4).contains(&done), "{ended:?}");
    let said = format!("interrupted: {done} pages done, {} abandoned in flight", 6 - done);
    assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    assert_eq!(read_records(&path).len() as u64, done);
}

#[test]
fn ctrl_c_ends_it_cleanly() {
    assert_interrupts(Signal::INT);
}

#[test]
fn sigterm_ends_it_cleanly() {
    assert_interrupts(Signal::TERM);
}

#[test]
fn running_out_of_descriptors_is_said_and_survived() {
    let served = Served::start(&["--pages", "200", "--delay-ms", "20"]);
    let ended = start_with_descriptors(40, &[&served.url, "--concurrency", "150", "--json"]).wait();
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!((&ended.json()["pages"], &ended.json()["errors"]), (&200.into(), &0.into()));
    let said = ended.stderr.matches("no file descriptor left").count();
    assert_eq!(said, 1, "once, and then fewer pages at once: {}", ended.stderr);
    let counted = served.stop();
    assert_eq!(counted.requests, 200);
    assert!(counted.most_connections <= 40);
}

#[test]
fn no_descriptor_at_all_is_a_line() {
    let served = Served::start(&["--pages", "1"]);
    let path = fresh_path("pages.jsonl");
    let args = [&served.url, "--json", "--output", path.to_str().unwrap()];
    // The first limit that has room for the program itself has none for a socket.
    let ended = (3..40)
        .map(|limit| start_with_descriptors(limit, &args).wait())
        .find(|ended| ended.stderr.contains("no file descriptor left"))
        .expect("some limit leaves no socket");
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert_error(&read_records(&path)[0], "no file descriptor left");
}
