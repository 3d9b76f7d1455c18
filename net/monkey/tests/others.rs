//! What is no socket, and what waits for several things or for a time.
#![expect(clippy::disallowed_methods, reason = "std's own calls are what is tested")]

use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter, Read, Seek, SeekFrom, Write};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
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

fn pipe() -> (PipeReader, PipeWriter) {
    io::pipe().unwrap()
}

#[test]
fn a_pipe_is_waited_for() {
    run(|| {
        let (mut reader, mut writer) = pipe();
        let read = osier::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        osier::yield_now();
        writer.write_all(b"green").unwrap();
        osier::yield_now();
        writer.write_all(b" tea").unwrap();
        drop(writer);
        assert_eq!(read.join().unwrap().unwrap(), "green tea");
    });
}

#[test]
fn a_large_write_to_a_pipe_waits_for_its_reader_of_the_same_thread() {
    run(|| {
        let (mut reader, mut writer) = pipe();
        let write = osier::spawn(move || writer.write(&vec![7; 4 << 20]));
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(write.join().unwrap().unwrap(), 4 << 20);
        assert_eq!(all.len(), 4 << 20);

        let (reader, mut writer) = pipe();
        let write = osier::spawn(move || writer.write(&vec![7; 1 << 20]));
        osier::yield_now();
        drop(reader);
        let sent = write.join().unwrap().unwrap_or(0);
        assert!(sent < 1 << 20, "who reads has gone");
    });
}

#[test]
fn an_eventfd_is_waited_for_both_ways() {
    run(|| {
        let fd = c::eventfd();
        let read = osier::spawn(move || c::read(fd, &mut [0; 8]).unwrap());
        osier::yield_now();
        assert_eq!(c::write(fd, &7_u64.to_ne_bytes()).unwrap(), 8);
        assert_eq!(read.join().unwrap(), 8);
        c::write(fd, &(u64::MAX - 1).to_ne_bytes()).unwrap();
        let write = osier::spawn(move || c::write(fd, &1_u64.to_ne_bytes()).unwrap());
        osier::yield_now();
        assert!(!write.is_finished(), "there is no room");
        c::read(fd, &mut [0; 8]).unwrap();
        assert_eq!(write.join().unwrap(), 8);
        c::close(fd).unwrap();
    });
}

#[test]
fn files_do_not_switch_unless_asked_to_c_12() {
    let path = std::env::temp_dir().join(format!("osier-monkey-file-{}", std::process::id()));
    let place = path.clone();
    run(move || {
        let work = |path: &std::path::Path| {
            let mut file = File::options()
                .create(true)
                .truncate(true)
                .read(true)
                .write(true)
                .open(path)
                .unwrap();
            file.write_all(b"some text").unwrap();
            file.seek(SeekFrom::Start(0)).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            file.write_all_at(b"S", 0).unwrap();
            file.sync_all().unwrap();
            file.read_exact_at(&mut [0; 4], 5).unwrap();
            text
        };
        let other = osier::spawn(|| ());
        assert_eq!(work(&path), "some text");
        assert!(!other.is_finished());
        osier_monkey::patch_files(true);
        let other = osier::spawn(|| ());
        assert_eq!(work(&path), "some text");
        assert!(other.is_finished());
        println!("and no call on the standard descriptors does");
        let killed = osier::spawn(move || fs::read(&path).unwrap().len());
        osier::yield_now();
        killed.kill();
        assert_eq!(killed.join().unwrap(), 9, "it is not cut short, and waits for nothing else");
        osier_monkey::patch_files(false);
    });
    fs::remove_file(place).unwrap();
}

fn asked(fd: i32) -> libc::pollfd {
    libc::pollfd { fd, events: libc::POLLIN, revents: 0 }
}

