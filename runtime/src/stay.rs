//! Locks of the runtime's own, in whose line the OS thread stops and no task; for `osier-process` and `osier-monkey` as well.
//!
//! They are held for a few instructions, and never across a switch, so whoever waits for one waits for a thread that runs.
//! In a program in which std's own locks make tasks wait (`osier-monkey`), these must not: what takes one may have a ticket
//! in its hand or a book of the hub open, and half of what takes one is documented never to switch tasks.
//! What they are is std's locks; what is added is that, while one is waited for, this thread says that it stays.

use std::cell::Cell;
use std::fmt;
use std::sync::{self, LockResult, PoisonError, TryLockError, WaitTimeoutResult};
use std::time::Duration;

pub use std::sync::MutexGuard;

thread_local! {
    /// How many reasons there are, on this thread, to stop it rather than the task.
    static REASONS: Cell<u32> = const { Cell::new(0) };
}

/// Runs `f`, in which what would make the task wait stops the OS thread. `f` must not switch tasks.
pub fn stay<R>(f: impl FnOnce() -> R) -> R {
    struct Less;
    impl Drop for Less {
        fn drop(&mut self) {
            REASONS.with(|reasons| reasons.set(reasons.get() - 1));
        }
    }
    REASONS.with(|reasons| reasons.set(reasons.get() + 1));
    let _less = Less;
    f()
}

/// Whether this thread is inside of [`stay`].
#[inline]
pub fn stays() -> bool {
    REASONS.with(|reasons| reasons.get() != 0)
}

/// std's, but whoever waits for it stays.
#[derive(Default)]
pub struct Mutex<T: ?Sized>(sync::Mutex<T>);

impl<T> Mutex<T> {
    /// One that nobody holds.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex(sync::Mutex::new(value))
    }

    /// What it holds, as nobody else can have it any more.
    ///
    /// # Errors
    /// As [`std::sync::Mutex::into_inner`].
    pub fn into_inner(self) -> LockResult<T> {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// As [`std::sync::Mutex::lock`].
    ///
    /// # Errors
    /// As there: when a holder has panicked.
    #[inline]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => Err(poisoned),
            Err(TryLockError::WouldBlock) => self.lock_slowly(),
        }
    }

    #[cold]
    fn lock_slowly(&self) -> LockResult<MutexGuard<'_, T>> {
        stay(|| self.0.lock())
    }

    /// What it holds, as nobody else can have it now.
    ///
    /// # Errors
    /// As [`std::sync::Mutex::get_mut`].
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.0.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// std's, but whoever waits for it stays.
#[derive(Default, Debug)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    /// One that nobody waits for.
    pub const fn new() -> Condvar {
        Condvar(sync::Condvar::new())
    }

    /// Lets one of those go on who wait.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Lets all go on who wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }

    /// As [`std::sync::Condvar::wait`].
    ///
    /// # Errors
    /// As there.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        stay(|| self.0.wait(guard))
    }

    /// As [`std::sync::Condvar::wait_timeout`].
    ///
    /// # Errors
    /// As there.
    #[expect(clippy::type_complexity, reason = "it is std's")]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> Result<
        (MutexGuard<'a, T>, WaitTimeoutResult),
        PoisonError<(MutexGuard<'a, T>, WaitTimeoutResult)>,
    > {
        stay(|| self.0.wait_timeout(guard, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_stays_for_as_long_as_it_says() {
        assert!(!stays());
        stay(|| {
            stay(|| assert!(stays()));
            assert!(stays());
        });
        let unwound = std::panic::catch_unwind(|| stay(|| panic!("boom")));
        assert!(unwound.is_err() && !stays());
    }
}
