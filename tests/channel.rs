//! Channels: two ends, and what happens when one goes.

mod support;

use std::any::Any;
use std::rc::Rc;

use osier::channel::{
    Receiver, RecvError, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError,
    bounded, unbounded,
};
use osier::{idle, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT};

#[test]
fn values_come_in_order_and_once() {
    osier::run(|| {
        let (to, from) = bounded(2);
        let other = from.clone();
        let sender = spawn(move || (0..100).for_each(|n| to.send(n).unwrap()));
        let first = spawn(move || other.iter().inspect(|_| yield_now()).collect::<Vec<u32>>());
        let second: Vec<u32> = from.iter().inspect(|_| yield_now()).collect();
        sender.join().unwrap();
        let first = first.join().unwrap();
        assert!(first.is_sorted() && second.is_sorted() && !first.is_empty());
        let mut all = [first, second].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..100));
    });
}

#[test]
fn a_send_without_receivers_hands_the_value_back() {
    osier::run(|| {
        let (to, from) = bounded(1);
        let more = from.clone();
        drop(from);
        to.send(1).unwrap();
        let other = to.clone();
        let waiting = spawn(move || other.send(2));
        idle();
        drop(more);
        assert_eq!(waiting.join().unwrap().unwrap_err().0, 2);
        assert_eq!(to.send(3).unwrap_err().0, 3);
        assert_eq!(to.try_send(4), Err(TrySendError::Disconnected(4)));
        assert_eq!(to.send_timeout(5, SHORT), Err(SendTimeoutError::Disconnected(5)));
        assert!(to.is_empty(), "what nobody will receive is dropped");
    });
}

#[test]
fn what_was_sent_is_received_before_the_end() {
    osier::run(|| {
        let (to, from) = unbounded();
        let more = to.clone();
        drop(to);
        more.send(1).unwrap();
        drop(more);
        assert_eq!((from.recv(), from.recv()), (Ok(1), Err(RecvError)));
        assert_eq!(from.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(from.recv_timeout(SHORT), Err(RecvTimeoutError::Disconnected));
        assert_eq!(from.recv_deadline(osier::clock::now()), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn who_waits_to_receive_is_told_of_the_end() {
    osier::run(|| {
        let (to, from) = bounded::<u32>(0);
        let receivers = [from.clone(), from].map(|from| spawn(move || from.recv()));
        idle();
        drop(to);
        assert!(receivers.into_iter().all(|task| task.join().unwrap() == Err(RecvError)));
    });
}

#[test]
fn a_channel_of_nothing_is_a_rendezvous() {
    osier::run(|| {
        let (to, from) = bounded(0);
        assert_eq!((to.capacity(), to.is_full(), to.is_empty()), (Some(0), true, true));
        assert_eq!(to.try_send(1), Err(TrySendError::Full(1)));
        assert_eq!(to.send_timeout(2, SHORT), Err(SendTimeoutError::Timeout(2)));
        assert_eq!(from.try_recv(), Err(TryRecvError::Empty));
        let sender = spawn(move || to.send(3));
        assert_eq!(from.recv_timeout(FOREVER), Ok(3));
        sender.join().unwrap().unwrap();
    });
}

#[test]
fn limits_are_kept() {
    osier::run(|| {
        let (to, from) = bounded(1);
        assert_eq!(from.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        to.send(1).unwrap();
        let soon = osier::clock::now() + SHORT;
        assert_eq!(to.send_deadline(2, soon), Err(SendTimeoutError::Timeout(2)));
        assert!(timeout(SHORT, || to.send(2)).is_err());
        assert_eq!(from.try_iter().collect::<Vec<_>>(), [1]);
        assert_eq!((to.len(), from.len(), unbounded::<u8>().0.capacity()), (0, 0, None));
    });
}

#[test]
fn a_kill_at_the_hand_over_loses_nothing() {
    osier::run(|| {
        let (to, from) = unbounded();
        let other = from.clone();
        let task = spawn(move || other.recv());
        idle();
        task.kill();
        to.send(1).unwrap();
        assert_eq!(task.join().unwrap(), Ok(1));
        let task = spawn(move || from.recv());
        idle();
        task.kill();
        task.wait();
        assert!(to.send(2).is_err(), "its receiver was the last and has gone with it");
    });
}

#[test]
fn where_nothing_can_wait_it_fails_at_once() {
    let (to, from) = bounded(1);
    assert_eq!((from.recv(), to.send(1)), (Err(RecvError), Ok(())));
    assert_eq!(to.send(2).unwrap_err().0, 2);
    assert_eq!(to.send_timeout(2, FOREVER), Err(SendTimeoutError::Timeout(2)));
    assert_eq!(from.recv(), Ok(1));
    assert_eq!(from.recv_timeout(FOREVER), Err(RecvTimeoutError::Timeout));
}

#[test]
fn ends_that_go_in_each_others_values_are_no_matter() {
    osier::run(|| {
        type Anything = Box<dyn Any>;
        let (to, from): (Sender<Anything>, Receiver<Anything>) = unbounded();
        let inner = to.clone();
        let uses_the_channel = OnDrop::new(move || assert!(inner.send(Box::new(())).is_err()));
        to.send(Box::new(uses_the_channel)).unwrap();
        to.send(Box::new(to.clone())).unwrap();
        drop(from); // drops what is left, which drops a sender and tries to send
        assert!(to.send(Box::new(())).is_err());
    });
}

#[test]
fn a_channel_shows_what_it_is() {
    let (to, from) = bounded(3);
    to.send(Rc::new(1)).unwrap();
    let text = format!("{to:?}{from:?}");
    for part in ["Sender", "Receiver", "senders: 1", "receivers: 1", "len: 1", "maxsize: 3"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
