//! The HTTP client against a small server of std's, and of our TLS.
#![cfg(feature = "http")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use osier_net::http::{self, Agent, Error, ureq};
use osier_net::tls::TlsAcceptor;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

const SHORT: Duration = Duration::from_millis(30);

/// A server that answers each path in its own way, and counts.
struct Server {
    addr: SocketAddr,
    /// What has happened so far.
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Connections taken.
    connections: AtomicUsize,
    /// Requests read.
    requests: AtomicUsize,
    /// Connections that the server has closed.
    closed: AtomicUsize,
}

/// Whatever a connection is made of.
trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Server {
    /// Over plain TCP.
    fn plain() -> Self {
        Self::start(|stream| Box::new(stream))
    }

    /// Over TLS.
    fn tls(acceptor: TlsAcceptor) -> Self {
        Self::start(move |stream| match acceptor.accept(stream) {
            Ok(stream) => Box::new(stream),
            Err(_) => Box::new(std::io::empty()),
        })
    }

    fn start(wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let (shared, wrap) = (Arc::clone(&counts), Arc::new(wrap));
        thread::spawn(move || {
            for stream in listener.incoming() {
                shared.connections.fetch_add(1, SeqCst);
                let (counts, wrap) = (Arc::clone(&shared), Arc::clone(&wrap));
                thread::spawn(move || {
                    serve(wrap(stream.unwrap()), &counts);
                    counts.closed.fetch_add(1, SeqCst);
                });
            }
        });
        Server { addr, counts }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    fn connections(&self) -> usize {
        self.counts.connections.load(SeqCst)
    }
}

/// Answers requests until the client goes, or an answer says that the connection ends with it.
fn serve(stream: Box<dyn Stream>, counts: &Counts) {
    let mut stream = BufReader::new(stream);
    while let Some((path, body)) = request(&mut stream) {
        counts.requests.fetch_add(1, SeqCst);
        let Some(answer) = answer(&path, &body) else {
            // Holds the connection, and says nothing, until the client goes.
            let _ = stream.read(&mut [0]);
            return;
        };
        if stream.get_mut().write_all(&answer).is_err() || ["/half", "/bye"].contains(&&*path) {
            return;
        }
    }
}

/// Path and body of the next request.
fn request(stream: &mut BufReader<Box<dyn Stream>>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).ok()?;
        let line = line.trim_end().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((path, body))
}

fn answer(path: &str, body: &[u8]) -> Option<Vec<u8>> {
    let with = |head: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
        Some([head.as_bytes(), body].concat())
    };
    match path {
        "/" | "/bye" => with("200 OK", b"hello"),
        "/echo" => with("200 OK", body),
        "/large" => with("200 OK", &large()),
        "/missing" => with("404 Not Found", b"no such page"),
        "/old" => with("302 Found\r\nLocation: /", b""),
        "/round" => with("302 Found\r\nLocation: /round", b""),
        "/gzip" => with("200 OK\r\nContent-Encoding: gzip", &gzip(&large())),
        "/long-head" => with(&format!("200 OK\r\nX-Long: {}", "x".repeat(40_000)), b"after it"),
        "/endless-head" => with(&format!("200 OK\r\nX-Long: {}", "x".repeat(90_000)), b""),
        "/chunked" => Some(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
                .to_vec(),
        ),
        "/half" => Some(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec()),
        "/no-http" => Some(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec()),
        _ => None,
    }
}

