//! SQLite under the patch: in a pool, and what two tasks may do with one connection.
//!
//! While it waits for a file that another has locked, SQLite sleeps in the midst of a statement, and nothing of its own keeps other
//! tasks of the thread out of the connection. Before such sleeps were left to the kernel this crashed, or lost rows.

use std::cell::Cell;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use ::rusqlite::Connection;
use osier::thread::Pool;
use osier_monkey as _;
use osier_monkey_real::clients::rusqlite;
use osier_monkey_real::servers::Folder;
use osier_monkey_real::trial::{self, AT_ONCE, WAIT};

/// How many rows each task puts in.
const ROWS: usize = 20;

/// What keeps all others from the file.
const ALONE: &str = "begin exclusive";

fn main() -> ExitCode {
    trial::alone(&[
        ("in_a_pool_the_others_run_meanwhile", in_a_pool_the_others_run_meanwhile),
        ("a_connection_in_a_mutex_is_one_task_s_at_a_time", in_a_mutex),
        ("without_switches_nobody_comes_between", without_switches),
        ("two_tasks_never_meet_in_a_connection", with_nothing),
        ("nor_do_they_if_files_go_through_the_pool", with_files_in_the_pool),
        ("nor_do_they_if_the_program_sleeps_for_sqlite", with_a_handler_that_sleeps),
    ])
}

fn in_a_pool_the_others_run_meanwhile() {
    static POOL: Pool = Pool::new("sqlite", 2);
    let folder = Folder::new("sqlite").unwrap();
    let path = folder.path().join("rows");
    let holder = hold(&path, ALONE, WAIT);
    let ticks = osier::run(|| {
        let tasks = (0..AT_ONCE).map(|n| {
            let path = path.clone();
            osier::spawn(move || POOL.offload(move || rusqlite::ask(&path, n)))
        });
        let tasks: Vec<_> = tasks.collect();
        let (ticks, during) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (count, seen) = (ticks.clone(), during.clone());
        let ticker = osier::spawn(move || {
            while !holder.is_finished() {
                thread::sleep(Duration::from_millis(1));
                count.set(count.get() + 1);
            }
            seen.set(count.get());
            holder.join().unwrap();
        });
        let ends = osier::join_all(tasks);
        ends.into_iter().for_each(|end| end.unwrap().unwrap());
        ticker.join().unwrap();
        during.get()
    });
    assert_eq!(rusqlite::rows(&path).unwrap(), AT_ONCE);
    assert!(ticks > 50, "only {ticks} times has another task run while all of them waited");
    println!("{AT_ONCE} rows, and {ticks} turns of another task while the file was locked");
}

fn in_a_mutex() {
    let taken = two_tasks(|connection, n| {
        let connection = connection.lock().unwrap();
        // The other task comes to the lock meanwhile.
        thread::sleep(Duration::from_millis(1));
        rusqlite::insert(&connection, n).is_ok()
    });
    assert_eq!(taken, 2 * ROWS);
}

fn without_switches() {
    // the mutex is never waited for, as nobody switches while it is locked.
    let taken = two_tasks(|connection, n| {
        osier::no_switch(|| {
            let connection = connection.try_lock().expect("nobody has come between");
            rusqlite::insert(&connection, n).is_ok()
        })
    });
    assert_eq!(taken, 2 * ROWS);
}

fn with_nothing() {
    one_at_a_time(|_| {});
}

fn with_files_in_the_pool() {
    osier_monkey::patch_files(true);
    one_at_a_time(|_| {});
}

fn with_a_handler_that_sleeps() {
    one_at_a_time(|connection| {
        let patience = |_| {
            thread::sleep(Duration::from_millis(1));
            true
        };
        connection.busy_handler(Some(patience)).unwrap();
    });
}

/// Has two tasks insert rows by one connection that nothing guards, and sees that neither does while the other is at it.
fn one_at_a_time(prepare: fn(&Connection)) {
    let folder = Folder::new("sqlite").unwrap();
    let path = folder.path().join("rows");
    let shared = Rc::new((rusqlite::open(&path).unwrap(), Cell::new(false)));
    prepare(&shared.0);
    let taken = in_two(&path, move |n| {
        let (connection, is_in_use) = &*shared;
        assert!(!is_in_use.replace(true), "a task has come into a connection that is in use");
        let taken = rusqlite::insert(connection, n).is_ok();
        is_in_use.set(false);
        taken
    });
    assert_eq!((rusqlite::rows(&path).unwrap(), taken), (2 * ROWS, 2 * ROWS));
}

/// Has two tasks insert rows by one connection, while another holds the file at first; gives how many it took.
fn two_tasks(insert: fn(&Mutex<Connection>, usize) -> bool) -> usize {
    let folder = Folder::new("sqlite").unwrap();
    let path = folder.path().join("rows");
    let connection = Rc::new(Mutex::new(rusqlite::open(&path).unwrap()));
    let taken = in_two(&path, move |n| insert(&connection, n));
    assert_eq!(rusqlite::rows(&path).unwrap(), taken, "rows that are there, and rows taken");
    taken
}

fn in_two(path: &Path, insert: impl Fn(usize) -> bool + Clone + 'static) -> usize {
    let holder = hold(path, ALONE, WAIT);
    let taken = osier::run(|| {
        let tasks = (0..2).map(|task| {
            let insert = insert.clone();
            osier::spawn(move || (0..ROWS).filter(|n| insert(task * ROWS + n)).count())
        });
        let ends = osier::join_all(tasks.collect::<Vec<_>>());
        ends.into_iter().map(Result::unwrap).sum()
    });
    holder.join().unwrap();
    taken
}

/// Locks the file in that way, on a thread of its own, from now on for that long.
fn hold(path: &Path, how: &'static str, wait: Duration) -> thread::JoinHandle<()> {
    let path = path.to_owned();
    let (tell, told) = mpsc::channel();
    let holder = thread::spawn(move || {
        rusqlite::hold(&path, how, wait, || tell.send(()).unwrap()).unwrap();
    });
    told.recv().unwrap();
    holder
}
