//! How workers are, and how they have ended.

/// How one worker is.
///
/// ```no_run
/// # fn example(crew: &osier::process::Crew) {
/// for worker in crew.status() {
///     println!("{}: pid {:?}, started {} times", worker.index, worker.pid, worker.starts);
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkerStatus {
    /// Which worker, from 0.
    pub index: usize,
    /// Its process; none while there is none.
    pub pid: Option<u32>,
    /// How often it was started.
    pub starts: u64,
    /// Its numbers, with their names.
    pub counters: Vec<(String, u64)>,
}

/// How workers have ended that were to end, or were done.
///
/// ```no_run
/// osier::run(|| {
///     let ended = osier::process::Workers::new().run(|worker| _ = worker.stop().wait())?;
///     println!("{} of them had to be killed", ended.killed);
///     Ok::<(), osier::process::WorkersError>(())
/// })?;
/// # Ok::<(), osier::process::WorkersError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// How many had to be killed, as they took too long.
    pub killed: usize,
}
