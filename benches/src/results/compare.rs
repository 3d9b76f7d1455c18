//! `compare LABEL=PROGRAM... [rounds=7] [only=CASE]`: paired runs of several programs.
//!
//! A machine that others share drifts by half between minutes, but little within a second. So the
//! programs take turns, each round in the opposite order of the last, and what is compared is the
//! ratio within a round; the median of those is printed.

use std::process::Command;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::{Map, Value, json};

use super::row::{Line, Row, parse};
use super::table::median;

/// What is run, and by whom.
struct Case {
    name: &'static str,
    work: &'static str,
    keys: &'static [&'static str],
    who: Who,
}

#[derive(PartialEq)]
enum Who {
    /// Our own builds alone.
    Ours,
    /// And the hand-written loops.
    Bare,
    /// And every other program that was named.
    All,
}

const fn case(
    name: &'static str,
    who: Who,
    work: &'static str,
    keys: &'static [&'static str],
) -> Case {
    Case { name, work, keys, who }
}

const CASES: &[Case] = &[
    case("yield 2", Who::Bare, "yield", &["tasks=2", "depth=3", "n=4000000"]),
    case("yield 1k", Who::Bare, "yield", &["tasks=1000", "depth=3", "n=4000000"]),
    case("yield 10k", Who::Bare, "yield", &["tasks=10000", "depth=3", "n=2000000"]),
    case("yield 100k", Who::Bare, "yield", &["tasks=100000", "depth=3", "n=2000000"]),
    case("mixed 2", Who::Ours, "yield", &["tasks=2", "mixed=1", "n=4000000"]),
    case("mixed 1k", Who::Ours, "yield", &["tasks=1000", "mixed=1", "n=2000000"]),
    case("mixed 10k", Who::Ours, "yield", &["tasks=10000", "mixed=1", "n=2000000"]),
    case("spawn1", Who::All, "spawn1", &["n=1000000"]),
    case("spawnall 100k", Who::All, "spawnall", &["n=100000"]),
    case("sleep 100k", Who::All, "sleep", &["n=100000", "waves=2"]),
    case("parked 100k", Who::All, "mem", &["n=100000"]),
    case("parked 1M", Who::All, "mem", &["n=1000000"]),
];

/// Figures whose medians stand in a summary besides, where a case has them.
const BESIDES: &[&str] = &["rss_bytes", "late_p99_us", "early", "wave2_cpu_s", "wave2_late_p99_us"];

/// A program and the label that it runs under.
struct Peer {
    label: String,
    program: String,
}

struct Plan {
    peers: Vec<Peer>,
    rounds: usize,
    only: Option<String>,
}

/// Runs the cases, printing one line a run, then the summaries.
pub(crate) fn compare(words: &[String]) -> Result<String, String> {
    let plan = plan(words)?;
    stay_on_one_core();
    let mut summaries = String::new();
    for case in CASES.iter().filter(|case| plan.takes(case)) {
        let peers: Vec<&Peer> = plan.peers.iter().filter(|peer| takes_part(case, peer)).collect();
        let mut rounds: Vec<Vec<Row>> = Vec::new();
        for round in 0..plan.rounds {
            rounds.push(one_round(case, &peers, round % 2 == 1)?);
        }
        summaries += &summary(case.name, &rounds);
    }
    if summaries.is_empty() {
        return Err("compare: no such case".to_owned());
    }
    Ok(summaries)
}

fn plan(words: &[String]) -> Result<Plan, String> {
    let mut plan = Plan { peers: Vec::new(), rounds: 7, only: None };
    for word in words {
        let (name, value) =
            word.split_once('=').ok_or_else(|| format!("`{word}` is not LABEL=PROGRAM"))?;
        match name {
            "rounds" => plan.rounds = value.parse().map_err(|_| format!("{word}: not a number"))?,
            "only" => plan.only = Some(value.to_owned()),
            _ => plan.peers.push(Peer { label: name.to_owned(), program: value.to_owned() }),
        }
    }
    match plan.peers.is_empty() || plan.rounds == 0 {
        true => Err("compare: name at least one LABEL=PROGRAM, and one round".to_owned()),
        false => Ok(plan),
    }
}

impl Plan {
    fn takes(&self, case: &Case) -> bool {
        self.only.as_ref().is_none_or(|only| case.name.starts_with(only.as_str()))
    }
}

fn takes_part(case: &Case, peer: &Peer) -> bool {
    match case.who {
        Who::All => true,
        Who::Bare => peer.label.starts_with("ours") || peer.label.starts_with("bare"),
        Who::Ours => peer.label.starts_with("ours"),
    }
}

/// The core is inherited by every program that is started from here.
fn stay_on_one_core() {
    let Ok(mine) = sched_getaffinity(None) else { return };
    let mut one = CpuSet::new();
    // The last one: interrupts tend to go to the first.
    let last = (0..CpuSet::MAX_CPU).rev().find(|&cpu| mine.is_set(cpu));
    one.set(last.unwrap_or(0));
    // A machine that forbids it is measured as it is.
    let _ = sched_setaffinity(None, &one);
}

