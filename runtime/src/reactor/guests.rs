//! Who waits for a descriptor that is not registered: known by its number alone, for the length of a wait.
//!
//! What is not known is whose it is, whether it blocks, who else has it, and when it is closed. So nothing is
//! remembered of its readiness, and no wait is refused: any number may wait, in any direction. The kernel is asked to
//! report once, by one call at the beginning of a wait, and says so at once if something is ready; what is left of
//! a wait that ended otherwise reports once, to nobody. It tells files apart by number *and* file, so a number
//! that is another file's by now shows at the next call.

use std::io;
use std::ops::RangeInclusive;
use std::os::fd::RawFd;

use super::token::guest_data;
use crate::sys::number::{Change, watch_once};

/// What the kernel reports whether it is asked for or not; so nobody waits for nothing.
pub(super) const ALWAYS: u32 = (libc::EPOLLERR | libc::EPOLLHUP) as u32;

/// Who waits, by number of descriptor.
pub(super) struct Guests<W> {
    /// By number, up to the highest that was waited for: the kernel gives the lowest that is free. A line keeps its memory.
    lines: Vec<Line<W>>,
    /// Those whose descriptor was closed, until they look.
    evicted: Vec<W>,
    /// The next round of any line.
    round: u32,
}

/// Those who wait for one number.
struct Line<W> {
    /// Whether the kernel is believed to know it from an earlier wait. A hint which call to try first.
    is_known: bool,
    /// Which call of ours the next event answers; others are stale.
    round: u32,
    guests: Vec<Guest<W>>,
}

impl<W> Line<W> {
    fn new() -> Line<W> {
        Line { is_known: false, round: 0, guests: Vec::new() }
    }
}

/// One who waits.
struct Guest<W> {
    who: W,
    /// What for.
    events: u32,
    /// When he came, by the process's count of closes.
    since: u64,
}

impl<W: Copy + PartialEq> Guests<W> {
    pub(super) fn new() -> Self {
        Guests { lines: Vec::new(), evicted: Vec::new(), round: 0 }
    }

    /// Enters somebody who waits for some of `events` (as `epoll_ctl(2)` has them).
    ///
    /// `since` is the count of closes so far; `is_source` is asked if the kernel knows the descriptor from elsewhere: then that is not changed.
    pub(super) fn enter(
        &mut self,
        instance: RawFd,
        (fd, events): (RawFd, u32),
        (who, since): (W, u64),
        is_source: impl Fn() -> bool,
    ) -> io::Result<()> {
        let events = events | ALWAYS;
        let all = self.events(fd) | events;
        let round = self.arm(instance, fd, all, is_source)?;
        let place = fd as usize; // not negative: the kernel has taken it
        if self.lines.len() <= place {
            self.lines.resize_with(place + 1, Line::new);
        }
        let line = &mut self.lines[place];
        line.is_known = true;
        line.round = round;
        line.guests.push(Guest { who, events, since });
        Ok(())
    }

    /// Asks the kernel anew, and so whether it is still the file that was waited for.
    ///
    /// # Errors
    /// `ENOENT` if it is not, `EBADF` if it is none.
    pub(super) fn renew(&mut self, instance: RawFd, fd: RawFd) -> io::Result<()> {
        if !self.is_known(fd) {
            return Err(io::ErrorKind::NotFound.into()); // a source has taken it over
        }
        let (all, round) = (self.events(fd), self.next_round());
        watch_once(instance, Change::Renew, fd, all, guest_data(fd, round))?;
        if let Some(line) = self.line_mut(fd) {
            line.round = round;
        }
        Ok(())
    }

    /// Whether somebody is in a line.
    pub(super) fn has(&self, fd: RawFd, who: W) -> bool {
        self.line(fd).is_some_and(|line| line.guests.iter().any(|guest| guest.who == who))
    }

    /// Puts another into somebody's place.
    pub(super) fn rename(&mut self, fd: RawFd, who: W, other: W) {
        let guests = self.line_mut(fd).map(|line| line.guests.iter_mut());
        let his = guests.into_iter().flatten().filter(|guest| guest.who == who);
        his.for_each(|guest| guest.who = other);
    }

    /// Takes somebody out of a line; how many that were.
    pub(super) fn leave(&mut self, fd: RawFd, who: W) -> usize {
        let Some(line) = self.line_mut(fd) else { return 0 };
        let before = line.guests.len();
        line.guests.retain(|guest| guest.who != who);
        before - line.guests.len()
    }

