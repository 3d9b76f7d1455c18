//! A process that owns hosts: what it knows of their pages, and the fetching of them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use osier::process::queue::Queue;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use url::Url;

use super::{Letter, News, Trip};
use crate::args::Options;
use crate::book::REDIRECT_LIMIT;
use crate::fetch::{Answer, Fetcher, Outcome};
use crate::flights::Flights;
use crate::frontier::{Frontier, PageId, Redirect, Share, owner};
use crate::mailbox::Mailbox;
use crate::scope::Scope;

/// What an owner waits for.
#[derive(Debug)]
enum Event {
    /// A page's task is done.
    Answered(PageId, Answer),
    /// There is a letter.
    Letter(Letter),
    /// None will come any more.
    Over,
}

impl From<(PageId, Answer)> for Event {
    fn from((page, answer): (PageId, Answer)) -> Self {
        Event::Answered(page, answer)
    }
}

/// A process that owns hosts.
#[derive(Debug)]
pub(super) struct Owner {
    share: Share,
    frontier: Frontier,
    flights: Flights<Trip, Event>,
    mailbox: Rc<Mailbox<Event>>,
    /// Where the letters of each owner go, its own among them.
    inboxes: Vec<Queue<Letter>>,
    news: Queue<News>,
    /// Pages that it may begin.
    tickets: usize,
    /// Tickets that were asked for and have not come.
    asked: usize,
    timeout: Duration,
}

impl Owner {
    /// The owner of that share, before it knows of any page.
    pub(super) fn new(
        options: &Options,
        scope: Scope,
        share: Share,
        inboxes: Vec<Queue<Letter>>,
        news: Queue<News>,
    ) -> Self {
        let mailbox = Rc::new(Mailbox::new());
        let fetcher = Fetcher::new(options.concurrency, options.assets);
        Owner {
            share,
            frontier: Frontier::of_share(scope, options.depth, share),
            flights: Flights::new(fetcher, Rc::clone(&mailbox), options.concurrency),
            mailbox,
            inboxes,
            news,
            tickets: 0,
            asked: 0,
            timeout: options.timeout,
        }
    }

    /// Fetches pages until the inbox is shut down.
    pub(super) fn run(mut self) {
        // Ctrl-C reaches it as well, but what is to end says the process that has started it.
        for signal in [SIGINT, SIGTERM] {
            let _ = flag::register(signal, Arc::new(AtomicBool::new(false)));
        }
        let (inbox, mailbox) = (self.inboxes[self.share.number].clone(), Rc::clone(&self.mailbox));
        osier::spawn(move || {
            while let Ok(letter) = inbox.get() {
                mailbox.put(Event::Letter(letter));
            }
            mailbox.put(Event::Over);
        });
        loop {
            match self.mailbox.take(None) {
                Some(Event::Letter(letter)) => self.open(letter),
                Some(Event::Answered(at, answer)) => self.take_answer(at, answer),
                Some(Event::Over) => break,
                None => {}
            }
            self.tell_others();
            self.begin_pages();
            self.ask();
        }
        self.flights.end();
        self.inboxes.iter().for_each(Queue::cancel_join);
    }

    fn open(&mut self, letter: Letter) {
        match letter {
            Letter::Links(links) => links.into_iter().for_each(|(url, depth)| {
                self.frontier.hear_of(url, depth);
            }),
            Letter::Tickets(tickets) => {
                self.tickets += tickets;
                self.asked -= tickets;
            }
            Letter::Trip(trip) => self.go_on(trip),
        }
    }

    /// Sends a trip on whose redirect leads here: to the page, or back to the desk if somebody has fetched that.
    fn go_on(&mut self, mut trip: Trip) {
        let to = trip.trail.pop().expect("it leads somewhere");
        let at = self.frontier.hear_of(to.clone(), trip.depth);
        if self.frontier.take(at) {
            trip.trail.push(to);
            self.begin(at, trip);
        } else {
            self.done(trip, Outcome::Redirect(to));
        }
    }

