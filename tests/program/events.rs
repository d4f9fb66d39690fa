//! `driftline events`: NDJSON as the contract fixes it, sources for themselves, sites' own lines, damage.

use crate::common::{bytes, cases, logs, scratch};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SEED: &str = "samples/seed-incident";

fn driftline(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    command.args(words).env_remove("DRIFTLINE_CONFIG").stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    driftline(words).output().expect("the binary starts")
}

fn piped(words: &[&str], input: &[u8]) -> Output {
    let mut child = driftline(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it has an input");
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().expect("it ends")
    })
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("output is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn events(output: &Output) -> Vec<Value> {
    lines(output).into_iter().filter(|line| line["schema"] == "driftline.event/1").collect()
}

fn ids(output: &Output) -> Vec<String> {
    events(output).iter().map(|event| event["event"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_line_is_an_event() {
    let path = format!("{SEED}/dnsslave.log");
    let output = run(&["events", &path]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        lines(&output)[2],
        json!({
            "schema": "driftline.event/1",
            "time": "2020-08-18T14:52:03Z",
            "assumed": ["year", "zone"],
            "node": "dnsslave",
            "program": "pdns_server",
            "pid": 30549,
            "event": "pdns/domain-stale",
            "fields": {"zone": "example.com", "primary_serial": 2_020_081_701, "our_serial": 2_020_080_601},
            "path": path,
            "line": 3,
            "raw": "Aug 18 14:52:03 dnsslave pdns_server[30549]: Domain 'example.com' is stale, master serial 2020081701, our serial 2020080601",
        })
    );
    let source = lines(&output).pop().expect("a source ends with its line");
    assert_eq!(source["schema"], "driftline.source/1");
    assert_eq!(
        (&source["path"], &source["format"], &source["node"], &source["lines"], &source["recognised"]),
        (&json!(path), &json!("rfc3164"), &json!("dnsslave"), &json!(10), &json!(10))
    );
    assert_eq!((&source["first"], &source["last"]), (&json!("2020-08-18T14:52:03Z"), &json!("2020-08-18T15:23:18Z")));
    let kinds: Vec<&Value> =
        source["caveats"].as_array().expect("a list").iter().map(|caveat| &caveat["kind"]).collect();
    assert_eq!(kinds, ["year-inferred", "zone-assumed"]);
}

#[test]
fn stated_years_and_zones_are_not_assumed() {
    let output = run(&[
        "events",
        &format!("{SEED}/dnsmaster2.log"),
        "--year",
        "2020",
        "--tz",
        "Europe/Zurich",
        "--skew",
        "dnsmaster2=+1",
    ]);
    let first = &events(&output)[0];
    assert_eq!(first["time"], "2020-08-08T19:01:15Z");
    assert_eq!(first.get("assumed"), None);
}

/// What is read twice from a file and once from a pipe is the same, but for its name and the file's own time.
#[test]
fn a_pipe_gives_what_its_file_gives() {
    for case in cases() {
        for log in logs(&case) {
            let path = log.to_str().expect("a path is UTF-8");
            let stated = ["--year", "2020"];
            let file = run(&[&["events", "--all", path][..], &stated].concat());
            let pipe = piped(&[&["events", "--all", "-"][..], &stated].concat(), &bytes(&log));
            let told = |output: &Output| -> Vec<Value> {
                let mut all = events(output);
                all.iter_mut().for_each(|event| event["path"] = json!("-"));
                all
            };
            let (file, pipe) = (told(&file), told(&pipe));
            assert_eq!(file.len(), pipe.len(), "{path}");
            for (from_file, mut from_pipe) in file.into_iter().zip(pipe) {
                if from_pipe["node"] == "-" {
                    from_pipe["node"] = from_file["node"].clone();
                }
                assert_eq!(from_file, from_pipe, "{path}");
            }
        }
    }
}

#[test]
fn all_adds_the_lines_of_others() {
    let log =
        b"Aug 18 14:52:03 ns1 sshd[1]: hello\nAug 18 14:52:04 ns1 pdns[2]: Domain 'example.com' is fresh\nno head\n";
    assert_eq!(ids(&piped(&["events", "-"], log)), ["pdns/domain-fresh"]);
    let all = piped(&["events", "--all", "-"], log);
    assert_eq!(ids(&all), ["other", "pdns/domain-fresh", "other"]);
    let events = events(&all);
    assert_eq!((&events[0]["program"], &events[0]["fields"]), (&json!("sshd"), &json!({})));
    assert_eq!((&events[2]["time"], &events[2]["line"]), (&Value::Null, &json!(3)));
}

#[test]
fn a_window_chooses_lines() {
    let words = ["events", SEED, "--year", "2020", "--since", "2020-08-08 21:01:16", "--until", "2020-08-18T14:52:03Z"];
    let times: Vec<String> =
        events(&run(&words)).iter().map(|event| event["time"].as_str().expect("a time").to_owned()).collect();
    assert_eq!(times.len(), 10);
    assert!(times.iter().all(|time| ("2020-08-08T21:01:16Z"..="2020-08-18T14:52:03Z").contains(&time.as_str())));
}

#[test]
fn folded_repeats_are_told_with_their_number() {
    let log = b"Aug 18 14:52:03 ns1 pdns[2]: Domain 'example.com' is fresh\nAug 18 14:52:05 ns1 last message repeated 3 times\n";
    let events = events(&piped(&["events", "-"], log));
    let told: Vec<_> = events.iter().map(|event| (&event["event"], &event["repeated"], &event["line"])).collect();
    assert_eq!(
        told,
        [(&json!("pdns/domain-fresh"), &Value::Null, &json!(1)), (&json!("pdns/domain-fresh"), &json!(3), &json!(2))]
    );
}

#[test]
fn damage_is_read_through() {
    for (log, expected) in [
        // A terminal cut it, `systemctl status` left out its middle.
        (
            "Aug 18 15:18:54 ns2 pdns_server[1]: Received NOTIFY for example.com from 192.0.2.7 which is not a ma>\n",
            &["pdns/notify-in-not-primary"][..],
        ),
        (
            "Aug 18 15:18:54 ns2 Keepalived_vrrp[1]: WARNING - script '/etc/keepalived/x.sh' is not executable for uid:g...bling.\n",
            &["keepalived/script-disabled"],
        ),
        // A mail wrapped it.
        (
            "> Aug 18 15:18:54 ns2 pdns_server[1]: Received NOTIFY for example.com\n> from 192.0.2.7 which is not a master\n",
            &["pdns/notify-in-not-primary", "other"],
        ),
        (
            "Nov 21 22:05:12 XFR-in zone: 'example.com', \\\n  primary: '192.0.2.3', starting AXFR\n",
            &["pdns/axfr-in-connect", "other"],
        ),
        // Nothing but messages.
        (
            "(VI_1) Entering MASTER STATE\n(VI_1) Entering BACKUP STATE\n",
            &["keepalived/state-master", "keepalived/state-backup"],
        ),
        ("Keepalived_vrrp[7]: (VI_1) Entering MASTER STATE\n", &["keepalived/state-master"]),
        // pdns in the foreground, where a message looks like a host and a tag.
        (
            "Aug 18 14:52:03 AXFR-in zone: 'example.com', primary: '192.0.2.3', retrieval finished\nAug 18 14:52:03 gsqlite3: connection to '/var/lib/powerdns/pdns.sqlite3' successful\n",
            &["pdns/axfr-in-retrieved", "pdns/backend-connection"],
        ),
        // `grep --color` coloured it.
        (
            "Aug 08 21:01:16 ns1 \x1b[01;31m\x1b[KKeepalived\x1b[m\x1b[K_vrrp[876]: (VI_1) Entering MASTER STATE\n",
            &["keepalived/state-master"],
        ),
        ("Sun Dec 20 20:02:04.163678937 2020: (VI_1) Entering MASTER STATE\n", &["keepalived/state-master"]),
        ("1月 11 14:01:41 ns1 Keepalived_vrrp[52381]: (VI_1) Entering BACKUP STATE\n", &["keepalived/state-backup"]),
    ] {
        let output = piped(&["events", "--all", "-"], log.as_bytes());
        assert_eq!(ids(&output), expected, "{log}");
    }
}

#[test]
fn hostile_bytes_stay_inside_strings() {
    let log = b"Aug 18 14:52:03 ns1 pdns[2]: Received NOTIFY for \x1b]0;\x9b\xe2\x80\xae\x7f\xff.example from 192.0.2.7 which is not a master\n";
    let output = piped(&["events", "-"], log);
    let text = String::from_utf8(output.stdout.clone()).expect("output is UTF-8");
    let steers = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    assert!(!text.contains(steers), "{text:?}");
    assert_eq!(events(&output)[0]["event"], "pdns/notify-in-not-primary");
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_told() {
    let output = run(&["events", "no-such.log", &format!("{SEED}/dnsmaster.log")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(events(&output).len(), 2);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("failed to find no-such.log"), "{message}");
}

#[test]
fn a_closed_pipe_ends_it_even_while_its_input_is_open() {
    let mut child = driftline(&["events", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it has an input");
    let mut stdout = child.stdout.take().expect("it has an output");
    let line = b"Aug 18 14:52:03 ns1 pdns[2]: Domain 'example.com' is fresh\n".repeat(2_000);
    let writer = std::thread::spawn(move || while stdin.write_all(&line).is_ok() {});
    stdout.read_exact(&mut [0; 1_000]).expect("it writes");
    drop(stdout);
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer ends with it");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

fn config(directory: &Path, text: &str) -> String {
    let path = directory.join("driftline.toml");
    fs::write(&path, text).expect("a test's own file can be written");
    path.to_str().expect("a path is UTF-8").to_owned()
}

#[test]
fn a_sites_own_lines_are_events() {
    let place = scratch("events-site");
    let config = config(
        &place,
        "[[pattern]]\nname = \"claimed\"\nidentifier = \"master.sh\"\nregex = '^took (?<address>[0-9.x]+)'\nmeans = \"address-claimed\"\n\n\
         [[pattern]]\nname = \"leaves\"\nregex = 'egress (?<address>\\S+)$'\nmeans = \"egress-address\"\n",
    );
    let log = b"Aug 18 14:52:03 ns1 master.sh[7]: took 192.0.2.7 from ns2\n\
                Aug 18 14:52:04 ns1 cron[8]: took 192.0.2.7\n\
                Aug 18 14:52:05 ns1 egress-check: egress 192.0.2.9\n\
                Aug 18 14:52:06 ns1 Keepalived_vrrp[9]: (VI_1) Entering MASTER STATE\n";
    let output = piped(&["events", "--config", &config, "-"], log);
    assert_eq!(ids(&output), ["site/claimed", "site/leaves", "keepalived/state-master"]);
    let events = events(&output);
    assert_eq!(events[0]["fields"], json!({"address": "192.0.2.7"}));
    assert_eq!(events[1]["fields"], json!({"address": "192.0.2.9"}));
    let by_variable = driftline(&["explain", "Aug 18 14:52:03 ns1 master.sh[7]: took 192.0.2.7 from ns2"])
        .env("DRIFTLINE_CONFIG", &config)
        .output()
        .expect("the binary starts");
    let page = String::from_utf8_lossy(&by_variable.stdout).into_owned();
    assert!(page.contains("is        site/claimed, by master.sh[7] on ns1"), "{page}");
}

#[test]
fn a_bad_configuration_is_refused_at_start() {
    let place = scratch("events-bad-config");
    let path = config(&place, "[[pattern]]\nname = \"claimed\"\nregex = 'took ('\nmeans = \"note\"\n");
    for command in ["events", "analyze"] {
        let output = run(&[command, "--config", &path, SEED]);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let message = format!(
            "driftline: failed to understand {path}, line 3: the regex of \"claimed\" cannot be used: unclosed group\n"
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), message);
    }
    let output = run(&["events", "--config", "no-such.toml", SEED]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn unrecognised_lines_are_grouped_on_request() {
    let place = scratch("events-unread");
    let log = place.join("ns1.log");
    fs::write(
        &log,
        "Aug 18 14:52:03 ns1 pdns[2]: Frobnicated zone 'a.example' at 192.0.2.1 in 3 ms\n\
         Aug 18 14:52:04 ns1 pdns[2]: Frobnicated zone 'b.example' at 192.0.2.2 in 4 ms\n\
         Aug 18 14:52:05 ns1 pdns[2]: Frobnicated nothing\n",
    )
    .expect("a test's own file can be written");
    let path = log.to_str().expect("a path is UTF-8");
    let output = run(&["analyze", "--format", "json", "--unrecognised", path]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report is JSON");
    assert_eq!(
        report["coverage"]["unrecognised_templates"],
        json!([
            {"daemon": "pdns", "template": "Frobnicated zone '…' at … in … ms", "lines": 2, "path": path, "line": 1,
             "raw": "Aug 18 14:52:03 ns1 pdns[2]: Frobnicated zone 'a.example' at 192.0.2.1 in 3 ms"},
            {"daemon": "pdns", "template": "Frobnicated nothing", "lines": 1, "path": path, "line": 3,
             "raw": "Aug 18 14:52:05 ns1 pdns[2]: Frobnicated nothing"},
        ])
    );
    let page = String::from_utf8_lossy(&run(&["analyze", "--unrecognised", path]).stdout).into_owned();
    let expected = format!(
        "\nLines of the two daemons that nothing here reads, by what they have in common\n  2 lines of pdns  Frobnicated zone '…' at … in … ms\n    {path}:1  Aug 18 14:52:03"
    );
    assert!(page.contains(&expected), "{page}");
    let without = String::from_utf8_lossy(&run(&["analyze", path]).stdout).into_owned();
    assert!(!without.contains("nothing here reads"), "{without}");
}
