//! Programs whose handle was dropped before their end: they are waited for all the same, or they would stay as zombies.

use std::process::Child;
use std::sync::PoisonError;

use osier_runtime::io::Source;
use osier_runtime::stay::{Mutex, MutexGuard};
use osier_runtime::{Builder, fork};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Those that no task waits for, with the generation of the process whose children they are.
static ORPHANS: Mutex<Vec<(u32, Child)>> = Mutex::new(Vec::new());

fn orphans() -> MutexGuard<'static, Vec<(u32, Child)>> {
    ORPHANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for those that have ended.
pub(super) fn reap() {
    let me = fork::generation();
    orphans().retain_mut(|(of, child)| *of == me && matches!(child.try_wait(), Ok(None)));
}

/// Sees to it that one is waited for: by a task if there is a hub, else when the next one is started or dropped.
pub(super) fn adopt(child: Child) {
    reap();
    let mut orphan = Orphan(Some((fork::generation(), child)));
    if !fork::in_hub() || std::thread::panicking() || orphan.has_ended() {
        return;
    }
    let wait = move || {
        // Without descriptors it is left to the list.
        let pidfd = pidfd_open(orphan.pid(), PidfdFlags::empty());
        if let Ok(pidfd) = pidfd.map(Source::new) {
            while !orphan.has_ended() && pidfd.wait_readable(None).is_ok() {}
        }
    };
    // Without memory, too.
    let _ = Builder::new().name("osier-reaper").daemon(true).spawn(wait);
}

/// One that is put on the list when it is dropped, unless it has ended.
struct Orphan(Option<(u32, Child)>);

impl Orphan {
    fn pid(&self) -> Pid {
        let (_, child) = self.0.as_ref().expect("it is there until it has ended");
        Pid::from_child(child)
    }

    fn has_ended(&mut self) -> bool {
        if self.0.as_mut().is_some_and(|(_, child)| !matches!(child.try_wait(), Ok(None))) {
            self.0 = None;
        }
        self.0.is_none()
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        orphans().extend(self.0.take());
    }
}
