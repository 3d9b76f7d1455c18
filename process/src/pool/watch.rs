//! The tasks that serve one worker: what sends, what receives, and what waits for its end.
//!
//! The end is the process' own: that of its line comes late if somebody else has a copy of it, and early if it closes it. All that it
//! has answered is received before its calls are judged.

use std::io;
use std::rc::Rc;

use osier_runtime::sync::Event;
use osier_runtime::{Builder, clock};
use rustix::net::{Shutdown, shutdown};

use super::crew::Crew;
use super::error::TaskError;
use super::frame::{End, Order, Reply, START};
use super::task::Task;
use crate::process::Process;
use crate::wire::{Parcel, Socket};

/// The most bytes of values that travel together.
const TOGETHER: usize = 64 << 10;
/// How many messages are received before calls are given out again.
const AT_ONCE: usize = 32;

/// What such a task knows.
#[derive(Clone)]
struct Post {
    crew: Rc<Crew>,
    key: u64,
    process: Rc<Process>,
    socket: Rc<Socket>,
    wake: Rc<Event>,
}

/// Has a worker served.
///
/// # Errors
///
/// When there is no room for tasks.
pub(super) fn post(crew: &Rc<Crew>, key: u64) -> io::Result<()> {
    let ledger = crew.ledger.borrow();
    let hand = &ledger.hands[&key];
    let (process, socket, wake) = (hand.process.clone(), hand.socket.clone(), hand.wake.clone());
    drop(ledger);
    let post = Post { crew: crew.clone(), key, process, socket, wake };
    let posts = [
        ("osier-pool-sender", Post::send as fn(&Post)),
        ("osier-pool-receiver", Post::receive),
        ("osier-pool-watch", Post::watch),
    ];
    for (name, work) in posts {
        let post = post.clone();
        Builder::new().name(name).daemon(true).spawn(move || work(&post))?;
    }
    Ok(())
}

impl Post {
    /// Sends what the worker is given, until it is sent home.
    fn send(&self) {
        loop {
            self.wake.wait();
            self.wake.clear();
            while let Some((parcel, tickets)) = self.collect() {
                // If it has ended `watch` sees to it.
                if let Err(error) = self.socket.send(&parcel, None)
                    && !matches!(error, crate::wire::SendError::Closed)
                {
                    self.take_out(&tickets, &TaskError::Argument(error.to_string()));
                }
            }
            let ledger = self.crew.ledger.borrow();
            let Some(hand) = ledger.hands.get(&self.key) else { return };
            if hand.leaving {
                drop(ledger);
                // No orders: go home.
                let _ = self.socket.send(&Parcel::default(), None);
                return;
            }
        }
    }

    /// Some calls as one parcel, and their tickets; none if there are none.
    fn collect(&self) -> Option<(Parcel, Vec<u32>)> {
        let (mut parcel, mut tickets) = (Parcel::default(), Vec::new());
        let (mut cancelled, mut unsent) = (Vec::new(), Vec::new());
        let mut ledger = self.crew.ledger.borrow_mut();
        let hand = ledger.hands.get_mut(&self.key)?;
        while let Some(size) = hand.next_size() {
            if !tickets.is_empty() && parcel.bytes.len() + size > TOGETHER {
                break;
            }
            let Some((ticket, task)) = hand.next(&mut cancelled) else { break };
            match Order::put(ticket, task.function, &task.calls, &mut parcel) {
                Ok(()) => tickets.push(ticket),
                Err(error) => unsent.extend(hand.remove(ticket).map(|task| (task, error))),
            }
        }
        drop(ledger);
        if !(cancelled.is_empty() && unsent.is_empty()) {
            drop(cancelled); // here, where no ledger is borrowed
            for (task, error) in unsent {
                task.fail(&TaskError::Argument(error.to_string()));
            }
            self.crew.dispatch();
        }
        (!tickets.is_empty()).then_some((parcel, tickets))
    }

    fn take_out(&self, tickets: &[u32], why: &TaskError) {
        let mut ledger = self.crew.ledger.borrow_mut();
        let Some(hand) = ledger.hands.get_mut(&self.key) else { return };
        let tasks: Vec<Task> = tickets.iter().filter_map(|ticket| hand.remove(*ticket)).collect();
        drop(ledger);
        tasks.into_iter().for_each(|task| task.fail(why));
        self.crew.dispatch();
    }

    /// Receives what the worker says, until it says nothing any more.
    fn receive(&self) {
        while let Ok(parcel) = self.socket.recv(None) {
            let mut answered = 0;
            let mut next = Some(parcel);
            while let Some(parcel) = next.take() {
                answered += self.hear(parcel);
                next = if answered < AT_ONCE { self.socket.try_recv().ok() } else { None };
            }
            if let Some(hand) = self.crew.ledger.borrow_mut().hands.get_mut(&self.key) {
                hand.learn(answered, clock::now());
            }
            self.crew.dispatch();
        }
        // It goes, or its line is of no use any more: what it says could not be received.
        let left = self.crew.ledger.borrow().hands.get(&self.key).is_some_and(|hand| hand.leaving);
        if !left {
            let _ = self.process.kill();
        }
    }

    /// Delivers what a message says; how many calls were answered.
    fn hear(&self, parcel: Parcel) -> usize {
        let Some(replies) = Reply::read(parcel) else {
            let _ = self.process.kill();
            return 0;
        };
        // All of them are answered, before code of users runs that may wait.
        let mut ended = Vec::new();
        for Reply { ticket, ends } in replies {
            if ticket == START {
                let wrong = ends.into_iter().next().map(|end| match end {
                    End::Panic(text) => text,
                    other => format!("{other:?}"),
                });
                self.crew.begun(self.key, wrong);
                continue;
            }
            let mut ledger = self.crew.ledger.borrow_mut();
            let task = ledger.hands.get_mut(&self.key).and_then(|hand| hand.remove(ticket));
            ended.extend(task.map(|task| (task, ends)));
        }
        let answered = ended.len();
        ended.into_iter().for_each(|(task, ends)| task.finish(ends));
        answered
    }

    /// Waits for the worker's end, and sees to what it leaves.
    fn watch(&self) {
        let status = self.process.join();
        while let Ok(parcel) = self.socket.try_recv() {
            self.hear(parcel);
        }
        // Whoever waits on it stops waiting.
        let _ = shutdown(&*self.socket, Shutdown::Both);
        self.wake.set();
        self.crew.ended(self.key, self.process.pid(), status);
    }
}
