//! Properties owed on whole recordings: nothing but what the daemons wrote decides a verdict; not how files are cut, ordered or named.

use crate::common::{analyze, analyze_with, document, findings, line, log_cases, logs, parsed, scratch, text};
use driftline::pipeline::Options;
use proptest::prelude::*;
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const SEED: &str = "samples/seed-incident";
const ORDINARY_DAY: &str = "samples/split-brain/ordinary-day";

/// Cases of text logs.
fn text_cases() -> Vec<PathBuf> {
    log_cases()
        .into_iter()
        .filter(|case| logs(case).iter().all(|log| log.extension().is_some_and(|extension| extension == "log")))
        .collect()
}

fn name(path: &Path) -> String {
    path.file_name().expect("a log has a name").to_string_lossy().into_owned()
}

fn label(case: &Path) -> String {
    case.to_string_lossy().replace('/', "-")
}

fn write(path: &Path, content: &str) {
    fs::write(path, content).expect("a test writes to its own directory");
}

/// What a finding says, without ids, paths and line numbers; lists that have no order of their own as sets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    rule: String,
    severity: String,
    confidence: String,
    bounds: [String; 4],
    subject: BTreeMap<String, BTreeSet<String>>,
    /// Role, event, node, time, text.
    evidence: BTreeSet<[String; 5]>,
    /// The rule of the finding that explains this one.
    cause: Option<String>,
    /// The words of the claim, in no order: "a and b" is "b and a".
    claim: Vec<String>,
    rivals: usize,
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn said(finding: &Value, all: &[Value], rename: &dyn Fn(&str) -> String) -> Said {
    let list = |value: &Value| -> BTreeSet<String> {
        value
            .as_array()
            .map_or_else(|| [rename(&word(value))].into(), |list| list.iter().map(|item| rename(&word(item))).collect())
    };
    let subject = finding["subject"].as_object().expect("a finding has a subject");
    let evidence = finding["evidence"].as_array().expect("a finding has evidence");
    let mut claim: Vec<String> = rename(&word(&finding["claim"])).split([' ', ',', ':']).map(str::to_owned).collect();
    claim.sort();
    Said {
        rule: word(&finding["rule"]),
        severity: word(&finding["severity"]),
        confidence: word(&finding["confidence"]),
        bounds: ["since", "since_is", "until", "until_is"].map(|key| word(&finding[key])),
        subject: subject.iter().map(|(key, value)| (key.clone(), list(value))).collect(),
        evidence: evidence
            .iter()
            .map(|line| ["role", "event", "node", "time", "raw"].map(|key| rename(&word(&line[key]))))
            .collect(),
        cause: all.iter().find(|other| other["id"] == finding["cause"]).map(|other| word(&other["rule"])),
        claim,
        rivals: finding["rivals"].as_array().map_or(0, Vec::len),
    }
}

fn all_said(findings: &[Value], rename: &dyn Fn(&str) -> String) -> Vec<Said> {
    let mut all: Vec<Said> = findings.iter().map(|finding| said(finding, findings, rename)).collect();
    all.sort();
    all
}

fn as_it_is(text: &str) -> String {
    text.to_owned()
}

/// The first thing in which two accounts differ.
fn difference(expected: &[Said], found: &[Said]) -> Option<String> {
    if expected == found {
        return None;
    }
    if expected.len() != found.len() {
        let rules = |all: &[Said]| {
            all.iter().map(|one| format!("{} {}", one.rule, one.confidence)).collect::<Vec<_>>().join(", ")
        };
        return Some(format!("findings were [{}], are [{}]", rules(expected), rules(found)));
    }
    let (was, is) = expected.iter().zip(found).find(|(was, is)| was != is).expect("the lists differ");
    let evidence = |one: &Said, other: &Said| one.evidence.difference(&other.evidence).cloned().collect::<Vec<_>>();
    let gone = evidence(was, is);
    let come = evidence(is, was);
    let bare = |one: &Said| Said { evidence: BTreeSet::new(), ..one.clone() };
    Some(format!("was {:?}\n  is {:?}\n  evidence gone {gone:?}\n  evidence come {come:?}", bare(was), bare(is)))
}

