//! `driftline check` as CI meets it: what holds, what fails and says why, and that nothing passes by accident.

use crate::common::{self, bytes, entries, scratch, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const SEED: &str = "samples/seed-incident";

fn check(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    command.arg("check").args(words).stdin(Stdio::null()).output().expect("the binary starts")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn word(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

/// A copy of a sample, to be spoilt.
fn copy(sample: &str, name: &str) -> PathBuf {
    let place = scratch(&format!("check-{name}"));
    for file in entries(Path::new(sample)) {
        write(&place.join(file.file_name().expect("an entry has a name")), bytes(&file));
    }
    place
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).expect("a test writes to its own directory");
}

/// The seed incident with other expectations.
fn expecting(name: &str, expected: &str) -> PathBuf {
    let case = copy(SEED, name);
    write(&case.join("expected.toml"), expected);
    case
}

fn assert_exit(words: &[&str], code: i32, complaint: &str) -> String {
    let output = check(words);
    let page = out(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {page}{}", String::from_utf8_lossy(&output.stderr));
    assert!(page.contains(complaint), "{words:?}: {complaint:?} is not in {page}");
    page
}

fn without_line(path: &Path, part: &str) {
    let kept: Vec<String> = text(path).lines().filter(|line| !line.contains(part)).map(str::to_owned).collect();
    assert!(kept.len() < text(path).lines().count(), "{part:?} is a line of {}", path.display());
    write(path, kept.join("\n") + "\n");
}

// What holds.

#[test]
fn a_case_that_holds_exits_with_0() {
    let page = assert_exit(&[SEED], 0, "holds  samples/seed-incident  (5 expected)");
    assert!(page.ends_with("1 case holds: exit 0.\n"), "{page}");
    assert_exit(&[SEED, "--quiet"], 0, "");
}

#[test]
fn cases_are_printed_in_the_order_named_and_once() {
    let page = assert_exit(&["samples/transfer-refused", SEED, SEED, "samples/transfer-refused/primary-down"], 0, "");
    let names: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("holds  ")?.split(' ').next()).collect();
    assert_eq!(
        names,
        ["samples/transfer-refused/acl-lacks-a-secondary", "samples/transfer-refused/primary-down", SEED]
    );
}

#[test]
fn options_are_spelled_as_on_the_command_line() {
    let expect = "[[expect]]\nrule = \"eip-drift\"\nsince = \"2021-08-08T19:01:16Z\"\n";
    let analyze = "[analyze]\ntz = \"Europe/Zurich\"\nyear = 2021\nrule = [\"eip-drift\"]\n";
    let case = expecting("options", &format!("others = \"forbid\"\n{analyze}{expect}"));
    assert_exit(&[word(&case)], 0, "1 expected");
    let case = expecting("options-wrong", &format!("others = \"forbid\"\n[analyze]\ntz = \"Mars\"\n{expect}"));
    assert_exit(&[word(&case)], 2, "expected.toml:3: failed to understand --tz \"Mars\"");
}

#[test]
fn only_the_configuration_that_the_case_names_is_used() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    let output =
        command.args(["check", SEED]).env("DRIFTLINE_CONFIG", "no-such.toml").output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    let toml = "others = \"allow\"\n[analyze]\nconfig = \"site.toml\"\n[[expect]]\nrule = \"eip-drift\"\n";
    let case = expecting("config", toml);
    assert_exit(&[word(&case)], 2, "expected.toml:3: failed to read the configuration");
    write(&case.join("site.toml"), "[[pattern]]\nname = \"note\"\nregex = 'x'\nmeans = \"note\"\n");
    assert_exit(&[word(&case)], 0, "");
}

// What fails.

#[test]
fn a_missing_finding_is_named_with_the_line_that_is_gone() {
    let expect = "others = \"allow\"\n\n[[expect]]\nrule = \"notify-from-non-master\"\nevidence = [\"pdns/notify-not-primary@dnsslave\"]\n";
    let case = expecting("missing", expect);
    let id = common::findings(&common::analyze(&[SEED]))
        .iter()
        .find(|finding| finding["rule"] == "notify-from-non-master")
        .map(|finding| finding["evidence"][0]["event"].as_str().expect("an event has an id").to_owned())
        .expect("it is found");
    write(&case.join("expected.toml"), expect.replace("pdns/notify-not-primary", &id));
    assert_exit(&[word(&case)], 0, "1 expected");
    without_line(&case.join("dnsslave.log"), "is not a master");
    let page = assert_exit(&[word(&case)], 1, "expected.toml:3  not found");
    assert!(page.contains(&format!("no line {id}@dnsslave is in the logs any more")), "{page}");
}

#[test]
fn an_unexpected_finding_fails_where_others_are_forbidden() {
    let one = "[[expect]]\nrule = \"eip-drift\"\n";
    let case = expecting("others", &format!("others = \"forbid\"\n{one}"));
    let page = assert_exit(&[word(&case)], 1, "expected.toml:1  not expected, but found");
    assert!(page.contains("stale-serial, confirmed; node dnsslave"), "{page}");
    let case = expecting("others-allowed", &format!("others = \"allow\"\n{one}"));
    assert_exit(&[word(&case)], 0, "");
}

#[test]
fn a_forbidden_finding_fails() {
    let case =
        expecting("forbidden", "others = \"allow\"\n[[forbid]]\nrule = \"eip-drift\"\nconfidence = \"likely\"\n");
    assert_exit(&[word(&case)], 1, "expected.toml:2  forbidden, but found");
}

#[test]
fn what_differs_is_named() {
    for (name, key, difference) in [
        (
            "since",
            "since = \"2020-08-08T21:01:19Z\"\ntolerance = \"2s\"",
            "since  expected 2020-08-08T21:01:19Z ± 2s, found 2020-08-08T21:01:16Z",
        ),
        ("until", "until = \"open\"", "until  expected open, found 2020-08-18T15:23:18Z"),
        ("holder", "subject = { holder = \"dnsmaster\" }", "subject.holder  expected dnsmaster, found dnsmaster2"),
        (
            "nodes",
            "subject = { nodes = [\"dnsmaster\"] }",
            "subject.nodes  expected dnsmaster, found dnsmaster, dnsmaster2",
        ),
    ] {
        let case = expecting(
            &format!("differs-{name}"),
            &format!("others = \"allow\"\n[[expect]]\nrule = \"eip-drift\"\n{key}\n"),
        );
        let page = assert_exit(&[word(&case)], 1, "expected.toml:2  found differently");
        assert!(page.contains(difference), "{difference:?} is not in {page}");
    }
}

#[test]
fn less_sure_than_expected_fails() {
    let case = copy(SEED, "less-sure");
    fs::remove_file(case.join("dnsslave.log")).expect("a test's own file");
    write(
        &case.join("expected.toml"),
        "others = \"allow\"\n[[expect]]\nrule = \"eip-drift\"\nconfidence = \"confirmed\"\n",
    );
    assert_exit(&[word(&case)], 1, "confidence  expected confirmed, found ");
}

#[test]
fn two_expectations_need_two_findings() {
    let one = "[[expect]]\nrule = \"eip-drift\"\n";
    let case = expecting("two", &format!("others = \"allow\"\n{one}{one}"));
    assert_exit(&[word(&case)], 1, "expected.toml:4  not found");
}

// What is an error, and never a silent pass.

#[test]
fn a_case_without_an_expectation_is_an_error() {
    let case = expecting("no-expectation", "others = \"forbid\"\n");
    assert_exit(&[word(&case)], 2, "expected.toml:1: neither [[expect]] nor [[forbid]]");
    write(&case.join("expected.toml"), "");
    assert_exit(&[word(&case)], 2, "expected.toml:1: others must be");
}

#[test]
fn an_empty_directory_is_an_error() {
    let empty = scratch("check-empty");
    assert_exit(&[word(&empty)], 2, "no case: no expected.toml");
    write(&empty.join("expected.toml"), "others = \"allow\"\n[[forbid]]\nrule = \"eip-drift\"\n");
    assert_exit(&[word(&empty)], 2, "no log is in this directory");
}

#[test]
fn no_argument_is_the_current_directory() {
    let here = scratch("check-here");
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
        command.arg("check").current_dir(&here).output().expect("the binary starts")
    };
    assert_eq!(run().status.code(), Some(2), "no case is here");
    fs::rename(copy(SEED, "here-case"), here.join("a")).expect("a test moves its own directory");
    let output = run();
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).starts_with("holds  a  ("), "{}", out(&output));
}

