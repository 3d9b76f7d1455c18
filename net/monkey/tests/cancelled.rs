//! Kills and time-outs at any moment of a call: nothing is lost, nothing is left over, and the hub goes on.
#![allow(clippy::disallowed_methods, reason = "that is what is tested")]
use osier_monkey as _;

#[path = "../../../tests/support/kills.rs"]
mod kills;

use std::io::{ErrorKind, IoSliceMut, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Mutex;
use std::time::Duration;

use kills::Lot;

/// One test at a time: files are counted.
static TURN: Mutex<()> = Mutex::new(());

/// How many kills.
const ROUNDS: u64 = 300;

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// One of the calls that wait, of sockets that nobody talks to.
fn wait(which: u64, near: &UnixStream, listener: &TcpListener, datagrams: &UdpSocket) {
    let _ = match which {
        0 => (&*near).read(&mut [0; 8]).map(drop),
        1 => (&*near).write_all(&vec![0; 1 << 20]),
        2 => listener.accept().map(drop),
        3 => datagrams.recv_from(&mut [0; 8]).map(drop),
        4 => TcpStream::connect_timeout(&listener.local_addr().unwrap(), Duration::from_secs(1))
            .map(drop),
        5 => (&*near).read_vectored(&mut [IoSliceMut::new(&mut [0; 8])]).map(drop),
        _ => {
            std::thread::sleep(Duration::from_secs(5));
            Ok(())
        }
    };
}

#[test]
fn a_kill_in_a_call_leaves_nothing_over() {
    let _turn = TURN.lock();
    let mut lot = Lot::new();
    osier::run(|| {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let datagrams = Rc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let before = open_files();
        for _ in 0..ROUNDS {
            let (near, _far) = UnixStream::pair().unwrap();
            let (which, moment) = (lot.below(7), lot.moment());
            let (listener, datagrams) = (Rc::clone(&listener), Rc::clone(&datagrams));
            let waits = move || wait(which, &near, &listener, &datagrams);
            if lot.below(2) == 0 {
                let task = osier::spawn(waits);
                osier::sleep(moment);
                task.kill();
                let _ = task.join();
            } else {
                let _ = osier::timeout(moment, waits);
            }
        }
        assert_eq!(open_files(), before);
        // The hub is as good as new.
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let reader = osier::spawn(move || near.read(&mut [0; 8]).unwrap());
        osier::yield_now();
        far.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap(), 1);
    });
}

#[test]
fn what_is_not_read_by_a_read_that_was_cut_short_is_there_for_the_next_one() {
    let _turn = TURN.lock();
    let mut lot = Lot::new();
    osier::run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let moments: Vec<_> = (0..ROUNDS).map(|_| lot.moment() / 2).collect();
        let writer = osier::spawn(move || {
            for (number, moment) in (0_u32..).zip(moments) {
                osier::sleep(moment);
                far.write_all(&number.to_ne_bytes()).unwrap();
            }
        });
        let mut got = Vec::new();
        loop {
            let mut byte = [0; 1];
            // What the call has brought counts, be the time over or not.
            let mut result = None;
            let _ = osier::timeout(lot.moment() / 4, || result = Some((&near).read(&mut byte)));
            match result {
                Some(Ok(0)) => break,
                Some(Ok(_)) => got.push(byte[0]),
                Some(Err(error)) => assert_ne!(error.kind(), ErrorKind::WouldBlock),
                None => {}
            }
        }
        writer.join().unwrap();
        let sent: Vec<u8> = (0..ROUNDS as u32).flat_map(u32::to_ne_bytes).collect();
        assert_eq!(got, sent);
    });
}
