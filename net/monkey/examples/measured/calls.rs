//! Calls of libc that do not wait, one loop each, for `pass_through` and `pass_through_plain`.
//!
//! `NAME PLACE [COUNT [BLOCKS]]`: PLACE is `thread` (there is no hub), `hub` (in a hub's thread, in no task) or `task`. A line a call
//! goes to stdout: its name and the nanoseconds of one in the fastest of the blocks of COUNT. Each loop is a function of its
//! own, by which callgrind tells them apart: `net/monkey/figures.sh`.
//!
//! # Why unsafe
//! The calls of libc are what is measured, and they are made as C makes them.

use std::ffi::{c_int, c_long, c_void};
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

/// What the calls are made with.
struct Files {
    pipe: [c_int; 2],
    sockets: [c_int; 2],
    word: u32,
}

impl Files {
    fn new() -> Files {
        let mut files = Files { pipe: [-1; 2], sockets: [-1; 2], word: 7 };
        // SAFETY: two numbers are written to each.
        unsafe {
            assert_eq!(libc::pipe(files.pipe.as_mut_ptr()), 0);
            let pair = files.sockets.as_mut_ptr();
            assert_eq!(libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, pair), 0);
        }
        files
    }

    fn word(&self) -> *const u32 {
        black_box(&raw const self.word)
    }
}

/// A loop of each: `name(files) expression;`, which is to have that result.
macro_rules! loops {
    ($($name:ident($files:ident) $call:expr => $result:expr;)*) => {
        $(
            #[unsafe(no_mangle)]
            #[inline(never)]
            #[allow(unused_unsafe, reason = "some need none")]
            extern "C" fn $name($files: &Files, count: usize) {
                for _ in 0..count {
                    // SAFETY: the descriptors are open, and buffers and words stay for the length of the call.
                    let result: c_long = unsafe { $call } as c_long;
                    assert_eq!(result, $result as c_long, stringify!($name));
                }
            }
        )*

        const LOOPS: &[(&str, extern "C" fn(&Files, usize))] = &[$((stringify!($name), $name)),*];
    };
}

/// One byte to send.
static FROM: u8 = 1;

fn from() -> *const c_void {
    (&raw const FROM).cast()
}

fn with_room<T>(f: impl FnOnce(*mut c_void) -> T) -> T {
    let mut to = 0_u8;
    f((&raw mut to).cast())
}

loops! {
    // In pairs, so that what is read was written before.
    call_write_pipe(files) libc::write(files.pipe[1], from(), 1) => 1;
    call_read_pipe(files) with_room(|to| libc::read(files.pipe[0], to, 1)) => 1;
    call_write_socket(files) libc::write(files.sockets[1], from(), 1) => 1;
    call_read_socket(files) with_room(|to| libc::read(files.sockets[0], to, 1)) => 1;
    call_send(files) libc::send(files.sockets[1], from(), 1, 0) => 1;
    call_recv(files) with_room(|to| libc::recv(files.sockets[0], to, 1, 0)) => 1;
    call_poll(files) poll(files) => 1;
    call_sleep_0(_files) sleep_0() => 0;
    call_close_none(_files) libc::close(black_box(100_000)) => -1;
    call_sched_yield(_files) libc::sched_yield() => 0;
    call_futex_wake(files) libc::syscall(libc::SYS_futex, files.word(), PRIVATE | libc::FUTEX_WAKE, 1) => 0;
    call_futex_wait_eagain(files) libc::syscall(libc::SYS_futex, files.word(), PRIVATE | libc::FUTEX_WAIT, 8, ptr::null::<()>()) => -1;
    call_syscall_other(_files) libc::syscall(libc::SYS_sched_get_priority_max, libc::SCHED_OTHER) => 0;
}

const PRIVATE: c_int = libc::FUTEX_PRIVATE_FLAG;

fn poll(files: &Files) -> c_int {
    let mut asked = libc::pollfd { fd: files.pipe[1], events: libc::POLLOUT, revents: 0 };
    // SAFETY: one structure is written to.
    unsafe { libc::poll(&raw mut asked, 1, -1) }
}

fn sleep_0() -> c_int {
    let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is read during the call.
    unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, 0, &raw const zero, ptr::null_mut()) }
}

fn all(count: usize, blocks: usize) {
    let files = Files::new();
    let mut best = vec![f64::INFINITY; LOOPS.len()];
    for _ in 0..blocks {
        for ((_, run), best) in LOOPS.iter().zip(&mut best) {
            #[expect(clippy::disallowed_methods, reason = "there may be no hub")]
            let began = Instant::now();
            run(&files, count);
            *best = best.min(began.elapsed().as_secs_f64() * 1e9 / count as f64);
        }
    }
    for ((name, _), best) in LOOPS.iter().zip(best) {
        println!("{} {best:.2}", name.trim_start_matches("call_"));
    }
}

/// Measures when it is woken, which the hub does at that time.
struct Due(usize, usize);

impl Wake for Due {
    fn wake(self: Arc<Self>) {
        assert!(!osier_runtime::foreign::in_task());
        all(self.0, self.1);
    }
}

pub(crate) fn main() {
    let mut words = std::env::args().skip(1);
    let place = words.next().unwrap_or_default();
    let mut number = |usual| words.next().map_or(usual, |word| word.parse().expect("a number"));
    // No more than a pipe and a socket hold.
    let (count, blocks) = (number(200), number(50));
    match &*place {
        "thread" => all(count, blocks),
        // What runs when a task has ended is called by the hub, in no task.
        // Wakers are called by the hub when their time has come.
        "hub" => osier::run(move || {
            let mut nap = pin!(osier::future::after(Duration::from_millis(1)));
            let waker = Waker::from(Arc::new(Due(count, blocks)));
            let _ = nap.as_mut().poll(&mut Context::from_waker(&waker));
            osier::sleep(Duration::from_millis(5));
        }),
        "task" => osier::run(move || all(count, blocks)),
        _ => eprintln!("say thread, hub or task"),
    }
}
