//! Calls by lot, made by OS threads without a hub and by tasks of one: what comes of each is the same.
//!
//! One calls; if that has not come back in a while, the other brings what it may wait for. So it is the same as well which calls wait. Each list
//! of calls is drawn from a number, which a failure says: `OSIER_SEED` draws it again, `OSIER_SAME` is for how many seconds.
#![allow(clippy::disallowed_methods, reason = "that is what is tested")]
use osier_monkey as _;

mod c;
#[path = "../../../tests/support/kills.rs"]
mod kills;
#[path = "c/perform.rs"]
mod perform;

use std::cell::RefCell;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kills::Lot;
use perform::{Call, Place, Told, poke};

/// Calls of one list.
const CALLS: usize = 25;
/// When a call is taken to wait: in the first try, and where that has made a difference.
const WAITS: [u64; 3] = [8, 60, 250];
/// When it is given up.
const STUCK: Duration = Duration::from_millis(150);

/// What the calls are made on.
struct Stage {
    fds: Vec<RawFd>,
    /// Duplicates, which stay.
    spares: Vec<RawFd>,
    /// Where to put something in for it to be readable, or take it out for it to be writable.
    peers: Vec<usize>,
}

const SOCKETS: usize = 10;
const EVENT: usize = 12;
const TIMER: usize = 13;
const LISTENERS: [usize; 3] = [14, 15, 16];
const FRESH: [usize; 3] = [17, 18, 19];
const FILE: usize = 20;
const EPOLL: usize = 21;
const COUNT: usize = 26;

