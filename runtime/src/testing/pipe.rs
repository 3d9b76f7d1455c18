//! One direction of a wire: what was written, when it arrives, and what goes wrong.
//!
//! A state machine: it knows what time it is only because it is told, and nobody waits in here.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use crate::park::Unparker;
use crate::random::Random;

/// What a wire does to what goes through it.
#[derive(Clone, Debug)]
pub(super) struct Nature {
    /// Bytes that fit in before a write waits.
    pub(super) capacity: usize,
    /// How long they are under way.
    pub(super) delay: Duration,
    /// The most that one call moves; each call draws anew.
    pub(super) pieces: Option<usize>,
    /// After how many bytes it breaks, and with which error.
    pub(super) cut: Option<(usize, io::ErrorKind)>,
    /// What the draws begin with.
    pub(super) seed: u64,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Pipe {
    nature: Nature,
    random: Random,
    /// What is under way or waits to be read: when it arrives, and the bytes; none is empty.
    chunks: VecDeque<(Instant, VecDeque<u8>)>,
    /// How many bytes that is.
    held: usize,
    /// How many bytes were ever written.
    written: usize,
    /// When the end arrives, once nobody will write any more.
    end: Option<Instant>,
    /// Whether nobody will read any more.
    deaf: bool,
    /// Who waits to read, and what its next call fails with.
    pub(super) reader: Side,
    /// Who waits to write, and what its next call fails with.
    pub(super) writer: Side,
}

/// One who uses a direction.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// The task that waits, if one does.
    pub(super) waiter: Option<Unparker>,
    /// What the next call fails with.
    pub(super) fails: Option<io::ErrorKind>,
}

/// What comes of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attempt {
    /// So many bytes were moved.
    Moved(usize),
    /// Nothing can be moved before that moment.
    NotBefore(Instant),
    /// Nothing can be moved before the other side does something.
    Blocked,
}

impl Pipe {
    pub(super) fn new(nature: Nature) -> Pipe {
        Pipe {
            random: Random::new(nature.seed),
            nature,
            chunks: VecDeque::new(),
            held: 0,
            written: 0,
            end: None,
            deaf: false,
            reader: Side::default(),
            writer: Side::default(),
        }
    }

    /// Bytes that are under way or wait to be read.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// How many of `bytes` a call moves.
    fn piece(&mut self, bytes: usize) -> usize {
        match self.nature.pieces {
            Some(most) => bytes.min(1 + self.random.below(most)),
            None => bytes,
        }
    }

    /// How many more bytes go through before it breaks, and what it breaks with.
    fn cut(&self) -> Option<(usize, io::ErrorKind)> {
        self.nature.cut.map(|(after, kind)| (after - self.written.min(after), kind))
    }

