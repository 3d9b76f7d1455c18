//! What is to be done before this OS thread stops to wait, where no task could do it meanwhile.

use std::sync::OnceLock;

/// What is to be done.
static ERRAND: OnceLock<fn()> = OnceLock::new();

/// Has `f` called then.
pub(crate) fn before_stopping(f: fn()) {
    let _ = ERRAND.set(f);
}

/// To be called by whatever is about to wait.
pub(crate) fn about_to_wait() {
    if let Some(errand) = ERRAND.get()
        && !osier_runtime::fork::in_hub()
    {
        errand();
    }
}
