//! `driftline correlate`: events of any machines, in any order, cut into any files and repeated, are what `analyze` says over the
//! same sources; what is missing is said.

use crate::common::{analyze, bytes, cases, document, entries, logs, scratch};
use driftline::input;
use driftline::pipeline::correlate::{Error, Outcome, Stream, correlate};
use driftline::pipeline::{Options, events};
use driftline::report::events::{write_event, write_source};
use driftline::report::json;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What `driftline events` prints, line by line.
fn events_of(words: &[PathBuf]) -> Vec<Vec<u8>> {
    let words: Vec<_> = words.iter().map(|word| word.as_os_str().to_owned()).collect();
    let mut out = Vec::new();
    for source in &input::expand(&words).sources {
        let told = events::tell(source, &events::Options::default(), &mut |event| {
            write_event(event, &mut out).expect("a Vec takes all");
        });
        write_source(&told.expect("a sample can be read").source, &mut out).expect("a Vec takes all");
    }
    out.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn correlated(files: &[Vec<u8>]) -> Outcome {
    let stream = |(at, bytes): (usize, &'_ Vec<u8>)| {
        let bytes = bytes.clone();
        Stream { name: format!("file {at}").into(), open: Box::new(move || Ok(Box::new(std::io::Cursor::new(bytes)))) }
    };
    correlate(files.iter().enumerate().map(stream).collect(), &tempfile::tempfile, &Options::default())
}

fn told(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    json::write(&outcome.report, &mut out).expect("a Vec takes all");
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn events_say_what_their_logs_say() {
    let is_source = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        matches!(ending, Some("log" | "export" | "json"))
    };
    for case in cases() {
        let sources: Vec<PathBuf> = entries(&case).into_iter().filter(is_source).collect();
        let outcome = correlated(&[events_of(&sources).concat()]);
        assert!(outcome.errors.is_empty(), "{}: {:?}", case.display(), outcome.errors);
        similar(&document(&analyze(&sources)), &told(&outcome), &case);
    }
}

/// Compares line by line, so that a failure can be read.
fn similar(expected: &str, found: &str, case: &Path) {
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found, "{}", case.display());
    }
    assert_eq!(expected.len(), found.len(), "{}", case.display());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Any files, any order, any repeats.
    #[test]
    fn neither_order_nor_files_nor_repeats_matter(
        at in 0usize..1000,
        places in proptest::collection::vec((0usize..5, 0u32..u32::MAX, 1usize..3), 40..400),
    ) {
        let cases = cases();
        let case = &cases[at % cases.len()];
        let logs = logs(case);
        let mut placed = Vec::new();
        for (line, (file, order, copies)) in events_of(&logs).into_iter().zip(places.iter().cycle()) {
            for copy in 0..*copies {
                placed.push(((file + copy) % 5, order.rotate_left(u32::try_from(copy).unwrap_or(0)), line.clone()));
            }
        }
        placed.sort();
        let mut files = vec![Vec::new(); 5];
        placed.into_iter().for_each(|(file, _, line)| files[file].extend(line));
        let outcome = correlated(&files);
        prop_assert!(outcome.errors.is_empty(), "{}: {:?}", case.display(), outcome.errors);
        prop_assert_eq!(told(&outcome), document(&analyze(&logs)));
    }
}

fn without(lines: &[Vec<u8>], is_left_out: impl Fn(&str) -> bool) -> Outcome {
    let kept = lines.iter().filter(|line| !is_left_out(std::str::from_utf8(line).expect("NDJSON is UTF-8")));
    correlated(&[kept.flatten().copied().collect()])
}

const SEED: &str = "samples/seed-incident";

#[test]
fn what_is_missing_is_said() {
    let lines = events_of(&logs(Path::new(SEED)));
    let cut = without(&lines, |line| line.contains("\"pdns/notify-in-not-primary\""));
    let errors: Vec<String> = cut.errors.iter().map(ToString::to_string).collect();
    let path = format!("{SEED}/dnsslave.log");
    assert_eq!(errors, [format!("hear all of {path}: 9 of its 10 events are here, the stream was cut or filtered")]);
    assert!(cut.report.caveats.iter().any(|caveat| caveat.kind == "truncated"));
    let bare = without(&lines, |line| line.contains("driftline.source/1"));
    assert_eq!(bare.errors.len(), 3);
    assert!(bare.errors.iter().all(|error| matches!(error, Error::NoSourceLine { .. })));
    assert_eq!(bare.report.findings.len(), 5, "what is here is told nevertheless");
    let mut torn = lines.concat();
    torn.truncate(torn.len() - 20);
    torn.extend(
        b"\nAug 18 14:52:03 dnsslave pdns_server[30549]: a log\n{\"schema\":\"driftline.event/9\",\"path\":\"x\"}\n",
    );
    let places: Vec<u64> = correlated(&[torn])
        .errors
        .iter()
        .filter_map(|error| if let Error::NotAnEvent { line, .. } = error { Some(*line) } else { None })
        .collect();
    let last = lines.len() as u64;
    assert_eq!(places, [last, last + 1, last + 2]);
}

