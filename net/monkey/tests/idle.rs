//! Waits for what is reported again and again, or goes to others: no thread spins meanwhile.
#![allow(clippy::disallowed_methods, reason = "that is what is tested")]
use osier_monkey as _;

mod c;

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long this OS thread has run for `f`.
fn worked(f: impl FnOnce()) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let before = now();
    f();
    now() - before
}

#[test]
fn a_select_that_a_hang_up_does_not_concern_does_not_spin() {
    osier::run(|| {
        let (out, into) = std::io::pipe().unwrap();
        drop(into);
        let wait = || assert_eq!(c::select_to_write(out.as_raw_fd(), 200).unwrap(), 0);
        let worked = worked(wait);
        assert!(worked < Duration::from_millis(50), "{worked:?}");
    });
}

#[test]
fn who_was_too_late_for_a_byte_waits_for_the_next_one() {
    const READERS: usize = 200;
    osier::run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let near = Rc::new(near);
        let reader = |_| {
            let near = Rc::clone(&near);
            osier::spawn(move || while (&*near).read(&mut [0]).unwrap() > 0 {})
        };
        let readers: Vec<_> = (0..READERS).map(reader).collect();
        for _ in 0..20 {
            far.write_all(b"x").unwrap(); // wakes all, and is for one
            thread::sleep(Duration::from_millis(1));
        }
        let worked = worked(|| thread::sleep(Duration::from_millis(300)));
        assert!(worked < Duration::from_millis(30), "{worked:?}");
        drop(far);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}
