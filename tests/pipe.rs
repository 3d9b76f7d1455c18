//! Pipes between tasks, threads and programs.

mod support;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use osier::io::{PipeReader, PipeWriter, pipe};
use osier::{spawn, timeout, yield_now};
use support::Turns;

#[test]
fn more_than_fits_goes_through_while_others_run() {
    osier::run(|| {
        let turns = Turns::new();
        let (mut reader, mut writer) = pipe().unwrap();
        let long: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let sent = long.clone();
        let task = spawn(move || writer.write_all(&sent));
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        task.join().unwrap().unwrap();
        assert!(all == long && turns.count() > 5);
    });
}

#[test]
fn the_end_is_when_the_last_writer_goes() {
    osier::run(|| {
        let (mut reader, mut writer) = pipe().unwrap();
        let mut other = writer.try_clone().unwrap();
        writer.write_all(b"1").unwrap();
        drop(writer);
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 1);
        assert!(timeout(Duration::from_millis(1), || reader.read(&mut [0; 8])).is_err());
        other.write_all(b"2").unwrap();
        drop(other);
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 1);
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
        let (reader, mut writer) = pipe().unwrap();
        drop(reader);
        assert_eq!(writer.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_writer_that_waits_is_told_that_nobody_reads() {
    osier::run(|| {
        let (reader, mut writer) = pipe().unwrap();
        let task = spawn(move || writer.write_all(&[0; 1_000_000]));
        yield_now();
        assert!(!task.is_finished());
        drop(reader);
        assert_eq!(task.join().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_second_reader_is_refused_and_the_first_one_stays() {
    osier::run(|| {
        let (reader, mut writer) = pipe().unwrap();
        let reader = Rc::new(reader);
        let first = reader.clone();
        let task = spawn(move || (&*first).read(&mut [0; 4]));
        yield_now();
        assert_eq!((&*reader).read(&mut [0; 4]).unwrap_err().kind(), ErrorKind::ResourceBusy);
        writer.write_all(b"abc").unwrap();
        assert_eq!(task.join().unwrap().unwrap(), 3);
    });
}

#[test]
fn pieces_go_in_one_call() {
    osier::run(|| {
        let (mut reader, mut writer) = pipe().unwrap();
        let sent = writer.write_vectored(&[IoSlice::new(b"abc"), IoSlice::new(b"de")]).unwrap();
        let (mut one, mut two) = ([0; 2], [0; 8]);
        let got = reader.read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)]);
        assert_eq!((sent, got.unwrap(), &one, &two[..3]), (5, 5, b"ab", &b"cde"[..]));
        writer.flush().unwrap();
    });
}

#[test]
fn a_limit_is_kept_in_both_directions() {
    osier::run(|| {
        let (reader, writer) = pipe().unwrap();
        let soon = || Some(osier::clock::now() + Duration::from_millis(1));
        assert_eq!(reader.read_deadline(&mut [0], soon()).unwrap_err().kind(), ErrorKind::TimedOut);
        let full = loop {
            if let Err(error) = writer.write_deadline(&[0; 65536], soon()) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn plain_threads_and_descriptors_of_others_use_it_too() {
    let (reader, mut writer) = pipe().unwrap();
    let other = thread::spawn(move || writer.write_all(b"from a thread"));
    let mut text = String::new();
    (&reader).read_to_string(&mut text).unwrap();
    other.join().unwrap().unwrap();
    assert_eq!(text, "from a thread");

    let (theirs, ours) = std::io::pipe().unwrap();
    let reader = PipeReader::try_from(std::os::fd::OwnedFd::from(theirs)).unwrap();
    let writer = PipeWriter::try_from(std::os::fd::OwnedFd::from(ours)).unwrap();
    osier::run(move || {
        let task = spawn(move || (&reader).read(&mut [0; 4]));
        yield_now();
        (&writer).write_all(b"1").unwrap();
        assert_eq!(task.join().unwrap().unwrap(), 1);
        let blocking = writer.into_blocking().unwrap();
        let flags = rustix::fs::fcntl_getfl(&blocking).unwrap();
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    });
}
