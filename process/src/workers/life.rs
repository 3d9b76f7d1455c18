//! What a worker does beside its body: signals, and hubs on OS threads.

use osier_runtime::fork::hold_none;
use osier_runtime::signal::Signal;
use osier_runtime::{Builder, thread};

use super::Worker;
use super::intake::Intake;
use crate::process::{Exit, exit};

/// The life of a worker, as the main task of its process; the code that it ends with.
pub(super) fn live<F, T>(worker: Worker, threads: usize, body: F) -> i32
where
    F: Fn(&Worker) -> T + Clone + Send + Sync + 'static,
    T: Exit,
{
    let intake = Intake::catch();
    hold_none(); // what came since the fork arrives now
    let intake = match intake {
        Ok(intake) => intake,
        Err(error) => return Err::<(), _>(format!("no signals: {error}")).exit_code(),
    };
    let told = worker.clone();
    let obeys =
        Builder::new().name("osier-signals").daemon(true).spawn(move || obey(&intake, &told));
    if let Err(error) = obeys {
        return Err::<(), _>(format!("no signals: {error}")).exit_code();
    }
    match threads {
        1 => body(&worker).exit_code(),
        _ => on_threads(&worker, threads, &body),
    }
}

/// Does what the signals say, to the end.
fn obey(intake: &Intake, worker: &Worker) {
    while let Ok(signal) = intake.next() {
        worker.note_told();
        match signal {
            Signal::INT => exit(0),
            _ => worker.stop().set(),
        }
    }
}

/// The body on so many OS threads, each with a hub. If one fails, the others are told to end.
fn on_threads<F, T>(worker: &Worker, threads: usize, body: &F) -> i32
where
    F: Fn(&Worker) -> T + Clone + Send + Sync + 'static,
    T: Exit,
{
    let hubs = match thread::hubs(threads) {
        Ok(hubs) => hubs,
        Err(error) => return Err::<(), _>(format!("no OS threads: {error}")).exit_code(),
    };
    let one = |(at, hub): (usize, &thread::HubThread)| {
        let (worker, body) = (worker.on_hub(at), body.clone());
        hub.spawn(move || {
            let stop = StopOthers(&worker);
            let code = body(&worker).exit_code();
            if code == 0 {
                std::mem::forget(stop);
            }
            code
        })
    };
    let bodies: Vec<_> = hubs.iter().enumerate().map(one).collect();
    // What a panic says the panic hook has printed, where it happened.
    let codes = bodies.into_iter().map(|body| body.join().unwrap_or(1));
    let code = codes.fold(0, |first, code| if first == 0 { code } else { first });
    hubs.into_iter().for_each(thread::HubThread::stop);
    code
}

/// Dropped when a hub's body has failed: the process is to be replaced as a whole.
struct StopOthers<'a>(&'a Worker);

impl Drop for StopOthers<'_> {
    fn drop(&mut self) {
        self.0.stop().set();
    }
}
