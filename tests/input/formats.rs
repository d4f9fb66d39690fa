//! The same eleven entries (a flap on dnsmaster2, then refused transfers), written in every format: `journalctl` printed
//! them from a recorded journal, rsyslog wrote what its socket was sent. Whatever the format, the records are the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use driftline::input::{Error, Interest, Programs, Source, Summary, read};
use driftline::moment::{Moment, Precision};
use driftline::record::Record;
use std::path::Path;

/// A record that outlives its buffer, with the stamp in UTC and what differs by nature left out.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    line: u64,
    utc: Option<String>,
    host: String,
    identifier: String,
    pid: Option<u32>,
    message: String,
}

fn text(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn utc(record: &Record<'_>) -> Option<String> {
    let stamp = record.stamp?;
    let offset = chrono::TimeDelta::seconds(stamp.offset_seconds.unwrap_or(0).into());
    let moment = Moment::new(stamp.written - offset, stamp.precision);
    Some(if stamp.year_known { moment.rfc3339() } else { moment.rfc3339().replacen("2000", "????", 1) })
}

fn sample(name: &str) -> Source {
    Source::file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats").join(name), None)
}

fn read_sample(name: &str) -> (Summary, Vec<Kept>) {
    let mut kept = Vec::new();
    let summary = read(&sample(name), &Interest::All, &mut |record| {
        kept.push(Kept {
            line: record.line,
            utc: utc(record),
            host: text(record.host),
            identifier: text(record.identifier),
            pid: record.pid,
            message: text(Some(record.message)),
        });
    })
    .unwrap();
    (summary, kept)
}

/// The records of the journal's own export, but for their stamps and their numbering.
fn without_stamps(name: &str) -> Vec<Kept> {
    let records = read_sample(name).1.into_iter().enumerate();
    records.map(|(at, record)| Kept { line: at as u64 + 1, utc: None, ..record }).collect()
}

fn without_lines(records: &[Kept]) -> Vec<Kept> {
    records.iter().cloned().map(|record| Kept { line: 0, ..record }).collect()
}

/// As [`without_stamps`], where an entry takes several lines.
fn without_places(name: &str) -> Vec<Kept> {
    without_lines(&without_stamps(name))
}

#[test]
fn every_format_gives_the_records_of_the_export() {
    let expected = without_stamps("journal.export");
    assert_eq!(expected.len(), 11);
    for name in ["short", "short-precise", "short-iso", "short-iso-precise", "short-full", "short-unix"] {
        assert_eq!(without_stamps(&format!("{name}.log")), expected, "{name}");
    }
    for name in ["short-full-cet.log", "short-full-numeric.log", "short-iso-kolkata.log"] {
        assert_eq!(without_stamps(name), expected, "{name}");
    }
    for name in ["rsyslog-traditional.log", "rsyslog-iso.log", "rfc5424.log"] {
        assert_eq!(without_stamps(name)[..11], expected, "{name}");
    }
    for name in ["journal.json", "json-pretty.json", "json-seq.json", "json-sse.json", "verbose.log"] {
        assert_eq!(without_places(name), without_lines(&expected), "{name}");
    }
    let hostless: Vec<Kept> = expected.iter().cloned().map(|record| Kept { host: "-".to_owned(), ..record }).collect();
    assert_eq!(without_stamps("no-hostname.log"), hostless);
}

#[test]
fn formats_are_named_and_stamps_are_as_fine_as_they_were_written() {
    for (name, format, first, last) in [
        ("short.log", "rfc3164", "????-11-23T02:12:35Z", "????-11-23T02:12:59Z"),
        ("no-hostname.log", "rfc3164", "????-11-23T02:12:35Z", "????-11-23T02:12:59Z"),
        ("short-precise.log", "short-precise", "????-11-23T02:12:35.416228Z", "????-11-23T02:12:59.172629Z"),
        ("short-iso.log", "short-iso", "2026-11-23T02:12:35Z", "2026-11-23T02:12:59Z"),
        ("short-iso-kolkata.log", "short-iso", "2026-11-23T02:12:35Z", "2026-11-23T02:12:59Z"),
        ("short-iso-precise.log", "short-iso-precise", "2026-11-23T02:12:35.416228Z", "2026-11-23T02:12:59.172629Z"),
        ("short-full.log", "short-full", "2026-11-23T02:12:35Z", "2026-11-23T02:12:59Z"),
        ("short-full-cet.log", "short-full", "2026-11-23T02:12:35Z", "2026-11-23T02:12:59Z"),
        ("short-full-numeric.log", "short-full", "2026-11-23T02:12:35Z", "2026-11-23T02:12:59Z"),
        ("short-unix.log", "short-unix", "2026-11-23T02:12:35.416228Z", "2026-11-23T02:12:59.172629Z"),
        ("with-unit.log", "with-unit", "2026-11-23T02:12:35Z", "2026-11-23T02:12:59Z"),
        ("journal.export", "export", "2026-11-23T02:12:35.416228Z", "2026-11-23T02:12:59.172629Z"),
        ("journal.json", "json", "2026-11-23T02:12:35.416228Z", "2026-11-23T02:12:59.172629Z"),
        ("json-pretty.json", "json", "2026-11-23T02:12:35.416228Z", "2026-11-23T02:12:59.172629Z"),
        ("json-seq.json", "json", "2026-11-23T02:12:35.416228Z", "2026-11-23T02:12:59.172629Z"),
        ("json-sse.json", "json", "2026-11-23T02:12:35.416228Z", "2026-11-23T02:12:59.172629Z"),
        ("verbose.log", "verbose", "2026-11-23T02:12:35.416228Z", "2026-11-23T02:12:59.172629Z"),
        ("rsyslog-traditional.log", "rfc3164", "????-11-23T07:45:36Z", "????-11-23T07:45:36Z"),
        ("rsyslog-iso.log", "rsyslog-iso", "2026-11-23T07:45:36.367848Z", "2026-11-23T07:45:36.399818Z"),
        ("rfc5424.log", "rfc5424", "2026-11-23T07:45:36.367848Z", "2026-11-23T07:45:36.399818Z"),
    ] {
        let (summary, records) = read_sample(name);
        assert_eq!(summary.format, format, "{name}");
        assert_eq!(summary.lines, records.len() as u64, "{name}");
        assert!(summary.troubles.is_empty() && summary.broken_off.is_none(), "{name}: {summary:?}");
        assert_eq!(records.first().and_then(|record| record.utc.as_deref()), Some(first), "{name}");
        assert_eq!(records.last().and_then(|record| record.utc.as_deref()), Some(last), "{name}");
        assert!(summary.modified.is_some_and(|modified| modified > 1_700_000_000), "{name}");
    }
}

#[test]
fn with_unit_has_the_unit_where_the_identifier_stands() {
    let identifiers: Vec<String> = read_sample("with-unit.log").1.into_iter().map(|record| record.identifier).collect();
    assert_eq!(identifiers[..5], ["keepalived.service"; 5]);
    assert_eq!(identifiers[5..], ["pdns.service"; 6]);
}

#[test]
fn rsyslog_folds_repeats_under_the_tag_of_what_it_folded() {
    for name in ["rsyslog-traditional.log", "rsyslog-iso.log", "rfc5424.log"] {
        let mut folded = Vec::new();
        read(&sample(name), &Interest::All, &mut |record| {
            if record.repeated > 1 {
                folded.push((record.line, record.repeated, text(record.identifier), text(Some(record.message))));
            }
        })
        .unwrap();
        let message = "AXFR-out zone 'example.com', client '198.51.100.22', failed: client may not request AXFR";
        assert_eq!(folded, [(12, 3, "pdns_server".to_owned(), message.to_owned())], "{name}");
    }
}

#[test]
fn only_lines_of_interest_are_given_and_all_are_counted() {
    let interest = Interest::Matching(regex::bytes::Regex::new("eepalived").unwrap());
    for name in ["short.log", "short-unix.log", "rfc5424.log", "journal.export", "journal.json", "verbose.log"] {
        let mut lines = Vec::new();
        let summary = read(&sample(name), &interest, &mut |record| lines.push(record.line)).unwrap();
        let (all, records) = read_sample(name);
        let expected: Vec<u64> =
            records.iter().filter(|record| record.identifier.contains("eepalived")).map(|record| record.line).collect();
        assert_eq!(lines, expected, "{name}");
        assert!(lines.len() >= 5, "{name}");
        assert_eq!((summary.lines, summary.first, summary.last), (all.lines, all.first, all.last), "{name}");
    }
}

#[test]
fn an_export_keeps_what_text_would_lose() {
    let (summary, records) = read_sample("odd.export");
    let shown: Vec<String> = records
        .iter()
        .map(|record| {
            let utc = record.utc.as_deref().unwrap_or("-");
            format!("{} {utc} {} {:?} {:?}", record.line, record.identifier, record.pid, record.message)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "1 2026-11-23T02:12:49.609517Z Keepalived_vrrp Some(411) \"(VI_1) Entering MASTER STATE\"",
            "14 2026-11-23T02:12:49.609527Z master.sh Some(512) \"{\\n    \\\"AssociationId\\\": \\\"eipassoc-03f\\\"\\n\\n}\"",
            "31 2026-11-23T02:12:49.609537Z pdns_server Some(401) \"Received NOTIFY for ex\u{FFFD}mple.com from 192.0.2.7\"",
            "44 2026-11-23T02:12:49.609547Z pdns_server Some(401) \"first\"",
            "57 2026-11-23T02:14:19.609517Z pdns_server Some(401) \"its own clock is a minute and a half behind\"",
            "69 2026-11-23T02:14:19.609518Z pdns_server Some(401) \"\"",
        ]
    );
    let troubles: Vec<_> = summary.troubles.iter().map(|trouble| (trouble.line, trouble.kind)).collect();
    assert_eq!(troubles, [(Some(31), "invalid-utf8")]);
    let mut places = Vec::new();
    read(&sample("odd.export"), &Interest::All, &mut |record| places.push((text(record.unit), text(record.cursor))))
        .unwrap();
    assert_eq!(places[0].0, "keepalived.service");
    assert!(places[0].1.starts_with("s=e2ce77045c3f465f96572d5edf0f2745;i=1;"));
}

#[test]
fn json_and_verbose_keep_what_text_would_lose() {
    let shown = |name: &str| -> Vec<(String, Option<u32>, String)> {
        let records = read_sample(name).1;
        records.into_iter().map(|record| (record.identifier, record.pid, record.message)).collect()
    };
    let expected = shown("odd.export");
    let long = |message: &str| ("pdns_server".to_owned(), Some(401), message.to_owned());
    let json = shown("odd.json");
    assert_eq!((&json[..6], &json[6..]), (&expected[..], &[long("")][..]));
    let verbose = shown("odd-verbose.log");
    assert_eq!((&verbose[..6], &verbose[6..]), (&expected[..], &[long(&"x".repeat(5000))][..]));

    let troubles = read_sample("odd.json").0.troubles;
    let kinds: Vec<_> = troubles.iter().map(|trouble| (trouble.line, trouble.kind)).collect();
    assert_eq!(kinds, [(Some(3), "invalid-utf8"), (Some(7), "unread")]);
    assert!(troubles[1].text.contains("--all"), "{}", troubles[1].text);
}

#[test]
fn cat_is_a_log_for_who_knows_its_messages() {
    let error = read(&sample("cat.log"), &Interest::All, &mut |_| panic!("no record is given")).unwrap_err();
    assert!(error.is_not_a_log(), "{error}");
    let interest = Interest::Programs(Programs {
        pattern: regex::bytes::Regex::new("eepalived").unwrap(),
        fields: &[],
        is_known: |line| line.starts_with(b"(VI_1) ") || line.starts_with(b"AXFR"),
    });
    let mut messages = Vec::new();
    let summary = read(&sample("cat.log"), &interest, &mut |record| {
        assert_eq!((record.stamp, record.identifier, record.host), (None, None, None));
        messages.push(text(Some(record.message)));
    })
    .unwrap();
    assert_eq!((summary.format, summary.lines, summary.first), ("cat", 11, None));
    let expected: Vec<String> = read_sample("journal.export").1.into_iter().map(|record| record.message).collect();
    assert_eq!(messages, expected);
}

#[test]
fn continuation_lines_are_records_of_their_own() {
    let (summary, records) = read_sample("multi-line.log");
    assert_eq!(summary.lines, 8);
    let stampless: Vec<u64> = records.iter().filter(|record| record.utc.is_none()).map(|record| record.line).collect();
    assert_eq!(stampless, [3, 4, 5]);
    assert_eq!(records[2].message.trim_start(), "\"AssociationId\": \"eipassoc-03f\"");
}

#[test]
fn no_entries_is_a_log_and_monotonic_is_refused() {
    let (summary, records) = read_sample("no-entries.log");
    assert_eq!((summary.format, summary.lines, summary.first, records.len()), ("journalctl", 1, None, 1));

    let refused = read(&sample("short-monotonic.log"), &Interest::All, &mut |_| panic!("no record is given"));
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::Undated { line: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("short-monotonic output has no dates"), "{error}");
}

#[test]
fn what_is_no_log_and_what_is_missing_differ() {
    let none = &mut |_: &Record<'_>| panic!("no record is given");
    let source = Source::file(Path::new(file!()), None);
    let error = read(&source, &Interest::All, none).unwrap_err();
    assert!(error.is_not_a_log(), "{error}");
    let error = read(&sample("absent.log"), &Interest::All, none).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    let error = read(&sample(""), &Interest::All, none).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
}

#[test]
fn precision_is_told() {
    let mut precisions = Vec::new();
    read(&sample("short-precise.log"), &Interest::All, &mut |record| {
        precisions.push(record.stamp.map(|stamp| stamp.precision));
    })
    .unwrap();
    assert_eq!(precisions, [Some(Precision::Micro); 11]);
}
