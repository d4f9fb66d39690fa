//! What is owed on recordings that are bent: clocks that are off, other zones, New Year and 29 February, missing halves, two clusters in
//! one set. Each is derived from `samples/`, so that a new sample is bent too.

use crate::common::{self, analyze, analyze_with, cases, confidence, findings, line, logs, scratch, text};
use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, TimeZone};
use driftline::pipeline::Options;
use regex::{Captures, Regex};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// `Nov 23 02:12:33` at the beginning of a line.
static STAMP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^(\w{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d)").expect("the pattern is a regex"));

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Recordings of four hosts, as text: of one autumn day.
fn recordings() -> Vec<PathBuf> {
    let is_text = |log: &PathBuf| log.extension().is_some_and(|extension| extension == "log");
    let is_whole = |case: &PathBuf| logs(case).len() == 4 && logs(case).iter().all(is_text);
    let found: Vec<PathBuf> = cases().into_iter().filter(is_whole).collect();
    assert!(found.len() >= 8, "too few recordings: {found:?}");
    found
}

/// A log's name without what follows the first point: its host.
fn name(log: &Path) -> String {
    let name = log.file_name().expect("a log has a name").to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_owned()
}

fn label(case: &Path) -> String {
    case.to_string_lossy().replace('/', "-")
}

fn write(path: &Path, content: &str) {
    fs::write(path, content).expect("a test writes to its own directory");
}

/// A log with every stamp as `change` makes it. The recordings are of 2026.
fn restamped(log: &str, change: &dyn Fn(NaiveDateTime) -> NaiveDateTime) -> String {
    let number = |captures: &Captures<'_>, at: usize| captures[at].trim().parse::<u32>().expect("digits are a number");
    STAMP
        .replace_all(log, |captures: &Captures<'_>| {
            let month = MONTHS.iter().position(|month| *month == &captures[1]).expect("a month's name");
            let month = u32::try_from(month).expect("twelve months") + 1;
            let day = NaiveDate::from_ymd_opt(2026, month, number(captures, 2)).expect("a day");
            let time = day.and_hms_opt(number(captures, 3), number(captures, 4), number(captures, 5)).expect("a time");
            let time = change(time);
            let month = MONTHS[usize::try_from(time.month0()).expect("twelve months")];
            format!("{month} {:>2} {}", time.day(), time.format("%H:%M:%S"))
        })
        .into_owned()
}

/// A case with each log changed by its host's name.
fn bent(case: &Path, what: &str, change: &dyn Fn(&str, &str) -> String) -> PathBuf {
    let place = scratch(&format!("derived-{what}-{}", label(case)));
    for log in logs(case) {
        let host = name(&log);
        write(&place.join(format!("{host}.log")), &change(&host, &text(&log)));
    }
    place
}

/// What a finding is about.
fn who(finding: &Value) -> String {
    let subject = &finding["subject"];
    let who: Vec<String> = ["holder", "owner", "nodes", "resource"].map(|key| subject[key].to_string()).into();
    format!("{} {}", finding["rule"], who.join(" "))
}

/// The same, how sure, and whether it lasts.
fn gist(finding: &Value) -> String {
    format!("{} {} {}", who(finding), finding["confidence"], finding["state"])
}

fn gists(findings: &[Value]) -> BTreeSet<String> {
    findings.iter().map(gist).collect()
}

/// The same with begin and end.
fn dated_gists(findings: &[Value], moved: Duration) -> BTreeSet<String> {
    let at = |value: &Value| {
        value.as_str().map_or("open".to_owned(), |time| {
            let time = chrono::DateTime::parse_from_rfc3339(time).expect("a report's times are RFC 3339");
            (time - moved).to_rfc3339()
        })
    };
    findings
        .iter()
        .map(|finding| format!("{} {} {}", gist(finding), at(&finding["since"]), at(&finding["until"])))
        .collect()
}

fn lines(findings: &[Value]) -> String {
    findings.iter().map(|finding| format!("\n    {}", line(finding))).collect()
}

fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "{} violations:\n{}", broken.len(), broken.join("\n"));
}

/// Seconds by which the clocks of dnsmaster, dnsmaster2, dnsslave1 and dnsslave2 are ahead.
const CLOCKS: [[i64; 4]; 10] = [
    [5, -5, 0, 0],
    [-5, 5, 0, 0],
    [5, 0, 0, 0],
    [0, 5, 0, 0],
    [0, -1, 0, 0],
    [0, 0, 5, -5],
    [0, 0, -5, -5],
    [5, -5, -5, 5],
    [-4, 3, -2, 1],
    [1, 2, 3, 4],
];

