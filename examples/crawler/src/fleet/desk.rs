//! The process that was started: it keeps the book, hands out tickets, and sees to those who die.

use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use osier::clock;
use osier::process::queue::Queue;
use osier::process::{Builder, ExitStatus, Process};
use url::Url;

use super::member::Member;
use super::owner::Owner;
use super::{Letter, News};
use crate::args::Options;
use crate::book::{Book, Job};
use crate::crawl::{Crawled, SHORT};
use crate::fetch::Answer;
use crate::frontier::{PageId, Share, owner};
use crate::mailbox::Mailbox;

/// How long owners have to end when all is over.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the desk waits for.
#[derive(Debug)]
pub struct Call(Kind);

#[derive(Debug)]
enum Kind {
    /// Somebody tells something.
    News(News),
    /// That owner has ended, and all that it has told came before.
    Ended(usize, ExitStatus),
    /// The user wants it to end.
    Interrupted,
}

impl Call {
    /// The user wants it to end.
    pub fn interrupted() -> Self {
        Call(Kind::Interrupted)
    }
}

/// A crawl by several processes.
#[derive(Debug)]
pub struct Desk {
    book: Book,
    mailbox: Rc<Mailbox<Call>>,
    crew: Vec<Member>,
    news: Queue<News>,
    /// Which owners a page has come to by redirects, until it is done.
    moved: HashMap<PageId, HashSet<usize>>,
    /// Tickets that may still be handed out, as far as `--max-pages` goes.
    budget: usize,
    /// How many may be out at once.
    most: usize,
    /// How many are out, and were at most.
    out: usize,
    max_out: usize,
    /// Whose turn it is to have tickets.
    turn: usize,
    short: Option<usize>,
}

impl Desk {
    /// Starts the processes; wrong URLs are in the report at once.
    ///
    /// # Errors
    ///
    /// When the output file cannot be written, or a process cannot be started; none is left then.
    pub fn open(options: &Options, mailbox: Rc<Mailbox<Call>>) -> io::Result<Self> {
        let book = Book::open(options, None)?;
        let mut desk = Desk {
            book,
            mailbox,
            crew: Vec::new(),
            news: Queue::unbounded()?,
            moved: HashMap::new(),
            budget: options.max_pages.unwrap_or(usize::MAX),
            most: options.concurrency,
            out: 0,
            max_out: 0,
            turn: 0,
            short: None,
        };
        let inboxes = (0..options.processes).map(|_| Queue::unbounded());
        let inboxes = inboxes.collect::<io::Result<Vec<_>>>()?;
        for number in 0..options.processes {
            let process = desk.hire(number, options, &inboxes)?;
            desk.crew.push(Member::new(process, inboxes[number].clone()));
        }
        Ok(desk)
    }

    fn hire(
        &self,
        number: usize,
        options: &Options,
        inboxes: &[Queue<Letter>],
    ) -> io::Result<Process> {
        let (options, scope) = (options.clone(), self.book.frontier.scope().clone());
        let (inboxes, news) = (inboxes.to_vec(), self.news.clone());
        let share = Share { number, of: inboxes.len() };
        let named = Builder::new().name(format!("crawler-{number}")).daemon(true);
        Ok(named.fork(move || Owner::new(&options, scope, share, inboxes, news).run())?)
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
        let reader = self.listen()?;
        self.write_of_all();
        let interrupted = self.hear_all()?;
        self.dismiss();
        reader.kill();
        self.hear_rest()?;
        self.book.progress.finish();
        let left = self.book.frontier.waiting().saturating_sub(self.out);
        let shares = self.crew.iter().map(|member| member.requests).collect();
        let dead = self.crew.iter().filter_map(Member::epitaph).collect();
        let interrupted = interrupted.then_some(self.out);
        let left = if self.budget == 0 { 0 } else { left };
        let short = self.short;
        let crawled = Crawled::close(self.book, began, self.max_out)?;
        Ok(Crawled { interrupted, left, short, shares, dead, ..crawled })
    }