#[test]
fn machines_may_have_the_same_paths() {
    // Every log is called `syslog` where it was written.
    let lines: Vec<u8> = logs(Path::new(SEED))
        .into_iter()
        .flat_map(|log| {
            let told = events_of(std::slice::from_ref(&log)).concat();
            let name = log.to_str().expect("a path is UTF-8").to_owned();
            String::from_utf8(told).expect("NDJSON is UTF-8").replace(&name, "/var/log/syslog").into_bytes()
        })
        .collect();
    let outcome = correlated(&[lines]);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert_eq!(outcome.report.coverage.sources.len(), 3);
    let rules: Vec<&str> = outcome.report.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules.len(), 5);
    assert_eq!(rules[0], "eip-drift");
}

/// Runs the binary with standard input from a file.
fn driftline(words: &[&str], input: Option<&Path>) -> (Option<i32>, Vec<u8>, String) {
    let stdin = input.map_or_else(Stdio::null, |path| {
        #[expect(clippy::disallowed_methods, reason = "a test reads what it wrote")]
        let file = fs::File::open(path).expect("the test wrote it");
        file.into()
    });
    let output = Command::new(env!("CARGO_BIN_EXE_driftline")).args(words).stdin(stdin).output().expect("it starts");
    (output.status.code(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_pipe_of_two_prints_what_analyze_prints() {
    let place = scratch("correlate");
    let path = place.join("events.ndjson");
    let name = path.to_str().expect("a path is UTF-8");
    let (code, _, _) = driftline(&["events", SEED, "--output", name], None);
    assert_eq!(code, Some(0));
    for format in ["table", "json", "markdown", "html", "svg"] {
        let expected = driftline(&["analyze", SEED, "--format", format], None);
        for found in [
            driftline(&["correlate", "--format", format], Some(&path)),
            driftline(&["correlate", "--format", format, name, name], None),
        ] {
            assert_eq!(found.0, Some(1));
            assert_eq!(String::from_utf8_lossy(&found.1), String::from_utf8_lossy(&expected.1), "{format}");
        }
    }
    assert_eq!(
        driftline(&["correlate", "--fail-on", "never", "--quiet", name], None),
        (Some(0), Vec::new(), String::new())
    );
    assert_eq!(driftline(&["correlate", "nowhere.ndjson"], None).0, Some(2));
    assert_eq!(driftline(&["correlate", &format!("{SEED}/dnsslave.log")], None).0, Some(2));
    assert_eq!(driftline(&["correlate"], None).0, Some(2), "nothing is no result");
}

#[test]
fn a_source_that_could_not_be_read_is_not_forgotten() {
    let place = scratch("correlate-unread");
    fs::write(place.join("a.log"), bytes(Path::new(&format!("{SEED}/dnsslave.log")))).expect("it can be written");
    fs::write(place.join("b.log"), [0u8, 159, 146, 150].repeat(200)).expect("it can be written");
    let place = place.to_str().expect("a path is UTF-8");
    let [a, b, gone] = ["a.log", "b.log", "gone.log"].map(|name| format!("{place}/{name}"));
    let events = format!("{place}/events.ndjson");
    assert_eq!(driftline(&["events", &a, &b, &gone, "--output", &events], None).0, Some(2));
    let (code, _, errors) = driftline(&["correlate", &events], None);
    assert_eq!(code, Some(2));
    assert!(errors.contains("b.log as a log") && errors.contains("gone.log"), "{errors}");
    // Met in a directory, the second is a caveat.
    fs::remove_file(&events).expect("it was written");
    assert_eq!(entries(Path::new(place)).len(), 2);
    let together = format!("{place}-events.ndjson");
    assert_eq!(driftline(&["events", place, "--output", &together], None).0, Some(0));
    let (code, out, _) = driftline(&["correlate", "--format", "json", &together], None);
    assert_eq!((code, out), {
        let (code, out, _) = driftline(&["analyze", "--format", "json", place], None);
        (code, out)
    });
}
