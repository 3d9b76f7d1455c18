//! The crawl: one task that knows everything, and one more for each page in flight.
//!
//! The task that calls [`Crawl::run`] owns the book. It starts a task a page, as
//! many at once as it may, and waits for their answers in a mailbox. The page tasks share nothing
//! but the connection pool, so nothing here needs a lock.

use std::io;
use std::rc::Rc;
use std::time::Instant;

use osier::clock;

use crate::args::Options;
use crate::book::{Book, Job};
use crate::fetch::{Answer, Fetcher, Outcome};
use crate::flights::Flights;
use crate::frontier::{BrokenLink, Frontier, PageId};
use crate::mailbox::Mailbox;
use crate::reply::Event;
use crate::report::{Report, Summary};

/// A crawl under way.
#[derive(Debug)]
pub struct Crawl {
    /// What is known, and what has come of it.
    book: Book,
    /// The pages being fetched.
    flights: Flights<Job, Event>,
    /// Where the page tasks put their answers.
    mailbox: Rc<Mailbox<Event>>,
    /// The most pages that were in flight at once.
    max_in_flight: usize,
}

/// What came of a crawl.
#[derive(Debug)]
pub struct Crawled {
    /// Its sum.
    pub summary: Summary,
    /// Its records, added up.
    pub report: Report,
    /// The broken links, each with the pages that hold it.
    pub broken: Vec<BrokenLink>,
    /// How many pages were abandoned in flight, if it was interrupted.
    pub interrupted: Option<usize>,
    /// How many pages were known and not fetched.
    pub left: usize,
    /// How many pages at once there were descriptors for at the worst, if not for all.
    pub short: Option<usize>,
    /// How many requests each of several processes made.
    pub shares: Vec<u64>,
    /// Which of those have died, and how.
    pub dead: Vec<String>,
}

impl Crawled {
    /// Closes the book of a crawl that has ended.
    ///
    /// # Errors
    ///
    /// When the output file cannot be written.
    pub fn close(mut book: Book, began: Instant, max_in_flight: usize) -> io::Result<Self> {
        book.report.flush()?;
        let broken = book.frontier.broken_links();
        let time = clock::now() - began;
        Ok(Crawled {
            summary: book.report.summary(broken.len(), time, max_in_flight),
            broken,
            interrupted: None,
            left: book.frontier.waiting(),
            short: None,
            report: book.report,
            shares: Vec::new(),
            dead: Vec::new(),
        })
    }
}

impl Crawl {
    /// Prepares a crawl; wrong URLs are in the report at once.
    ///
    /// # Errors
    ///
    /// When the output file cannot be written.
    pub fn new(options: &Options, mailbox: Rc<Mailbox<Event>>) -> io::Result<Self> {
        let book = Book::open(options, options.max_pages)?;
        let fetcher = Fetcher::new(options.concurrency, options.assets);
        let flights = Flights::new(fetcher, Rc::clone(&mailbox), options.concurrency);
        Ok(Crawl { book, flights, mailbox, max_in_flight: 0 })
    }

    /// Crawls until every page is done, or until it is interrupted.
    ///
    /// # Errors
    ///
    /// When the output file cannot be written.
    ///
    /// # Blocking
    ///
    /// Switches tasks.
    pub fn run(mut self) -> io::Result<Crawled> {
        let began = clock::now();
        let interrupted = self.fetch_all();
        let (abandoned, again) = (self.flights.len(), self.flights.grounded());
        self.flights.end();
        self.book.progress.finish();
        let interrupted = interrupted?.then_some(abandoned);
        let short = self.flights.fewest();
        let crawled = Crawled::close(self.book, began, self.max_in_flight)?;
        Ok(Crawled { interrupted, short, left: crawled.left + again, ..crawled })
    }

    /// Fetches page after page; tells whether it was interrupted.
    fn fetch_all(&mut self) -> io::Result<bool> {
        self.start_pages();
        while !self.flights.is_empty() {
            match self.mailbox.take(Some(self.book.progress.next())) {
                Some(Event::Answered(at, answer)) => self.take_answer(at, answer)?,
                Some(Event::Interrupted) => return Ok(true),
                None => {}
            }
            self.start_pages();
            let waiting = self.book.frontier.waiting() + self.flights.grounded();
            let standing = self.book.standing(self.flights.len(), waiting);
            self.book.progress.show(standing);
        }
        Ok(false)
    }

    /// Fills the free slots.
    fn start_pages(&mut self) {
        while self.flights.room() > 0 {
            let again = self.flights.again().map(|(_, job)| job);
            let next = || self.book.frontier.pop().map(Job::new);
            let Some(job) = again.or_else(next) else { break };
            self.start(job);
        }
        self.max_in_flight = self.max_in_flight.max(self.flights.len());
    }

    fn start(&mut self, job: Job) {
        let limit = self.book.timeout.saturating_sub(job.time);
        self.flights.begin(job.at, self.book.frontier.url(job.at), limit, job);
    }

    fn take_answer(&mut self, at: PageId, answer: Answer) -> io::Result<()> {
        let Some(mut job) = self.flights.land(at, &answer.outcome) else { return Ok(()) };
        job.time += answer.time;
        job.bytes += answer.bytes;
        if matches!(answer.outcome, Outcome::NoDescriptor) {
            if self.flights.fewest().is_none() {
                self.book.progress.say(SHORT);
            }
            let Some(hopeless) = self.flights.ran_out(at, job) else { return Ok(()) };
            job = hopeless;
        }
        let next = self.book.enter(job, answer.status, answer.outcome, Frontier::take)?;
        next.into_iter().for_each(|job| self.start(job));
        Ok(())
    }
}

/// What is said when descriptors run out.
pub const SHORT: &str = "no file descriptor left: going on with fewer pages at once";
