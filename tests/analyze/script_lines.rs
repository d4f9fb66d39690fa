//! What scripts say near a transition is shown beside it, proves nothing by itself, and cannot crowd out what does.

use crate::common::{analyze, findings, logs, scratch, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const DRIFT: &str = "samples/eip-drift/brief-partition-keepalived-2.2";

/// The drift's keepalived lines with more lines in one node's log, as they fall in time.
fn set(name: &str, daemons: &str, node: &str, lines: &[String]) -> PathBuf {
    let place = scratch(name);
    for log in logs(Path::new(DRIFT)) {
        let kept = text(&log);
        let mut kept: Vec<&str> = kept.lines().filter(|line| line.contains(daemons)).collect();
        if log.file_stem().is_some_and(|stem| stem == node) {
            kept.extend(lines.iter().map(String::as_str));
            // All are of one day.
            kept.sort_by_key(|line| &line[..15]);
        }
        if !kept.is_empty() {
            let path = place.join(log.file_name().expect("a log has a name"));
            fs::write(path, kept.join("\n") + "\n").expect("a scratch file can be written");
        }
    }
    place
}

fn line(time: &str, node: &str, words: &str) -> String {
    format!("Nov 23 {time} {node} master.sh[777]: {words}")
}

fn drift(place: &Path) -> Value {
    let found = findings(&analyze(&[place]));
    found.into_iter().find(|finding| finding["rule"] == "eip-drift").expect("the drift is found")
}

fn said(finding: &Value) -> Vec<(String, String)> {
    let evidence = finding["evidence"].as_array().expect("evidence is a list").iter();
    evidence
        .filter(|line| line["event"] == "script/line" || line["event"] == "keepalived/unrecognised")
        .map(|line| {
            let word = |key: &str| line[key].as_str().expect("it is text").to_owned();
            (word("role"), word("raw").split("]: ").last().unwrap_or_default().to_owned())
        })
        .collect()
}

#[test]
fn what_the_holders_script_said_stands_beside_its_take_over() {
    let lines = [
        line("02:12:40", "dnsmaster2", "long before"),
        line("02:12:50", "dnsmaster2", "asking for eipalloc-1"),
        line("02:12:52", "dnsmaster2", "\u{1b}[31mdone\u{1b}[0m"),
        line("02:12:53", "dnsmaster2", "").trim_end().to_owned(),
        "Nov 23 02:12:53 dnsmaster2 backup.sh[7]: of no moment".to_owned(),
        "Nov 23 02:12:53 dnsmaster2 postfix/master[7]: of no moment".to_owned(),
        "Nov 23 02:12:54 dnsmaster2 Keepalived_vrrp[411]: words of a later release".to_owned(),
    ];
    let finding = drift(&set("script-holder", "", "dnsmaster2", &lines));
    let expected = [
        ("supporting", "asking for eipalloc-1"),
        ("supporting", "\u{1b}[31mdone\u{1b}[0m"),
        ("supporting", "words of a later release"),
    ];
    assert_eq!(said(&finding), expected.map(|(role, words)| (role.to_owned(), words.to_owned())));
    // All else is as without them.
    let plain = drift(Path::new(DRIFT));
    for key in ["id", "confidence", "claim", "since", "until", "story", "impact"] {
        assert_eq!(finding[key], plain[key], "{key}");
    }
}

#[test]
fn what_the_owners_script_said_speaks_against_a_drift_that_nothing_places() {
    let lines = [line("02:12:50", "dnsmaster", "address taken back")];
    let unplaced = drift(&set("script-owner-silent", "Keepalived", "dnsmaster", &[]));
    assert!(said(&unplaced).is_empty());
    let finding = drift(&set("script-owner", "Keepalived", "dnsmaster", &lines));
    assert_eq!(said(&finding), [("against".to_owned(), "address taken back".to_owned())]);
    assert_eq!(finding["confidence"], "suspected");
    assert_eq!(unplaced["confidence"], "likely");
}

#[test]
fn a_script_that_never_stops_takes_no_more_than_its_room() {
    let lines: Vec<String> =
        (0..3000).map(|at| line(&format!("02:12:{:02}", at / 60), "dnsmaster2", "check")).collect();
    let finding = drift(&set("script-chatty", "", "dnsmaster2", &lines));
    assert!(said(&finding).len() <= 5, "{}", said(&finding).len());
    assert_eq!(finding["confidence"], "confirmed");
}
