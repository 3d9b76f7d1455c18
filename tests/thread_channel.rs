//! Channels between OS threads: from tasks and plain threads alike, and every way a wait can end.

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use osier::thread::{Receiver, RecvError, SendError, Sender, bounded, unbounded};
use osier::{JoinHandle, no_switch, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, text_of};

/// Runs what blocks on a thread of its own, while this one stands still: no task of the hub runs.
fn elsewhere<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(f).join().unwrap()
}

/// A task that receives once, and waits by now.
fn waiting<T: 'static>(from: &Receiver<T>) -> JoinHandle<Result<T, RecvError>> {
    let from = from.clone();
    let task = spawn(move || from.recv());
    yield_now();
    task
}

type Item = (usize, usize);

/// Two hubs with two tasks each, and a plain thread, that send `each` items.
fn senders(sender: Sender<Item>, each: usize) -> Vec<thread::JoinHandle<()>> {
    let put = |sender: &Sender<Item>, who: usize| {
        let sender = sender.clone();
        move || (0..each).for_each(|n| sender.send((who, n)).unwrap())
    };
    let mut threads = vec![thread::spawn(put(&sender, 4))];
    for hub in [0, 2] {
        let tasks = [put(&sender, hub), put(&sender, hub + 1)];
        let main = || tasks.map(spawn).map(|task| task.join().unwrap());
        threads.push(thread::spawn(move || _ = osier::run(main)));
    }
    threads
}

/// As many that receive.
fn receivers(receiver: Receiver<Item>) -> Vec<thread::JoinHandle<Vec<Vec<Item>>>> {
    let get = |receiver: &Receiver<Item>| {
        let receiver = receiver.clone();
        move || receiver.iter().collect::<Vec<_>>()
    };
    let alone = get(&receiver);
    let mut threads = vec![thread::spawn(move || vec![alone()])];
    for _ in 0..2 {
        let tasks = [get(&receiver), get(&receiver)];
        let main = || tasks.map(spawn).map(|task| task.join().unwrap()).to_vec();
        threads.push(thread::spawn(move || osier::run(main)));
    }
    threads
}

#[test]
fn many_threads_lose_nothing_and_double_nothing_tq_01() {
    for (room, each) in [(Some(0), 1000), (Some(1), 2000), (Some(64), 10_000), (None, 10_000)] {
        let (sender, receiver) = room.map_or_else(unbounded, bounded);
        let (send, receive) = (senders(sender, each), receivers(receiver));
        send.into_iter().for_each(|thread| thread.join().unwrap());
        let parts: Vec<_> = receive.into_iter().flat_map(|t| t.join().unwrap()).collect();
        for part in &parts {
            for who in 0..5 {
                let order = part.iter().filter(|item| item.0 == who);
                assert!(order.is_sorted(), "each sender's items come in their order");
            }
        }
        let count: usize = parts.iter().map(Vec::len).sum();
        let all: BTreeSet<_> = parts.into_iter().flatten().collect();
        assert_eq!((count, all.len()), (5 * each, 5 * each), "{room:?}");
    }
}

#[test]
fn items_come_in_their_order_and_who_waits_first_is_served_first() {
    osier::run(|| {
        let (sender, receiver) = bounded(2);
        let served = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..4)
            .map(|who| {
                let (receiver, served) = (receiver.clone(), served.clone());
                spawn(move || {
                    let item = receiver.recv().unwrap();
                    served.borrow_mut().push((who, item));
                })
            })
            .collect();
        yield_now();
        elsewhere(move || (0..4).for_each(|n| sender.try_send(n).unwrap()));
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(*served.borrow(), [(0, 0), (1, 1), (2, 2), (3, 3)]);
    });
}

