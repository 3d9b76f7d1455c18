//! The HTTP client and TLS in tasks: client and server share one OS thread.
#![cfg(feature = "http")]

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use osier::net::TcpListener;
use osier::net::http::{self, Agent, Error, ureq};
use osier::net::tls::{TlsAcceptor, TlsConnector};
use osier::sync::Event;
use osier::{Builder, JoinHandle};

const SHORT: Duration = Duration::from_millis(20);

/// Longer than any machine takes; what waits that long has failed.
const LONG: Duration = Duration::from_secs(30);

/// What a server has seen.
#[derive(Default)]
struct Seen {
    connections: Cell<usize>,
    under_way: Cell<usize>,
    /// How many have to be under way before any is answered.
    awaited: usize,
    /// Set when so many are, or one was.
    all_here: Event,
}

/// Answers requests once `awaited` of them are under way, and none for `/stall`; a daemon.
fn serve(tls: Option<TlsAcceptor>, awaited: usize) -> (SocketAddr, Rc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let seen = Rc::new(Seen { awaited, ..Seen::default() });
    let shared = seen.clone();
    let accept = move || {
        for tcp in listener.incoming().map(Result::unwrap) {
            shared.connections.set(shared.connections.get() + 1);
            let (seen, tls) = (shared.clone(), tls.clone());
            osier::spawn(move || match tls {
                Some(tls) => tls.accept(tcp).map_or((), |stream| answer(stream, &seen)),
                None => answer(tcp, &seen),
            });
        }
    };
    Builder::new().name("server").daemon(true).spawn(accept).unwrap();
    (addr, seen)
}

fn answer(stream: impl Read + Write, seen: &Seen) {
    let mut stream = BufReader::new(stream);
    loop {
        let head: Vec<_> =
            stream.by_ref().lines().map_while(Result::ok).take_while(|l| !l.is_empty()).collect();
        if head.is_empty() {
            return;
        }
        seen.under_way.set(seen.under_way.get() + 1);
        if head[0].contains("/stall") {
            let _ = stream.read(&mut [0]); // until the client goes
            return seen.under_way.set(seen.under_way.get() - 1);
        }
        if seen.under_way.get() >= seen.awaited {
            seen.all_here.set();
        }
        let all = seen.all_here.wait_timeout(LONG);
        seen.under_way.set(seen.under_way.get() - 1);
        if !all {
            return; // which is an error at the client's
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        if stream.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}

fn agent() -> Agent {
    http::builder().configure(|c| c.proxy(None)).build()
}

fn fetch(agent: &Agent, url: &str) -> JoinHandle<Result<String, Error>> {
    let (agent, url) = (agent.clone(), url.to_owned());
    osier::spawn(move || agent.get(url).call()?.body_mut().read_to_string())
}

#[test]
fn requests_of_many_tasks_are_under_way_at_once() {
    osier::run(|| {
        let (addr, seen) = serve(None, 200);
        let (agent, url) = (agent(), format!("http://{addr}/"));
        let tasks: Vec<_> = (0..200).map(|_| fetch(&agent, &url)).collect();
        for task in tasks {
            assert_eq!(task.join().unwrap().unwrap(), "hello");
        }
        assert!(seen.all_here.is_set());
        assert_eq!(seen.connections.get(), 200);
    });
}

#[test]
fn tasks_one_after_the_other_share_a_connection() {
    osier::run(|| {
        let (addr, seen) = serve(None, 1);
        let (agent, url) = (agent(), format!("http://localhost:{}/", addr.port()));
        for _ in 0..3 {
            assert_eq!(fetch(&agent, &url).join().unwrap().unwrap(), "hello");
        }
        assert_eq!(seen.connections.get(), 1);
    });
}

#[test]
fn a_request_can_be_killed_or_run_out_of_time() {
    osier::run(|| {
        let (addr, seen) = serve(None, 1);
        let (agent, stall) = (agent(), format!("http://{addr}/stall"));
        let killed = fetch(&agent, &stall);
        let waits = || {
            while seen.under_way.get() == 0 {
                osier::sleep(SHORT / 20)
            }
        };
        osier::timeout(LONG, waits).expect("it gets to the server");
        killed.kill();
        assert!(killed.join().unwrap_err().is_killed());

        let late = osier::timeout(SHORT, || agent.get(&stall).call());
        assert!(late.is_err());

        let limited =
            http::builder().configure(|c| c.proxy(None).timeout_global(Some(SHORT))).build();
        let error = fetch(&limited, &stall).join().unwrap().unwrap_err();
        assert!(matches!(error, Error::Timeout(ureq::Timeout::Global)), "{error}");

        let url = format!("http://{addr}/");
        assert_eq!(fetch(&agent, &url).join().unwrap().unwrap(), "hello", "the agent goes on");
    });
}

#[test]
fn tls_fits_on_a_stack_of_the_usual_size() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let acceptor = TlsAcceptor::from_pem(cert.as_bytes(), key.as_bytes()).unwrap();
    let connector = TlsConnector::from_pem(cert.as_bytes()).unwrap();
    osier::run(|| {
        let (addr, seen) = serve(Some(acceptor), 20);
        let root = ureq::tls::Certificate::from_pem(cert.as_bytes()).unwrap();
        let roots = ureq::tls::RootCerts::new_with_certs(&[root]);
        let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
        let agent = http::builder().configure(|c| c.proxy(None).tls_config(tls)).build();
        let url = format!("https://localhost:{}/", addr.port());
        let tasks: Vec<_> = (0..20).map(|_| fetch(&agent, &url)).collect();
        for task in tasks {
            assert_eq!(task.join().unwrap().unwrap(), "hello");
        }
        assert!(seen.all_here.is_set());

        let tcp = osier::net::TcpStream::connect(addr).unwrap();
        let mut stream = connector.connect("localhost", tcp).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut status = [0; 15];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200 OK");
    });
}
