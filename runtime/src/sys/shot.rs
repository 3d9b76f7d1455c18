//! A picture of what another OS thread is doing: the instruction it is at, and the stack above it.
//!
//! The thread is sent a signal, and its handler copies plain words: from the interrupted stack pointer up to the end of
//! the stack that the thread itself has said it runs on. That is all a handler may soundly do. It does not
//! walk the stack: an unwinder takes locks and may allocate, which may be just what was interrupted, and
//! believes in tables that do not hold in the middle of a stack switch; a walk along frame pointers finds
//! none in most programs. What the words mean is for others to say, later, where everything is allowed.
//!
//! The signal is SIGURG, as in Go's runtime: by default it is ignored, and nobody minds a
//! stray one. A handler that was there before is called for those that are not ours.
//!
//! For x86-64 Linux; elsewhere no picture comes out.

/// What a thread was doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shot {
    /// The address of the instruction.
    pub(crate) at: usize,
    /// The stack from there up, word by word; empty if it was not the one that it should be.
    pub(crate) words: Vec<usize>,
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod camera {
    use std::io;

    use super::Shot;

    pub(crate) fn thread() -> i32 {
        0
    }

    pub(crate) fn stand_on(_low: usize, _high: usize) {}

    pub(crate) fn load() -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn take(_thread: i32) -> Option<Shot> {
        None
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod camera {
    use std::arch::asm;
    use std::cell::Cell;
    use std::ffi::{c_int, c_void};
    use std::io;
    use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering, compiler_fence};
    use std::sync::{Mutex, OnceLock, PoisonError};

    use rustix::thread::{Timespec, nanosleep};

    use super::Shot;
    use crate::sys::signal::Action;

    /// The most words of a stack: 64 KiB.
    const WORDS: usize = 8192;
    /// How long to wait for a picture: so many times 100 us.
    const PATIENCE: usize = 500;

    /// Nobody wants a picture.
    const IDLE: usize = 0;
    /// One is wanted of the thread `SUBJECT`; it has not begun.
    const ASKED: usize = 1;
    /// The handler is at it.
    const TAKING: usize = 2;
    /// It is there.
    const TAKEN: usize = 3;

    /// Where the one picture at a time stands. Statics, as a handler may come late: there is no moment
    /// at which they could be freed.
    static STATE: AtomicUsize = AtomicUsize::new(IDLE);
    static SUBJECT: AtomicI32 = AtomicI32::new(0);
    static AT: AtomicUsize = AtomicUsize::new(0);
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static STACK: [AtomicUsize; WORDS] = [const { AtomicUsize::new(0) }; WORDS];
    /// Held by whoever wants one.
    static CAMERA: Mutex<()> = Mutex::new(());
    /// What the process did on SIGURG before.
    static BEFORE: OnceLock<Action> = OnceLock::new();

    thread_local! {
        /// The stack that this thread runs on, by its own word: lowest address and end, or zeros. Without a
        /// destructor and made before it is used, so a handler can read it.
        static GROUND: (Cell<usize>, Cell<usize>) = const { (Cell::new(0), Cell::new(0)) };
    }

    /// The number of this OS thread.
    pub(crate) fn thread() -> i32 {
        rustix::thread::gettid().as_raw_nonzero().get()
    }

    /// Says which stack this thread is about to run on; zeros: none that one may look at.
    ///
    /// Whoever is on it has all of it mapped from its stack pointer to `high`.
    pub(crate) fn stand_on(low: usize, high: usize) {
        GROUND.with(|ground| {
            // A handler in between finds an empty range.
            ground.1.set(0);
            compiler_fence(Ordering::SeqCst);
            ground.0.set(low);
            compiler_fence(Ordering::SeqCst);
            ground.1.set(high);
        });
    }

    /// Puts the handler in its place, once for the process.
    pub(crate) fn load() -> io::Result<()> {
        let _alone = CAMERA.lock().unwrap_or_else(PoisonError::into_inner);
        if BEFORE.get().is_none() {
            let action = Action::of(libc::SIGURG)?;
            BEFORE.get_or_init(|| action).replace(libc::SIGURG, on_signal)?;
        }
        Ok(())
    }

    /// Takes a picture of that thread; none if it does not hold still in time.
    pub(crate) fn take(thread: i32) -> Option<Shot> {
        let _alone = CAMERA.lock().unwrap_or_else(PoisonError::into_inner);
        SUBJECT.store(thread, Ordering::Relaxed);
        STATE.store(ASKED, Ordering::Release);
        let process = rustix::process::getpid().as_raw_nonzero().get();
        // SAFETY: sends a signal, for which a handler is in place, to a thread of this process or to none.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGURG) };
        let nap = Timespec { tv_sec: 0, tv_nsec: 100_000 };
        let taken = |_| {
            let taken = STATE.load(Ordering::Acquire) == TAKEN;
            if !taken {
                let _ = nanosleep(&nap);
            }
            taken
        };
        if sent != 0 || !(0..PATIENCE).any(taken) {
            let withdrawn =
                STATE.compare_exchange(ASKED, IDLE, Ordering::AcqRel, Ordering::Acquire);
            if withdrawn.is_ok() {
                return None;
            }
            while !taken(0) {} // the handler has begun, and it is short
        }
        let count = COUNT.load(Ordering::Relaxed);
        let words = STACK[..count].iter().map(|word| word.load(Ordering::Relaxed)).collect();
        let shot = Shot { at: AT.load(Ordering::Relaxed), words };
        STATE.store(IDLE, Ordering::Release);
        Some(shot)
    }

    extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        let asked = STATE.load(Ordering::Acquire) == ASKED
            && SUBJECT.load(Ordering::Relaxed) == thread()
            && STATE.compare_exchange(ASKED, TAKING, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if asked {
            // SAFETY: the kernel's own argument.
            unsafe { expose(&*context.cast::<libc::ucontext_t>()) };
            STATE.store(TAKEN, Ordering::Release);
        } else if let Some(before) = BEFORE.get() {
            // SAFETY: this is a handler, and those are its arguments.
            unsafe { before.call(signal, info, context) };
        }
    }

    /// Copies what was interrupted.
    fn expose(context: &libc::ucontext_t) {
        let register = |number: c_int| context.uc_mcontext.gregs[number as usize] as usize;
        AT.store(register(libc::REG_RIP), Ordering::Relaxed);
        let sp = register(libc::REG_RSP).next_multiple_of(size_of::<usize>());
        let (low, high) = GROUND.with(|ground| (ground.0.get(), ground.1.get()));
        let count = if (low..high).contains(&sp) { (high - sp) / size_of::<usize>() } else { 0 };
        let count = count.min(WORDS);
        for (i, place) in STACK[..count].iter().enumerate() {
            let address = sp + i * size_of::<usize>();
            let word: usize;
            // SAFETY: this thread runs on that stack, by its stack pointer and by its own word, so it is mapped
            // from there to its end. By an instruction and not by a pointer, as what lies there may not be
            // initialised, or be somebody's by right of a `&mut`.
            unsafe {
                asm!("mov {}, [{}]", out(reg) word, in(reg) address, options(nostack, readonly, preserves_flags));
            }
            place.store(word, Ordering::Relaxed);
        }
        COUNT.store(count, Ordering::Relaxed);
    }
}

pub(crate) use camera::{load, stand_on, take, thread};

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

    use super::*;

    #[test]
    fn a_thread_that_runs_is_pictured_with_its_stack_and_one_that_has_ended_is_not() {
        static STOP: AtomicBool = AtomicBool::new(false);
        static SUBJECT: AtomicI32 = AtomicI32::new(0);
        load().unwrap();
        let subject = std::thread::spawn(|| {
            let marks = std::hint::black_box([0x5eed_0001_usize, 0x5eed_0002]);
            let low = &raw const marks as usize - 4096;
            stand_on(low, &raw const marks as usize + size_of_val(&marks));
            SUBJECT.store(thread(), Ordering::Release);
            while !STOP.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            stand_on(0, 0);
        });
        while SUBJECT.load(Ordering::Acquire) == 0 {
            std::hint::spin_loop();
        }
        let number = SUBJECT.load(Ordering::Acquire);
        let shot = take(number).expect("it runs");
        assert!(shot.at != 0 && shot.words.ends_with(&[0x5eed_0001, 0x5eed_0002]), "{shot:?}");
        STOP.store(true, Ordering::Relaxed);
        subject.join().unwrap();
        assert_eq!(take(number), None);
    }
}