/// In the order of the peers, whichever way they were run.
fn one_round(case: &Case, peers: &[&Peer], backwards: bool) -> Result<Vec<Row>, String> {
    let mut order: Vec<usize> = (0..peers.len()).collect();
    if backwards {
        order.reverse();
    }
    let mut rows = Vec::new();
    for i in order {
        let row = run(case, peers[i])?;
        println!("{}", row.line());
        rows.push((i, row));
    }
    rows.sort_by_key(|(i, _)| *i);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn run(case: &Case, peer: &Peer) -> Result<Row, String> {
    let said = |why: String| format!("{} {} {}: {why}", peer.program, peer.label, case.work);
    let mut command = Command::new("timeout");
    command.args(["120", &peer.program, &peer.label, case.work]).args(case.keys);
    let done = command.output().map_err(|e| said(e.to_string()))?;
    if !done.status.success() {
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        return Err(said(format!("{}\n{text}", done.status)));
    }
    let text = String::from_utf8_lossy(&done.stdout);
    let line = text.lines().find(|line| line.starts_with('{')).unwrap_or("");
    match parse(line).map_err(said)? {
        Line::Row(row) => Ok(Row { section: "paired".into(), case: case.name.into(), ..row }),
        other => Err(said(format!("{other:?} is no row"))),
    }
}

/// One line a peer: its median and, for ours, the median ratio to each other peer.
fn summary(case: &str, rounds: &[Vec<Row>]) -> String {
    let mut out = String::new();
    let Some(first) = rounds.first() else { return out };
    for (i, row) in first.iter().enumerate() {
        let measure = row.measure();
        let middle = |figure: &str| rounded(of_rounds(rounds, |r| r[i].figures[figure]));
        let mut line = json!({
            "summary": true,
            "case": case,
            "peer": row.peer,
            "rounds": rounds.len(),
            "measure": measure,
            "median": middle(measure),
        });
        for besides in BESIDES.iter().filter(|name| row.figures.contains_key(**name)) {
            line[*besides] = middle(besides);
        }
        if row.peer.starts_with("ours") {
            line["ratio"] = ratios(rounds, i, measure, measure);
        }
        if row.figures.contains_key("wave2_cpu_s") {
            line["wave2_ratio"] = ratios(rounds, i, "wave2_cpu_s", measure);
        }
        out += &format!("{line}\n");
    }
    out
}

/// One figure of peer `i` over another of each other peer.
fn ratios(rounds: &[Vec<Row>], i: usize, over: &str, under: &str) -> Value {
    let others = rounds[0].iter().enumerate().filter(|(j, _)| *j != i);
    let ratio = |j: usize| of_rounds(rounds, |r| r[i].figures[over] / r[j].figures[under]);
    others.map(|(j, other)| (other.peer.clone(), rounded(ratio(j)))).collect::<Map<_, _>>().into()
}

fn of_rounds(rounds: &[Vec<Row>], figure: impl Fn(&[Row]) -> f64) -> f64 {
    let mut all: Vec<f64> = rounds.iter().map(|round| figure(round)).collect();
    all.sort_by(f64::total_cmp);
    median(&all)
}

fn rounded(x: f64) -> Value {
    json!((x * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    fn row(peer: &str, ns: f64) -> Row {
        Row {
            section: "paired".into(),
            case: "yield 2".into(),
            peer: peer.into(),
            figures: [("ns".to_owned(), ns)].into(),
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine is twice as slow in the second round and five times in the third.
        let rounds: Vec<Vec<Row>> = [1.0, 2.0, 5.0]
            .map(|drift| vec![row("bare-color", 10.0 * drift), row("ours-jump", 30.0 * drift)])
            .into();
        let text = summary("yield 2", &rounds);
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!((&lines[0]["median"], &lines[0]["ratio"]), (&json!(20.0), &Value::Null));
        assert_eq!(lines[1]["median"], json!(60.0));
        assert_eq!(lines[1]["ratio"], json!({ "bare-color": 3.0 }));
        assert_eq!(lines[1]["wave2_ratio"], Value::Null);
    }

    #[test]
    fn a_second_wave_is_compared_with_the_others_first() {
        let sleep = |peer: &str, figures: &[(&str, f64)]| Row {
            case: "sleep 100k".into(),
            figures: figures.iter().map(|(name, v)| ((*name).to_owned(), *v)).collect(),
            ..row(peer, 1.0)
        };
        let ours = sleep("ours-jump", &[("cpu_s", 0.8), ("wave2_cpu_s", 0.2)]);
        let rounds = [vec![ours, sleep("tokio-ct", &[("cpu_s", 0.4)])]];
        let text = summary("sleep 100k", &rounds);
        let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(line["ratio"], json!({ "tokio-ct": 2.0 }));
        assert_eq!(line["wave2_ratio"], json!({ "tokio-ct": 0.5 }));
        assert_eq!(line["wave2_cpu_s"], json!(0.2));
    }

    #[test]
    fn a_peer_takes_part_where_it_can() {
        let peer = |label: &str| Peer { label: label.into(), program: String::new() };
        let find = |name: &str| CASES.iter().find(|c| c.name == name).unwrap();
        let part = |name, label| takes_part(find(name), &peer(label));
        assert!(part("mixed 2", "ours-portable") && !part("mixed 2", "bare-color"));
        assert!(part("yield 2", "bare-color") && !part("yield 2", "tokio-ct"));
        assert!(part("spawn1", "tokio-ct"));
    }

    #[test]
    fn the_words_name_programs() {
        let made = plan(&words(&["ours-jump=/a", "rounds=3", "only=yield"])).unwrap();
        assert_eq!((made.peers.len(), made.rounds), (1, 3));
        let taken = CASES.iter().filter(|case| made.takes(case)).count();
        assert_eq!(taken, 4);
        assert!(plan(&words(&["rounds=3"])).is_err() && plan(&words(&["ours"])).is_err());
    }

    #[test]
    fn a_program_that_fails_is_named() {
        let peer = Peer { label: "ours".into(), program: "/bin/false".into() };
        let why = run(&CASES[0], &peer).unwrap_err();
        assert!(why.contains("/bin/false ours yield"), "{why}");
    }
}
