//! Many tasks that hold locks, items, timers and descriptors, killed wherever they happen to be: nothing is lost.

mod support;

use std::cell::{Cell, RefCell};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use osier::io::Source;
use osier::queue::{Channel, PutError, Queue};
use osier::select::{after, get, select_timeout};
use osier::sync::{Condition, Event, Mutex, RwLock, Semaphore};
use osier::testing::{Config, Random, wait_all_parked};
use osier::{JoinHandle, Timer, sleep, spawn, stats, timeout, yield_now};

/// How many live at a time.
const WAVE: usize = 500;
const PERMITS: usize = 40;
const UNIT: Duration = Duration::from_micros(10);

/// Counted as it is made and as it goes.
struct Token(Rc<Cell<usize>>);

impl Token {
    fn new(alive: &Rc<Cell<usize>>) -> Token {
        alive.set(alive.get() + 1);
        Token(alive.clone())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What all share.
struct World {
    alive: Rc<Cell<usize>>,
    begun: Cell<usize>,
    ended: Cell<usize>,
    permits: Semaphore,
    /// Two numbers that are equal whenever nobody is inside.
    pair: Mutex<(u64, u64)>,
    book: RwLock<(u64, u64)>,
    condition: Condition,
    event: Event,
    queue: Queue<Token>,
    direct: Channel<Token>,
}

impl World {
    fn new() -> World {
        World {
            alive: Rc::default(),
            begun: Cell::new(0),
            ended: Cell::new(0),
            permits: Semaphore::new(PERMITS),
            pair: Mutex::default(),
            book: RwLock::default(),
            condition: Condition::new(),
            event: Event::new(),
            queue: Queue::bounded(8),
            direct: Channel::new(),
        }
    }

    /// What one task does, until it is killed.
    fn live(&self, random: &mut Random) {
        let _here = Token::new(&self.alive);
        self.begun.set(self.begun.get() + 1);
        let _end = support::OnDrop::new(|| self.ended.set(self.ended.get() + 1));
        for _ in 0..4 + random.below(12) {
            let _step = Token::new(&self.alive);
            match random.below(10) {
                0 | 1 => self.hold_permits(random),
                2 => self.change_the_pair(random),
                3 => self.change_the_book(random),
                4 => self.put(random),
                5 => self.get(random),
                6 => self.wait_for_notice(random),
                7 => self.set_timers(random),
                8 => self.choose(random),
                _ => wait_for_the_peer(random),
            }
        }
    }

    fn hold_permits(&self, random: &mut Random) {
        let permits = self.permits.acquire_many_timeout(1 + random.below(5), some_time(random));
        let Ok(permits) = permits else { return };
        pause(random);
        assert!(self.permits.available() + permits.count() <= PERMITS);
    }

    fn change_the_pair(&self, random: &mut Random) {
        let Ok(mut pair) = self.pair.lock_timeout(some_time(random)) else { return };
        assert_eq!(pair.0, pair.1, "somebody was inside");
        pair.0 += 1;
        let mut pair = Restore(pair, |pair| pair.1 = pair.0);
        pause(random);
        pair.0.0 += 1;
    }

    fn change_the_book(&self, random: &mut Random) {
        if random.one_in(3) {
            let Ok(mut book) = self.book.write_timeout(some_time(random)) else { return };
            book.0 += 1;
            let _book = Restore(book, |book| book.1 = book.0);
            pause(random);
        } else if let Ok(book) = self.book.read_timeout(some_time(random)) {
            pause(random);
            assert_eq!(book.0, book.1, "somebody writes");
        }
    }

    fn put(&self, random: &mut Random) {
        let token = Token::new(&self.alive);
        let result = match random.one_in(2) {
            true => self.queue.put_timeout(token, some_time(random)),
            false => timeout(some_time(random), || self.direct.put(token)).unwrap_or(Ok(())),
        };
        assert!(!matches!(result, Err(PutError::ShutDown(_))));
    }

    fn get(&self, random: &mut Random) {
        let _token = match random.one_in(2) {
            true => self.queue.get_timeout(some_time(random)),
            false => self.direct.get_timeout(some_time(random)),
        };
        pause(random);
    }

    fn wait_for_notice(&self, random: &mut Random) {
        if random.one_in(2) {
            self.condition.notify_one();
            self.event.set();
            return self.event.clear();
        }
        if let Ok(pair) = self.pair.lock_timeout(some_time(random)) {
            let waited = self.condition.wait_timeout(pair, some_time(random)).unwrap();
            assert_eq!(waited.0.0, waited.0.1, "somebody was inside");
        }
        self.event.wait_timeout(some_time(random));
    }

    fn set_timers(&self, random: &mut Random) {
        let token = Token::new(&self.alive);
        let timer = Timer::after(some_time(random), move || drop(token));
        let (outer, inner, last) = (some_time(random), some_time(random), some_time(random));
        let _ = timeout(outer, || timeout(inner, || sleep(last)));
        if random.one_in(2) {
            timer.cancel();
        }
    }

    fn choose(&self, random: &mut Random) {
        let (mut one, mut other) = (get(&self.queue), get(&self.direct));
        let mut moment = after(some_time(random));
        select_timeout::<&mut dyn osier::select::Branch>(
            &mut [&mut one, &mut other, &mut moment],
            some_time(random),
        );
    }

    /// Nothing is held when nobody is left but who looks.
    fn is_whole(&self) {
        assert_eq!(self.begun.get(), self.ended.get(), "destructors of tasks that began");
        assert_eq!(self.alive.get(), self.queue.len(), "what is alive is in the queue");
        assert_eq!(self.permits.available(), PERMITS);
        let (pair, book) = (self.pair.try_lock().unwrap(), self.book.try_write().unwrap());
        assert_eq!((pair.0, book.0), (pair.1, book.1));
        assert_eq!(self.condition.notify_all(), 0, "a line with nobody in it");
        let stats = stats();
        assert_eq!((stats.tasks, stats.ready, stats.timers), (1, 0, 0));
        assert_eq!((stats.descriptors, stats.waiting), (0, 0));
        assert_eq!(stats.idle_stacks, stats.stacks - 1, "stacks");
        assert_eq!(osier::active_count(), 1);
    }
}

/// Puts something right as it goes, before the guard in it does.
struct Restore<G: std::ops::DerefMut>(G, fn(&mut G::Target))
where
    G::Target: Sized;

impl<G: std::ops::DerefMut> Drop for Restore<G>
where
    G::Target: Sized,
{
    fn drop(&mut self) {
        (self.1)(&mut self.0);
    }
}

fn some_time(random: &mut Random) -> Duration {
    UNIT * u32::try_from(random.below(30)).expect("a small number")
}

fn pause(random: &mut Random) {
    if random.one_in(2) { yield_now() } else { sleep(some_time(random)) }
}

/// Waits for a descriptor that becomes readable, or not.
fn wait_for_the_peer(random: &mut Random) {
    let (near, mut far) = UnixStream::pair().expect("descriptors");
    near.set_nonblocking(true).expect("a socket");
    let near = Source::new(near);
    if random.one_in(2) {
        std::io::Write::write_all(&mut far, b"x").expect("room");
    }
    let _ = near.wait_readable(osier::clock::deadline(some_time(random)));
}

/// Kills now this one, now that one, until all have ended; how many were killed.
fn kill_at_random(tasks: Vec<JoinHandle<()>>, random: &mut Random) -> usize {
    let mut left: Vec<&JoinHandle<()>> = tasks.iter().collect();
    while !left.is_empty() {
        for _ in 0..random.below(WAVE / 8) {
            random.pick(&left).kill();
        }
        pause(random);
        left.retain(|task| !task.is_finished());
    }
    let ends = osier::join_all(tasks);
    let killed = ends.iter().filter(|end| end.as_ref().is_err_and(|error| error.is_killed()));
    let killed = killed.count();
    assert_eq!(ends.iter().filter(|end| end.is_err()).count(), killed, "none has panicked");
    killed
}

fn waves(tasks: usize, seed: u64) {
    let fds = support::open_fds();
    let (mut killed, mut stacks) = (0, Vec::new());
    let config = Config::new().seed(seed).patience(Duration::ZERO);
    config.run(|| {
        let random = Rc::new(RefCell::new(Random::new(!seed)));
        let world = Rc::new(World::new());
        for _ in 0..tasks / WAVE {
            let spawn_one = |_| {
                let (world, lot) = (world.clone(), random.borrow_mut().next());
                let unborn = Token::new(&world.alive);
                spawn(move || {
                    let _unborn = unborn; // goes also if it is killed before it begins
                    world.live(&mut Random::new(lot));
                })
            };
            let wave = (0..WAVE).map(spawn_one).collect();
            killed += kill_at_random(wave, &mut Random::new(random.borrow_mut().next()));
            wait_all_parked();
            while stats().timers > 0 {
                sleep(UNIT); // of timers that outlive who set them
                wait_all_parked();
            }
            world.is_whole();
            stacks.push(stats().stacks);
        }
        let alive = world.alive.clone();
        assert_eq!(Rc::strong_count(&world), 1, "what tasks had is gone");
        drop(world);
        assert_eq!(alive.get(), 0, "each destructor has run");
    });
    assert_eq!(support::open_fds(), fds);
    assert!(killed > tasks / 4 && killed < tasks, "{killed} of {tasks} killed");
    // Each task of a wave, and a timer or more of each.
    assert!(stacks.iter().all(|stacks| *stacks < WAVE * 4), "{stacks:?}");
    println!("{tasks} tasks, {killed} of them killed, {} stacks", stacks.iter().max().unwrap());
}

/// In a process of its own, whose descriptors are its own.
fn killed_at_random(test: &str, tasks: usize) {
    let child = support::in_child(test, || {
        let asked = std::env::var("OSIER_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = asked.unwrap_or_else(|| u64::from(std::process::id()));
        println!("OSIER_SEED={seed}");
        waves(tasks, seed);
    });
    let said = String::from_utf8_lossy(&child.stdout);
    println!("{said}");
    let why = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}{why}");
}

#[test]
fn tasks_killed_at_random_leave_nothing() {
    killed_at_random("tasks_killed_at_random_leave_nothing", 5_000);
}

#[test]
#[ignore = "a hundred thousand, for .ci/long"]
fn many_tasks_killed_at_random_leave_nothing() {
    killed_at_random("many_tasks_killed_at_random_leave_nothing", 100_000);
}