impl Stage {
    fn new() -> Stage {
        let mut all: Vec<OwnedFd> = Vec::new();
        for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_SEQPACKET] {
            all.extend(perform::pair(kind));
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        near.set_nodelay(true).unwrap();
        all.push(near.into());
        all.push(listener.accept().unwrap().0.into());
        let [near, far] = [(), ()].map(|()| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
        near.connect(far.local_addr().unwrap()).unwrap();
        far.connect(near.local_addr().unwrap()).unwrap();
        all.push(near.into());
        all.push(far.into());
        for socket in &all {
            perform::shrink(socket.as_raw_fd());
        }
        all.extend(perform::pipe());
        all.push(perform::eventfd(0));
        all.push(perform::timer(3));
        all.push(listener.into());
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let names = [0, 1].map(|at| format!("osier-same-{}-{number}-{at}", std::process::id()));
        let bind = |name: &String| {
            use std::os::linux::net::SocketAddrExt;
            let name = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
            std::os::unix::net::UnixListener::bind_addr(&name).unwrap()
        };
        all.push(bind(&names[0]).into());
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        all.push(udp.into()); // listens to nothing
        all.push(perform::socket(libc::AF_INET, libc::SOCK_STREAM));
        all.push(perform::socket(libc::AF_UNIX, libc::SOCK_STREAM));
        all.push(perform::socket(libc::AF_UNIX, libc::SOCK_DGRAM));
        all.push(perform::file());
        let watched: Vec<RawFd> = [0, 6, 10].map(|at: usize| all[at].as_raw_fd()).to_vec();
        all.push(perform::instance(&watched));
        let [out, _] = perform::pipe();
        all.push(out); // at its end
        let [_, into] = perform::pipe();
        all.push(into); // that nobody reads
        let [left, _] = perform::pair(libc::SOCK_STREAM);
        all.push(left); // that nobody holds the other end of
        let spares = all.iter().map(|fd| fd.try_clone().unwrap().into_raw_fd()).collect();
        let mut fds: Vec<RawFd> = all.into_iter().map(IntoRawFd::into_raw_fd).collect();
        fds.push(9999); // none
        let ends = |at: usize| if at <= 11 { at ^ 1 } else { at };
        Stage { fds, spares, peers: (0..COUNT).map(ends).collect() }
    }

    fn rescue(&self, at: usize) {
        let Some(&spare) = self.spares.get(self.peers[at]) else { return };
        if LISTENERS.contains(&self.peers[at]) {
            let family = if at == LISTENERS[1] { libc::AF_UNIX } else { libc::AF_INET };
            let client = perform::socket(family, libc::SOCK_STREAM);
            let fd = client.as_raw_fd();
            Call::Blocking { fd, on: false }.make();
            Call::Connect { fd, to: spare, place: Place::Good }.make();
            return;
        }
        if at == EPOLL {
            return self.rescue(0);
        }
        if self.peers[at] != FILE && self.peers[at] != TIMER {
            poke(spare, true);
        }
    }

    fn relieve(&self, at: usize) {
        let Some(&spare) = self.spares.get(self.peers[at]) else { return };
        // An eventfd may have more in it than anybody takes out.
        let has_more = |_: &u32| {
            self.peers[at] != FILE && !LISTENERS.contains(&self.peers[at]) && poke(spare, false)
        };
        (0..300).take_while(has_more).for_each(drop);
    }

    /// Takes out all there is.
    fn settle(&self) {
        (0..COUNT - 1).for_each(|at| self.relieve(at));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for &fd in self.fds.iter().chain(&self.spares) {
            if fd != 9999 && fd >= 0 {
                Call::Close { fd }.make();
            }
        }
    }
}

/// What a call is about, to bring what it may wait for.
struct Draw {
    call: Call,
    about: Vec<usize>,
    /// The least that it takes if nothing comes.
    least: Duration,
}

fn one<T: Copy>(lot: &mut Lot, from: &[T]) -> T {
    from[lot.below(from.len() as u64) as usize]
}

fn place(lot: &mut Lot) -> Place {
    match lot.below(14) {
        0 => Place::Null,
        1 => Place::Bad,
        _ => Place::Good,
    }
}

fn subset(lot: &mut Lot, flags: &[i32]) -> i32 {
    flags.iter().filter(|_| lot.below(4) == 0).sum()
}

fn parts(lot: &mut Lot, most: usize) -> Vec<usize> {
    let count = lot.below(5) as usize;
    (0..count).map(|_| one(lot, &[0, 0, 1, 5, most])).collect()
}

fn draw(lot: &mut Lot, stage: &Stage) -> Draw {
    let mut about = vec![];
    let mut least = Duration::ZERO;
    let any = |lot: &mut Lot| match lot.below(8) {
        0 => lot.below(COUNT as u64) as usize,
        1 => EVENT,
        2 => 10 + lot.below(2) as usize,
        _ => lot.below(SOCKETS as u64) as usize,
    };
    let at = any(lot);
    about.push(at);
    let fd = stage.fds[at];
    let is_tcp = at == 6 || at == 7;
    let long = if is_tcp { 300 } else { 9000 };
    let length = one(lot, &[0, 1, 7, 8, 16, 64, 600, if is_tcp { 700 } else { 5000 }]);
    let count = (lot.below(12) == 0).then(|| one(lot, &[-1, 1025, 1024 * 1024]));
    let read_flags = |lot: &mut Lot| {
        let flags = [libc::MSG_DONTWAIT, libc::MSG_PEEK, libc::MSG_WAITALL, libc::MSG_TRUNC];
        subset(lot, &flags)
            | if lot.below(30) == 0 {
                one(lot, &[libc::MSG_OOB, libc::MSG_ERRQUEUE, 1 << 25])
            } else {
                0
            }
    };
    let time = |lot: &mut Lot| {
        one(
            lot,
            &[
                None,
                Some((0, 0)),
                Some((0, 1500)),
                Some((0, -1)),
                Some((-1, 0)),
                Some((0, 1_000_500)),
                Some((i64::MAX, 0)),
            ],
        )
    };
    let asks = |lot: &mut Lot, about: &mut Vec<usize>| {
        about.clear();
        for _ in 0..lot.below(5) {
            about.push(any(lot));
        }
        about.clone()
    };
    let call = match lot.below(40) {
        0..4 => Call::Read { fd, length, place: place(lot) },
        4 | 5 => Call::ReadParts { fd, parts: parts(lot, 700), count, place: place(lot) },
        6..10 => {
            let flags = read_flags(lot);
            // A discarding read writes nowhere.
            Call::Receive { fd, length, flags, place: place(lot), named: lot.below(2) == 0 }
        }
        10 | 11 => Call::ReceiveMessage {
            fd,
            parts: parts(lot, 700),
            flags: read_flags(lot),
            place: place(lot),
            room: one(lot, &[0, 64]),
        },
        12 => Call::ReceiveMany {
            fd,
            count: lot.below(4) as u32,
            flags: subset(
                lot,
                &[libc::MSG_DONTWAIT, libc::MSG_WAITFORONE, libc::MSG_WAITFORONE, libc::MSG_PEEK],
            ),
            place: place(lot),
        },
        13..16 => Call::Write { fd, length: length.min(long), place: place(lot) },
        16 | 17 => Call::WriteParts { fd, parts: parts(lot, long), count, place: place(lot) },
        18 | 19 => Call::Send {
            fd,
            length: length.min(long),
            flags: subset(lot, &[libc::MSG_DONTWAIT]),
            place: place(lot),
        },
        20 => Call::SendMessage {
            fd,
            parts: parts(lot, long),
            flags: subset(lot, &[libc::MSG_DONTWAIT]),
            place: place(lot),
        },
        21 => Call::SendMany {
            fd,
            count: lot.below(4) as u32,
            flags: subset(lot, &[libc::MSG_DONTWAIT]),
            place: place(lot),
        },
        22 | 23 => {
            let events =
                [libc::POLLIN, libc::POLLOUT, libc::POLLIN | libc::POLLRDHUP, libc::POLLPRI, 0];
            let all = asks(lot, &mut about);
            let mut fds: Vec<_> =
                all.iter().map(|&at| (stage.fds[at], one(lot, &events))).collect();
            if lot.below(5) == 0 {
                fds.push((-1 - lot.below(3) as i32, libc::POLLIN));
            }
            if lot.below(2) == 0 {
                let timeout = one(lot, &[0, 1, 3, -1, -7]);
                least = Duration::from_millis(timeout.max(0) as u64);
                let count = (lot.below(15) == 0).then_some(u64::MAX >> 8);
                Call::Poll { fds, count, timeout, place: place(lot) }
            } else {
                let time = one(
                    lot,
                    &[
                        None,
                        Some((0, 0)),
                        Some((0, 1_500_000)),
                        Some((0, -1)),
                        Some((-1, 0)),
                        Some((0, 1_000_000_000)),
                        Some((i64::MAX, 0)),
                    ],
                );
                if time == Some((0, 1_500_000)) {
                    least = Duration::from_micros(1500);
                }
                Call::PollMasked { fds, time }
            }
        }
        24 | 25 => {
            let all = asks(lot, &mut about);
            let mut sets = [vec![], vec![], vec![]];
            for at in all.into_iter().filter(|&at| stage.fds[at] < 1024) {
                sets[one(lot, &[0, 0, 0, 1, 1, 2])].push(stage.fds[at]);
            }
            let most = sets.iter().flatten().max().map_or(0, |most| most + 1);
            let count = if lot.below(12) == 0 { one(lot, &[-1, 0, 1024]) } else { most };
            let time = time(lot);
            if time == Some((0, 1500)) {
                least = Duration::from_micros(1500);
            }
            Call::Select { sets, count, time, masked: lot.below(2) == 0, place: place(lot) }
        }
        26 => {
            let at = if lot.below(4) == 0 { at } else { EPOLL };
            about = vec![at];
            let timeout = one(lot, &[0, 2, -1]);
            least = Duration::from_millis(timeout.max(0) as u64);
            Call::Events {
                fd: stage.fds[at],
                most: one(lot, &[8, 1, 0, -1]),
                timeout,
                place: place(lot),
            }
        }
        27 | 28 => {
            let at = if lot.below(3) == 0 { at } else { one(lot, &LISTENERS) };
            about = vec![at];
            let flags = one(
                lot,
                &[
                    None,
                    Some(0),
                    Some(libc::SOCK_CLOEXEC),
                    Some(libc::SOCK_NONBLOCK),
                    Some(1 << 20),
                ],
            );
            Call::Accept { fd: stage.fds[at], flags, place: place(lot) }
        }
        29 => {
            let at = if lot.below(3) == 0 { at } else { one(lot, &FRESH) };
            about = vec![at];
            let to = stage.fds[one(lot, &[14, 15, 16, 14, 15, 9])];
            Call::Connect { fd: stage.fds[at], to, place: place(lot) }
        }
        30 | 31 => Call::Blocking { fd, on: lot.below(3) != 0 },
        32 | 33 => Call::Limit {
            fd,
            name: one(lot, &[libc::SO_RCVTIMEO, libc::SO_SNDTIMEO]),
            ms: one(lot, &[0, 0, 2, 3]),
        },
        34 => match lot.below(3) {
            0 => Call::Shutdown {
                fd,
                how: one(lot, &[libc::SHUT_RD, libc::SHUT_WR, libc::SHUT_RDWR, 7]),
            },
            1 => Call::Close { fd },
            _ => Call::Duplicate {
                from: fd,
                to: one(lot, &[fd, -1, 5_000_000]),
                flags: one(lot, &[None, Some(0), Some(libc::O_CLOEXEC), Some(77)]),
            },
        },
        35 => {
            let time = one(lot, &[(0, 0), (0, 1_200_000), (-1, 0), (0, -1), (0, 1_000_000_000)]);
            if lot.below(2) == 0 {
                Call::Sleep { time, place: place(lot) }
            } else {
                let clock = one(
                    lot,
                    &[libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC, libc::CLOCK_BOOTTIME, 77, -1],
                );
                Call::ClockSleep {
                    clock,
                    flags: one(lot, &[0, libc::TIMER_ABSTIME, 8]),
                    time,
                    place: place(lot),
                }
            }
        }
        36 => {
            let from = if lot.below(4) == 0 { any(lot) } else { FILE };
            Call::SendFile {
                to: fd,
                from: stage.fds[from],
                at: one(lot, &[None, Some(0), Some(8990), Some(-4), Some(100_000)]),
                count: one(lot, &[0, 1, 300]),
            }
        }
        37 => {
            let other = any(lot);
            about.push(other);
            Call::Splice {
                from: fd,
                to: stage.fds[other],
                count: one(lot, &[0, 1, 100]),
                flags: one(lot, &[0, 0, 2, 1 << 9]) as u32,
            }
        }
        _ => Call::Read { fd, length: 64, place: Place::Good },
    };
    Draw { call, about, least }
}

/// What came of one call.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    call: String,
    told: Option<Told>,
    /// Whether something had to be brought for it to come back.
    waited: bool,
    early: bool,
}

