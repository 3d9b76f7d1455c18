//! The two ends of a wire: calls that wait.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::pipe::{Attempt, Nature, Pipe, Side};
use crate::cancel::deliver;
use crate::clock;
use crate::park::{Unparker, park};
use crate::task::{Reason, Wake};

/// One end of a pair of streams in memory; see [`pair`](super::pair) and [`Wire`](super::Wire).
///
/// It behaves as a stream socket does: one task reads it while another writes it, a second reader gets an
/// error, limits hold for one call, what is written to a peer that has gone fails with `BrokenPipe`. It stays on its thread.
/// In a task that unwinds, a call that would wait fails with `WouldBlock` instead: there is no kernel to wait in.
///
/// ```
/// use std::io::{ErrorKind, Read};
///
/// osier::testing::run(|| {
///     let (mut here, there) = osier::testing::pair();
///     here.fail_read(ErrorKind::Interrupted); // once
///     assert_eq!(here.read(&mut [0]).unwrap_err().kind(), ErrorKind::Interrupted);
///     drop(there);
///     assert_eq!(here.read(&mut [0]).unwrap(), 0);
/// });
/// ```
pub struct Stream {
    /// What is read from, and what is written to.
    from: Rc<RefCell<Pipe>>,
    to: Rc<RefCell<Pipe>>,
    read_limit: Cell<Option<Duration>>,
    write_limit: Cell<Option<Duration>>,
    /// Whether calls fail where they would wait.
    nonblocking: Cell<bool>,
}

pub(super) fn join_up(nature: &Nature) -> (Stream, Stream) {
    let back = Nature { seed: !nature.seed, ..nature.clone() };
    let [one, other] =
        [nature.clone(), back].map(|nature| Rc::new(RefCell::new(Pipe::new(nature))));
    (Stream::new(one.clone(), other.clone()), Stream::new(other, one))
}

/// How a direction is used: which side waits, for what, and whom a move may let go on.
#[derive(Clone, Copy)]
struct Use {
    reason: Reason,
    busy: &'static str,
    mine: fn(&mut Pipe) -> &mut Side,
    theirs: fn(&mut Pipe) -> &mut Side,
}

const READ: Use = Use {
    reason: Reason::new("waiting to read from a stream in memory"),
    busy: "another task is reading from this already",
    mine: |pipe| &mut pipe.reader,
    theirs: |pipe| &mut pipe.writer,
};

const WRITE: Use = Use {
    reason: Reason::new("waiting to write to a stream in memory"),
    busy: "another task is writing to this already",
    mine: |pipe| &mut pipe.writer,
    theirs: |pipe| &mut pipe.reader,
};

impl Stream {
    fn new(from: Rc<RefCell<Pipe>>, to: Rc<RefCell<Pipe>>) -> Stream {
        let limit = || Cell::new(None);
        let nonblocking = Cell::new(false);
        Stream { from, to, read_limit: limit(), write_limit: limit(), nonblocking }
    }

    /// Sets how long a read may wait; zero is an error, as in std.
    ///
    /// # Errors
    /// `InvalidInput` when it is zero.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        set(&self.read_limit, limit)
    }

    /// Sets how long a write may wait; zero is an error, as in std.
    ///
    /// # Errors
    /// `InvalidInput` when it is zero.
    pub fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        set(&self.write_limit, limit)
    }

    /// Makes calls fail with `WouldBlock` where they would wait.
    pub fn set_nonblocking(&self, on: bool) {
        self.nonblocking.set(on);
    }

    /// Makes the next read fail, once.
    ///
    /// One that waits already fails now.
    pub fn fail_read(&self, kind: io::ErrorKind) {
        self.from.borrow_mut().reader.fails = Some(kind);
        wake(&self.from, READ.mine);
    }

    /// Makes the next write fail, once.
    ///
    /// One that waits already fails now.
    pub fn fail_write(&self, kind: io::ErrorKind) {
        self.to.borrow_mut().writer.fails = Some(kind);
        wake(&self.to, WRITE.mine);
    }

    /// Ends one direction or both; who waits in it goes on.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn shutdown(&self, how: Shutdown) {
        let now = clock::now();
        if how != Shutdown::Write {
            self.from.borrow_mut().deafen();
            wake(&self.from, READ.mine);
            wake(&self.from, READ.theirs);
        }
        if how != Shutdown::Read {
            self.to.borrow_mut().end(now);
            wake(&self.to, WRITE.mine);
            wake(&self.to, WRITE.theirs);
        }
    }

    /// Calls until it goes through, fails, or may wait no longer.
    fn call(
        &self,
        pipe: &RefCell<Pipe>,
        way: Use,
        limit: Option<Duration>,
        mut attempt: impl FnMut(&mut Pipe, Instant) -> io::Result<Attempt>,
    ) -> io::Result<usize> {
        let deadline = limit.and_then(clock::deadline);
        loop {
            let now = clock::now();
            let result = attempt(&mut pipe.borrow_mut(), now)?;
            let arrives = match result {
                Attempt::Moved(moved) => {
                    wake(pipe, way.theirs);
                    return Ok(moved);
                }
                Attempt::NotBefore(at) => Some(at),
                Attempt::Blocked => None,
            };
            if self.nonblocking.get() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if deadline.is_some_and(|at| at <= now) {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "timed out"));
            }
            wait(pipe, way, [arrives, deadline].into_iter().flatten().min())?;
        }
    }
}

/// Parks until the other side does something, or that moment comes.
fn wait(pipe: &RefCell<Pipe>, way: Use, until: Option<Instant>) -> io::Result<()> {
    let side = |f: &mut dyn FnMut(&mut Side)| f((way.mine)(&mut pipe.borrow_mut()));
    if std::thread::panicking() {
        let text = "a task that unwinds cannot wait for a stream in memory";
        return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
    }
    let me = Unparker::current();
    let mut busy = false;
    side(&mut |side| match side.waiter {
        Some(_) => busy = true,
        None => side.waiter = Some(me.clone()),
    });
    if busy {
        return Err(io::Error::new(io::ErrorKind::ResourceBusy, way.busy));
    }
    let leave = || side(&mut |side| _ = side.waiter.take_if(|waiter| *waiter == me));
    let ended = park(way.reason, until, leave);
    if ended == Wake::Woken {
        leave(); // if we are still entered, it was a stray one
    }
    deliver(ended);
    Ok(())
}

/// Lets a side go on, if it waits.
fn wake(pipe: &RefCell<Pipe>, side: fn(&mut Pipe) -> &mut Side) {
    let waiter = side(&mut pipe.borrow_mut()).waiter.take();
    waiter.iter().for_each(Unparker::unpark);
}

fn set(limit: &Cell<Option<Duration>>, to: Option<Duration>) -> io::Result<()> {
    if to.is_some_and(|to| to.is_zero()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a limit of zero: say none, or more",
        ));
    }
    limit.set(to);
    Ok(())
}

impl Read for &Stream {
    /// # Blocking
    /// Switches tasks, unless there is something to read.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.call(&self.from, READ, self.read_limit.get(), |pipe, now| pipe.read(into, now))
    }
}

impl Write for &Stream {
    /// # Blocking
    /// Switches tasks, unless something fits in.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call(&self.to, WRITE, self.write_limit.get(), |pipe, now| pipe.write(bytes, now))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&*self).read(into)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shutdown(Shutdown::Both);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from.borrow(), self.to.borrow());
        f.debug_struct("Stream")
            .field("to_read", &from.held())
            .field("unread", &to.held())
            .field("reader", &from.reader.waiter)
            .field("writer", &to.writer.waiter)
            .finish_non_exhaustive()
    }
}
