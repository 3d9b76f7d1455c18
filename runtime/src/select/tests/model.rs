//! What queues and selects are to do, said as simply as it can be: lists that are searched from the front.

use std::collections::VecDeque;

use proptest::sample::Index;

/// An item: its rank in a priority queue, and a number of its own.
pub(super) type Item = (u8, usize);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Fifo,
    Lifo,
    Smallest,
    Counted,
    Direct,
}

/// What the driver does. Those that may wait are done by a task each, in its turn.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Put(usize, u8),
    Get(usize),
    Peek(usize),
    Join(usize),
    /// Branches: of which queue, and what is put; none is a get.
    Select(Vec<(usize, Option<u8>)>),
    TryPut(usize, u8),
    TryGet(usize),
    /// One of the tasks that have not ended.
    Kill(Index),
    TaskDone(usize),
    Resize(usize, usize),
    ShutDown(usize),
    ShutDownNow(usize),
    /// Lets all tasks run until none can.
    Settle,
}

/// How an operation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// By this branch.
    Put(usize),
    Got(usize, Item),
    Seen(Item),
    Joined,
    /// The item is handed back, if there was one.
    ShutDown(usize, Option<Item>),
    Killed,
}

/// What a task is to do.
#[derive(Clone, Debug)]
pub(super) enum Job {
    Peek(usize),
    Join(usize),
    /// Branches; a plain put or get has one.
    Exchange(Vec<(usize, Option<Item>)>),
}

#[derive(Debug)]
struct Task {
    job: Job,
    end: Option<End>,
    /// Whether it will be killed when it waits.
    doomed: bool,
    /// Whether it is in the run queue, and if so whether it was woken to look again.
    queued: bool,
    woken: bool,
    started: bool,
}

#[derive(Debug)]
pub(super) struct Queue {
    order: Order,
    pub(super) size: usize,
    pub(super) items: Vec<Item>,
    /// Task and branch, and what is put.
    getters: Vec<(usize, usize)>,
    putters: Vec<(usize, usize, Item)>,
    peekers: Vec<usize>,
    joiners: Vec<usize>,
    pub(super) unfinished: usize,
    pub(super) shut: bool,
}

impl Queue {
    pub(super) fn new(order: Order, size: Option<usize>) -> Queue {
        Queue {
            order,
            size: size.unwrap_or(usize::MAX),
            items: Vec::new(),
            getters: Vec::new(),
            putters: Vec::new(),
            peekers: Vec::new(),
            joiners: Vec::new(),
            unfinished: 0,
            shut: false,
        }
    }

    fn pop(&mut self) -> Option<Item> {
        let at = match self.order {
            Order::Lifo => self.items.len().checked_sub(1)?,
            Order::Smallest => (0..self.items.len()).min_by_key(|at| self.items[*at])?,
            Order::Fifo | Order::Counted | Order::Direct => 0,
        };
        (at < self.items.len()).then(|| self.items.remove(at))
    }

    fn first(&self) -> Option<Item> {
        match self.order {
            Order::Lifo => self.items.last().copied(),
            Order::Smallest => self.items.iter().min().copied(),
            Order::Direct => self.putters.first().map(|(_, _, item)| *item),
            Order::Fifo | Order::Counted => self.items.first().copied(),
        }
    }
}

pub(super) struct Model {
    pub(super) queues: Vec<Queue>,
    tasks: Vec<Task>,
    run_queue: VecDeque<usize>,
}

impl Model {
    pub(super) fn new(queues: Vec<Queue>) -> Model {
        Model { queues, tasks: Vec::new(), run_queue: VecDeque::new() }
    }

    pub(super) fn spawn(&mut self, job: Job) {
        self.run_queue.push_back(self.tasks.len());
        let task =
            Task { job, end: None, doomed: false, queued: true, woken: false, started: false };
        self.tasks.push(task);
    }

    pub(super) fn ends(&self) -> Vec<Option<End>> {
        self.tasks.iter().map(|task| task.end).collect()
    }

    /// Runs all that can, given how each has really ended: of several things that a select can do any is right.
    pub(super) fn settle(&mut self, really: &[Option<End>]) {
        while let Some(id) = self.run_queue.pop_front() {
            self.tasks[id].queued = false;
            if self.tasks[id].end.is_some() {
                continue;
            }
            let first = !std::mem::replace(&mut self.tasks[id].started, true);
            let looks = first || std::mem::take(&mut self.tasks[id].woken);
            if first && self.tasks[id].doomed {
                self.end(id, End::Killed); // before it ran
            } else if looks {
                self.go(id, really[id]);
            } else if self.tasks[id].doomed {
                self.end(id, End::Killed);
            }
        }
    }

    fn go(&mut self, id: usize, really: Option<End>) {
        match self.tasks[id].job.clone() {
            Job::Peek(at) => match self.queues[at].first() {
                Some(item) => self.end(id, End::Seen(item)),
                None if self.queues[at].shut => self.end(id, End::ShutDown(0, None)),
                None if self.tasks[id].doomed => self.end(id, End::Killed),
                None => self.queues[at].peekers.push(id),
            },
            Job::Join(at) if self.queues[at].unfinished == 0 => self.end(id, End::Joined),
            Job::Join(at) => self.queues[at].joiners.push(id),
            Job::Exchange(branches) => self.exchange(id, &branches, really),
        }
    }

