//! The queues by name.

use super::any_queue::AnyQueue;
use super::kind::{Counted, Direct, Fifo, Lifo, Smallest};

/// A queue of tasks of one hub: first in, first out.
///
/// What is said of its operations stands at [`AnyQueue`]. A clone is another handle of the same queue.
///
/// ```
/// use osier::queue::Queue;
///
/// osier::run(|| {
///     let queue = Queue::bounded(2);
///     let jobs = queue.clone();
///     let worker = osier::spawn(move || jobs.iter().map(|n: u32| n * n).sum::<u32>());
///     for n in 1..=10 {
///         queue.put(n).unwrap(); // waits when two are there
///     }
///     queue.shutdown(); // the worker's loop ends when the queue is empty
///     assert_eq!(worker.join().unwrap(), 385);
/// });
/// ```
pub type Queue<T> = AnyQueue<Fifo<T>>;

/// A queue that gives what was put last.
///
/// ```
/// use osier::queue::LifoQueue;
///
/// let stack: LifoQueue<_> = (1..=3).collect();
/// stack.try_put(4).unwrap();
/// stack.shutdown();
/// assert_eq!(stack.iter().collect::<Vec<_>>(), [4, 3, 2, 1]);
/// ```
pub type LifoQueue<T> = AnyQueue<Lifo<T>>;

/// A queue that gives the smallest, and equals in the order they came.
///
/// For the greatest first put [`Reverse`](std::cmp::Reverse). The comparison is called while the queue is in use:
/// it can neither wait nor use the queue. If it panics, that is a panic of whoever put the item or asked for one,
/// and the queue is as it was.
///
/// ```
/// use osier::queue::PriorityQueue;
///
/// let queue: PriorityQueue<_> = [(3, "rest"), (1, "eat"), (2, "sleep")].into_iter().collect();
/// assert_eq!(queue.try_get(), Ok((1, "eat")));
/// queue.try_put((0, "breathe")).unwrap();
/// assert_eq!(queue.try_get(), Ok((0, "breathe")));
/// ```
pub type PriorityQueue<T> = AnyQueue<Smallest<T>>;

/// A queue that knows when all that was put has been dealt with.
///
/// Whoever gets an item calls [`task_done`](Self::task_done) when it is through with it; [`join`](Self::join) waits until
/// that has happened for all of them.
///
/// ```
/// use osier::queue::JoinableQueue;
///
/// osier::run(|| {
///     let queue = JoinableQueue::unbounded();
///     let jobs = queue.clone();
///     let worker = osier::Builder::new().daemon(true).spawn(move || {
///         for _job in &jobs {
///             osier::yield_now(); // work on it
///             jobs.task_done();
///         }
///     });
///     (0..5).for_each(|job| queue.put(job).unwrap());
///     queue.join();
///     assert_eq!(queue.unfinished(), 0);
/// #   drop(worker);
/// });
/// ```
pub type JoinableQueue<T> = AnyQueue<Counted<T>>;

/// A queue that keeps nothing: a put waits until somebody gets it.
///
/// Its length is always 0. To be empty and full it takes nobody who waits on the other side.
///
/// ```
/// use osier::queue::Channel;
///
/// osier::run(|| {
///     let channel = Channel::new();
///     let other = channel.clone();
///     let giver = osier::spawn(move || other.put("hand in hand"));
///     assert!(channel.is_empty());
///     assert_eq!(channel.get(), Ok("hand in hand"));
///     giver.join().unwrap().unwrap();
/// });
/// ```
pub type Channel<T> = AnyQueue<Direct<T>>;
