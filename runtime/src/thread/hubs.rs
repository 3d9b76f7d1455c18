//! OS threads that each have a hub.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::{Event, Promise, promise};
use crate::handle::{Handle, RemoteHandle};
use crate::run::Hub;
use crate::stay::stay;

/// Spawns a task on the hub of another thread.
///
/// What [`Handle::spawn`] does, as a function. The handle that comes back may travel: any task and any thread can join.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let other = osier::thread::HubThread::start("other").unwrap();
/// let task = osier::thread::spawn_on(other.handle(), || osier::current().name());
/// assert_eq!(osier::run(|| task.join()).unwrap(), None);
/// ```
#[track_caller]
pub fn spawn_on<F, T>(hub: &Handle, f: F) -> RemoteHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    hub.spawn(f)
}

/// An OS thread with a hub, for tasks that others spawn there.
///
/// It runs until this is stopped or dropped and all of its tasks have ended. As others may spawn there
/// at any time, it is never in a deadlock that could be reported.
///
/// ```
/// use osier::thread::HubThread;
///
/// let hub = HubThread::start("worker").unwrap();
/// let task = hub.spawn(|| osier::join_all((0..10).map(|n| osier::spawn(move || n))).len());
/// assert_eq!(task.join().unwrap(), 10);
/// hub.stop();
/// ```
pub struct HubThread {
    handle: Handle,
    /// Set when no more tasks will come.
    stop: Arc<Event>,
    /// None once it was joined.
    thread: Option<JoinHandle<()>>,
    /// Kept when the hub has ended.
    ended: Promise<()>,
}

impl HubThread {
    /// Starts an OS thread of that name, and a hub on it.
    ///
    /// # Errors
    /// When the system has no thread or no descriptors left.
    ///
    /// # Blocking
    /// Stops the OS thread until the hub is there: microseconds.
    pub fn start(name: &str) -> io::Result<HubThread> {
        let stop = Arc::new(Event::new());
        let (told, (made, hub)) = (stop.clone(), std::sync::mpsc::sync_channel(1));
        let (end, ended) = promise();
        let body = move || {
            let hub = match Hub::new() {
                Ok(hub) => hub,
                Err(error) => return drop(made.send(Err(error))),
            };
            let _ = made.send(Ok(hub.handle()));
            // The main task does not end before it is told to; the run waits for the others.
            hub.run(|| _ = told.wait());
            drop(hub);
            end.resolve(());
        };
        let thread = thread::Builder::new().name(name.into()).spawn(body)?;
        let handle = hub.iter().next().expect("a thread says what came of its hub")?;
        Ok(HubThread { handle, stop, thread: Some(thread), ended })
    }

    /// What reaches its hub; clones of it may travel.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task there.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn spawn<F, T>(&self, f: F) -> RemoteHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn(f)
    }

    /// Waits until all of its tasks have ended, and ends the thread.
    ///
    /// In a task that unwinds it does not wait.
    ///
    /// # Blocking
    /// Switches tasks. Outside of a task it stops the OS thread.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    pub fn stop(mut self) {
        self.stop.set();
        self.ended.wait();
        if let Some(thread) = self.thread.take()
            && self.ended.is_finished()
        {
            let _ = stay(|| thread.join());
        }
    }
}

impl Drop for HubThread {
    fn drop(&mut self) {
        self.stop.set();
    }
}

impl fmt::Debug for HubThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.thread.as_ref().and_then(|thread| thread.thread().name());
        f.debug_struct("HubThread")
            .field("name", &name)
            .field("ended", &self.ended.is_finished())
            .finish_non_exhaustive()
    }
}

/// Starts `n` OS threads, each with a hub: one for each processor, say.
///
/// They are named `hub-0` and so on.
///
/// # Errors
/// When the system has no threads or no descriptors left.
///
/// # Blocking
/// As [`HubThread::start`].
///
/// ```
/// let hubs = osier::thread::hubs(2).unwrap();
/// let parts: Vec<_> = hubs.iter().map(|hub| hub.spawn(|| (0..100).sum::<u32>())).collect();
/// let sum: u32 = parts.into_iter().map(|part| part.join().unwrap()).sum();
/// assert_eq!(sum, 2 * 4950);
/// ```
pub fn hubs(n: usize) -> io::Result<Vec<HubThread>> {
    (0..n).map(|i| HubThread::start(&format!("hub-{i}"))).collect()
}