    fn exchange(&mut self, id: usize, branches: &[(usize, Option<Item>)], really: Option<End>) {
        let ready: Vec<usize> = (0..branches.len()).filter(|b| self.can(branches[*b])).collect();
        let chosen = match really {
            Some(End::Put(b) | End::Got(b, _) | End::ShutDown(b, _)) => Some(b),
            _ => None,
        };
        match chosen.filter(|chosen| ready.contains(chosen)).or(ready.first().copied()) {
            Some(b) => {
                let end = match branches[b] {
                    (at, None) => self.get(at).map_or(End::ShutDown(b, None), |i| End::Got(b, i)),
                    (at, Some(item)) if self.queues[at].shut => End::ShutDown(b, Some(item)),
                    (at, Some(item)) => {
                        self.put(at, item);
                        End::Put(b)
                    }
                };
                self.end(id, end);
            }
            None => self.stand(id, branches),
        }
    }

    fn stand(&mut self, id: usize, branches: &[(usize, Option<Item>)]) {
        for (b, (at, item)) in branches.iter().copied().enumerate() {
            match item {
                None => self.queues[at].getters.push((id, b)),
                Some(item) => {
                    self.queues[at].putters.push((id, b, item));
                    if self.queues[at].size == 0 {
                        self.show(at);
                    }
                }
            }
        }
    }

    fn can(&self, (at, item): (usize, Option<Item>)) -> bool {
        let queue = &self.queues[at];
        queue.shut
            || match item {
                None => !queue.items.is_empty() || !queue.putters.is_empty(),
                Some(_) => queue.items.len() < queue.size || !queue.getters.is_empty(),
            }
    }

    /// Puts what can be put.
    fn put(&mut self, at: usize, item: Item) {
        let queue = &mut self.queues[at];
        queue.unfinished += usize::from(queue.order == Order::Counted);
        match queue.getters.first().copied() {
            Some((id, b)) => self.end(id, End::Got(b, item)),
            None => {
                queue.items.push(item);
                self.show(at);
            }
        }
    }

    fn get(&mut self, at: usize) -> Option<Item> {
        let got = self.queues[at].pop();
        if got.is_none()
            && let Some((id, b, item)) = self.queues[at].putters.first().copied()
        {
            self.end(id, End::Put(b));
            return Some(item);
        }
        self.admit(at);
        got
    }

    fn admit(&mut self, at: usize) {
        while self.queues[at].items.len() < self.queues[at].size
            && let Some((id, b, item)) = self.queues[at].putters.first().copied()
        {
            self.end(id, End::Put(b));
            self.put(at, item);
        }
    }

    /// Whoever peeks looks again, in its turn.
    fn show(&mut self, at: usize) {
        for id in std::mem::take(&mut self.queues[at].peekers) {
            self.tasks[id].woken = true;
            self.enqueue(id);
        }
    }

    fn enqueue(&mut self, id: usize) {
        if !std::mem::replace(&mut self.tasks[id].queued, true) {
            self.run_queue.push_back(id);
        }
    }

    /// An end takes a task out of all lines.
    fn end(&mut self, id: usize, end: End) {
        self.tasks[id].end = Some(end);
        for queue in &mut self.queues {
            queue.getters.retain(|(other, _)| *other != id);
            queue.putters.retain(|(other, ..)| *other != id);
            queue.peekers.retain(|other| *other != id);
            queue.joiners.retain(|other| *other != id);
        }
    }

    pub(super) fn try_put(&mut self, at: usize, item: Item) -> bool {
        let can = !self.queues[at].shut && self.can((at, Some(item)));
        if can {
            self.put(at, item);
        }
        can
    }

    pub(super) fn try_get(&mut self, at: usize) -> Option<Item> {
        self.get(at)
    }

    pub(super) fn kill(&mut self, id: usize) {
        self.tasks[id].doomed = true;
        if self.tasks[id].end.is_none() {
            self.enqueue(id);
        }
    }

    pub(super) fn task_done(&mut self, at: usize) -> bool {
        let done = self.queues[at].unfinished > 0;
        self.finish(at, usize::from(done));
        done
    }

    fn finish(&mut self, at: usize, count: usize) {
        self.queues[at].unfinished -= count;
        if self.queues[at].unfinished == 0 {
            self.queues[at].joiners.clone().into_iter().for_each(|id| self.end(id, End::Joined));
        }
    }

    pub(super) fn resize(&mut self, at: usize, size: usize) {
        self.queues[at].size = size;
        self.admit(at);
    }

    pub(super) fn shut_down(&mut self, at: usize, now: bool) {
        self.queues[at].shut = true;
        while let Some((id, b)) = self.queues[at].getters.first().copied() {
            self.end(id, End::ShutDown(b, None));
        }
        while let Some((id, b, item)) = self.queues[at].putters.first().copied() {
            self.end(id, End::ShutDown(b, Some(item)));
        }
        self.show(at);
        if now {
            let dropped = std::mem::take(&mut self.queues[at].items).len();
            self.finish(at, dropped.min(self.queues[at].unfinished));
        }
    }
}
