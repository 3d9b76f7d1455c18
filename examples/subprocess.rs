//! Other programs, several at once, talked to and waited for.
//!
//! In Python: `gevent.subprocess`, with `Popen`, `communicate`, `TimeoutExpired`.

use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use osier::join_all;
use osier::process::subprocess::{Command, Stdio, TimedOut};
use osier::signal::Signal;

fn main() -> io::Result<()> {
    osier::run(|| {
        // Three at once take as long as one.
        let began = osier::clock::now();
        let sleep = |_| osier::spawn(|| Command::new("sleep").arg("0.2").status());
        for status in join_all((0..3).map(sleep)) {
            assert!(status.expect("nobody kills it")?.success());
        }
        println!("three at once, as one after the other: {}", began.elapsed().as_millis() >= 600);

        // Both ways at once, however much it is.
        let mut sort = Command::new("sort");
        let mut sort = sort.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = sort.communicate("pear\napple\nfig\n")?;
        println!("sorted: {:?}", String::from_utf8_lossy(&output.stdout));

        // Line by line.
        let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (mut to, from) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
        let mut lines = BufReader::new(from).lines();
        for word in ["one", "two"] {
            writeln!(to, "{word}")?;
            println!("it says {:?}", lines.next().transpose()?);
        }
        drop(to); // that was all
        println!("it ends: {}", cat.wait()?);

        // What was written before the time was up is kept.
        let mut slow = Command::new("sh");
        slow.args(["-c", "echo begun; exec sleep 60"]);
        let late = slow.output_timeout(Duration::from_millis(300)).unwrap_err();
        let late = late.downcast::<TimedOut>().expect("it takes a minute");
        println!("too late, after {:?}", String::from_utf8_lossy(&late.stdout));

        // Others wait for it, or tell it to go.
        let mut sleeper = Command::new("sleep").arg("60").spawn()?;
        println!("still there: {:?}", sleeper.wait_timeout(Duration::from_millis(10))?);
        sleeper.signal(Signal::TERM)?;
        println!("it ends by {}", sleeper.wait()?);

        let missing = Command::new("/no/such/program").spawn().unwrap_err();
        println!("no program: {}", missing.kind());
        Ok(())
    })
}
