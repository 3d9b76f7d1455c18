//! Runs the classic sum and says what came of it; `--help` tells what can be changed.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use fifty_thousand::args::{self, Form, Options};
use fifty_thousand::report::Report;
use fifty_thousand::{client, machine, server};
use osier::clock;
use osier::process::WorkersError;

/// Descriptors of a process that are no connections.
const SPARE: usize = 200;

fn main() -> ExitCode {
    let options = match args::parse(std::env::args().skip(1)) {
        Ok(options) if !options.forms.is_empty() => options,
        Ok(_) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    raise_limit(&options);
    match options.forms.iter().try_for_each(|form| one(*form, &options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Raises the limit of open files, and says so; says what is missing, too.
fn raise_limit(options: &Options) {
    let (before, now) = machine::raise_limit();
    let most = options.forms.iter().map(|form| {
        let served = form.fetches() / options.workers;
        served.max(form.threads * form.tasks) + 4 * form.threads + SPARE
    });
    let needed = most.max().unwrap_or(0) as u64;
    if before < needed {
        eprintln!("open files a process: {now} from now on; it was {before} (ulimit -n)");
    }
    if now < needed {
        eprintln!(
            "a process needs {needed} open files, and may have {now}: some fetches will fail"
        );
    }
}

/// Does it in one form.
fn one(form: Form, options: &Options) -> Result<(), WorkersError> {
    let report = osier::run(|| {
        let cpu = machine::cpu_seconds();
        let server = server::start(options.workers, options.addresses, options.delay)?;
        let began = clock::now();
        let fetched = client::fetch_all(form, server.addresses.clone())?;
        let seconds = (clock::now() - began).as_secs_f64();
        server.crew.drain();
        server.crew.join()?;
        Ok::<_, WorkersError>(Report {
            form,
            peak_in_flight: server.peak(),
            failed: form.fetches() as u64 - fetched.done,
            seconds,
            cpu_seconds: machine::cpu_seconds() - cpu,
            rss_bytes_per_task: fetched.bytes / form.fetches() as u64,
        })
    })?;
    match options.json {
        true => println!("{}", report.json()),
        false => println!("{report}"),
    }
    Ok(())
}