    /// Has tasks put what is told into the mailbox, and who ends.
    fn listen(&self) -> io::Result<osier::JoinHandle<()>> {
        let daemon = || osier::Builder::new().daemon(true);
        for (number, member) in self.crew.iter().enumerate() {
            let (process, mailbox) = (Rc::clone(&member.process), Rc::clone(&self.mailbox));
            let news = self.news.clone();
            daemon().name("watch").spawn(move || {
                let status = process.join();
                // What it has told is there by now.
                while let Ok(news) = news.try_get() {
                    mailbox.put(Call(Kind::News(news)));
                }
                mailbox.put(Call(Kind::Ended(number, status)));
            })?;
        }
        let (news, mailbox) = (self.news.clone(), Rc::clone(&self.mailbox));
        daemon().name("news").spawn(move || {
            while let Ok(news) = news.get() {
                mailbox.put(Call(Kind::News(news)));
            }
        })
    }

    /// Takes calls until it is over; tells whether it was interrupted.
    fn hear_all(&mut self) -> io::Result<bool> {
        while !self.is_over()? {
            match self.mailbox.take(Some(self.book.progress.next())) {
                Some(Call(Kind::News(news))) => self.hear(news)?,
                Some(Call(Kind::Ended(number, status))) => self.bury(number, status)?,
                Some(Call(Kind::Interrupted)) => return Ok(true),
                None => {}
            }
            self.hand_out();
            let waiting = self.book.frontier.waiting().saturating_sub(self.out);
            self.book.progress.show(self.book.standing(self.out, waiting));
        }
        Ok(false)
    }

    /// Whether nothing is on its way and nothing can be begun.
    fn is_over(&mut self) -> io::Result<bool> {
        if self.out == 0 && self.crew.iter().any(|member| member.dead.is_some()) {
            self.lose_pages()?;
        }
        Ok(self.out == 0 && (self.budget == 0 || self.book.frontier.waiting() == 0))
    }

    fn hear(&mut self, news: News) -> io::Result<()> {
        match news {
            News::Wants { by, tickets } => self.crew[by].wants += tickets,
            News::Returns { by, tickets } => self.take_back(by, tickets),
            News::Moved { page, to } => self.note_move(page, to)?,
            News::Done { holder, trail, depth, answer } => {
                self.enter(holder, &trail, depth, answer)?
            }
            News::Short(fewest) => {
                if self.short.is_none() {
                    self.book.progress.say(SHORT);
                }
                self.short = self.short.into_iter().chain([fewest]).min();
            }
        }
        Ok(())
    }

    /// Gives tickets to those who want some, one each in turn.
    fn hand_out(&mut self) {
        let mut tickets = vec![0; self.crew.len()];
        while self.out < self.most && self.budget > 0 {
            let count = self.crew.len();
            let mut turns = (self.turn..self.turn + count).map(|turn| turn % count);
            let Some(next) = turns.find(|&next| self.crew[next].wants > 0) else { break };
            self.crew[next].wants -= 1;
            self.crew[next].held += 1;
            tickets[next] += 1;
            self.turn = next + 1;
            self.out += 1;
            self.budget -= 1;
        }
        self.max_out = self.max_out.max(self.out);
        for (member, tickets) in self.crew.iter().zip(tickets).filter(|&(_, tickets)| tickets > 0) {
            member.write(Letter::Tickets(tickets));
        }
    }

    /// Tickets of no use, of one who lives.
    fn take_back(&mut self, by: usize, tickets: usize) {
        if self.crew[by].dead.is_none() {
            self.crew[by].held -= tickets;
            self.out -= tickets;
            self.budget = self.budget.saturating_add(tickets);
        }
    }

    /// A ticket of one who lives was used.
    fn tear_up(&mut self, holder: usize) {
        if self.crew[holder].dead.is_none() {
            self.crew[holder].held -= 1;
            self.out -= 1;
        }
    }

    /// Enters what has become of a page, and of those where redirects have led.
    fn enter(
        &mut self,
        holder: usize,
        trail: &[Url],
        depth: u32,
        answer: Answer,
    ) -> io::Result<()> {
        let frontier = &mut self.book.frontier;
        let first = frontier.hear_of(trail[0].clone(), depth);
        if !frontier.is_taken(first) {
            self.moved.remove(&first);
            self.tear_up(holder);
        }
        let mut job: Option<Job> = None;
        for url in trail {
            let by = owner(url, self.crew.len());
            self.crew[by].requests += 1;
            let frontier = &mut self.book.frontier;
            let id = frontier.hear_of(url.clone(), depth);
            if !frontier.take(id) {
                continue; // it was taken for lost
            }
            job = Some(match job {
                None => Job::new(id),
                Some(job) => self.book.lead(job, id, url),
            });
        }
        let Some(job) = job else { return Ok(()) };
        let job = Job { time: answer.time, bytes: answer.bytes, ..job };
        self.book.enter(job, answer.status, answer.outcome, |_, _| false).map(|_| ())
    }

