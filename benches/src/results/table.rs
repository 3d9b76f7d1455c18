//! `table [out=PATH] FILE...`: stamped results files to RESULTS.md.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::row::{Line, Row, parse};

/// Figures that get a column of their own where a case has them, in this order.
const COLUMNS: &[&str] = &[
    "ns",
    "cpu_ns_per_op",
    "rss_bytes",
    "pte_bytes",
    "teardown_ns",
    "whole_ns",
    "per_s",
    "p50_us",
    "p99_us",
    "p999_us",
    "server_ns",
    "server_busy",
    "gen_busy",
    "wall_ms",
    "cpu_s",
    "peak_rss_mb",
    "failed",
    "early",
    "late_p50_us",
    "late_p99_us",
    "late_max_us",
    "wave2_wall_ms",
    "wave2_cpu_s",
    "wave2_late_p50_us",
    "wave2_late_p99_us",
    "wave2_late_max_us",
    "calls_per_request",
    "instructions_per_request",
];

/// One results file.
struct Session {
    name: String,
    stamp: Vec<(String, String)>,
    rows: Vec<Row>,
}

/// Reads the files, writes the tables, and says where.
pub(crate) fn table(words: &[String]) -> Result<String, String> {
    let (mut out, mut files) = (package().join("RESULTS.md"), Vec::new());
    for word in words {
        match word.strip_prefix("out=") {
            Some(path) => out = path.into(),
            None => files.push(word),
        }
    }
    if files.is_empty() {
        return Err("table: name at least one results file".to_owned());
    }
    let sessions = files.into_iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    fs::write(&out, render(&sessions)).map_err(|e| format!("{}: {e}", out.display()))?;
    Ok(format!("wrote {}\n", out.display()))
}

/// This package's folder: `cargo run` names it, else the root is taken to be the present folder.
fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| "benches".into(), PathBuf::from)
}

fn read(file: &str) -> Result<Session, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let name = Path::new(file).file_name().map_or(file.into(), |name| name.to_string_lossy());
    session(&name, &text).map_err(|why| format!("{file}:{why}"))
}

fn session(name: &str, text: &str) -> Result<Session, String> {
    let mut lines = (1..).zip(text.lines());
    let Some((_, Ok(Line::Stamp(stamp)))) = lines.next().map(|(i, line)| (i, parse(line))) else {
        return Err("1: the first line is no stamp: see `osier-bench stamp`".to_owned());
    };
    let mut rows = Vec::new();
    for (i, line) in lines {
        match parse(line).map_err(|why| format!("{i}: {why}"))? {
            Line::Stamp(_) => return Err(format!("{i}: a second stamp")),
            Line::Row(row) => rows.push(row),
            Line::Derived => {}
        }
    }
    Ok(Session { name: name.to_owned(), stamp, rows })
}

fn render(sessions: &[Session]) -> String {
    let mut out = String::from(
        "# Results\n\nWritten by `osier-bench table` from the files in `results/`; not edited by hand.\n\
         Medians of the runs; `x bare` is the ratio to the fastest hand-written loop of the case,\n\
         `x ours` to our own row, both of the figure in the third column. `ours` alone is the jump.\n",
    );
    for session in sessions {
        write!(out, "\n## {}\n\n", session.name).expect("a String takes all");
        let stamp = session.stamp.iter().map(|(what, value)| format!("{what}: {value}"));
        out += &stamp.collect::<Vec<_>>().join(" · ");
        out.push('\n');
        for (case, rows) in grouped(&session.rows, |row| (&row.section, &row.case)) {
            write!(out, "\n**{}** ({})\n\n{}", case.1, case.0, of_case(&rows)).expect("as above");
        }
    }
    out
}

/// Groups in the order in which they first come.
fn grouped<'a, K: PartialEq>(
    rows: impl IntoIterator<Item = &'a Row>,
    key: impl Fn(&'a Row) -> K,
) -> Vec<(K, Vec<&'a Row>)> {
    let mut groups: Vec<(K, Vec<&Row>)> = Vec::new();
    for row in rows {
        let key = key(row);
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}

fn of_case(rows: &[&Row]) -> String {
    let measure = rows[0].measure();
    let peers = grouped(rows.iter().copied(), |row| &*row.peer);
    let middles: BTreeMap<&str, f64> =
        peers.iter().map(|(peer, rows)| (*peer, median(&values(rows, measure)))).collect();
    let bare = middles.iter().filter(|(peer, _)| is_limit(peer)).map(|(_, v)| *v);
    let bare = bare.min_by(f64::total_cmp);
    let ours = ours(&middles);
    let more: Vec<&str> = COLUMNS
        .iter()
        .copied()
        .filter(|c| *c != measure && rows.iter().any(|row| row.figures.contains_key(*c)))
        .collect();
    let mut out = head(measure, &more);
    for (peer, rows) in &peers {
        out += &line(peer, rows, measure, [bare, ours], &more);
    }
    out
}

fn head(measure: &str, more: &[&str]) -> String {
    let mut heads = vec!["peer", "runs", measure, "min..max", "x bare", "x ours"];
    heads.extend(more);
    format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()))
}