const HOSTS: [&str; 4] = ["dnsmaster", "dnsmaster2", "dnsslave1", "dnsslave2"];

fn of_host<T: Copy>(values: [T; 4], host: &str) -> T {
    let at = HOSTS.iter().position(|known| *known == host).expect("the recordings have four hosts");
    values[at]
}

/// Clocks that are off by up to five seconds make no finding surer, make up none, and hide no drift.
#[test]
fn clocks_that_are_off_decide_nothing() {
    let mut broken = Vec::new();
    for case in recordings() {
        let before = findings(&analyze(&[&case]));
        for clocks in CLOCKS {
            let place = bent(&case, "clocks", &|host, log| {
                restamped(log, &|time| time + Duration::seconds(of_host(clocks, host)))
            });
            let after = findings(&analyze(&[&place]));
            let sure = |all: &[Value]| -> BTreeMap<String, usize> {
                let rank = |finding: &Value| confidence(finding["confidence"].as_str().unwrap_or(""));
                all.iter().map(|finding| (who(finding), rank(finding))).filter(|(_, rank)| *rank > 0).collect()
            };
            let known = sure(&before);
            let is_made_up = sure(&after).iter().any(|(who, rank)| known.get(who).is_none_or(|known| known < rank));
            let drifts = |all: &[Value]| all.iter().filter(|finding| finding["rule"] == "eip-drift").count();
            if is_made_up || drifts(&after) < drifts(&before) {
                broken.push(format!("{} {clocks:?}: {}\n  was {}", case.display(), lines(&after), lines(&before)));
            }
        }
    }
    assert_none(&broken);
}

/// Each host writes in its own zone, and `--tz` says which: the same findings at the same times.
#[test]
fn zones_that_are_stated_decide_nothing() {
    let zones = [
        chrono_tz::Asia::Kolkata,
        chrono_tz::America::New_York,
        chrono_tz::Europe::Zurich,
        chrono_tz::Pacific::Auckland,
    ];
    let mut options = Options::default();
    for (host, zone) in HOSTS.iter().zip(zones) {
        options.stated.zones.insert(Some((*host).into()), zone);
    }
    for case in recordings() {
        let before = findings(&analyze(&[&case]));
        let place = bent(&case, "zones", &|host, log| {
            let zone = of_host(zones, host);
            restamped(log, &|time| zone.from_utc_datetime(&time).naive_local())
        });
        let after = findings(&analyze_with(&[&place], &options, 2));
        let none = Duration::zero();
        assert_eq!(dated_gists(&before, none), dated_gists(&after, none), "{}", case.display());
    }
}

/// A recording moved so that `turn` lies in its middle, with the dates in its serials and the seconds since 1970 in its text.
fn moved(case: &Path, turn: NaiveDateTime) -> (PathBuf, Duration) {
    static SERIAL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(2026)(\d\d)(\d\d)(\d\d)\b").expect("the pattern is a regex"));
    static EPOCH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\buntil (\d{10})\b").expect("the pattern is a regex"));
    let times = std::cell::RefCell::new(Vec::new());
    for log in logs(case) {
        restamped(&text(&log), &|time| {
            times.borrow_mut().push(time);
            time
        });
    }
    let times = times.into_inner();
    let (first, last) = (times.iter().min().expect("lines"), times.iter().max().expect("lines"));
    let by = Duration::seconds((turn - (*first + (*last - *first) / 2)).num_seconds());
    let place = bent(case, "moved", &|_, log| {
        let log = restamped(log, &|time| time + by);
        let log = EPOCH.replace_all(&log, |epoch: &Captures<'_>| {
            format!("until {}", epoch[1].parse::<i64>().expect("digits") + by.num_seconds())
        });
        let serial = |serial: &Captures<'_>| {
            let number = |at: usize| serial[at].parse::<u32>().expect("digits");
            let date = NaiveDate::from_ymd_opt(2026, number(2), number(3)).expect("a serial's date");
            format!("{}{}", (date + by).format("%Y%m%d"), &serial[4])
        };
        SERIAL.replace_all(&log, serial).into_owned()
    });
    (place, by)
}