    fn note_move(&mut self, page: Url, to: usize) -> io::Result<()> {
        let page = self.book.frontier.hear_of(page, u32::MAX);
        if self.book.frontier.is_taken(page) {
            return Ok(());
        }
        self.moved.entry(page).or_default().insert(to);
        if self.crew[to].dead.is_some() { self.lose_moved(to) } else { Ok(()) }
    }

    /// An owner has ended: its tickets come back, what it had is lost, and the others are told what it may not have told them.
    fn bury(&mut self, number: usize, status: ExitStatus) -> io::Result<()> {
        let member = &mut self.crew[number];
        member.dead = Some(status);
        member.wants = 0;
        let held = std::mem::take(&mut member.held);
        self.out -= held;
        self.budget = self.budget.saturating_add(held);
        self.crew[number].empty_inbox()?;
        self.crew[number].epitaph().iter().for_each(|text| self.book.progress.say(text));
        self.lose_moved(number)?;
        self.lose_pages()?;
        self.write_of_all();
        Ok(())
    }

    /// Gives up the pages that redirects have led to a dead one.
    fn lose_moved(&mut self, dead: usize) -> io::Result<()> {
        let lost = self.moved.iter().filter(|(_, owners)| owners.contains(&dead));
        for page in lost.map(|(&page, _)| page).collect::<Vec<_>>() {
            self.moved.remove(&page);
            let holder = owner(self.book.frontier.url(page), self.crew.len());
            if self.crew[holder].dead.is_none() && self.book.frontier.take(page) {
                self.tear_up(holder);
                self.fail(page, dead)?;
            }
        }
        Ok(())
    }

    /// Gives up the pages of dead ones.
    fn lose_pages(&mut self) -> io::Result<()> {
        for page in self.book.frontier.next().collect::<Vec<_>>() {
            let owner = owner(self.book.frontier.url(page), self.crew.len());
            if self.crew[owner].dead.is_some() {
                self.book.frontier.take(page);
                if self.budget > 0 {
                    self.budget -= 1;
                    self.fail(page, owner)?;
                }
            }
        }
        Ok(())
    }

    fn fail(&mut self, page: PageId, dead: usize) -> io::Result<()> {
        let why = format!(
            "the process that was to fetch it, crawler-{dead}, has died: {}",
            self.crew[dead].dead.unwrap_or(ExitStatus::Lost)
        );
        self.book.failed(Job::new(page), None, why)
    }

    /// Tells each owner of its pages of which nothing was heard.
    fn write_of_all(&self) {
        let mut letters = vec![Vec::new(); self.crew.len()];
        for page in self.book.frontier.next() {
            let url = Url::clone(self.book.frontier.url(page));
            let depth = self.book.frontier.depth(page);
            letters[owner(&url, self.crew.len())].push((url, depth));
        }
        for (member, links) in self.crew.iter().zip(letters) {
            if member.dead.is_none() && !links.is_empty() {
                member.write(Letter::Links(links));
            }
        }
    }

    /// Has the owners end, and waits for them.
    fn dismiss(&self) {
        self.crew.iter().for_each(|member| member.inbox.shutdown());
        let deadline = clock::now() + PATIENCE;
        for member in &self.crew {
            if member.process.join_deadline(deadline).is_none() {
                let _ = member.process.kill(); // it has nothing to lose
            }
        }
    }

    /// Enters what was told until the end.
    fn hear_rest(&mut self) -> io::Result<()> {
        while let Some(call) = self.mailbox.take(Some(clock::now())) {
            if let Call(Kind::News(news @ News::Done { .. })) = call {
                self.hear(news)?;
            }
        }
        while let Ok(news) = self.news.try_get() {
            if let News::Done { .. } = news {
                self.hear(news)?;
            }
        }
        Ok(())
    }
}
