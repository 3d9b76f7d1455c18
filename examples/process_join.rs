//! Three children that end after three, two and one tenths of a second: joined as they were started, and as they end. By fork.
//!
//! In Python: `for p in children: p.join()`, and `multiprocessing.connection.wait([p.sentinel for p in children])`.

use std::time::Duration;

use osier::process::{Builder, Process, StartError, active_children};

const TENTH: Duration = Duration::from_millis(100);

/// Sleeps for so long, and ends with that number as its code.
fn sleeper(tenths: u32) -> Result<Process, StartError> {
    let named = Builder::new().name(format!("sleeper-{tenths}"));
    named.fork(move || {
        osier::sleep(TENTH * tenths);
        tenths as i32
    })
}

fn three() -> Result<Vec<Process>, StartError> {
    [3, 2, 1].into_iter().map(sleeper).collect()
}

fn main() -> Result<(), StartError> {
    osier::run(|| {
        let began = osier::clock::now();
        println!("joined in the order of their start:");
        for child in &three()? {
            println!("  {} ended with {}", child.name(), child.join());
        }
        // The first join has waited for the longest: the other two had ended by then.
        let took = began.elapsed();
        println!("  in {took:.1?}, as they slept at the same time: {}", took < TENTH * 6);

        println!("as they end:");
        let children = three()?;
        println!("  {} are alive", active_children().len());
        for (place, child) in osier::iwait(&children) {
            println!("  {}, started as number {}", child.name(), place + 1);
        }

        let late = sleeper(3)?;
        println!("a join that has no time: {:?}", late.join_timeout(TENTH / 10));
        late.kill()?;
        println!("and after a kill: {}; {} are alive", late.join(), active_children().len());
        Ok(())
    })
}