fn large() -> Vec<u8> {
    (0..1_000_000_u32).map(|i| (i % 251) as u8).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An agent of its own, deaf to proxies of the machine that the test runs on.
fn agent() -> Agent {
    http::builder().configure(|c| c.proxy(None)).build()
}

fn text(agent: &Agent, url: &str) -> Result<String, Error> {
    agent.get(url).call()?.body_mut().read_to_string()
}

#[test]
fn a_connection_is_used_again() {
    let server = Server::plain();
    let agent = agent();
    for _ in 0..5 {
        assert_eq!(text(&agent, &server.url("/")).unwrap(), "hello");
    }
    assert_eq!(server.counts.requests.load(SeqCst), 5);
    assert_eq!(server.connections(), 1);
}

#[test]
fn many_idle_connections_to_one_host_are_kept() {
    let server = Server::plain();
    let agent = agent();
    for _ in 0..2 {
        // All open at once, and all given back.
        let open: Vec<_> =
            (0..50).map(|_| agent.get(server.url("/")).call().unwrap().into_body()).collect();
        for mut body in open {
            assert_eq!(body.read_to_string().unwrap(), "hello");
        }
    }
    assert_eq!(server.connections(), 50);
}

#[test]
fn a_connection_that_the_server_closed_is_replaced() {
    let server = Server::plain();
    let agent = agent();
    // It closes without having said so, which the client can only see by looking.
    assert_eq!(text(&agent, &server.url("/bye")).unwrap(), "hello");
    while server.counts.closed.load(SeqCst) == 0 {
        thread::yield_now();
    }
    assert_eq!(text(&agent, &server.url("/")).unwrap(), "hello");
    assert_eq!(server.connections(), 2);
}

#[test]
fn redirects_are_followed_so_far_and_no_further() {
    let server = Server::plain();
    let agent = agent();
    assert_eq!(text(&agent, &server.url("/old")).unwrap(), "hello");
    let error = text(&agent, &server.url("/round")).unwrap_err();
    assert!(matches!(error, Error::TooManyRedirects), "{error}");
}

#[test]
fn bodies_of_every_kind_arrive_whole() {
    let server = Server::plain();
    let agent = agent();
    assert_eq!(text(&agent, &server.url("/chunked")).unwrap(), "hello!");
    for path in ["/large", "/gzip"] {
        let mut response = agent.get(server.url(path)).call().unwrap();
        let body = response.body_mut().read_to_vec().unwrap();
        assert!(body == large(), "{path}: {} bytes", body.len());
    }
    let mut response = agent.post(server.url("/echo")).send(large()).unwrap();
    assert!(response.body_mut().read_to_vec().unwrap() == large());
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_response_head_may_be_long_but_not_endless() {
    let server = Server::plain();
    let agent = agent();
    assert_eq!(text(&agent, &server.url("/long-head")).unwrap(), "after it");
    let error = text(&agent, &server.url("/endless-head")).unwrap_err();
    assert!(matches!(error, Error::LargeResponseHeader(..)), "{error}");
}

#[test]
fn a_status_is_an_error_unless_the_agent_says_otherwise() {
    let server = Server::plain();
    let error = text(&agent(), &server.url("/missing")).unwrap_err();
    assert!(matches!(error, Error::StatusCode(404)), "{error}");
    let lenient = http::builder().configure(|c| c.proxy(None).http_status_as_error(false)).build();
    let mut response = lenient.get(server.url("/missing")).call().unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.body_mut().read_to_string().unwrap(), "no such page");
}

#[test]
fn a_server_that_stalls_runs_into_the_limit_that_was_set() {
    let server = Server::plain();
    let timed = |change: fn(AgentConfig) -> AgentConfig| {
        let agent = http::builder().configure(|c| change(c.proxy(None))).build();
        match text(&agent, &server.url("/stall")).unwrap_err() {
            Error::Timeout(reason) => reason,
            other => panic!("{other}"),
        }
    };
    let global = timed(|c| c.timeout_global(Some(SHORT)));
    assert_eq!(global, ureq::Timeout::Global);
    let response = timed(|c| c.timeout_recv_response(Some(SHORT)));
    assert_eq!(response, ureq::Timeout::RecvResponse);
    let read = timed(|c| c.timeout_per_read(Some(SHORT)));
    assert_eq!(read, ureq::Timeout::PerRead);
}

type AgentConfig = ureq::config::ConfigBuilder<ureq::typestate::AgentScope>;

#[test]
fn what_is_no_answer_is_an_error() {
    let server = Server::plain();
    let agent = agent();
    let error = text(&agent, &server.url("/no-http")).unwrap_err();
    assert!(matches!(error, Error::Protocol(_) | Error::Http(_)), "{error:?}");
    let error = text(&agent, &server.url("/half")).unwrap_err();
    assert!(matches!(&error, Error::Io(e) if e.kind() == ErrorKind::UnexpectedEof), "{error:?}");
}

#[test]
fn a_refused_connection_says_so() {
    // Bound, so that nobody else takes the port, but not listening.
    let held = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    rustix::net::bind(&held, &any).unwrap();
    let addr = TcpListener::from(held.try_clone().unwrap()).local_addr().unwrap();
    for limit in [None, Some(Duration::from_secs(10))] {
        let agent = http::builder().configure(|c| c.proxy(None).timeout_connect(limit)).build();
        let error = text(&agent, &format!("http://{addr}/")).unwrap_err();
        let refused = |e: &std::io::Error| e.kind() == ErrorKind::ConnectionRefused;
        assert!(matches!(&error, Error::Io(e) if refused(e)), "{error:?}");
    }
}

#[test]
fn names_resolve_and_wrong_ones_say_so() {
    let server = Server::plain();
    let agent = agent();
    let port = server.addr.port();
    for _ in 0..2 {
        assert_eq!(text(&agent, &format!("http://localhost:{port}/")).unwrap(), "hello");
    }
    let error = text(&agent, "http://host.invalid/").unwrap_err();
    assert!(matches!(error, Error::Io(_)), "{error:?}");
    let error = text(&agent, "gopher://localhost/").unwrap_err();
    assert!(matches!(error, Error::BadUri(_)), "{error:?}");
}

#[test]
fn a_socks_proxy_is_refused_rather_than_bypassed() {
    let server = Server::plain();
    let proxy = ureq::Proxy::new("socks5://127.0.0.1:1").unwrap();
    let agent = http::builder().configure(|c| c.proxy(Some(proxy))).build();
    let error = text(&agent, &server.url("/")).unwrap_err();
    assert!(matches!(&error, Error::Io(e) if e.kind() == ErrorKind::Unsupported), "{error:?}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn shutting_an_agent_down_ends_requests_under_way() {
    let server = Server::plain();
    let agent = agent();
    thread::scope(|s| {
        let waiting = s.spawn(|| text(&agent, &server.url("/stall")));
        while server.counts.requests.load(SeqCst) == 0 {
            thread::yield_now();
        }
        agent.clone().shutdown();
        let error = waiting.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::Io(_)), "{error:?}");
    });
    let error = text(&agent, &server.url("/")).unwrap_err();
    assert!(matches!(&error, Error::Io(e) if e.kind() == ErrorKind::NotConnected), "{error:?}");
}