fn assert_none(broken: &[String]) {
    let shown = broken.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(broken.is_empty(), "{} violations, the first ones:\n\n{shown}", broken.len());
}

/// All orders of a few things.
fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.len() <= 1 {
        return vec![items.to_vec()];
    }
    let mut all = Vec::new();
    for first in 0..items.len() {
        let mut rest = items.to_vec();
        let head = rest.remove(first);
        all.extend(permutations(&rest).into_iter().map(|tail| [vec![head.clone()], tail].concat()));
    }
    all
}

/// Any order of the files gives the same bytes.
#[test]
fn the_order_of_files_decides_nothing() {
    for case in log_cases() {
        let logs = logs(&case);
        let expected = document(&analyze(&logs));
        for order in permutations(&logs) {
            assert!(
                document(&analyze(&order)) == expected,
                "{}: another report in the order {order:?}",
                case.display()
            );
        }
    }
}

/// Two runs, and one thread or four, give the same bytes.
#[test]
fn threads_and_repetition_decide_nothing() {
    for case in log_cases() {
        let run = |threads| document(&analyze_with(&[&case], &Options::default(), threads));
        let expected = run(1);
        assert!(run(4) == expected, "{}: another report with four threads", case.display());
        assert!(run(1) == expected, "{}: another report the second time", case.display());
    }
    let everything = |threads| document(&analyze_with(&["samples"], &Options::default(), threads));
    assert!(everything(1) == everything(4), "another report over all samples at once");
}

/// Each file cut into two at a line gives the same findings, but for paths and line numbers. `names` are those of the older and the
/// newer part.
fn broken_by_cut(
    case: &Path,
    expected: &[Said],
    cut_file: &Path,
    at: usize,
    names: [&str; 2],
    place: &Path,
) -> Option<String> {
    let whole = text(cut_file);
    let cut: usize = whole.split_inclusive('\n').take(at).map(str::len).sum();
    let stem = name(cut_file).trim_end_matches(".log").to_owned();
    let parts = names.map(|name| place.join(format!("{stem}{name}")));
    write(&parts[0], &whole[..cut]);
    write(&parts[1], &whole[cut..]);
    let mut words: Vec<PathBuf> = logs(case).into_iter().filter(|log| log != cut_file).collect();
    words.extend(parts.iter().cloned());
    let found = all_said(&findings(&analyze(&words)), &as_it_is);
    difference(expected, &found)
        .map(|difference| format!("{} cut at line {at} into {names:?}: {difference}", cut_file.display()))
}

/// Cuts each file of each case: the short ones at every line, the long ones at every eleventh, another residue in each file.
fn broken_by_cuts(names: [&str; 2], what: &str) -> Vec<String> {
    const STRIDE: usize = 11;
    let mut broken = Vec::new();
    for case in text_cases() {
        let place = scratch(&format!("laws-cuts-{what}-{}", label(&case)));
        let expected = all_said(&findings(&analyze(&[&case])), &as_it_is);
        for (residue, log) in logs(&case).iter().enumerate() {
            let lines = text(log).lines().count();
            let (first, stride) = if lines <= 2 * STRIDE { (1, 1) } else { (1 + residue, STRIDE) };
            broken.extend(
                (first..lines).step_by(stride).filter_map(|at| broken_by_cut(&case, &expected, log, at, names, &place)),
            );
        }
    }
    broken
}

#[test]
fn cuts_change_nothing() {
    assert_none(&broken_by_cuts([".1.log", ".2.log"], "in-order"));
}

/// As logrotate names them: the older part sorts behind the newer one.
#[test]
fn rotation_changes_nothing() {
    assert_none(&broken_by_cuts([".log.1", ".log"], "rotated"));
}

/// Replaces whole names and addresses.
fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    static TOKEN: std::sync::LazyLock<Regex> =
        std::sync::LazyLock::new(|| Regex::new("[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*").expect("the pattern is a regex"));
    TOKEN
        .replace_all(text, |token: &regex::Captures<'_>| {
            names.get(&token[0]).cloned().unwrap_or_else(|| token[0].to_owned())
        })
        .into_owned()
}

fn names(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
}

