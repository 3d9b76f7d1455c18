//! The pages that are being fetched, a green thread each, and those to be begun again.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use osier::JoinHandle;
use url::Url;

use crate::fetch::{Answer, Fetcher, Outcome};
use crate::frontier::PageId;
use crate::mailbox::Mailbox;
use crate::reply::Reply;
use crate::slots::Slots;

/// How often a page is begun again that found no descriptor though it was alone.
const ATTEMPTS: u32 = 5;

/// How long to leave the descriptors to others before such an attempt.
const PAUSE: Duration = Duration::from_millis(200);

/// Pages in flight, each for a job.
#[derive(Debug)]
pub struct Flights<J, E> {
    /// Fetches pages; the page tasks share it, and nothing else.
    fetcher: Rc<Fetcher>,
    /// Where the page tasks put their answers.
    mailbox: Rc<Mailbox<E>>,
    /// What each is fetched for, and the task that fetches it.
    aloft: HashMap<PageId, (J, JoinHandle<()>)>,
    /// Pages to begin again, before any new one.
    again: Vec<(PageId, J)>,
    /// How many pages may be in flight.
    slots: Slots,
    /// Attempts in a row that found no descriptor, with nothing else in flight.
    lone_attempts: u32,
}

impl<J, E: From<(PageId, Answer)> + 'static> Flights<J, E> {
    /// None yet, and so many at once at most.
    pub fn new(fetcher: Fetcher, mailbox: Rc<Mailbox<E>>, slots: usize) -> Self {
        Flights {
            fetcher: Rc::new(fetcher),
            mailbox,
            aloft: HashMap::new(),
            again: Vec::new(),
            slots: Slots::new(slots),
            lone_attempts: 0,
        }
    }

    /// How many are in flight.
    pub fn len(&self) -> usize {
        self.aloft.len()
    }

    /// Whether none is in flight.
    pub fn is_empty(&self) -> bool {
        self.aloft.is_empty()
    }

    /// How many wait to be begun again.
    pub fn grounded(&self) -> usize {
        self.again.len()
    }

    /// How many more may be begun now.
    pub fn room(&self) -> usize {
        self.slots.room(self.aloft.len())
    }

    /// The fewest at once that there were descriptors for, if not for all.
    pub fn fewest(&self) -> Option<usize> {
        self.slots.fewest()
    }

    /// Has a page fetched, within that time.
    pub fn begin(&mut self, at: PageId, url: &Rc<Url>, limit: Duration, job: J) {
        let reply = Reply::new(&self.mailbox, at);
        let (fetcher, url) = (Rc::clone(&self.fetcher), Rc::clone(url));
        let task = osier::spawn(move || reply.send(fetcher.get(&url, limit)));
        self.aloft.insert(at, (job, task));
    }

    /// Takes a page that is to be begun again.
    pub fn again(&mut self) -> Option<(PageId, J)> {
        self.again.pop()
    }

    /// Takes in that a page was answered; what it was fetched for.
    pub fn land(&mut self, at: PageId, outcome: &Outcome) -> Option<J> {
        let (job, _) = self.aloft.remove(&at)?;
        if !matches!(outcome, Outcome::NoDescriptor) {
            self.lone_attempts = 0;
            self.slots.answered();
        }
        Some(job)
    }

    /// Goes on with fewer pages at once: each that ends leaves its descriptor to another.
    ///
    /// The job comes back if there is no hope.
    ///
    /// # Blocking
    ///
    /// Switches tasks, if nothing else is in flight.
    pub fn ran_out(&mut self, at: PageId, job: J) -> Option<J> {
        self.slots.ran_out(self.aloft.len());
        if self.aloft.is_empty() {
            self.lone_attempts += 1;
            if self.lone_attempts > ATTEMPTS {
                return Some(job);
            }
            osier::sleep(PAUSE);
        }
        self.again.push((at, job));
        None
    }

    /// Ends all that are in flight.
    pub fn end(&self) {
        // A task that is killed unwinds from where it waits, and closes its connection on the way.
        self.aloft.values().for_each(|(_, task)| task.kill());
    }
}
