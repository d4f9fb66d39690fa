//! A log of more lines than are kept, read in every way there is: alone and once, beside others and twice, packed, on any number of
//! threads. What it says is the same.

use crate::common::{analyze_with, document, findings, line, scratch};
use driftline::pipeline::Options;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// More than are kept for all sources together.
const LINES: usize = 60_000;

/// A busy secondary: a primary that is away for half an hour, and refuses a zone later on.
fn busy() -> String {
    let mut log = String::new();
    for at in 0..LINES {
        let seconds = at / 5;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let zone = format!("zone{}.example", at % 997);
        let serial = 2_026_010_200 + at / 997;
        let is_away = (600..2400).contains(&seconds);
        let message = match at % 3 {
            0 if is_away => format!(
                "XFR-in zone: '{zone}', primary: '192.0.2.1', unable to xfr zone (ResolverException): Timeout waiting for answer from 192.0.2.1 during AXFR (This was attempt number 1. Excluding zone from secondary-checks until {})",
                1_767_349_200 + seconds
            ),
            0 if at % 997 == 5 && seconds > 6000 => format!(
                "XFR-in zone: '{zone}', primary: '192.0.2.1', unable to xfr zone (ResolverException): AXFR chunk error: Server Not Authoritative for zone / Not Authorized (This was the first time. Excluding zone from secondary-checks until {})",
                1_767_349_200 + seconds
            ),
            0 => format!("XFR-in zone: '{zone}', primary: '192.0.2.1', initiating transfer"),
            1 => format!("Domain '{zone}' is stale, primary 192.0.2.1 serial {serial}, our serial {}", serial - 1),
            _ if is_away => {
                "Received NOTIFY for zone7.example from 192.0.2.9 which is not a primary (Refused)".to_owned()
            }
            _ => format!("AXFR-in zone: '{zone}', primary: '192.0.2.1', zone committed with serial {serial}"),
        };
        writeln!(log, "Jan  2 {hour:02}:{minute:02}:{second:02} ns2 pdns_server[7]: {message}")
            .expect("a String takes all");
    }
    log
}

fn written(place: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = place.join(name);
    fs::create_dir_all(path.parent().expect("a path in a directory")).expect("a test writes to its own directory");
    fs::write(&path, content).expect("a test writes to its own directory");
    path
}

/// The report on some sources, without the directory they are in.
fn report(sources: &[&Path], place: &Path, threads: usize) -> String {
    document(&analyze_with(sources, &Options::default(), threads)).replace(&*place.to_string_lossy(), "")
}

#[test]
fn threads_decide_nothing() {
    let place = scratch("large-threads");
    let path = written(&place, "busy.log", busy().as_bytes());
    let outcome = analyze_with(&[&path], &Options::default(), 1);
    let rules: Vec<String> = findings(&outcome).iter().map(line).collect();
    for rule in ["primary-unreachable", "stale-serial", "notify-from-non-master", "transfer-refused"] {
        assert!(rules.iter().any(|told| told.starts_with(rule)), "no {rule} in {rules:?}");
    }
    let quiet = written(&place, "quiet.log", b"Jan  2 00:00:00 ns3 pdns_server[7]: Domain 'zone1.example' is fresh\n");
    for sources in [vec![&*path], vec![&*path, &*quiet]] {
        let expected = report(&sources, &place, 1);
        for threads in [2, 4] {
            assert!(report(&sources, &place, threads) == expected, "another report with {threads} threads");
        }
    }
}

#[cfg(feature = "compress")]
#[test]
fn packing_decides_nothing() {
    use std::io::Write as _;
    let log = busy();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(log.as_bytes()).expect("a Vec takes all");
    let gzip = packer.finish().expect("a Vec takes all");
    let zstd = zstd::encode_all(log.as_bytes(), 1).expect("a Vec takes all");
    let expected = {
        let place = scratch("large-plain");
        let path = written(&place, "busy.log", log.as_bytes());
        report(&[&path], &place, 1)
    };
    for (kind, packed) in [("gzip", gzip), ("zstd", zstd)] {
        let place = scratch(&format!("large-{kind}"));
        let path = written(&place, "busy.log", &packed);
        for threads in [1, 4] {
            assert!(report(&[&path], &place, threads) == expected, "another report of {kind} with {threads} threads");
        }
    }
}

/// Read once because it is alone, or twice because another one is there: the same is found.
#[test]
fn company_decides_nothing() {
    let place = scratch("large-company");
    let path = written(&place, "busy.log", busy().as_bytes());
    // Neither its node nor its time has to do with the other's.
    let other = written(
        &place,
        "other.log",
        b"2026-01-02T00:00:00+00:00 lb1 Keepalived_vrrp[7]: (VI_1) Entering BACKUP STATE (init)\n",
    );
    let told = |sources: &[&Path]| -> Vec<String> {
        findings(&analyze_with(sources, &Options::default(), 2)).iter().map(|finding| finding.to_string()).collect()
    };
    let alone = told(&[&path]);
    assert!(
        alone.len() > 3 && told(&[&path, &other]) == alone,
        "another report beside a log that has nothing to do with it"
    );
}
