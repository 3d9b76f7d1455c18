//! `pqueue` and `pipe`: items to another process, and there and back; and next to them the bare kernel.
//!
//! The bare loop is two forked processes on a SOCK_SEQPACKET pair that block in `send` and `recv`. It takes turns with ours
//! in one run, since figures of minutes apart cannot be compared; the figures are medians of the rounds.

use std::io;
use std::os::fd::OwnedFd;

use osier::process::queue::Queue;
use osier::process::{Bytes, Process, pipe as pipes};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};

use crate::args::{Args, Key, count, number};
use crate::measure::{Mark, Span};
use crate::report::Report;

pub(super) const ROUNDS: usize = 5;

pub(crate) const QUEUE_KEYS: &[Key] =
    &[count("n", 200_000), number("size", 64, 1, 150_000), number("room", 1024, 0, 1 << 20)];
pub(crate) const PIPE_KEYS: &[Key] = &[count("n", 50_000), number("size", 64, 1, 150_000)];

/// From before the first is put to after the other process has the last, which it says.
pub(crate) fn queue(args: &Args) -> Result<Report, String> {
    let (n, size, room) = (each(args), args.number("size"), args.number("room"));
    rounds(n, || queued(n, size, room), || bare(n, size, false))
}

/// There and back.
pub(crate) fn pipe(args: &Args) -> Result<Report, String> {
    let (n, size) = (each(args), args.number("size"));
    rounds(n, || echoed(n, size), || bare(n, size, true))
}

fn each(args: &Args) -> usize {
    args.number("n").div_ceil(ROUNDS)
}

pub(super) fn rounds(
    n: usize,
    ours: impl Fn() -> io::Result<Span>,
    bare: impl Fn() -> io::Result<Span>,
) -> Result<Report, String> {
    let mut spans: Vec<(Span, Span)> = (0..ROUNDS)
        .map(|_| Ok((ours()?, bare()?)))
        .collect::<io::Result<_>>()
        .map_err(|error| error.to_string())?;
    let mut ratios: Vec<f64> = spans.iter().map(|(ours, bare)| ours.wall / bare.wall).collect();
    ratios.sort_by(f64::total_cmp);
    spans.sort_by(|one, other| one.0.wall.total_cmp(&other.0.wall));
    let span = spans[ROUNDS / 2].0;
    spans.sort_by(|one, other| one.1.wall.total_cmp(&other.1.wall));
    let bare = spans[ROUNDS / 2].1.wall / n as f64;
    Ok(Report::new(n, span).with("bare_ns_per_op", bare).with("ratio", ratios[ROUNDS / 2]))
}

fn queued(n: usize, size: usize, room: usize) -> io::Result<Span> {
    osier::run(|| {
        let queue = if room == 0 { Queue::unbounded()? } else { Queue::bounded(room)? };
        let (reader, writer) = pipes::simplex::<usize>()?;
        let other: Queue<Bytes> = queue.clone();
        let getter = Process::fork(move || {
            writer.send(&0).expect("the parent lives");
            let had: usize = (0..n).map(|_| other.get().expect("one comes").len()).sum();
            writer.send(&had).expect("the parent lives");
        })?;
        reader.recv().map_err(io::Error::from)?; // it is there
        let mark = Mark::now();
        for _ in 0..n {
            queue.put(Bytes(vec![7; size])).map_err(|error| io::Error::other(error.to_string()))?;
        }
        let had = reader.recv().map_err(io::Error::from)?;
        let span = mark.span();
        assert_eq!(had, n * size, "each item came once");
        getter.join();
        Ok(span)
    })
}

fn echoed(n: usize, size: usize) -> io::Result<Span> {
    osier::run(|| {
        let (near, far) = pipes::duplex::<Bytes>()?;
        let echo = Process::fork(move || {
            while let Ok(item) = far.recv() {
                far.send(&item).expect("the parent lives");
            }
        })?;
        let item = Bytes(vec![7; size]);
        near.send(&item)?;
        near.recv().map_err(io::Error::from)?; // it is there
        let mark = Mark::now();
        for _ in 0..n {
            near.send(&item)?;
            assert_eq!(near.recv().map_err(io::Error::from)?.len(), size);
        }
        let span = mark.span();
        drop(near);
        echo.join();
        Ok(span)
    })
}

/// The same by the kernel alone; `back`: each comes back.
fn bare(n: usize, size: usize, back: bool) -> io::Result<Span> {
    let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    let (near, far): (OwnedFd, OwnedFd) = pair;
    let other = Process::fork(move || {
        send(&far, &[0], SendFlags::empty()).expect("the parent lives");
        let mut buffer = vec![0; size];
        for _ in 0..n {
            let (length, _) = recv(&far, &mut buffer[..], RecvFlags::empty()).expect("one comes");
            assert_eq!(length, size);
            if back {
                send(&far, &buffer, SendFlags::empty()).expect("the parent lives");
            }
        }
        send(&far, &[0], SendFlags::empty()).expect("the parent lives");
    })?;
    let mut buffer = vec![7; size];
    recv(&near, &mut buffer[..], RecvFlags::empty())?; // it is there
    let mark = Mark::now();
    for _ in 0..n {
        send(&near, &buffer, SendFlags::empty())?;
        if back {
            recv(&near, &mut buffer[..], RecvFlags::empty())?;
        }
    }
    recv(&near, &mut buffer[..], RecvFlags::empty())?;
    let span = mark.span();
    other.join();
    Ok(span)
}