/// Other names for the hosts, addresses and instances of the samples.
fn namings() -> Vec<(&'static str, BTreeMap<String, String>)> {
    vec![
        (
            "exchanged",
            names(&[("dnsmaster", "dnsmaster2"), ("dnsmaster2", "dnsmaster"), ("ns1", "ns2"), ("ns2", "ns1")]),
        ),
        (
            "sorted the other way",
            names(&[
                ("dnsmaster", "zeta"),
                ("dnsmaster2", "alpha"),
                ("dnsslave1", "yellow"),
                ("dnsslave2", "blue"),
                ("dnsslave", "aa"),
                ("ns1", "z"),
                ("ns2", "a"),
            ]),
        ),
        (
            "instance and addresses",
            names(&[
                ("VI_1", "dns-public_4"),
                ("18.184.0.10", "203.0.113.80"),
                ("54.93.0.11", "192.0.2.61"),
                ("54.93.0.12", "192.0.2.62"),
                ("10.0.1.11", "172.16.4.2"),
                ("10.0.2.11", "172.16.4.1"),
                ("198.51.100.21", "203.0.113.9"),
                ("198.51.100.22", "203.0.113.8"),
                ("198.51.100.10", "2.2.2.2"),
                ("203.0.113.66", "1.1.1.1"),
            ]),
        ),
        (
            "addresses that sort the other way",
            names(&[
                ("18.184.0.10", "99.184.0.10"),
                ("54.93.0.11", "10.93.0.11"),
                ("10.0.1.11", "10.0.2.11"),
                ("10.0.2.11", "10.0.1.11"),
            ]),
        ),
        (
            "fully qualified",
            names(&[
                ("dnsmaster", "primary-one.a-rather-long-department-name.eu-central-1.compute.internal.example"),
                ("dnsmaster2", "primary-two.a-rather-long-department-name.eu-central-1.compute.internal.example"),
                ("dnsslave1", "secondary-one.a-rather-long-department-name.eu-west-2.compute.internal.example"),
                ("dnsslave2", "secondary-two.a-rather-long-department-name.eu-west-2.compute.internal.example"),
                ("dnsslave", "secondary.a-rather-long-department-name.eu-west-2.compute.internal.example"),
                ("ns1", "ns1.example.net"),
                ("ns2", "ns2.example.net"),
            ]),
        ),
    ]
}

/// Which of two hosts' lines of one second stands for both is decided by their names, having nothing else: what kinds of lines there
/// are must not depend on it.
fn kinds_of_evidence(all: Vec<Said>) -> Vec<Said> {
    let kind = |[_, event, _, _, _]: [String; 5]| [String::new(), event, String::new(), String::new(), String::new()];
    let mut all: Vec<Said> =
        all.into_iter().map(|one| Said { evidence: one.evidence.into_iter().map(kind).collect(), ..one }).collect();
    all.sort();
    all
}

/// Hosts, addresses and instances are data: renamed consistently they give the same findings under the new names.
#[test]
fn names_decide_nothing() {
    let mut broken = Vec::new();
    for case in text_cases() {
        let before = findings(&analyze(&[&case]));
        for (how, names) in namings() {
            let place = scratch(&format!("laws-names-{}", label(&case)));
            for log in logs(&case) {
                write(&place.join(name(&log)), &renamed(&text(&log), &names));
            }
            let expected = kinds_of_evidence(all_said(&before, &|text| renamed(text, &names)));
            let found = kinds_of_evidence(all_said(&findings(&analyze(&[&place])), &as_it_is));
            broken.extend(
                difference(&expected, &found).map(|difference| format!("{}, {how}: {difference}", case.display())),
            );
        }
    }
    assert_none(&broken);
}

/// Holder and owner of each confirmed drift.
fn confirmed_drifts(findings: &[Value]) -> BTreeSet<(String, String)> {
    let confirmed =
        findings.iter().filter(|finding| finding["rule"] == "eip-drift" && finding["confidence"] == "confirmed");
    confirmed.map(|finding| (word(&finding["subject"]["holder"]), word(&finding["subject"]["owner"]))).collect()
}

