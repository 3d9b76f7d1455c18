//! What goes wrong elsewhere: descriptors that are closed or replaced under a wait, handlers, children, rivals.
#![expect(clippy::disallowed_methods, reason = "std's own calls are what is tested")]

use std::cell::Cell;
use std::io::{ErrorKind, PipeReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use osier_monkey as _;

mod c;

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(10);

/// Runs it in a task, with a limit that a test which hangs runs into.
fn run<T: 'static>(f: impl FnOnce() -> T + 'static) -> T {
    osier::run(move || osier::timeout(LONG, f).expect("it hangs"))
}

#[test]
fn a_close_ends_the_wait() {
    run(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let fd = near.into_raw_fd();
        let reader = osier::spawn(move || c::recv(fd, &mut [0; 8], 0).unwrap_err());
        let poller = osier::spawn(move || {
            let mut asked = [libc::pollfd { fd, events: libc::POLLIN, revents: 0 }];
            (c::poll(&mut asked, -1).unwrap(), asked[0].revents)
        });
        osier::yield_now();
        c::close(fd).unwrap();
        assert_eq!(reader.join().unwrap().raw_os_error(), Some(libc::EBADF));
        assert_eq!(poller.join().unwrap(), (1, libc::POLLNVAL));
    });
}

#[test]
fn a_close_on_another_thread_ends_the_wait() {
    run(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let fd = near.into_raw_fd();
        let reader = osier::spawn(move || c::recv(fd, &mut [0; 8], 0).unwrap_err());
        osier::yield_now();
        let closer = thread::spawn(move || c::close(fd).unwrap());
        assert_eq!(reader.join().unwrap().raw_os_error(), Some(libc::EBADF));
        closer.join().unwrap();
    });
}

#[test]
fn dup2_over_what_is_waited_for_ends_the_wait_and_takes_nothing_of_the_other() {
    run(|| {
        let (near, _far) = UnixStream::pair().unwrap();
        let (other, mut rest) = UnixStream::pair().unwrap();
        let (fd, twin) = (near.as_raw_fd(), near.try_clone().unwrap());
        let reader = osier::spawn(move || c::recv(fd, &mut [0; 8], 0).unwrap_err());
        osier::yield_now();
        c::dup2(other.as_raw_fd(), fd).unwrap();
        rest.write_all(b"not for you").unwrap();
        assert_eq!(reader.join().unwrap().raw_os_error(), Some(libc::EBADF));
        let mut buffer = [0; 16];
        assert_eq!((&near).read(&mut buffer).unwrap(), 11);
        drop(twin);
    });
}

#[test]
fn a_duplicate_waits_for_itself() {
    run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let twin = near.try_clone().unwrap();
        let read = |stream: UnixStream| {
            osier::spawn(move || {
                let mut stream = stream;
                stream.read(&mut [0; 1]).unwrap()
            })
        };
        let readers = [read(near), read(twin)];
        osier::yield_now();
        far.write_all(b"ab").unwrap();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), 1);
        }
    });
}

#[test]
fn two_tasks_read_one_socket_and_one_writes_it() {
    run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let near = Rc::new(near);
        let count = Rc::new(Cell::new(0));
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let (near, count) = (near.clone(), count.clone());
                osier::spawn(move || {
                    while (&*near).read(&mut [0; 1]).unwrap() == 1 {
                        count.set(count.get() + 1);
                    }
                })
            })
            .collect();
        let writer = near.clone();
        let writer = osier::spawn(move || (&*writer).write_all(&vec![0; 1 << 20]));
        osier::yield_now();
        for _ in 0..100 {
            far.write_all(b"x").unwrap();
        }
        far.read_exact(&mut vec![0; 1 << 20]).unwrap();
        writer.join().unwrap().unwrap();
        far.shutdown(std::net::Shutdown::Write).unwrap();
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(count.get(), 100);
    });
}

/// What the handler waits for, and how often others ran meanwhile.
static PIPE: AtomicI32 = AtomicI32::new(-1);
static TURNS: AtomicUsize = AtomicUsize::new(0);
static SEEN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn wait_for_pipe(_signal: i32) {
    let before = TURNS.load(Ordering::Relaxed);
    c::read(PIPE.load(Ordering::Relaxed), &mut [0; 1]).unwrap();
    SEEN.store(TURNS.load(Ordering::Relaxed) - before + 1, Ordering::Relaxed);
}

#[test]
fn a_signal_handler_does_not_switch() {
    run(|| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        PIPE.store(reader.as_raw_fd(), Ordering::Relaxed);
        c::on_signal(libc::SIGUSR1, wait_for_pipe);
        let other = osier::spawn(|| {
            loop {
                TURNS.fetch_add(1, Ordering::Relaxed);
                osier::yield_now();
            }
        });
        osier::yield_now();
        let delayed = thread::spawn(move || {
            thread::sleep(MS * 20);
            writer.write_all(b"x").unwrap();
            writer
        });
        c::raise(libc::SIGUSR1);
        assert_eq!(SEEN.load(Ordering::Relaxed), 1, "nobody ran while the handler waited");
        // What the handler has left on the stack hinders nobody.
        let before = TURNS.load(Ordering::Relaxed);
        let mut writer = delayed.join().unwrap();
        let wait = osier::spawn(move || read_with_room(reader));
        osier::yield_now();
        read_later(&mut writer);
        assert_eq!(wait.join().unwrap(), 1);
        assert!(TURNS.load(Ordering::Relaxed) > before);
        other.kill();
        let _ = other.join();
    });
}

