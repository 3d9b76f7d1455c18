//! The command line.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use url::Url;

/// What `--help` prints.
pub const HELP: &str = "\
Crawls web sites, one green thread a page, many pages at once.

Usage: crawler [OPTIONS] [URL...]
       crawler --serve ADDR [--delay-ms N] [--pages N]

Starts at the URLs and stays within their hosts. Without a URL it serves a demo
site on this machine, crawls that, and says what the same crawl would have taken
one page after the other.

Options:
  --concurrency N      pages fetched at once [64]
  --processes N        processes that fetch, each the hosts that fall to it [1]
  --depth N            follow links this many steps from the URLs given
  --max-pages N        stop after so many pages
  --timeout S          seconds that one page may take in all [30]
  --assets             also fetch images, style sheets and scripts
  --output FILE.jsonl  write one JSON object a page: url, final_url, status,
                       bytes, ms, depth, title, links, error
  --broken             list the broken links and the pages that hold them
  --json               print the summary as one JSON object, and nothing else,
                       on standard output
  --serve ADDR         serve the demo site alone, on ADDR (say 127.0.0.1:8000),
                       until Ctrl-C; then print what it has counted
  --delay-ms N         the demo site waits so long before each answer [50]
  --pages N            the demo site has so many pages [1000]
  -h, --help           print this
  -V, --version        print the version

Exit codes: 0 done, also when links are broken or pages could not be fetched;
1 not one page could be fetched, or a file could not be written; 2 the command
line is wrong; 130 interrupted by Ctrl-C or SIGTERM (what was fetched until then
is reported).
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Crawl these sites.
    Crawl(Options),
    /// Serve the demo site, crawl it, and compare.
    Demo(Options, SiteOptions),
    /// Serve the demo site on this address, and nothing else.
    Serve(String, SiteOptions),
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
}

/// How to crawl.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where to begin, as typed: a wrong URL is a line in the report, not the end.
    pub urls: Vec<String>,
    /// URLs whose hosts the crawl stays within as well, and does not start at: the demo's other hosts.
    pub within: Vec<Url>,
    /// How many pages are fetched at once; at least 1.
    pub concurrency: usize,
    /// How many processes fetch them; at least 1.
    pub processes: usize,
    /// How many links away from a seed a page may be.
    pub depth: Option<u32>,
    /// How many pages to fetch at most.
    pub max_pages: Option<usize>,
    /// How long one page may take, redirects included.
    pub timeout: Duration,
    /// Whether images, style sheets and scripts are fetched too.
    pub assets: bool,
    /// Where one JSON object a page goes.
    pub output: Option<PathBuf>,
    /// Whether to list broken links.
    pub broken: bool,
    /// Whether the summary is JSON, alone on standard output.
    pub json: bool,
}

/// The demo site's measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteOptions {
    /// How many pages it has; at least 1.
    pub pages: usize,
    /// How long it waits before each answer.
    pub delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            urls: Vec::new(),
            within: Vec::new(),
            concurrency: 64,
            processes: 1,
            depth: None,
            max_pages: None,
            timeout: Duration::from_secs(30),
            assets: false,
            output: None,
            broken: false,
            json: false,
        }
    }
}

impl Default for SiteOptions {
    fn default() -> Self {
        SiteOptions { pages: 1000, delay: Duration::from_millis(50) }
    }
}

/// What is wrong with the command line, as a sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> Self {
        UsageError(error.to_string())
    }
}

/// Reads the arguments, the program's name left out.
///
/// # Errors
///
/// The first thing that is wrong with them.
///
/// ```
/// use crawler::args::{Command, parse};
///
/// let Command::Crawl(options) = parse(["http://example.com/", "--depth", "2"])? else { panic!() };
/// assert_eq!(options.depth, Some(2));
/// assert!(parse(["--dept", "2"]).is_err());
/// # Ok::<(), crawler::args::UsageError>(())
/// ```
pub fn parse<A>(args: impl IntoIterator<Item = A>) -> Result<Command, UsageError>
where
    A: Into<OsString>,
{
    let mut parser = Parser::from_args(args.into_iter().map(Into::into));
    let mut options = Options::default();
    let mut site = SiteOptions::default();
    let mut serve = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("concurrency") => {
                options.concurrency = number(&mut parser, "--concurrency", 1)?
            }
            Arg::Long("processes") => options.processes = number(&mut parser, "--processes", 1)?,
            Arg::Long("depth") => options.depth = Some(number(&mut parser, "--depth", 0)?),
            Arg::Long("max-pages") => {
                options.max_pages = Some(number(&mut parser, "--max-pages", 1)?);
            }
            Arg::Long("timeout") => options.timeout = seconds(&mut parser, "--timeout")?,
            Arg::Long("assets") => options.assets = true,
            Arg::Long("output") => options.output = Some(parser.value()?.into()),
            Arg::Long("broken") => options.broken = true,
            Arg::Long("json") => options.json = true,
            Arg::Long("serve") => serve = Some(parser.value()?.string()?),
            Arg::Long("delay-ms") => {
                site.delay = Duration::from_millis(number(&mut parser, "--delay-ms", 0)?);
            }
            Arg::Long("pages") => site.pages = number(&mut parser, "--pages", 1)?,
            Arg::Value(url) => options.urls.push(url.string()?),
            Arg::Short(_) | Arg::Long(_) => return Err(arg.unexpected().into()),
        }
    }
    command(options, site, serve)
}