/// Over New Year and over 29 February, stamps without a year: the same findings, moved.
#[test]
fn new_year_and_leap_days_decide_nothing() {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a day");
    let turns = [
        day(2027, 1, 1).and_time(chrono::NaiveTime::MIN),
        day(2028, 2, 29).and_time(chrono::NaiveTime::MIN),
        day(2028, 2, 29).and_hms_opt(12, 0, 0).expect("noon"),
        day(2028, 3, 1).and_time(chrono::NaiveTime::MIN),
    ];
    for case in recordings() {
        let before = dated_gists(&findings(&analyze(&[&case])), Duration::zero());
        for turn in turns {
            let (place, by) = moved(&case, turn);
            assert_eq!(before, dated_gists(&findings(&analyze(&[&place])), by), "{} at {turn}", case.display());
        }
    }
}

/// Drifts and their kind of certainty: (confidence, holder, owner).
fn drifts(findings: &[Value]) -> Vec<(usize, String, String)> {
    let drifts = findings.iter().filter(|finding| finding["rule"] == "eip-drift");
    drifts
        .map(|finding| {
            let word = |key: &str| finding["subject"][key].as_str().unwrap_or("").to_owned();
            (confidence(finding["confidence"].as_str().unwrap_or("")), word("holder"), word("owner"))
        })
        .collect()
}

/// The lines of one daemon only.
fn half(case: &Path, daemon: &str, what: &str) -> PathBuf {
    bent(case, &format!("{what}-{daemon}"), &|_, log| {
        log.split_inclusive('\n').filter(|line| line.contains(&format!(" {daemon}"))).collect()
    })
}

/// Without one host's logs, without two, without one daemon's lines: no drift that was none is more than suspected, and one that was is
/// still suspected at least, with what would settle it.
#[test]
fn what_is_missing_is_missed_and_not_made_up() {
    let mut broken = Vec::new();
    for case in recordings() {
        let whole = drifts(&findings(&analyze(&[&case])));
        let real: BTreeSet<(&str, &str)> = whole
            .iter()
            .filter(|(confidence, ..)| *confidence > 0)
            .map(|(_, holder, owner)| (holder.as_str(), owner.as_str()))
            .collect();
        let logs = logs(&case);
        let mut parts: Vec<(String, Vec<PathBuf>)> = Vec::new();
        for (at, left_out) in logs.iter().enumerate() {
            for other in &logs[at..] {
                let kept: Vec<PathBuf> = logs.iter().filter(|log| *log != left_out && *log != other).cloned().collect();
                parts.push((format!("without {} and {}", name(left_out), name(other)), kept));
            }
        }
        parts
            .extend(["Keepalived", "pdns"].map(|daemon| (format!("only {daemon}"), vec![half(&case, daemon, "only")])));
        for (what, part) in parts {
            let found = findings(&analyze(&part));
            // Word for word those of a real drift: then the silent repair stands in the claim's own sentence.
            let is_undecidable = what == "only Keepalived" && label(&case).contains("rx-lower-pri");
            for (sure, holder, owner) in drifts(&found) {
                let is_wrong = sure > 0 && !real.contains(&(holder.as_str(), owner.as_str()));
                if is_wrong && !(is_undecidable && sure == 1) {
                    broken.push(format!("{} {what}: made up: {}", case.display(), lines(&found)));
                }
            }
            if !real.is_empty() && drifts(&found).is_empty() {
                broken.push(format!("{} {what}: missed: {}", case.display(), lines(&found)));
            }
            let undecided =
                found.iter().filter(|finding| finding["rule"] == "eip-drift" && finding["confidence"] != "confirmed");
            for finding in undecided {
                if finding["rivals"].as_array().is_none_or(Vec::is_empty) {
                    broken.push(format!("{} {what}: no other reading: {}", case.display(), line(finding)));
                }
            }
        }
    }
    assert_none(&broken);
}

/// keepalived's lines alone cannot tell a drift from one that `notify_master_rx_lower_pri` repaired: both readings are in the sentence.
#[test]
fn a_repair_in_silence_is_told_undecided() {
    let repaired = Path::new("samples/eip-drift/repaired-by-rx-lower-pri");
    let found = findings(&analyze(&[half(repaired, "Keepalived", "in-silence")]));
    let drift = found.iter().find(|finding| finding["rule"] == "eip-drift").expect("it looks like a drift");
    let claim = drift["claim"].as_str().expect("a claim is a sentence");
    assert_eq!(drift["confidence"], "likely");
    assert!(claim.contains("most likely") && claim.contains("unless notify_master_rx_lower_pri"), "{claim}");
}

