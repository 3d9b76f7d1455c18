//! The crawl: one task that knows everything, and one more for each page in flight.
//!
//! The task that calls [`Crawl::run`] owns the frontier and the report. It starts a task a page, as
//! many at once as it may, and waits for their answers in a mailbox. The page tasks share nothing
//! but the connection pool, so nothing here needs a lock.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use osier::{JoinHandle, clock};
use url::{Position, Url};

use crate::address;
use crate::args::Options;
use crate::fetch::{Answer, Fetcher, Outcome};
use crate::fleet::Fleet;
use crate::frontier::{BrokenLink, Frontier, PageId, Redirect, Verdict};
use crate::links::Found;
use crate::mailbox::Mailbox;
use crate::progress::{Progress, Standing};
use crate::reply::{Event, Reply};
use crate::report::{Record, Report, Summary, milliseconds};
use crate::slots::Slots;

/// A page may send the crawler on this many times.
const REDIRECT_LIMIT: u32 = 10;

/// How often a page is begun again that found no descriptor though it was alone.
const ATTEMPTS: u32 = 5;

/// How long to leave the descriptors to others before such an attempt.
const PAUSE: Duration = Duration::from_millis(200);

/// A crawl under way.
#[derive(Debug)]
pub struct Crawl {
    /// What is known of the site, and what comes next.
    frontier: Frontier,
    /// What became of the pages that are done.
    report: Report,
    /// Shows how far it is.
    progress: Progress,
    /// Fetches pages; the page tasks share it, and nothing else.
    fetcher: Rc<Hands>,
    /// Where the page tasks put their answers.
    mailbox: Rc<Mailbox<Event>>,
    /// The pages being fetched.
    in_flight: HashMap<PageId, Flight>,
    /// Pages to begin again, before any new one.
    again: Vec<Job>,
    /// How many pages may be in flight.
    slots: Slots,
    /// The most pages that were in flight at once.
    max_in_flight: usize,
    /// Attempts in a row that found no descriptor, with nothing else in flight.
    lone_attempts: u32,
    /// How long one page may take.
    timeout: Duration,
}

/// Who fetches pages.
#[derive(Debug)]
enum Hands {
    /// This process.
    Here(Fetcher),
    /// Several others.
    Fleet(Fleet),
}

impl Hands {
    fn new(options: &Options) -> io::Result<Self> {
        let Options { processes, concurrency, assets, .. } = *options;
        match processes {
            1 => Ok(Hands::Here(Fetcher::new(concurrency, assets))),
            _ => Ok(Hands::Fleet(Fleet::start(processes, concurrency, assets)?)),
        }
    }

    fn get(&self, url: &Url, limit: Duration) -> Answer {
        match self {
            Hands::Here(fetcher) => fetcher.get(url, limit),
            Hands::Fleet(fleet) => fleet.get(url, limit),
        }
    }
}

/// A page on its way, redirects included.
#[derive(Debug, Clone, Copy)]
struct Job {
    /// The page that was asked for.
    page: PageId,
    /// The page being fetched for it: the same, or where redirects have led.
    at: PageId,
    /// How many redirects that took.
    hops: u32,
    /// Time that the requests so far took.
    time: Duration,
    /// Bytes that their bodies had.
    bytes: u64,
}

/// A page in flight.
#[derive(Debug)]
struct Flight {
    /// What it is fetched for.
    job: Job,
    /// The task that fetches it.
    task: JoinHandle<()>,
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
    /// How many requests each of several processes was given.
    pub shares: Vec<u64>,
}

impl Crawl {
    /// Prepares a crawl; wrong URLs are in the report at once.
    ///
    /// # Errors
    ///
    /// When the output file cannot be written, or a process cannot be started.
    pub fn new(options: &Options, mailbox: Rc<Mailbox<Event>>) -> io::Result<Self> {
        let mut report = Report::new(options.output.as_deref())?;
        let mut seeds = Vec::new();
        for text in &options.urls {
            match address::seed(text) {
                Ok(url) => seeds.push(url),
                Err(reason) => report.add(Record::refused(text, reason))?,
            }
        }
        Ok(Crawl {
            frontier: Frontier::new(&seeds, options.depth, options.max_pages),
            report,
            progress: Progress::new(),
            fetcher: Rc::new(Hands::new(options)?),
            mailbox,
            in_flight: HashMap::new(),
            again: Vec::new(),
            slots: Slots::new(options.concurrency),
            max_in_flight: 0,
            lone_attempts: 0,
            timeout: options.timeout,
        })
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
        let abandoned = self.in_flight.len();
        // A task that is killed unwinds from where it waits, and closes its connection on the way.
        self.in_flight.values().for_each(|flight| flight.task.kill());
        self.progress.finish();
        let interrupted = interrupted?.then_some(abandoned);
        self.report.flush()?;
        let broken = self.frontier.broken_links();
        let time = clock::now() - began;
        let shares = match &*self.fetcher {
            Hands::Here(_) => Vec::new(),
            Hands::Fleet(fleet) => fleet.shares(),
        };
        Ok(Crawled {
            shares,
            summary: self.report.summary(broken.len(), time, self.max_in_flight),
            broken,
            interrupted,
            left: self.frontier.waiting() + self.again.len(),
            short: self.slots.fewest(),
            report: self.report,
        })
    }

