//! What came of it.

use std::fmt;

use crate::args::Form;

/// The figures of one form.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// What was done.
    pub form: Form,
    /// The most requests in flight at once, as the server has counted them.
    pub peak_in_flight: u64,
    /// Fetches that were not answered as they should be.
    pub failed: u64,
    /// From the start of the first process to the last answer.
    pub seconds: f64,
    /// Processor time of client and server together.
    pub cpu_seconds: f64,
    /// Memory of the client, a task.
    pub rss_bytes_per_task: u64,
}

impl Report {
    /// As one JSON object.
    pub fn json(&self) -> String {
        let Report { peak_in_flight, failed, seconds, cpu_seconds, rss_bytes_per_task, .. } = self;
        format!(
            "{{\"peak_in_flight\": {peak_in_flight}, \"failed\": {failed}, \"seconds\": {seconds:.3}, \
             \"cpu_seconds\": {cpu_seconds:.2}, \"rss_bytes_per_task\": {rss_bytes_per_task}}}"
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Form { processes, threads, tasks } = self.form;
        write!(
            f,
            "{processes} processes x {threads} OS threads x {tasks} green threads = {} fetches: \
             {} in flight at once, {} failed, {:.2} s, {:.2} s of processor time, {:.1} KiB a green thread",
            self.form.fetches(),
            self.peak_in_flight,
            self.failed,
            self.seconds,
            self.cpu_seconds,
            self.rss_bytes_per_task as f64 / 1024.0,
        )
    }
}
