//! Built with `panic = "abort"` by ../abort.rs: does what its argument says.

use std::time::Duration;

const FOREVER: Duration = Duration::from_secs(3600);

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("work") => osier::run(|| {
            let task = osier::spawn(|| osier::sleep(Duration::from_millis(1)));
            osier::scope(|s| s.spawn(|| 7).join().unwrap());
            task.join().unwrap();
        }),
        Some("kill") => osier::run(|| osier::spawn(|| osier::sleep(FOREVER)).kill()),
        Some("timeout") => osier::run(|| {
            let mut called = false;
            let result = osier::timeout(FOREVER, || called = true);
            println!("{} {called}", result.unwrap_err());
        }),
        Some("daemon") => osier::run(|| {
            let daemon = osier::Builder::new().daemon(true);
            drop(daemon.spawn(|| osier::sleep(FOREVER)));
            osier::yield_now();
        }),
        Some("deadlock") => osier::run(|| {
            let task = osier::spawn(|| {
                let _ = osier::park(osier::Reason::new("waiting for nobody"), None, || {});
            });
            task.wait();
        }),
        other => panic!("no such deed: {other:?}"),
    }
    println!("done");
}
