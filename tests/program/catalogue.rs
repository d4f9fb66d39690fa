//! `driftline catalogue`: what is known, as a table and as JSON.

use serde_json::Value;
use std::process::{Command, Output};

fn catalogue(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_driftline")).arg("catalogue").args(words).output().expect("the binary starts")
}

fn text(words: &[&str]) -> String {
    let output = catalogue(words);
    assert_eq!(output.status.code(), Some(0), "{words:?}");
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

fn json(words: &[&str]) -> Vec<Value> {
    serde_json::from_str(&text(&[words, &["--format", "json"]].concat())).expect("output is JSON")
}

#[test]
fn a_table_of_wordings() {
    assert_eq!(
        text(&["--daemon", "keepalived", "--id", "state-backup*"]),
        "\
id                           versions        wording
keepalived/state-backup      1.2.1 to 1.4.5  VRRP_Instance({instance}) Entering BACKUP STATE
                             1.2.22 to 1.4.5 VRRP_Instance({instance}): Entering BACKUP STATE
                             2.0.0 or later  ({instance}) Entering BACKUP STATE
keepalived/state-backup-init 2.0.0 or later  ({instance}) Entering BACKUP STATE (init)
keepalived/state-backup-now  1.2.1 to 1.4.5  VRRP_Instance({instance}) Now in BACKUP state
"
    );
}

#[test]
fn a_release_prints_its_own_wordings_only() {
    assert_eq!(
        text(&["--version", "2.2.7", "--id", "state-backup*"]),
        "\
id                           versions       wording
keepalived/state-backup      2.0.0 or later ({instance}) Entering BACKUP STATE
keepalived/state-backup-init 2.0.0 or later ({instance}) Entering BACKUP STATE (init)
"
    );
    let daemons = |version| {
        let mut found: Vec<String> = json(&["--version", version])
            .iter()
            .map(|entry| entry["id"].as_str().expect("an id").split('/').next().expect("a daemon").to_owned())
            .collect();
        found.dedup();
        found
    };
    assert_eq!(daemons("2.2.7"), ["keepalived"]);
    assert_eq!(daemons("4.1.14"), ["pdns"]);
}

#[test]
fn json_has_every_message_with_fields_and_rules() {
    let all = json(&[]);
    let reasons = driftline::catalogue::reasons().len();
    assert_eq!(all.len(), driftline::catalogue::all_messages().count() + reasons);
    assert_eq!(all.iter().filter(|entry| entry["embedded"] == true).count(), reasons);
    let entry = json(&["--id", "keepalived/state-backup-init"]);
    assert_eq!(
        serde_json::to_string_pretty(&entry).expect("JSON"),
        r#"[
  {
    "example": "(VI_1) Entering BACKUP STATE (init)",
    "fields": [
      {
        "name": "instance",
        "number": false
      }
    ],
    "id": "keepalived/state-backup-init",
    "proves": "This node starts as BACKUP; it is no demotion.",
    "rules": [
      "eip-drift",
      "split-brain",
      "no-master",
      "advert-mismatch",
      "one-way-partition",
      "vm-pause",
      "takeover-script-failed",
      "master-flapping"
    ],
    "schema": "driftline.catalogue/1",
    "source": "keepalived/vrrp/vrrp_scheduler.c",
    "wordings": [
      {
        "text": "({instance}) Entering BACKUP STATE (init)",
        "versions": "2.0.0.."
      }
    ]
  }
]"#
    );
}

/// A message in each line, so that `grep` and `jq` can both read it.
#[test]
fn json_is_readable_line_by_line() {
    let text = text(&["--daemon", "pdns", "--format", "json"]);
    let lines: Vec<&str> = text.lines().collect();
    let (first, rest) = lines.split_first().expect("it has lines");
    let (last, entries) = rest.split_last().expect("it has lines");
    assert_eq!((*first, *last), ("[", "]"));
    for entry in entries {
        let entry: Value = serde_json::from_str(entry.trim_end_matches(',')).expect("a line is an object");
        assert!(entry["id"].as_str().is_some_and(|id| id.starts_with("pdns/")));
    }
}

#[test]
fn what_cannot_be_is_an_error() {
    for (words, message) in [
        (
            &["--version", "two"][..],
            "driftline: failed to understand --version \"two\": a release such as 2.2.7 or 4.9.1\n",
        ),
        (&["--version", "2"], "driftline: failed to understand --version \"2\": a release such as 2.2.7 or 4.9.1\n"),
        (&["--id", "no-such-*"], "driftline: failed to find a message in the catalogue that fits\n"),
    ] {
        let output = catalogue(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), message);
    }
}
