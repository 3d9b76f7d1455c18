//! What a child changes is changed for itself: memory is not shared, a queue is. One child by fork, one that begins anew (spawn).
//!
//! In Python: a global list that a `multiprocessing.Process` appends to, and that is empty in the parent afterwards.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use osier::process::queue::Queue;
use osier::process::{Builder, current, functions};

static GLOBAL: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static LOCAL: Cell<u32> = const { Cell::new(0) };
}

/// Who says so, what the global and the thread-local are.
type Seen = (String, u32, u32);

fn look() -> Seen {
    (current().name().to_string(), GLOBAL.load(Relaxed), LOCAL.get())
}

fn add(n: u32) {
    GLOBAL.fetch_add(n, Relaxed);
    LOCAL.set(LOCAL.get() + n);
}

functions! {
    /// Runs in a new process of this program, in which nobody has changed anything.
    fn look_anew(seen: Queue<Seen>) {
        seen.put(look()).unwrap();
        add(100);
        seen.put(look()).unwrap();
    }
}

fn show((who, global, local): Seen) {
    println!("{who}: global {global}, thread-local {local}");
}

fn main() -> io::Result<()> {
    osier::run(|| {
        let seen = Queue::unbounded()?; // what is put in one process is got in another
        let list = Rc::new(Cell::new(1)); // a closure takes a copy of it along
        add(1);
        show(look());

        let (theirs, copy) = (seen.clone(), list.clone());
        let forked = Builder::new().name("forked").fork(move || {
            theirs.put(look()).unwrap(); // begins with all that the parent has
            add(10);
            copy.set(copy.get() + 10);
            theirs.put(look()).unwrap();
        })?;
        forked.join();
        let anew = Builder::new().name("anew").spawn(look_anew, (seen.clone(),))?;
        anew.join();

        seen.shutdown(); // nobody puts any more: the loop ends
        seen.iter().for_each(show);
        show(look());
        println!("what both closures had in hand: {}", list.get());
        Ok(())
    })
}