#[test]
fn poll_select_and_epoll_wait_for_several() {
    run(|| {
        for way in 0..4 {
            let (near, mut far) = UnixStream::pair().unwrap();
            let (other, _rest) = UnixStream::pair().unwrap();
            let (one, two) = (other.as_raw_fd(), near.as_raw_fd());
            let wait = osier::spawn(move || match way {
                0 => c::poll(&mut [asked(one), asked(-1), asked(two), asked(two)], 5000).unwrap(),
                1 => c::ppoll(&mut [asked(one), asked(two)], 900).unwrap(),
                2 => {
                    let (ready, left) = c::select(&[one, two], 5000).unwrap();
                    assert!(ready == [two] && (1..5000).contains(&left));
                    ready.len()
                }
                _ => c::epoll_wait(&[one, two], 5000).unwrap(),
            });
            osier::yield_now();
            assert!(!wait.is_finished());
            osier::sleep(MS);
            far.write_all(b"x").unwrap();
            assert_eq!(wait.join().unwrap(), if way == 0 { 2 } else { 1 });
            let began = Instant::now();
            assert_eq!(c::poll(&mut [asked(one)], 5).unwrap(), 0);
            assert_eq!(c::select(&[one], 5).unwrap(), (vec![], 0));
            assert_eq!(c::epoll_wait(&[one], 5).unwrap(), 0);
            assert_eq!(c::ppoll(&mut [asked(one)], 5).unwrap(), 0);
            assert_eq!(c::poll(&mut [], 5).unwrap(), 0);
            assert!(began.elapsed() >= MS * 25);
        }
        let (near, _far) = UnixStream::pair().unwrap();
        let task = osier::spawn(move || c::poll(&mut [asked(near.as_raw_fd())], -1));
        osier::yield_now();
        task.kill();
        let error = task.join().unwrap().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECANCELED), "it waits for nothing of ours");
    });
}

#[test]
fn sleeps_go_on_side_by_side() {
    let began = Instant::now();
    run(|| {
        let naps: Vec<_> = (0..50)
            .map(|at| {
                osier::spawn(move || match at % 2 {
                    0 => thread::sleep(MS * 20),
                    _ => drop(c::usleep(20_000)),
                })
            })
            .collect();
        let began = Instant::now();
        naps.into_iter().for_each(|nap| nap.join().unwrap());
        assert!(began.elapsed() >= MS * 20);
        let other = osier::spawn(|| ());
        thread::yield_now();
        assert!(other.is_finished());
        let killed = osier::spawn(|| {
            thread::sleep(LONG * 10);
            osier::sleep(LONG);
        });
        osier::yield_now();
        killed.kill();
        assert!(killed.join().unwrap_err().is_killed());
    });
    assert!(began.elapsed() < MS * 500);
}

#[test]
fn many_datagrams_are_one_call() {
    run(|| {
        let near = UdpSocket::bind("127.0.0.1:0").unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        far.connect(near.local_addr().unwrap()).unwrap();
        let reader = osier::spawn(move || c::many(near.as_raw_fd(), 6, false).unwrap());
        osier::yield_now();
        assert_eq!(c::many(far.as_raw_fd(), 3, true).unwrap(), 3);
        osier::sleep(MS);
        assert_eq!(c::many(far.as_raw_fd(), 3, true).unwrap(), 3);
        assert_eq!(reader.join().unwrap(), 6);
    });
}

#[test]
fn a_file_is_sent_as_a_whole() {
    let path = std::env::temp_dir().join(format!("osier-monkey-sent-{}", std::process::id()));
    fs::write(&path, vec![7; 2 << 20]).unwrap();
    let place = path.clone();
    run(move || {
        let (near, mut far) = UnixStream::pair().unwrap();
        let file = File::open(&path).unwrap();
        let sender = osier::spawn(move || {
            let mut at = 5;
            let sent = c::sendfile(near.as_raw_fd(), file.as_raw_fd(), &mut at, 4 << 20);
            (sent.unwrap() + 5, at)
        });
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        assert_eq!(sender.join().unwrap(), (2 << 20, 2 << 20));
        assert_eq!(all.len() + 5, 2 << 20);

        let ((mut reader, writer), (near, mut far)) = (pipe(), UnixStream::pair().unwrap());
        let splicer = osier::spawn(move || c::splice(near.as_raw_fd(), writer.as_raw_fd(), 100));
        osier::yield_now();
        far.write_all(b"green").unwrap();
        assert_eq!(splicer.join().unwrap().unwrap(), 5);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "green");
    });
    fs::remove_file(place).unwrap();
}

#[test]
fn names_are_looked_up_on_another_thread() {
    run(|| {
        let other = osier::spawn(|| ());
        assert_eq!(c::getaddrinfo("127.0.0.1"), Ok(true));
        assert!(!other.is_finished(), "nobody was asked");
        assert_eq!(c::getaddrinfo("localhost"), Ok(true));
        assert!(other.is_finished());
        assert!(c::getaddrinfo("no.such.name.invalid").is_err());
        assert!(!c::getnameinfo().unwrap().is_empty());
        let killed = osier::spawn(|| {
            // Or the answer was there first.
            if let Err(error) = c::getaddrinfo("localhost") {
                assert_eq!((error, c::errno()), (libc::EAI_SYSTEM, libc::ECANCELED));
            }
            osier::sleep(LONG);
        });
        osier::yield_now();
        killed.kill();
        assert!(killed.join().unwrap_err().is_killed());
    });
}