    /// Fetches page after page; tells whether it was interrupted.
    fn fetch_all(&mut self) -> io::Result<bool> {
        self.start_pages();
        while !self.in_flight.is_empty() {
            match self.mailbox.take(Some(self.progress.next())) {
                Some(Event::Answered(at, answer)) => self.take_answer(at, answer)?,
                Some(Event::Interrupted) => return Ok(true),
                None => {}
            }
            self.start_pages();
            self.progress.show(self.standing());
        }
        Ok(false)
    }

    /// Fills the free slots.
    fn start_pages(&mut self) {
        while self.slots.have_room(self.in_flight.len()) {
            let again = self.again.pop();
            let Some(job) = again.or_else(|| self.frontier.pop().map(Job::new)) else { break };
            self.start(job);
        }
        self.max_in_flight = self.max_in_flight.max(self.in_flight.len());
    }

    fn start(&mut self, job: Job) {
        let reply = Reply::new(&self.mailbox, job.at);
        let fetcher = Rc::clone(&self.fetcher);
        let url = Rc::clone(self.frontier.url(job.at));
        let limit = self.timeout.saturating_sub(job.time);
        let task = osier::spawn(move || reply.send(fetcher.get(&url, limit)));
        self.in_flight.insert(job.at, Flight { job, task });
    }

    fn take_answer(&mut self, at: PageId, answer: Answer) -> io::Result<()> {
        let Some(Flight { mut job, .. }) = self.in_flight.remove(&at) else { return Ok(()) };
        job.time += answer.time;
        job.bytes += answer.bytes;
        if !matches!(answer.outcome, Outcome::NoDescriptor) {
            self.lone_attempts = 0;
            self.slots.answered();
        }
        match answer.outcome {
            Outcome::Page(found) => self.page_done(job, answer.status, found),
            Outcome::Redirect(to) => self.follow(job, answer.status, &to),
            Outcome::Failed(reason) => self.page_failed(job, answer.status, reason),
            Outcome::TimedOut => {
                let reason = format!("timed out after {:?}", self.timeout);
                self.page_failed(job, answer.status, reason)
            }
            Outcome::NoDescriptor => self.descriptors_ran_out(job),
        }
    }

    fn page_done(&mut self, job: Job, status: Option<u16>, found: Found) -> io::Result<()> {
        let verdict = match status {
            Some(status @ 400..) => Verdict::Broken(status.to_string()),
            _ => Verdict::Fine,
        };
        self.frontier.conclude(job.at, verdict);
        let mut record = self.record(job, status);
        record.title = found.title;
        record.links = found.pages.len();
        self.frontier.found(job.at, found.pages);
        self.frontier.found_wrong(job.at, found.wrong);
        self.report.add(record)
    }

    fn page_failed(&mut self, job: Job, status: Option<u16>, why: String) -> io::Result<()> {
        self.frontier.conclude(job.at, Verdict::Broken(why.clone()));
        let mut record = self.record(job, status);
        record.error = Some(why);
        self.report.add(record)
    }

    fn follow(&mut self, job: Job, status: Option<u16>, to: &Url) -> io::Result<()> {
        if job.hops == REDIRECT_LIMIT {
            let reason = format!("more than {REDIRECT_LIMIT} redirects, the last one to {to}");
            return self.page_failed(job, status, reason);
        }
        self.report.redirects += 1;
        match self.frontier.redirect(job.at, to) {
            Redirect::Fetch(at) => {
                self.start(Job { at, hops: job.hops + 1, ..job });
                return Ok(());
            }
            Redirect::Circle => {
                let reason = format!("redirects in a circle: {to} again");
                return self.page_failed(job, status, reason);
            }
            Redirect::Outside => {
                let host = &to[Position::BeforeHost..Position::AfterPort];
                self.report.outside.insert(host.to_owned());
            }
            Redirect::Known => {}
        }
        let mut record = self.record(job, status);
        record.final_url = to.to_string();
        self.report.add(record)
    }

    /// Goes on with fewer pages at once: each that ends leaves its descriptor to another.
    fn descriptors_ran_out(&mut self, job: Job) -> io::Result<()> {
        if self.slots.fewest().is_none() {
            self.progress.say("no file descriptor left: going on with fewer pages at once");
        }
        self.slots.ran_out(self.in_flight.len());
        if self.in_flight.is_empty() {
            self.lone_attempts += 1;
            if self.lone_attempts > ATTEMPTS {
                return self.page_failed(job, None, "no file descriptor left".into());
            }
            osier::sleep(PAUSE);
        }
        self.again.push(job);
        Ok(())
    }

    fn record(&self, job: Job, status: Option<u16>) -> Record {
        Record {
            url: self.frontier.url(job.page).to_string(),
            final_url: self.frontier.url(job.at).to_string(),
            status,
            bytes: job.bytes,
            ms: milliseconds(job.time),
            depth: self.frontier.depth(job.page),
            title: None,
            links: 0,
            error: None,
        }
    }

    fn standing(&self) -> Standing {
        Standing {
            done: self.report.pages,
            in_flight: self.in_flight.len(),
            waiting: self.frontier.waiting() + self.again.len(),
            errors: self.report.errors.len(),
        }
    }
}

impl Job {
    fn new(page: PageId) -> Self {
        Job { page, at: page, hops: 0, time: Duration::ZERO, bytes: 0 }
    }
}