#[test]
fn senders_that_wait_for_room_are_let_in_in_their_order() {
    osier::run(|| {
        let (sender, receiver) = bounded(1);
        let tasks: Vec<_> = (0..5)
            .map(|n| {
                let sender = sender.clone();
                spawn(move || sender.send(n).unwrap())
            })
            .collect();
        yield_now();
        assert!(sender.is_full());
        let shown = format!("{sender:?}");
        assert!(shown.contains("len: 1") && shown.contains("senders_waiting: 4"), "{shown}");
        assert_eq!(sender.try_send(9), Err(SendError::Full(9)));
        assert_eq!(elsewhere(move || receiver.iter().take(5).collect::<Vec<_>>()), [0, 1, 2, 3, 4]);
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn without_room_a_send_waits_until_its_item_is_taken() {
    osier::run(|| {
        let (sender, receiver) = bounded(0);
        assert_eq!(sender.try_send(1), Err(SendError::Full(1)));
        let other = sender.clone();
        let send = spawn(move || other.send(2));
        yield_now();
        assert!(!send.is_finished());
        assert_eq!(receiver.try_recv(), Ok(2));
        send.join().unwrap().unwrap();
        let waits = waiting(&receiver);
        assert_eq!(sender.try_send(3), Ok(()));
        assert_eq!(waits.join().unwrap(), Ok(3));
    });
}

#[test]
fn a_time_limit_ends_the_wait_alone() {
    osier::run(|| {
        let (sender, receiver) = bounded(1);
        assert_eq!(receiver.recv_timeout(SHORT), Err(RecvError::Empty));
        sender.send(1).unwrap();
        assert_eq!(sender.send_timeout(2, SHORT), Err(SendError::Full(2)));
        assert!(timeout(SHORT, || sender.send(3)).is_err());
        let past = osier::clock::now();
        assert_eq!(sender.send_deadline(4, past), Err(SendError::Full(4)));
        assert_eq!(receiver.recv_deadline(past), Ok(1));
        assert_eq!(receiver.try_recv(), Err(RecvError::Empty), "who gave up has left no item");
    });
    let (sender, receiver) = bounded(0);
    assert_eq!(receiver.recv_timeout(SHORT), Err(RecvError::Empty));
    assert_eq!(sender.send_timeout(2, SHORT), Err(SendError::Full(2)));
    assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
}

#[test]
fn a_receiver_killed_in_line_takes_nothing_along() {
    osier::run(|| {
        let (sender, receiver) = bounded(1);
        let (first, second) = (waiting(&receiver), waiting(&receiver));
        first.kill();
        assert!(first.join().unwrap_err().is_killed());
        elsewhere(move || sender.send(7).unwrap());
        assert_eq!(second.join().unwrap(), Ok(7));
    });
}

#[test]
fn an_item_handed_over_in_the_moment_of_a_kill_is_not_lost() {
    for far in [false, true] {
        osier::run(|| {
            let (sender, receiver) = bounded(1);
            let had = Rc::new(RefCell::new(None));
            let (keeps, takes) = (had.clone(), receiver.clone());
            let task = spawn(move || {
                *keeps.borrow_mut() = takes.recv().ok();
                yield_now(); // here the kill comes
                unreachable!();
            });
            yield_now();
            task.kill();
            // The wake is written to the inbox, which nobody looks into before the task runs.
            if far {
                elsewhere(move || sender.send(7).unwrap());
            } else {
                sender.send(7).unwrap();
            }
            assert!(task.join().unwrap_err().is_killed());
            assert_eq!(*had.borrow(), Some(7));
            assert!(receiver.is_empty());
        });
    }
}

#[test]
fn an_item_handed_over_in_the_moment_of_a_time_out_is_not_lost() {
    osier::run(|| {
        let (sender, receiver) = bounded(1);
        let task = spawn(move || receiver.recv_timeout(SHORT));
        yield_now();
        support::spin(SHORT * 2); // the time is up, but nobody has looked at the clock
        elsewhere(move || sender.send(7).unwrap());
        assert_eq!(task.join().unwrap(), Ok(7));
    });
}

#[test]
fn a_sender_killed_in_line_sends_nothing() {
    osier::run(|| {
        let (sender, receiver) = bounded(1);
        sender.send(Arc::new(1)).unwrap();
        let item = Arc::new(2);
        let (other, sent) = (sender.clone(), item.clone());
        let task = spawn(move || other.send(sent).is_ok());
        yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!(Arc::strong_count(&item), 1, "its item is dropped");
        assert_eq!(receiver.try_iter().map(|n| *n).collect::<Vec<_>>(), [1]);
        sender.send(Arc::new(3)).unwrap();
    });
}

#[test]
fn who_waits_hears_of_the_last_end_that_goes() {
    osier::run(|| {
        let (sender, receiver) = bounded::<u32>(1);
        let waits = [waiting(&receiver), waiting(&receiver)];
        let other = sender.clone();
        drop(sender);
        yield_now();
        assert!(waits.iter().all(|task| !task.is_finished()), "one sender is left");
        elsewhere(move || drop(other));
        for task in waits {
            assert_eq!(task.join().unwrap(), Err(RecvError::Disconnected));
        }
        assert!(receiver.is_disconnected());
    });
    osier::run(|| {
        let (sender, receiver) = bounded(1);
        sender.send(1).unwrap();
        let other = sender.clone();
        let waits = spawn(move || other.send(2));
        yield_now();
        elsewhere(move || drop(receiver));
        assert_eq!(waits.join().unwrap(), Err(SendError::Disconnected(2)));
        assert_eq!(sender.send(3), Err(SendError::Disconnected(3)));
    });
}

#[test]
fn what_is_left_is_received_before_the_end_and_dropped_with_the_last_receiver() {
    let (sender, receiver) = unbounded();
    sender.send(1).unwrap();
    drop(sender);
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Err(RecvError::Disconnected)));
    let (sender, receiver) = unbounded();
    let dropped = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let (count, again): (_, Sender<Box<dyn Send>>) = (dropped.clone(), sender.clone());
        let item = OnDrop::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            // The channel can be used from in there.
            assert_eq!(again.is_disconnected(), again.try_send(Box::new(())).is_err());
        });
        assert!(sender.send(Box::new(item)).is_ok());
    }
    drop(receiver.recv());
    drop(receiver);
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn a_task_that_unwinds_does_not_wait() {
    osier::run(|| {
        let (sender, receiver) = bounded(1);
        let task = spawn(move || {
            let _last = OnDrop::new(|| {
                assert_eq!(receiver.recv(), Err(RecvError::Refused));
                sender.send(1).unwrap();
                assert_eq!(sender.send(2), Err(SendError::Refused(2)));
                assert_eq!(receiver.recv(), Ok(1));
            });
            panic!("expected");
        });
        assert_eq!(task.join().unwrap_err().message(), Some("expected"));
    });
}

