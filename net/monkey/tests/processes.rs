//! Processes of ours in a patched program: queues, pools, forked children. Each in a process of its own.
#![expect(clippy::disallowed_methods, reason = "what std has is what is tried")]
use osier_monkey as _;

#[path = "../../../tests/support/alone.rs"]
mod alone;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use osier::process::Process;
use osier::process::pool::Pool;
use osier::process::queue::Queue;

osier::process::functions! {
    fn doubled(n: u64) -> u64 {
        std::thread::sleep(Duration::from_millis(1)); // std's, in the child
        2 * n
    }
}

alone::tests! {
    #[test]
    fn queues_and_pools_of_processes_work_mp_07() {
        osier::run(|| {
            let queue = Queue::bounded(2).unwrap();
            let other = queue.clone();
            let child = Process::fork(move || (0..100_u32).for_each(|n| other.put(n).unwrap())).unwrap();
            assert_eq!(queue.iter().take(100).sum::<u32>(), 4950);
            assert!(child.join().is_success());
            let pool = Pool::new(2).unwrap();
            let doubles: Vec<u64> = (0..50).map(|n| 2 * n).collect();
            assert_eq!(pool.map(doubled, 0..50).unwrap(), doubles);
            pool.close();
            pool.join().unwrap();
        });
    }

    #[test]
    fn what_was_made_before_is_used_by_the_hubs_of_parent_and_child_c_26() {
        // As a server that loads its program before it forks: sockets, locks and threads first, hubs after that.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let count = Arc::new(Mutex::new(0));
        std::thread::spawn(|| ()).join().unwrap();
        osier::run(move || {
            let serve = move || {
                let (mut stream, _) = listener.accept().unwrap();
                let other = osier::spawn({
                    let count = count.clone();
                    move || *count.lock().unwrap() += 1
                });
                let mut word = [0; 4];
                stream.read_exact(&mut word).unwrap();
                stream.write_all(&word).unwrap();
                other.join().unwrap();
                assert_eq!(*count.lock().unwrap(), 1);
            };
            let child = Process::fork(serve).unwrap();
            let mut stream = TcpStream::connect(addr).unwrap();
            stream.write_all(b"ping").unwrap();
            let mut word = [0; 4];
            stream.read_exact(&mut word).unwrap();
            assert_eq!(&word, b"ping");
            assert!(child.join().is_success());
        });
    }
}
