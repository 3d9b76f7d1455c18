//! The OS threads on which look-ups block.
//!
//! A thread of their own kind, because one dead name server stops a look-up for half a minute: on
//! a pool shared with other blocking work it would stop that too. Threads start when there is work
//! for them and end when there has been none for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use std::{io, mem, thread};

/// How long a thread waits for more work before it ends.
const IDLE: Duration = Duration::from_secs(10);

/// One piece of blocking work.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// A bounded set of OS threads with one queue before them.
#[derive(Clone)]
pub(super) struct Workers {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Signalled once for every job that an idle thread should take.
    work: Condvar,
}

struct Queue {
    /// Jobs that no thread has taken, oldest first.
    jobs: VecDeque<Job>,
    /// Threads that live, idle or not; none is started while there are `limit` of them.
    threads: usize,
    /// Threads in `Condvar::wait`, told of a job or not. Each takes a job before it waits again,
    /// so a new thread is needed only for jobs beyond this number.
    idle: usize,
    limit: usize,
}

impl Workers {
    /// At most `limit` threads, none of them yet.
    pub(super) fn new(limit: usize) -> Self {
        let queue = Queue { jobs: VecDeque::new(), threads: 0, idle: 0, limit };
        Workers { shared: Arc::new(Shared { queue: Mutex::new(queue), work: Condvar::new() }) }
    }

    /// Sets how many threads may be started; those that are too many end when they are idle.
    pub(super) fn limit(&self, limit: usize) {
        self.shared.lock().limit = limit;
    }

    /// Queues a job. Never waits for it, nor for a thread.
    ///
    /// Fails only if the job would never run: there is no thread, and the system gives none.
    pub(super) fn submit(&self, job: Job) -> io::Result<()> {
        let mut queue = self.shared.lock();
        queue.jobs.push_back(job);
        if queue.jobs.len() <= queue.idle {
            self.shared.work.notify_one();
            return Ok(());
        }
        if queue.threads >= queue.limit {
            return Ok(());
        }
        match start(Arc::clone(&self.shared)) {
            Ok(()) => queue.threads += 1,
            Err(_) if queue.threads > 0 => {}
            Err(e) => {
                queue.jobs.pop_back();
                return Err(e);
            }
        }
        Ok(())
    }
}

impl Shared {
    /// No job runs under the lock, so nothing can have panicked there.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The next job, or `None` when this thread should end (it no longer counts then).
    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.threads > queue.limit {
                queue.threads -= 1;
                return None;
            }
            queue.idle += 1;
            let waited = self.work.wait_timeout(queue, IDLE);
            let (back, timeout) = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
            queue = back;
            queue.idle -= 1;
            if timeout.timed_out() && queue.jobs.is_empty() {
                queue.threads -= 1;
                return None;
            }
        }
    }
}

fn start(shared: Arc<Shared>) -> io::Result<()> {
    let run = move || {
        while let Some(job) = shared.next() {
            job();
        }
    };
    thread::Builder::new().name("osier-dns".to_owned()).spawn(run).map(mem::forget)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::mpsc;

    #[test]
    fn no_more_jobs_run_at_once_than_the_limit_says() {
        let workers = Workers::new(2);
        let together = Arc::new(Barrier::new(3));
        let (done, ends) = mpsc::channel();
        for i in 0..2 {
            let (together, done) = (Arc::clone(&together), done.clone());
            workers.submit(Box::new(move || _ = (together.wait(), done.send(i)))).unwrap();
        }
        workers.submit(Box::new(move || done.send(9).unwrap())).unwrap();
        // Both threads stand at the barrier, so the third job cannot have begun.
        assert!(ends.try_recv().is_err());
        assert_eq!(workers.shared.lock().threads, 2);
        together.wait();
        let mut order: Vec<i32> = ends.iter().collect();
        order.sort_unstable();
        assert_eq!(order, [0, 1, 9]);
    }

    #[test]
    fn an_idle_thread_is_used_again() {
        let workers = Workers::new(4);
        let names = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..3 {
            let (done, ended) = mpsc::channel::<()>();
            let names = Arc::clone(&names);
            let job = move || {
                names.lock().unwrap().push(thread::current().id());
                drop(done);
            };
            workers.submit(Box::new(job)).unwrap();
            assert_eq!(ended.iter().count(), 0);
            while workers.shared.lock().idle == 0 {
                thread::yield_now();
            }
        }
        let names = names.lock().unwrap();
        assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    }

    #[test]
    fn a_lower_limit_ends_the_threads_beyond_it() {
        let workers = Workers::new(3);
        let together = Arc::new(Barrier::new(4));
        for _ in 0..3 {
            let together = Arc::clone(&together);
            workers.submit(Box::new(move || _ = together.wait())).unwrap();
        }
        workers.limit(1);
        together.wait();
        while workers.shared.lock().threads > 1 {
            thread::yield_now();
        }
    }
}
