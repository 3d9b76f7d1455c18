//! The one line of JSON that every run prints.

use crate::args::Args;
use crate::measure::Span;

/// What one run has found.
#[derive(Debug)]
pub(crate) struct Report {
    n: usize,
    span: Span,
    extra: Vec<(&'static str, f64)>,
}

impl Report {
    /// `n` operations took this long.
    pub(crate) fn new(n: usize, span: Span) -> Report {
        Report { n, span, extra: vec![("cpu_ns_per_op", span.cpu / n as f64)] }
    }

    /// Adds a figure, in the unit that its name ends in.
    pub(crate) fn with(mut self, name: &'static str, figure: f64) -> Report {
        self.extra.push((name, figure));
        self
    }

    /// Adds how late sleepers woke; `late` is in nanoseconds.
    pub(crate) fn with_lateness(self, names: [&'static str; 3], late: &mut [u64]) -> Report {
        late.sort_unstable();
        let [p50, p99, max] = names;
        self.with(p50, rank(late, 0.5) / 1e3)
            .with(p99, rank(late, 0.99) / 1e3)
            .with(max, rank(late, 1.0) / 1e3)
    }

    /// The line, without its newline.
    pub(crate) fn line(&self, args: &Args) -> String {
        let text = |s: &str| serde_json::Value::from(s).to_string();
        let (peer, work) = (text(&args.label), text(&args.work));
        let (n, per) = (self.n, self.span.wall / self.n as f64);
        let extra: Vec<String> =
            self.extra.iter().map(|(name, v)| format!("{}:{v:.2}", text(name))).collect();
        let extra = extra.join(",");
        format!(
            r#"{{"peer":{peer},"work":{work},"n":{n},"ns_per_op":{per:.2},"extra":{{{extra}}}}}"#
        )
    }
}

/// The value below which the share `q` of them lies.
pub(crate) fn rank(sorted: &[u64], q: f64) -> f64 {
    let at = ((sorted.len() as f64 - 1.0) * q).round() as usize;
    sorted.get(at).map_or(f64::NAN, |&v| v as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_form_that_the_driver_reads() {
        let args = Args::parse("ours", "yield", &[], &[]).unwrap();
        let report = Report::new(4, Span { wall: 10.0, cpu: 8.0 }).with("tasks", 2.0);
        assert_eq!(
            report.line(&args),
            r#"{"peer":"ours","work":"yield","n":4,"ns_per_op":2.50,"extra":{"cpu_ns_per_op":2.00,"tasks":2.00}}"#
        );
    }

    #[test]
    fn a_label_cannot_break_the_line() {
        let args = Args::parse("o\"urs", "yield", &[], &[]).unwrap();
        let line = Report::new(1, Span::default()).line(&args);
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["peer"], "o\"urs");
    }

    #[test]
    fn ranks_are_the_peers() {
        let sorted: Vec<u64> = (0..=100).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|q| rank(&sorted, q)), [50.0, 99.0, 100.0]);
        assert!(rank(&[], 0.5).is_nan());
    }
}
