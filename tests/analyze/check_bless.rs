//! `driftline check --bless`: what was found becomes what is expected, and nothing written by hand is lost.

use crate::common::{bytes, entries, scratch, text};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn check(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    command.arg("check").args(words).output().expect("the binary starts")
}

fn assert_exit(words: &[&str], code: i32) -> String {
    let output = check(words);
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{words:?}: {page}{}", String::from_utf8_lossy(&output.stderr));
    page
}

fn word(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

/// The logs of a sample without its expectations.
fn fresh(sample: &str, name: &str) -> PathBuf {
    let place = scratch(&format!("bless-{name}"));
    for log in entries(Path::new(sample)).into_iter().filter(|path| !path.ends_with("expected.toml")) {
        fs::write(place.join(log.file_name().expect("an entry has a name")), bytes(&log))
            .expect("a test's own directory");
    }
    place
}

fn rewrite(path: &Path, change: impl Fn(&str) -> String) {
    fs::write(path, change(&text(path))).expect("a test writes to its own directory");
}

#[test]
fn fresh_logs_become_a_case_in_two_commands() {
    let case = fresh("samples/seed-incident", "fresh");
    let page = assert_exit(&["--bless", word(&case)], 0);
    assert!(page.contains("  + rule = \"eip-drift\"\n"), "the difference is shown: {page}");
    assert_exit(&[word(&case)], 0);
    let written = text(&case.join("expected.toml"));
    assert!(written.contains("others = \"forbid\""), "{written}");
    assert!(written.contains("year = [\"dnsmaster=2020\", \"dnsmaster2=2020\", \"dnsslave=2020\"]"), "{written}");
    // CI fails readably when any line that a finding rests on is deleted.
    rewrite(&case.join("dnsmaster2.log"), |log| log.lines().skip(1).map(|line| format!("{line}\n")).collect());
    let page = assert_exit(&[word(&case)], 1);
    assert!(page.contains("no line keepalived/state-master@dnsmaster2 is in the logs any more"), "{page}");
}

#[test]
fn a_quiet_case_misses_the_log_that_is_lost() {
    let case = fresh("samples/split-brain/ordinary-day", "quiet");
    assert_exit(&["--bless", word(&case)], 0);
    fs::remove_file(case.join("dnsslave1.log")).expect("the sample has it");
    let page = assert_exit(&[word(&case)], 1);
    assert!(page.contains("expected  lines of dnsslave1\n"), "{page}");
    assert!(page.contains("only lines of dnsmaster, dnsmaster2, dnsslave2"), "{page}");
    // Whoever took it out on purpose says so.
    let page = assert_exit(&["--bless", word(&case)], 0);
    assert!(page.contains("  + nodes = [\"dnsmaster\", \"dnsmaster2\", \"dnsslave2\"]\n"), "{page}");
    assert_exit(&[word(&case)], 0);
}

#[test]
fn blessing_twice_changes_nothing() {
    for sample in
        ["samples/seed-incident", "samples/split-brain/address-left-behind", "samples/split-brain/ordinary-day"]
    {
        let case = fresh(sample, "twice");
        assert_exit(&["--bless", word(&case)], 0);
        let once = text(&case.join("expected.toml"));
        let page = assert_exit(&["--bless", word(&case)], 0);
        assert!(page.starts_with("holds "), "{sample}: nothing differs: {page}");
        assert_eq!(text(&case.join("expected.toml")), once, "{sample}");
    }
}

#[test]
fn cases_that_hold_are_left_as_they_are() {
    let case = scratch("bless-untouched");
    for file in entries(Path::new("samples/split-brain/address-left-behind")) {
        fs::write(case.join(file.file_name().expect("an entry has a name")), bytes(&file))
            .expect("a test's own directory");
    }
    let before = text(&case.join("expected.toml"));
    assert_exit(&["--bless", word(&case)], 0);
    assert_eq!(text(&case.join("expected.toml")), before);
}

#[test]
fn what_was_written_by_hand_stays() {
    let case = fresh("samples/seed-incident", "by-hand");
    let by_hand = "# Our first one.\nothers = \"forbid\" # strictly\n\n# The address.\n[[expect]]\nrule = \"eip-drift\"\n\
                   since = \"2020-08-08T21:02:16Z\" # by the pager\ntolerance = \"2s\"\nsubject = { owner = \"dnsmaster2\" }\n\n\
                   # It never did this.\n[[expect]]\nrule = \"master-flapping\"\n\n[[forbid]]\nrule = \"takeover-script-failed\" # never\n";
    fs::write(case.join("expected.toml"), by_hand).expect("a test's own directory");
    assert_exit(&["--bless", word(&case)], 0);
    let written = text(&case.join("expected.toml"));
    for kept in [
        "# Our first one.\nothers = \"forbid\" # strictly\n\n# The address.\n[[expect]]\nrule = \"eip-drift\"\n",
        "since = \"2020-08-08T21:01:16Z\" # by the pager\ntolerance = \"2s\"\nsubject = { owner = \"dnsmaster\" }\n",
        "[[forbid]]\nrule = \"takeover-script-failed\" # never\n",
        "rule = \"stale-serial\"\n",
    ] {
        assert!(written.contains(kept), "{kept:?} is not in:\n{written}");
    }
    assert!(!written.contains("master-flapping"), "what is not found is not expected:\n{written}");
    assert_exit(&[word(&case)], 0);
}

#[test]
fn a_forbid_is_never_lifted() {
    let case = fresh("samples/seed-incident", "forbid");
    let by_hand = "others = \"forbid\"\n[[forbid]]\nrule = \"eip-drift\"\n";
    fs::write(case.join("expected.toml"), by_hand).expect("a test's own directory");
    let page = assert_exit(&["--bless", word(&case)], 1);
    assert!(page.contains("--bless does not lift a [[forbid]]"), "{page}");
    assert!(text(&case.join("expected.toml")).contains("[[forbid]]\nrule = \"eip-drift\"\n"));
}

#[test]
fn what_cannot_be_read_is_not_blessed() {
    let empty = scratch("bless-empty");
    assert!(assert_exit(&["--bless", word(&empty)], 2).contains("no log is in this directory"));
    assert!(!empty.join("expected.toml").exists());
    let case = fresh("samples/seed-incident", "wrong");
    fs::write(case.join("expected.toml"), "others = \"maybe\"\n").expect("a test's own directory");
    assert_exit(&["--bless", word(&case)], 2);
    assert_eq!(text(&case.join("expected.toml")), "others = \"maybe\"\n");
}
