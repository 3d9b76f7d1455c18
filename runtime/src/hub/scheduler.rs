//! The hub itself: who runs, who is next, who is woken.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::LocalKey;
use std::time::Instant;

use super::alarm::{Alarm, Alarms};
use super::board::Written;
use super::bottom::Bottom;
use super::directory;
use super::inbox::{Inbox, Message, Sender};
use super::lull::Lull;
use super::preserve::Preserve;
use super::probe::Probes;
use super::registry::Registry;
use super::run_queue::RunQueue;
use super::sweep::Sweep;
use super::timed::Timed;
use super::trial::Trial;
use super::turn::Turn;
use crate::complaint::complain;
use crate::coroutine::{DIRECT, Root};
use crate::reactor::Reactor;
use crate::settings::{self, Tracking};
use crate::stack::Pool;
use crate::task::{Here, JoinError, NOWHERE, State, TaskId, TaskRef, Waiter};
use crate::timers::Key;

/// The scheduler of one OS thread. All of it is that thread's own, but for the inbox's senders.
pub(crate) struct Hub {
    /// Tells hubs of a process apart; from 1.
    pub(super) number: u32,
    /// The registers of the loop while a task runs.
    pub(super) root: Root,
    /// Tasks that are New, Ready or Woken, each once.
    pub(super) queue: RefCell<RunQueue<TaskRef>>,
    /// The task that runs; none while the root does.
    pub(super) current: Cell<Option<TaskRef>>,
    /// The task that has just left to the root, where the back end has to know it.
    pub(super) left: Cell<Option<TaskRef>>,
    /// The tasks that have waited and have not ended.
    pub(super) tasks: RefCell<Registry>,
    /// Where stacks come from and go back to.
    pub(super) stacks: RefCell<Pool>,
    /// The clock and the timers.
    pub(super) alarms: Alarms,
    /// Futures that wait for a time.
    pub(crate) timed: Timed,
    /// Descriptors that tasks wait for.
    pub(crate) reactor: RefCell<Reactor<Waiter>>,
    /// How much longer tasks may follow each other.
    pub(super) turn: Turn,
    /// Requests of other threads.
    pub(super) inbox: Inbox,
    /// Thread-locals that each task has for itself.
    pub(super) preserve: Preserve,
    /// Whose stacks were trimmed while they were parked.
    pub(super) sweep: Sweep,
    /// Who waits until the others are done.
    pub(crate) lull: Lull,
    /// What a run under test does otherwise.
    pub(crate) trial: Trial,
    /// Where it is written up which task runs, while there is a watch.
    pub(super) board: RefCell<Option<Written>>,
    /// How many tasks there have been.
    pub(super) count: Cell<u64>,
    /// How many tasks have not ended.
    pub(super) live: Cell<usize>,
    /// Whose running is measured.
    pub(super) probes: Probes,
    /// What is noted of tasks.
    pub(super) tracking: Cell<Tracking>,
    /// How many tasks there are that `run` waits for.
    pub(super) vital: Cell<usize>,
    /// How many tasks wait for a wake from outside.
    pub(super) owed: Cell<usize>,
    /// How many tasks wait for what another OS thread may do, if there is one.
    pub(super) unsure: Cell<usize>,
    /// Whether nothing was heard of that for a while.
    pub(super) doubt: Cell<bool>,
    /// The main task, while a run goes on.
    pub(super) main: Cell<Option<TaskId>>,
    /// Whether the main task has ended without a result.
    pub(super) failed: Cell<bool>,
    /// Whether the descriptors can no longer be polled.
    pub(crate) broken: Cell<bool>,
    /// Whether the run is over: then whatever is spawned is a daemon.
    pub(super) ending: Cell<bool>,
}

impl Hub {
    pub(crate) fn new() -> io::Result<Hub> {
        settings::check()?;
        let number = directory::next_number();
        let reactor = Reactor::new()?;
        let inbox = Inbox::new(reactor.waker());
        directory::enter(number, inbox.sender());
        Ok(Hub {
            number,
            root: Root::new(),
            queue: RefCell::new(RunQueue::new()),
            current: Cell::new(None),
            left: Cell::new(None),
            tasks: RefCell::new(Registry::new()),
            stacks: RefCell::new(Pool::new()),
            alarms: Alarms::new(),
            timed: Timed::default(),
            inbox,
            reactor: RefCell::new(reactor),
            turn: Turn::new(),
            preserve: Preserve::default(),
            sweep: Sweep::default(),
            lull: Lull::default(),
            trial: Trial::default(),
            board: RefCell::new(None),
            count: Cell::new(0),
            live: Cell::new(0),
            probes: Probes::default(),
            tracking: Cell::new(settings::settings().tracking),
            vital: Cell::new(0),
            owed: Cell::new(0),
            unsure: Cell::new(0),
            doubt: Cell::new(false),
            main: Cell::new(None),
            failed: Cell::new(false),
            broken: Cell::new(false),
            ending: Cell::new(false),
        })
    }