fn line(
    peer: &str,
    rows: &[&Row],
    measure: &str,
    limits: [Option<f64>; 2],
    more: &[&str],
) -> String {
    let all = values(rows, measure);
    let (low, high) = (all[0], all[all.len() - 1]);
    let mut cells = vec![peer.to_owned(), rows.len().to_string(), show(median(&all))];
    cells.push(format!("{}..{}", show(low), show(high)));
    for limit in limits {
        cells.push(limit.map_or("-".to_owned(), |limit| show(median(&all) / limit)));
    }
    for column in more {
        let some = values(rows, column);
        cells.push(if some.is_empty() { "-".to_owned() } else { show(median(&some)) });
    }
    format!("| {} |\n", cells.join(" | "))
}

/// The stackless loop is no limit for what has stacks.
fn is_limit(peer: &str) -> bool {
    peer.starts_with("bare") && peer != "bare-poll"
}

fn ours(middles: &BTreeMap<&str, f64>) -> Option<f64> {
    let named = ["ours", "ours raw", "ours-jump"].iter().find_map(|name| middles.get(name));
    named.copied()
}

/// Sorted.
pub(super) fn values(rows: &[&Row], figure: &str) -> Vec<f64> {
    let mut all: Vec<f64> =
        rows.iter().filter_map(|row| row.figures.get(figure).copied()).collect();
    all.sort_by(f64::total_cmp);
    all
}

/// The middle of sorted values, of which there is at least one.
pub(super) fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2.0 }
}

/// Three digits or so, thousands apart.
pub(super) fn show(x: f64) -> String {
    if x.abs() < 10.0 {
        return format!("{x:.2}");
    }
    if x.abs() < 1000.0 {
        return format!("{x:.1}");
    }
    let digits = format!("{:.0}", x.abs());
    let mut out = String::from(if x < 0.0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: &str = r#"{"stamp":{"commit":"abc","kernel":"Linux 6"}}"#;

    fn micro(peer: &str, ns: f64) -> String {
        format!(r#"{{"section":"micro","case":"yield 2","peer":"{peer}","ns":{ns},"n":5}}"#)
    }

    #[test]
    fn a_session_becomes_one_table_a_case() {
        let lines = [
            STAMP.to_owned(),
            micro("bare-color", 6.0),
            micro("bare-poll", 1.0),
            micro("ours", 20.0),
            micro("ours", 12.0),
            micro("ours", 18.0),
            r#"{"section":"mem","case":"parked 10k","peer":"ours","ns":1,"teardown_ns":2}"#.into(),
        ];
        let text = render(&[session("a.jsonl", &lines.join("\n")).unwrap()]);
        let (_, text) = text.split_once("\n## ").unwrap();
        assert_eq!(
            text,
            "a.jsonl\n\ncommit: abc · kernel: Linux 6\n\n**yield 2** (micro)\n\n\
             | peer | runs | ns | min..max | x bare | x ours |\n|---|---|---|---|---|---|\n\
             | bare-color | 1 | 6.00 | 6.00..6.00 | 1.00 | 0.33 |\n\
             | bare-poll | 1 | 1.00 | 1.00..1.00 | 0.17 | 0.06 |\n\
             | ours | 3 | 18.0 | 12.0..20.0 | 3.00 | 1.00 |\n\n\
             **parked 10k** (mem)\n\n\
             | peer | runs | whole_ns | min..max | x bare | x ours | ns | teardown_ns |\n\
             |---|---|---|---|---|---|---|---|\n\
             | ours | 1 | 3.00 | 3.00..3.00 | - | 1.00 | 1.00 | 2.00 |\n"
        );
    }

    #[test]
    fn nothing_unstamped_is_shown() {
        let why = |text: &str| session("a", text).map(|_| ()).unwrap_err();
        assert!(why(&micro("ours", 1.0)).contains("no stamp"));
        assert!(why("").contains("no stamp"));
        assert_eq!(why(&format!("{STAMP}\n{STAMP}")), "2: a second stamp");
        assert_eq!(why(&format!("{STAMP}\n[]")), "2: not an object");
    }

    #[test]
    fn the_limit_and_ours_are_found_by_name() {
        let middles =
            BTreeMap::from([("ours http", 9.0), ("ours raw", 3.0), ("ours-portable", 1.0)]);
        assert_eq!(ours(&middles), Some(3.0));
        assert_eq!(ours(&BTreeMap::from([("tokio-ct", 1.0)])), None);
        assert!(is_limit("bare-epoll raw") && !is_limit("bare-poll") && !is_limit("ours"));
    }

    #[test]
    fn medians_and_digits() {
        assert_eq!(
            (median(&[1.0]), median(&[1.0, 2.0]), median(&[1.0, 2.0, 9.0])),
            (1.0, 1.5, 2.0)
        );
        let shown = [0.123, 9.99, 12.34, 999.94, 1000.0, 1234567.0, -4321.0].map(show);
        assert_eq!(shown, ["0.12", "9.99", "12.3", "999.9", "1,000", "1,234,567", "-4,321"]);
    }

    #[test]
    fn a_written_file_is_what_was_rendered() {
        let dir = std::env::temp_dir().join(format!("osier-bench-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
        fs::write(path("in.jsonl"), format!("{STAMP}\n{}\n", micro("ours", 1.0))).unwrap();
        table(&[format!("out={}", path("OUT.md")), path("in.jsonl")]).unwrap();
        let text = fs::read_to_string(path("OUT.md")).unwrap();
        assert!(text.contains("## in.jsonl") && text.contains("| ours | 1 | 1.00 |"), "{text}");
        let missing = table(&[path("none.jsonl")]).unwrap_err();
        assert!(missing.contains("none.jsonl"), "{missing}");
        fs::remove_dir_all(&dir).unwrap();
    }
}
