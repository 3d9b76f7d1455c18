//! What is believed of one descriptor: a state machine without a system call.
//!
//! Edge-triggered, the kernel speaks up only when something *changes*, so what it has said must be
//! remembered until a call proves it used up. Two things count as proof, and not equally:
//!
//! - `EAGAIN` is the kernel's own word. Whatever happens after it is a new edge, so it always
//!   clears its direction. (Also one that was reported closed or in error: a UDP socket's error is
//!   gone once it was fetched, and a direction that stayed ready for ever would make its reader
//!   spin and stop the whole hub.)
//! - A short read is a guess that spares the call which would have said `EAGAIN`. It is wrong if
//!   something other than bytes is behind it, for which there is no further edge: an end of stream
//!   or an error that came in the same event, or urgent data, at which every read stops short. So
//!   each of these, once seen, ends the guessing for this descriptor.

/// One of the two ways through a descriptor; each has a readiness and a waiter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Receiving, accepting.
    Read,
    /// Sending, connecting.
    Write,
}

impl Direction {
    /// Both, in the order of [`index`](Self::index).
    #[cfg(test)]
    pub(super) const BOTH: [Direction; 2] = [Direction::Read, Direction::Write];

    /// Its place in an array of two.
    pub(super) fn index(self) -> usize {
        self as usize
    }
}

/// What one event says of a descriptor.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Report {
    /// There is something to read: bytes, a connection, urgent data.
    pub(super) readable: bool,
    /// There is room to write, or a connection is made.
    pub(super) writable: bool,
    /// Nothing more will come: the peer's end of stream, a hang-up.
    pub(super) read_closed: bool,
    /// Nothing more can be sent.
    pub(super) write_closed: bool,
    /// The next call in some direction will say what went wrong.
    pub(super) error: bool,
    /// Urgent data is, or was, in the stream.
    pub(super) urgent: bool,
}

/// What is believed of one descriptor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readiness {
    /// By direction: whether a call is worth trying.
    ready: [bool; 2],
    /// Whether a short read says that all was read; once false, for ever false.
    short_read_tells: bool,
}

impl Readiness {
    /// Of a new descriptor nothing is known, so the first call in each direction just tries.
    pub(super) fn new() -> Self {
        Readiness { ready: [true; 2], short_read_tells: true }
    }

    /// Takes in an event; the answer is which directions have something to try now.
    pub(super) fn apply(&mut self, report: Report) -> [bool; 2] {
        let Report { readable, writable, read_closed, write_closed, error, urgent } = report;
        let read = readable || read_closed || error || urgent;
        let write = writable || write_closed || error;
        self.ready[Direction::Read.index()] |= read;
        self.ready[Direction::Write.index()] |= write;
        self.short_read_tells &= !(read_closed || error || urgent);
        [read, write]
    }

    /// Whether a call in this direction is worth trying.
    pub(super) fn is_ready(self, direction: Direction) -> bool {
        self.ready[direction.index()]
    }

    /// A call has said `EAGAIN`.
    pub(super) fn clear(&mut self, direction: Direction) {
        self.ready[direction.index()] = false;
    }

    /// A plain stream read has brought less than was asked for.
    pub(super) fn drained(&mut self) {
        if self.short_read_tells {
            self.clear(Direction::Read);
        }
    }

    /// Both directions are to be tried again, whatever was believed.
    pub(super) fn reset(&mut self) {
        self.ready = [true; 2];
    }
}

#[cfg(test)]
mod test {
    use super::*;

    const NOTHING: Report = Report {
        readable: false,
        writable: false,
        read_closed: false,
        write_closed: false,
        error: false,
        urgent: false,
    };

    fn used_up() -> Readiness {
        let mut readiness = Readiness::new();
        readiness.clear(Direction::Read);
        readiness.clear(Direction::Write);
        readiness
    }

    #[test]
    fn begins_by_trying() {
        let readiness = Readiness::new();
        assert!(Direction::BOTH.iter().all(|&direction| readiness.is_ready(direction)));
    }

    #[test]
    fn clears_one_direction_alone() {
        let mut readiness = Readiness::new();
        readiness.clear(Direction::Write);
        assert!(readiness.is_ready(Direction::Read));
        assert!(!readiness.is_ready(Direction::Write));
    }

    #[test]
    fn tells_each_direction_what_concerns_it() {
        let table = [
            (NOTHING, [false, false]),
            (Report { readable: true, ..NOTHING }, [true, false]),
            (Report { writable: true, ..NOTHING }, [false, true]),
            (Report { read_closed: true, ..NOTHING }, [true, false]),
            (Report { write_closed: true, ..NOTHING }, [false, true]),
            (Report { error: true, ..NOTHING }, [true, true]),
            (Report { urgent: true, ..NOTHING }, [true, false]),
        ];
        for (report, expected) in table {
            let mut readiness = used_up();
            assert_eq!(readiness.apply(report), expected, "{report:?}");
            assert_eq!(Direction::BOTH.map(|d| readiness.is_ready(d)), expected, "{report:?}");
        }
    }

    #[test]
    fn believes_a_short_read_until_something_else_than_bytes_was_seen() {
        let table = [
            (Report { readable: true, ..NOTHING }, false),
            (Report { readable: true, write_closed: true, ..NOTHING }, false),
            (Report { readable: true, read_closed: true, ..NOTHING }, true),
            (Report { readable: true, error: true, ..NOTHING }, true),
            (Report { readable: true, urgent: true, ..NOTHING }, true),
        ];
        for (report, still_ready) in table {
            let mut readiness = used_up();
            readiness.apply(report);
            readiness.drained();
            assert_eq!(readiness.is_ready(Direction::Read), still_ready, "{report:?}");
            // For ever: later bytes make no difference.
            readiness.clear(Direction::Read);
            readiness.apply(Report { readable: true, ..NOTHING });
            readiness.drained();
            assert_eq!(readiness.is_ready(Direction::Read), still_ready, "{report:?}, later");
        }
    }

    #[test]
    fn a_short_read_says_nothing_of_writing() {
        let mut readiness = Readiness::new();
        readiness.drained();
        assert!(readiness.is_ready(Direction::Write));
    }

    #[test]
    fn eagain_is_believed_whatever_was_seen() {
        let mut readiness = Readiness::new();
        let all = Report {
            readable: true,
            writable: true,
            read_closed: true,
            write_closed: true,
            error: true,
            urgent: true,
        };
        readiness.apply(all);
        for direction in Direction::BOTH {
            readiness.clear(direction);
            assert!(!readiness.is_ready(direction));
        }
        readiness.reset();
        assert!(readiness.is_ready(Direction::Read) && readiness.is_ready(Direction::Write));
    }
}
