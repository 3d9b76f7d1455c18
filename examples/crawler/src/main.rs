//! The `crawler` program: reads the command line, runs the crawl, says what came of it.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;

use crawler::args::{self, Command, Options, SiteOptions};
use crawler::crawl::{Crawl, Crawled};
use crawler::fleet::{Call, Desk};
use crawler::mailbox::Mailbox;
use crawler::reply::Event;
use crawler::server::Server;
use crawler::signals::{INTERRUPTED, Signals};
use crawler::site::Site;
use crawler::{descriptors, progress, words};

/// Not one page could be fetched, or a file could not be written.
const FAILED: u8 = 1;

/// The command line is wrong.
const USAGE: u8 = 2;

/// As many hosts a process does the demo have: with few, one process may get them all.
const HOSTS: usize = 8;

/// Descriptors that are not sockets of the crawl: terminal, output file, signals, poll and the like.
const SPARE: u64 = 24;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            progress::print(&format!("crawler: {error}\nTry --help.\n"));
            return USAGE.into();
        }
    };
    let descriptors = descriptors::raise_limit();
    let result = match command {
        Command::Help => print(args::HELP),
        Command::Version => print(concat!("crawler ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::Crawl(options) => osier::run(|| crawl(&options)),
        Command::Demo(options, site) => osier::run(|| demo(options, site, descriptors)),
        Command::Serve(address, site) => osier::run(|| serve(&address, site)),
    };
    result.unwrap_or_else(|error| {
        progress::print(&format!("crawler: {error}\n"));
        FAILED.into()
    })
}

/// Crawls the sites of the command line.
fn crawl(options: &Options) -> io::Result<ExitCode> {
    let crawled = run(options)?;
    tell(options, &crawled, "")
}

/// Serves the demo site and crawls it: in one thread, or from it in several processes.
fn demo(mut options: Options, site: SiteOptions, descriptors: Option<u64>) -> io::Result<ExitCode> {
    // Several processes each want hosts of their own.
    let hosts = if options.processes > 1 { options.processes * HOSTS } else { 1 };
    let server = Server::start_on(hosts, site.pages, site.delay)?;
    let mut urls = server.origins().map(|origin| origin + "/");
    options.urls = urls.by_ref().take(1).collect();
    options.within = urls.filter_map(|url| url.parse().ok()).collect();
    progress::print(&words::demo(site, &options.urls[0]));
    // Each page takes two descriptors, as both ends of its connection are ours.
    let room = descriptors.map_or(usize::MAX, |limit| (limit.saturating_sub(SPARE) / 2) as usize);
    if options.concurrency > room.max(1) {
        options.concurrency = room.max(1);
        progress::print(&words::fewer(options.concurrency));
    }
    let crawled = run(&options)?;
    let seen = server.counters();
    let served = words::served(seen.requests(), seen.most_connections());
    tell(&options, &crawled, &(served + &words::comparison(&crawled, site.delay)))
}

/// Serves the demo site until a signal comes.
fn serve(address: &str, site: SiteOptions) -> io::Result<ExitCode> {
    let signals = Signals::catch()?;
    let server = Server::start(address, Site::new(site.pages), site.delay)?;
    print(&format!("serving {} pages on http://{}/\n", site.pages, server.addresses()[0]))?;
    signals.wait()?;
    let seen = server.counters();
    print(&words::served(seen.requests(), seen.most_connections()))
}

/// Crawls until all is done or a signal comes.
fn run(options: &Options) -> io::Result<Crawled> {
    if options.processes > 1 {
        let mailbox = Rc::new(Mailbox::new());
        let desk = Desk::open(options, Rc::clone(&mailbox))?;
        watch(move || mailbox.put(Call::interrupted()))?;
        return desk.run();
    }
    let mailbox = Rc::new(Mailbox::new());
    let crawl = Crawl::new(options, Rc::clone(&mailbox))?;
    watch(move || mailbox.put(Event::Interrupted))?;
    crawl.run()
}

/// Calls `interrupt` when a signal comes.
fn watch(interrupt: impl FnOnce() + 'static) -> io::Result<()> {
    let signals = Signals::catch()?;
    let watch = move || signals.wait().map(|()| interrupt());
    osier::Builder::new().name("signals").daemon(true).spawn(watch)?;
    Ok(())
}

/// Says what came of a crawl; `more` is for people, too.
fn tell(options: &Options, crawled: &Crawled, more: &str) -> io::Result<ExitCode> {
    let broken = if options.broken { words::broken(&crawled.broken) } else { String::new() };
    let text = broken + &words::report(crawled) + more;
    if options.json {
        progress::print(&text);
        print(&(serde_json::to_string(&crawled.summary)? + "\n"))?;
    } else {
        print(&text)?;
    }
    progress::print(&words::notices(crawled));
    Ok(match crawled {
        Crawled { interrupted: Some(_), .. } => ExitCode::from(INTERRUPTED),
        Crawled { report, .. } if report.answered == 0 => ExitCode::from(FAILED),
        _ => ExitCode::SUCCESS,
    })
}

/// Writes to standard output; nobody to read it is no fault of ours.
fn print(text: &str) -> io::Result<ExitCode> {
    let written = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(ExitCode::SUCCESS),
    }
}
