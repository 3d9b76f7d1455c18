//! Sockets of std in tasks: what waits lets the others run, and is else as the kernel has it.
#![expect(clippy::disallowed_methods, reason = "std's own calls are what is tested")]

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use osier_monkey as _;

mod c;

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(10);

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Runs it in a task, with a limit that a test which hangs runs into.
fn run<T: 'static>(f: impl FnOnce() -> T + 'static) -> T {
    osier::run(move || osier::timeout(LONG, f).expect("it hangs"))
}

#[test]
fn readers_wait_side_by_side_mp_01() {
    run(|| {
        let pairs: Vec<_> = (0..50).map(|_| tcp()).collect();
        let (near, far): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let readers: Vec<_> = near
            .into_iter()
            .map(|mut near| {
                osier::spawn(move || {
                    let mut buffer = [0; 5];
                    near.read_exact(&mut buffer).map(|()| buffer)
                })
            })
            .collect();
        osier::yield_now();
        for mut far in far.iter().rev() {
            far.write_all(b"gr").unwrap();
        }
        osier::yield_now();
        for mut far in &far {
            far.write_all(b"een").unwrap();
        }
        for reader in readers {
            assert_eq!(&reader.join().unwrap().unwrap(), b"green");
        }
    });
}

#[test]
fn a_large_write_waits_for_its_reader_of_the_same_thread() {
    run(|| {
        let (mut near, mut far) = tcp();
        let writer = osier::spawn(move || near.write(&vec![7; 8 << 20]));
        let mut all = Vec::new();
        let read = far.read_to_end(&mut all);
        assert_eq!(read.unwrap(), 8 << 20);
        assert_eq!(writer.join().unwrap().unwrap(), 8 << 20);
    });
}

#[test]
fn vectored_calls_are_whole() {
    run(|| {
        let (mut near, mut far) = tcp();
        let writer = osier::spawn(move || {
            let parts = [vec![1; 3 << 20], vec![2; 5], vec![3; 3 << 20]];
            near.write_vectored(&parts.each_ref().map(|part| IoSlice::new(part)))
        });
        let (mut one, mut two) = ([0; 2], [0; 2]);
        osier::yield_now();
        let read = far.read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]);
        assert_eq!((read.unwrap(), one, two), (4, [1; 2], [1; 2]));
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).unwrap();
        assert_eq!(writer.join().unwrap().unwrap(), (6 << 20) + 5);
        assert_eq!(rest.len(), (6 << 20) + 1);
        assert_eq!(rest[(3 << 20) - 5..(3 << 20) + 2], [1, 2, 2, 2, 2, 2, 3]);
    });
}