fn read_later(writer: &mut impl Write) {
    thread::sleep(MS * 2);
    writer.write_all(b"y").unwrap();
}

/// Raises the signal of a handler that does nothing, and waits above what that has left.
fn read_with_room(mut reader: PipeReader) -> usize {
    extern "C" fn nothing(_signal: i32) {}
    c::on_signal(libc::SIGUSR2, nothing);
    c::raise(libc::SIGUSR2);
    let room = std::mem::MaybeUninit::<[u8; 8192]>::uninit();
    std::hint::black_box(&room);
    reader.read(&mut [0; 1]).unwrap()
}

#[test]
fn the_standard_descriptors_never_switch() {
    run(|| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        c::dup2(reader.as_raw_fd(), 0).unwrap();
        let other = osier::spawn(|| ());
        let delayed = thread::spawn(move || {
            thread::sleep(MS * 5);
            writer.write_all(b"line\n").unwrap();
        });
        let mut line = String::new();
        assert_eq!(std::io::stdin().read_line(&mut line).unwrap(), 5);
        assert!(!other.is_finished());
        delayed.join().unwrap();
    });
}

static ELSEWHERE: AtomicUsize = AtomicUsize::new(0);

extern "C" fn nap() {
    let before = TURNS.load(Ordering::Relaxed);
    thread::sleep(MS * 5);
    ELSEWHERE.store(TURNS.load(Ordering::Relaxed) - before + 1, Ordering::Relaxed);
}

#[test]
fn a_stack_of_somebody_else_does_not_switch() {
    run(|| {
        c::on_other_stack(nap);
        assert_ne!(ELSEWHERE.load(Ordering::Relaxed), 0);
        let other = osier::spawn(|| ());
        osier::no_switch(|| thread::sleep(MS));
        assert!(!other.is_finished());
        c::on_other_stack(nap);
        assert!(!other.is_finished());
    });
}

#[test]
fn children_are_started_and_read_from_in_tasks() {
    run(|| {
        let other = osier::spawn(|| thread::sleep(MS));
        let child = Command::new("sh").args(["-c", "sleep 0.05; echo green"]).output();
        assert_eq!(child.unwrap().stdout, b"green\n");
        assert!(other.is_finished());
        let missing = Command::new("/no/such/program").spawn();
        assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

static RAN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn nap_and_read() -> i32 {
    thread::sleep(MS * 5);
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let later = c::write(writer.as_raw_fd(), b"x").unwrap() as i32;
    writer.flush().unwrap();
    reader.read(&mut [0; 1]).unwrap() as i32 + later + RAN.load(Ordering::Relaxed) as i32
}

#[test]
fn a_child_in_its_parents_memory_and_a_forked_one_run_no_task() {
    run(|| {
        let other = osier::spawn(|| thread::sleep(LONG * 5));
        osier::yield_now();
        let third = osier::spawn(|| RAN.store(100, Ordering::Relaxed));
        let (near, mut far) = UnixStream::pair().unwrap();
        let fd = near.as_raw_fd();

        assert_eq!(c::in_vfork(nap_and_read), 2);
        let in_child = || {
            thread::sleep(MS);
            c::recv(fd, &mut [0; 8], libc::MSG_DONTWAIT).map_or(0, |_| 1) + nap_and_read()
        };
        assert_eq!(c::in_fork(in_child), 2);

        assert!(!third.is_finished());
        third.kill();
        let _ = third.join();
        // The parent's tasks wait as before.
        let reader = osier::spawn(move || (&near).read(&mut [0; 8]).unwrap());
        osier::yield_now();
        far.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap(), 1);
        other.kill();
        thread::sleep(MS);
        drop(other);
    });
}

#[test]
fn another_process_that_takes_the_connection_stops_nobody() {
    run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let ours = Rc::new(Cell::new(0));
        let child = {
            // Takes as many as it can get, for as long as there are any.
            let listener = listener.try_clone().unwrap();
            c::fork(move || {
                for _ in 0..200 {
                    listener.accept().map(drop).unwrap();
                }
                0
            })
        };
        let count = ours.clone();
        let server = osier::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                count.set(count.get() + 1);
                drop(stream);
            }
        });
        let longest = Rc::new(Cell::new(Duration::ZERO));
        let seen = longest.clone();
        let heart = osier::spawn(move || {
            while Rc::strong_count(&seen) > 1 {
                let began = Instant::now();
                thread::sleep(MS);
                seen.set(seen.get().max(began.elapsed()));
            }
        });
        let mut made = 0;
        // The child ends when it had its 200; if it gets none it is given more.
        while made < 200 + ours.get() {
            // Whoever has accepted it drops it at once.
            let end = TcpStream::connect(addr).unwrap().read_to_end(&mut Vec::new());
            end.unwrap_or(0);
            made += 1;
        }
        assert_eq!(c::status(child), 0);
        server.kill();
        let _ = server.join();
        let stood = longest.get();
        drop(longest);
        heart.join().unwrap();
        assert!(stood < MS * 500, "all stood still for {stood:?}");
    });
}
