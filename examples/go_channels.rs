//! For those who know Go: goroutines, a channel, `range` over it, a `WaitGroup`.
//!
//! In Go: `ch := make(chan int)`, `go square(ch)`, `close(ch)`, `for n := range ch`. A channel here is closed when
//! its last sender has gone; tasks never move between threads, so there is no `sync.Mutex` around what they share.

use osier::channel;

fn main() {
    osier::run(|| {
        let (results, squares) = channel::bounded(0); // unbuffered: each send waits for its receive
        let workers: Vec<_> = (1..=3)
            .map(|n| {
                let results = results.clone();
                osier::spawn(move || results.send(n * n).expect("main receives"))
            })
            .collect();
        drop(results); // the workers have theirs

        for square in &squares {
            println!("received {square}");
        }
        println!("closed: {:?}", squares.recv().is_err());

        let done = osier::join_all(workers); // wg.Wait(), and errors come with it
        println!("all well: {}", done.iter().all(Result::is_ok));
    });
}