#[test]
fn a_path_that_matches_nothing_is_an_error_and_the_others_still_run() {
    let page = assert_exit(&["samples/no-such-*", SEED], 2, "samples/no-such-*: failed to read");
    assert!(page.contains("holds  samples/seed-incident"), "{page}");
    assert_exit(&["samples/seed-incident/expected.toml"], 2, "this is a file");
}

#[test]
fn an_unreadable_log_is_an_error() {
    let case = copy("samples/split-brain/ordinary-day-export", "cut");
    let log = common::logs(&case).into_iter().next().expect("the case has a log");
    let content = bytes(&log);
    write(&log, &content[..content.len() / 2]);
    assert_exit(&[word(&case)], 2, "is cut");
}

#[test]
fn a_log_that_has_become_something_else_is_an_error() {
    let case = copy("samples/split-brain/ordinary-day", "pointer");
    let log = common::logs(&case).into_iter().next().expect("the case has a log");
    write(&log, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n");
    assert_exit(&[word(&case)], 2, "as a log");
}

#[test]
fn logs_without_a_line_of_either_daemon_are_an_error() {
    let case = scratch("check-other-daemon");
    write(&case.join("a.log"), "Nov 23 02:12:33 ns1 sshd[304]: Server listening on 0.0.0.0 port 22.\n");
    write(&case.join("expected.toml"), "others = \"forbid\"\n[[forbid]]\nrule = \"eip-drift\"\n");
    assert_exit(&[word(&case)], 2, "not one line of PowerDNS or keepalived");
}

#[test]
fn unknown_rules_and_keys_are_errors() {
    let case = expecting("unknown-rule", "others = \"forbid\"\n[[expect]]\nrule = \"eip-drifts\"\n");
    assert_exit(&[word(&case)], 2, "expected.toml:3: unknown rule \"eip-drifts\"");
    let case =
        expecting("unknown-key", "others = \"forbid\"\n[[expect]]\nrule = \"eip-drift\"\nconfidance = \"likely\"\n");
    assert_exit(&[word(&case)], 2, "expected.toml:4: unknown key confidance");
}

#[test]
fn a_directory_of_logs_beside_cases_is_an_error() {
    let cases = scratch("check-forgotten");
    fs::rename(copy(SEED, "forgotten-case"), cases.join("a")).expect("a test moves its own directory");
    fs::create_dir(cases.join("scripts")).expect("a test's own directory");
    write(&cases.join("scripts/run.sh"), "#!/bin/sh\n");
    assert_exit(&[word(&cases)], 0, "1 case holds");
    fs::create_dir(cases.join("b")).expect("a test's own directory");
    assert_exit(&[word(&cases)], 2, "lies beside cases");
    write(&cases.join("b/dnsmaster.log"), "x\n");
    assert_exit(&[word(&cases)], 2, "lies beside cases");
}

// For machines.

fn broken(name: &str) -> PathBuf {
    let case = expecting(
        name,
        "others = \"allow\"\n\n[[expect]]\nrule = \"master-flapping\"\nsubject = { instance = \"a,b:50%\\u001b[31m<&>\" }\n",
    );
    assert_exit(&[word(&case)], 1, "a,b:50%");
    case
}

fn assert_harmless(text: &str) {
    let bad: Vec<char> = text.chars().filter(|letter| letter.is_control() && *letter != '\n').collect();
    assert!(bad.is_empty(), "control characters {bad:?} in {text}");
}

#[test]
fn the_page_is_harmless() {
    assert_harmless(&out(&check(&[word(&broken("harmless"))])));
}

#[test]
fn json_says_what_the_page_says() {
    let case = broken("json");
    let output = check(&[word(&case), SEED, "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_harmless(&out(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(document["schema"], "driftline.check/1");
    assert_eq!((&document["holds"], &document["fails"], &document["errors"]), (&1.into(), &1.into(), &0.into()));
    let first = &document["cases"][0]["checks"][0];
    assert_eq!(
        (&first["line"], &first["holds"], &first["why"]["what"]),
        (&3.into(), &false.into(), &"not found".into())
    );
    assert_eq!(document["cases"][1]["verdict"], "holds");
}

#[test]
fn junit_counts_and_escapes() {
    let case = broken("junit");
    let page = out(&check(&[word(&case), "samples/no-such", SEED, "--format", "junit"]));
    assert_harmless(&page);
    assert!(page.contains("<testsuites name=\"driftline check\" tests=\"7\" failures=\"1\" errors=\"1\">"), "{page}");
    assert!(page.contains("a,b:50%[31m&lt;&amp;&gt;"), "{page}");
    assert_eq!(page.matches("<testcase ").count(), 7);
    assert_eq!(page.matches("<failure ").count(), 1);
    assert_eq!(page.matches("<error ").count(), 1);
}

#[test]
fn annotations_stand_on_the_expectations_line() {
    let case = broken("github");
    let page = out(&check(&[word(&case), "--format", "github"]));
    assert_harmless(&page);
    assert!(page.starts_with("::error file="), "{page}");
    assert!(page.contains("expected.toml,line=3,title=master-flapping not found::expected: "), "{page}");
    assert!(page.contains("50%25"), "{page}");
    assert_eq!(page.lines().count(), 1);
    assert_eq!(out(&check(&[SEED, "--format", "github"])), "");
}

#[test]
fn output_goes_to_a_file() {
    let file = scratch("check-output").join("junit.xml");
    assert_exit(&[SEED, "--format", "junit", "--output", word(&file)], 0, "");
    assert!(text(&file).starts_with("<?xml"));
    assert_exit(&[SEED, "--output", "/no/such/place"], 2, "");
}
