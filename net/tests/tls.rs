//! TLS over loopback, both ends ours unless a test says otherwise.
#![cfg(feature = "tls")]

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use osier_net::tls::rustls::pki_types::pem::PemObject;
use osier_net::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use osier_net::tls::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use osier_net::tls::{TlsAcceptor, TlsConnector, TlsStream};
use osier_net::{TcpListener, TcpStream};

const SHORT: Duration = Duration::from_millis(20);

/// A certificate for "localhost" that signs itself, and its key, both as PEM.
struct Identity {
    cert: String,
    key: String,
}

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Identity { cert: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from_pem(self.cert.as_bytes(), self.key.as_bytes()).unwrap()
    }

    fn connector(&self) -> TlsConnector {
        TlsConnector::from_pem(self.cert.as_bytes()).unwrap()
    }
}

/// Two ends of a TCP connection.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// The near end of a connection, whose far end is served by `serve` on a thread of its own.
fn served<T: Send + 'static>(
    acceptor: TlsAcceptor,
    serve: impl FnOnce(io::Result<TlsStream>) -> T + Send + 'static,
) -> (TcpStream, JoinHandle<T>) {
    let (near, far) = pair();
    (near, thread::spawn(move || serve(acceptor.accept(far))))
}

fn rustls_error(error: &io::Error) -> &rustls::Error {
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[test]
fn data_goes_both_ways_and_ends_cleanly() {
    let id = Identity::new();
    let (tcp, server) = served(id.acceptor(), |stream| {
        let mut stream = stream.unwrap();
        let mut got = Vec::new();
        // Ends with the client's close_notify, not with the connection.
        stream.read_to_end(&mut got).unwrap();
        stream.write_all(&got).unwrap();
        stream.shutdown().unwrap();
    });
    let mut stream = id.connector().connect("localhost", tcp).unwrap();
    let sent: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
    stream.write_all(&sent).unwrap();
    stream.shutdown().unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert!(back == sent);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "and stays ended");
    server.join().unwrap();
    let debug = format!("{stream:?}");
    assert!(debug.contains("TLSv1_3") && debug.contains("127.0.0.1"), "{debug}");
}

#[test]
fn tls_1_2_and_alpn_come_with_a_configuration() {
    let id = Identity::new();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let cert = CertificateDer::from_pem_slice(id.cert.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(id.key.as_bytes()).unwrap();
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.clone()], key)
        .unwrap();
    server.alpn_protocols = vec![b"osier/1".to_vec()];
    let mut roots = RootCertStore::empty();
    roots.add(cert).unwrap();
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"other".to_vec(), b"osier/1".to_vec()];

    let acceptor = TlsAcceptor::with_config(Arc::new(server));
    let (tcp, server) = served(acceptor, |stream| {
        let mut stream = stream.unwrap();
        stream.write_all(b"x").unwrap();
        stream.connection().alpn_protocol().map(<[u8]>::to_vec)
    });
    let connector = TlsConnector::with_config(Arc::new(client));
    let mut stream = connector.connect("localhost", tcp).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    let version = stream.connection().protocol_version();
    assert_eq!(version, Some(rustls::ProtocolVersion::TLSv1_2));
    assert_eq!(server.join().unwrap().unwrap(), b"osier/1");
}

#[test]
fn another_name_is_refused_on_both_sides() {
    let id = Identity::new();
    let (tcp, server) = served(id.acceptor(), |stream| stream.map(drop));
    let error = id.connector().connect("osier.example", tcp).unwrap_err();
    let reason = rustls_error(&error);
    assert!(matches!(reason, rustls::Error::InvalidCertificate(_)), "{reason}");
    // The client says why before it closes.
    let error = server.join().unwrap().unwrap_err();
    let reason = rustls_error(&error);
    assert!(matches!(reason, rustls::Error::AlertReceived(_)), "{reason}");
}

#[test]
fn an_unknown_root_is_refused() {
    let id = Identity::new();
    for connector in [TlsConnector::new(), Identity::new().connector()] {
        let (tcp, server) = served(id.acceptor(), |stream| stream.map(drop));
        let error = connector.connect("localhost", tcp).unwrap_err();
        rustls_error(&error);
        server.join().unwrap().unwrap_err();
    }
}

#[test]
fn a_server_that_says_nothing_times_out() {
    let (tcp, _silent) = pair();
    tcp.set_read_timeout(Some(SHORT)).unwrap();
    let error = Identity::new().connector().connect("localhost", tcp).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn a_client_that_says_nothing_times_out() {
    let (_silent, tcp) = pair();
    tcp.set_read_timeout(Some(SHORT)).unwrap();
    let error = Identity::new().acceptor().accept(tcp).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn a_read_that_timed_out_can_be_made_again() {
    let id = Identity::new();
    let (go, went) = std::sync::mpsc::channel::<()>();
    let (tcp, server) = served(id.acceptor(), move |stream| {
        let mut stream = stream.unwrap();
        assert_eq!(went.iter().count(), 0);
        stream.write_all(b"late").unwrap();
        stream.shutdown().unwrap();
    });
    let mut stream = id.connector().connect("localhost", tcp).unwrap();
    stream.get_ref().set_read_timeout(Some(SHORT)).unwrap();
    // Session tickets may come first; they are not data.
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
    drop(go);
    stream.get_mut().set_read_timeout(None).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "late");
    server.join().unwrap();
}

#[test]
fn a_connection_that_breaks_off_is_no_clean_end() {
    let id = Identity::new();
    let (tcp, server) = served(id.acceptor(), |stream| {
        let mut stream = stream.unwrap();
        stream.write_all(b"half a sen").unwrap();
        drop(stream);
    });
    let mut stream = id.connector().connect("localhost", tcp).unwrap();
    let mut got = Vec::new();
    let error = stream.read_to_end(&mut got).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(got, b"half a sen");
    server.join().unwrap();
}

#[test]
fn what_is_no_tls_is_an_error_and_no_hang() {
    let (tcp, mut far) = pair();
    far.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    let error = TlsConnector::new().connect("localhost", tcp).unwrap_err();
    rustls_error(&error);

    let (tcp, far) = pair();
    drop(far);
    let error = TlsConnector::new().connect("localhost", tcp).unwrap_err();
    let closed = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(closed.contains(&error.kind()), "{error}");
}

#[test]
fn useless_names_and_keys_are_refused_before_anything_is_sent() {
    let (tcp, _far) = pair();
    let error = TlsConnector::new().connect("no name", tcp).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let id = Identity::new();
    let (cert, key) = (id.cert.as_bytes(), id.key.as_bytes());
    assert_eq!(TlsConnector::from_pem(b"").unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(TlsAcceptor::from_pem(b"", key).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(TlsAcceptor::from_pem(cert, b"").unwrap_err().kind(), ErrorKind::InvalidInput);
    let other = Identity::new();
    let mixed = TlsAcceptor::from_pem(cert, other.key.as_bytes()).unwrap_err();
    assert_eq!(mixed.kind(), ErrorKind::InvalidInput);
}
