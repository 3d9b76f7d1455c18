//! Channels between threads: nothing lost, nothing twice, nobody left in line.

use loom::sync::{Arc, Notify};
use loom::thread;

use crate::thread::pipe::{Not, Pipe, Wakes};

type Channel = Pipe<u32, Arc<Notify>, ()>;

fn check(f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(2));
    model.check(f);
}

fn wake(wakes: Wakes<Arc<Notify>, ()>) {
    if let Wakes::Granted(who, _) = wakes {
        who.notify();
    }
}

/// As a sender does it; the item comes back if there is no receiver.
fn send(channel: &Channel, item: u32) -> Result<(), u32> {
    let item = match channel.put(item) {
        Ok(wakes) => {
            wake(wakes);
            return Ok(());
        }
        Err((Not::Ever, item)) => return Err(item),
        Err((Not::Yet, item)) => item,
    };
    let me = Arc::new(Notify::new());
    match channel.put_or_enter(item, || me.clone()) {
        Ok(done) => done.map(wake),
        Err((ticket, wakes)) => {
            wake(wakes);
            loop {
                me.wait(); // which loom ends too early now and then, as a bell may
                match channel.settle_sender(ticket, Some(|| me.clone())) {
                    (true, left) => return left.map_or(Ok(()), Err),
                    (false, left) => assert!(left.is_none()),
                }
            }
        }
    }
}

/// As a receiver does it; none if there is no sender. If `hasty`, it leaves the line at once.
fn recv(channel: &Channel, hasty: bool) -> Option<u32> {
    match channel.take() {
        Ok((item, wakes)) => {
            wake(wakes);
            return Some(item);
        }
        Err(Not::Ever) => return None,
        Err(Not::Yet) => {}
    }
    let me = Arc::new(Notify::new());
    match channel.take_or_enter(|| me.clone()) {
        Ok(taken) => {
            let (item, wakes) = taken?;
            wake(wakes);
            Some(item)
        }
        Err(ticket) if hasty => {
            channel.settle_receiver(ticket, None::<fn() -> Arc<Notify>>).flatten()
        }
        Err(ticket) => loop {
            me.wait();
            if let Some(got) = channel.settle_receiver(ticket, Some(|| me.clone())) {
                return got;
            }
        },
    }
}

/// Two senders of an item each, and a receiver of both.
fn two_to_one(room: Option<usize>) {
    check(move || {
        let channel = Arc::new(Channel::new(room));
        channel.add_sender();
        let threads = [1, 2].map(|item| {
            let channel = channel.clone();
            thread::spawn(move || {
                send(&channel, item).unwrap();
                channel.drop_sender().into_iter().for_each(wake);
            })
        });
        let got = [recv(&channel, false), recv(&channel, false), recv(&channel, false)];
        assert!(matches!(got, [Some(1), Some(2), None] | [Some(2), Some(1), None]), "{got:?}");
        let _ = threads.map(|thread| thread.join().unwrap());
    });
}

#[test]
fn with_room_for_all() {
    two_to_one(None);
}

#[test]
fn with_room_for_one() {
    two_to_one(Some(1));
}

#[test]
fn without_room() {
    two_to_one(Some(0));
}

#[test]
fn one_sender_keeps_its_order() {
    check(|| {
        let channel = Arc::new(Channel::new(Some(1)));
        let other = channel.clone();
        let thread = thread::spawn(move || {
            (0..3).for_each(|item| send(&other, item).unwrap());
            other.drop_sender().into_iter().for_each(wake);
        });
        (0..3).for_each(|item| assert_eq!(recv(&channel, false), Some(item)));
        assert_eq!(recv(&channel, false), None);
        thread.join().unwrap();
    });
}

#[test]
fn two_receivers_share() {
    check(|| {
        let channel = Arc::new(Channel::new(Some(1)));
        channel.add_receiver();
        let threads = [(); 2].map(|()| {
            let channel = channel.clone();
            thread::spawn(move || recv(&channel, false).unwrap())
        });
        send(&channel, 1).unwrap();
        send(&channel, 2).unwrap();
        let got: u32 = threads.map(|thread| thread.join().unwrap()).into_iter().sum();
        assert_eq!(got, 3);
    });
}

#[test]
fn who_gives_up_loses_no_item() {
    check(|| {
        let channel = Arc::new(Channel::new(Some(1)));
        let other = channel.clone();
        let thread = thread::spawn(move || send(&other, 1).unwrap());
        let early = recv(&channel, true);
        thread.join().unwrap();
        let late = channel.take().ok().map(|(item, wakes)| {
            wake(wakes);
            item
        });
        assert_eq!(early.xor(late), Some(1));
    });
}

#[test]
fn who_waits_for_room_hears_of_the_last_receiver() {
    check(|| {
        let channel = Arc::new(Channel::new(Some(1)));
        let other = channel.clone();
        let thread = thread::spawn(move || [1, 2].map(|item| send(&other, item).is_ok()));
        let got = recv(&channel, true);
        let (wakes, _, rest) = channel.drop_receiver(0);
        wakes.into_iter().for_each(wake);
        let sent = thread.join().unwrap().into_iter().filter(|sent| *sent).count();
        let kept = rest.into_iter().flatten().count() + usize::from(got.is_some());
        assert_eq!(sent, kept, "what was sent is here, what was not came back");
    });
}
