//! The line of those who wait, against a queue of std's.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::list::{Ticket, WaitList};

fn line() -> WaitList<u32, u32> {
    WaitList::new()
}

#[test]
fn the_first_is_served_first() {
    let mut line = line();
    let tickets = [1, 2, 3].map(|who| line.enter(who, who * 10));
    assert_eq!(line.grant(|value| *value += 1), Some((1, ())));
    assert_eq!((line.len(), line.first()), (2, Some(&20)));
    assert!(line.is_granted(tickets[0]) && !line.is_granted(tickets[1]));
    assert_eq!(line.leave(tickets[0]), (11, true));
    assert_eq!(line.leave(tickets[2]), (30, false));
    assert_eq!(line.grant(|_| ()), Some((2, ())));
    assert_eq!((line.is_empty(), line.grant(|_| ())), (true, None));
}

#[test]
fn one_that_comes_back_is_the_first() {
    let mut line = line();
    let tickets = [1, 2].map(|who| line.enter(who, 0));
    line.grant(|_| ());
    line.return_to_front(tickets[0], 1);
    assert_eq!(line.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [1, 2]);
    line.grant(|_| ());
    line.grant(|_| ());
    line.return_to_front(tickets[1], 2);
    assert_eq!(line.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_ticket_of_an_earlier_user_of_the_place_is_told() {
    let mut line = line();
    let old = line.enter(1, 0);
    line.leave(old);
    let new = line.enter(2, 7);
    assert_eq!((line.holds(old), line.holds(new)), (None, Some(&7)));
}

#[test]
fn a_grant_is_revoked_once_and_never_from_a_stranger() {
    let mut line = line();
    line.enter(1, 0);
    let (who, ticket, ()) = line.grant_place(|value| *value = 7).unwrap();
    assert_eq!((who, line.revoke(ticket), line.revoke(ticket)), (1, Some(7), None));
    line.enter(2, 1); // in the same place
    assert_eq!((line.revoke(ticket), line.len()), (None, 1));
}

#[test]
#[should_panic(expected = "a ticket is good until one leaves")]
fn a_ticket_is_used_up_by_leaving() {
    let mut line = line();
    let old = line.enter(1, 0);
    line.leave(old);
    line.enter(2, 0);
    line.leave(old);
}

#[derive(Clone, Debug)]
enum Step {
    Enter,
    Grant,
    /// Of those who have entered, by index.
    Leave(prop::sample::Index),
    GrantTo(prop::sample::Index),
    Renew(prop::sample::Index),
    ToFront(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => Just(Step::Enter),
        2 => Just(Step::Grant),
        2 => index().prop_map(Step::Leave),
        1 => index().prop_map(Step::GrantTo),
        1 => index().prop_map(Step::Renew),
        1 => index().prop_map(Step::ToFront),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn it_is_a_queue_that_can_be_left(steps in prop::collection::vec(step(), 0..100)) {
        let mut line = line();
        let mut all: Vec<(Ticket, u32)> = Vec::new(); // and the value, which is unique
        let mut queue: VecDeque<(u32, u32)> = VecDeque::new(); // who and value
        let mut names = 0..;
        let mut name = move || names.next().expect("numbers do not end");
        for step in steps {
            match step {
                Step::Enter => {
                    let value = name();
                    all.push((line.enter(value, value), value));
                    queue.push_back((value, value));
                }
                Step::Grant => {
                    let granted = line.grant(|value| *value);
                    prop_assert_eq!(granted, queue.pop_front());
                }
                _ if all.is_empty() => {}
                Step::Leave(i) => {
                    let (ticket, value) = all.swap_remove(i.index(all.len()));
                    let place = queue.iter().position(|(_, other)| *other == value);
                    prop_assert_eq!(line.leave(ticket), (value, place.is_none()));
                    place.map(|at| queue.remove(at));
                }
                Step::GrantTo(i) => {
                    let (ticket, value) = all[i.index(all.len())];
                    if !line.is_granted(ticket) {
                        line.grant_to(ticket);
                        queue.retain(|(_, other)| *other != value);
                    }
                }
                Step::Renew(i) => {
                    let (ticket, value) = all[i.index(all.len())];
                    let who = name();
                    line.renew(ticket, who);
                    queue.iter_mut().filter(|(_, v)| *v == value).for_each(|(w, _)| *w = who);
                    prop_assert_eq!(line.holds(ticket), Some(&value));
                }
                Step::ToFront(i) => {
                    let (ticket, value) = all[i.index(all.len())];
                    if line.is_granted(ticket) {
                        let who = name();
                        line.return_to_front(ticket, who);
                        queue.push_front((who, value));
                    }
                }
            }
            prop_assert_eq!(line.len(), queue.len());
            prop_assert_eq!(line.is_empty(), queue.is_empty());
            prop_assert_eq!(line.first(), queue.front().map(|(_, value)| value));
            prop_assert!(line.iter().map(|(w, v)| (*w, *v)).eq(queue.iter().copied()));
        }
    }
}
