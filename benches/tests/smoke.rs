//! Every work runs, and says what it found in the form that the comparing driver reads.
//!
//! In small: what is checked is that the figures are there and can be true, not what they are.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_osier-bench");

fn output(words: &[&str]) -> Output {
    Command::new(PROGRAM).args(words).output().expect("the program is there")
}

/// Runs a work and reads its one line.
fn measured(words: &[&str]) -> Value {
    let done = output(words);
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(text.lines().count(), 1, "{words:?}: {text}");
    let line: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!((&line["peer"], &line["work"]), (&words[0].into(), &words[1].into()));
    assert!(line["ns_per_op"].as_f64() > Some(0.0), "{line}");
    assert!(line["extra"]["cpu_ns_per_op"].as_f64() > Some(0.0), "{line}");
    line
}

fn extra(line: &Value, name: &str) -> f64 {
    line["extra"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {line}"))
}

/// A server of ours on a port of its own choice.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn start(work: &str, keys: &[&str]) -> Server {
        let mut command = Command::new(PROGRAM);
        command.args(["ours", work, "port=0"]).args(keys);
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program is there");
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it listens");
        let port = line.trim().rsplit(':').next().unwrap_or_default().to_owned();
        assert!(line.starts_with("listening on 127.0.0.1:"), "{work}: `{line}`");
        Server { child, port }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(format!("127.0.0.1:{}", self.port)).expect("it listens")
    }

    fn port(&self) -> String {
        format!("port={}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.child.try_wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Or a test that was cut off would not say by whom.
        match ended {
            Ok(Some(status)) if std::thread::panicking() => eprintln!("the server ended: {status}"),
            Ok(Some(status)) => panic!("the server ended by itself: {status}"),
            _ => {}
        }
    }
}

#[test]
fn yields_at_every_depth() {
    for depth in 0..=8 {
        let depth = format!("depth={depth}");
        let line = measured(&["ours", "yield", "tasks=10", "n=1000", &depth]);
        assert_eq!((&line["n"], extra(&line, "tasks")), (&1000.into(), 10.0));
    }
}

#[test]
fn yields_mixed_and_shuffled() {
    let line = measured(&["ours-portable", "yield", "tasks=7", "n=70", "mixed=1"]);
    assert_eq!((&line["n"], extra(&line, "mixed")), (&70.into(), 1.0));
    measured(&["ours", "yield", "tasks=7", "n=70", "order=shuffled"]);
}

#[test]
fn greenlets_switch_in_threads_and_tasks() {
    for place in ["place=thread", "place=task"] {
        assert_eq!(measured(&["ours", "greenlet", "n=1000", place])["n"], 1000);
    }
    assert_eq!(measured(&["ours", "generator", "n=1000"])["n"], 1000);
}

#[test]
fn spawns_one_by_one_and_all_at_once() {
    assert_eq!(measured(&["ours", "spawn1", "n=100"])["n"], 100);
    assert_eq!(measured(&["ours", "spawnall", "n=100"])["n"], 100);
}

#[test]
fn locks_that_nobody_wants_and_that_all_want() {
    assert_eq!(measured(&["ours", "mutex", "n=100"])["n"], 100);
    assert_eq!(measured(&["ours", "plock", "n=100"])["n"], 100);
    assert_eq!(measured(&["ours", "plock", "n=100", "processes=3"])["n"], 99);
    let line = measured(&["ours", "mutexc", "n=101", "tasks=10"]);
    assert_eq!((&line["n"], extra(&line, "tasks")), (&100.into(), 10.0));
}

#[test]
fn items_pass_between_tasks() {
    assert_eq!(measured(&["ours", "pingpong", "n=100"])["n"], 100);
    assert_eq!(measured(&["ours", "stream", "n=5000"])["n"], 5000);
    for (queues, wait) in [("queues=2", "wait=0"), ("queues=2", "wait=1"), ("queues=100", "wait=1")]
    {
        let line = measured(&["ours", "select", "n=500", queues, wait]);
        assert_eq!(format!("queues={}", extra(&line, "queues")), queues);
    }
}

#[test]
fn a_front_is_measured_with_either_listener() {
    for listener in ["own", "shared"] {
        let key = format!("listener={listener}");
        let line = measured(&["ours", "front", "n=400", "conns=16", "workers=2", &key]);
        let (least, most) = (extra(&line, "least_share"), extra(&line, "most_share"));
        assert!((least + most - 1.0).abs() < 0.02 && least <= most, "{line}");
    }
}

#[test]
fn pools_of_processes_make_calls() {
    for kind in ["async", "apply", "map", "imap"] {
        let line = measured(&["ours", "ppool", "n=200", &format!("kind={kind}"), "chunk=7"]);
        assert_eq!((&line["n"], extra(&line, "workers")), (&200.into(), 2.0));
    }
}

#[test]
fn items_pass_between_threads() {
    for room in ["0", "1", "1024"] {
        let line = measured(&["ours", "threads", "n=500", &format!("room={room}")]);
        assert_eq!((&line["n"], extra(&line, "room").to_string()), (&500.into(), room.to_owned()));
    }
    let line = measured(&["ours", "threads", "n=500", "kind=unbounded"]);
    assert_eq!(line["extra"].get("room"), None);
}