/// Makes the calls of one seed; `beside` runs something beside this.
fn perform(
    mut draws: impl FnMut(&Stage) -> Option<Draw>,
    waits: Duration,
    beside: impl Fn(Box<dyn FnOnce() + Send>),
) -> Vec<Line> {
    let mut stage = Stage::new();
    let mut lines = Vec::new();
    while let Some(Draw { call, about, least }) = draws(&stage) {
        let text = named(&call, &stage, &about);
        let (done, slot) =
            (Arc::new(AtomicBool::new(false)), Arc::new(std::sync::Mutex::new(None)));
        let (told, place, made) = (done.clone(), slot.clone(), call.clone());
        let began = Instant::now();
        beside(Box::new(move || {
            let result = made.make();
            *place.lock().unwrap() = Some((result, Instant::now()));
            told.store(true, Ordering::Release);
        }));
        let mut waited = false;
        while !done.load(Ordering::Acquire) && began.elapsed() < STUCK + waits {
            thread::sleep(Duration::from_micros(100));
            if began.elapsed() > waits && !done.load(Ordering::Acquire) {
                waited = true;
                for &at in &about {
                    match call {
                        Call::Write { .. }
                        | Call::WriteParts { .. }
                        | Call::Send { .. }
                        | Call::SendMessage { .. }
                        | Call::SendMany { .. }
                        | Call::SendFile { .. } => stage.relieve(at),
                        Call::Splice { .. } => {
                            stage.rescue(about[0]);
                            stage.relieve(about[1]);
                        }
                        _ if began.elapsed() > STUCK / 2 => stage.relieve(at),
                        _ => stage.rescue(at),
                    }
                }
            }
        }
        let told = slot.lock().unwrap().take();
        let early = told
            .as_ref()
            .is_some_and(|(told, at)| told.result == 0 && at.duration_since(began) < least);
        let told = told.map(|(told, _)| told);
        let (stuck, result) = (told.is_none(), told.as_ref().map(|told| told.result));
        lines.push(Line { call: text, told, waited, early });
        if stuck {
            for &at in &about {
                if let Some(&fd) = stage.spares.get(at) {
                    Call::Shutdown { fd, how: libc::SHUT_RDWR }.make();
                }
            }
            break;
        }
        if waited {
            stage.settle();
        }
        if let (Call::Close { fd }, Some(0)) = (&call, result)
            && let Some(place) = stage.fds.iter_mut().find(|place| *place == fd)
        {
            *place = 9999;
        }
    }
    lines
}

