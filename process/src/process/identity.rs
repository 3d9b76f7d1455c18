//! What a process knows of itself.

use std::fmt;
use std::sync::PoisonError;

use osier_runtime::stay::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};

/// What a process knows of itself, and hands on.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) name: String,
    /// Which child of which child of the first process it is.
    pub(super) path: Vec<u32>,
    pub(super) daemon: bool,
    pub(super) authkey: Vec<u8>,
    /// How many children it has started.
    pub(super) started: u32,
}

/// None until somebody asks, in the first process.
static ME: Mutex<Option<Identity>> = Mutex::new(None);

fn me() -> MutexGuard<'static, Option<Identity>> {
    ME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of a key that nobody has chosen.
const KEY: usize = 32;

impl Identity {
    fn first() -> Identity {
        let mut authkey = vec![0; KEY];
        // It fails on no kernel that this runs on; a key of zeros opens what only children can reach.
        let _ = rustix::rand::getrandom(&mut authkey, rustix::rand::GetRandomFlags::empty());
        let name = "MainProcess".to_string();
        Identity { name, path: Vec::new(), daemon: false, authkey, started: 0 }
    }

    /// That of the next child, as far as nobody has chosen otherwise.
    pub(super) fn of_next_child() -> Identity {
        with(|me| {
            me.started += 1;
            let mut path = me.path.clone();
            path.push(me.started);
            let numbers: Vec<String> = path.iter().map(u32::to_string).collect();
            let name = format!("Process-{}", numbers.join(":"));
            Identity { name, path, daemon: me.daemon, authkey: me.authkey.clone(), started: 0 }
        })
    }

    /// From now on this process is that one.
    pub(super) fn assume(self) {
        *me() = Some(self);
    }
}

pub(super) fn with<R>(f: impl FnOnce(&mut Identity) -> R) -> R {
    f(me().get_or_insert_with(Identity::first))
}

/// This process, as it sees itself.
///
/// ```
/// let me = osier::process::current();
/// assert_eq!((me.name(), me.pid()), ("MainProcess", std::process::id()));
/// ```
#[derive(Clone)]
pub struct Current(Identity);

/// This process, as it sees itself.
///
/// # Blocking
/// Never switches tasks.
pub fn current() -> Current {
    with(|me| Current(me.clone()))
}

impl Current {
    /// Its number.
    pub fn pid(&self) -> u32 {
        std::process::id()
    }

    /// Its name: of the first one "MainProcess", else what it was started with.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is a daemon.
    pub fn is_daemon(&self) -> bool {
        self.0.daemon
    }

    /// The key that it shares with its parent and its children.
    pub fn authkey(&self) -> &[u8] {
        &self.0.authkey
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the key: this is printed into logs.
        let Identity { name, daemon, .. } = &self.0;
        f.debug_struct("Current")
            .field("name", name)
            .field("daemon", daemon)
            .finish_non_exhaustive()
    }
}

/// Sets the key of this process, and of children that it starts from now on.
///
/// # Blocking
/// Never switches tasks.
pub fn set_authkey(key: impl Into<Vec<u8>>) {
    with(|me| me.authkey = key.into());
}

/// How many processors this process may use: by affinity, and by the quota of its cgroup.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// assert!(osier::process::cpu_count() >= 1);
/// ```
pub fn cpu_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
