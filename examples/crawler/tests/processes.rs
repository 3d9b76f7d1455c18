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

/// How many links a page has: more than the kernel has room for in the queues between processes.
const CROWD: usize = 600;

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
        "/round" => {
            // From host to host, until it is back where it began.
            let to = format!("Location: {next}/round\r\n");
            return format!("HTTP/1.1 302 Found\r\n{to}Content-Length: 0\r\n\r\n");
        }
        "/crowd" => (0..CROWD).map(|n| format!("{next}/crowd/{n}")).collect(),
        path if path.starts_with("/crowd/") => vec![format!("{next}{path}")],
        "/half" => vec![format!("{next}/half"), "/stall".into()],
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

/// What the records of an output file say of each page, but how long it took, and by which way it was found first.
fn told(path: &std::path::Path, port: &str) -> BTreeMap<String, String> {
    let told = read_records(path).into_iter().map(|mut record| {
        record["ms"] = 0.into();
        record["depth"] = 0.into(); // as known when it was done: a shorter way may be found later
        let url = record["url"].as_str().unwrap().to_owned();
        (url.replace(port, "PORT"), record.to_string().replace(port, "PORT"))
    });
    let (told, count) = (told.collect::<Vec<_>>(), read_records(path).len());
    let told: BTreeMap<_, _> = told.into_iter().collect();
    assert_eq!(told.len(), count, "a record for each page, and no two");
    told
}

#[test]
fn the_report_is_the_same_by_one_process_and_by_three() {
    let sites = Sites::start();
    let (urls, port) = (sites.urls(), sites.port.to_string());
    for depth in ["0", "1", "2", "5"] {
        let paths = ["1", "3"].map(|processes| {
            let output = fresh_path("pages.jsonl");
            let mut args: Vec<&str> = vec![&urls[0], &urls[1], &urls[2], &urls[3], &urls[4]];
            args.extend(["--output", output.to_str().unwrap(), "--processes", processes]);
            args.extend(["--depth", depth]);
            let ended = crawler(&args);
            assert_eq!(ended.code(), 0, "{ended:?}");
            output
        });
        let [alone, together] = paths.map(|path| told(&path, &port));
        assert_eq!(alone, together, "to depth {depth}");
    }
}

#[test]
fn the_demo_is_crawled_by_several_and_the_report_is_the_same() {
    let run = |processes| {
        let output = fresh_path("pages.jsonl");
        let args = ["--json", "--pages", "150", "--delay-ms", "5", "--processes", processes];
        let ended = crawler(&[&args[..], &["--output", output.to_str().unwrap()]].concat());
        let summary = ended.json();
        let numbers = ["pages", "errors", "broken"].map(|key| summary[key].as_u64().unwrap());
        let titles = read_records(&output).into_iter();
        let titles = titles.map(|record| {
            let keys = ["title", "status", "links"].map(|key| record[key].to_string());
            (keys, ())
        });
        (numbers, titles.collect::<BTreeMap<_, _>>(), ended)
    };
    let (alone, told, _) = run("1");
    let (together, same, ended) = run("3");
    assert_eq!((alone, alone), ([150, 0, 0], together), "{ended:?}");
    assert_eq!((told.len(), &told), (150, &same));
    let shares = ended.stderr.split_once("by 3 processes, with ").expect(&ended.stderr).1;
    let shares: Vec<_> = shares.split(" requests").next().unwrap().split(", ").collect();
    assert_eq!(shares.iter().map(|n| n.parse::<u32>().unwrap()).sum::<u32>(), 150, "{ended:?}");
}

#[test]
fn limits_hold_over_all_processes() {
    let sites = Sites::start();
    let urls = sites.urls();
    let mut args: Vec<&str> = urls.iter().map(String::as_str).collect();
    args.extend(["--processes", "3", "--json", "--concurrency", "4", "--max-pages", "33"]);
    let ended = crawler(&args);
    let summary = ended.json();
    assert_eq!(
        (&summary["pages"], &summary["max_in_flight"]),
        (&33.into(), &4.into()),
        "{ended:?}"
    );
    // A redirect is followed at no cost, as by one process.
    assert!((33..=66).contains(&sites.take().values().sum::<usize>()));
}

#[test]
fn owners_that_write_to_each_other_more_than_fits_do_not_wait_for_each_other() {
    let sites = Sites::start();
    let crowds: Vec<_> = sites.urls().iter().map(|url| format!("{url}crowd")).collect();
    let mut args: Vec<&str> = crowds.iter().map(String::as_str).collect();
    args.extend(["--processes", "2", "--depth", "1", "--json", "--concurrency", "40"]);
    let summary = crawler(&args).json();
    assert_eq!((&summary["pages"], &summary["errors"]), (&(HOSTS * (CROWD + 1)).into(), &0.into()));
    assert!(sites.take().values().all(|times| *times == 1));
}

