//! Fetching by several processes: which one fetches a page its host says.
//!
//! Each process is a fork that fetches and reads pages, a green thread each, and sends what it has found. What is known of
//! the site stays here, with the one task that decides what comes next: so pages are fetched once, whichever process finds them, and
//! depth, redirects and limits are what they are with one process. A host's pages all go to one process, which keeps its connections.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use osier::process::{Builder, Process, pipe};
use osier::queue::Queue;
use osier::sync::Mutex;
use osier::{AsyncResult, clock};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use url::Url;

use crate::fetch::{Answer, Fetcher, Outcome};

/// A page to be fetched.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    /// Says which answer is its.
    number: u64,
    url: Url,
    /// How long it may take.
    limit: Duration,
}

/// The other end of a process.
type Line = pipe::Connection<Order, (u64, Answer)>;

/// Processes that fetch pages.
#[derive(Debug)]
pub struct Fleet {
    owners: Vec<Rc<Owner>>,
}

/// One of the processes, which owns the hosts that fall to it.
#[derive(Debug)]
struct Owner {
    process: Process,
    /// Where orders go, one task at a time.
    line: Mutex<Line>,
    /// Who waits for which answer.
    waiting: RefCell<HashMap<u64, AsyncResult<Answer>>>,
    /// Pages ordered so far.
    ordered: Cell<u64>,
    /// Whether it has ended, though it should not have.
    gone: Cell<bool>,
}

impl Fleet {
    /// Starts so many processes.
    ///
    /// # Errors
    ///
    /// When one cannot be started; none is left then.
    pub fn start(processes: usize, connections: usize, assets: bool) -> io::Result<Self> {
        let start = |number| Owner::start(number, connections, assets);
        Ok(Fleet { owners: (0..processes).map(start).collect::<io::Result<_>>()? })
    }

    /// Has a page fetched by the process that owns its host.
    ///
    /// # Blocking
    ///
    /// Switches tasks.
    pub fn get(&self, url: &Url, limit: Duration) -> Answer {
        self.owner(url).get(url, limit)
    }

    /// How many pages each process was given.
    pub fn shares(&self) -> Vec<u64> {
        self.owners.iter().map(|owner| owner.ordered.get()).collect()
    }

    /// The host's: by its name and port, as [`scope`](crate::scope) tells hosts apart.
    fn owner(&self, url: &Url) -> &Owner {
        let mut hasher = DefaultHasher::new(); // the same in every run
        (url.host_str(), url.port()).hash(&mut hasher);
        &self.owners[(hasher.finish() % self.owners.len() as u64) as usize]
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for owner in &self.owners {
            let _ = owner.process.kill(); // it has nothing to lose
        }
    }
}

impl Owner {
    fn start(number: usize, connections: usize, assets: bool) -> io::Result<Rc<Self>> {
        let (line, far) = pipe::dialogue()?;
        let answers: Line = line.try_clone()?;
        let named = Builder::new().name(format!("crawler-{number}")).daemon(true);
        let process = named.fork(move || serve(&Rc::new(far), connections, assets))?;
        let owner = Rc::new(Owner {
            process,
            line: Mutex::new(line),
            waiting: RefCell::default(),
            ordered: Cell::new(0),
            gone: Cell::new(false),
        });
        let takes = Rc::downgrade(&owner);
        let take = move || {
            while let Ok((number, answer)) = answers.recv() {
                let Some(owner) = takes.upgrade() else { return };
                if let Some(waits) = owner.waiting.borrow_mut().remove(&number) {
                    waits.set(answer); // into the void, if the page was given up
                }
            }
            takes.upgrade().iter().for_each(|owner| owner.lose());
        };
        osier::Builder::new().name("answers").daemon(true).spawn(take)?;
        Ok(owner)
    }

    fn get(&self, url: &Url, limit: Duration) -> Answer {
        let began = clock::now();
        let number = self.ordered.replace(self.ordered.get() + 1);
        let answer = AsyncResult::new();
        self.waiting.borrow_mut().insert(number, answer.clone());
        let order = Order { number, url: url.clone(), limit };
        let sent = !self.gone.get() && self.line.lock().is_ok_and(|line| line.send(&order).is_ok());
        if !sent {
            self.waiting.borrow_mut().remove(&number);
            return lost(clock::now() - began);
        }
        answer.get().unwrap_or_else(|_| lost(clock::now() - began))
    }

    /// Tells those who wait that the process is gone.
    fn lose(&self) {
        self.gone.set(true);
        for (_, waits) in self.waiting.take() {
            waits.set(lost(Duration::ZERO));
        }
    }
}

/// What comes of a page whose process has died.
fn lost(time: Duration) -> Answer {
    let outcome = Outcome::Failed("the process that was to fetch it has died".into());
    Answer { status: None, bytes: 0, time, outcome }
}

/// The life of a process: a task an order, until no more can come.
fn serve(line: &Rc<pipe::Connection<(u64, Answer), Order>>, connections: usize, assets: bool) {
    // Ctrl-C reaches it as well, but what is to end says the process that has started it.
    for signal in [SIGINT, SIGTERM] {
        let _ = flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
    let fetcher = Rc::new(Fetcher::new(connections, assets));
    let (answers, sends) = (Rc::new(Queue::unbounded()), Rc::clone(line));
    let takes = Rc::clone(&answers);
    osier::spawn(move || {
        while let Ok(answer) = takes.get() {
            if sends.send(&answer).is_err() {
                break; // nobody reads it
            }
        }
    });
    while let Ok(Order { number, url, limit }) = line.recv() {
        let (fetcher, answers) = (Rc::clone(&fetcher), Rc::clone(&answers));
        osier::spawn(move || _ = answers.put((number, fetcher.get(&url, limit))));
    }
    answers.shutdown();
}