/// The call with names in place of numbers, which differ.
fn named(call: &Call, stage: &Stage, about: &[usize]) -> String {
    let at = |fd: RawFd| stage.fds.iter().position(|&other| other == fd);
    match call {
        Call::Select { sets, count, time, masked, place } => {
            let sets = sets.clone().map(|set| set.into_iter().map(at).collect::<Vec<_>>());
            format!("select {sets:?} {} {time:?} {masked} {place:?}", (*count).min(0))
        }
        Call::Poll { fds, count, timeout, place } => {
            let fds: Vec<_> = fds.iter().map(|&(fd, events)| (at(fd), events)).collect();
            format!("poll {fds:?} {count:?} {timeout} {place:?}")
        }
        Call::PollMasked { fds, time } => {
            let fds: Vec<_> = fds.iter().map(|&(fd, events)| (at(fd), events)).collect();
            format!("ppoll {fds:?} {time:?}")
        }
        Call::Connect { to, place, .. } => format!("connect {about:?} {:?} {place:?}", at(*to)),
        Call::SendFile { from, at: place, count, .. } => {
            format!("sendfile {about:?} {:?} {place:?} {count}", at(*from))
        }
        Call::Duplicate { flags, to, .. } => format!("dup {about:?} {} {flags:?}", (*to).min(0)),
        Call::Splice { count, flags, .. } => format!("splice {about:?} {count} {flags}"),
        other => {
            let text = format!("{other:?}");
            let (head, tail) =
                text.split_once("fd: ").map_or((text.as_str(), ""), |(head, tail)| {
                    (head, tail.trim_start_matches(|c: char| c.is_ascii_digit()))
                });
            format!("{head}{about:?}{tail}")
        }
    }
}

