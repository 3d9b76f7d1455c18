//! One line of a results file: a stamp, or one run's figures.
//!
//! Two forms of run are read: the comparing driver's, `{"section", "case", "peer", "ns", ...}`, and
//! the one that this program prints, `{"peer", "work", "n", "ns_per_op", "extra"}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What a line holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    /// Where and when the rows after it were measured, as (what, value).
    Stamp(Vec<(String, String)>),
    /// One run.
    Row(Row),
    /// Something derived, which is not read back.
    Derived,
}

/// One run of one peer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The family of cases, which says what is compared.
    pub(crate) section: String,
    /// What was measured; rows of one case may be compared.
    pub(crate) case: String,
    /// Who was measured.
    pub(crate) peer: String,
    /// The figures by name; `ns` is wall time per operation.
    pub(crate) figures: BTreeMap<String, f64>,
}

impl Row {
    /// The figure that rows of this case are compared by.
    pub(crate) fn measure(&self) -> &'static str {
        measure(&self.section, &self.case)
    }

    /// The line in the driver's form.
    pub(crate) fn line(&self) -> String {
        let mut all = Map::new();
        all.insert("section".into(), json!(self.section));
        all.insert("case".into(), json!(self.case));
        all.insert("peer".into(), json!(self.peer));
        all.extend(self.figures.iter().map(|(name, v)| (name.clone(), json!(v))));
        Value::Object(all).to_string()
    }
}

/// CPU time where others share the machine or most of the time is waiting, else wall time; for
/// parked tasks that of spawning and of ending one together, `whole_ns`, which is put in on reading.
fn measure(section: &str, case: &str) -> &'static str {
    match section {
        "echo" | "http" => "server_ns",
        "fetch" | "crowd" => "cpu_s",
        "calls" => "calls_per_request",
        "instructions" => "instructions_per_request",
        "mem" => "whole_ns",
        _ if case.starts_with("mem") || case.starts_with("parked") => "whole_ns",
        _ if case.starts_with("sleep") || case.starts_with("fetch") => "cpu_s",
        _ => "ns",
    }
}

/// Reads one line of a results file.
pub(crate) fn parse(line: &str) -> Result<Line, String> {
    let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let all = value.as_object().ok_or("not an object")?;
    if let Some(stamp) = all.get("stamp") {
        let stamp = stamp.as_object().ok_or("the stamp is not an object")?;
        let pairs = stamp.iter().map(|(k, v)| Ok((k.clone(), text_of(v, k)?)));
        return Ok(Line::Stamp(pairs.collect::<Result<_, String>>()?));
    }
    if all.contains_key("summary") {
        return Ok(Line::Derived);
    }
    let mut row = if all.contains_key("work") { own(all)? } else { drivers(all)? };
    if let Some(down) = row.figures.get("teardown_ns") {
        row.figures.insert("whole_ns".into(), row.figures.get("ns").ok_or("has no ns")? + down);
    }
    match row.figures.contains_key(row.measure()) {
        true => Ok(Line::Row(row)),
        false => Err(format!("has no {}", row.measure())),
    }
}

fn drivers(all: &Map<String, Value>) -> Result<Row, String> {
    let [section, case, peer] = ["section", "case", "peer"];
    let figures = all.iter().filter(|(k, _)| ![section, case, peer].contains(&k.as_str()));
    Ok(Row {
        section: text(all, section)?,
        case: text(all, case)?,
        peer: text(all, peer)?,
        figures: numbers(figures),
    })
}

fn own(all: &Map<String, Value>) -> Result<Row, String> {
    let extra = all.get("extra").and_then(Value::as_object).ok_or("has no extra")?;
    let mut figures = numbers(extra.iter());
    figures.insert("n".into(), number(all, "n")?);
    figures.insert("ns".into(), number(all, "ns_per_op")?);
    let case = case_of(&text(all, "work")?, &mut figures);
    Ok(Row { section: "single".into(), case, peer: text(all, "peer")?, figures })
}

/// The work and what of its keys the line tells.
fn case_of(work: &str, figures: &mut BTreeMap<String, f64>) -> String {
    let mut case = work.to_owned();
    if matches!(work, "sleep" | "mem" | "spawnall" | "fetch") {
        case += &format!(" n={}", figures["n"]);
    }
    for key in ["tasks", "depth", "mixed", "conns", "size"] {
        if let Some(value) = figures.remove(key) {
            case += &format!(" {key}={value}");
        }
    }
    case
}

