//! `driftline redact`: what comes out says the same about nobody.

use crate::common::{analyze, entries, findings, log_cases, scratch, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn redact(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    command.arg("redact").args(words).output().expect("the binary starts")
}

fn word(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn assert_done(words: &[&str]) -> String {
    let output = redact(words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", err(&output));
    err(&output)
}

/// Everything of a finding but names.
fn nameless(place: &Path) -> Vec<String> {
    let evidence = |finding: &Value| -> Vec<String> {
        let lines = finding["evidence"].as_array().expect("evidence is a list").iter();
        lines.map(|line| format!("{} {} {}", line["event"], line["role"], line["time"])).collect()
    };
    let mut told: Vec<String> = findings(&analyze(&[place]))
        .iter()
        .map(|finding| {
            let zones = finding["subject"]["zones"].as_array().map_or(0, Vec::len);
            let keys = ["rule", "severity", "confidence", "state", "since", "since_is", "until", "until_is"];
            format!("{:?} {zones} zones {:?}", keys.map(|key| finding[key].to_string()), evidence(finding))
        })
        .collect();
    told.sort();
    told
}

/// The files below a directory, with their names.
fn all_text(place: &Path) -> String {
    let mut told = String::new();
    for path in entries(place) {
        told.push_str(&path.strip_prefix(place).expect("it is below").display().to_string());
        told.push('\n');
        told.push_str(&if path.is_dir() { all_text(&path) } else { text(&path) });
    }
    told
}

#[test]
fn every_case_says_the_same_names_aside() {
    for (number, case) in log_cases().into_iter().enumerate() {
        let place = scratch(&format!("redact-{number}"));
        assert_done(&[word(&case), "--output", word(&place)]);
        assert_eq!(nameless(&place), nameless(&case), "{}", case.display());
    }
}

fn secrets(name: &str) -> PathBuf {
    let place = scratch(name);
    let log = "\
2026-03-02T10:00:00+01:00 vault-7.acme.corp pdns_server[41]: Received NOTIFY for payroll.acme.corp from 5.6.7.8 which is not a master
2026-03-02T10:00:01+01:00 vault-7 pdns_server[41]: Received NOTIFY for acme.corp from 2a01:4f8::77 which is not a master
2026-03-02T10:00:02+01:00 vault-7 pdns_server[41]: hunter2 is the password of 5.6.7.8
2026-03-02T10:00:03+01:00 vault-7 sshd[7]: Accepted password for alice from 5.6.7.9 near Keepalived
2026-03-02T10:00:04+01:00 vault-7 Keepalived_vrrp_netns-acme[9]: (ACME_PAY) Entering MASTER STATE
2026-03-02T10:00:05+01:00 vault-7 Keepalived_vrrp[9]: Opening script file /opt/acme/pay-take.sh
2026-03-02T10:00:06+01:00 vault-7 pdns_server[41]: Unable to AXFR zone 'payroll.acme.corp' from remote '5.6.7.8' (resolver): acme-db said: hunter2 at 5.6.7.8 for payroll.acme.corp
2026-03-02T10:00:07+01:00 vault-7 systemd[1]: Stopping pdns@acme.service - PowerDNS Authoritative Server acme...
";
    fs::write(place.join("vault-7-acme.log"), log).expect("a test's own directory");
    place
}

#[test]
fn nothing_that_names_anybody_passes() {
    let (place, out) = (secrets("redact-secrets"), scratch("redact-out"));
    let map = scratch("redact-map").join("map.json");
    let said = assert_done(&[word(&place), "--output", word(&out), "--map", word(&map)]);
    let told = all_text(&out).to_lowercase();
    for secret in
        ["acme", "vault", "corp", "payroll", "pay", "5.6.7.8", "5.6.7.9", "2a01", "hunter", "alice", "take", "netns"]
    {
        assert!(!told.contains(secret), "{secret} passes:\n{told}");
    }
    assert!(said.contains("6 lines written, 2 left out"), "what is left out is counted: {said}");
    assert!(text(&map).contains("\"payroll.acme.corp\": \"z"), "the map knows: {}", text(&map));
    assert!(
        entries(&out).iter().all(|path| path.extension().is_some_and(|extension| extension == "log")),
        "the map lies apart"
    );
}

#[test]
fn the_same_stays_the_same_and_families_stay() {
    let (place, out) = (secrets("redact-secrets-same"), scratch("redact-same"));
    assert_done(&[word(&place), "--output", word(&out)]);
    let told = all_text(&out);
    let lines: Vec<&str> = told.lines().skip(1).collect();
    assert_eq!(
        lines[0],
        "2026-03-02T10:00:00+01:00 node1.z2.z1.example pdns_server[41]: Received NOTIFY for z3.z2.z1.example from 192.0.2.1 which is not a master"
    );
    assert_eq!(
        lines[1],
        "2026-03-02T10:00:01+01:00 node1 pdns_server[41]: Received NOTIFY for z2.z1.example from 2001:db8::1 which is not a master"
    );
    assert!(lines[2].ends_with("Keepalived_vrrp[9]: (VI_1) Entering MASTER STATE"), "{}", lines[2]);
    assert!(lines[4].contains("'z3.z2.z1.example' from remote '192.0.2.1' (resolver): w"), "{}", lines[4]);
    assert!(lines[4].ends_with(" at 192.0.2.1 for z3.z2.z1.example"), "{}", lines[4]);
}

#[test]
fn sources_are_named_as_for_analyze() {
    let out = scratch("redact-node");
    assert_done(&[
        "primary=samples/seed-incident/dnsmaster.log",
        "samples/seed-incident/dnsslave.log",
        "--output",
        word(&out),
    ]);
    let names: Vec<String> =
        entries(&out).iter().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["node1.log", "node2.log"]);
}

#[test]
fn what_cannot_be_done_is_an_error() {
    let full = scratch("redact-full");
    fs::write(full.join("a"), "").expect("a test's own directory");
    let empty = scratch("redact-nothing");
    for (words, complaint) in [
        (&["samples/seed-incident", "--output", word(&full)][..], "is not empty"),
        (&["no-such-log", "--output", word(&empty)], "no-such-log"),
        (&["-", "--output", word(&empty)], "twice"),
        (&["Cargo.toml", "--output", word(&empty)], "as a log"),
    ] {
        let output = redact(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", err(&output));
        assert!(err(&output).contains(complaint), "{words:?}: {}", err(&output));
    }
}
