//! What the environment says: variables that are read once, when the first hub is made.
//!
//! All of them stand here, and in `docs/settings.md`, so that a user finds them in one place. A value that
//! makes no sense is an error that names variable, value and choices; later changes of the environment
//! have no effect. What is chosen when a program is built (`OSIER_SWITCH`) is not read here.

use std::env;
use std::ffi::OsString;
use std::io;
use std::sync::OnceLock;

/// Threads of the pool that `thread::offload` uses, if nothing is said: enough that a few slow calls do not hold up the
/// rest.
const OFFLOAD: usize = 4;
/// The most that can be asked for: more is a slip of the keyboard.
const MOST_OFFLOAD: usize = 10_000;

/// How the guards of stacks are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guards {
    /// The best way that the kernel offers.
    Best,
    /// By access rights, as before Linux 6.13.
    Mprotect,
}

/// What is noted of tasks for [`task_tree`](crate::inspect::task_tree).
///
/// ```
/// use osier::inspect::{self, Tracking};
///
/// osier::run(|| {
///     inspect::track(Tracking::Tree);
///     let task = osier::spawn(|| ());
///     let seen = inspect::tasks().into_iter().find(|seen| seen.id == task.id()).unwrap();
///     assert_eq!(seen.parent, Some(osier::current().id()));
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Tracking {
    /// Nothing: a task costs what it costs.
    Off,
    /// By whom a task was spawned, and when: some 180 bytes more for each.
    Tree,
    /// Also the backtrace of every wait: some microseconds more for each.
    Waits,
}

/// All settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Settings {
    /// `OSIER_GUARD`.
    pub(crate) guards: Guards,
    /// `OSIER_TRACK`.
    pub(crate) tracking: Tracking,
    /// `OSIER_OFFLOAD`: the most OS threads of `thread::offload`.
    pub(crate) offload: usize,
    /// `OSIER_SEED`: of runs under test.
    pub(crate) seed: Option<u64>,
}

impl Settings {
    /// Reads them by `get`; an empty value is none.
    fn read(get: impl Fn(&str) -> Option<OsString>) -> Result<Settings, String> {
        let get = |name: &'static str| {
            let value = get(name).filter(|value| !value.is_empty())?;
            Some((name, value.to_string_lossy().into_owned()))
        };
        let guards = match get("OSIER_GUARD") {
            None => Guards::Best,
            Some((_, value)) if value == "mprotect" => Guards::Mprotect,
            Some(bad) => return Err(refuse(bad, "mprotect or nothing")),
        };
        let tracking = match get("OSIER_TRACK") {
            None => Tracking::Off,
            Some((name, value)) => match value.as_str() {
                "off" => Tracking::Off,
                "tree" => Tracking::Tree,
                "waits" => Tracking::Waits,
                _ => return Err(refuse((name, value), "off, tree or waits")),
            },
        };
        let offload = match get("OSIER_OFFLOAD") {
            None => OFFLOAD,
            Some((name, value)) => match value.parse() {
                Ok(threads @ 1..=MOST_OFFLOAD) => threads,
                _ => return Err(refuse((name, value), "a number of threads, 1 to 10000")),
            },
        };
        let seed = match get("OSIER_SEED") {
            None => None,
            Some((name, value)) => match value.parse() {
                Ok(seed) => Some(seed),
                Err(_) => return Err(refuse((name, value), "a number below 2^64")),
            },
        };
        Ok(Settings { guards, tracking, offload, seed })
    }
}

fn refuse((name, value): (&str, String), choices: &str) -> String {
    format!("{name}={value}: say {choices}")
}

fn all() -> &'static Result<Settings, String> {
    static SETTINGS: OnceLock<Result<Settings, String>> = OnceLock::new();
    SETTINGS.get_or_init(|| Settings::read(|name| env::var_os(name)))
}

/// Says what is wrong with the environment, if something is.
pub(crate) fn check() -> io::Result<()> {
    let wrong = |text: &String| io::Error::new(io::ErrorKind::InvalidInput, text.clone());
    all().as_ref().map(|_| ()).map_err(wrong)
}

/// The settings.
///
/// # Panics
/// When one makes no sense; [`check`] says so first.
pub(crate) fn settings() -> &'static Settings {
    all().as_ref().unwrap_or_else(|text| panic!("{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 4] = ["OSIER_GUARD", "OSIER_TRACK", "OSIER_OFFLOAD", "OSIER_SEED"];

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| {
            let pair = pairs.iter().find(|(known, _)| *known == name)?;
            Some(OsString::from(pair.1))
        })
    }

    #[test]
    fn what_is_not_said_has_a_default_cf_01() {
        let (guards, tracking) = (Guards::Best, Tracking::Off);
        let plain = Settings { guards, tracking, offload: OFFLOAD, seed: None };
        assert_eq!(read(&[]), Ok(plain.clone()));
        let empty = ALL.map(|name| (name, ""));
        assert_eq!(read(&empty), Ok(plain));
    }

    #[test]
    fn what_is_said_holds_cf_01() {
        let said = ["mprotect", "waits", "9", "17"];
        let said: Vec<_> = ALL.into_iter().zip(said).collect();
        let (guards, tracking) = (Guards::Mprotect, Tracking::Waits);
        let settings = Settings { guards, tracking, offload: 9, seed: Some(17) };
        assert_eq!(read(&said), Ok(settings));
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable_cf_01() {
        for name in ALL {
            let error = read(&[(name, "nonsense")]).unwrap_err();
            assert!(error.starts_with(&format!("{name}=nonsense: say ")), "{error}");
        }
        for none in ["0", "-1", "10001"] {
            assert!(read(&[("OSIER_OFFLOAD", none)]).is_err(), "a pool of so many is none");
        }
    }
}