/// A part of the logs never confirms a drift that the whole denies: what is missing makes us less sure, never more.
#[test]
fn a_part_never_confirms_what_the_whole_denies() {
    let mut broken = Vec::new();
    for case in log_cases() {
        let whole = confirmed_drifts(&findings(&analyze(&[&case])));
        let logs = logs(&case);
        let mut parts: Vec<(String, Vec<PathBuf>)> = (1..(1_usize << logs.len()) - 1)
            .map(|choice| {
                let chosen: Vec<PathBuf> = logs
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| choice >> at & 1 == 1)
                    .map(|(_, log)| log.clone())
                    .collect();
                (chosen.iter().map(|log| name(log)).collect::<Vec<_>>().join(" "), chosen)
            })
            .collect();
        parts.extend(["Keepalived", "pdns"].map(|program| (format!("only {program}"), only(&case, &logs, program))));
        for (what, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            let confirmed = confirmed_drifts(&findings(&analyze(&part)));
            if !confirmed.is_subset(&whole) {
                broken.push(format!("{}: {what} confirms {confirmed:?}, all logs {whole:?}", case.display()));
            }
        }
    }
    assert_none(&broken);
}

/// The lines (or export entries) of one program only.
fn only(case: &Path, logs: &[PathBuf], program: &str) -> Vec<PathBuf> {
    let place = scratch(&format!("laws-only-{program}-{}", label(case)));
    let mut kept = Vec::new();
    for log in logs {
        let is_export = log.extension().is_some_and(|extension| extension == "export");
        let whole = text(log);
        let end = if is_export { "\n\n" } else { "\n" };
        let is_its = |entry: &&str| {
            entry.contains(&format!(" {program}")) || entry.contains(&format!("SYSLOG_IDENTIFIER={program}"))
        };
        let content: String = whole.split_inclusive(end).filter(is_its).collect();
        if !content.is_empty() {
            let path = place.join(name(log));
            write(&path, &content);
            kept.push(path);
        }
    }
    kept
}

