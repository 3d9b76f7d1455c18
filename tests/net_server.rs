//! Servers: a task for each connection or datagram, limits, handlers that fail, an end in order.

mod support;

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use osier::net::server::{DatagramServer, StreamServer};
use osier::net::unix::{UnixListener, UnixStream};
use osier::net::{TcpListener, TcpStream, UdpSocket};
use osier::sync::Event;
use osier::{spawn, timeout, yield_now};

const LONG: Duration = Duration::from_secs(10);

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// What a client is told by the server at that address.
fn ask(server: &StreamServer) -> io::Result<String> {
    let mut text = String::new();
    TcpStream::connect(server.addrs()[0])?.read_to_string(&mut text)?;
    Ok(text)
}

fn hello(mut stream: TcpStream, _: std::net::SocketAddr) -> io::Result<()> {
    stream.write_all(b"hello")
}

#[test]
fn connections_are_served_by_tasks_and_closed_at_their_end_sv_01() {
    osier::run(|| {
        let server = StreamServer::new(listener(), |stream: TcpStream, peer| {
            let known = stream.peer_addr().unwrap() == peer;
            hello(stream, peer).unwrap();
            assert!(known);
        });
        let server = server.listener(listener());
        assert!(!server.is_accepting());
        server.start().unwrap();
        server.start().unwrap(); // it is
        assert!(server.is_accepting() && server.addrs().len() == 2);
        for addr in server.addrs() {
            let mut text = String::new();
            TcpStream::connect(addr).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "hello");
        }
        assert!(server.stop(LONG) && server.addrs().is_empty() && !server.is_accepting());
        assert_eq!(server.start().unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn unix_sockets_are_served_too_and_serving_ends_with_a_stop_sv_01() {
    osier::run(|| {
        let path = std::env::temp_dir().join(format!("osier-server-{}", std::process::id()));
        let echo =
            |mut stream: UnixStream, _| io::copy(&mut &stream.try_clone()?, &mut stream).map(drop);
        let server = Rc::new(StreamServer::new(UnixListener::bind(&path).unwrap(), echo));
        let serving = server.clone();
        let serving = spawn(move || serving.serve_forever());
        let mut client = UnixStream::connect(&path).unwrap();
        client.write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
        drop(client);
        assert!(!serving.is_finished() && server.stop(LONG));
        serving.join().unwrap().unwrap();
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn before_the_start_connections_wait_in_the_queue_sv_02() {
    osier::run(|| {
        let server = StreamServer::new(listener(), hello);
        let addr = server.addrs()[0];
        let mut early = TcpStream::connect(addr).unwrap();
        assert!(timeout(Duration::from_millis(5), || early.read(&mut [0; 8])).is_err());
        server.start().unwrap();
        assert_eq!(early.read(&mut [0; 8]).unwrap(), 5);
    });
}

#[test]
fn accepting_stops_and_goes_on_and_a_stop_is_for_good_sv_03() {
    osier::run(|| {
        let server = StreamServer::new(listener(), hello);
        server.start().unwrap();
        assert_eq!(ask(&server).unwrap(), "hello");
        server.stop_accepting();
        assert!(!server.is_accepting());
        let addr = server.addrs()[0];
        let mut waits = TcpStream::connect(addr).unwrap();
        assert!(timeout(Duration::from_millis(5), || waits.read(&mut [0; 8])).is_err());
        server.start().unwrap();
        assert_eq!(waits.read(&mut [0; 8]).unwrap(), 5);
        assert!(server.stop(LONG));
        assert_eq!(TcpStream::connect(addr).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        // The address is free again.
        drop(TcpListener::bind(addr).unwrap());
    });
}

#[test]
fn a_handler_that_fails_or_panics_ends_its_own_connection_sv_04() {
    osier::run(|| {
        let count = Cell::new(0);
        let server = StreamServer::new(listener(), move |mut stream: TcpStream, _| {
            count.set(count.get() + 1);
            match count.get() {
                1 => panic!("on purpose"),
                2 => Err(io::Error::other("on purpose")),
                _ => stream.write_all(b"alive"),
            }
        });
        server.start().unwrap();
        assert_eq!(ask(&server).unwrap(), "");
        assert_eq!(ask(&server).unwrap(), "");
        assert_eq!(ask(&server).unwrap(), "alive");
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn no_more_than_the_limit_at_once_and_the_others_later_sv_06() {
    osier::run(|| {
        let (now, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (open, seen) = (Rc::new(Event::new()), most.clone());
        let gate = open.clone();
        let server = StreamServer::new(listener(), move |stream, peer| {
            now.set(now.get() + 1);
            seen.set(seen.get().max(now.get()));
            gate.wait();
            now.set(now.get() - 1);
            hello(stream, peer)
        });
        let server = Rc::new(server.limit(3));
        server.start().unwrap();
        let clients: Vec<_> =
            (0..10).map(|_| server.clone()).map(|s| spawn(move || ask(&s))).collect();
        while server.connections() < 3 {
            yield_now();
        }
        osier::sleep(Duration::from_millis(5));
        assert_eq!(server.connections(), 3);
        open.set();
        for client in clients {
            assert_eq!(client.join().unwrap().unwrap(), "hello");
        }
        assert_eq!(most.get(), 3);
    });
}

#[test]
fn a_stop_waits_for_connections_and_kills_those_that_do_not_end_sv_08() {
    osier::run(|| {
        let ended = Rc::new(RefCell::new(Vec::new()));
        struct Note(Rc<RefCell<Vec<u8>>>, u8);
        impl Drop for Note {
            fn drop(&mut self) {
                self.0.borrow_mut().push(self.1);
            }
        }
        let notes = ended.clone();
        let server = StreamServer::new(listener(), move |mut stream: TcpStream, _| {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            let _note = Note(notes.clone(), byte[0]);
            let _ = stream.read(&mut byte); // until the client goes, if it does
        });
        server.start().unwrap();
        let client = |byte| {
            let mut client = TcpStream::connect(server.addrs()[0]).unwrap();
            client.write_all(&[byte]).unwrap();
            client
        };
        let (short, _long) = (client(1), client(2));
        while server.connections() < 2 {
            yield_now();
        }
        spawn(move || {
            osier::sleep(Duration::from_millis(5));
            drop(short);
        });
        assert!(!server.stop(Duration::from_millis(50)), "one stays");
        assert_eq!(*ended.borrow(), [1, 2], "the one in order, the other by a kill");
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn who_takes_connections_lets_others_run_between_them_sv_08() {
    osier::run(|| {
        for (most, taken) in [(1, 1..=6), (10, 7..=31)] {
            let read = |mut stream: TcpStream, _| stream.read(&mut [0]).map(drop);
            let server = StreamServer::new(listener(), read).max_accept(most);
            let addr = server.addrs()[0];
            let clients: Vec<_> = (0..100).map(|_| TcpStream::connect(addr).unwrap()).collect();
            server.start().unwrap();
            (0..3).for_each(|_| yield_now());
            assert!(taken.contains(&server.connections()), "{} of {most}", server.connections());
            drop(clients);
            assert!(server.stop(LONG));
        }
    });
}

#[test]
fn a_client_that_stalls_in_its_handler_harms_no_other_sv_09() {
    osier::run(|| {
        // As a handshake would, which belongs into the handler.
        let server = StreamServer::new(listener(), |mut stream: TcpStream, peer| {
            stream.set_read_timeout(Some(LONG))?;
            stream.read_exact(&mut [0])?;
            hello(stream, peer)
        });
        server.start().unwrap();
        let _stalled: Vec<_> = (0..50).map(|_| TcpStream::connect(server.addrs()[0])).collect();
        let mut client = TcpStream::connect(server.addrs()[0]).unwrap();
        client.write_all(b"x").unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 5);
        assert!(!server.stop(Duration::ZERO));
    });
}

#[test]
fn a_dropped_server_takes_no_more_and_its_connections_go_on() {
    osier::run(|| {
        let server = StreamServer::new(listener(), |mut stream: TcpStream, peer| {
            stream.read_exact(&mut [0])?;
            hello(stream, peer)
        });
        server.start().unwrap();
        let addr = server.addrs()[0];
        let mut client = TcpStream::connect(addr).unwrap();
        while server.connections() == 0 {
            yield_now();
        }
        drop(server);
        yield_now();
        client.write_all(b"x").unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 5);
    });
}

#[test]
fn datagrams_are_handled_by_tasks_within_a_limit_sv_01() {
    osier::run(|| {
        let most = Rc::new(Cell::new(0));
        let (now, seen) = (Cell::new(0), most.clone());
        let server = DatagramServer::new(
            UdpSocket::bind("127.0.0.1:0").unwrap(),
            move |data, from, replies| {
                now.set(now.get() + 1);
                seen.set(seen.get().max(now.get()));
                osier::sleep(Duration::from_millis(1));
                now.set(now.get() - 1);
                match data {
                    b"panic" => panic!("on purpose"),
                    b"error" => Err(io::Error::other("on purpose")),
                    _ => replies.send_to(data, from).map(drop),
                }
            },
        );
        let server = server.limit(4);
        server.start().unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = server.addr().unwrap();
        let mut messages: Vec<Vec<u8>> = (0..20_u8).map(|n| vec![n; usize::from(n)]).collect();
        for bad in [&b"panic"[..], b"error"] {
            client.send_to(bad, addr).unwrap();
        }
        messages.iter().for_each(|message| _ = client.send_to(message, addr).unwrap());
        let mut back = Vec::new();
        let mut buffer = [0; 100];
        for _ in 0..messages.len() {
            let n = client.recv(&mut buffer).unwrap();
            back.push(buffer[..n].to_vec());
        }
        back.sort();
        messages.sort();
        assert!(back == messages && most.get() == 4, "{}", most.get());
        assert!(server.stop(LONG) && server.handled() == 0);
        client.send_to(b"late", addr).unwrap();
        server.start().unwrap();
        assert_eq!(client.recv(&mut buffer).unwrap(), 4, "it goes on");
    });
}
