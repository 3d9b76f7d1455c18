//! Clocks and memory counters: wall time, this process's CPU time, what it holds resident.
//!
//! Each figure is taken the way the peers' programs take theirs, or the two could not be compared.

use std::fs::read_to_string;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A point in wall time and in this process's CPU time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    wall: Instant,
    cpu: Duration,
}

/// How long it was between a [`Mark`] and the end.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Span {
    /// Wall time, in nanoseconds.
    pub(crate) wall: f64,
    /// CPU time of all threads of the process, in nanoseconds.
    pub(crate) cpu: f64,
}

impl Mark {
    pub(crate) fn now() -> Mark {
        Mark { wall: wall(), cpu: cpu() }
    }

    pub(crate) fn span(&self) -> Span {
        let wall = wall().duration_since(self.wall).as_nanos() as f64;
        Span { wall, cpu: (cpu() - self.cpu).as_nanos() as f64 }
    }
}

/// The present moment; what is measured here is the system's time, not a runtime's.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub(crate) fn wall() -> Instant {
    Instant::now()
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

/// What this process holds and what the machine has left, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident pages.
    pub(crate) rss: f64,
    /// Page tables.
    pub(crate) pte: f64,
    /// Available on the whole machine.
    pub(crate) left: f64,
}

impl Memory {
    pub(crate) fn now() -> Memory {
        Memory {
            rss: field("/proc/self/status", "VmRSS:"),
            pte: field("/proc/self/status", "VmPTE:"),
            left: field("/proc/meminfo", "MemAvailable:"),
        }
    }
}

/// The most this process ever held resident, in bytes.
pub(crate) fn peak_rss() -> f64 {
    field("/proc/self/status", "VmHWM:")
}

fn field(path: &str, key: &str) -> f64 {
    let text = read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    kib(&text, key).unwrap_or_else(|| panic!("{path} has no {key}"))
}

/// The bytes in a line such as `VmRSS:  123 kB`.
fn kib(text: &str, key: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_in_kib() {
        let text = "VmPeak:\t  900 kB\nVmRSS:\t   12 kB\n";
        assert_eq!(kib(text, "VmRSS:"), Some(12288.0));
        assert_eq!(kib(text, "VmPTE:"), None);
    }

    #[test]
    fn a_busy_loop_costs_wall_and_cpu() {
        let mark = Mark::now();
        while mark.span().cpu < 1e5 {}
        assert!(mark.span().wall > 0.0);
        assert!(Memory::now().rss > 0.0 && peak_rss() >= 4096.0);
    }
}