#[test]
fn accept_and_connect_wait() {
    run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let server = osier::spawn(move || {
            (0..20).try_for_each(|_| listener.accept().unwrap().0.write_all(b"hi"))
        });
        osier::yield_now();
        let client = || -> io::Result<String> {
            let mut text = String::new();
            TcpStream::connect_timeout(&addr, LONG)?.read_to_string(&mut text)?;
            TcpStream::connect(addr).map(drop).ok();
            Ok(text)
        };
        assert_eq!(client().unwrap(), "hi");
        for _ in 0..9 {
            client().unwrap();
        }
        server.join().unwrap().unwrap();
        let refused = TcpStream::connect(addr).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_unix_socket_whose_peer_has_a_full_line_is_waited_for() {
    let path = std::env::temp_dir().join(format!("osier-monkey-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let place = path.clone();
    run(move || {
        let clients: Vec<_> = (0..300)
            .map(|_| (path.clone(),))
            .map(|(path,)| osier::spawn(move || UnixStream::connect(path)))
            .collect();
        osier::yield_now();
        for _ in 0..300 {
            listener.accept().unwrap();
        }
        for client in clients {
            client.join().unwrap().unwrap();
        }
    });
    std::fs::remove_file(place).unwrap();
}

#[test]
fn limits_of_the_socket_hold() {
    run(|| {
        let (near, _far) = tcp();
        near.set_read_timeout(Some(SHORT)).unwrap();
        let began = Instant::now();
        assert_eq!((&near).read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(began.elapsed() >= SHORT && began.elapsed() < SHORT * 20);
        near.set_write_timeout(Some(SHORT)).unwrap();
        let sent = (&near).write(&vec![0; 64 << 20]).unwrap();
        assert!(sent > 0 && sent < 64 << 20);
        assert_eq!((&near).write(&[0; 1 << 20]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        limit(&listener, SHORT);
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

fn limit(listener: &TcpListener, length: Duration) {
    rustix::net::sockopt::set_socket_timeout(
        listener,
        rustix::net::sockopt::Timeout::Recv,
        Some(length),
    )
    .unwrap();
}

#[test]
fn a_limit_that_nobody_has_seen_being_set_is_found() {
    run(|| {
        let (near, _far) = tcp();
        let length = Duration::from_millis(150);
        let kind = rustix::net::sockopt::Timeout::Recv;
        rustix::net::sockopt::set_socket_timeout(&near, kind, Some(length)).unwrap();
        let began = Instant::now();
        assert_eq!((&near).read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(began.elapsed() >= length && began.elapsed() < length * 10);
    });
}

#[test]
fn who_does_not_want_to_block_does_not() {
    run(|| {
        let (near, _far) = tcp();
        near.set_nonblocking(true).unwrap();
        let others = osier::spawn(|| ());
        assert_eq!((&near).read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let mut sent = 0;
        let error = loop {
            match (&near).write(&[0; 1 << 20]) {
                Ok(more) => sent += more,
                Err(error) => break error,
            }
        };
        assert!(error.kind() == ErrorKind::WouldBlock && sent > 0);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(!others.is_finished(), "nobody had a turn");
        near.set_nonblocking(false).unwrap();
    });
}

#[test]
fn datagrams_come_one_by_one() {
    run(|| {
        let (near, far) =
            (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let to = near.local_addr().unwrap();
        let reader = osier::spawn(move || {
            let mut buffer = [0; 16];
            let (length, from) = near.recv_from(&mut buffer).unwrap();
            near.connect(from).unwrap();
            let peeked = near.peek(&mut [0; 16]).unwrap();
            (length, peeked, near.recv(&mut buffer).unwrap())
        });
        osier::yield_now();
        far.send_to(b"one", to).unwrap();
        osier::sleep(Duration::from_millis(1));
        far.connect(to).unwrap();
        far.send(b"three").unwrap();
        assert_eq!(reader.join().unwrap(), (3, 5, 5));

        let (near, far) = UnixDatagram::pair().unwrap();
        let writer = osier::spawn(move || (0..1000).try_for_each(|_| far.send(b"x").map(drop)));
        for _ in 0..1000 {
            assert_eq!(near.recv(&mut [0; 8]).unwrap(), 1);
        }
        writer.join().unwrap().unwrap();
    });
}

#[test]
fn flags_mean_what_they_mean() {
    run(|| {
        let (mut near, far) = tcp();
        let fd = far.as_raw_fd();
        let all = |flags| {
            osier::spawn(move || {
                let mut buffer = [0_u8; 6];
                (c::recv(fd, &mut buffer, flags).unwrap(), buffer)
            })
        };
        for flags in [libc::MSG_WAITALL | libc::MSG_PEEK, libc::MSG_WAITALL] {
            let reader = all(flags);
            osier::yield_now();
            if flags & libc::MSG_PEEK != 0 {
                near.write_all(b"abc").unwrap();
                osier::sleep(Duration::from_millis(3));
                assert!(!reader.is_finished());
                near.write_all(b"def").unwrap();
            }
            assert_eq!(reader.join().unwrap(), (6, *b"abcdef"));
        }
        let reader = all(libc::MSG_WAITALL);
        osier::yield_now();
        near.write_all(b"gh").unwrap();
        osier::sleep(Duration::from_millis(3));
        drop(near);
        assert_eq!(reader.join().unwrap(), (2, *b"gh\0\0\0\0"), "the end comes first");
        drop(far);
    });
}

#[test]
fn a_kill_and_a_time_out_are_told_as_cancelled() {
    run(|| {
        let (near, _far) = tcp();
        let near = Rc::new(near);
        let reader = near.clone();
        let task = osier::spawn(move || {
            let error = (&*reader).read(&mut [0; 8]).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
            let again = (&*reader).read(&mut [0; 8]).unwrap_err();
            assert_eq!(again.raw_os_error(), Some(libc::ECANCELED));
            thread::sleep(Duration::from_millis(1));
            osier::sleep(LONG);
        });
        osier::yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        let cut = osier::timeout(SHORT, || {
            let error = (&*near).read(&mut [0; 8]).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ECANCELED));
            osier::sleep(LONG);
        });
        assert!(cut.is_err());
    });
}

#[test]
fn outside_of_tasks_all_is_as_it_was() {
    let (mut near, mut far) = tcp();
    let reader = thread::spawn(move || {
        let mut buffer = [0; 5];
        near.read_exact(&mut buffer).map(|()| buffer)
    });
    osier::run(|| osier::sleep(Duration::from_millis(1)));
    far.write_all(b"plain").unwrap();
    assert_eq!(&reader.join().unwrap().unwrap(), b"plain");
}

#[test]
fn errno_is_left_alone_by_what_goes_well() {
    run(|| {
        let (mut near, mut far) = tcp();
        let other = osier::spawn(|| {
            assert!(std::fs::File::open("/no/such/file").is_err());
        });
        let reader = osier::spawn(move || {
            c::set_errno(libc::EDOM);
            near.read_exact(&mut [0; 1]).unwrap();
            c::errno()
        });
        osier::yield_now();
        other.join().unwrap();
        far.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap(), libc::EDOM);
    });
}