/// The figures among them; what is not a number (wrk's own units) is left out.
fn numbers<'a>(pairs: impl Iterator<Item = (&'a String, &'a Value)>) -> BTreeMap<String, f64> {
    pairs.filter_map(|(name, v)| Some((name.clone(), v.as_f64()?))).collect()
}

fn number(all: &Map<String, Value>, key: &str) -> Result<f64, String> {
    all.get(key).and_then(Value::as_f64).ok_or_else(|| format!("has no number {key}"))
}

fn text(all: &Map<String, Value>, key: &str) -> Result<String, String> {
    text_of(all.get(key).unwrap_or(&Value::Null), key)
}

fn text_of(value: &Value, key: &str) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("has no text {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str) -> Row {
        match parse(line) {
            Ok(Line::Row(row)) => row,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_drivers_form_is_read() {
        let row = row(
            r#"{"section":"http","case":"http 64, 1 core","peer":"ours","ns":9.5,"server_ns":7,"p50":"1ms"}"#,
        );
        assert_eq!((&*row.section, &*row.case, &*row.peer), ("http", "http 64, 1 core", "ours"));
        assert_eq!(row.figures, BTreeMap::from([("ns".into(), 9.5), ("server_ns".into(), 7.0)]));
        assert_eq!(parse(&row.line()), Ok(Line::Row(row)));
    }

    #[test]
    fn our_own_form_is_read() {
        let line = r#"{"peer":"ours","work":"yield","n":10,"ns_per_op":2.5,"extra":{"cpu_ns_per_op":2.4,"tasks":2.00,"depth":3.00}}"#;
        let row = row(line);
        assert_eq!((&*row.case, &*row.peer), ("yield tasks=2 depth=3", "ours"));
        assert_eq!((row.figures["ns"], row.figures["cpu_ns_per_op"]), (2.5, 2.4));
    }

    #[test]
    fn cases_of_unlike_size_are_kept_apart() {
        let line = |n: u32| {
            let extra = r#"{"teardown_ns":2}"#;
            format!(r#"{{"peer":"p","work":"mem","n":{n},"ns_per_op":1.5,"extra":{extra}}}"#)
        };
        assert_eq!(row(&line(1000)).figures["whole_ns"], 3.5);
        assert_eq!(row(&line(1000)).case, "mem n=1000");
        assert_ne!(row(&line(1000)).case, row(&line(10)).case);
    }

    #[test]
    fn what_is_compared_depends_on_the_case() {
        let pick = |section, case| measure(section, case);
        assert_eq!(pick("micro", "yield 2"), "ns");
        assert_eq!(pick("micro", "sleep 100k"), "cpu_s");
        assert_eq!(pick("echo", "echo 64 x 64 B"), "server_ns");
        assert_eq!(pick("fetch", "fetch 10k"), "cpu_s");
        assert_eq!([pick("mem", "parked 1M"), pick("paired", "parked 1M")], ["whole_ns"; 2]);
        assert_eq!(pick("calls", "echo 64 x 64 B"), "calls_per_request");
    }

    #[test]
    fn a_line_that_cannot_be_used_is_refused() {
        for (line, why) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("[1]", "not an object"),
            (r#"{"section":"micro","case":"yield 2","ns":1}"#, "has no text peer"),
            (r#"{"section":"micro","case":"yield 2","peer":"ours"}"#, "has no ns"),
            (r#"{"section":"echo","case":"echo","peer":"ours","ns":1}"#, "has no server_ns"),
            (r#"{"peer":"ours","work":"yield","n":1,"extra":{}}"#, "has no number ns_per_op"),
            (r#"{"peer":"ours","work":"yield","n":1,"ns_per_op":2}"#, "has no extra"),
            (r#"{"stamp":{"commit":3}}"#, "has no text commit"),
        ] {
            assert_eq!(parse(line), Err(why.to_owned()), "{line}");
        }
    }

    #[test]
    fn stamps_and_derived_lines_are_told_from_rows() {
        let stamp = parse(r#"{"stamp":{"commit":"abc"}}"#);
        assert_eq!(stamp, Ok(Line::Stamp(vec![("commit".into(), "abc".into())])));
        assert_eq!(parse(r#"{"summary":true,"case":"yield"}"#), Ok(Line::Derived));
    }
}
