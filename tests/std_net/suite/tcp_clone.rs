//! Several handles of one socket: who has what while others wait.

use std::io::{Read, Write};

use super::places::{byte, each_family, linked, listening};
use crate::way::net::TcpStream;
use crate::way::{channel, thread};

#[test]
fn a_clone_writes_while_the_original_reads() {
    each_family(|host| {
        let (near, mut far) = linked(host);
        let echo = thread::spawn(move || {
            let got = byte(&far);
            far.write_all(&[got + 1]).unwrap();
        });
        let mut writes = near.try_clone().unwrap();
        let (go, gone) = channel();
        let writer = thread::spawn(move || {
            gone.recv().unwrap();
            writes.write_all(&[1]).unwrap();
        });
        go.send(()).unwrap();
        assert_eq!(byte(near), 2);
        writer.join().unwrap();
        echo.join().unwrap();
    });
}

#[test]
fn two_clones_read_each_a_part() {
    each_family(|host| {
        let (near, mut far) = linked(host);
        let clone = near.try_clone().unwrap();
        let (tell, told) = channel();
        let others = [(near, tell.clone()), (clone, tell)].map(|(stream, tell)| {
            thread::spawn(move || {
                let got = byte(stream);
                tell.send(got).unwrap();
            })
        });
        far.write_all(&[1]).unwrap();
        let first = told.recv().unwrap();
        far.write_all(&[2]).unwrap();
        assert_eq!((first, told.recv().unwrap()), (1, 2));
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn two_clones_write_both() {
    each_family(|host| {
        let (mut near, mut far) = linked(host);
        let mut clone = near.try_clone().unwrap();
        let other = thread::spawn(move || clone.write_all(&[1]).unwrap());
        near.write_all(&[2]).unwrap();
        let mut buf = [0; 2];
        far.read_exact(&mut buf).unwrap();
        buf.sort_unstable();
        assert_eq!(buf, [1, 2]);
        other.join().unwrap();
    });
}

#[test]
fn a_socket_is_cloned_while_it_is_read() {
    each_family(|host| {
        let (near, mut far) = linked(host);
        let waits = near.try_clone().unwrap();
        let (began, begun) = channel();
        let reader = thread::spawn(move || {
            began.send(()).unwrap();
            byte(waits)
        });
        begun.recv().unwrap();
        thread::yield_now();
        drop(near.try_clone().unwrap());
        far.write_all(&[3]).unwrap();
        assert_eq!(reader.join().unwrap(), 3);
    });
}

#[test]
fn a_connection_is_open_as_long_as_one_handle_is() {
    each_family(|host| {
        let (near, mut far) = linked(host);
        let mut clone = near.try_clone().unwrap();
        drop(near);
        clone.write_all(&[8]).unwrap();
        assert_eq!(byte(&far), 8);
        drop(clone);
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn a_listener_and_its_clone_accept_in_turn() {
    each_family(|host| {
        let (listener, addr) = listening(host);
        let clone = listener.try_clone().unwrap();
        let clients = [(); 2].map(|()| thread::spawn(move || TcpStream::connect(addr).map(drop)));
        listener.accept().unwrap();
        clone.accept().unwrap();
        for client in clients {
            client.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_listener_and_its_clone_accept_at_once() {
    each_family(|host| {
        let (listener, addr) = listening(host);
        let clone = listener.try_clone().unwrap();
        // Each takes one and is gone: neither may have both.
        let servers = [listener, clone]
            .map(|listener| thread::spawn(move || listener.accept().map(|(_, peer)| peer)));
        let clients =
            [(); 2].map(|()| thread::spawn(move || TcpStream::connect(addr).unwrap().local_addr()));
        let mut accepted = servers.map(|server| server.join().unwrap().unwrap());
        let mut connected = clients.map(|client| client.join().unwrap().unwrap());
        accepted.sort_unstable();
        connected.sort_unstable();
        assert_eq!(accepted, connected);
    });
}
