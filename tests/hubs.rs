//! Several hubs in one process, each on an OS thread of its own.

mod support;

use std::sync::Arc;
use std::thread;

use osier::thread::{Event, HubThread, bounded, hubs, spawn_on};
use osier::{spawn, yield_now};
use support::{FOREVER, SHORT};

#[test]
fn threads_times_tasks_share_a_sum() {
    let hubs = hubs(3).unwrap();
    let (sender, receiver) = bounded(8);
    let tasks: Vec<_> = hubs
        .iter()
        .map(|hub| {
            let sender = sender.clone();
            hub.spawn(move || {
                let part = |n| {
                    let sender = sender.clone();
                    spawn(move || sender.send(n).unwrap())
                };
                osier::join_all((1..=100).map(part)).len()
            })
        })
        .collect();
    drop(sender);
    let sum: u32 = osier::run(|| receiver.iter().sum());
    assert_eq!(sum, 3 * 5050);
    assert!(tasks.into_iter().all(|task| task.join().unwrap() == 100));
    hubs.into_iter().for_each(HubThread::stop);
}

#[test]
fn a_task_there_is_joined_from_a_task_and_from_a_plain_thread() {
    let hub = HubThread::start("there").unwrap();
    let here = spawn_on(hub.handle(), || thread::current().name().map(String::from));
    assert_eq!(here.join().unwrap().as_deref(), Some("there"));
    osier::run(|| {
        let go = Arc::new(Event::new());
        let gone = go.clone();
        let mut task = spawn_on(hub.handle(), move || gone.wait());
        assert!(task.join_timeout(SHORT).is_none());
        assert!(task.join_deadline(osier::clock::now()).is_none());
        go.set();
        assert!(task.join_timeout(FOREVER).unwrap().unwrap());
        let again = task.join().unwrap_err();
        assert_eq!(again.to_string(), "the result was taken before");
        let panics = spawn_on(hub.handle(), || panic!("expected"));
        assert_eq!(panics.join().unwrap_err().message(), Some("expected"));
    });
}

#[test]
fn a_hub_that_is_stopped_finishes_its_tasks_first() {
    let hub = HubThread::start("finish").unwrap();
    let go = Arc::new(Event::new());
    let gone = go.clone();
    let task = hub.spawn(move || {
        spawn(move || gone.wait());
        yield_now();
    });
    task.join().unwrap();
    assert!(format!("{hub:?}").contains("ended: false"));
    let handle = hub.handle().clone();
    osier::run(|| {
        spawn(move || hub.stop());
        yield_now();
        go.set();
    });
    assert!(handle.spawn(|| 7).join().unwrap_err().is_killed(), "its hub has ended");
}