#[test]
fn a_wait_inside_of_no_switch_panics_and_leaves_the_line() {
    osier::run(|| {
        let (sender, receiver) = bounded(1);
        let text = text_of(|| no_switch(|| receiver.recv()));
        assert!(text.contains("no_switch"), "{text}");
        sender.send(1).unwrap();
        text_of(|| no_switch(|| sender.send(2)));
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]);
    });
}

#[test]
fn a_hub_that_ends_with_waiters_in_line_leaves_the_channel_sound() {
    let (sender, receiver) = bounded(1);
    let (takes, sends) = (receiver.clone(), sender.clone());
    elsewhere(move || {
        osier::run(|| {
            let daemon =
                |f: Box<dyn FnOnce()>| osier::Builder::new().daemon(true).spawn(f).unwrap();
            daemon(Box::new(move || _ = takes.recv()));
            yield_now();
        });
    });
    sender.send(1).unwrap();
    elsewhere(move || {
        osier::run(|| {
            osier::Builder::new().daemon(true).spawn(move || sends.send(2)).unwrap();
            yield_now();
        });
    });
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(RecvError::Empty), "its task was killed in line");
    drop(sender);
    assert_eq!(receiver.recv(), Err(RecvError::Disconnected));
}

#[test]
fn a_wait_that_only_this_hub_could_end_is_no_verdict() {
    osier::run(|| {
        let (sender, receiver) = bounded::<u32>(1);
        let receiver = receiver;
        // Documented: for all the hub knows, another thread has the sender.
        assert!(timeout(SHORT, || receiver.recv()).is_err());
        drop(sender);
    });
}

#[test]
fn a_plain_thread_and_a_task_ping_each_other() {
    let ((ping, pinged), (pong, ponged)) = (bounded(1), bounded(1));
    let other = thread::spawn(move || pinged.iter().for_each(|n: u32| pong.send(n + 1).unwrap()));
    osier::run(|| {
        for n in 0..1000 {
            ping.send(n).unwrap();
            assert_eq!(ponged.recv_timeout(FOREVER), Ok(n + 1));
        }
        drop(ping);
    });
    other.join().unwrap();
}
