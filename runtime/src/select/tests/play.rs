//! The same steps for the model and for tasks, compared whenever all have come to rest.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::model::{self, End, Item, Job, Model, Order, Step};
use crate::queue::{
    AnyQueue, Channel, GetError, JoinableQueue, LifoQueue, PriorityQueue, PutError, Queue,
};
use crate::select::{Branch, get, put, select};
use crate::{JoinHandle, idle, run, spawn};

/// A queue of any kind, by name.
#[derive(Clone)]
enum Any {
    Fifo(Queue<Item>),
    Lifo(LifoQueue<Item>),
    Smallest(PriorityQueue<Item>),
    Counted(JoinableQueue<Item>),
    Direct(Channel<Item>),
}

/// Calls the same on each kind.
macro_rules! each {
    ($any:expr, $queue:ident => $call:expr) => {
        match $any {
            Any::Fifo($queue) => $call,
            Any::Lifo($queue) => $call,
            Any::Smallest($queue) => $call,
            Any::Counted($queue) => $call,
            Any::Direct($queue) => $call,
        }
    };
}

impl Any {
    fn new(order: Order, size: Option<usize>) -> Any {
        fn sized<K: crate::queue::Bounded>(size: Option<usize>) -> AnyQueue<K> {
            size.map_or_else(AnyQueue::unbounded, AnyQueue::bounded)
        }
        match order {
            Order::Fifo => Any::Fifo(sized(size)),
            Order::Lifo => Any::Lifo(sized(size)),
            Order::Smallest => Any::Smallest(sized(size)),
            Order::Counted => Any::Counted(sized(size)),
            Order::Direct => Any::Direct(Channel::new()),
        }
    }

    fn resize(&self, size: usize) -> bool {
        match self {
            Any::Fifo(queue) => queue.set_maxsize(size),
            Any::Lifo(queue) => queue.set_maxsize(size),
            Any::Smallest(queue) => queue.set_maxsize(size),
            Any::Counted(queue) => queue.set_maxsize(size),
            Any::Direct(_) => return false,
        }
        true
    }

    fn counted(&self) -> Option<&JoinableQueue<Item>> {
        if let Any::Counted(queue) = self { Some(queue) } else { None }
    }
}

/// The queues, and their models.
pub(super) struct Game {
    queues: Vec<Any>,
    model: Model,
}

impl Game {
    pub(super) fn one(order: Order, size: Option<usize>) -> Game {
        Game::of(&[(order, size)])
    }

    pub(super) fn three() -> Game {
        Game::of(&[(Order::Direct, Some(0)), (Order::Fifo, Some(1)), (Order::Smallest, Some(2))])
    }

    fn of(queues: &[(Order, Option<usize>)]) -> Game {
        Game {
            queues: queues.iter().map(|(order, size)| Any::new(*order, *size)).collect(),
            model: Model::new(queues.iter().map(|(o, s)| model::Queue::new(*o, *s)).collect()),
        }
    }
}

/// What is known of the tasks.
#[derive(Default)]
struct Tasks {
    handles: Vec<JoinHandle<End>>,
    /// Counts items.
    made: RefCell<usize>,
}

impl Tasks {
    fn item(&self, rank: u8) -> Item {
        *self.made.borrow_mut() += 1;
        (rank, *self.made.borrow())
    }

    fn ends(&self) -> Vec<Option<End>> {
        let end = |task: &JoinHandle<End>| match (task.value(), task.error()) {
            (Some(end), _) => Some(*end),
            (None, Some(error)) => error.is_killed().then_some(End::Killed),
            (None, None) => None,
        };
        self.handles.iter().map(end).collect()
    }
}

pub(super) fn play(mut game: Game, steps: Vec<Step>) -> Result<(), TestCaseError> {
    run(|| {
        let mut tasks = Tasks::default();
        let result = steps.iter().try_for_each(|step| take(&mut game, &mut tasks, step));
        let result = result.and_then(|()| settle(&mut game, &tasks));
        tasks.handles.iter().for_each(JoinHandle::kill);
        idle();
        result?;
        prop_assert!(tasks.handles.iter().all(JoinHandle::is_finished));
        for any in &game.queues {
            let text = each!(any, queue => format!("{queue:?}"));
            let nobody = "getters: [], putters: [], peekers: []";
            prop_assert!(text.contains(nobody), "somebody is left: {}", text);
        }
        Ok(())
    })
}

