//! Permits and the line, with processes that end between any two accesses.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;

use super::line::{self, Line, Place, Standing};
use super::mortal::live;
use super::permits::{Mark, OVERDUE, Permits, TURN_TAKES, World};
use super::words::Words;

/// A world of tests: its clock, who has ended, and whose bells were rung.
#[derive(Default)]
struct Small {
    now: Cell<u64>,
    dead: RefCell<BTreeSet<u64>>,
    rung: RefCell<Vec<u64>>,
}

impl World for Small {
    fn now(&self) -> u64 {
        self.now.get()
    }

    /// Bells have the names of their processes.
    fn ring(&self, bell: u64) -> bool {
        self.rung.borrow_mut().push(bell);
        !self.dead.borrow().contains(&bell)
    }

    fn is_dead(&self, who: u64) -> bool {
        self.dead.borrow().contains(&who)
    }
}

struct Memory {
    words: Vec<AtomicU64>,
    permits: usize,
}

impl Memory {
    fn new(permits: usize) -> Memory {
        let words = (0..line::WORDS + permits).map(|_| AtomicU64::new(0)).collect();
        let memory = Memory { words, permits };
        memory.permits().found(permits);
        memory
    }

    fn words(&self) -> Words<'_> {
        Words::new(&self.words)
    }

    fn permits(&self) -> Permits<'_> {
        Permits::new(self.words(), line::WORDS, self.permits)
    }

    fn line(&self) -> Line<'_> {
        Line(self.words())
    }

    fn wait(&self, who: u64) -> Place {
        let place = self.line().enter(who, who).expect("there is room");
        self.permits().want();
        place
    }
}

/// More than any operation here takes.
const LONG: u32 = 1000;

/// What a process can be doing when it ends.
type Deed = fn(&Memory, &Small);

fn give(memory: &Memory, world: &Small) {
    if memory.permits().give(0, Some(1), Mark::Keep) == Some(true) {
        memory.permits().serve(world);
    }
}

fn take(memory: &Memory, world: &Small) {
    let _ = memory.permits().take_fairly(1, 0, world);
}

fn stand(memory: &Memory, world: &Small) {
    let place = memory.wait(1);
    if memory.permits().take_in_turn(1, place, world).is_some() {
        memory.line().leave(place);
    }
}

fn stand_and_leave(memory: &Memory, world: &Small) {
    let place = memory.wait(1);
    memory.line().leave(place);
    if memory.permits().free() > 0 {
        memory.permits().serve(world);
    }
}

fn bury(memory: &Memory, world: &Small) {
    memory.permits().take(9, 0);
    memory.wait(9);
    memory.permits().bury(|who| world.is_dead(who));
    memory.permits().serve(world);
}

/// Process 1 ends at any access of any deed, while 2 and 3 wait or do not: both have the lock afterwards, one after the other.
#[test]
fn whoever_ends_between_any_two_accesses_the_others_go_on_c_21() {
    let deeds: [(&str, bool, Deed); 6] = [
        ("give", true, give),
        ("take", false, take),
        ("stand", false, stand),
        ("stand at what is held", true, stand),
        ("leave", false, stand_and_leave),
        ("bury", false, bury),
    ];
    for (name, holds, deed) in deeds {
        for others in 0..=2 {
            let mut ends = 0;
            let whole = (0..LONG).find(|after| {
                let through = one_ends(holds, others, deed, *after);
                ends += u32::from(!through);
                through
            });
            let whole = whole.unwrap_or_else(|| panic!("{name} takes for ever"));
            assert!(whole > 0 && ends == whole, "{name}");
        }
    }
}

/// Whether the deed came through; panics if the others do not go on.
fn one_ends(holds: bool, others: usize, deed: Deed, after: u32) -> bool {
    let (memory, world) = (Memory::new(1), Small::default());
    world.now.set(10 * TURN_TAKES);
    world.dead.borrow_mut().insert(9); // for those who bury
    if holds {
        memory.permits().take(1, 0).expect("it is free");
    }
    let standing: Vec<(u64, Place)> =
        [2, 3][..others].iter().map(|who| (*who, memory.wait(*who))).collect();
    let through = live(after, || deed(&memory, &world)).is_some();
    world.dead.borrow_mut().insert(1);
    // By and by each looks by itself.
    for (who, place) in standing {
        memory.permits().bury(|who| world.is_dead(who));
        memory.permits().want();
        let had = memory.permits().take_in_turn(who, place, &world);
        let had = had.unwrap_or_else(|| panic!("{who} waits for ever, {others} others, {after}"));
        memory.line().leave(place);
        memory.permits().give(had.number, Some(who), Mark::Keep).expect("it was held");
        memory.permits().serve(&world);
    }
    // Nothing is left, of permits and of places.
    memory.permits().bury(|who| world.is_dead(who));
    assert_eq!((memory.permits().free(), memory.permits().count()), (1, 1), "after {after}");
    assert!(memory.line().all().next().is_none());
    let place = memory.line().enter(4, 4).expect("there is room");
    assert_eq!(memory.words().load(line::FIRST), 4, "a slot was lost: {place:?}");
    through
}

