//! The front: several processes that listen at the same addresses.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/kills.rs"]
mod kills;
#[path = "support/limits.rs"]
mod limits;
#[path = "support/workers.rs"]
mod workers;

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use alone::tests;
use kills::Belongings;
use limits::with_room;
use osier::net::server::{Front, next_request};
use osier::net::{TcpListener, TcpStream};
use osier::process::{Crew, Worker, Workers};
use rustix::process::Signal;
use workers::{signal, soon};

const SHORT: Duration = Duration::from_millis(1);

/// Answers each line with the worker's index, as long as the client likes; "slow" takes a while, "die" is the worker's end.
fn answer(mut stream: TcpStream, worker: &Worker) -> io::Result<()> {
    let mut line = [0; 16];
    while next_request(&stream, worker)? {
        let n = stream.read(&mut line)?;
        match &line[..n] {
            b"" => break,
            b"slow" => osier::sleep(Duration::from_millis(100)),
            b"die" => std::process::abort(),
            b"panic" => panic!("expected"),
            _ => {}
        }
        stream.write_all(&[worker.index() as u8])?;
    }
    Ok(())
}

fn front(n: usize) -> Front {
    let workers = Workers::new().processes(n).pause(SHORT);
    Front::new().workers(workers).listen("127.0.0.1:0").unwrap()
}

/// A front that serves, and where.
fn serving(front: Front) -> (Crew, SocketAddr) {
    let addr = front.addresses()[0];
    (front.start_serving(answer).unwrap(), addr)
}

/// A connection, as soon as somebody listens.
fn connect(addr: SocketAddr) -> TcpStream {
    let mut stream = None;
    assert!(soon(|| {
        stream = TcpStream::connect(addr).ok();
        stream.is_some()
    }));
    stream.unwrap()
}

fn ask(stream: &mut TcpStream, what: &[u8]) -> io::Result<u8> {
    stream.write_all(what)?;
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}

