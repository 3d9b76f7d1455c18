//! The run: every list by a task, and the one that sees to it that all come to an end.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use osier::testing::{Config, wait_all_parked};
use osier::{JoinHandle, Reason, Unparker, join_all, park, sleep, spawn, stats, yield_now};
use proptest::test_runner::TestCaseError;

use super::script::seed;
use super::{Scene, Script, Step, UNIT};

/// What is tried, with its model.
pub(crate) trait Subject: Sized + 'static {
    type Op: Clone + 'static;
    /// What a task holds from one operation to the next; goes when the task ends.
    type Held<'a>: Default
    where
        Self: 'a;

    /// Does one operation, really and in the model.
    fn perform<'a>(&'a self, scene: &Scene, me: usize, op: &Self::Op, held: &mut Self::Held<'a>);

    /// Compares the two, when all have come to rest.
    fn rest(&self, scene: &Scene);

    /// Says what is left, when all have ended.
    fn end(&self, _: &Scene) {}

    /// Does something for those who are stuck; false: somebody has to be killed.
    fn free(&self, _: &Scene) -> bool {
        false
    }
}

/// Plays the script; the first thing that was wrong is the error.
pub(crate) fn play<S: Subject>(
    script: &Script<S::Op>,
    make: impl FnOnce() -> S,
) -> Result<(), TestCaseError> {
    let config = Config::new().seed(script.seed).patience(Duration::ZERO);
    let fault = RefCell::new(None);
    let run = || config.run(|| _ = fault.replace(play_all(script, make())));
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
        fault.borrow_mut().get_or_insert_with(|| text_of(&*payload));
    }
    fault.into_inner().map_or(Ok(()), |fault| {
        // What a run in trouble says of its own seed does not draw the script again.
        Err(TestCaseError::fail(format!("{fault}\nall of this again: OSIER_SEED={}", seed())))
    })
}

fn play_all<S: Subject>(script: &Script<S::Op>, subject: S) -> Option<String> {
    let scene = Rc::new(Scene::new(script.lists.len()));
    let subject = Rc::new(subject);
    let lists = script.lists.iter().cloned().map(Rc::new).enumerate();
    let actors: Vec<JoinHandle<()>> = lists
        .map(|(me, list)| {
            let (subject, scene) = (subject.clone(), scene.clone());
            spawn(move || supervise(&subject, &scene, me, &list))
        })
        .collect();
    direct(&*subject, &scene, &actors);
    if scene.fault().is_none() {
        join_all(actors);
        wait_all_parked();
        let done = scene.actors.iter().map(|actor| actor.cursor.get());
        let is_done = done.eq(script.lists.iter().map(Vec::len));
        scene.check(is_done, || "a list was not done to its end".into());
        subject.end(&scene);
        let left = (stats().tasks, stats().timers);
        scene.check(left == (1, 0), || format!("tasks and timers that are left: {left:?}"));
    } else {
        actors.iter().for_each(JoinHandle::kill); // or the run would wait for them
        (0..scene.actors.len()).for_each(|who| scene.kill(who));
    }
    scene.fault()
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| text.to_string()))
        .unwrap_or_else(|| "a deadlock, or a panic without a text".into())
}

/// Sees to it that all go on, until they have ended or something is wrong.
fn direct<S: Subject>(subject: &S, scene: &Scene, actors: &[JoinHandle<()>]) {
    let mut turn = 0;
    loop {
        wait_all_parked();
        subject.rest(scene);
        if scene.fault().is_some() || actors.iter().all(JoinHandle::is_finished) {
            return;
        }
        if stats().timers > 0 {
            scene.tell_of_moves(Unparker::current());
            let _ = park(Reason::new("waiting for the next act"), None, || {});
        } else if turn % 4 == 3 || !subject.free(scene) {
            scene.kill(turn % actors.len());
        }
        turn += 1;
    }
}

/// One task after the other, until the list is done.
fn supervise<S: Subject>(
    subject: &Rc<S>,
    scene: &Rc<Scene>,
    me: usize,
    list: &Rc<Vec<Step<S::Op>>>,
) {
    loop {
        let (subject, doing, list) = (subject.clone(), scene.clone(), list.clone());
        let actor = &scene.actors[me];
        actor.doom.set(None);
        let task = spawn(move || act(&*subject, &doing, me, &list));
        actor.task.replace(Some(task.task()));
        match task.join() {
            Err(error) if error.is_killed() => scene.moves(),
            Err(error) => {
                scene.check(false, || error.to_string());
                return;
            }
            Ok(()) => return scene.moves(),
        }
    }
}

fn act<S: Subject>(subject: &S, scene: &Scene, me: usize, list: &[Step<S::Op>]) {
    let mut held = S::Held::default();
    let cursor = &scene.actors[me].cursor;
    while let Some(step) = list.get(cursor.get()) {
        cursor.set(cursor.get() + 1);
        scene.moves();
        match step {
            Step::Do(op) => subject.perform(scene, me, op, &mut held),
            Step::Kill(behind) => {
                let other = (me + behind) % scene.actors.len();
                if other != me {
                    scene.kill(other);
                }
            }
            Step::Yield => yield_now(),
            Step::Sleep(units) => sleep(UNIT * *units),
        }
    }
}
