//! Spawns tasks, waits for all of them with a limit, and looks at what they gave.
//!
//! In Python, the first example of gevent: `jobs = [gevent.spawn(gethostbyname, url) for url in urls]`,
//! `gevent.joinall(jobs, timeout=2)`, `[job.value for job in jobs]`.

use std::time::Duration;

use osier::JoinAll;

/// Stands for a question to a slow server.
fn look_up(name: &str) -> String {
    let patience = Duration::from_millis(name.len() as u64);
    osier::sleep(if name.is_empty() { Duration::from_secs(3600) } else { patience });
    assert!(name.is_ascii(), "nobody is called {name}");
    name.chars().rev().collect()
}

fn main() {
    osier::run(|| {
        let names = ["willow", "osier", "", "sållow"];
        let jobs = names.map(|name| osier::spawn(move || look_up(name)));
        let ended = JoinAll::new(&jobs).timeout(Duration::from_millis(500)).join();
        println!("{} of {} have ended", ended.len(), jobs.len());

        for (name, job) in names.iter().zip(&jobs) {
            match (job.value(), job.error()) {
                (Some(value), _) => println!("{name:?}: {value}"),
                (_, Some(error)) => println!("{name:?}: {error}"),
                (None, None) => println!("{name:?}: not yet"),
            }
        }
        osier::kill_all(&jobs); // or `run` would wait an hour for the third
    });
}
