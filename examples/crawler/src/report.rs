//! What a crawl has to tell: a record for each page, and the sum of them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

/// What became of one page: one line of the output file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// The page's URL, as it was found (evened out) or typed.
    pub url: String,
    /// Where redirects have led; else the same as `url`.
    pub final_url: String,
    /// The answer's status; `None` when there was none.
    pub status: Option<u16>,
    /// Bytes of the body that were read, decompressed.
    pub bytes: u64,
    /// Milliseconds from the connection to the last byte, redirects included.
    pub ms: f64,
    /// How many links the page is away from the URLs given.
    pub depth: u32,
    /// The text of its `<title>`.
    pub title: Option<String>,
    /// How many different pages it links to, on any host.
    pub links: usize,
    /// What went wrong; `None` when an answer came and was read, whatever its status.
    pub error: Option<String>,
}

impl Record {
    /// For a URL that was never tried, because it is none.
    pub fn refused(text: &str, reason: String) -> Self {
        Record {
            url: text.to_owned(),
            final_url: text.to_owned(),
            status: None,
            bytes: 0,
            ms: 0.0,
            depth: 0,
            title: None,
            links: 0,
            error: Some(reason),
        }
    }
}

/// The sum of a crawl: what `--json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Pages tried, one for each record.
    pub pages: usize,
    /// Bytes of all their bodies.
    pub bytes: u64,
    /// Pages that could not be had: no answer, or none that could be read.
    pub errors: usize,
    /// Links that lead to a page with such an error, or with a status of 400 and above.
    pub broken: usize,
    /// How long it took.
    pub seconds: f64,
    /// Pages tried a second.
    pub pages_per_second: f64,
    /// The most pages that were being fetched at once.
    pub max_in_flight: usize,
}

/// Takes the records of a crawl as they come, writes them out and adds them up.
#[derive(Debug)]
pub struct Report {
    /// Where the records go, one JSON object a line.
    output: Option<BufWriter<File>>,
    /// How many records there were.
    pub pages: usize,
    /// How many of them had an answer.
    pub answered: usize,
    /// Bytes of all bodies.
    pub bytes: u64,
    /// Redirects met.
    pub redirects: usize,
    /// Time spent on the pages, one after the other.
    pub page_time: Duration,
    /// The pages that could not be had, and why.
    pub errors: Vec<(String, String)>,
    /// Hosts that redirects led to and that are none of the seeds'.
    pub outside: BTreeSet<String>,
}

impl Report {
    /// Begins a report that writes its records to `path`, if there is one.
    ///
    /// # Errors
    ///
    /// When the file cannot be created.
    pub fn new(path: Option<&Path>) -> io::Result<Self> {
        let create = |path: &Path| {
            File::create(path)
                .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))
        };
        let output = path.map(create).transpose()?.map(BufWriter::new);
        Ok(Report {
            output,
            pages: 0,
            answered: 0,
            bytes: 0,
            redirects: 0,
            page_time: Duration::ZERO,
            errors: Vec::new(),
            outside: BTreeSet::new(),
        })
    }

    /// Takes one record.
    ///
    /// A file keeps nobody waiting, so it is simply written: no other thread, no switch.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn add(&mut self, record: Record) -> io::Result<()> {
        if let Some(output) = &mut self.output {
            serde_json::to_writer(&mut *output, &record)?;
            output.write_all(b"\n")?;
        }
        self.pages += 1;
        self.answered += usize::from(record.status.is_some());
        self.bytes += record.bytes;
        self.page_time += Duration::from_secs_f64(record.ms / 1e3);
        self.errors.extend(record.error.map(|error| (record.url, error)));
        Ok(())
    }

    /// Hands what was written to the file.
    ///
    /// # Errors
    ///
    /// When the file does not take it.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.as_mut().map_or(Ok(()), Write::flush)
    }

    /// Adds up a crawl that took `time`.
    pub fn summary(&self, broken: usize, time: Duration, max_in_flight: usize) -> Summary {
        let rate = self.pages as f64 / time.as_secs_f64().max(1e-9);
        Summary {
            pages: self.pages,
            bytes: self.bytes,
            errors: self.errors.len(),
            broken,
            seconds: round(time.as_secs_f64(), 3),
            pages_per_second: round(rate, 1),
            max_in_flight,
        }
    }
}

/// Milliseconds as records have them, to a tenth of one.
pub fn milliseconds(time: Duration) -> f64 {
    round(time.as_secs_f64() * 1e3, 1)
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(url: &str, status: Option<u16>, error: Option<&str>) -> Record {
        let refused = Record::refused(url, String::new());
        Record { status, bytes: 10, ms: 1.5, error: error.map(Into::into), ..refused }
    }

    #[test]
    fn records_add_up() {
        let mut report = Report::new(None).unwrap();
        report.add(record("http://h/a", Some(200), None)).unwrap();
        report.add(record("http://h/b", Some(404), None)).unwrap();
        report.add(record("http://h/c", None, Some("refused"))).unwrap();
        let summary = report.summary(2, Duration::from_millis(1500), 64);
        let wanted = r#"{"pages":3,"bytes":30,"errors":1,"broken":2,"seconds":1.5,"pages_per_second":2.0,"max_in_flight":64}"#;
        assert_eq!(serde_json::to_string(&summary).unwrap(), wanted);
        assert_eq!(report.answered, 2);
        assert_eq!(report.errors, [("http://h/c".into(), "refused".into())]);
        assert_eq!(report.page_time, Duration::from_micros(4500));
    }

    #[test]
    fn a_crawl_of_no_time_has_a_rate() {
        let summary = Report::new(None).unwrap().summary(0, Duration::ZERO, 0);
        assert_eq!(summary.pages_per_second, 0.0);
    }

    #[test]
    fn lines_have_all_keys_in_order() {
        let line = serde_json::to_string(&record("http://h/\"", None, Some("no\nanswer"))).unwrap();
        let wanted = r#"{"url":"http://h/\"","final_url":"http://h/\"","status":null,"bytes":10,"ms":1.5,"depth":0,"title":null,"links":0,"error":"no\nanswer"}"#;
        assert_eq!(line, wanted);
    }

    #[test]
    fn a_file_that_cannot_be_made_is_an_error() {
        assert!(Report::new(Some(Path::new("/no/such/folder/x.jsonl"))).is_err());
    }
}
