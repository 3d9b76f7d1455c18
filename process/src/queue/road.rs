//! Items on their way.
//!
//! ```text
//! put --> lane --> get                   if there is room
//! put --> kept --> lane --> get          if not: a task sends them on
//! put --> kept --> a piece --> get       if nothing can send them on any more
//! ```
//!
//! One process' items keep their order: while some are kept, later ones go behind them, and a piece has its place in the lane.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use osier_runtime::{Builder, sleep};

use super::GetError;
use super::batch;
use super::core::Core;
use super::exit;
use super::here::Here;
use super::slots::Slot;
use crate::wire::{Arrival, FIRST, Missed, Parcel, RecvError, SendError};

/// Bytes before an item's own: which place it has. They are known though the item is lost.
pub(super) const PREFIX: usize = FIRST;
/// In the place of a place: it has none.
const NO_PLACE: u32 = u32::MAX;
/// How long a task waits that cannot send for want of descriptors or memory.
const BY_AND_BY: Duration = Duration::from_millis(5);

/// An item as it travels.
pub(super) struct Item {
    pub(super) parcel: Parcel,
}

/// How far things went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    All,
    /// There is no room for the rest.
    Some,
    /// The system refuses for the time being.
    Refused,
    /// Nobody can send any more.
    Shut,
}

impl Item {
    /// The bytes that come first.
    pub(super) fn prefix(slot: Option<Slot>) -> [u8; PREFIX] {
        let (index, turn) = slot.map_or((NO_PLACE, 0), |slot| (slot.index, slot.turn));
        (u64::from(turn) << 32 | u64::from(index)).to_le_bytes()
    }

    /// Says which place it has.
    pub(super) fn set_slot(&mut self, slot: Option<Slot>) {
        self.parcel.bytes[..PREFIX].copy_from_slice(&Item::prefix(slot));
    }

    fn slot(&self) -> Option<Slot> {
        slot_of(numbers(&self.parcel.bytes))
    }
}

/// What the first bytes say: a place and its turn, or what stands in their place.
fn numbers(bytes: &[u8]) -> (u32, u32) {
    let first = bytes.first_chunk::<PREFIX>();
    let bits = first.map_or(u64::from(NO_PLACE), |bytes| u64::from_le_bytes(*bytes));
    (bits as u32, (bits >> 32) as u32)
}

fn slot_of((index, turn): (u32, u32)) -> Option<Slot> {
    (index != NO_PLACE).then_some(Slot { index, turn })
}

