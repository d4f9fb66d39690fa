//! `driftline check --minimise`: a handful of lines with the verdict of the whole, and `--coverage`.

use crate::common::{self, bytes, entries, findings, scratch, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn check(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    command.arg("check").args(words).output().expect("the binary starts")
}

fn word(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

fn minimised(sample: &str, name: &str) -> PathBuf {
    let place = scratch(&format!("minimise-{name}"));
    let output = check(&["--minimise", sample, "--output", word(&place)]);
    assert_eq!(output.status.code(), Some(0), "{sample}: {}", String::from_utf8_lossy(&output.stderr));
    place
}

fn verdicts(place: &Path) -> Vec<String> {
    let keys = ["rule", "confidence", "subject", "since", "until"];
    let verdict = |finding: &Value| format!("{:?}", keys.map(|key| finding[key].to_string()));
    // Of equals those come first whose id is the smaller one, which other lines make another.
    let mut verdicts: Vec<String> = findings(&common::analyze(&[place])).iter().map(verdict).collect();
    verdicts.sort();
    verdicts
}

fn lines(place: &Path) -> usize {
    common::logs(place).iter().map(|log| text(log).lines().count()).sum()
}

#[test]
fn a_recordings_drift_comes_down_to_a_handful_of_lines() {
    for (sample, name, most) in [
        ("samples/seed-incident", "seed", 8),
        ("samples/eip-drift/brief-partition-keepalived-2.2", "recording", 12),
        ("samples/eip-drift/brief-partition-keepalived-1.3-export", "export", 18),
    ] {
        let place = minimised(sample, name);
        assert_eq!(verdicts(&place), verdicts(Path::new(sample)), "{sample}: the verdict is unchanged");
        assert!(lines(&place) <= most, "{sample}: {} lines are left", lines(&place));
    }
}

#[test]
fn no_line_of_it_can_be_left_out() {
    let place = minimised("samples/eip-drift/brief-partition-keepalived-2.2", "smallest");
    let whole_verdicts = verdicts(&place);
    for log in common::logs(&place) {
        let whole = text(&log);
        for left_out in 0..whole.lines().count() {
            let kept: Vec<&str> =
                whole.lines().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| line).collect();
            fs::write(&log, kept.join("\n")).expect("a test's own directory");
            let holds = check(&[word(&place), "--quiet"]).status.success();
            let is_needed = !holds || verdicts(&place) != whole_verdicts;
            assert!(is_needed, "line {} of {} is not needed", left_out + 1, log.display());
        }
        fs::write(&log, whole).expect("a test's own directory");
    }
}

#[test]
fn lines_and_expectations_stay_as_written() {
    let place = minimised("samples/seed-incident", "as-written");
    let seed = Path::new("samples/seed-incident");
    assert_eq!(bytes(&place.join("expected.toml")), bytes(&seed.join("expected.toml")));
    for log in common::logs(&place) {
        let whole = text(&seed.join(log.file_name().expect("an entry has a name")));
        assert!(text(&log).lines().all(|line| whole.lines().any(|known| known == line)), "{}", log.display());
    }
}

#[test]
fn what_has_no_verdict_to_keep_is_refused() {
    let place = scratch("minimise-refused");
    let full = scratch("minimise-full");
    fs::write(full.join("a"), "").expect("a test's own directory");
    let broken = scratch("minimise-broken");
    for file in entries(Path::new("samples/seed-incident")) {
        fs::write(broken.join(file.file_name().expect("an entry has a name")), bytes(&file))
            .expect("a test's own directory");
    }
    fs::write(broken.join("expected.toml"), "others = \"allow\"\n[[expect]]\nrule = \"master-flapping\"\n")
        .expect("a test's own directory");
    for (case, output, complaint) in [
        ("samples/split-brain/ordinary-day", &place, "it expects no finding"),
        (word(&broken), &place, "the case does not hold"),
        ("samples/seed-incident", &full, "is not empty"),
    ] {
        let ran = check(&["--minimise", case, "--output", word(output)]);
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{case}: {told}");
        assert!(told.contains(complaint), "{case}: {told}");
    }
    assert_eq!(check(&["--minimise", "samples/seed-incident", "samples/transfer-refused"]).status.code(), Some(2));
}

#[test]
fn coverage_names_what_no_case_exercises() {
    let output = check(&["samples", "--coverage", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let coverage = &document["coverage"];
    assert_eq!(coverage["rules_without_a_case"], Value::Array(Vec::new()), "each rule has a case that expects it");
    assert_eq!(coverage["rules_without_a_near_miss"], Value::Array(Vec::new()), "each rule has a near miss");
    let without: Vec<&str> =
        coverage["events_without_a_line"].as_array().expect("it is a list").iter().filter_map(Value::as_str).collect();
    assert!(!without.contains(&"keepalived/state-master") && without.contains(&"keepalived/advert-bad-type"));
    assert!(without.len() < coverage["events_known"].as_u64().expect("it is a number") as usize);
    let page = String::from_utf8_lossy(&check(&["samples/seed-incident", "--coverage"]).stdout).into_owned();
    let without =
        page.lines().find(|line| line.starts_with("rules without a case that expects them: ")).unwrap_or_default();
    assert!(without.contains("takeover-script-failed, master-flapping") && !without.contains("eip-drift"), "{page}");
}