#[test]
fn https_holds_to_the_roots_it_is_given() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_pem();
    let acceptor = TlsAcceptor::from_pem(made.cert.pem().as_bytes(), key.as_bytes()).unwrap();
    let server = Server::tls(acceptor);
    let url = |path: &str| format!("https://localhost:{}{path}", server.addr.port());

    let root = Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let trusting = |c: AgentConfig| {
        let roots = RootCerts::new_with_certs(&[root]);
        c.proxy(None).tls_config(TlsConfig::builder().root_certs(roots).build())
    };
    let agent = http::builder().configure(trusting).build();
    assert_eq!(text(&agent, &url("/")).unwrap(), "hello");
    let before = server.connections();
    let body = agent.get(url("/large")).call().unwrap().body_mut().read_to_vec().unwrap();
    assert!(body == large());
    assert_eq!(text(&agent, &url("/old")).unwrap(), "hello");
    assert_eq!(server.connections(), before, "one connection, one handshake");

    let error = text(&self::agent(), &url("/")).unwrap_err();
    assert!(matches!(error, Error::Rustls(_) | Error::Io(_)), "{error:?}");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    let error = text(&agent, &url("/").replace("localhost", "127.0.0.1")).unwrap_err();
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn a_tls_handshake_that_stalls_runs_into_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let agent = http::builder().configure(|c| c.proxy(None).timeout_connect(Some(SHORT))).build();
    let error = text(&agent, &url).unwrap_err();
    assert!(matches!(error, Error::Timeout(ureq::Timeout::Connect)), "{error:?}");
}

#[test]
fn a_connect_proxy_is_asked_to_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = ureq::Proxy::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let asked = thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let head: Vec<_> = stream
            .by_ref()
            .lines()
            .map(Result::unwrap)
            .take_while(|line| !line.is_empty())
            .collect();
        stream.get_mut().write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
        head[0].clone()
    });
    let agent = http::builder().configure(|c| c.proxy(Some(proxy))).build();
    let error = text(&agent, "http://osier.example/").unwrap_err();
    assert!(matches!(error, Error::ConnectProxyFailed(_)), "{error:?}");
    assert_eq!(asked.join().unwrap(), "CONNECT osier.example:80 HTTP/1.1");
}

#[test]
fn the_shared_agent_is_one() {
    let server = Server::plain();
    for _ in 0..3 {
        let mut response = http::get(server.url("/")).call().unwrap();
        assert_eq!(response.body_mut().read_to_string().unwrap(), "hello");
    }
    assert_eq!(server.connections(), 1);
}
