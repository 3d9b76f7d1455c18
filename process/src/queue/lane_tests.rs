//! What passes when processes have ended in the middle of it.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use super::batch;
use super::core::Core;
use super::lane::MOST;
use super::road::Item;
use crate::wire::{Missed, Parcel, RecvError, SendError};

fn core() -> Core {
    Core::create(0, false).unwrap()
}

fn with_descriptor(byte: u8) -> Parcel {
    let (mut near, far) = UnixStream::pair().unwrap();
    near.write_all(&[byte]).unwrap();
    Parcel { bytes: vec![byte; 9], descriptors: vec![far.into()] }
}

/// What came: its first byte, and what can be read of its descriptor.
fn came(core: &Core) -> (u8, Option<u8>) {
    let parcel = core.try_arrival().unwrap().into_parcel();
    let read = |fd: OwnedFd| {
        let mut byte = [0];
        std::io::Read::read_exact(&mut UnixStream::from(fd), &mut byte).unwrap();
        byte[0]
    };
    (parcel.bytes[0], parcel.descriptors.into_iter().next().map(read))
}

#[test]
fn what_goes_through_the_socket_keeps_its_place() {
    let core = core();
    core.try_send(&Parcel { bytes: vec![1; 8], descriptors: Vec::new() }).unwrap();
    core.try_send(&with_descriptor(2)).unwrap();
    core.try_send(&Parcel { bytes: vec![3; MOST + 1], descriptors: Vec::new() }).unwrap();
    core.try_send(&Parcel { bytes: vec![4; MOST], descriptors: Vec::new() }).unwrap();
    let all: Vec<_> = (0..4).map(|_| came(&core)).collect();
    assert_eq!(all, [(1, None), (2, Some(2)), (3, None), (4, None)]);
    assert!(matches!(core.try_arrival(), Err(Missed { error: RecvError::Empty, .. })));
}

#[test]
fn who_ended_before_it_said_where_an_item_is_has_sent_none() {
    let core = core();
    let number = core.ring().putter().unwrap().number().unwrap();
    core.inlet.try_send_numbered(number, &with_descriptor(1)).unwrap();
    assert!(
        core.is_bare() && matches!(core.try_arrival(), Err(Missed { error: RecvError::Empty, .. }))
    );
    core.try_send(&with_descriptor(2)).unwrap();
    assert_eq!(came(&core), (2, Some(2)));
    assert!(core.outlet.peek_number().is_none(), "the other one is gone");
}

#[test]
fn what_somebody_received_and_did_not_take_out_is_gone_with_it() {
    let core = core();
    (1..=3).for_each(|n| core.try_send(&with_descriptor(n)).unwrap());
    drop(core.outlet.try_arrival_numbered().unwrap());
    assert_eq!([came(&core), came(&core)], [(2, Some(2)), (3, Some(3))]);
    assert!(matches!(core.try_arrival(), Err(Missed { error: RecvError::Empty, .. })));
}

#[test]
fn nothing_is_sent_behind_the_end() {
    let core = core();
    core.try_send(&with_descriptor(1)).unwrap();
    core.shut();
    assert!(matches!(core.try_send(&Parcel::default()), Err(SendError::Closed)));
    assert_eq!(came(&core), (1, Some(1)));
    assert!(matches!(core.try_arrival(), Err(Missed { error: RecvError::Closed, .. })));
}

#[test]
fn the_sign_says_whether_there_is_something() {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let core = core();
    let shown = || {
        let mut asked = [PollFd::new(&core.items, PollFlags::IN)];
        poll(&mut asked, Some(&Timespec::default())).unwrap() > 0
    };
    assert!(!shown());
    core.try_send(&Parcel { bytes: vec![1; 8], descriptors: Vec::new() }).unwrap();
    assert!(shown() && core.hide(|| false) && shown());
    came(&core);
    assert!(!core.hide(|| false) && !shown());
    assert!(core.hide(|| true) && shown(), "something that the ring does not know");
    assert!(!core.hide(|| false));
    core.shut();
    assert!(core.hide(|| false) && shown(), "for ever");
}

