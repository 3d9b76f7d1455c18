//! Being called in forked copies of this process, whoever forks.

/// Has `f` called in every copy of this process that libc's `fork` makes, before that returns; it is inherited.
///
/// `f` must do no more than a signal handler may: store into atomics.
pub(crate) fn in_copies(f: extern "C" fn()) {
    // SAFETY: a function of the program lives as long as it does. Without memory for the entry it is not called.
    let _ = unsafe { libc::pthread_atfork(None, None, Some(as_unsafe(f))) };
}

fn as_unsafe(f: extern "C" fn()) -> unsafe extern "C" fn() {
    f
}
