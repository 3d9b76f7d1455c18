//! Connections between processes: pairs, and by the path of a socket.

#[path = "support/alone.rs"]
mod alone;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use alone::tests;
use osier::process::pipe::{self, Connection, Listener, Nothing};
use osier::process::{Parcel, Passed, Process, RecvError, SendError, Socket};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const SHORT: Duration = Duration::from_millis(2);

/// A pair of which one end is bare, to write on it what no connection of ours would.
fn bare() -> (OwnedFd, Connection<u32>) {
    let (one, other) = rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    (one, Connection::from_fd(other).unwrap())
}

fn write(to: &OwnedFd, bytes: &[u8]) {
    rustix::net::send(to, bytes, SendFlags::empty()).unwrap();
}

tests! {
    #[test]
    fn messages_of_all_sizes_arrive_whole_and_apart_cn_01() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<Vec<u8>>().unwrap();
            let sizes = [0, 1, 100, 163_000, 163_840, 163_841, 200 << 10, 212_960, 300_000, 10 << 20, 16 << 20];
            let echo = Process::fork(move || {
                while let Ok(bytes) = far.recv_bytes() {
                    far.send_bytes(&bytes).unwrap();
                }
            });
            for size in sizes {
                let bytes: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[(n % 3) as usize]).collect();
                near.send_bytes(&bytes).unwrap();
                assert!(near.recv_bytes().unwrap() == bytes, "{size}");
                near.send(&bytes).unwrap();
                assert!(near.recv().unwrap() == bytes, "{size}");
            }
            drop(near);
            assert!(echo.unwrap().join().is_success());
        });
    }

    #[test]
    fn messages_are_not_merged_and_keep_their_order_cn_01() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<(u32, String)>().unwrap();
            for n in 0..50 {
                near.send(&(n, "x".repeat(n as usize))).unwrap();
            }
            drop(near);
            let all: Vec<_> = far.iter().collect();
            assert_eq!(all.len(), 50);
            assert!(all.iter().enumerate().all(|(n, (number, text))| n == *number as usize && n == text.len()));
        });
    }

    #[test]
    fn a_full_pipe_stops_the_task_alone_cn_01() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<u32>().unwrap();
            let sent = osier::spawn(move || (0..2000).try_for_each(|n| near.send(&n)));
            osier::yield_now();
            assert!(!sent.is_finished());
            assert!(far.iter().eq(0..2000));
            sent.join().unwrap().unwrap();
            let (near, _far) = pipe::duplex::<u32>().unwrap();
            let full = (0..2000).find_map(|n| near.try_send(&n).err());
            assert!(matches!(full, Some(SendError::TimedOut)));
            assert!(matches!(near.send_timeout(&1, SHORT), Err(SendError::TimedOut)));
        });
    }

    #[test]
    fn a_simplex_pipe_goes_one_way_cn_02() {
        // That the other way does not compile stands in the docs of `Nothing`.
        osier::run(|| {
            let (reader, writer) = pipe::simplex().unwrap();
            let process = Process::fork(move || writer.send(&"up".to_string()).unwrap());
            assert_eq!(reader.recv().unwrap(), "up");
            assert!(matches!(reader.recv(), Err(RecvError::Closed)));
            process.unwrap().join();
        });
    }

    #[test]
    fn the_end_is_seen_on_both_sides_cn_03() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<u32>().unwrap();
            far.send(&1).unwrap();
            drop(far);
            assert!(near.poll(Duration::ZERO).unwrap());
            assert_eq!(near.recv().unwrap(), 1);
            assert!(near.poll(Duration::ZERO).unwrap() && near.poll(None).unwrap());
            assert!(matches!(near.recv(), Err(RecvError::Closed)));
            assert!(matches!(near.recv(), Err(RecvError::Closed)));
            assert!(matches!(near.send(&1), Err(SendError::Closed)));
            let closed: io::Error = near.send(&1).unwrap_err().into();
            assert_eq!(closed.kind(), io::ErrorKind::BrokenPipe);
        });
    }

    #[test]
    fn a_poll_takes_nothing_and_has_its_time_cn_04() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<()>().unwrap();
            assert!(!near.poll(Duration::ZERO).unwrap() && !near.poll(SHORT).unwrap());
            assert!(matches!(near.try_recv(), Err(RecvError::Empty)));
            assert!(matches!(near.recv_timeout(SHORT), Err(RecvError::TimedOut)));
            far.send_bytes(b"").unwrap(); // of no bytes
            for _ in 0..2 {
                assert!(near.poll(Duration::ZERO).unwrap() && near.poll(None).unwrap());
            }
            assert_eq!(near.recv_bytes().unwrap(), b"");
            assert!(!near.poll(Duration::ZERO).unwrap());
        });
    }

    #[test]
    fn what_is_sent_of_bytes_is_a_slice_and_may_be_empty_cn_06() {
        let (near, far) = pipe::duplex::<u32>().unwrap();
        let bytes = *b"abcdef";
        for slice in [&bytes[2..5], &bytes[bytes.len()..], &bytes[..0], &bytes[5..], &bytes] {
            near.send_bytes(slice).unwrap();
            assert!(far.poll(Duration::ZERO).unwrap(), "no bytes are a message as well");
            assert_eq!(far.recv_bytes().unwrap(), slice);
        }
        assert!(bytes.get(bytes.len() + 1..).is_none(), "beyond there is nothing to send");
        assert!(matches!(far.try_recv(), Err(RecvError::Empty)), "none has come twice");
    }

    #[test]
    fn a_limit_is_of_one_wait_and_no_other_pr_22() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<u32>().unwrap();
            let (other, other_far) = pipe::duplex::<u32>().unwrap();
            let patient = osier::spawn(move || other.recv());
            assert!(osier::timeout(SHORT, || near.recv()).is_err());
            assert!(matches!(near.recv_timeout(SHORT), Err(RecvError::TimedOut)));
            let (waits, waited) = osier::channel::bounded::<()>(1);
            let again = osier::spawn(move || {
                waits.send(()).unwrap();
                near.recv() // on the one that had limits
            });
            waited.recv().unwrap();
            osier::sleep(2 * SHORT);
            assert!(!patient.is_finished() && !again.is_finished());
            other_far.send(&1).unwrap();
            far.send(&2).unwrap();
            assert_eq!((patient.join().unwrap().unwrap(), again.join().unwrap().unwrap()), (1, 2));
            // A child has no limits of its parent either.
            let (near, far) = pipe::duplex::<u32>().unwrap();
            let child = osier::timeout(Duration::from_secs(60), || Process::fork(move || far.recv().map(|n| n as i32)));
            let child = child.unwrap().unwrap();
            osier::sleep(2 * SHORT);
            near.send(&3).unwrap();
            assert_eq!(child.join(), osier::process::ExitStatus::Code(3));
        });
    }

    #[test]
    fn a_child_keeps_the_end_that_it_was_handed_and_no_other_cn_07() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<u32>().unwrap();
            let (other, _kept) = pipe::duplex::<u32>().unwrap();
            let process = Process::fork(move || {
                // To the end: the copy of `near` that lies about here is no end any more.
                far.iter().sum::<u32>() as i32
            });
            let stranger = Process::fork(|| osier::sleep(Duration::from_secs(3600)));
            near.send(&20).unwrap();
            near.send(&22).unwrap();
            drop(near);
            assert_eq!(process.unwrap().join(), osier::process::ExitStatus::Code(42));
            drop(_kept);
            assert!(matches!(other.recv(), Err(RecvError::Closed)), "a stranger holds it");
            let stranger = stranger.unwrap();
            stranger.kill().unwrap();
            stranger.join();
        });
    }

    #[test]
    fn a_shared_end_is_not_handed_over_and_a_clone_is_cn_07() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<u32>().unwrap();
            let shared = Rc::new(far);
            let (copy, clone) = (shared.clone(), shared.try_clone().unwrap());
            let process = Process::fork(move || {
                assert!(matches!(copy.send(&1), Err(SendError::Closed)));
                assert!(matches!(copy.recv(), Err(RecvError::Closed)));
                clone.send(&2).unwrap();
            });
            assert!(process.unwrap().join().is_success());
            assert_eq!(near.recv().unwrap(), 2);
            shared.send(&3).unwrap();
            assert_eq!(near.recv().unwrap(), 3);
        });
    }

    #[test]
    fn what_is_no_socket_is_no_connection_cn_08() {
        let file = File::open("/proc/self/stat").unwrap();
        assert!(Connection::<u32>::from_fd(file.into()).is_err());
        let (stream, _far) = UnixStream::pair().unwrap();
        let refused = Connection::<u32>::from_fd(stream.into()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn connections_and_sockets_travel_cn_09() {
        osier::run(|| {
            let (near, far) = pipe::dialogue::<Connection<String>, Passed<UnixStream>>().unwrap();
            let process = Process::fork(move || {
                let line = far.recv().unwrap();
                line.send(&"through it".to_string()).unwrap();
                let (ours, theirs) = UnixStream::pair().unwrap();
                far.send(&Passed(theirs)).unwrap();
                (&ours).write_all(b"socket").unwrap();
            });
            let (ours, theirs) = pipe::duplex::<String>().unwrap();
            near.send(&theirs).unwrap();
            drop(theirs);
            assert_eq!(ours.recv().unwrap(), "through it");
            let mut text = String::new();
            near.recv().unwrap().0.read_to_string(&mut text).unwrap();
            assert_eq!(text, "socket");
            assert!(process.unwrap().join().is_success());
            assert!(matches!(ours.recv(), Err(RecvError::Closed)));
        });
    }

    #[test]
    fn more_descriptors_than_one_message_takes_cn_09() {
        osier::run(|| {
            for (count, size) in [(252, 1), (253, 1), (253, 300_000), (254, 1), (600, 300_000)] {
                let (near, far) = pipe::duplex::<(Vec<Passed<File>>, Vec<u8>)>().unwrap();
                let files = (0..count).map(|_| Passed(File::open("/dev/null").unwrap())).collect();
                near.send(&(files, vec![7; size])).unwrap();
                let (files, bytes) = far.recv().unwrap();
                assert_eq!((files.len(), bytes.len()), (count, size));
            }
        });
    }

    #[test]
    fn a_descriptor_that_was_not_sent_is_an_error_cn_09() {
        osier::run(|| {
            let (near, far) = pipe::dialogue::<u32, Passed<File>>().unwrap();
            near.send(&0).unwrap();
            let wrong: Connection<Nothing, Passed<File>> = Connection::from_fd(OwnedFd::from(far)).unwrap();
            let error = wrong.recv().unwrap_err();
            assert!(matches!(&error, RecvError::Decode(why) if why.contains("descriptor")), "{error}");
        });
    }

    #[test]
    fn descriptors_that_cannot_be_received_are_an_error_cn_09() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<Vec<u8>>().unwrap();
            near.send(&vec![1; 1 << 20]).unwrap(); // in a file
            near.send(&vec![2]).unwrap();
            assert!(far.poll(None).unwrap());
            let before = getrlimit(Resource::Nofile);
            setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..before }).unwrap();
            let lost = far.recv();
            setrlimit(Resource::Nofile, before).unwrap();
            let error = lost.unwrap_err();
            assert!(matches!(&error, RecvError::Io(_)) && error.to_string().contains("lost"), "{error}");
            assert_eq!(far.recv().unwrap(), [2]);
        });
    }

    #[test]
    fn what_is_no_message_is_an_error_and_the_next_one_comes_cn_10() {
        osier::run(|| {
            let (bare, far) = bare();
            write(&bare, b"hello");
            write(&bare, &[0xa0]);
            write(&bare, &[0xa0, 0, 0]); // no bytes are no number
            write(&bare, &[0xa0, 0, 0, 1, 2]); // and this is more than one
            write(&bare, &[0xa1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]); // a file that is not there
            write(&bare, &[0xa0, 1, 0, 1]); // a descriptor that is not there
            write(&bare, &[0xa2, 1, 0, 1]);
            write(&bare, &vec![0xa0; 180 << 10]); // longer than any of ours
            write(&bare, &[0xa0, 0, 0, 7]);
            for n in 0..8 {
                let error = far.recv().unwrap_err();
                assert!(matches!(error, RecvError::Decode(_)), "{n}: {error:?}");
            }
            assert_eq!(far.recv().unwrap(), 7);
        });
    }

    #[test]
    fn a_file_that_is_not_as_it_was_said_is_an_error_cn_10() {
        osier::run(|| {
            use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
            let (bare, far) = bare();
            let file = File::from(memfd_create("open", MemfdFlags::ALLOW_SEALING).unwrap());
            file.set_len(10).unwrap();
            let send = |fd: &File, length: u64| {
                let mut bytes = vec![0xa1, 0, 0];
                bytes.extend(length.to_le_bytes());
                let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
                let mut control = rustix::net::SendAncillaryBuffer::new(&mut space);
                let fds = [fd.as_fd()];
                control.push(rustix::net::SendAncillaryMessage::ScmRights(&fds));
                rustix::net::sendmsg(&bare, &[io::IoSlice::new(&bytes)], &mut control, SendFlags::empty()).unwrap();
            };
            send(&file, 10); // not sealed
            let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
            fcntl_add_seals(&file, seals).unwrap();
            send(&file, 11); // another length
            send(&file, u64::MAX);
            send(&File::open("/dev/zero").unwrap(), 10);
            for _ in 0..4 {
                assert!(matches!(far.recv(), Err(RecvError::Decode(_))));
            }
        });
    }

    #[test]
    fn a_message_beyond_the_limit_is_an_error_cn_10() {
        osier::run(|| {
            let (near, mut far) = pipe::duplex::<Vec<u8>>().unwrap();
            far.set_limit(1000);
            near.send(&vec![1; 2000]).unwrap();
            near.send(&vec![1; 1 << 20]).unwrap();
            near.send(&vec![1; 900]).unwrap();
            assert!(matches!(far.recv(), Err(RecvError::TooLong(_))));
            assert!(matches!(far.recv(), Err(RecvError::TooLong(_))));
            assert_eq!(far.recv().unwrap().len(), 900);
        });
    }

    #[test]
    fn a_listener_gives_connections_by_its_path_cn_11() {
        osier::run(|| {
            let path = std::env::temp_dir().join(format!("osier-listener-{}", std::process::id()));
            let listener = Listener::bind(&path).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(Listener::bind(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
            assert!(path.exists());
            let there = path.clone();
            let process = Process::fork(move || {
                let line = pipe::connect::<u32, u32>(&there).unwrap();
                line.send(&7).unwrap();
                assert_eq!(line.recv().unwrap(), 8);
            });
            let process = process.unwrap();
            osier::sleep(SHORT); // it may be queued by now
            let line = listener.accept::<u32, u32>().unwrap();
            assert_eq!(line.peer().unwrap().pid, process.pid());
            assert_eq!(line.recv().unwrap(), 7);
            line.send(&8).unwrap();
            assert!(process.join().is_success());
            let none = listener.accept_timeout::<u32, u32>(SHORT).unwrap_err();
            assert_eq!(none.kind(), io::ErrorKind::TimedOut);
            drop(listener);
            assert!(!path.exists());
            let refused = pipe::connect::<u32, u32>(&path).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::NotFound);
        });
    }

    #[test]
    fn connections_are_waited_for_together_cn_05() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<u32>().unwrap();
            let (other, _other) = pipe::duplex::<u32>().unwrap();
            let sleeper = Process::fork(|| osier::sleep(Duration::from_secs(3600))).unwrap();
            let late = osier::spawn(move || {
                osier::sleep(SHORT);
                far.send(&1).unwrap();
                osier::sleep(Duration::from_secs(3600));
            });
            for _ in 0..2 {
                let things: [&dyn osier::Waitable; 3] = [&other, &sleeper, &near];
                let first = osier::iwait(things).next().map(|(place, _)| place);
                assert_eq!(first, Some(2));
                assert!(near.poll(Duration::ZERO).unwrap());
            }
            assert_eq!(near.recv().unwrap(), 1);
            sleeper.kill().unwrap();
            let things: [&dyn osier::Waitable; 3] = [&other, &sleeper, &near];
            assert_eq!(osier::iwait(things).next().map(|(place, _)| place), Some(1));
            sleeper.join();
            late.kill();
        });
    }

    #[test]
    fn many_read_and_write_one_socket_and_each_message_goes_to_one_cn_01() {
        osier::run(|| {
            let (near, far) = Socket::pair().unwrap();
            let readers: Vec<_> = (0..2)
                .map(|_| {
                    let far = far.try_clone().unwrap();
                    let (sum, say) = pipe::simplex::<u64>().unwrap();
                    let read = move || {
                        let mut sum = 0;
                        while let Ok(parcel) = far.recv(None) {
                            sum += parcel.unpack::<u64>().unwrap();
                        }
                        say.send(&sum).unwrap();
                    };
                    (sum, Process::fork(read).unwrap())
                })
                .collect();
            drop(far);
            let writers: Vec<_> = (0..2)
                .map(|_| {
                    let near = near.try_clone().unwrap();
                    let write = move || (0..1000_u64).for_each(|n| near.send(&Parcel::pack(&n).unwrap(), None).unwrap());
                    Process::fork(write).unwrap()
                })
                .collect();
            drop(near);
            assert!(writers.iter().all(|writer| writer.join().is_success()));
            let sum: u64 = readers.iter().map(|(sum, _)| sum.recv().unwrap()).sum();
            assert_eq!(sum, 2 * (0..1000).sum::<u64>());
            readers.iter().for_each(|(_, reader)| assert!(reader.join().is_success()));
        });
    }
}
