//! Calls by lot, made by OS threads without a hub and by tasks of one: what comes of each is the same.
//!
//! One calls; if that has not come back in a while, the other brings what it may wait for. So it is the same as well which calls wait. Each list
//! of calls is drawn from a number, which a failure says: `OSIER_SEED` draws it again, `OSIER_SAME` is for how many seconds, then by other numbers each time.
#![allow(clippy::disallowed_methods, reason = "that is what is tested")]
use osier_monkey as _;

mod c;
#[path = "same_parts/draw.rs"]
mod draw;
#[path = "../../../tests/support/kills.rs"]
mod kills;
#[path = "c/perform.rs"]
mod perform;
#[path = "c/things.rs"]
mod things;

use std::cell::RefCell;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use draw::{Draw, draw};
use kills::Lot;
use perform::{Call, Place, Told};
use things::poke;

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
            all.extend(things::pair(kind));
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
            things::shrink(socket.as_raw_fd());
        }
        all.extend(things::pipe());
        all.push(things::eventfd(0));
        all.push(things::timer(3));
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
        all.push(things::socket(libc::AF_INET, libc::SOCK_STREAM));
        all.push(things::socket(libc::AF_UNIX, libc::SOCK_STREAM));
        all.push(things::socket(libc::AF_UNIX, libc::SOCK_DGRAM));
        all.push(things::file());
        let watched: Vec<RawFd> = [0, 6, 10].map(|at: usize| all[at].as_raw_fd()).to_vec();
        all.push(things::instance(&watched));
        let [out, _] = things::pipe();
        all.push(out); // at its end
        let [_, into] = things::pipe();
        all.push(into); // that nobody reads
        let [left, _] = things::pair(libc::SOCK_STREAM);
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
            let client = things::socket(family, libc::SOCK_STREAM);
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

/// How many lists are tried if nothing is said.
const LISTS: u64 = 8;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn a_call_does_the_same_in_a_task_as_in_a_thread() {
    let seconds = number("OSIER_SAME");
    let length = Duration::from_secs(seconds.unwrap_or(3));
    // The same few, if nothing is said: a check of a change is not to fail for what the change has nothing to do with.
    let most = if seconds.is_some() { u64::MAX } else { LISTS };
    let now = || std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 % 1_000_000_007;
    let first = number("OSIER_SEED").unwrap_or_else(|| if seconds.is_some() { now() } else { 1 });
    let began = Instant::now();
    let mut failures = 0;
    for seed in first.. {
        println!("OSIER_SEED={seed}"); // shown if it fails, or hangs and --nocapture is given
        if let Err(failure) = compare_patiently(|| by_lot(seed)) {
            eprintln!("OSIER_SEED={seed}, {failure}\n");
            failures += 1;
        }
        let is_one = number("OSIER_SEED").is_some() && number("OSIER_SAME").is_none();
        if began.elapsed() > length || is_one || seed - first + 1 == most {
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
