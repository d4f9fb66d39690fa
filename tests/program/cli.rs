//! The binary as scripts and tired people meet it: exit codes, messages, options, and input that nobody should send.

use crate::common::{scratch, text};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SEED: &str = "samples/seed-incident";
const QUIET_DAY: &str = "samples/split-brain/ordinary-day";
/// Findings, but none above a warning.
const WARNINGS: &str = "samples/notify-from-non-master/stranger";

fn driftline(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    command.arg("analyze").args(words).stdin(Stdio::null()).env_remove("NO_COLOR").env("TERM", "xterm");
    command
}

fn run(words: &[&str]) -> Output {
    driftline(words).output().expect("the binary starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("the binary ends by itself")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("messages are UTF-8")
}

fn json(words: &[&str]) -> Value {
    let output = run(&[words, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no JSON: {error}; {}", err(&output)))
}

fn rules(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings are a list");
    findings.iter().map(|finding| finding["rule"].as_str().expect("a rule has an id").to_owned()).collect()
}

fn caveats(report: &Value, kind: &str) -> Vec<String> {
    let caveats = report["caveats"].as_array().expect("caveats are a list");
    let of_kind = caveats.iter().filter(|caveat| caveat["kind"] == kind);
    of_kind.map(|caveat| caveat["text"].as_str().expect("a caveat has a text").to_owned()).collect()
}

/// Not one control byte but the line feed (and, with colour, SGR) may reach a terminal.
fn assert_no_control_bytes(text: &str) {
    let bad: Vec<char> = text.chars().filter(|letter| letter.is_control() && *letter != '\n').collect();
    assert!(bad.is_empty(), "control characters {bad:?} in:\n{text}");
}

fn assert_refused(words: &[&str], complaint: &str) {
    let output = run(words);
    assert_eq!(code(&output), 2, "{words:?} is refused; it printed {}", out(&output));
    assert!(err(&output).contains(complaint), "{words:?}: {complaint:?} is not in {:?}", err(&output));
    assert!(out(&output).is_empty(), "{words:?}: nothing is analysed, nothing is printed: {}", out(&output));
}

// Exit codes.

#[test]
fn findings_exit_with_1() {
    let output = run(&[SEED]);
    assert_eq!(code(&output), 1);
    assert!(out(&output).starts_with("EIP DRIFT, confirmed"), "the verdict comes first: {}", out(&output));
    assert_eq!(err(&output), "");
}

#[test]
fn a_quiet_day_exits_with_0() {
    let output = run(&[QUIET_DAY]);
    assert_eq!(code(&output), 0);
    assert!(out(&output).starts_with("Nothing found"), "{}", out(&output));
    assert_eq!(err(&output), "");
}

#[test]
fn fail_on_decides_from_where_on() {
    for (word, expected) in [("critical", 0), ("warning", 1), ("info", 1), ("never", 0)] {
        assert_eq!(code(&run(&[WARNINGS, "--fail-on", word])), expected, "--fail-on {word}");
    }
    assert_eq!(code(&run(&[SEED, "--fail-on", "critical"])), 1);
    assert_eq!(code(&run(&[SEED, "--fail-on", "never"])), 0);
}

#[test]
fn a_missing_file_is_named_and_the_rest_is_analysed() {
    let output = run(&["no-such.log", SEED]);
    assert_eq!(code(&output), 2, "2 outranks 1");
    assert!(err(&output).contains("no-such.log"), "{}", err(&output));
    assert!(out(&output).contains("EIP DRIFT, confirmed"));
    assert!(out(&output).contains("exit 2"), "the page says why the exit code is not 1");
    let report = json(&["no-such.log", SEED]);
    assert!(caveats(&report, "unread")[0].contains("no-such.log"), "a report is kept longer than messages are");
    let output = run(&["no-such.log", SEED, "--fail-on", "never"]);
    assert_eq!(code(&output), 2, "what cannot be read is no matter of severity");
}

#[test]
fn an_empty_list_of_sources_is_a_usage_error() {
    assert_refused(&["--files-from", "/dev/null"], "the list of sources is empty");
}

/// What it holds is this machine's business; that it was read, or why not, is said.
#[test]
fn no_source_is_this_machines_journal() {
    let output = run(&["--format", "json"]);
    let told = out(&output) + &err(&output);
    assert!(told.contains("journal"), "{told}");
}

#[test]
fn an_empty_file_among_others_is_a_caveat() {
    let place = scratch("cli-empty");
    let empty = place.join("empty.log");
    fs::write(&empty, "").expect("a test writes to its own directory");
    let empty = empty.to_str().expect("the path is UTF-8");
    assert_eq!(code(&run(&[empty, SEED])), 1);
    let report = json(&[empty, SEED]);
    assert_eq!(caveats(&report, "empty").len(), 1);
    assert_eq!(code(&run(&[empty])), 2, "alone it leaves nothing to judge by");
}

#[test]
fn a_directory_of_unrelated_files_is_no_all_clear() {
    let place = scratch("cli-unrelated");
    fs::write(place.join("notes.txt"), "buy milk\n").expect("a test writes to its own directory");
    fs::write(place.join("data.json"), "{\"a\": 1}\n").expect("a test writes to its own directory");
    fs::write(place.join("cron.log"), "Nov 23 02:00:00 web CRON[1]: (root) CMD (true)\n")
        .expect("a test writes to its own directory");
    let place = place.to_str().expect("the path is UTF-8");
    let output = run(&[place]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("PowerDNS or keepalived"), "{}", err(&output));
    assert_eq!(code(&run(&[place, SEED])), 1, "beside logs they are skipped");
    assert_eq!(caveats(&json(&[place, SEED]), "skipped").len(), 1);
    let named = format!("{place}/notes.txt");
    let output = run(&[&named, SEED]);
    assert_eq!(code(&output), 2, "named, it is an error");
    assert!(err(&output).contains("notes.txt"), "{}", err(&output));
}

#[test]
fn expectations_and_notes_are_no_logs() {
    let report = json(&[SEED]);
    let sources = report["coverage"]["sources"].as_array().expect("sources are a list");
    assert_eq!(sources.len(), 3, "{sources:?}");
    assert_eq!(report["coverage"]["lines"], 16);
}

// Input nobody should send.

fn seed_file(name: &str) -> String {
    text(&Path::new(SEED).join(name))
}

/// The seed incident with `dnsslave.log` made worse by `spoil`.
fn spoiled(name: &str, spoil: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let place = scratch(name);
    for file in ["dnsmaster.log", "dnsmaster2.log"] {
        fs::write(place.join(file), seed_file(file)).expect("a test writes to its own directory");
    }
    let worse = spoil(seed_file("dnsslave.log").into_bytes());
    fs::write(place.join("dnsslave.log"), worse).expect("a test writes to its own directory");
    place.to_str().expect("the path is UTF-8").to_owned()
}

fn assert_still_told(place: &str) {
    let output = run(&[place]);
    assert!([1, 2].contains(&code(&output)), "exit {}: {}", code(&output), err(&output));
    assert!(out(&output).starts_with("EIP DRIFT, confirmed"), "{}", out(&output));
    assert_no_control_bytes(&out(&output));
    assert_no_control_bytes(&err(&output));
}

#[test]
fn a_line_of_10_megabytes() {
    let place = spoiled("cli-long-line", |log| {
        let long = format!("Aug 18 14:53:00 dnsslave pdns_server[30549]: {}\n", "x".repeat(10_000_000));
        [long.as_bytes(), &log, long.as_bytes()].concat()
    });
    assert_still_told(&place);
    assert!(out(&run(&[&place])).len() < 100_000, "the long line is not printed");
}

#[test]
fn nul_bytes_as_a_crash_leaves_them() {
    let place = spoiled("cli-nul", |log| {
        let middle = log.iter().position(|byte| *byte == b'\n').expect("a log has lines") + 1;
        [&log[..middle], &[0; 4096], &log[middle..]].concat()
    });
    assert_still_told(&place);
}

#[test]
fn invalid_utf_8() {
    let place = spoiled("cli-utf8", |log| {
        [b"Aug 18 14:53:00 dnsslave pdns_server[30549]: Domain '\xff\xfe\xc3(.example' is stale\n", &log[..]].concat()
    });
    assert_still_told(&place);
}

#[test]
fn escapes_in_names_never_reach_the_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil.example\u{7f}";
    let place = spoiled("cli-escape", |log| {
        let notify = format!(
            "Aug 18 15:18:55 dnsslave pdns_server[14458]: Received NOTIFY for {hostile} from 54.93.xxx.xxx which is not a master\n"
        );
        let stale = format!(
            "Aug 18 15:18:56 dnsslave pdns_server[14458]: Unable to AXFR zone '{hostile}' from remote '18.xxx.xxx.xxx' (resolver): {hostile}\n"
        );
        [&log[..], notify.as_bytes(), stale.as_bytes()].concat()
    });
    for words in [vec![place.as_str()], vec![&place, "--format", "json"]] {
        let output = run(&words);
        assert!(out(&output).contains("evil.example"), "the name is told: {}", out(&output));
        assert_no_control_bytes(&out(&output));
        assert!(!out(&output).contains(['\u{202e}', '\u{9b}']), "bidi and C1 characters are shown, not sent");
    }
    let output = run(&[&place, "--color", "always"]);
    assert!(!out(&output).contains("\u{1b}]") && !out(&output).contains("\u{1b}[2J"), "colour adds SGR only");
}

#[test]
fn escapes_in_a_file_name_never_reach_the_terminal() {
    let place = scratch("cli-escape-name");
    let path = place.join("a\u{1b}[2Jb.log");
    fs::write(&path, "buy milk\n").expect("a test writes to its own directory");
    let output = run(&[path.to_str().expect("the path is UTF-8"), "no\u{1b}[31msuch.log", SEED]);
    assert_eq!(code(&output), 2);
    assert_no_control_bytes(&err(&output));
    assert_no_control_bytes(&out(&output));
}

// Where output goes.

#[test]
fn a_closed_pipe_is_a_normal_end() {
    for format in ["json", "table"] {
        let mut child = driftline(&["samples", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the binary ends");
        assert_eq!(err(&output), "", "{format}");
        assert!([0, 1].contains(&code(&output)), "{format}: exit {}", code(&output));
    }
}

#[test]
fn output_goes_to_a_file() {
    let place = scratch("cli-output");
    let path = place.join("report.json");
    let output = run(&[SEED, "--format", "json", "--output", path.to_str().expect("the path is UTF-8")]);
    assert_eq!((code(&output), out(&output).as_str(), err(&output).as_str()), (1, "", ""));
    assert_eq!(text(&path), out(&run(&[SEED, "--format", "json"])));
    let impossible = place.join("no-such-directory/report.json");
    let output = run(&[SEED, "--output", impossible.to_str().expect("the path is UTF-8")]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("report.json"), "{}", err(&output));
}

#[test]
fn quiet_leaves_the_exit_code() {
    for (source, expected) in [(SEED, 1), (QUIET_DAY, 0)] {
        let output = run(&[source, "--quiet"]);
        assert_eq!((code(&output), out(&output).as_str(), err(&output).as_str()), (expected, "", ""));
    }
    let output = run(&[SEED, "no-such.log", "-q"]);
    assert_eq!((code(&output), out(&output).as_str()), (2, ""));
    assert!(err(&output).contains("no-such.log"), "errors are not silenced");
}

#[test]
fn colour_only_where_asked_or_on_a_terminal() {
    let has_colour = |command: &mut Command| {
        let output = command.output().expect("the binary starts");
        output.stdout.contains(&0x1b)
    };
    assert!(!has_colour(&mut driftline(&[SEED])), "a pipe is no terminal");
    assert!(has_colour(&mut driftline(&[SEED, "--color", "always"])));
    assert!(!has_colour(&mut driftline(&[SEED, "--color", "never"])));
    assert!(!has_colour(driftline(&[SEED]).env("NO_COLOR", "1")));
    assert!(
        has_colour(driftline(&[SEED, "--color", "always"]).env("NO_COLOR", "1")),
        "what is asked for outranks the environment"
    );
    let plain = out(&run(&[SEED]));
    let coloured = out(&run(&[SEED, "--color", "always"]));
    assert_eq!(without_sgr(&coloured), plain, "colour changes no word");
}

fn without_sgr(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').expect("SGR ends with m").1;
    }
    plain + rest
}

// Which sources.

#[test]
fn standard_input_is_a_source() {
    let mut child = driftline(&[
        "samples/seed-incident/dnsmaster.log",
        "samples/seed-incident/dnsmaster2.log",
        "-",
        "--format",
        "json",
    ])
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .expect("the binary starts");
    let mut pipe = child.stdin.take().expect("standard input is a pipe");
    pipe.write_all(seed_file("dnsslave.log").as_bytes()).expect("the binary reads");
    drop(pipe);
    let mut printed = String::new();
    child.stdout.take().expect("standard output is a pipe").read_to_string(&mut printed).expect("output is UTF-8");
    assert_eq!(child.wait().expect("the binary ends").code(), Some(1));
    let report: Value = serde_json::from_str(&printed).expect("the report is JSON");
    assert_eq!(rules(&report), rules(&json(&[SEED])));
    assert!(printed.contains("\"path\": \"-\""), "evidence from standard input says so");
}

#[test]
fn a_source_may_name_its_node() {
    let renamed = json(&[
        "ns1=samples/seed-incident/dnsmaster.log",
        "ns2=samples/seed-incident/dnsmaster2.log",
        "samples/seed-incident/dnsslave.log",
    ]);
    let drift = &renamed["findings"][0];
    assert_eq!((&drift["rule"], &drift["confidence"]), (&Value::from("eip-drift"), &Value::from("confirmed")));
    assert_eq!((&drift["subject"]["owner"], &drift["subject"]["holder"]), (&Value::from("ns1"), &Value::from("ns2")));
}

#[test]
fn a_path_that_exists_is_a_path() {
    let place = scratch("cli-equals");
    let path = place.join("a=b.log");
    fs::copy("samples/seed-incident/dnsmaster.log", &path).expect("a test writes to its own directory");
    let report = json(&[path.to_str().expect("the path is UTF-8")]);
    assert_eq!(report["nodes"][0]["name"], "dnsmaster");
}

#[test]
fn sources_may_come_from_a_list() {
    let place = scratch("cli-files-from");
    let list = place.join("list");
    fs::write(&list, "samples/seed-incident/dnsmaster.log\nsamples/seed-incident/dnsmaster2.log\n\nsamples/seed-incident/dnsslave.log\n")
        .expect("a test writes to its own directory");
    let list = list.to_str().expect("the path is UTF-8");
    assert_eq!(rules(&json(&["--files-from", list])), rules(&json(&[SEED])));
    assert_refused(&["--files-from", "no-such-list"], "no-such-list");
}

// Options.

#[test]
fn only_some_rules() {
    assert_eq!(rules(&json(&[SEED, "--rule", "stale-serial"])), ["stale-serial"]);
    let mut both = rules(&json(&[SEED, "--rule", "eip-drift,stale-serial"]));
    both.sort();
    assert_eq!(both, ["eip-drift", "stale-serial"]);
    assert_eq!(code(&run(&[SEED, "--rule", "master-flapping"])), 0);
    assert_refused(&[SEED, "--rule", "eip-drifts"], "eip-drifts");
    let selection = caveats(&json(&[SEED, "--rule", "vm-pause"]), "selection");
    assert_eq!(selection, ["only what is of vm-pause was asked for: 5 more findings are not told."]);
}

#[test]
fn a_window_chooses_what_is_told() {
    assert!(
        rules(&json(&[SEED, "--since", "2020-08-18", "--until", "2020-08-19"])).contains(&"eip-drift".to_owned()),
        "it began before and touches"
    );
    let in_the_gap = json(&[SEED, "--since", "2020-08-10", "--until", "2020-08-11 12:00"]);
    assert_eq!(rules(&in_the_gap), ["eip-drift"], "only the drift lasted then");
    assert_eq!(in_the_gap["findings"][0]["since"], "2020-08-08T21:01:16Z", "it is told whole");
    assert!(rules(&json(&[SEED, "--since", "2020-08-19"])).is_empty());
    assert!(rules(&json(&[SEED, "--until", "2020-08-08T21:01:00Z"])).is_empty());
    let after = run(&[SEED, "-S", "2020-08-19"]);
    assert_eq!(code(&after), 0);
    assert!(out(&after).starts_with("Nothing found of what was asked for in 16 lines"), "{}", out(&after));
    assert!(out(&after).contains("5 more findings are not told"), "{}", out(&after));
    assert!(caveats(&json(&[SEED]), "selection").is_empty(), "all is told where nothing was chosen");
    assert_refused(&[SEED, "--since", "2020-08-19", "--until", "2020-08-18"], "is after --until");
    for word in ["soon", "2020-13-01", ""] {
        assert_refused(&[SEED, "--since", word], "--since");
        assert_refused(&[SEED, "--until", word], "--until");
    }
}

#[test]
fn the_year_as_stated() {
    let report = json(&[SEED, "--year", "2021"]);
    assert_eq!(report["findings"][0]["since"], "2021-08-08T21:01:16Z");
    assert!(caveats(&report, "year-inferred").is_empty(), "what is stated is not inferred");
    assert_eq!(caveats(&json(&[SEED]), "year-inferred").len(), 3);
    for word in ["20", "next", "dnsmaster=", "=2020x"] {
        assert_refused(&[SEED, "--year", word], "--year");
    }
}

#[test]
fn the_zone_as_stated() {
    let report = json(&[SEED, "--tz", "Europe/Zurich"]);
    assert_eq!(report["findings"][0]["since"], "2020-08-08T19:01:16Z", "JSON is in UTC");
    assert!(caveats(&report, "zone-assumed").is_empty());
    assert_eq!(caveats(&json(&[SEED]), "zone-assumed").len(), 3);
    let page = out(&run(&[SEED, "--tz", "Europe/Zurich"]));
    assert!(
        page.contains("2020-08-08 21:01:16") && page.contains("Europe/Zurich"),
        "the page is in the operator's zone and names it:\n{page}"
    );
    let page = out(&run(&[SEED, "--tz", "dnsmaster=UTC", "--tz", "dnsmaster2=UTC", "--tz", "dnsslave=UTC"]));
    assert!(page.contains("times are UTC"), "{page}");
    assert_refused(&[SEED, "--tz", "Europe/Atlantis"], "Europe/Atlantis");
    assert_refused(&[SEED, "--tz", "dnsmaster=Mars"], "Mars");
}

#[test]
fn skew_as_stated() {
    let report = json(&[SEED, "--skew", "dnsmaster2=+10"]);
    assert_eq!(report["findings"][0]["since"], "2020-08-08T21:01:06Z", "a clock that is ahead is set back");
    let report = json(&[SEED, "--skew", "dnsmaster=-5", "--skew", "dnsmaster2=-5s"]);
    assert_eq!(report["findings"][0]["since"], "2020-08-08T21:01:21Z");
    for word in ["10", "dnsmaster2", "dnsmaster2=ten", "dnsmaster2=", "dnsmaster2=NaN"] {
        assert_refused(&[SEED, "--skew", word], "--skew");
    }
}

#[test]
fn help_and_version_are_answers() {
    for words in [&["--help"][..], &["--version"], &["analyze", "--help"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_driftline")).args(words).output().expect("the binary starts");
        assert_eq!(code(&output), 0, "{words:?}");
        assert!(!out(&output).is_empty() && err(&output).is_empty(), "{words:?}: an answer goes to standard output");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_driftline")).arg("analyse").output().expect("the binary starts");
    assert_eq!(code(&output), 2);
}

#[test]
fn a_version_is_told_with_what_tells_it() {
    let by = |sample: &str| {
        let report = json(&[sample]);
        let nodes = report["nodes"].as_array().expect("nodes are a list").clone();
        let vrrp = nodes.into_iter().find(|node| node["versions"]["keepalived"].is_string()).expect("a keepalived");
        (vrrp["versions"]["keepalived"].clone(), vrrp["versions_by"]["keepalived"].clone())
    };
    assert_eq!(by(SEED), ("1.3.0 to 1.4.5".into(), "wordings".into()));
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/split-brain/healed-with-the-address-right");
    assert_eq!(by(recorded), ("2.2.7".into(), "banner".into()));
}