/// Tells the three ways of use apart, and refuses what belongs to another.
fn command(
    options: Options,
    site: SiteOptions,
    serve: Option<String>,
) -> Result<Command, UsageError> {
    match serve {
        Some(address) if options == Options::default() => Ok(Command::Serve(address, site)),
        Some(_) => Err(UsageError("--serve goes with --delay-ms and --pages only".into())),
        None if options.urls.is_empty() => Ok(Command::Demo(options, site)),
        None if site == SiteOptions::default() => Ok(Command::Crawl(options)),
        None => Err(UsageError("--delay-ms and --pages are the demo site's, not a URL's".into())),
    }
}

/// The value of an option: a whole number, at least `least`.
fn number<N>(parser: &mut Parser, option: &str, least: N) -> Result<N, UsageError>
where
    N: FromStr + PartialOrd + fmt::Display,
{
    let text = parser.value()?.string()?;
    text.parse().ok().filter(|n| *n >= least).ok_or_else(|| {
        UsageError(format!("{option}: {text:?} is not a whole number from {least} up"))
    })
}

/// The value of an option: seconds, possibly with a fraction.
fn seconds(parser: &mut Parser, option: &str) -> Result<Duration, UsageError> {
    let text = parser.value()?.string()?;
    let time = text.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    time.filter(|time| !time.is_zero())
        .ok_or_else(|| UsageError(format!("{option}: {text:?} is not a number of seconds above 0")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crawl(args: &[&str]) -> Options {
        match parse(args) {
            Ok(Command::Crawl(options) | Command::Demo(options, _)) => options,
            other => panic!("{args:?}: {other:?}"),
        }
    }

    fn complaint(args: &[&str]) -> String {
        parse(args).expect_err(&args.join(" ")).to_string()
    }

    #[test]
    fn no_arguments_mean_the_demo() {
        assert_eq!(parse([""; 0]), Ok(Command::Demo(Options::default(), SiteOptions::default())));
    }

    #[test]
    fn every_option_arrives() {
        let args = "http://a/ --concurrency 7 --processes 3 --depth=0 --max-pages 9 --timeout 1.5 --assets \
                    --output x.jsonl --broken http://b/ --json";
        let options = crawl(&args.split_whitespace().collect::<Vec<_>>());
        let wanted = Options {
            urls: vec!["http://a/".into(), "http://b/".into()],
            within: Vec::new(),
            concurrency: 7,
            processes: 3,
            depth: Some(0),
            max_pages: Some(9),
            timeout: Duration::from_millis(1500),
            assets: true,
            output: Some("x.jsonl".into()),
            broken: true,
            json: true,
        };
        assert_eq!(options, wanted);
    }

    #[test]
    fn the_site_has_its_own_measures() {
        let site = SiteOptions { pages: 3, delay: Duration::ZERO };
        let args = ["--pages", "3", "--delay-ms", "0"];
        assert_eq!(parse(args), Ok(Command::Demo(Options::default(), site)));
        let args = ["--serve", "127.0.0.1:0", "--pages", "3", "--delay-ms", "0"];
        assert_eq!(parse(args), Ok(Command::Serve("127.0.0.1:0".into(), site)));
    }

    #[test]
    fn wrong_urls_are_left_to_the_report() {
        assert_eq!(crawl(&["nonsense"]).urls, ["nonsense"]);
        assert_eq!(crawl(&["--", "--odd"]).urls, ["--odd"]);
    }

    #[test]
    fn help_and_version_win() {
        assert_eq!(parse(["--json", "-h", "--nonsense"]), Ok(Command::Help));
        assert_eq!(parse(["--version"]), Ok(Command::Version));
        assert!(HELP.lines().all(|line| line.len() <= 80));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (args, wanted) in [
            (vec!["--nonsense"], "--nonsense"),
            (vec!["-x"], "-x"),
            (vec!["--json=yes"], "--json"),
            (vec!["--depth"], "--depth"),
            (vec!["--concurrency", "0"], "--concurrency: \"0\""),
            (vec!["--processes", "0"], "--processes"),
            (vec!["--concurrency", "many"], "--concurrency: \"many\""),
            (vec!["--max-pages", "0"], "--max-pages: \"0\""),
            (vec!["--depth", "-1"], "--depth"),
            (vec!["--timeout", "0"], "--timeout: \"0\""),
            (vec!["--timeout", "nan"], "--timeout: \"nan\""),
            (vec!["--timeout", "1e30"], "--timeout: \"1e30\""),
            (vec!["--pages", "0"], "--pages: \"0\""),
            (vec!["http://a/", "--pages", "3"], "--pages"),
            (vec!["--serve", "x", "http://a/"], "--serve"),
            (vec!["--serve", "x", "--json"], "--serve"),
        ] {
            assert!(complaint(&args).contains(wanted), "{args:?}: {}", complaint(&args));
        }
    }
}