/// A piece of so many items, each with its number, some with a descriptor.
fn piece(numbers: std::ops::Range<u8>) -> Parcel {
    let item = |n| match n % 3 {
        0 => Item { parcel: with_descriptor(n) },
        _ => Item { parcel: Parcel { bytes: vec![n; 9], descriptors: Vec::new() } },
    };
    batch::pack(&mut numbers.map(item).collect())
}

#[test]
fn a_piece_has_its_place_and_is_taken_item_by_item() {
    let core = core();
    core.try_send(&with_descriptor(1)).unwrap();
    core.leave(&piece(2..6)).unwrap();
    core.leave(&piece(6..9)).unwrap();
    core.try_send(&with_descriptor(9)).unwrap();
    for n in 1..=9 {
        let passed = (n % 3 == 0 || n == 1).then_some(n);
        assert_eq!(came(&core), (n, passed));
    }
    assert!(core.is_bare() && core.inlet.peek_number().is_none());
}

#[test]
fn a_piece_fits_where_no_item_does() {
    let core = core();
    let full = Parcel { bytes: vec![0; MOST], descriptors: Vec::new() };
    while core.try_send(&full).is_ok() {}
    while core.try_send(&Parcel { bytes: vec![0; 8], descriptors: Vec::new() }).is_ok() {}
    assert!(matches!(core.try_send(&with_descriptor(1)), Err(SendError::TimedOut)));
    let pieces = (0..1000).take_while(|_| core.leave(&piece(1..3)).is_ok()).count();
    assert!((100..1000).contains(&pieces), "{pieces}");
}

#[test]
fn a_piece_that_nobody_says_is_there_is_passed_over() {
    let core = core();
    let mut lost = None;
    let left = core.outlet.try_send_file(&piece(1..3), || {
        let putter = core.ring().putter().unwrap();
        lost = putter.number_of_piece();
        lost
    });
    assert!(left.is_ok() && core.is_bare());
    core.leave(&piece(4..5)).unwrap();
    assert_eq!(came(&core).0, 4);
    // And one that was taken by somebody who could not say so.
    core.leave(&piece(5..6)).unwrap();
    core.leave(&piece(7..8)).unwrap();
    core.inlet.skip();
    assert_eq!(came(&core).0, 7);
    assert!(matches!(core.try_arrival(), Err(Missed { error: RecvError::Empty, .. })));
}

#[test]
fn an_item_with_more_descriptors_than_a_message_has_goes_in_a_piece_of_its_own() {
    let core = core();
    let many = |n: u8| {
        let descriptors = (0..300).map(|_| UnixStream::pair().unwrap().0.into()).collect();
        Item { parcel: Parcel { bytes: vec![n; 9], descriptors } }
    };
    let mut items = [1, 2].map(many).into();
    core.leave(&batch::pack(&mut items)).unwrap();
    core.leave(&batch::pack(&mut items)).unwrap();
    assert!(items.is_empty());
    for n in 1..=2 {
        let parcel = core.try_arrival().unwrap().into_parcel();
        assert_eq!((parcel.bytes[0], parcel.descriptors.len()), (n, 300));
    }
    assert!(core.is_bare());
}

#[test]
fn what_is_no_piece_is_an_error_and_goes() {
    let core = core();
    core.leave(&Parcel { bytes: vec![255; 20], descriptors: Vec::new() }).unwrap();
    assert!(matches!(core.try_arrival(), Err(Missed { error: RecvError::Decode(_), .. })));
    assert!(matches!(core.try_arrival(), Err(Missed { error: RecvError::Empty, .. })));
    core.try_send(&with_descriptor(1)).unwrap();
    assert_eq!(came(&core).0, 1);
}

#[test]
fn an_item_of_a_piece_that_is_too_long_is_an_error_and_the_next_one_comes() {
    let mut core = core();
    core.inlet.set_limit(100);
    let item =
        |n: u8, length| Item { parcel: Parcel { bytes: vec![n; length], descriptors: Vec::new() } };
    core.leave(&batch::pack(&mut [item(1, 9), item(2, 101), item(3, 100)].into())).unwrap();
    assert_eq!(came(&core).0, 1);
    let error = core.try_arrival().map(|_| ()).unwrap_err().error;
    assert!(matches!(error, RecvError::TooLong(101)), "{error}");
    assert_eq!(came(&core).0, 3);
    assert!(core.is_bare());
}