fn by_lot(seed: u64) -> impl FnMut(&Stage) -> Option<Draw> {
    let (mut lot, mut left) = (Lot::seeded(seed), CALLS);
    move |stage| {
        left = left.checked_sub(1)?;
        Some(draw(&mut lot, stage))
    }
}

/// Has them made both ways, and compares.
fn compare<F>(draws: impl Fn() -> F, waits: Duration) -> Result<(), String>
where
    F: FnMut(&Stage) -> Option<Draw>,
{
    let plain = perform(draws(), waits, |f| drop(thread::spawn(f)));
    let green = osier::run(|| {
        let helpers = RefCell::new(Vec::new());
        let lines = perform(draws(), waits, |f| helpers.borrow_mut().push(osier::spawn(f)));
        for helper in helpers.take() {
            helper.kill();
        }
        lines
    });
    match plain.iter().zip(&green).position(|(a, b)| a != b) {
        None if plain.len() == green.len() => Ok(()),
        at => {
            let at = at.unwrap_or(0);
            let before = plain[..at].iter().map(|line| format!("{line:?}\n")).collect::<String>();
            let (plain, green) = (plain.get(at), green.get(at));
            Err(format!("call {at}\n{before}plain: {plain:?}\ngreen: {green:?}"))
        }
    }
}