fn take(game: &mut Game, tasks: &mut Tasks, step: &Step) -> Result<(), TestCaseError> {
    let Game { queues, model } = game;
    match step {
        Step::Put(at, rank) => start(game, tasks, vec![(*at, Some(*rank))]),
        Step::Get(at) => start(game, tasks, vec![(*at, None)]),
        Step::Select(branches) => start(game, tasks, branches.clone()),
        Step::Peek(at) => {
            let any = queues[*at].clone();
            model.spawn(Job::Peek(*at));
            tasks.handles.push(spawn(move || match each!(&any, queue => queue.peek()) {
                Ok(item) => End::Seen(item),
                Err(error) => shut(0, error),
            }));
        }
        Step::Join(at) => {
            if let Some(queue) = queues[*at].counted().cloned() {
                model.spawn(Job::Join(*at));
                tasks.handles.push(spawn(move || {
                    queue.join();
                    End::Joined
                }));
            }
        }
        Step::TryPut(at, rank) => {
            let item = tasks.item(*rank);
            let done = each!(&queues[*at], queue => queue.try_put(item));
            prop_assert_eq!(done.is_ok(), model.try_put(*at, item));
            prop_assert!(done.is_ok() || done.unwrap_err().into_inner() == item);
        }
        Step::TryGet(at) => {
            let got = each!(&queues[*at], queue => queue.try_get());
            prop_assert_eq!(got.ok(), model.try_get(*at));
        }
        Step::Kill(index) if !tasks.handles.is_empty() => {
            let id = index.index(tasks.handles.len());
            tasks.handles[id].kill();
            model.kill(id);
        }
        Step::Kill(_) => {}
        Step::TaskDone(at) => {
            if let Some(queue) = queues[*at].counted()
                && model.task_done(*at)
            {
                queue.task_done();
            }
        }
        Step::Resize(at, size) => {
            if queues[*at].resize(*size) {
                model.resize(*at, *size);
            }
        }
        Step::ShutDown(at) => {
            each!(&queues[*at], queue => queue.shutdown());
            model.shut_down(*at, false);
        }
        Step::ShutDownNow(at) => {
            each!(&queues[*at], queue => queue.shutdown_now());
            model.shut_down(*at, true);
        }
        Step::Settle => settle(game, tasks)?,
    }
    Ok(())
}

/// Starts a task that puts, gets, or does one of several.
fn start(game: &mut Game, tasks: &mut Tasks, branches: Vec<(usize, Option<u8>)>) {
    let made: Vec<(usize, Option<Item>)> =
        branches.into_iter().map(|(at, rank)| (at, rank.map(|rank| tasks.item(rank)))).collect();
    game.model.spawn(Job::Exchange(made.clone()));
    let branches: Vec<(Any, Option<Item>)> =
        made.into_iter().map(|(at, item)| (game.queues[at].clone(), item)).collect();
    tasks.handles.push(spawn(move || match &branches[..] {
        [(any, None)] => got(0, each!(any, queue => queue.get())),
        [(any, Some(item))] => put_in(0, each!(any, queue => queue.put(*item))),
        several => select_among(several),
    }));
}

fn select_among(several: &[(Any, Option<Item>)]) -> End {
    let mut branches: Vec<Box<dyn Ending + '_>> =
        several.iter().map(|(any, item)| each!(any, queue => ending(queue, *item))).collect();
    let mut inner: Vec<&mut dyn Branch> =
        branches.iter_mut().map(|branch| branch.branch()).collect();
    let which = select(&mut inner);
    drop(inner);
    let end = branches[which].end(which);
    for (at, branch) in branches.into_iter().enumerate().filter(|(at, _)| *at != which) {
        assert_eq!(branch.left(), several[at].1, "a put that was not chosen keeps its item");
    }
    end
}

/// A branch whose outcome can be told without knowing its kind.
trait Ending {
    fn branch(&mut self) -> &mut dyn Branch;
    fn end(&mut self, which: usize) -> End;
    fn left(self: Box<Self>) -> Option<Item>;
}

impl<K: crate::queue::Kind<Item = Item>> Ending for crate::select::Get<'_, K> {
    fn branch(&mut self) -> &mut dyn Branch {
        self
    }

    fn end(&mut self, which: usize) -> End {
        got(which, self.take().expect("it was done"))
    }

    fn left(self: Box<Self>) -> Option<Item> {
        None
    }
}

impl<K: crate::queue::Kind<Item = Item>> Ending for crate::select::Put<'_, K> {
    fn branch(&mut self) -> &mut dyn Branch {
        self
    }

    fn end(&mut self, which: usize) -> End {
        put_in(which, self.take().expect("it was done"))
    }

    fn left(self: Box<Self>) -> Option<Item> {
        self.into_item()
    }
}

fn ending<'a, K: crate::queue::Kind<Item = Item>>(
    queue: &'a AnyQueue<K>,
    item: Option<Item>,
) -> Box<dyn Ending + 'a> {
    match item {
        None => Box::new(get(queue)),
        Some(item) => Box::new(put(queue, item)),
    }
}

fn got(which: usize, outcome: Result<Item, GetError>) -> End {
    outcome.map_or_else(|error| shut(which, error), |item| End::Got(which, item))
}

fn put_in(which: usize, outcome: Result<(), PutError<Item>>) -> End {
    match outcome {
        Ok(()) => End::Put(which),
        Err(PutError::ShutDown(item)) => End::ShutDown(which, Some(item)),
        Err(other) => panic!("{other:?}"),
    }
}

fn shut(which: usize, error: GetError) -> End {
    assert_eq!(error, GetError::ShutDown);
    End::ShutDown(which, None)
}

fn settle(game: &mut Game, tasks: &Tasks) -> Result<(), TestCaseError> {
    idle();
    let really = tasks.ends();
    game.model.settle(&really);
    prop_assert_eq!(really, game.model.ends());
    for (any, model) in game.queues.iter().zip(&game.model.queues) {
        let found = each!(any, queue => (queue.len(), queue.is_full(), queue.is_shut_down()));
        let full = model.items.len() >= model.size;
        prop_assert_eq!(found, (model.items.len(), full, model.shut));
        let unfinished = any.counted().map_or(0, JoinableQueue::unfinished);
        prop_assert_eq!(unfinished, model.unfinished);
    }
    Ok(())
}