tests! {
    #[test]
    fn all_workers_serve_by_listeners_of_their_own_c_25() {
        osier::run(|| {
            let (crew, addr) = serving(front(2));
            let mut seen = [0, 0];
            connect(addr);
            while seen.contains(&0) {
                seen[usize::from(ask(&mut connect(addr), b"who").unwrap())] += 1;
            }
            let served: Vec<u64> = crew.status().iter().map(|one| one.counters[0].1).collect();
            assert!(served.iter().all(|n| *n > 0), "{crew:?}");
            crew.drain();
            assert_eq!(crew.join().unwrap().killed, 0);
            assert_eq!(TcpStream::connect(addr).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        });
    }

    #[test]
    fn all_workers_serve_by_one_listener_c_25() {
        osier::run(|| {
            let (crew, addr) = serving(front(2).shared(true));
            let mut open: Vec<TcpStream> = (0..50).map(|_| connect(addr)).collect();
            let slow: Vec<_> = open.drain(..25).map(|mut stream| osier::spawn(move || ask(&mut stream, b"slow"))).collect();
            for stream in &mut open {
                ask(stream, b"who").unwrap();
            }
            assert!(slow.into_iter().all(|slow| slow.join().unwrap().is_ok()));
            assert_eq!(crew.total("accepted"), 50);
            crew.drain();
            assert_eq!(crew.join().unwrap().killed, 0);
            assert_eq!(TcpStream::connect(addr).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        });
    }

    #[test]
    fn a_connection_before_the_first_worker_waits_for_it_in_one_queue_c_25() {
        osier::run(|| {
            let (crew, addr) = serving(front(1).shared(true));
            ask(&mut TcpStream::connect(addr).unwrap(), b"who").unwrap();
            signal(crew.status()[0].pid.unwrap(), Signal::KILL);
            // Nobody accepts now, or the next one does already.
            ask(&mut TcpStream::connect(addr).unwrap(), b"who").unwrap();
        });
    }

    #[test]
    fn every_thread_of_every_process_accepts_c_15() {
        osier::run(|| {
            for shared in [false, true] {
                let (crew, addr) = serving(front(2).threads(3).shared(shared));
                let mut all: Vec<TcpStream> = (0..40).map(|_| connect(addr)).collect();
                assert!(all.iter_mut().all(|stream| ask(stream, b"who").is_ok()));
                assert_eq!(crew.total("accepted"), 40);
                drop(all);
                crew.drain();
                assert_eq!(crew.join().unwrap().killed, 0);
            }
        });
    }

    #[test]
    fn a_drain_finishes_requests_and_lets_idle_connections_go_c_24() {
        osier::run(|| {
            let (crew, addr) = serving(front(2));
            let (mut idle, mut busy) = (connect(addr), connect(addr));
            ask(&mut idle, b"who").unwrap();
            let busy = osier::spawn(move || {
                let first = ask(&mut busy, b"slow");
                let end = busy.read(&mut [0]);
                (first, end)
            });
            assert!(soon(|| crew.total("accepted") == 2));
            osier::sleep(Duration::from_millis(10));
            crew.drain();
            assert_eq!(idle.read(&mut [0]).unwrap(), 0, "an idle one is closed at once");
            assert!(!busy.is_finished(), "and nobody has waited for it");
            let (first, end) = busy.join().unwrap();
            assert!(first.is_ok() && end.unwrap() == 0, "it was answered, and closed then");
            assert_eq!(crew.join().unwrap().killed, 0);
            assert_eq!((crew.total("accepted"), crew.total("connections")), (2, 0));
        });
    }

    #[test]
    fn what_is_in_the_queues_when_all_is_to_end_is_served_c_24() {
        osier::run(|| {
            // A worker that does not accept before it is told to end.
            let late = Workers::new().processes(1).gauge("ready");
            let front = Front::new().workers(late).listen("127.0.0.1:0").unwrap();
            let addr = front.addresses()[0];
            let crew = front.limit(1).start_serving(|mut stream, worker| {
                worker.counter("ready").set(1);
                worker.stop().wait();
                stream.write_all(b"x")
            });
            let crew = crew.unwrap();
            let mut all: Vec<TcpStream> = (0..5).map(|_| connect(addr)).collect();
            assert!(soon(|| crew.total("ready") == 1));
            assert_eq!(crew.total("accepted"), 1, "there is room for one");
            crew.drain();
            assert!(all.iter_mut().all(|stream| stream.read_exact(&mut [0]).is_ok()));
            assert_eq!(crew.join().unwrap().killed, 0);
        });
    }

    #[test]
    fn a_limit_is_kept_and_given_back_c_15() {
        osier::run(|| {
            let (crew, addr) = serving(front(1).limit(2));
            let mut open: Vec<TcpStream> = (0..2).map(|_| connect(addr)).collect();
            assert!(open.iter_mut().all(|stream| ask(stream, b"who").is_ok()));
            let mut third = connect(addr);
            third.write_all(b"who").unwrap();
            osier::sleep(Duration::from_millis(5));
            assert_eq!(crew.total("connections"), 2);
            open.pop();
            third.read_exact(&mut [0]).unwrap();
        });
    }

    #[test]
    fn a_handler_that_panics_costs_its_own_connection_c_15() {
        osier::run(|| {
            let (crew, addr) = serving(front(1));
            let mut other = connect(addr);
            ask(&mut other, b"who").unwrap();
            ask(&mut connect(addr), b"panic").unwrap_err();
            ask(&mut other, b"who").unwrap();
            assert_eq!(crew.status()[0].starts, 1);
        });
    }

    #[test]
    fn a_killed_worker_costs_only_its_own_connections_under_constant_load_c_15() {
        static LOST: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];
        static ANSWERED: AtomicUsize = AtomicUsize::new(0);
        static ENOUGH: AtomicBool = AtomicBool::new(false);
        osier::run(|| {
            let (crew, addr) = serving(front(3));
            connect(addr);
            let load = |_| osier::spawn(move || while !ENOUGH.load(Relaxed) {
                let mut stream = connect(addr);
                // Whose it is the first answer says; one that was in the queue of the dead has none.
                let Ok(whose) = ask(&mut stream, b"who") else {
                    LOST[1].fetch_add(1, Relaxed);
                    continue;
                };
                for _ in 0..20 {
                    if ask(&mut stream, b"who").is_err() {
                        LOST[usize::from(whose)].fetch_add(1, Relaxed);
                        break;
                    }
                    ANSWERED.fetch_add(1, Relaxed);
                }
            });
            let clients: Vec<_> = (0..30).map(load).collect();
            for _ in 0..3 {
                let (answered, starts) = (ANSWERED.load(Relaxed), crew.status()[1].starts);
                assert!(soon(|| ANSWERED.load(Relaxed) > answered + 300));
                signal(crew.status()[1].pid.unwrap(), Signal::KILL);
                assert!(soon(|| crew.status()[1].starts > starts));
            }
            ENOUGH.store(true, Relaxed);
            osier::join_all(clients).into_iter().for_each(|client| client.unwrap());
            let lost: Vec<usize> = LOST.iter().map(|lost| lost.load(Relaxed)).collect();
            assert_eq!((lost[0], lost[2]), (0, 0), "others lost some: {lost:?}");
            assert!(lost[1] <= 3 * 30, "{lost:?}");
            crew.drain();
            assert_eq!(crew.join().unwrap().killed, 0);
        });
    }

    #[test]
    fn an_address_is_one_front_s_and_free_when_that_has_ended_c_25() {
        osier::run(|| {
            let (crew, addr) = serving(front(2));
            connect(addr);
            assert_eq!(Front::new().listen(addr).unwrap_err().kind(), ErrorKind::AddrInUse);
            crew.drain();
            crew.join().unwrap();
            drop(TcpListener::bind(addr).unwrap());
            let other = Front::new().processes(1).listen(addr).unwrap();
            let several = other.listen("127.0.0.2:0").unwrap();
            assert_eq!(several.addresses()[0], addr);
            let places = several.addresses();
            let crew = several.start_serving(answer).unwrap();
            assert!(places.iter().all(|at| ask(&mut connect(*at), b"who").is_ok()));
            drop(crew);
        });
    }

    #[test]
    fn term_to_the_server_ends_it_when_all_is_answered_c_24() {
        osier::run(|| {
            let front = front(2);
            let addr = front.addresses()[0];
            let client = osier::spawn(move || {
                let mut stream = connect(addr);
                ask(&mut stream, b"who").unwrap();
                stream.write_all(b"slow").unwrap();
                osier::sleep(Duration::from_millis(10));
                signal(std::process::id(), Signal::TERM);
                stream.read_exact(&mut [0])
            });
            assert_eq!(front.serve(answer).unwrap().killed, 0);
            client.join().unwrap().unwrap();
        });
    }

    #[test]
    fn at_every_number_of_descriptors_it_serves_or_is_an_error_c_15() {
        fn start() -> Result<Crew, String> {
            let front = Front::new().workers(Workers::new().processes(2).pause(SHORT));
            let front = front.listen("127.0.0.1:0").map_err(|error| error.to_string())?;
            front.start_serving(answer).map_err(|error| error.to_string())
        }
        let end = |crew: Crew| {
            crew.drain();
            crew.join().unwrap();
        };
        osier::run(|| {
            end(start().unwrap()); // what is made once is there
            let before = Belongings::settled();
            let mut went = 0;
            for room in 0.. {
                if went == 3 {
                    break;
                }
                assert!(room < 100);
                match with_room(room, start) {
                    Err(text) => assert!(text.contains("open files"), "{room}: {text}"),
                    Ok(crew) => {
                        went += 1;
                        end(crew);
                    }
                }
                before.are_the_same(&format!("room for {room}"));
            }
            assert!(went > 0);
        });
    }
}
