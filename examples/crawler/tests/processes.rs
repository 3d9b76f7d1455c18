//! Crawls by several processes: sites on many loopback hosts that link to one another.
#![expect(clippy::disallowed_methods, reason = "the test watches programs from outside")]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use program::{crawler, fresh_path, read_records, start};
use rustix::process::{Pid, Signal, kill_process};

/// So many that no two processes leave one of them without any.
const HOSTS: usize = 20;

/// What was asked for, and how often.
type Log = Arc<Mutex<BTreeMap<String, usize>>>;

/// Sites on 127.0.0.1 and its neighbours, each of which links to the next one; plain threads, no osier in them.
struct Sites {
    port: u16,
    log: Log,
}

impl Sites {
    fn start() -> Sites {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let (port, log) = (listener.local_addr().unwrap().port(), Log::default());
        let seen = log.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = seen.clone();
                thread::spawn(move || serve(&stream, port, &seen));
            }
        });
        Sites { port, log }
    }

    fn urls(&self) -> Vec<String> {
        (1..=HOSTS).map(|n| format!("http://127.0.0.{n}:{}/", self.port)).collect()
    }

    /// What was asked for since the last call, as `host/path`, and how often.
    fn take(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

fn serve(stream: &TcpStream, port: u16, log: &Log) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    loop {
        let Some(first) = lines.next() else { return };
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let host = head
            .iter()
            .find_map(|line| line.to_lowercase().strip_prefix("host: 127.0.0.").map(String::from));
        let host: usize = host.unwrap().split(':').next().unwrap().parse().unwrap();
        let path = first.split(' ').nth(1).unwrap();
        *log.lock().unwrap().entry(format!("{host}{path}")).or_default() += 1;
        if path == "/stall" {
            thread::sleep(Duration::from_secs(60));
        }
        if (&mut &*stream).write_all(answer(host, path, port).as_bytes()).is_err() {
            return;
        }
    }
}

/// The front page links to one that the next site has, and to one that leads there; those to others.
fn answer(host: usize, path: &str, port: u16) -> String {
    let next = format!("http://127.0.0.{}:{port}", host % HOSTS + 1);
    let links = match path {
        "/" => vec!["/own".into(), format!("{next}/deep"), "/moved".into(), format!("{next}/own")],
        "/deep" => vec!["/deep/er".into(), format!("{next}/deep"), format!("{next}/shared")],
        "/moved" => {
            let to = format!("Location: {next}/target\r\n");
            return format!("HTTP/1.1 302 Found\r\n{to}Content-Length: 0\r\n\r\n");
        }
        "/target" => vec!["/".into(), "/shared".into()],
        _ => Vec::new(),
    };
    let html: String = links.iter().map(|link| format!("<a href=\"{link}\">x</a>")).collect();
    let length = html.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n{html}")
}

#[test]
fn two_processes_fetch_the_same_pages_each_once() {
    let sites = Sites::start();
    let (urls, output) = (sites.urls(), fresh_path("pages.jsonl"));
    let mut args: Vec<&str> = urls.iter().map(String::as_str).collect();
    args.extend(["--output", output.to_str().unwrap(), "--concurrency", "16"]);
    let alone = crawler(&args);
    assert_eq!(alone.code(), 0, "{alone:?}");
    let (wanted, records) = (sites.take(), read_records(&output).len());
    assert_eq!((wanted.len(), wanted.values().max()), (HOSTS * 7, Some(&1)));
    assert!(!alone.stdout.contains("processes"), "{alone:?}");

    args.extend(["--processes", "2"]);
    let ended = crawler(&args);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(sites.take(), wanted);
    assert_eq!(read_records(&output).len(), records);
    let (_, shares) = ended.stdout.split_once("by 2 processes, with ").expect(&ended.stdout);
    let shares = shares.split(" requests").next().unwrap().split(", ");
    let shares: Vec<usize> = shares.map(|share| share.parse().unwrap()).collect();
    assert_eq!(shares.iter().sum::<usize>(), HOSTS * 7);
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
}

#[test]
fn the_demo_can_be_crawled_by_several() {
    let ended = crawler(&["--json", "--pages", "100", "--delay-ms", "5", "--processes", "3"]);
    let summary = ended.json();
    assert_eq!((&summary["pages"], &summary["errors"]), (&100.into(), &0.into()), "{ended:?}");
}

/// A crawl by two processes of which one is to wait for ever, and those two.
fn stalled(sites: &Sites) -> (program::Running, Vec<Pid>) {
    let url = format!("http://127.0.0.1:{}/stall", sites.port);
    let running = start(&[&url, "--processes", "2"]);
    while sites.log.lock().unwrap().is_empty() {
        thread::sleep(Duration::from_millis(2));
    }
    let pid = running.pid();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let pids = children.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap());
    (running, pids.collect())
}

#[test]
fn a_process_that_dies_costs_its_pages_and_is_reported() {
    let sites = Sites::start();
    let (running, children) = stalled(&sites);
    assert_eq!(children.len(), 2);
    children.iter().for_each(|child| kill_process(*child, Signal::KILL).unwrap());
    let ended = running.wait();
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.stdout.contains("the process that was to fetch it has died"), "{ended:?}");
}

#[test]
fn an_interrupted_crawl_takes_its_processes_along() {
    let sites = Sites::start();
    let (running, children) = stalled(&sites);
    // As the terminal does: to all of them.
    children.iter().for_each(|child| kill_process(*child, Signal::INT).unwrap());
    running.signal(Signal::INT);
    let ended = running.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert!(ended.stderr.contains("1 abandoned in flight"), "{ended:?}");
    let gone = |child: &Pid| !fs::exists(format!("/proc/{}", child.as_raw_nonzero())).unwrap();
    assert!(children.iter().all(gone));
}
