//! `pingpong`, `stream` and `select`: what passes between tasks.

use osier::queue::Queue;
use osier::select::{Branch, get, select};
use osier::spawn;

use crate::args::{Args, Key, count, number};
use crate::measure::Mark;
use crate::report::Report;

pub(crate) const PINGPONG_KEYS: &[Key] = &[count("n", 1_000_000)];
pub(crate) const STREAM_KEYS: &[Key] = &[count("n", 10_000_000)];
pub(crate) const SELECT_KEYS: &[Key] =
    &[count("n", 1_000_000), number("queues", 2, 1, 1 << 16), number("wait", 0, 0, 1)];

/// There and back again over two queues of one place.
pub(crate) fn pingpong(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let span = osier::run(|| {
        let (to, back) = (Queue::bounded(1), Queue::bounded(1));
        let mark = Mark::now();
        let (there, here) = (to.clone(), back.clone());
        let other = spawn(move || there.iter().all(|v: usize| here.put(v).is_ok()));
        for i in 0..n {
            to.put(i).expect("the other lives");
            assert_eq!(back.get(), Ok(i));
        }
        to.shutdown();
        assert!(other.join().expect("it only answers"));
        mark.span()
    });
    Ok(Report::new(n, span))
}

/// One way through a queue of 1,024 places.
pub(crate) fn stream(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let span = osier::run(|| {
        let to = Queue::bounded(1024);
        let mark = Mark::now();
        let from = to.clone();
        let other = spawn(move || {
            (0..n).for_each(|i| to.put(i).expect("the other lives"));
            to.shutdown();
        });
        let sum: usize = from.iter().sum();
        assert_eq!(sum, n * (n - 1) / 2);
        other.join().expect("it only puts");
        mark.span()
    });
    Ok(Report::new(n, span))
}

/// An item from one of several queues, all of which have some; with `wait=1`, all of which are empty until
/// another task puts into one of them.
pub(crate) fn from_several(args: &Args) -> Result<Report, String> {
    let (n, count) = (args.number("n"), args.number("queues"));
    let wait = args.number("wait") == 1;
    let span = osier::run(|| {
        let queues: Vec<Queue<usize>> = (0..count).map(|_| Queue::bounded(1)).collect();
        let puts = queues.clone();
        let feeder = spawn(move || (0..n).for_each(|i| put(&puts[(i * 7) % count], i)));
        if !wait {
            feeder.kill();
            queues.iter().for_each(|queue| put(queue, 0));
        }
        let mut gets: Vec<_> = queues.iter().map(get).collect();
        let mut sum = 0;
        let mark = Mark::now();
        for _ in 0..n {
            let which = one_of(&mut gets);
            sum += gets[which].take().and_then(Result::ok).expect("nobody ends them");
            if !wait {
                put(&queues[which], 1);
            }
        }
        let span = mark.span();
        assert!(sum >= n - count.min(n), "all were got");
        span
    });
    Ok(Report::new(n, span).with("queues", count as f64))
}

fn put(queue: &Queue<usize>, item: usize) {
    queue.put(item).expect("nobody ends it");
}

/// As the macro does it for a number that is known: branches of any type.
fn one_of(gets: &mut [impl Branch]) -> usize {
    match gets {
        [a, b] => select(&mut [a as &mut dyn Branch, b]),
        many => select(many),
    }
}