    /// Takes out those whom an event is for. `fired` are its events, `round` what the kernel kept for it.
    pub(super) fn report(
        &mut self,
        instance: RawFd,
        (fd, round): (RawFd, u32),
        fired: u32,
        mut wake: impl FnMut(W),
    ) -> usize {
        let Some(line) = self.line_mut(fd).filter(|line| line.round == round) else {
            return 0;
        };
        let before = line.guests.len();
        line.guests.retain(|guest| {
            let stays = guest.events & fired == 0;
            if !stays {
                wake(guest.who);
            }
            stays
        });
        let woken = before - line.guests.len();
        if !line.guests.is_empty() && self.renew(instance, fd).is_err() {
            // They find out by trying.
            return woken + self.dismiss(fd, wake);
        }
        woken
    }

    /// Takes out all who wait for these numbers, which are being closed, and notes that for each.
    ///
    /// Not who has come later, to what has got the number since: that may be long ago by the time another thread's word is heard.
    pub(super) fn evict(
        &mut self,
        fds: RangeInclusive<RawFd>,
        close: u64,
        mut wake: impl FnMut(W),
    ) -> usize {
        let mut gone = Vec::new();
        for line in self.lines_of(fds) {
            let leave = line.guests.extract_if(.., |guest| guest.since < close);
            gone.extend(leave.map(|guest| guest.who));
        }
        for &who in &gone {
            if !self.evicted.contains(&who) {
                self.evicted.push(who);
            }
            wake(who);
        }
        gone.len()
    }

    /// Whether somebody was taken out as what he waited for was closed; once.
    pub(super) fn was_evicted(&mut self, who: W) -> bool {
        let at = self.evicted.iter().position(|other| *other == who);
        at.map(|at| self.evicted.swap_remove(at)).is_some()
    }

    /// Takes out all who wait.
    pub(super) fn take_all(&mut self, mut wake: impl FnMut(W)) {
        for line in &mut self.lines {
            line.guests.drain(..).for_each(|guest| wake(guest.who));
        }
    }

    /// Forgets all, as the kernel has.
    pub(super) fn clear(&mut self) {
        *self = Guests::new();
    }

    /// Notes that these numbers are other files by now, or somebody else's.
    pub(super) fn forget(&mut self, fds: RangeInclusive<RawFd>) {
        self.lines_of(fds).iter_mut().for_each(|line| line.is_known = false);
    }

    fn dismiss(&mut self, fd: RawFd, mut wake: impl FnMut(W)) -> usize {
        let Some(line) = self.line_mut(fd) else { return 0 };
        let count = line.guests.len();
        line.guests.drain(..).for_each(|guest| wake(guest.who));
        count
    }

    /// All that is waited for.
    fn events(&self, fd: RawFd) -> u32 {
        let guests = self.line(fd).map(|line| &line.guests);
        guests.into_iter().flatten().fold(0, |all, guest| all | guest.events)
    }

    /// Has the kernel report, by the call that is likely to be the right one, or else by the other.
    fn arm(
        &mut self,
        instance: RawFd,
        fd: RawFd,
        events: u32,
        is_source: impl Fn() -> bool,
    ) -> io::Result<u32> {
        let round = self.next_round();
        let data = guest_data(fd, round);
        let watch = |change| watch_once(instance, change, fd, events, data);
        let result = if self.is_known(fd) {
            match watch(Change::Renew) {
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => watch(Change::Add),
                result => result,
            }
        } else {
            match watch(Change::Add) {
                Err(error) if error.raw_os_error() == Some(libc::EEXIST) && !is_source() => {
                    watch(Change::Renew)
                }
                result => result,
            }
        };
        result.map(|()| round)
    }

    fn is_known(&self, fd: RawFd) -> bool {
        self.line(fd).is_some_and(|line| line.is_known)
    }

    /// The line of that number, if one was ever waited for that is as high.
    fn line(&self, fd: RawFd) -> Option<&Line<W>> {
        self.lines.get(usize::try_from(fd).ok()?)
    }

    fn line_mut(&mut self, fd: RawFd) -> Option<&mut Line<W>> {
        self.lines.get_mut(usize::try_from(fd).ok()?)
    }

    /// The lines of those numbers.
    fn lines_of(&mut self, fds: RangeInclusive<RawFd>) -> &mut [Line<W>] {
        let begin = usize::try_from(*fds.start()).unwrap_or(0);
        let end = usize::try_from(*fds.end()).map_or(0, |last| self.lines.len().min(last + 1));
        self.lines.get_mut(begin..end).unwrap_or_default()
    }

    fn next_round(&mut self) -> u32 {
        self.round = self.round.wrapping_add(1);
        self.round
    }
}