#[test]
fn items_pass_between_processes() {
    for words in
        [&["pqueue", "n=500"][..], &["pqueue", "n=50", "room=0", "size=9000"], &["pipe", "n=50"]]
    {
        let line = measured(&[&["ours"], words].concat());
        assert!(extra(&line, "bare_ns_per_op") > 0.0 && extra(&line, "ratio") > 0.0, "{line}");
    }
}

#[test]
fn sleeps_never_end_early() {
    let line = measured(&["ours", "sleep", "n=200", "waves=2"]);
    assert_eq!(extra(&line, "early"), 0.0);
    // The longest of 200 naps of up to a second.
    assert!(extra(&line, "wall_ms") > 900.0 && extra(&line, "wave2_wall_ms") > 900.0, "{line}");
    for name in ["cpu_s", "late_p50_us", "late_p99_us", "late_max_us", "wave2_cpu_s"] {
        assert!(extra(&line, name) >= 0.0);
    }
}

#[test]
fn parked_tasks_take_memory() {
    let line = measured(&["ours", "mem", "n=1000"]);
    assert!(extra(&line, "rss_bytes") > 64.0 && extra(&line, "teardown_ns") > 0.0, "{line}");
    assert!(extra(&line, "pte_bytes") >= 0.0 && extra(&line, "machine_bytes").is_finite());
}

#[test]
fn fetches_by_hand_and_by_client() {
    let server = Server::start("delay", &["ms=20"]);
    for kind in ["kind=raw", "kind=http"] {
        let line = measured(&["ours", "fetch", "n=50", kind, &server.port()]);
        assert_eq!(extra(&line, "failed"), 0.0, "{kind}");
        assert!(extra(&line, "wall_ms") >= 20.0 && extra(&line, "peak_rss_mb") > 0.0, "{line}");
    }
}

#[test]
fn a_failed_fetch_is_counted() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let line = measured(&["ours", "fetch", "n=5", &format!("port={}", free.port())]);
    assert_eq!(extra(&line, "failed"), 5.0);
}

#[test]
fn echoes_what_it_reads() {
    let server = Server::start("echo", &["buf=16"]);
    let keys = ["load", "echo", &server.port(), "conns=8", "size=100", "n=801"];
    let line = measured(&keys);
    assert_eq!((&line["n"], extra(&line, "conns")), (&808.into(), 8.0));
    let mut stream = server.connect();
    stream.write_all(b"hello").and_then(|()| stream.shutdown(std::net::Shutdown::Write)).unwrap();
    let mut got = String::new();
    stream.read_to_string(&mut got).unwrap();
    assert_eq!(got, "hello");
}

#[test]
fn a_load_without_a_server_fails() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let done = output(&["load", "echo", "conns=3", &format!("port={}", free.port())]);
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("refused"), "{done:?}");
}

#[test]
fn answers_http_in_pipelines() {
    let server = Server::start("http", &[]);
    let mut stream = server.connect();
    let ask = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
    stream
        .write_all(&ask.repeat(3))
        .and_then(|()| stream.shutdown(std::net::Shutdown::Write))
        .unwrap();
    let mut got = String::new();
    stream.read_to_string(&mut got).unwrap();
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
    assert_eq!(got, answer.repeat(3));
}

#[test]
fn what_makes_no_sense_ends_with_2() {
    for words in [&[][..], &["ours"], &["ours", "dance"], &["ours", "yield", "task=2"]] {
        let done = output(words);
        assert_eq!(done.status.code(), Some(2), "{words:?}");
        assert!(done.stdout.is_empty() && !done.stderr.is_empty());
    }
}

#[test]
fn a_taken_port_is_an_error() {
    let server = Server::start("echo", &[]);
    let done = output(&["ours", "echo", &server.port()]);
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("in use"), "{done:?}");
}

#[test]
fn lines_become_a_table() {
    let dir = std::env::temp_dir().join(format!("osier-bench-smoke-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let lines = output(&["ours", "spawn1", "n=10"]).stdout;
    std::fs::write(path("rows.jsonl"), lines).unwrap();
    std::fs::write(path("kept.jsonl"), output(&["stamp", &path("rows.jsonl")]).stdout).unwrap();
    let done = output(&["table", &format!("out={}", path("OUT.md")), &path("kept.jsonl")]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = std::fs::read_to_string(path("OUT.md")).unwrap();
    assert!(text.contains("**spawn1**") && text.contains("kernel: Linux"), "{text}");
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn programs_are_compared_in_pairs() {
    let (a, b) = (format!("ours-jump={PROGRAM}"), format!("ours-portable={PROGRAM}"));
    let done = output(&["compare", &a, &b, "rounds=2", "only=spawnall"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6, "four runs and two summaries: {text}");
    assert!(lines[4]["ratio"]["ours-portable"].as_f64() > Some(0.0), "{text}");
}
