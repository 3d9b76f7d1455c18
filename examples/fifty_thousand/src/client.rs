//! What fetches: processes, with hubs on OS threads, with tasks.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use osier::net::TcpStream;
use osier::process::{Crew, Worker, Workers, WorkersError};

use crate::args::Form;
use crate::machine::resident;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// What was fetched, and what was not.
const DONE: &str = "done";
const FAILED: &str = "failed";
/// Bytes that a process has grown by, when all of its requests were on their way.
const GROWN: &str = "grown";

/// What this process had in memory before its first task; each process has its own.
static BEFORE: OnceLock<u64> = OnceLock::new();
/// How many of its requests were sent.
static SENT: AtomicUsize = AtomicUsize::new(0);

/// What came of all fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// Answered as they should be.
    pub done: u64,
    /// Not so.
    pub failed: u64,
    /// Bytes of memory that the processes took for them.
    pub bytes: u64,
}

/// Fetches with all of them, at once; waits for the end.
///
/// # Errors
///
/// When a process cannot be had, or fails as a whole.
///
/// # Blocking
///
/// Switches tasks.
pub fn fetch_all(form: Form, addresses: Vec<SocketAddr>) -> Result<Fetched, WorkersError> {
    let plan = Workers::new().processes(form.processes).threads(form.threads).crash_limit(1);
    let plan = plan.counter(DONE).counter(FAILED).counter(GROWN);
    let crew: Crew = plan.start(move |worker| one_hub(worker, form, &addresses))?;
    crew.join()?;
    Ok(Fetched { done: crew.total(DONE), failed: crew.total(FAILED), bytes: crew.total(GROWN) })
}

/// All tasks of a hub, each of which fetches once.
fn one_hub(worker: &Worker, form: Form, addresses: &[SocketAddr]) {
    let before = *BEFORE.get_or_init(resident);
    let (done, failed) = (worker.counter(DONE), worker.counter(FAILED));
    let grown = worker.counter(GROWN);
    let first = (worker.index() * form.threads + worker.hub()) * form.tasks;
    for n in first..first + form.tasks {
        let addr = addresses[n % addresses.len()];
        let (done, failed, grown) = (done.clone(), failed.clone(), grown.clone());
        osier::spawn(move || {
            let sent = || {
                let all = SENT.fetch_add(1, Ordering::Relaxed) + 1;
                if all == form.threads * form.tasks {
                    grown.set(resident().saturating_sub(before));
                }
            };
            match fetch(addr, sent) {
                Ok(()) => done.add(1),
                Err(_) => failed.add(1),
            }
        });
    }
    // The hub ends when its tasks have.
}

/// One fetch, as plain blocking code.
fn fetch(addr: SocketAddr, sent: impl FnOnce()) -> io::Result<()> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(REQUEST)?;
    sent();
    let mut answer = [0; 256];
    let mut filled = 0;
    while !answer[..filled].ends_with(b"\r\n\r\nok\n") {
        match stream.read(&mut answer[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => filled += n,
        }
    }
    let fine = answer.starts_with(b"HTTP/1.1 200 ");
    if fine { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}