/// What differs in time alone does not do so for ever.
fn compare_patiently<F>(draws: impl Fn() -> F) -> Result<(), String>
where
    F: FnMut(&Stage) -> Option<Draw>,
{
    let tries = WAITS.map(Duration::from_millis);
    let mut results = tries.iter().map(|&waits| compare(&draws, waits));
    results.try_fold(String::new(), |_, result| result.err()).map_or(Ok(()), Err)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn a_call_does_the_same_in_a_task_as_in_a_thread() {
    let length = Duration::from_secs(number("OSIER_SAME").unwrap_or(3));
    let now = || std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 % 1_000_000_007;
    let first = number("OSIER_SEED").unwrap_or_else(now);
    let began = Instant::now();
    let mut failures = 0;
    for seed in first.. {
        if let Err(failure) = compare_patiently(|| by_lot(seed)) {
            eprintln!("OSIER_SEED={seed}, {failure}\n");
            failures += 1;
        }
        let is_one = number("OSIER_SEED").is_some() && number("OSIER_SAME").is_none();
        if began.elapsed() > length || is_one {
            eprintln!("{} lists", seed - first + 1);
            break;
        }
    }
    assert_eq!(failures, 0);
}

const GOOD: Place = Place::Good;

/// Calls that once did something else.
fn corners(at: &[RawFd]) -> Vec<(Call, Vec<usize>)> {
    let peek = libc::MSG_PEEK | libc::MSG_WAITALL;
    let read_set = |fd: RawFd| [vec![fd], vec![], vec![]];
    let select = |place| Call::Select {
        sets: read_set(at[0]),
        count: at[0] + 1,
        time: Some((0, 1500)),
        masked: false,
        place,
    };
    let accept = |fd: usize, flags| (Call::Accept { fd: at[fd], flags, place: GOOD }, vec![fd]);
    let splice = |from: usize, to: usize, count, flags| {
        (Call::Splice { from: at[from], to: at[to], count, flags }, vec![from, to])
    };
    let event = |length| (Call::Write { fd: at[EVENT], length, place: GOOD }, vec![EVENT]);
    let many = |fd: usize, place| {
        (Call::ReadParts { fd: at[fd], parts: vec![0, 0], count: Some(2), place }, vec![fd])
    };
    vec![
        accept(16, None),           // datagrams
        accept(6, None),            // a connection
        accept(EVENT, None),        // no socket
        accept(14, Some(1 << 20)),  // no such flag
        splice(8, 0, 100, 0),       // neither is a pipe
        splice(10, 0, 0, 0),        // nothing
        splice(10, 0, 100, 1 << 9), // no such flag
        (Call::SendFile { to: at[10], from: at[FILE], at: Some(100_000), count: 300 }, vec![10]),
        many(10, Place::Null),
        many(10, Place::Bad),
        many(0, GOOD),
        many(2, GOOD),
        (Call::WriteParts { fd: at[3], parts: vec![0], count: None, place: GOOD }, vec![3]),
        (Call::Read { fd: at[2], length: 8, place: GOOD }, vec![2]), // nothing was sent
        event(0),
        event(7),
        event(16), // takes the first number alone
        (Call::Read { fd: at[EVENT], length: 8, place: GOOD }, vec![EVENT]),
        (Call::Receive { fd: at[1], length: 600, flags: peek, place: GOOD, named: false }, vec![1]),
        (
            Call::Receive { fd: at[8], length: 5, flags: libc::MSG_OOB, place: GOOD, named: false },
            vec![8],
        ),
        (
            Call::Receive {
                fd: at[4],
                length: 5,
                flags: libc::MSG_ERRQUEUE,
                place: GOOD,
                named: false,
            },
            vec![4],
        ),
        (select(Place::Bad), vec![0]),
        (select(GOOD), vec![0]),
        (Call::Sleep { time: (0, 1000), place: Place::Bad }, vec![]),
        (Call::ClockSleep { clock: 0, flags: 0, time: (0, 1000), place: Place::Null }, vec![]),
    ]
}

#[test]
fn the_corners_are_the_same_as_well() {
    let draws = || {
        let mut made = 0;
        move |stage: &Stage| {
            let (call, about) = corners(&stage.fds).into_iter().nth(made)?;
            made += 1;
            Some(Draw { call, about, least: Duration::ZERO })
        }
    };
    compare_patiently(draws).unwrap();
}
