//! A server without descriptors: in a program of its own, as the limit is the process'.

use std::io::{Read, Write};
use std::time::Duration;

use osier::net::server::StreamServer;
use osier::net::{TcpListener, TcpStream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn out_of_descriptors_a_server_waits_and_goes_on_sv_07() {
    osier::run(|| {
        let server = StreamServer::new(
            TcpListener::bind("127.0.0.1:0").unwrap(),
            |mut stream: TcpStream, _| stream.write_all(b"hello"),
        );
        server.start().unwrap();
        let addr = server.addrs()[0];
        let mut client = TcpStream::connect(addr).unwrap();
        client.read_exact(&mut [0; 5]).unwrap();
        // All others are taken, but one for the client.
        let null = std::fs::File::open("/dev/null").unwrap();
        let limit = getrlimit(Resource::Nofile);
        let low = Rlimit { current: Some(200), maximum: limit.maximum };
        setrlimit(Resource::Nofile, low).unwrap();
        let mut hold: Vec<_> = std::iter::from_fn(|| null.try_clone().ok()).collect();
        hold.pop();
        let waits = TcpStream::connect(addr);
        osier::sleep(Duration::from_millis(30));
        drop(hold);
        setrlimit(Resource::Nofile, limit).unwrap();
        let mut text = String::new();
        waits.unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    });
}
