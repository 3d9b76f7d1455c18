//! Thirteen users and five places: a semaphore between processes lets five in at a time. By fork.
//!
//! In Python: `places = multiprocessing.Semaphore(5)` and `with places:` in thirteen processes.

use std::io;
use std::time::Duration;

use osier::process::sync::{Event, Semaphore};
use osier::process::{Builder, Process, StartError, pipe};

const USERS: usize = 13;
const PLACES: usize = 5;

/// What the parent is told, in the order in which it happens.
#[derive(serde::Serialize, serde::Deserialize)]
enum News {
    Sits,
    Leaves,
}

fn visit(places: &Semaphore, full: &Event, tell: &pipe::Writer<News>) -> io::Result<()> {
    let _place = places.acquire().expect("a task that does not unwind may wait");
    tell.send(&News::Sits)?;
    full.wait(); // nobody leaves before all places are taken
    osier::sleep(Duration::from_millis(2));
    tell.send(&News::Leaves)?;
    Ok(())
} // the place is free again

fn main() -> Result<(), StartError> {
    osier::run(|| {
        let (places, full) = (Semaphore::new(PLACES)?, Event::new()?);
        let (news, tell) = pipe::simplex()?;
        let user = |number: usize| {
            let (places, full, tell) = (places.clone(), full.clone(), tell.try_clone()?);
            let named = Builder::new().name(format!("user-{number}"));
            named.fork(move || visit(&places, &full, &tell))
        };
        let users: Vec<Process> = (1..=USERS).map(user).collect::<Result<_, _>>()?;
        drop(tell); // the last ends are the users': the news end with them

        let (mut seated, mut most, mut visits) = (0, 0, 0);
        for what in news.iter() {
            match what {
                News::Sits => (seated, visits) = (seated + 1, visits + 1),
                News::Leaves => seated -= 1,
            }
            most = most.max(seated);
            if seated == PLACES && !full.is_set() {
                println!("{seated} sit; a sixth: {}", places.try_acquire().unwrap_err());
                full.set();
            }
        }
        let ended = users.iter().filter(|user| user.join().is_success()).count();
        println!("{visits} visits, at most {most} at once; {ended} users have ended well");
        println!("{} of {PLACES} places are free", places.available());
        Ok(())
    })
}