/// Sends an item, or keeps it to be sent.
pub(super) fn send(core: &Arc<Core>, here: &Arc<Here>, item: Item) -> Result<(), SendError> {
    let mut buffer = here.buffer();
    if buffer.items.is_empty() {
        match core.try_send(&item.parcel) {
            Ok(()) => {
                drop(buffer);
                is_sent(core, here, &item);
                item.parcel.recycle();
                return Ok(());
            }
            Err(SendError::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    buffer.items.push_back(item);
    here.note(&buffer);
    drop(buffer);
    see_to(core, here);
    Ok(())
}

/// The lane has it, or somebody who has it from there.
fn is_sent(core: &Core, here: &Here, item: &Item) {
    if let (Some(slots), Some(slot)) = (core.slots(), item.slot()) {
        slots.sent(slot);
    }
    if let Some(ledger) = core.ledger()
        && let Some(seat) = here.seat(&ledger)
    {
        ledger.let_go(seat);
    }
}

/// Has what is kept sent: by a task if there can be one, otherwise whenever this process uses the queue, waits, or ends.
pub(super) fn see_to(core: &Arc<Core>, here: &Arc<Here>) {
    exit::enter(core);
    if !osier_runtime::fork::in_hub() {
        return;
    }
    let mut buffer = here.buffer();
    if std::mem::replace(&mut buffer.fed, true) {
        return;
    }
    drop(buffer);
    let feeder = Feeder { here: here.clone(), through: false };
    let core = core.clone();
    let feed = move || {
        let mut feeder = feeder;
        while !feeder.through {
            feed(&core, &feeder.here);
            let mut buffer = feeder.here.buffer();
            // Another OS thread may have put meanwhile.
            feeder.through = buffer.items.is_empty();
            buffer.fed = !feeder.through;
        }
        exit::sweep();
    };
    // Without a task it is as outside of a hub.
    let _ = Builder::new().name("osier-feeder").daemon(true).spawn(feed);
}

/// A task that sends on. If it is killed before it is through, another may do so.
struct Feeder {
    here: Arc<Here>,
    through: bool,
}

impl Drop for Feeder {
    fn drop(&mut self) {
        if !self.through {
            self.here.buffer().fed = false;
        }
    }
}

fn feed(core: &Core, here: &Here) {
    loop {
        match push_along(core, here) {
            Sent::All => return,
            Sent::Shut => {
                if leave_piece(core, here).is_ok() {
                    return;
                }
                sleep(BY_AND_BY);
            }
            Sent::Refused => sleep(BY_AND_BY),
            Sent::Some => {
                let all = |_| (push_along(core, here) != Sent::Some).then_some(());
                core.space.wait(core.space_rope(), &here.feeding, None, all);
            }
        }
    }
}

/// Sends what is kept, as far as there is room.
pub(super) fn push_along(core: &Core, here: &Here) -> Sent {
    let mut buffer = here.buffer();
    while let Some(item) = buffer.items.front() {
        match core.try_send(&item.parcel) {
            Ok(()) => {}
            Err(SendError::TimedOut) => return Sent::Some,
            Err(SendError::Closed) => return Sent::Shut,
            Err(_) => return Sent::Refused,
        }
        let item = buffer.items.pop_front().expect("it was sent");
        here.note(&buffer);
        is_sent(core, here, &item);
    }
    Sent::All
}

/// Sends what is kept in one piece, or a few; there is always room for that, unless nobody has looked for hundreds of them.
pub(super) fn leave_piece(core: &Core, here: &Here) -> Result<(), SendError> {
    let mut buffer = here.buffer();
    while !buffer.items.is_empty() {
        let before: Vec<_> = buffer.items.iter().map(Item::slot).collect();
        let batch = batch::pack(&mut buffer.items);
        if let Err(error) = core.leave(&batch) {
            let mut items = batch::unpack(batch);
            items.append(&mut buffer.items);
            buffer.items = items;
            return Err(error);
        }
        for slot in &before[..before.len() - buffer.items.len()] {
            is_sent(core, here, &Item::empty(*slot));
        }
        here.note(&buffer);
    }
    Ok(())
}

impl Item {
    /// One of which there is nothing but its place.
    fn empty(slot: Option<Slot>) -> Item {
        let bytes = Item::prefix(slot).to_vec();
        Item { parcel: Parcel { bytes, descriptors: Vec::new() } }
    }
}

/// Has an item, if there is one.
pub(super) fn receive(core: &Arc<Core>, here: &Arc<Here>) -> Result<Option<Arrival>, GetError> {
    if here.keeps_some() && push_along(core, here) == Sent::All {
        exit::sweep();
    }
    let shut = match core.try_arrival() {
        Ok(came) => return Ok(Some(arrived(core, came))),
        Err(Missed { error: RecvError::Empty, .. }) => false,
        Err(Missed { error: RecvError::Closed, .. }) => true,
        Err(missed) => return Err(lost(core, missed)),
    };
    if let Some(item) = take_kept(core, here) {
        return Ok(Some(item));
    }
    if shut {
        return Err(GetError::ShutDown);
    }
    core.tidy();
    Ok(None)
}

/// What has come: its place is free now.
fn arrived(core: &Core, came: Arrival) -> Arrival {
    give_up_place(core, slot_of(numbers(came.bytes())));
    came
}

/// What came could not be received: its place is free all the same.
fn lost(core: &Core, missed: Missed) -> GetError {
    if let Some(first) = missed.first {
        give_up_place(core, slot_of(numbers(&first)));
    }
    failed(missed.error)
}

fn give_up_place(core: &Core, slot: Option<Slot>) {
    if let (Some(slots), Some(slot)) = (core.slots(), slot) {
        if !slots.free(slot) {
            return; // somebody has found it to be free, and counted
        }
        core.room.ring(core.room_rope());
    }
    core.less(1);
}

/// The first that is kept here, as all that came before it is gone.
fn take_kept(core: &Core, here: &Here) -> Option<Arrival> {
    let mut buffer = here.buffer();
    let item = buffer.items.pop_front()?;
    here.note(&buffer);
    drop(buffer);
    give_up_place(core, item.slot());
    is_sent(core, here, &item);
    Some(item.parcel.into())
}

/// Why nothing was received.
pub(super) fn failed(error: RecvError) -> GetError {
    match error {
        RecvError::Closed => GetError::ShutDown,
        RecvError::Empty => GetError::Empty,
        RecvError::TimedOut => GetError::TimedOut,
        RecvError::Decode(why) => GetError::Decode(why),
        RecvError::Io(error) => GetError::Io(error),
        RecvError::TooLong(_) => GetError::Io(io::Error::from(error)),
    }
}
