//! Calls, drawn by lot.

use std::time::Duration;

use crate::kills::Lot;
use crate::perform::{Call, Place};
use crate::{COUNT, EPOLL, EVENT, FILE, FRESH, LISTENERS, SOCKETS, Stage};

/// What a call is about, to bring what it may wait for.
pub(crate) struct Draw {
    pub(crate) call: Call,
    pub(crate) about: Vec<usize>,
    /// The least that it takes if nothing comes.
    pub(crate) least: Duration,
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

pub(crate) fn draw(lot: &mut Lot, stage: &Stage) -> Draw {
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
