//! The life of a worker: it calls what it is sent, until it is sent home.
//!
//! Each call is answered as soon as it has ended: a result that waited for company would be late if the next call takes long.

use std::any::Any;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use osier_runtime::sync::{Mutex, Semaphore};
use serde::{Deserialize, Serialize};

use super::claim::Claims;
use super::frame::{End, LONGEST, Order, Reply, START};
use crate::process::{FUNCTIONS, exit, functions};
use crate::wire::{Parcel, Passed, SendError, Socket};

/// Bytes that a worker tells of what is wrong with its initializer.
const MOST_SAID: usize = 4096;

/// What a worker that begins anew is told; its initializer follows as an order, if it has one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) line: Passed<OwnedFd>,
    pub(super) claims: Passed<OwnedFd>,
    pub(super) tasks: u32,
    pub(super) initializer: bool,
}

functions! {
    /// A worker that begins anew.
    #[allow(unsafe_code)] // the table's entry has a place that the linker is told
    pub(super) fn work(letter: Letter) -> std::io::Result<()> {
        let socket = Socket::new(letter.line.0)?;
        let claims = Claims::of(letter.claims.0)?;
        let first = if letter.initializer { Order::read(socket.recv(None)?) } else { None };
        let begin = move || first.into_iter().flatten().find_map(initialize);
        serve(socket, Rc::new(claims), letter.tasks, begin);
        Ok(())
    }
}

/// Calls an initializer that is a registered function; what is wrong with it, if something is.
pub(super) fn initialize(order: Order) -> Option<String> {
    let Some(entry) = FUNCTIONS.get(order.function as usize) else {
        return Some("there is no such function".to_string());
    };
    let begin = |args| (entry.begin)(args).unwrap_or_else(|error| Some(error.to_string()));
    order.calls.into_iter().find_map(begin)
}

/// As much of it as is told: whoever reads it wants no log of a worker.
fn shorten(mut text: String) -> String {
    if text.len() > MOST_SAID {
        let end = (0..=MOST_SAID).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push_str(" ...");
    }
    text
}

/// Serves until it is sent home; `begin` is the initializer, and says what is wrong with it.
pub(super) fn serve(
    socket: Socket,
    claims: Rc<Claims>,
    tasks: u32,
    begin: impl FnOnce() -> Option<String>,
) {
    let desk = Rc::new(Desk { socket, claims, talks: Mutex::new(()) });
    let wrong = catch_unwind(AssertUnwindSafe(begin)).unwrap_or_else(|payload| Some(text(payload)));
    let content = wrong.is_none();
    let wrong = wrong.map(shorten).map(End::Panic);
    desk.reply(Reply { ticket: START, ends: wrong.into_iter().collect() });
    if !content {
        return;
    }
    let slots = Rc::new(Semaphore::new(tasks as usize));
    loop {
        let Ok(parcel) = desk.socket.recv(None) else {
            // Nobody is there any more, or what has come is lost: what was not begun with is given to another.
            exit(1)
        };
        match Order::read(parcel) {
            Some(orders) if !orders.is_empty() => desk.take(orders, tasks, &slots),
            _ => return,
        }
    }
}

/// Where a worker gets its calls, and answers them.
struct Desk {
    socket: Socket,
    claims: Rc<Claims>,
    /// Held by the task that answers: the socket has room for one that waits.
    talks: Mutex<()>,
}

impl Desk {
    fn take(self: &Rc<Self>, orders: Vec<Order>, tasks: u32, slots: &Rc<Semaphore>) {
        for order in orders {
            if tasks == 1 {
                self.make(order);
                continue;
            }
            let Ok(slot) = slots.acquire() else { return };
            slot.forget();
            let (desk, slots) = (self.clone(), slots.clone());
            osier_runtime::spawn(move || {
                desk.make(order);
                slots.release(1);
            });
        }
    }

    /// Makes the call, or those of the chunk, unless somebody else does.
    fn make(&self, order: Order) {
        if self.claims.claim(order.ticket) {
            let function = order.function;
            let ends = order.calls.into_iter().map(|args| call(function, args)).collect();
            self.reply(Reply { ticket: order.ticket, ends });
        }
    }

    fn reply(&self, reply: Reply) {
        let (ticket, count) = (reply.ticket, reply.ends.len());
        let sent = self.send(reply).or_else(|error| {
            let unsent = || End::Unsendable(error.to_string());
            self.send(Reply { ticket, ends: (0..count).map(|_| unsent()).collect() })
        });
        if sent.is_err() {
            exit(1);
        }
    }

    fn send(&self, reply: Reply) -> Result<(), SendError> {
        let mut parcel = Parcel::default();
        reply.put(&mut parcel);
        if parcel.bytes.len() > LONGEST {
            return Err(SendError::TooLong(parcel.bytes.len()));
        }
        let _turn = self.talks.lock();
        self.socket.send(&parcel, None)
    }
}

fn call(function: u32, args: Parcel) -> End {
    let Some(entry) = FUNCTIONS.get(function as usize) else {
        return End::Argument("this program has no such function".to_string());
    };
    match catch_unwind(AssertUnwindSafe(|| (entry.apply)(args))) {
        Ok(Ok(Ok(result))) if result.bytes.len() > LONGEST => {
            End::Unsendable(format!("{} bytes are more than can be sent", result.bytes.len()))
        }
        Ok(Ok(Ok(result))) => End::Result(result),
        Ok(Ok(Err(SendError::Encode(why)))) => End::Unsendable(why),
        Ok(Ok(Err(error))) => End::Unsendable(error.to_string()),
        Ok(Err(error)) => End::Argument(error.to_string()),
        Err(payload) => End::Panic(text(payload)),
    }
}

/// What a panic says.
fn text(payload: Box<dyn Any + Send>) -> String {
    let text = match payload.downcast::<String>() {
        Ok(text) => return *text,
        Err(other) => other,
    };
    let said = text.downcast_ref::<&str>().map(ToString::to_string);
    std::mem::forget(text); // its destructor may panic as well
    said.unwrap_or_else(|| "it panicked, with something that is no text".to_string())
}
