//! Blocking crates, as they are, on 200 tasks of one thread: one line makes them wait in the hub.

use std::fs;
use std::process::ExitCode;

use osier_monkey as _;
use osier_monkey_real::clients::{self, Answer};
use osier_monkey_real::servers;
use osier_monkey_real::trial::{self, AT_ONCE, Crowd, THREADS, Trial, WAIT, Ways};

/// Names are looked up on up to 16 threads, as many as look up at once.
const BY_NAME: usize = THREADS + 16;

/// libcurl starts a thread for each look-up, which is gone once it has the address.
const BY_NAME_OF_CURL: usize = THREADS + AT_ONCE;

const TRIALS: &[Trial] = &[
    Trial::new("ureq", servers::nginx, clients::ureq::ask),
    Trial::new("ureq_agent", servers::nginx, clients::ureq::ask_an_agent),
    Trial::new("ureq_with_timeout", servers::nginx, clients::ureq::ask_with_timeout),
    Trial::new("attohttpc", servers::nginx, clients::attohttpc::ask),
    Trial::new("attohttpc_by_name", servers::pages, clients::attohttpc::ask_by_name)
        .threads(BY_NAME),
    Trial::new("minreq", servers::nginx, clients::minreq::ask),
    Trial::new("curl", servers::nginx, clients::curl::ask),
    Trial::new("curl_by_tls", servers::nginx_by_tls, clients::curl::ask_by_tls),
    Trial::new("curl_by_name", servers::pages, clients::curl::ask_by_name).threads(BY_NAME_OF_CURL),
    Trial::new("native_tls", servers::nginx_by_tls, clients::native_tls::ask),
    Trial::new("tungstenite", servers::echo, clients::tungstenite::ask),
    Trial::new("lettre", servers::sink, clients::lettre::ask),
    Trial::new("redis", servers::redis, clients::redis::ask),
    Trial::new("redis_patiently", servers::redis, clients::redis::ask_patiently),
    Trial::new("bmemcached", servers::memcached, clients::bmemcached::ask),
    Trial::new("mysql", servers::mariadb, clients::mysql::ask),
    // Its pool tells nobody who waits that a connection has broken, so they would wait on, as OS threads do.
    Trial::new("mysql_pool", servers::mariadb, clients::mysql::ask_a_pool).unkilled(),
    Trial::new("diesel", servers::postgres, clients::diesel::ask),
    Trial::new("diesel_by_name", servers::postgres, clients::diesel::ask_by_name).threads(BY_NAME),
];

fn main() -> ExitCode {
    trial::main(TRIALS, &Ways { tasks, killed })
}

/// Asks by that many tasks.
fn tasks(crowd: Crowd) -> Vec<Answer> {
    osier::run(move || {
        let tasks = (0..AT_ONCE).map(|n| osier::spawn(move || crowd.ask(n)));
        let ends = osier::join_all(tasks.collect::<Vec<_>>());
        let answer = |end: Result<_, osier::JoinError>| {
            end.unwrap_or_else(|error| Err(error.to_string().into()))
        };
        ends.into_iter().map(answer).collect()
    })
}

/// Asks, kills all that ask before they can have their answers, and asks once more: a kill is an error of the call that waits,
/// which the crate cleans up after as after any other.
fn killed(crowd: Crowd) -> Vec<Answer> {
    osier::run(move || {
        let ask =
            move |n| osier::spawn(move || crowd.ask(n)).join().map_err(|error| error.to_string());
        let mut answers = vec![ask(AT_ONCE).unwrap()];
        let open = open_files();
        let tasks: Vec<_> = (0..AT_ONCE).map(|n| osier::spawn(move || crowd.ask(n))).collect();
        osier::sleep(WAIT / 2);
        osier::kill_all(&tasks);
        let ends = tasks.into_iter().map(osier::JoinHandle::join);
        let answered = ends.filter(|end| matches!(end, Ok(Ok(())))).count();
        // On a busy machine the kills may come late for some.
        let in_time = answered < AT_ONCE / 2;
        answers.push(if in_time {
            Ok(())
        } else {
            Err(format!("{answered} were answered").into())
        });
        answers.push(ask(AT_ONCE + 1).unwrap());
        let left = open_files();
        answers.push(if left == open {
            Ok(())
        } else {
            Err(format!("{open} files were open, and are {left}").into())
        });
        answers
    })
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
