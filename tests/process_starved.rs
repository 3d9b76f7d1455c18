//! What cannot be made, as the system has no descriptors, processes, memory or room left: an error that says so, and
//! nothing is left of it.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/kills.rs"]
mod kills;
#[path = "support/limits.rs"]
mod limits;

use std::fmt::Display;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use alone::tests;
use kills::{Belongings, PATIENCE};
use limits::{limited, with_room};
use osier::process::pipe::{self, Listener};
use osier::process::pool::{Pool, ProcessPoolExecutor, TaskError};
use osier::process::queue::{GetError, JoinableQueue, Queue, SimpleQueue};
use osier::process::sync::{Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore};
use osier::process::{Bytes, Process, Socket, Workers, active_children, functions};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Uid, getrlimit, setrlimit};

functions! {
    fn add(a: u32, b: u32) -> u32 { a + b }
    fn ends() {}
    fn long(bytes: u64) -> Bytes { Bytes(vec![7; bytes as usize]) }
    fn starve() { setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..getrlimit(Resource::Nofile) }).unwrap() }
    fn length(bytes: Bytes) -> u64 { bytes.len() as u64 }
}

/// What is made, and how.
type Maker = (&'static str, fn() -> Made);
/// Made, and what is to be done with it when there is room again; or why it was not.
type Made = Result<Box<dyn FnOnce()>, String>;

fn made<T: 'static, E: Display>(result: Result<T, E>, then: impl FnOnce(T) + 'static) -> Made {
    let used = |thing| Box::new(move || then(thing)) as Box<dyn FnOnce()>;
    result.map(used).map_err(|error| error.to_string())
}

fn here() -> PathBuf {
    std::env::temp_dir().join(format!("osier-starved-{}", std::process::id()))
}

/// A pool that was started in need: its workers are as they could be.
fn use_pool(pool: &Pool) {
    let result = osier::timeout(PATIENCE, || pool.apply(add, (1, 2))).expect("it hangs");
    match result {
        Ok(value) => assert_eq!(value, 3),
        Err(error) => assert!(error.downcast_ref::<TaskError>().is_some(), "{error}"),
    }
    pool.terminate();
    pool.join().unwrap();
}

/// All that has an error for when the system refuses.
const MAKERS: &[Maker] = &[
    ("lock", || made(Lock::new(), |lock| drop(lock.lock().unwrap()))),
    ("recursive lock", || made(RLock::new(), |lock| drop(lock.lock().unwrap()))),
    ("semaphore", || made(Semaphore::new(2), |it| drop(it.acquire().unwrap()))),
    ("bounded semaphore", || made(BoundedSemaphore::new(2), |it| drop(it.acquire().unwrap()))),
    ("condition", || made(Condition::new(), |it| drop(it.lock().unwrap()))),
    ("event", || made(Event::new(), |it| it.set())),
    ("barrier", || made(Barrier::new(1), |it| assert_eq!(it.wait().unwrap(), 0))),
    ("queue", || made(Queue::bounded(3), |it| it.put(1).unwrap())),
    ("queue without limit", || made(Queue::unbounded(), |it| it.put(1).unwrap())),
    ("joinable queue", || made(JoinableQueue::bounded(3), |it| it.put(1).unwrap())),
    ("simple queue", || made(SimpleQueue::new(), |it| it.put(1).unwrap())),
    ("pipe", || made(pipe::duplex::<u32>(), |(near, _far)| near.send(&1).unwrap())),
    ("socket", || made(Socket::pair(), drop)),
    ("listener", || made(Listener::bind(here()), drop)),
    ("forked process", || made(Process::fork(|| ()), |it| assert!(it.join().is_success()))),
    ("spawned process", || made(Process::spawn(ends, ()), |it| assert!(it.join().is_success()))),
    ("pool", || made(Pool::new(2), |pool| use_pool(&pool))),
    ("pool of copies", || made(Pool::builder().workers(2).fork().build(), |pool| use_pool(&pool))),
    ("executor", || {
        made(Ok::<_, String>(ProcessPoolExecutor::new(1)), |executor| {
            assert_eq!(executor.submit(add, (1, 2)).unwrap().result().unwrap(), 3);
            executor.shutdown();
        })
    }),
    ("workers", || {
        let plan = Workers::new().processes(2).pause(Duration::from_millis(1));
        made(plan.start(|worker| _ = worker.stop().wait()), |crew| {
            crew.drain();
            drop(crew.join());
        })
    }),
];

/// Says that a signal is ignored.
const TOLD: &str = "OSIER_TEST_TOLD";

