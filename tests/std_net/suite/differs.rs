//! Where our sockets are not as std's, and why; the docs of `net` say the same.
//!
//! `OURS` says which ones these are. Everything else in this suite is the same for all.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::places::{LONG, SHORT, TICK, bound_v4, byte, linked_v4, refused, run};
use crate::way::{OURS, channel, thread};

/// std leaves who gets what to chance; in tasks that is mostly a mistake, and the one who waits is not robbed.
#[test]
fn two_who_read_by_one_handle() {
    run(|| {
        let (near, mut far) = linked_v4();
        let near = Arc::new(near);
        let (tell, told) = channel();
        let readers = [tell.clone(), tell].map(|tell| {
            let near = near.clone();
            thread::spawn(move || {
                let got = (&*near).read(&mut [0]);
                tell.send(got.map_err(|error| error.kind())).unwrap();
            })
        });
        let mut got = Vec::new();
        if OURS {
            got.push(told.recv().unwrap());
        }
        far.write_all(&[1]).unwrap();
        got.push(told.recv().unwrap());
        if !OURS {
            far.write_all(&[2]).unwrap();
            got.push(told.recv().unwrap());
        }
        let expected = if OURS { Err(ErrorKind::ResourceBusy) } else { Ok(1) };
        assert_eq!(got, [expected, Ok(1)]);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// On Linux std says `WouldBlock` of both a limit that is over and a mode that does not wait.
#[test]
fn a_limit_that_is_over() {
    run(|| {
        let (mut near, _far) = linked_v4();
        near.set_read_timeout(Some(SHORT)).unwrap();
        let expected = if OURS { ErrorKind::TimedOut } else { ErrorKind::WouldBlock };
        assert_eq!(refused(near.read(&mut [0])), expected);
    });
}

/// The kernel has a read of no bytes wait for data, which nobody who calls it wants.
#[test]
fn a_read_into_nothing() {
    run(|| {
        let (mut near, _far) = linked_v4();
        near.set_read_timeout(Some(if OURS { LONG } else { SHORT })).unwrap();
        let began = Instant::now();
        assert!(near.read(&mut []).is_ok_and(|n| n == 0) || !OURS);
        let took = began.elapsed();
        assert!(if OURS { took < LONG } else { took >= SHORT - TICK }, "{took:?}");
    });
}

/// The kernel has one limit a socket; each of our handles has its own, so that who clones one changes nobody's waits.
#[test]
fn limits_of_a_clone() {
    run(|| {
        let (near, _far) = linked_v4();
        let clone = near.try_clone().unwrap();
        clone.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(near.read_timeout().unwrap(), (!OURS).then_some(SHORT));
        let later = clone.try_clone().unwrap();
        assert_eq!(later.read_timeout().unwrap(), Some(SHORT));
    });
}

/// The kernel has one mode a socket; each of our handles has its own.
#[test]
fn mode_of_a_clone() {
    run(|| {
        let (near, mut far) = linked_v4();
        let mut clone = near.try_clone().unwrap();
        clone.set_nonblocking(true).unwrap();
        assert_eq!(refused(clone.read(&mut [0])), ErrorKind::WouldBlock);
        if OURS {
            let reader = thread::spawn(move || byte(near));
            thread::yield_now();
            far.write_all(&[1]).unwrap();
            assert_eq!(reader.join().unwrap(), 1);
        } else {
            assert_eq!(refused((&near).read(&mut [0])), ErrorKind::WouldBlock);
        }
    });
}

/// std tries the first address alone: of a name with addresses of both families it reaches one, or none.
#[test]
fn several_addresses_to_send_to() {
    run(|| {
        let (near, _) = bound_v4();
        let (far, addr) = bound_v4();
        let other_family: SocketAddr = format!("[::1]:{}", addr.port()).parse().unwrap();
        let sent = near.send_to(b"hello", &[other_family, addr][..]);
        if OURS {
            assert_eq!(sent.unwrap(), 5);
            assert_eq!(far.recv(&mut [0; 8]).unwrap(), 5);
        } else {
            sent.unwrap_err();
        }
    });
}