#[test]
fn a_holder_that_has_ended_leaves_a_mark_and_one_that_waited_does_not_c_21() {
    let (memory, world) = (Memory::new(1), Small::default());
    memory.permits().take(1, 0).expect("it is free");
    let (two, three) = (memory.wait(2), memory.wait(3));
    world.dead.borrow_mut().extend([1, 2]);
    assert_eq!(memory.permits().bury(|who| world.is_dead(who)), [1]);
    assert_eq!(memory.line().standing(two), Standing::Away);
    let had = memory.permits().take_in_turn(3, three, &world).expect("its turn");
    assert!(had.marked);
    memory.line().leave(three);
    memory.permits().give(0, Some(3), Mark::Clear);
    assert!(!memory.permits().take(4, 0).expect("it is free").marked);
}

#[test]
fn they_are_served_in_the_order_they_came() {
    let (memory, world) = (Memory::new(2), Small::default());
    world.now.set(10 * TURN_TAKES);
    memory.permits().take(1, 0).expect("it is free");
    memory.permits().take(1, 0).expect("and the other");
    let places: Vec<Place> = (2..6).map(|who| memory.wait(who)).collect();
    assert_eq!(memory.permits().give(1, Some(1), Mark::Keep), Some(true));
    memory.permits().serve(&world);
    assert_eq!(*world.rung.borrow(), [2]);
    memory.permits().give(0, Some(1), Mark::Keep);
    memory.permits().serve(&world);
    assert_eq!(*world.rung.borrow(), [2, 3]);
    assert!(memory.permits().take_in_turn(4, places[2], &world).is_none());
    assert!(memory.permits().take_fairly(7, 0, &world).is_none(), "it would overtake");
    assert!(memory.permits().take_in_turn(3, places[1], &world).is_some(), "there are two");
    memory.line().leave(places[1]);
    assert!(memory.permits().take_fairly(7, 0, &world).is_some(), "in the turn of 3 it may");
}

#[test]
fn one_who_is_rung_and_does_not_come_is_overtaken_by_and_by() {
    let (memory, world) = (Memory::new(1), Small::default());
    world.now.set(10 * TURN_TAKES);
    memory.permits().take(1, 0).expect("it is free");
    let (two, three) = (memory.wait(2), memory.wait(3));
    memory.permits().give(0, Some(1), Mark::Keep);
    memory.permits().serve(&world);
    assert!(memory.permits().take_in_turn(3, three, &world).is_none());
    world.now.set(world.now.get() + OVERDUE + 1);
    memory.permits().serve(&world);
    assert_eq!(*world.rung.borrow(), [2, 3]);
    assert!(memory.permits().take_in_turn(3, three, &world).is_some());
    memory.line().leave(three);
    memory.permits().give(0, Some(3), Mark::Keep);
    memory.line().renew(two);
    assert!(memory.permits().take_in_turn(2, two, &world).is_some());
}

#[test]
fn a_slot_is_given_to_one_after_the_other_and_old_places_mean_nobody() {
    let memory = Memory::new(1);
    let line = memory.line();
    let one = line.enter(1, 1).expect("there is room");
    assert_eq!(line.leave(one), Standing::Waits);
    let two = line.enter(2, 2).expect("there is room");
    assert!(!line.tell(one, Standing::Told));
    assert_eq!(line.standing(two), Standing::Waits);
    assert!(line.tell(two, Standing::Told) && !line.tell(two, Standing::Refused));
    assert_eq!(line.bury(|who| who == 2), 1);
}

#[test]
fn permits_are_made_used_up_and_never_more_than_there_is_room() {
    let memory = Memory::new(2);
    let permits = memory.permits();
    assert!(!permits.add(2));
    let had = permits.take(1, 0).expect("it is free");
    permits.forget(had.number, 1);
    assert_eq!((permits.free(), permits.count()), (1, 1));
    assert!(permits.add(2) && !permits.add(2));
    assert_eq!(permits.free(), 2);
    assert_eq!(permits.give(0, Some(1), Mark::Keep), None, "nobody has it");
}
