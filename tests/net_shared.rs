//! One connection and several tasks; and what ends a wait.
#![cfg(feature = "net")]

mod place;

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use osier::net::{Shutdown, TcpListener, TcpStream};

use place::{everywhere, pair};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn one_reads_while_one_writes_so_04() {
    const LEN: usize = 4_000_000;
    everywhere(|place| {
        let (near, far) = pair();
        let ends = [Arc::new(near), Arc::new(far)];
        let writers =
            ends.clone().map(|end| place.beside(move || (&*end).write_all(&vec![7; LEN]).unwrap()));
        let readers = ends.map(|end| {
            place.beside(move || {
                let mut got = vec![0; LEN];
                (&*end).read_exact(&mut got).unwrap();
                assert!(got.iter().all(|&byte| byte == 7));
            })
        });
        writers.into_iter().chain(readers).for_each(|half| half.join());
    });
}

#[test]
fn a_second_reader_is_refused_and_the_first_keeps_waiting_so_05() {
    osier::run(|| {
        let (near, mut far) = pair();
        let near = Arc::new(near);
        let first = osier::spawn({
            let near = Arc::clone(&near);
            move || (&*near).read(&mut [0; 8])
        });
        osier::yield_now();
        let second = (&*near).read(&mut [0]).unwrap_err();
        assert_eq!(second.kind(), ErrorKind::ResourceBusy);
        assert_eq!(near.peek(&mut [0]).unwrap_err().kind(), ErrorKind::ResourceBusy);
        assert!(!first.is_finished());
        far.write_all(b"first").unwrap();
        assert_eq!(first.join().unwrap().unwrap(), 5);
        far.write_all(b"x").unwrap();
        assert_eq!((&*near).read(&mut [0]).unwrap(), 1, "free again");
    });
}

#[test]
fn a_second_acceptor_is_refused_and_a_clone_is_not_so_05() {
    osier::run(|| {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let accept = |listener: &Arc<TcpListener>| {
            let listener = Arc::clone(listener);
            osier::spawn(move || listener.accept().map(|(_, peer)| peer))
        };
        let first = accept(&listener);
        osier::yield_now();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::ResourceBusy);
        let clone = accept(&Arc::new(listener.try_clone().unwrap()));
        osier::yield_now();
        let clients = [(); 2].map(|()| TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let mut seen = [first, clone].map(|task| task.join().unwrap().unwrap().port());
        let mut sent = clients.map(|client| client.local_addr().unwrap().port());
        seen.sort_unstable();
        sent.sort_unstable();
        assert_eq!(seen, sent);
    });
}

#[test]
fn a_second_writer_is_refused_so_05() {
    osier::run(|| {
        let (near, mut far) = pair();
        let near = Arc::new(near);
        let first = osier::spawn({
            let near = Arc::clone(&near);
            move || (&*near).write_all(&vec![0; 64 << 20])
        });
        osier::yield_now();
        assert_eq!((&*near).write(&[0]).unwrap_err().kind(), ErrorKind::ResourceBusy);
        assert_eq!(io::copy(&mut (&mut far).take(64 << 20), &mut io::sink()).unwrap(), 64 << 20);
        first.join().unwrap().unwrap();
    });
}

#[test]
fn a_task_that_waits_stops_no_other_so_01() {
    osier::run(|| {
        let (near, far) = pair();
        let ticks = Rc::new(Cell::new(0));
        let ticker = osier::spawn({
            let ticks = ticks.clone();
            move || {
                for _ in 0..5 {
                    osier::sleep(Duration::from_millis(1));
                    ticks.set(ticks.get() + 1);
                }
                drop(far);
            }
        });
        assert_eq!((&near).read(&mut [0]).unwrap(), 0);
        assert_eq!(ticks.get(), 5);
        ticker.join().unwrap();
    });
}

#[test]
fn hundreds_of_tasks_wait_on_as_many_sockets_so_01() {
    osier::run(|| {
        let ends: Vec<_> = (0..400).map(|_| pair()).collect();
        let (near, far): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
        let readers = near.into_iter().map(|mut near| {
            osier::spawn(move || {
                let mut number = [0; 4];
                near.read_exact(&mut number).unwrap();
                u32::from_le_bytes(number)
            })
        });
        let readers: Vec<_> = readers.collect();
        osier::yield_now();
        for (i, mut far) in far.into_iter().enumerate().rev() {
            far.write_all(&(i as u32).to_le_bytes()).unwrap();
        }
        for (i, reader) in readers.into_iter().enumerate() {
            assert_eq!(reader.join().unwrap() as usize, i);
        }
    });
}

#[test]
fn shutdown_wakes_who_waits_so_06() {
    everywhere(|place| {
        let (near, _far) = pair();
        let near = Arc::new(near);
        let reader = place.beside({
            let near = Arc::clone(&near);
            move || (&*near).read(&mut [0])
        });
        osier::sleep(SHORT);
        near.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.join().unwrap(), 0);
    });
}

#[test]
fn a_kill_ends_a_wait_and_closes_the_socket_so_06() {
    osier::run(|| {
        let (near, mut far) = pair();
        let reader = osier::spawn(move || (&near).read(&mut [0]));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let acceptor = osier::spawn(move || listener.accept().map(drop));
        osier::yield_now();
        for task in [reader.task(), acceptor.task()] {
            task.kill();
        }
        assert!(reader.join().unwrap_err().is_killed());
        assert!(acceptor.join().unwrap_err().is_killed());
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
        let refused = TcpStream::connect(addr).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_time_limit_around_a_read_ends_it_so_03() {
    osier::run(|| {
        let (mut near, mut far) = pair();
        assert!(osier::timeout(SHORT, || near.read(&mut [0])).is_err());
        far.write_all(b"x").unwrap();
        assert_eq!(near.read(&mut [0]).unwrap(), 1);
    });
}

#[test]
fn a_destructor_that_writes_while_its_task_unwinds_waits_in_the_kernel_so_06() {
    /// Says goodbye, and more of it than fits, so that it has to wait.
    struct Polite(TcpStream);
    impl Drop for Polite {
        fn drop(&mut self) {
            self.0.write_all(&vec![0; 16 << 20]).unwrap();
        }
    }
    osier::run(|| {
        let (near, mut far) = pair();
        let reader = std::thread::spawn(move || io::copy(&mut far, &mut io::sink()).unwrap());
        let task = osier::spawn(move || {
            let polite = Polite(near);
            let _ = (&polite.0).read(&mut [0]);
        });
        osier::yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!(reader.join().unwrap(), 16 << 20);
    });
}