    pub(super) fn write(&mut self, bytes: &[u8], now: Instant) -> io::Result<Attempt> {
        if let Some(kind) = self.writer.fails.take() {
            return Err(kind.into());
        }
        if self.end.is_some() || self.deaf {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let room = match self.cut() {
            Some((0, kind)) => return Err(kind.into()),
            Some((left, _)) => bytes.len().min(left),
            None => bytes.len(),
        };
        if bytes.is_empty() {
            return Ok(Attempt::Moved(0));
        }
        let free = self.nature.capacity - self.held;
        if free == 0 {
            return Ok(Attempt::Blocked);
        }
        let moved = self.piece(room.min(free));
        self.chunks.push_back((now + self.nature.delay, bytes[..moved].iter().copied().collect()));
        self.held += moved;
        self.written += moved;
        Ok(Attempt::Moved(moved))
    }

    pub(super) fn read(&mut self, into: &mut [u8], now: Instant) -> io::Result<Attempt> {
        if let Some(kind) = self.reader.fails.take() {
            return Err(kind.into());
        }
        if into.is_empty() || self.deaf {
            return Ok(Attempt::Moved(0));
        }
        let Some((first, _)) = self.chunks.front() else { return self.read_end(now) };
        if *first > now {
            return Ok(Attempt::NotBefore(*first));
        }
        let most = self.piece(into.len());
        let mut moved = 0;
        while moved < most
            && let Some((at, bytes)) = self.chunks.front_mut()
            && *at <= now
        {
            let part = bytes.len().min(most - moved);
            into[moved..moved + part]
                .iter_mut()
                .zip(bytes.drain(..part))
                .for_each(|(to, b)| *to = b);
            moved += part;
            if bytes.is_empty() {
                self.chunks.pop_front();
            }
        }
        self.held -= moved;
        Ok(Attempt::Moved(moved))
    }

    /// What a read gets where nothing is under way.
    fn read_end(&self, now: Instant) -> io::Result<Attempt> {
        match (self.cut(), self.end) {
            (Some((0, kind)), _) => Err(kind.into()),
            (_, Some(end)) if end > now => Ok(Attempt::NotBefore(end)),
            (_, Some(_)) => Ok(Attempt::Moved(0)),
            (_, None) => Ok(Attempt::Blocked),
        }
    }

    /// Nobody will write any more: the end is under way.
    pub(super) fn end(&mut self, now: Instant) {
        self.end.get_or_insert(now + self.nature.delay);
    }

    /// Nobody will read any more: what is in there is lost.
    pub(super) fn deafen(&mut self) {
        self.deaf = true;
        self.chunks.clear();
        self.held = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(5);

    fn plain() -> Nature {
        Nature { capacity: 8, delay: Duration::ZERO, pieces: None, cut: None, seed: 1 }
    }

    fn read(pipe: &mut Pipe, most: usize, now: Instant) -> Result<Vec<u8>, Attempt> {
        let mut into = vec![0; most];
        match pipe.read(&mut into, now).expect("no error was asked for") {
            Attempt::Moved(moved) => Ok(into[..moved].to_vec()),
            other => Err(other),
        }
    }

    #[test]
    fn what_goes_in_comes_out_as_far_as_it_fits() {
        let now = crate::clock::now();
        let mut pipe = Pipe::new(plain());
        assert_eq!(read(&mut pipe, 1, now), Err(Attempt::Blocked));
        assert_eq!(pipe.write(b"hello", now).unwrap(), Attempt::Moved(5));
        assert_eq!(pipe.write(b"hello", now).unwrap(), Attempt::Moved(3));
        assert_eq!(pipe.write(b"lo", now).unwrap(), Attempt::Blocked);
        assert_eq!(read(&mut pipe, 6, now).unwrap(), b"helloh");
        assert_eq!(read(&mut pipe, 6, now).unwrap(), b"el");
        pipe.end(now);
        assert_eq!(read(&mut pipe, 6, now).unwrap(), b"");
        assert_eq!(pipe.write(b"x", now).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_is_under_way_and_the_end_arrive_on_time_and_in_order() {
        let now = crate::clock::now();
        let mut pipe = Pipe::new(Nature { delay: DELAY, ..plain() });
        pipe.write(b"a", now).unwrap();
        pipe.write(b"b", now + DELAY / 2).unwrap();
        pipe.end(now + DELAY);
        assert_eq!(read(&mut pipe, 9, now), Err(Attempt::NotBefore(now + DELAY)));
        assert_eq!(read(&mut pipe, 9, now + DELAY).unwrap(), b"a");
        assert_eq!(read(&mut pipe, 9, now + DELAY), Err(Attempt::NotBefore(now + DELAY * 3 / 2)));
        assert_eq!(read(&mut pipe, 9, now + DELAY * 3 / 2).unwrap(), b"b");
        assert_eq!(read(&mut pipe, 9, now + DELAY), Err(Attempt::NotBefore(now + 2 * DELAY)));
        assert_eq!(read(&mut pipe, 9, now + 2 * DELAY).unwrap(), b"");
    }

    #[test]
    fn pieces_are_small_and_lose_nothing() {
        let now = crate::clock::now();
        let mut pipe = Pipe::new(Nature { pieces: Some(3), capacity: 1000, ..plain() });
        let sent: Vec<u8> = (0..=255).collect();
        let (mut at, mut got) = (0, Vec::new());
        while got.len() < sent.len() {
            if at < sent.len() {
                let Attempt::Moved(moved) = pipe.write(&sent[at..], now).unwrap() else { panic!() };
                assert!((1..=3).contains(&moved));
                at += moved;
            }
            let part = read(&mut pipe, 100, now).unwrap();
            assert!(part.len() <= 3);
            got.extend(part);
        }
        assert_eq!(got, sent);
    }

    #[test]
    fn a_cut_lets_through_what_came_before_it() {
        let now = crate::clock::now();
        let kind = io::ErrorKind::ConnectionReset;
        let mut pipe = Pipe::new(Nature { cut: Some((3, kind)), ..plain() });
        assert_eq!(pipe.write(b"hello", now).unwrap(), Attempt::Moved(3));
        assert_eq!(pipe.write(b"lo", now).unwrap_err().kind(), kind);
        assert_eq!(read(&mut pipe, 9, now).unwrap(), b"hel");
        assert_eq!(pipe.read(&mut [0], now).unwrap_err().kind(), kind);
    }

    #[test]
    fn a_failure_that_was_asked_for_comes_once() {
        let now = crate::clock::now();
        let mut pipe = Pipe::new(plain());
        pipe.reader.fails = Some(io::ErrorKind::Other);
        pipe.writer.fails = Some(io::ErrorKind::Other);
        assert!(pipe.write(b"a", now).is_err());
        assert!(pipe.write(b"a", now).is_ok());
        assert!(pipe.read(&mut [0], now).is_err());
        assert_eq!(read(&mut pipe, 1, now).unwrap(), b"a");
    }
}