/// Every line that a finding points to is there, letter for letter.
#[test]
fn evidence_is_where_it_says() {
    let mut checked = 0;
    for case in log_cases() {
        for finding in findings(&analyze(&[&case])) {
            let evidence = finding["evidence"].as_array().expect("a finding has evidence");
            assert!(
                evidence.iter().any(|line| line["role"] == "primary"),
                "{}: no primary evidence: {}",
                case.display(),
                line(&finding)
            );
            for line in evidence {
                let path = word(&line["path"]);
                let content = text(Path::new(&path));
                let raw = word(&line["raw"]);
                if let Some(number) = line["line"].as_u64() {
                    let index = usize::try_from(number).expect("a line number is small") - 1;
                    assert_eq!(content.lines().nth(index), Some(raw.as_str()), "{path}:{number}");
                } else {
                    let cursor = format!("__CURSOR={}\n", word(&line["cursor"]));
                    let entry = content
                        .split("\n\n")
                        .find(|entry| entry.contains(&cursor))
                        .unwrap_or_else(|| panic!("{path} has no {cursor}"));
                    assert!(entry.contains(&format!("MESSAGE={raw}")), "{path}: {raw:?} is not at its cursor");
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "only {checked} lines were evidence");
}

/// A folded repeat is evidence at its own line, with its own text.
#[test]
fn evidence_that_repeats_is_where_it_says() {
    let place = scratch("laws-repeated");
    for log in logs(Path::new(SEED)) {
        let content = text(&log);
        let folded = content.replacen(
            "Aug 08 21:01:16 dnsmaster Keepalived_vrrp[8947]: VRRP_Instance(VI_1) Received advert with lower priority 102, ours 103, forcing new election",
            "Aug 08 21:01:16 dnsmaster last message repeated 2 times",
            1,
        );
        write(&place.join(name(&log)), &folded);
    }
    for finding in findings(&analyze(&[&place])) {
        for line in finding["evidence"].as_array().expect("a finding has evidence") {
            let number =
                usize::try_from(line["line"].as_u64().expect("text has lines")).expect("a line number is small");
            let content = text(Path::new(&word(&line["path"])));
            assert_eq!(
                content.lines().nth(number - 1),
                Some(word(&line["raw"]).as_str()),
                "{}:{number}",
                word(&line["path"])
            );
        }
    }
}

/// The text and the export of one journal tell the same.
#[test]
fn text_and_export_agree() {
    let mut pairs = 0;
    for export in log_cases().into_iter().filter(|case| case.to_string_lossy().ends_with("-export")) {
        let text_form = PathBuf::from(export.to_string_lossy().trim_end_matches("-export"));
        let account = |case: &Path| -> BTreeSet<String> {
            let findings = findings(&analyze(&[case]));
            findings
                .iter()
                .map(|finding| {
                    format!("{} {} {} {}", finding["rule"], finding["confidence"], finding["state"], finding["subject"])
                })
                .collect()
        };
        assert_eq!(account(&text_form), account(&export), "{}", export.display());
        pairs += 1;
    }
    assert!(pairs >= 4, "only {pairs} cases have both forms");
}

/// An ordinary day is quiet, also where parts of it are missing.
#[test]
fn an_ordinary_day_is_quiet() {
    let all = logs(Path::new(ORDINARY_DAY));
    for choice in 1..1_usize << all.len() {
        let chosen: Vec<&PathBuf> =
            all.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1).map(|(_, log)| log).collect();
        let loud: Vec<String> =
            findings(&analyze(&chosen)).iter().filter(|finding| finding["severity"] != "info").map(line).collect();
        assert!(loud.is_empty(), "{chosen:?}: {loud:?}");
    }
}

/// A log that is there twice under two names (a rotated copy, `syslog` beside `daemon.log`) tells what it tells once.
#[test]
fn copies_change_nothing() {
    let mut broken = Vec::new();
    for case in text_cases() {
        let place = scratch(&format!("laws-copies-{}", label(&case)));
        for log in logs(&case) {
            for copy in [name(&log), format!("copy-of-{}", name(&log))] {
                write(&place.join(copy), &text(&log));
            }
        }
        let account = |words: &Path| -> Vec<String> {
            let findings = findings(&analyze(&[words]));
            let mut all: Vec<String> = findings
                .iter()
                .map(|finding| format!("{} {} {}", finding["rule"], finding["confidence"], finding["subject"]))
                .collect();
            all.sort();
            all
        };
        let (once, twice) = (account(&case), account(&place));
        if once != twice {
            broken.push(format!("{}: once {once:?}, twice {twice:?}", case.display()));
        }
    }
    assert_none(&broken);
}

/// Every line is counted once, in one of the three kinds.
#[test]
fn no_line_is_lost_or_doubled() {
    for case in log_cases() {
        let coverage = parsed(&analyze(&[&case]))["coverage"].clone();
        let count = |key: &str| coverage[key].as_u64().expect("a count is a number");
        assert_eq!(count("lines"), count("recognised") + count("unrecognised") + count("other"), "{}", case.display());
        let in_file = |log: &PathBuf| match log.extension() {
            Some(extension) if extension == "export" => {
                text(log).lines().filter(|line| line.starts_with("__CURSOR=")).count()
            }
            _ => text(log).lines().count(),
        };
        let lines: usize = logs(&case).iter().map(in_file).sum();
        assert_eq!(count("lines"), lines as u64, "{}", case.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() })]

    /// Journals that begin late and end early, each host's at another line, never make a confirmed drift where there was none.
    #[test]
    fn short_journals_confirm_nothing(windows in proptest::collection::vec((0.0..0.9_f64, 0.1..1.0_f64), 4)) {
        let denied = [
            ORDINARY_DAY,
            "samples/eip-drift/failover-the-address-followed",
            "samples/eip-drift/repaired-by-rx-lower-pri",
            "samples/eip-drift/transition-without-take-over",
            "samples/master-flapping/planned-restarts",
            "samples/split-brain/healed-with-the-address-right",
        ];
        for case in denied {
            let place = scratch(&format!("laws-short-{}", label(Path::new(case))));
            for (log, (skipped, kept)) in logs(Path::new(case)).iter().zip(&windows) {
                let content = text(log);
                let count = content.lines().count();
                let part = |share: f64| (0..count).take_while(|at| (*at as f64) < share * count as f64).count();
                let lines: Vec<&str> = content.lines().skip(part(*skipped)).take(part(*kept).max(1)).collect();
                write(&place.join(name(log)), &(lines.join("\n") + "\n"));
            }
            let confirmed = confirmed_drifts(&findings(&analyze(&[&place])));
            prop_assert!(confirmed.is_empty(), "{case}: {confirmed:?}");
        }
    }
}