/// Calls `f` in a process of a user that has no others, and may not do what root may.
fn as_nobody(f: fn()) {
    if !rustix::process::geteuid().is_root() {
        return println!("skipped: needs root, to become a user that has no processes");
    }
    osier::run(|| {
        let child = Process::fork(move || {
            rustix::thread::set_thread_uid(Uid::from_raw(1_000_000 + std::process::id())).unwrap();
            // Or what is in /proc of it would be root's.
            rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable).unwrap();
            f();
        });
        assert!(child.unwrap().join().is_success());
    });
}

tests! {
    #[test]
    fn at_every_number_of_descriptors_it_is_whole_or_an_error_pr_13() {
        osier::run(|| for (name, make) in MAKERS {
            make().unwrap()(); // what is made once is there
            let before = Belongings::settled();
            let (mut failed, mut went) = (0, 0);
            for room in 0.. {
                match with_room(room, make) {
                    Err(text) => {
                        assert!(text.to_lowercase().contains("too many open files"), "{name}, {room}: {text}");
                        // Workers of a pool are killed then, and gone soon.
                        let pool = name.starts_with("pool");
                        assert!(pool || active_children().is_empty(), "{name}, {room}: half started");
                        failed += 1;
                    }
                    Ok(then) => {
                        then();
                        went += 1;
                    }
                }
                before.are_the_same(&format!("{name}, room for {room}"));
                assert!(!here().exists());
                if went == 3 {
                    break;
                }
                assert!(room < 100, "{name}");
            }
            assert!(failed > 0 || *name == "executor", "{name} needs no descriptors");
        });
    }

    #[test]
    fn without_descriptors_processes_and_locks_are_waited_for_all_the_same_c_21() {
        osier::run(|| {
            let (lock, ready) = (Lock::new().unwrap(), Event::new().unwrap());
            let (theirs, set) = (lock.clone(), ready.clone());
            let child = Process::fork(move || {
                let held = theirs.lock().unwrap();
                set.set();
                osier::sleep(Duration::from_millis(5));
                drop(held);
                osier::sleep(Duration::from_millis(5));
            });
            let child = child.unwrap();
            ready.wait();
            with_room(0, || {
                drop(lock.lock_timeout(PATIENCE).unwrap());
                assert!(child.join_timeout(PATIENCE).unwrap().is_success());
            });
        });
    }

    #[test]
    fn a_connection_that_nobody_has_a_descriptor_for_waits_cn_11() {
        osier::run(|| {
            let listener = Listener::bind(here()).unwrap();
            let line = pipe::connect::<u32, u32>(here()).unwrap();
            let refused = with_room(0, || pipe::connect::<u32, u32>(here()));
            assert!(refused.unwrap_err().to_string().contains("open files"));
            let refused = with_room(0, || listener.accept::<u32, u32>());
            assert!(refused.unwrap_err().to_string().contains("open files"));
            line.send(&7).unwrap();
            assert_eq!(listener.accept::<u32, u32>().unwrap().recv().unwrap(), 7);
        });
    }

    #[test]
    fn a_long_message_without_a_descriptor_is_an_error_on_both_sides_cn_09() {
        osier::run(|| {
            let (near, far) = pipe::duplex::<Bytes>().unwrap();
            let before = Belongings::settled();
            let refused = with_room(0, || near.send(&Bytes(vec![1; 1 << 20]))).unwrap_err();
            assert!(refused.to_string().contains("open files"), "{refused}");
            near.send(&Bytes(vec![2; 1 << 20])).unwrap();
            near.send(&Bytes(vec![3])).unwrap();
            let lost = with_room(0, || far.recv()).unwrap_err();
            assert!(lost.to_string().contains("lost") && lost.to_string().contains("open files"), "{lost}");
            assert_eq!(far.recv().unwrap()[..], [3]);
            before.are_the_same("messages");
        });
    }

    #[test]
    fn a_long_item_without_a_descriptor_is_an_error_and_takes_no_place_qm_06() {
        osier::run(|| {
            let queue = Queue::<Bytes>::bounded(2).unwrap();
            let before = Belongings::settled();
            let refused = with_room(0, || queue.put(Bytes(vec![1; 1 << 20]))).unwrap_err();
            assert!(refused.to_string().contains("open files"), "{refused}");
            assert_eq!(refused.into_inner().len(), 1 << 20, "it comes back");
            queue.put(Bytes(vec![2; 1 << 20])).unwrap();
            queue.put(Bytes(vec![3])).unwrap();
            let lost = with_room(0, || queue.get()).unwrap_err();
            assert!(matches!(&lost, GetError::Io(error) if error.to_string().contains("lost")), "{lost}");
            queue.try_put(Bytes(vec![4])).expect("its place is free, though there are others");
            assert!(queue.try_put(Bytes(vec![])).is_err());
            assert_eq!((queue.get().unwrap()[0], queue.get().unwrap()[0]), (3, 4));
            before.are_the_same("a queue");
        });
    }

    #[test]
    fn what_a_process_leaves_in_one_piece_waits_for_a_descriptor_qm_04() {
        osier::run(|| {
            let queue = Queue::<u32>::unbounded().unwrap();
            let other = queue.clone();
            let producer = Process::fork(move || (0..100_000).for_each(|n| other.put(n).unwrap()));
            assert!(producer.unwrap().join().is_success());
            let mut next = 0;
            while let Ok(n) = with_room(0, || queue.try_get()) {
                assert_eq!(n, next);
                next += 1;
            }
            let error = with_room(0, || queue.try_get()).unwrap_err();
            assert!(matches!(&error, GetError::Io(error) if error.to_string().contains("open files")), "{error}");
            assert!((0..100_000).skip(next as usize).all(|n| queue.try_get().is_ok_and(|got| got == n)));
            assert!(matches!(queue.try_get(), Err(GetError::Empty)));
        });
    }

    #[test]
    fn an_item_that_is_lost_so_is_done_qm_07() {
        osier::run(|| {
            let queue = JoinableQueue::<Bytes>::bounded(2).unwrap();
            queue.put(Bytes(vec![2; 1 << 20])).unwrap();
            queue.put(Bytes(vec![3])).unwrap();
            let lost = with_room(0, || queue.get()).unwrap_err();
            assert!(lost.to_string().contains("lost"), "{lost}");
            assert_eq!(queue.get().unwrap()[..], [3]);
            queue.task_done();
            assert!(queue.join_timeout(Duration::from_millis(500)), "{queue:?}");
        });
    }

    #[test]
    fn a_long_argument_or_result_without_a_descriptor_is_an_error_of_the_call_pl_07() {
        osier::run(|| {
            let pool = Pool::new(1).unwrap();
            pool.apply(add, (1, 2)).unwrap();
            let before = Belongings::settled();
            let refused = with_room(0, || pool.apply(length, (Bytes(vec![1; 1 << 20]),))).unwrap_err();
            assert!(refused.to_string().contains("open files"), "{refused}");
            let lost = with_room(0, || pool.apply(long, (1 << 20,)));
            let lost = lost.unwrap_err();
            assert!(matches!(lost.downcast_ref(), Some(TaskError::WorkerDied { .. })), "{lost}");
            assert_eq!(pool.apply(long, (1 << 20,)).unwrap().len(), 1 << 20);
            // Now in the worker: it goes, and as it had not begun another one makes the call.
            pool.apply(starve, ()).unwrap();
            let pids = pool.pids();
            assert_eq!(pool.apply(length, (Bytes(vec![1; 1 << 20]),)).unwrap(), 1 << 20);
            assert!(pool.pids() != pids);
            before.are_the_same("a pool");
            pool.close();
            pool.join().unwrap();
        });
    }

    #[test]
    fn without_processes_nothing_is_started_and_it_is_said_pr_12() {
        as_nobody(|| {
            assert!(Process::fork(|| ()).unwrap().join().is_success()); // what is made once is there
            let before = Belongings::settled();
            let refused = [
                limited(Resource::Nproc, 1, || Process::fork(|| ()).unwrap_err().to_string()),
                limited(Resource::Nproc, 1, || Process::spawn(ends, ()).unwrap_err().to_string()),
                limited(Resource::Nproc, 1, || Pool::new(2).unwrap_err().to_string()),
                limited(Resource::Nproc, 2, || Pool::new(2).unwrap_err().to_string()),
                limited(Resource::Nproc, 2, || Pool::builder().workers(2).fork().build().unwrap_err().to_string()),
                limited(Resource::Nproc, 2, || {
                    Workers::new().processes(2).start(|_| ()).unwrap_err().to_string()
                }),
            ];
            assert!(refused.iter().all(|text| text.contains("temporarily unavailable")), "{refused:?}");
            before.are_the_same("processes");
            assert!(Process::fork(|| ()).unwrap().join().is_success());
            assert!(Process::spawn(ends, ()).unwrap().join().is_success());
        });
    }

    #[test]
    fn a_pool_that_cannot_replace_its_worker_says_so_pl_09() {
        as_nobody(|| {
            let pool = Pool::new(1).unwrap();
            pool.apply(add, (1, 2)).unwrap();
            let error = limited(Resource::Nproc, 1, || {
                active_children()[0].kill().unwrap();
                loop {
                    // The call that it held, if it held one; then those that nobody will ever make.
                    let result = osier::timeout(PATIENCE, || pool.apply(add, (1, 2))).expect("it hangs");
                    match result {
                        Err(error) if error.to_string().contains("no worker can be started") => break error,
                        _ => {}
                    }
                }
            });
            assert!(error.to_string().contains("temporarily unavailable"), "{error}");
            pool.close();
            pool.join().unwrap();
        });
    }

    #[test]
    fn without_memory_nothing_is_made_and_it_is_said_qm_01() {
        osier::run(|| {
            assert!(Process::fork(|| ()).unwrap().join().is_success()); // what is made once is there
            let before = Belongings::settled();
            let text = fs::read_to_string("/proc/self/status").unwrap();
            let size = text.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
            let size: u64 = size.trim().split(' ').next().unwrap().parse().unwrap();
            let limit = size * 1024 + (12 << 20);
            let error = limited(Resource::As, limit, || Queue::<u8>::bounded(1 << 21)).unwrap_err();
            assert!(error.to_string().contains("Cannot allocate memory"), "{error}");
            let plan = Workers::new().processes(400_000);
            let error = limited(Resource::As, limit, || plan.start(|_| ())).unwrap_err();
            assert!(error.to_string().contains("Cannot allocate memory"), "{error}");
            let (near, far) = pipe::duplex::<Bytes>().unwrap();
            near.send(&Bytes(vec![1; 16 << 20])).unwrap();
            let error = limited(Resource::As, limit, || far.recv()).unwrap_err();
            assert!(error.to_string().contains("there is no memory for it"), "{error}");
            drop((near, far));
            assert!(limited(Resource::As, limit, || Process::fork(|| ()).unwrap().join().is_success()));
            before.are_the_same("large things");
        });
    }

    #[test]
    fn what_is_shared_has_its_memory_from_the_start_qm_01() {
        let _all = (Lock::new().unwrap(), Queue::<u8>::bounded(100_000).unwrap(), Semaphore::new(1000).unwrap());
        let all = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let is_shared = |path: &PathBuf| {
            fs::read_link(path).is_ok_and(|target| target.display().to_string().contains("memfd:osier-shared"))
        };
        let shared: Vec<_> = all.map(|entry| entry.path()).filter(is_shared).collect();
        assert_eq!(shared.len(), 3);
        // But for a queue's ring, which has its memory as a process has its own: as it is used.
        for file in shared.iter().map(|path| fs::metadata(path).unwrap()) {
            let ring = if file.len() > 1 << 20 { 1 << 20 } else { 0 };
            assert!(file.blocks() * 512 >= file.len() - ring, "what is missing is a signal when it is first written");
        }
    }

    #[test]
    fn without_room_for_files_in_memory_nothing_is_made_and_it_is_said_qm_01() {
        if std::env::var_os(TOLD).is_none() {
            // To write too much is a signal, unless that is ignored; a shell does so.
            let line = "trap '' XFSZ; exec \"$0\" --one without_room_for_files_in_memory_nothing_is_made_and_it_is_said_qm_01";
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", line]).arg(std::env::current_exe().unwrap()).env(TOLD, "ignored");
            assert!(shell.status().unwrap().success());
            return;
        }
        osier::run(|| {
            MAKERS.iter().for_each(|(_, make)| make().unwrap()());
            let before = Belongings::settled();
            let no_room = |text: String, name: &str| assert!(text.contains("File too large"), "{name}: {text}");
            for (name, make) in MAKERS {
                match limited(Resource::Fsize, 0, make) {
                    Ok(then) => {
                        let without = ["pipe", "socket", "listener", "forked process", "spawned process", "executor"];
                        assert!(without.contains(name), "{name}");
                        then();
                    }
                    Err(text) => no_room(text, name),
                }
                before.are_the_same(name);
            }
            let (near, far) = pipe::duplex::<Bytes>().unwrap();
            let error = limited(Resource::Fsize, 0, || near.send(&Bytes(vec![1; 1 << 20]))).unwrap_err();
            no_room(error.to_string(), "message");
            near.send(&Bytes(vec![1])).unwrap();
            assert_eq!(far.recv().unwrap()[..], [1]);
            drop((near, far));
            before.are_the_same("a message");
        });
    }

    #[test]
    fn on_a_full_disk_no_listener_is_left_behind_cn_11() {
        let folder = here();
        fs::create_dir(&folder).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4k,nr_inodes=1", "none"]).arg(&folder).output();
        if mount.is_ok_and(|out| out.status.success()) {
            osier::run(|| {
                let before = Belongings::settled();
                let error = Listener::bind(folder.join("socket")).unwrap_err();
                assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
                assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
                before.are_the_same("a listener");
            });
            assert!(Command::new("umount").arg(&folder).status().unwrap().success());
        } else {
            println!("skipped: needs the right to mount");
        }
        fs::remove_dir(&folder).unwrap();
    }
}
