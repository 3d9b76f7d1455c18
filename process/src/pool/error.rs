//! What can go wrong with a call in a worker process.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::process::{ExitStatus, StartError};

/// Why a call in a worker process has no result, if it did not panic.
///
/// It is the [`source`](Error::source) of the [`CallError`](osier_runtime::thread::CallError) that the call came to. A panic is none of these:
/// `CallError::is_panic` and `message` tell of it.
///
/// ```
/// use osier::process::pool::{Pool, TaskError};
///
/// osier::process::functions! {
///     fn dies(code: i32) { std::process::exit(code) }
/// }
/// osier::run(|| {
///     let pool = Pool::new(1)?;
///     let error = pool.apply(dies, (3,)).unwrap_err();
///     let Some(TaskError::WorkerDied { status, .. }) = error.downcast_ref() else { panic!("{error}") };
///     assert_eq!(status.to_string(), "code 3");
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// The worker that made the call has died.
    WorkerDied {
        /// Its number.
        pid: u32,
        /// How it has ended.
        status: ExitStatus,
    },
    /// The arguments cannot be sent, or not be read by the worker: why. The call was not made.
    Argument(String),
    /// The call was made, and its result cannot be sent, or not be read: why.
    Result(String),
    /// The pool was closed before.
    Closed,
    /// The pool was terminated, or dropped.
    Terminated,
    /// There are no workers any more: why.
    Broken(Arc<str>),
}

impl TaskError {
    /// Whether it is the pool that failed, not this call alone.
    pub(super) fn is_of_pool(&self) -> bool {
        !matches!(self, TaskError::Argument(_) | TaskError::Result(_))
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskError::WorkerDied { pid, status } => {
                write!(f, "the worker, process {pid}, has ended: {status}")
            }
            TaskError::Argument(why) => write!(f, "the arguments cannot be sent: {why}"),
            TaskError::Result(why) => write!(f, "the result cannot be sent: {why}"),
            TaskError::Closed => f.write_str("the pool was closed, and takes no more calls"),
            TaskError::Terminated => f.write_str("the pool was terminated"),
            TaskError::Broken(why) => write!(f, "the pool is broken: {why}"),
        }
    }
}

impl Error for TaskError {}

/// The pool takes calls, so its end cannot be waited for.
///
/// ```
/// use osier::process::pool::{Pool, StillOpen};
///
/// osier::run(|| {
///     let pool = Pool::new(1)?;
///     assert_eq!(pool.join(), Err(StillOpen));
///     pool.close();
///     assert_eq!(pool.join(), Ok(()));
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StillOpen;

impl fmt::Display for StillOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool still takes calls: `close` or `terminate` it before `join`")
    }
}

impl Error for StillOpen {}

/// A call was not taken; the arguments come back.
///
/// ```
/// use osier::process::pool::{ProcessPoolExecutor, Unsubmitted};
///
/// osier::process::functions! {
///     fn square(n: u64) -> u64 { n * n }
/// }
/// osier::run(|| {
///     let executor = ProcessPoolExecutor::new(1);
///     executor.shutdown();
///     let error = executor.submit(square, (7,)).unwrap_err();
///     assert!(matches!(error.why, Unsubmitted::ShutDown));
///     assert_eq!(error.args, (7,));
/// });
/// ```
pub struct SubmitError<A> {
    /// What it was to be called with.
    pub args: A,
    /// Why it was not.
    pub why: Unsubmitted,
}

/// Why a call was not taken.
///
/// See [`SubmitError`] for an example.
#[derive(Debug)]
pub enum Unsubmitted {
    /// The executor takes no more.
    ShutDown,
    /// It is broken: a worker has died, or could not begin.
    Broken(TaskError),
    /// There is no worker, and none can be started.
    NoWorker(StartError),
}

impl fmt::Display for Unsubmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsubmitted::ShutDown => f.write_str("the executor was shut down"),
            Unsubmitted::Broken(why) => write!(f, "the executor is broken: {why}"),
            Unsubmitted::NoWorker(error) => write!(f, "no worker could be started: {error}"),
        }
    }
}

impl<A> fmt::Debug for SubmitError<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<A> fmt::Display for SubmitError<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the call was not taken: {}", self.why)
    }
}

impl<A> Error for SubmitError<A> {}