#[test]
fn a_circle_of_redirects_over_processes_ends() {
    let sites = Sites::start();
    let rounds: Vec<_> = sites.urls().iter().map(|url| format!("{url}round")).collect();
    let mut args: Vec<&str> = rounds.iter().map(String::as_str).collect();
    args.extend(["--processes", "3", "--json"]);
    let ended = crawler(&args);
    let summary = ended.json();
    // One that nobody has begun with is fetched for who was sent there, and is no page of its own.
    assert!((1..=HOSTS).contains(&(summary["pages"].as_u64().unwrap() as usize)), "{ended:?}");
    let asked = sites.take();
    assert_eq!((asked.len(), asked.values().max()), (HOSTS, Some(&1)));
    let is_told =
        |text: &str| text.contains("redirects in a circle") || text.contains("more than 10");
    assert!(is_told(&ended.stderr), "{ended:?}");
    // From one seed on it is followed as far as by one process.
    let told = ["1", "3"].map(|processes| {
        let first = [&rounds[0], "--processes", processes, "--json", "--concurrency", "1"];
        is_told(&crawler(&[&first[..], &args[1..HOSTS]].concat()).stderr)
    });
    assert_eq!(told, [true, true]);
}

/// A crawl by two processes of which one is to wait for ever, and those two.
fn stalled(sites: &Sites) -> (program::Running, Vec<Pid>) {
    let url = format!("http://127.0.0.1:{}/stall", sites.port);
    let running = start(&[&url, "--processes", "2"]);
    while sites.log.lock().unwrap().is_empty() {
        thread::sleep(Duration::from_millis(2));
    }
    let children = children(&running);
    (running, children)
}

/// Its processes, in the order of their start.
fn children(running: &program::Running) -> Vec<Pid> {
    let pid = running.pid();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let mut pids: Vec<i32> = children.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    pids.sort_unstable();
    pids.into_iter().map(|pid| Pid::from_raw(pid).unwrap()).collect()
}

#[test]
fn a_process_that_dies_costs_its_pages_and_is_reported() {
    let sites = Sites::start();
    let (running, children) = stalled(&sites);
    assert_eq!(children.len(), 2);
    children.iter().for_each(|child| kill_process(*child, Signal::KILL).unwrap());
    let ended = running.wait();
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.stdout.contains("the process that was to fetch it, crawler-"), "{ended:?}");
}

#[test]
fn one_that_dies_costs_its_own_pages_and_the_rest_is_reported() {
    let sites = Sites::start();
    let output = fresh_path("pages.jsonl");
    let halves: Vec<_> = sites.urls().iter().map(|url| format!("{url}half")).collect();
    let mut args: Vec<&str> = halves.iter().map(String::as_str).collect();
    args.extend(["--processes", "2", "--timeout", "3", "--output", output.to_str().unwrap()]);
    let running = start(&args);
    // All is fetched but what never is: on each host, by both processes.
    while sites.log.lock().unwrap().len() < 2 * HOSTS {
        thread::sleep(Duration::from_millis(2));
    }
    let children = children(&running);
    kill_process(children[0], Signal::KILL).unwrap();
    let ended = running.wait();
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(
        ended.stdout.matches("process crawler-0 has died: signal 9").count(),
        1,
        "{ended:?}"
    );
    let records = read_records(&output);
    assert_eq!(records.len(), 2 * HOSTS);
    let with = |what: &str| {
        let is = |error: &serde_json::Value| error.as_str().is_some_and(|e| e.contains(what));
        records.iter().filter(|record| is(&record["error"])).count()
    };
    let (lost, late) = (with("crawler-0, has died: signal 9"), with("timed out"));
    assert!(lost > 0 && late > 0 && lost + late == HOSTS, "{lost} lost, {late} late");
    assert!(sites.take().values().all(|times| *times == 1));
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
    assert!(ended.stderr.contains("1 abandoned in flight, 0 not begun"), "{ended:?}");
    let gone = |child: &Pid| !fs::exists(format!("/proc/{}", child.as_raw_nonzero())).unwrap();
    assert!(children.iter().all(gone));
}

#[test]
fn an_interrupted_crawl_reports_what_there_is() {
    let sites = Sites::start();
    let output = fresh_path("pages.jsonl");
    let halves: Vec<_> = sites.urls().iter().map(|url| format!("{url}half")).collect();
    let mut args: Vec<&str> = halves.iter().map(String::as_str).collect();
    args.extend(["--processes", "2", "--json", "--output", output.to_str().unwrap()]);
    let running = start(&args);
    while sites.log.lock().unwrap().len() < 2 * HOSTS {
        thread::sleep(Duration::from_millis(2));
    }
    running.signal(Signal::INT);
    let ended = running.wait();
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert_eq!((ended.json()["pages"].as_u64(), read_records(&output).len()), (Some(20), HOSTS));
    assert!(ended.stderr.contains("20 abandoned in flight, 0 not begun"), "{ended:?}");
}
