//! The select itself: look, choose, or stand in all lines and wait.

use std::time::{Duration, Instant};

use super::branch::Branch;
use super::chance;
use super::desk::Desk;
use crate::cancel::deliver;
use crate::clock;
use crate::park::Unparker;
use crate::task::Wake;

/// Waits until one of these can be done, and does it; which one that was.
///
/// Its outcome is there to be taken. Where a task may not wait (it unwinds, or there is none) and nothing can be done at once, one
/// ends as its `try_` form does; a moment, if there is one.
///
/// # Panics
/// When there is no branch; where it would wait inside of [`no_switch`](crate::no_switch).
///
/// # Blocking
/// Switches tasks, unless one can be done at once.
///
/// ```
/// use osier::queue::Queue;
/// use osier::select::{get, select};
///
/// osier::run(|| {
///     let queues: Vec<Queue<u32>> = (0..100).map(|_| Queue::unbounded()).collect();
///     let other = queues[42].clone();
///     osier::spawn(move || other.put(7).unwrap());
///     let mut gets: Vec<_> = queues.iter().map(get).collect();
///     let which = select(&mut gets);
///     assert_eq!((which, gets[which].take()), (42, Some(Ok(7))));
/// });
/// ```
#[inline]
pub fn select<B: Branch>(branches: &mut [B]) -> usize {
    assert!(!branches.is_empty(), "a select without a branch would never end");
    select_by(branches, None).unwrap_or_else(|| give_up(branches))
}

/// Does one of these that can be done at once, if there is any.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use osier::queue::Queue;
/// use osier::select::{Branch, get, put, try_select};
///
/// let (full, empty) = (Queue::bounded(1), Queue::<u32>::bounded(1));
/// full.try_put('x').unwrap();
/// let (mut a, mut b) = (put(&full, 'y'), get(&empty));
/// assert_eq!(try_select(&mut [&mut a as &mut dyn Branch, &mut b]), None);
/// assert_eq!(a.into_item(), Some('y'));
/// ```
#[inline]
pub fn try_select<B: Branch>(branches: &mut [B]) -> Option<usize> {
    loop {
        let chosen = choose(branches)?;
        if branches[chosen].finish() {
            return Some(chosen);
        }
    }
}

/// As [`select`](select()), for that long at most.
///
/// None when the time is over, at once where a task may not wait.
///
/// # Panics
/// Where it would wait inside of [`no_switch`](crate::no_switch).
///
/// # Blocking
/// As [`select`](select()).
///
/// ```
/// use std::time::Duration;
/// use osier::queue::Queue;
/// use osier::select::{get, select_timeout};
///
/// osier::run(|| {
///     let queue: Queue<u32> = Queue::unbounded();
///     assert_eq!(select_timeout(&mut [get(&queue)], Duration::from_millis(1)), None);
/// });
/// ```
pub fn select_timeout<B: Branch>(branches: &mut [B], limit: Duration) -> Option<usize> {
    try_select(branches).or_else(|| select_by(branches, clock::deadline(limit)))
}

/// As [`select`](select()), until that moment at most.
///
/// # Panics
/// As [`select_timeout`].
///
/// # Blocking
/// As [`select`](select()).
pub fn select_deadline<B: Branch>(branches: &mut [B], deadline: Instant) -> Option<usize> {
    select_by(branches, Some(deadline))
}

/// How often one is drawn before all are looked at: of many that are ready a guess finds one at once, of many that are
/// not it is in vain.
const GUESSES: usize = 2;

/// One of those that are ready, each as likely as another.
///
/// Drawn first, from all of them: where most are ready that finds one at once, and which one it finds is as even as
/// among all. Where it finds none, all are looked at (a reservoir of one: Knuth, TAOCP 2, 3.4.2, algorithm R).
#[inline]
fn choose<B: Branch>(branches: &mut [B]) -> Option<usize> {
    for _ in 0..GUESSES.min(branches.len().saturating_sub(1)) {
        let at = chance::below(branches.len());
        if branches[at].is_ready() {
            return Some(at);
        }
    }
    let (mut chosen, mut count) = (None, 0);
    for (at, branch) in branches.iter_mut().enumerate() {
        if branch.is_ready() {
            count += 1;
            if count == 1 || chance::below(count) == 0 {
                chosen = Some(at);
            }
        }
    }
    chosen
}

#[inline]
fn select_by<B: Branch>(branches: &mut [B], deadline: Option<Instant>) -> Option<usize> {
    loop {
        if let Some(done) = try_select(branches) {
            return Some(done);
        }
        match wait(branches, deadline) {
            Ended::Done(which) => return Some(which),
            Ended::Notified => {}
            Ended::InVain => return None,
        }
    }
}

/// How a wait has ended.
enum Ended {
    /// This branch is done.
    Done(usize),
    /// Something may be ready.
    Notified,
    /// The time is over, or nothing can wait here.
    InVain,
}

#[inline(never)]
fn wait<B: Branch>(branches: &mut [B], deadline: Option<Instant>) -> Ended {
    let Some(me) = Unparker::if_allowed() else { return Ended::InVain };
    let moment = first_moment(branches);
    let deadline = match moment {
        Some((_, at)) => Some(deadline.map_or(at, |deadline| deadline.min(at))),
        None => deadline,
    };
    let desk = Desk::new(me);
    let mut lines = Lines { branches, entered: 0, desk: &desk };
    if let Some(done) = lines.enter() {
        return Ended::Done(done);
    }
    let wake = desk.wait(deadline);
    drop(lines);
    if let Some(served) = desk.claim().branch() {
        return Ended::Done(served as usize);
    }
    match (deliver(wake), moment) {
        (Wake::Woken, _) => Ended::Notified,
        (Wake::TimedOut, Some((which, at))) if Some(at) == deadline => {
            branches[which].give_up();
            Ended::Done(which)
        }
        (Wake::TimedOut | Wake::Killed | Wake::Refused, _) => Ended::InVain,
    }
}

/// The branch that is the first moment to come.
fn first_moment<B: Branch>(branches: &mut [B]) -> Option<(usize, Instant)> {
    let moments = branches.iter_mut().enumerate();
    moments.filter_map(|(at, branch)| Some((at, branch.deadline()?))).min_by_key(|(_, at)| *at)
}

#[cold]
fn give_up<B: Branch>(branches: &mut [B]) -> usize {
    let which = first_moment(branches).map_or(0, |(which, _)| which);
    branches[which].give_up();
    which
}

/// The lines that the branches stand in. They leave when this goes, be it by unwinding.
struct Lines<'a, B: Branch> {
    branches: &'a mut [B],
    /// How many of them have entered.
    entered: usize,
    desk: &'a Desk,
}

impl<B: Branch> Lines<'_, B> {
    /// Enters all; which one is done instead.
    fn enter(&mut self) -> Option<usize> {
        for (at, branch) in self.branches.iter_mut().enumerate() {
            let number = u32::try_from(at).expect("fewer than 4 billion branches");
            if !branch.enter(self.desk, number) {
                return Some(at);
            }
            self.entered = at + 1;
        }
        None
    }
}

impl<B: Branch> Drop for Lines<'_, B> {
    fn drop(&mut self) {
        let served = self.desk.claim().branch().map(|branch| branch as usize);
        for (at, branch) in self.branches[..self.entered].iter_mut().enumerate() {
            branch.leave(served == Some(at));
        }
    }
}