    /// Tells hubs of a process apart.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn sender(&self) -> Sender {
        self.inbox.sender()
    }

    /// The task that runs, if one does.
    #[inline]
    pub(crate) fn current(&self) -> Option<TaskRef> {
        self.peek(|task| task.cloned())
    }

    /// Looks at the task that runs, if one does. `look` must not ask for it again.
    #[inline]
    pub(crate) fn peek<R>(&self, look: impl FnOnce(Option<&TaskRef>) -> R) -> R {
        let task = self.current.take();
        let seen = look(task.as_ref());
        self.put_current(task);
        seen
    }

    /// Sets the task that runs where none is set: there is nothing to be dropped.
    #[inline]
    pub(super) fn put_current(&self, task: Option<TaskRef>) {
        mem::forget(self.current.replace(task));
    }

    /// Whether a task runs, and not the root.
    #[inline]
    pub(crate) fn is_running(&self) -> bool {
        self.peek(|task| task.is_some())
    }

    /// Gives way to the others in the run queue; whether the task is to unwind.
    #[inline]
    pub(crate) fn yield_now(&self) -> bool {
        let Some(me) = self.current.take() else { return false };
        if me.has_to_stay() {
            return self.stay(me);
        }
        let here = me.suspend(State::Ready);
        if DIRECT && self.turn.hop() {
            let next = self.queue.borrow_mut().rotate(me, fetch);
            self.go_on(here, next);
        } else {
            self.note_leaving(&me);
            self.queue.borrow_mut().push(me);
            here.leave(&self.root);
        }
        self.peek(|me| me.is_some_and(|me| me.due.get()))
    }

    /// Whether a task that may not give way is to unwind.
    #[cold]
    fn stay(&self, me: TaskRef) -> bool {
        let pinned = me.pinned.get() != 0;
        self.put_current(Some(me));
        assert!(!pinned, "yield_now inside of no_switch");
        true
    }

    /// Suspends the running task until somebody ends its wait.
    #[inline]
    pub(crate) fn suspend(&self) {
        let me = self.current.take().expect("a task that waits is one that runs");
        self.tasks.borrow_mut().enter(&me);
        let here = me.suspend(State::Parked);
        if DIRECT && self.turn.hop() {
            drop(me);
            let next = self.queue.borrow_mut().pop_with(fetch);
            self.go_on(here, next);
        } else {
            self.note_leaving(&me);
            drop(me);
            here.leave(&self.root);
        }
    }

    /// Goes on with a task that was taken out of the queue, or with the root if there is none.
    #[inline]
    fn go_on(&self, here: Here, next: Option<TaskRef>) {
        match next {
            Some(next) if next.state() != State::New => {
                let there = next.begin();
                self.put_current(Some(next));
                here.hop(there);
            }
            next => self.go_on_with_new(here, next),
        }
    }

    /// As `go_on`, for what is rare: apart, so that a yield's own frame is small.
    #[inline(never)]
    fn go_on_with_new(&self, here: Here, next: Option<TaskRef>) {
        match next.and_then(|next| self.ready(next)) {
            Some(next) => {
                let there = next.begin();
                self.put_current(Some(next));
                here.hop(there);
            }
            None => here.leave(&self.root),
        }
    }

    /// Tells the root who has left, where it has to know.
    #[inline]
    fn note_leaving(&self, me: &TaskRef) {
        if !DIRECT || !self.turn.is_fast() {
            self.left.set(Some(me.clone()));
        }
    }

    /// The task to go straight on with; none when the root has to choose.
    #[inline]
    pub(super) fn successor(&self) -> Option<TaskRef> {
        if !DIRECT || !self.turn.hop() {
            return None;
        }
        let next = self.queue.borrow_mut().pop_with(fetch)?;
        self.ready(next)
    }

    /// Sees to it that a task can be gone on with; puts it back if only the root can do that.
    #[inline]
    fn ready(&self, next: TaskRef) -> Option<TaskRef> {
        if next.state() == State::New && !self.furnish(&next) {
            self.queue.borrow_mut().put_back(next);
            return None;
        }
        Some(next)
    }

    /// Gives a new task a stack, if that goes without trouble.
    fn furnish(&self, task: &TaskRef) -> bool {
        if task.due.get() {
            return false; // killed before it began: the root sees to that
        }
        match self.stacks.borrow_mut().take(task.stack_size()) {
            Ok(stack) => {
                task.prepare::<Bottom>(&self.root, stack);
                true
            }
            Err(_) => false,
        }
    }

    /// Whether nobody waits for a turn.
    pub(crate) fn is_quiet(&self) -> bool {
        self.queue.borrow().is_empty()
    }

    /// The task with that id, if it has not ended.
    pub(crate) fn find(&self, slot: u32, id: TaskId) -> Option<TaskRef> {
        self.tasks.borrow().find(slot, id).cloned()
    }

    /// Those tasks that have not ended.
    pub(crate) fn tasks(&self, filter: impl Fn(&TaskRef) -> bool) -> Vec<TaskRef> {
        let (tasks, queue) = (self.tasks.borrow(), self.queue.borrow());
        let current = self.current();
        // Those that never waited are in the queue, or run.
        let others = queue.iter().chain(&current).filter(|task| task.slot.get() == NOWHERE);
        tasks.iter().chain(others).filter(|task| filter(task)).cloned().collect()
    }

    /// The ticket for a task's wait, the present one or the next.
    #[inline]
    pub(crate) fn ticket(&self, task: &TaskRef) -> Waiter {
        self.tasks.borrow_mut().enter(task);
        task.waiter()
    }

    /// Lets go of a task that has ended, or never will.
    #[inline]
    pub(super) fn forget(&self, task: &TaskRef) {
        self.live.set(self.live.get() - 1);
        if task.slot.get() != NOWHERE {
            let last = self.tasks.borrow_mut().remove(task);
            drop(last);
        }
    }

    /// Gives each task its own value of a thread-local.
    pub(crate) fn preserve<T>(&self, key: &'static LocalKey<Cell<T>>, fresh: T)
    where
        T: Copy + PartialEq + 'static,
    {
        let me = self.current().expect("it was asked whether a task runs");
        if self.preserve.add(key, fresh, me.id) {
            self.turn.slow_down();
        }
    }

    /// The time of the last look at the clock, in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        self.alarms.now()
    }

    pub(crate) fn set_alarm(&self, at: Instant, alarm: Alarm, vital: bool) -> Key {
        self.alarms.set(at, alarm, vital)
    }

    pub(crate) fn clear_alarm(&self, key: Key) {
        self.alarms.clear(key);
    }

    /// Counts a wait for a wake from outside, while it lasts.
    pub(crate) fn owe(&self, more: bool) {
        let owed = self.owed.get();
        self.owed.set(if more { owed + 1 } else { owed - 1 });
    }

    /// Counts a wait for a wake that another OS thread may owe, if there is one, while it lasts.
    pub(crate) fn suspect(&self, more: bool) {
        let unsure = self.unsure.get();
        self.unsure.set(if more { unsure + 1 } else { unsure - 1 });
    }

    /// Whether nobody works on the hub's books: then other tasks can be made ready, and run.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.tasks.try_borrow_mut().is_ok()
            && self.queue.try_borrow_mut().is_ok()
            && self.stacks.try_borrow_mut().is_ok()
            && self.reactor.try_borrow_mut().is_ok()
            && self.alarms.is_at_rest()
    }
}

/// Has the CPU fetch a task's stack that comes soon, and the control block of one twice as far,
/// as the saved stack pointer is read from it.
#[inline(always)]
fn fetch(near: &TaskRef, far: &TaskRef) {
    far.prefetch();
    near.prefetch_stack();
}

impl Drop for Hub {
    fn drop(&mut self) {
        directory::leave(self.number);
        // Closures that will never run are dropped here, where a panic of theirs is caught.
        while let Some(message) = self.inbox.take() {
            discard(message);
        }
    }
}

fn discard(message: Message) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(message))) {
        let error = JoinError::unwound(payload);
        complain(format_args!(
            "a destructor panicked: closure injected into a hub that has ended: {error}"
        ));
        mem::forget(error); // its destructor may panic as well
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("number", &self.number)
            .field("tasks", &self.live.get())
            .finish_non_exhaustive()
    }
}