    /// Begins as many pages as there are tickets for, and gives back those that are of no use.
    fn begin_pages(&mut self) {
        while self.flights.room() > 0 {
            if let Some((at, trip)) = self.flights.again() {
                self.begin(at, trip);
            } else if self.tickets > 0
                && let Some(page) = self.frontier.pop()
            {
                self.tickets -= 1;
                let trip = self.trip(page);
                self.begin(page, trip);
            } else {
                break;
            }
        }
        if self.tickets > 0 {
            let tickets = std::mem::take(&mut self.tickets);
            self.tell(News::Returns { by: self.share.number, tickets });
        }
    }

    fn trip(&self, page: PageId) -> Trip {
        Trip {
            holder: self.share.number,
            trail: vec![Url::clone(self.frontier.url(page))],
            depth: self.frontier.depth(page),
            status: None,
            time: Duration::ZERO,
            bytes: 0,
        }
    }

    fn begin(&mut self, at: PageId, trip: Trip) {
        let limit = self.timeout.saturating_sub(trip.time);
        self.flights.begin(at, self.frontier.url(at), limit, trip);
    }

    /// Asks for tickets for the pages that wait, as far as there is room for them.
    fn ask(&mut self) {
        let room = self.flights.room().saturating_sub(self.flights.grounded());
        let wants = self.frontier.waiting().min(room);
        if wants > self.asked {
            let tickets = wants - self.asked;
            self.asked = wants;
            self.tell(News::Wants { by: self.share.number, tickets });
        }
    }

    fn take_answer(&mut self, at: PageId, answer: Answer) {
        let Some(mut trip) = self.flights.land(at, &answer.outcome) else { return };
        trip.time += answer.time;
        trip.bytes += answer.bytes;
        trip.status = answer.status;
        match answer.outcome {
            Outcome::NoDescriptor => self.run_out(at, trip),
            Outcome::Redirect(to) => self.follow(at, trip, to),
            outcome => {
                if let Outcome::Page(found) = &outcome {
                    self.frontier.found(at, found.pages.clone());
                    // First of all: when the desk knows of these pages, letters tell of them.
                    self.tell_others();
                }
                self.done(trip, outcome);
            }
        }
    }

    fn run_out(&mut self, at: PageId, trip: Trip) {
        let hopeless = self.flights.ran_out(at, trip);
        self.flights.fewest().into_iter().for_each(|fewest| self.tell(News::Short(fewest)));
        hopeless.into_iter().for_each(|trip| self.done(trip, Outcome::NoDescriptor));
    }

    fn follow(&mut self, at: PageId, mut trip: Trip, to: Url) {
        if trip.trail.len() > REDIRECT_LIMIT as usize {
            return self.done(trip, Outcome::Redirect(to));
        }
        match self.frontier.redirect(at, &to) {
            Redirect::Within(next) if self.frontier.is_foreign(next) => {
                let number = owner(&to, self.inboxes.len());
                self.tell(News::Moved { page: trip.trail[0].clone(), to: number });
                trip.trail.push(to);
                self.write(number, Letter::Trip(trip));
            }
            Redirect::Within(next) if self.frontier.take(next) => {
                trip.trail.push(to);
                self.begin(next, trip);
            }
            _ => self.done(trip, Outcome::Redirect(to)),
        }
    }

    fn done(&self, trip: Trip, outcome: Outcome) {
        let Trip { holder, trail, depth, status, time, bytes } = trip;
        let answer = Answer { status, bytes, time, outcome };
        self.tell(News::Done { holder, trail, depth, answer });
    }

    /// Writes to other owners of pages of theirs that links lead to.
    fn tell_others(&mut self) {
        let mut letters: BTreeMap<usize, Vec<(Url, u32)>> = BTreeMap::new();
        for id in self.frontier.strangers() {
            let url = Url::clone(self.frontier.url(id));
            let links = letters.entry(owner(&url, self.inboxes.len())).or_default();
            links.push((url, self.frontier.depth(id)));
        }
        letters.into_iter().for_each(|(to, links)| self.write(to, Letter::Links(links)));
    }

    fn write(&self, to: usize, letter: Letter) {
        // Into the void at the end, when all inboxes are shut.
        let _ = self.inboxes[to].put(letter);
    }

    fn tell(&self, news: News) {
        let _ = self.news.put(news);
    }
}
