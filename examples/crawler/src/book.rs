//! What a crawl puts down: the pages known, the records, and how far it is.
//!
//! One task keeps it, whoever fetches: so there is one report of all processes. It starts nothing and waits for nothing.

use std::io;
use std::time::Duration;

use url::{Position, Url};

use crate::address;
use crate::args::Options;
use crate::fetch::Outcome;
use crate::frontier::{Frontier, PageId, Redirect, Verdict};
use crate::links::Found;
use crate::progress::{Progress, Standing};
use crate::report::{Record, Report, milliseconds};

/// A page may send the crawler on this many times.
pub const REDIRECT_LIMIT: u32 = 10;

/// The accounts of a crawl.
#[derive(Debug)]
pub struct Book {
    /// What is known of the site, and what comes next.
    pub frontier: Frontier,
    /// What became of the pages that are done.
    pub report: Report,
    /// Shows how far it is.
    pub progress: Progress,
    /// How long one page may take.
    pub timeout: Duration,
}

/// A page on its way, redirects included.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// The page that was asked for.
    pub page: PageId,
    /// The page being fetched for it: the same, or where redirects have led.
    pub at: PageId,
    /// How many redirects that took.
    pub hops: u32,
    /// Time that the requests so far took.
    pub time: Duration,
    /// Bytes that their bodies had.
    pub bytes: u64,
}

impl Job {
    /// For a page that nobody has fetched yet.
    pub fn new(page: PageId) -> Self {
        Job { page, at: page, hops: 0, time: Duration::ZERO, bytes: 0 }
    }
}

impl Book {
    /// Opens it; wrong URLs are in the report at once.
    ///
    /// # Errors
    ///
    /// When the output file cannot be written.
    pub fn open(options: &Options, max_pages: Option<usize>) -> io::Result<Self> {
        let mut report = Report::new(options.output.as_deref())?;
        let mut seeds = Vec::new();
        for text in &options.urls {
            match address::seed(text) {
                Ok(url) => seeds.push(url),
                Err(reason) => report.add(Record::refused(text, reason))?,
            }
        }
        let mut frontier = Frontier::new(&seeds, options.depth, max_pages);
        options.within.iter().for_each(|url| frontier.stay_within(url));
        let (progress, timeout) = (Progress::new(), options.timeout);
        Ok(Book { frontier, report, progress, timeout })
    }

    /// Takes in how a request for a job has ended; the job, if a redirect leads to what is to be fetched now.
    ///
    /// `goes_on` says whether it is.
    ///
    /// # Errors
    ///
    /// When the output file cannot be written.
    pub fn enter(
        &mut self,
        job: Job,
        status: Option<u16>,
        outcome: Outcome,
        goes_on: impl FnOnce(&mut Frontier, PageId) -> bool,
    ) -> io::Result<Option<Job>> {
        match outcome {
            Outcome::Redirect(to) => return self.follow(job, status, &to, goes_on),
            Outcome::Page(found) => self.done(job, status, found)?,
            Outcome::Failed(reason) => self.failed(job, status, reason)?,
            Outcome::TimedOut => {
                let reason = format!("timed out after {:?}", self.timeout);
                self.failed(job, status, reason)?;
            }
            Outcome::NoDescriptor => self.failed(job, None, "no file descriptor left".into())?,
        }
        Ok(None)
    }

    fn done(&mut self, job: Job, status: Option<u16>, found: Found) -> io::Result<()> {
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

    /// Takes in that a page could not be had.
    ///
    /// # Errors
    ///
    /// When the output file cannot be written.
    pub fn failed(&mut self, job: Job, status: Option<u16>, why: String) -> io::Result<()> {
        self.frontier.conclude(job.at, Verdict::Broken(why.clone()));
        let mut record = self.record(job, status);
        record.error = Some(why);
        self.report.add(record)
    }

    /// Takes in that a job was led on by a redirect, to where it is to go on; the job from there.
    pub fn lead(&mut self, job: Job, at: PageId, to: &Url) -> Job {
        self.report.redirects += 1;
        self.frontier.redirect(job.at, to);
        Job { at, hops: job.hops + 1, ..job }
    }

    fn follow(
        &mut self,
        job: Job,
        status: Option<u16>,
        to: &Url,
        goes_on: impl FnOnce(&mut Frontier, PageId) -> bool,
    ) -> io::Result<Option<Job>> {
        if job.hops == REDIRECT_LIMIT {
            let reason = format!("more than {REDIRECT_LIMIT} redirects, the last one to {to}");
            return self.failed(job, status, reason).map(|()| None);
        }
        self.report.redirects += 1;
        match self.frontier.redirect(job.at, to) {
            Redirect::Within(at) if goes_on(&mut self.frontier, at) => {
                return Ok(Some(Job { at, hops: job.hops + 1, ..job }));
            }
            Redirect::Circle => {
                let reason = format!("redirects in a circle: {to} again");
                return self.failed(job, status, reason).map(|()| None);
            }
            Redirect::Outside => {
                let host = &to[Position::BeforeHost..Position::AfterPort];
                self.report.outside.insert(host.to_owned());
            }
            Redirect::Within(_) => {}
        }
        let mut record = self.record(job, status);
        record.final_url = to.to_string();
        self.report.add(record).map(|()| None)
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

    /// Where the crawl stands, with so many pages in flight and so many that wait.
    pub fn standing(&self, in_flight: usize, waiting: usize) -> Standing {
        let (done, errors) = (self.report.pages, self.report.errors.len());
        Standing { done, in_flight, waiting, errors }
    }
}
