//! The way to the thread that makes the call.

use std::sync::LazyLock;

use crate::hub::is_in_task;
use crate::settings::settings;
use crate::thread::Pool;

/// A pool of its own: a file does not stand behind long computations, nor they behind a slow disk.
static FILES: LazyLock<Pool> = LazyLock::new(|| Pool::new("files", settings().offload));

/// Makes a call of the file system while the task waits.
pub(super) fn call<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    // The settings are only known to make sense where there is a hub.
    if is_in_task() { FILES.offload(f) } else { f() }
}
