//! Streams in memory, for tests.

mod support;

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use osier::testing::{self, Wire, pair, wait_all_parked};
use osier::{clock, sleep, spawn, yield_now};
use support::FOREVER;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_pair_carries_bytes_both_ways_at_once() {
    testing::check(20, |random| {
        let wire = Wire::new().capacity(7).pieces(3).seed(random.next());
        let (here, there) = wire.delay(Duration::from_millis(1)).pair();
        let data: Vec<u8> = (0..200).map(|_| random.next() as u8).collect();
        let (here, there) = (Rc::new(here), Rc::new(there));
        let ends = [(here.clone(), data.clone()), (there.clone(), data.clone())];
        let writers = ends.map(|(end, data)| spawn(move || (&*end).write_all(&data)));
        let readers = [here, there].map(|end| {
            spawn(move || {
                let mut got = vec![0; 200];
                (&*end).read_exact(&mut got).map(|()| got)
            })
        });
        assert!(osier::join_all(writers).into_iter().all(|sent| sent.unwrap().is_ok()));
        for got in osier::join_all(readers) {
            assert_eq!(got.unwrap().unwrap(), data);
        }
    });
}

#[test]
fn a_peer_that_has_gone_ends_reads_and_breaks_writes() {
    testing::run(|| {
        let (mut here, there) = pair();
        (&there).write_all(b"last words").unwrap();
        drop(there);
        let mut text = String::new();
        here.read_to_string(&mut text).unwrap();
        assert_eq!(text, "last words");
        assert_eq!(here.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_waiting_read_ends_with_the_peer_its_limit_or_a_kill() {
    testing::run(|| {
        let (mut here, there) = pair();
        let reader = spawn(move || (&there).read(&mut [0; 4]).map(|n| (n, there)));
        wait_all_parked();
        here.write_all(b"ab").unwrap();
        let (n, there) = reader.join().unwrap().unwrap();
        assert_eq!(n, 2);

        there.set_read_timeout(Some(HOUR)).unwrap();
        let began = clock::now();
        assert_eq!((&there).read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(clock::now() - began, HOUR);
        let zero = there.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
        assert_eq!(zero.kind(), ErrorKind::InvalidInput);
        there.set_read_timeout(None).unwrap();

        let there = Rc::new(there);
        let victim = spawn({
            let there = there.clone();
            move || (&*there).read(&mut [0])
        });
        wait_all_parked();
        let second = (&*there).read(&mut [0]).unwrap_err();
        assert_eq!(second.kind(), ErrorKind::ResourceBusy);
        victim.kill();
        assert!(victim.join().unwrap_err().is_killed());
        here.write_all(b"c").unwrap();
        assert_eq!((&*there).read(&mut [0]).unwrap(), 1, "its place is free again");

        there.set_nonblocking(true);
        assert_eq!((&*there).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        there.set_nonblocking(false);
        let reader = spawn(move || (&*there).read(&mut [0]));
        wait_all_parked();
        drop(here);
        assert_eq!(reader.join().unwrap().unwrap(), 0);
    });
}

#[test]
fn a_reader_that_was_woken_too_late_leaves_the_next_one_in_peace() {
    testing::check(50, |_| {
        let (mut here, there) = pair();
        let there = Rc::new(there);
        let read = |there: Rc<testing::Stream>| {
            move || loop {
                match (&*there).read(&mut [0]) {
                    Err(error) if error.kind() == ErrorKind::ResourceBusy => yield_now(),
                    other => return other.map(drop),
                }
            }
        };
        let readers: Vec<_> = (0..3).map(|_| spawn(read(there.clone()))).collect();
        yield_now();
        for _ in 0..3 {
            here.write_all(b"x").unwrap();
            yield_now();
        }
        for read in osier::join_all(readers) {
            read.unwrap().unwrap();
        }
    });
}

#[test]
fn a_failure_that_was_asked_for_reaches_a_read_that_waits() {
    testing::run(|| {
        let (here, there) = pair();
        let here = Rc::new(here);
        let reader = spawn({
            let here = here.clone();
            move || (&*here).read(&mut [0])
        });
        wait_all_parked();
        here.fail_read(ErrorKind::ConnectionReset);
        assert_eq!(reader.join().unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
        here.fail_write(ErrorKind::StorageFull);
        assert_eq!((&*here).write(b"x").unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!((&*here).write(b"x").unwrap(), 1);
        drop(there);
    });
}

#[test]
fn a_wire_that_is_cut_breaks_at_both_ends() {
    testing::run(|| {
        let (mut here, mut there) = Wire::new().cut_after(3, ErrorKind::ConnectionReset).pair();
        assert_eq!(here.write_all(b"hello").unwrap_err().kind(), ErrorKind::ConnectionReset);
        let mut got = Vec::new();
        let error = there.read_to_end(&mut got).unwrap_err();
        assert_eq!((error.kind(), &*got), (ErrorKind::ConnectionReset, &b"hel"[..]));
    });
}

#[test]
fn a_task_that_unwinds_gets_an_error_where_it_would_wait() {
    testing::run(|| {
        let (mut here, there) = pair();
        let said = Rc::new(Cell::new(None));
        let note = said.clone();
        let task = spawn(move || {
            let _farewell = support::OnDrop::new(move || {
                let wrote = here.write_all(b"bye");
                assert!(wrote.is_ok(), "that does not wait");
                note.set(here.read(&mut [0]).err().map(|error: io::Error| error.kind()));
            });
            sleep(FOREVER);
        });
        wait_all_parked();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!(said.get(), Some(ErrorKind::WouldBlock));
        assert_eq!(io::read_to_string(there).unwrap(), "bye");
    });
}