/// Other names for the hosts of a recording.
fn renamed(log: &str) -> String {
    static HOST: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\bdns(master2|master|slave1|slave2)\b").expect("the pattern is a regex"));
    HOST.replace_all(log, "other$1").into_owned()
}

/// Two clusters in one set, both with an instance `VI_1`: the same findings as apart.
#[test]
fn clusters_of_one_name_stay_apart() {
    let recordings = recordings();
    let alone: BTreeMap<&PathBuf, Vec<Value>> =
        recordings.iter().map(|case| (case, findings(&analyze(&[case])))).collect();
    for (at, one) in recordings.iter().enumerate() {
        for other in &recordings[at + 1..] {
            let place = bent(other, "merged", &|_, log| renamed(log));
            for log in logs(&place) {
                fs::rename(&log, place.join(format!("other-{}.log", name(&log))))
                    .expect("a test renames its own files");
            }
            let together = findings(&analyze(&[one, &place]));
            // Strangers are told by their address, and the recordings share theirs.
            let by_cluster = |finding: &&Value| finding["rule"] != "notify-from-non-master";
            let gists = |all: &[Value]| gists(&all.iter().filter(by_cluster).cloned().collect::<Vec<_>>());
            let mut apart = gists(&alone[one]);
            apart.extend(gists(&alone[other]).iter().map(|gist| renamed(gist)));
            assert_eq!(apart, gists(&together), "{} and {}", one.display(), other.display());
        }
    }
}

/// A journal, as text, in which a node's clock was ahead until it was set back at an entry.
fn set_back(export: &str, micros: i64, until: i64) -> String {
    let ahead = |time: i64| if time < until { time + micros } else { time };
    let stored = Regex::new(r"(?m)^(__REALTIME_TIMESTAMP|_SOURCE_REALTIME_TIMESTAMP)=(\d+)$").expect("a regex");
    let cursor = Regex::new(r"(?m)^(__CURSOR=.*;t=)([0-9a-f]+)(;.*)$").expect("a regex");
    let export = stored.replace_all(export, |captures: &Captures<'_>| {
        format!("{}={}", &captures[1], ahead(captures[2].parse().expect("digits are a number")))
    });
    let moved = cursor.replace_all(&export, |captures: &Captures<'_>| {
        let time = i64::from_str_radix(&captures[2], 16).expect("a cursor has its time in hex");
        format!("{}{:x}{}", &captures[1], ahead(time), &captures[3])
    });
    moved.into_owned()
}

/// Boot id and the time since boot outrank a clock that was set while it ran.
#[test]
fn a_clock_that_was_set_back_changes_nothing_but_is_told() {
    let is_export = |log: &PathBuf| log.extension().is_some_and(|extension| extension == "export");
    let journals: Vec<PathBuf> = cases().into_iter().filter(|case| logs(case).iter().all(is_export)).collect();
    assert!(journals.len() >= 3, "too few journals: {journals:?}");
    for case in journals {
        let before = findings(&analyze(&[&case]));
        for host in ["dnsmaster", "dnsmaster2"] {
            let logs = logs(&case);
            let log = logs.iter().find(|log| name(log) == host).expect("the recordings have both nodes");
            let export = text(log);
            let times: Vec<i64> =
                export.lines().filter_map(|line| line.strip_prefix("__REALTIME_TIMESTAMP=")?.parse().ok()).collect();
            // The last of many: all that matters was written before.
            let until = times[times.len() - 2];
            let place = scratch(&format!("derived-set-back-{host}-{}", label(&case)));
            for other in &logs {
                let content = if other == log { set_back(&export, 40_000_000, until) } else { text(other) };
                write(&place.join(format!("{}.export", name(other))), &content);
            }
            let outcome = analyze(&[&place]);
            let after = findings(&outcome);
            assert_eq!(gists(&after), gists(&before), "{} {host}:{}", case.display(), lines(&after));
            let caveats = common::parsed(&outcome)["caveats"].to_string();
            assert!(caveats.contains("its clock was set back by 40.0 s"), "{caveats}");
        }
    }
}
