//! One incident in every form that people have it in: the same findings, but for where the evidence stands and how finely it was
//! stamped.

#![cfg(feature = "compress")]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]
#![expect(clippy::disallowed_methods, reason = "a test reads its own data")]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use driftline::input::expand;
use driftline::moment::Precision;
use driftline::pipeline::{Options, Outcome, analyze};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HOSTS: [&str; 4] = ["dnsmaster", "dnsmaster2", "dnsslave1", "dnsslave2"];

/// A directory that is gone when the test is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("driftline-forms-{name}-{}", std::process::id()));
        let _absent = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> OsString {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.into_os_string()
    }

    /// The journals of all hosts.
    fn journals(&self) -> Vec<OsString> {
        HOSTS.iter().map(|host| self.put(&format!("journals/{host}.journal"), &journal(host))).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn journal(host: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/journals/{host}.journal.zst"));
    zstd::decode_all(fs::File::open(path).unwrap()).unwrap()
}

fn analyzed(words: &[OsString]) -> Outcome {
    let expanded = expand(words);
    assert!(expanded.errors.is_empty(), "{:?}", expanded.errors);
    analyze(&expanded.sources, &Options::default(), 2)
}

/// What a finding says, in whole seconds.
fn told(outcome: &Outcome) -> Vec<String> {
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    let findings = &outcome.report.findings;
    let mut told: Vec<String> = findings
        .iter()
        .map(|finding| {
            let second = |micros: i64| micros.div_euclid(1_000_000);
            let mut evidence: Vec<String> = finding
                .evidence()
                .iter()
                .map(|evidence| format!("{} {}", evidence.event.node, evidence.event.id))
                .collect();
            evidence.sort(); // Within a second nobody knows what came first on two hosts.
            format!(
                "{} {:?} {:?} {:?} {} {:?} {:?} {evidence:?}",
                finding.rule,
                finding.severity,
                finding.confidence,
                finding.subject,
                second(finding.since.micros),
                finding.until.map(|until| second(until.micros)),
                finding.impact.len(),
            )
        })
        .collect();
    told.sort();
    told
}

#[test]
fn a_file_a_directory_and_an_archive_of_journals_tell_the_same() {
    let scratch = Scratch::new("journals");
    let files = scratch.journals();
    let expected = analyzed(&files);
    assert!(expected.report.findings.len() >= 4, "{:?}", expected.report.findings);
    let packed: Vec<OsString> = HOSTS
        .iter()
        .map(|host| scratch.put(&format!("packed/{host}"), &zstd::encode_all(&*journal(host), 1).unwrap()))
        .collect();
    for (form, words) in [("directory", vec![scratch.0.join("journals").into_os_string()]), ("packed", packed)] {
        let given = analyzed(&words);
        assert_eq!(told(&given), told(&expected), "{form}");
        let ids = |outcome: &Outcome| -> Vec<String> {
            outcome.report.findings.iter().map(|finding| finding.id.clone()).collect()
        };
        assert_eq!(ids(&given), ids(&expected), "{form}");
        assert_eq!(given.report.coverage.lines, expected.report.coverage.lines, "{form}");
    }
    let evidence = expected.report.findings[0].evidence()[0].event.origin.clone();
    assert!(evidence.line.is_none() && evidence.cursor.is_some(), "{evidence:?}");
}

/// Says what is skipped, where that is allowed.
fn skip(what: &str) {
    assert!(std::env::var_os("DRIFTLINE_MUST_RUN").is_none(), "{what}: no journalctl");
    eprintln!("SKIPPED {what}: no journalctl");
}

/// What `journalctl` prints of a journal; `None` where there is none of it.
fn printed(journal: &OsString, form: &str) -> Option<Vec<u8>> {
    let output = Command::new("journalctl")
        .arg("--file")
        .arg(journal)
        .args(["--utc", "--all", "--no-pager", "-o", form])
        .output();
    output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
}

#[test]
fn whatever_journalctl_prints_tells_the_same() {
    let scratch = Scratch::new("printed");
    let files = scratch.journals();
    let expected = analyzed(&files);
    for form in [
        "export",
        "json",
        "json-pretty",
        "json-seq",
        "json-sse",
        "verbose",
        "short-iso-precise",
        "short-unix",
        "short-full",
        "short",
    ] {
        let Some(texts) = files.iter().map(|file| printed(file, form)).collect::<Option<Vec<_>>>() else {
            skip("whatever_journalctl_prints_tells_the_same");
            return;
        };
        let words: Vec<OsString> =
            HOSTS.iter().zip(&texts).map(|(host, text)| scratch.put(&format!("{form}/{host}.log"), text)).collect();
        let given = analyzed(&words);
        assert_eq!(told(&given), told(&expected), "{form}");

        // The same as text and as a file: told once, with the finer stamps.
        let both = analyzed(&[words, files.clone()].concat());
        assert_eq!(told(&both), told(&expected), "{form} and journals");
        assert!(both.report.caveats.iter().any(|caveat| caveat.kind == "doubles"), "{form}: {:?}", both.report.caveats);
        let is_fine = |outcome: &Outcome| {
            outcome
                .report
                .findings
                .iter()
                .flat_map(|finding| finding.evidence())
                .all(|evidence| evidence.event.time.precision == Precision::Micro)
        };
        assert!(is_fine(&both), "{form} and journals");
    }
}

#[test]
fn rotated_text_tells_the_same_as_one_file() {
    let scratch = Scratch::new("rotated");
    let files = scratch.journals();
    let Some(text) = printed(&files[2], "short") else {
        skip("rotated_text_tells_the_same_as_one_file");
        return;
    };
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let (old, new) = (lines[..lines.len() / 2].concat(), lines[lines.len() / 2..].concat());
    let overlapping = lines[lines.len() / 4..].concat();
    let mut words = vec![files[0].clone(), files[1].clone(), files[3].clone()];
    words.push(scratch.put("whole/syslog", &text));
    let expected = analyzed(&words);
    words.pop();
    words.extend([
        scratch.put("rotated/syslog", &new),
        scratch.put("rotated/syslog.1.gz", &zstd::encode_all(&*old, 1).unwrap()),
    ]);
    assert_eq!(told(&analyzed(&words)), told(&expected), "rotated");
    assert_eq!(analyzed(&words).report.caveats.iter().filter(|caveat| caveat.kind == "doubles").count(), 0);
    words.push(scratch.put("rotated/copy", &overlapping));
    assert_eq!(told(&analyzed(&words)), told(&expected), "rotated and overlapping");
}

#[test]
fn cat_has_no_times_and_says_so() {
    let scratch = Scratch::new("cat");
    let Some(text) = printed(&scratch.journals()[0], "cat") else {
        skip("cat_has_no_times_and_says_so");
        return;
    };
    let outcome = analyzed(&[scratch.put("dnsmaster.log", &text)]);
    assert!(outcome.report.coverage.recognised > 50, "{:?}", outcome.report.coverage);
    assert!(outcome.report.caveats.iter().any(|caveat| caveat.kind == "undated"), "{:?}", outcome.report.caveats);
}

#[test]
fn two_daemons_in_one_container_log_are_told_apart() {
    let scratch = Scratch::new("container");
    let log = b"\
        2020-08-18T14:52:03.123456789Z stderr F Tue Aug 18 14:52:03 2020: (VI_1) Entering MASTER STATE\n\
        2020-08-18T14:52:04.1Z stderr F Aug 18 14:52:04 Received NOTIFY for example.com from 192.0.2.7 which is not a primary\n\
        2020-08-18T14:52:05.123456789Z stdout F something else\n";
    let outcome = analyzed(&[scratch.put("ns1.log", log)]);
    let coverage = &outcome.report.coverage;
    assert_eq!((coverage.recognised, coverage.unrecognised, coverage.other), (2, 0, 1), "{coverage:?}");
    assert_eq!((coverage.sources[0].format, coverage.sources[0].node.as_deref()), ("container", Some("ns1")));
}
