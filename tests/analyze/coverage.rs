//! What logs could not show is said: lines that were thrown away, clocks that were set, levels that hide, ends that nothing tells.

use crate::common::{analyze, findings, line, logs, parsed, scratch, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const DRIFT: &str = "samples/eip-drift/brief-partition-keepalived-2.2";
const SEED: &str = "samples/seed-incident";

fn caveats(report: &Value, kind: &str) -> Vec<String> {
    let all = report["caveats"].as_array().expect("caveats are a list").iter();
    all.filter(|caveat| caveat["kind"] == kind)
        .map(|caveat| caveat["text"].as_str().expect("a caveat has a text").to_owned())
        .collect()
}

/// A log of its own, in a directory of its own.
fn log(name: &str, content: &str) -> PathBuf {
    let path = scratch(name).join("ns1.log");
    fs::write(&path, content).expect("a test writes to its own directory");
    path
}

#[test]
fn lines_that_were_thrown_away_are_counted_by_whose_they_were() {
    let log = log(
        "thrown-away",
        "2026-11-23T02:00:00Z ns1 Keepalived_vrrp[9]: (VI_1) Entering MASTER STATE\n\
         2026-11-23T02:01:00Z ns1 systemd-journald[1]: Suppressed 163 messages from pdns.service\n\
         2026-11-23T02:02:00Z ns1 systemd-journald[1]: Suppressed 37 messages from pdns.service\n\
         2026-11-23T02:03:00Z ns1 systemd-journald[1]: Suppressed 5 messages from nginx.service\n\
         2026-11-23T02:04:00Z ns1 rsyslogd: imjournal: 84667 messages lost due to rate-limiting\n\
         2026-11-23T02:05:00Z ns1 chronyd[7]: System clock was stepped by -3.250112 seconds\n",
    );
    let report = parsed(&analyze(&[&log]));
    let of_pdns = "200 lines of PowerDNS were thrown away by a limit of rate, 2 times, from 2026-11-23T02:01:00Z to 2026-11-23T02:02:00Z";
    let of_all = "84667 lines of any program were thrown away by a limit of rate, shortly before 2026-11-23T02:04:00Z";
    let told = caveats(&report, "suppressed");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with(of_pdns) && told[1].starts_with(of_all), "{told:?}");
    let stepped = caveats(&report, "clock-step");
    assert_eq!(
        stepped,
        [
            "its clock was set by -3.250 s at 2026-11-23T02:05:00Z: stamps before and after do not measure the time between."
        ]
    );
}

/// A drift that only the owner's silence tells is a suspicion where something the owner said was thrown away.
#[test]
fn a_silence_in_which_lines_were_thrown_away_proves_less() {
    let keepalived: Vec<String> =
        logs(Path::new(SEED)).iter().filter(|path| !path.ends_with("dnsslave.log")).map(|path| text(path)).collect();
    let all = keepalived.concat();
    let whole = findings(&analyze(&[log("silence-whole", &all)]));
    let drift = |findings: &[Value]| findings.iter().find(|one| one["rule"] == "eip-drift").cloned().expect("a drift");
    assert_eq!(drift(&whole)["confidence"], "likely", "{}", line(&drift(&whole)));
    let lost =
        format!("{all}Aug 08 21:01:40 dnsmaster systemd-journald[1]: Suppressed 12 messages from keepalived.service\n");
    let doubtful = drift(&findings(&analyze(&[log("silence-lost", &lost)])));
    assert_eq!(doubtful["confidence"], "suspected");
    let rivals = doubtful["rivals"].to_string();
    assert!(rivals.contains("12 lines of it were thrown away"), "{rivals}");
}

#[test]
fn keepalived_without_detail_is_told() {
    let told = caveats(&parsed(&analyze(&[Path::new(DRIFT)])), "level-hides");
    let without: Vec<&String> = told.iter().filter(|text| text.contains("without -D")).collect();
    assert_eq!(without.len(), 2, "dnsmaster and dnsmaster2: {told:?}");
    let detailed = "2026-11-23T02:00:00Z ns1 Keepalived[8]: Command line: '/usr/sbin/keepalived' '-D'\n\
                    2026-11-23T02:00:00Z ns1 Keepalived_vrrp[9]: (VI_1) Entering MASTER STATE\n";
    assert_eq!(caveats(&parsed(&analyze(&[log("detailed", detailed)])), "level-hides"), [""; 0]);
}

#[test]
fn a_start_without_a_stop_is_told() {
    let start = |minute: u32| {
        format!(
            "2026-11-23T02:{minute:02}:00Z ns1 Keepalived[8]: Starting Keepalived v2.2.7 (01/16,2022)\n\
             2026-11-23T02:{minute:02}:01Z ns1 Keepalived_vrrp[9]: (VI_1) Entering MASTER STATE\n"
        )
    };
    let died = start(0) + &start(5);
    let told = caveats(&parsed(&analyze(&[log("died", &died)])), "restart");
    assert_eq!(
        told,
        [
            "its keepalived was started at 2026-11-23T02:05:00Z, without a line that it stopped: when it ended is unknown."
        ]
    );
    let stopped = start(0) + "2026-11-23T02:04:00Z ns1 Keepalived[8]: Stopping\n" + &start(5);
    assert_eq!(caveats(&parsed(&analyze(&[log("stopped", &stopped)])), "restart"), [""; 0]);
}

/// `journalctl` names the days of its journal in its first line: of them are the lines, whenever the file was copied.
#[test]
fn the_first_line_of_journalctl_tells_the_year() {
    let lines = "Nov 23 02:12:33 ns1 Keepalived_vrrp[9]: (VI_1) Entering MASTER STATE\n";
    for (name, first, year) in [
        (
            "begins",
            "-- Journal begins at Mon 2022-10-03 10:00:00 CEST, ends at Wed 2022-11-23 02:13:00 CET. --",
            "2022",
        ),
        ("begin", "-- Logs begin at Mon 2018-10-01 10:00:00 UTC, end at Tue 2020-01-07 02:13:00 UTC. --", "2019"),
    ] {
        let report = parsed(&analyze(&[log(name, &format!("{first}\n{lines}"))]));
        let first = report["coverage"]["sources"][0]["first"].as_str().expect("a first stamp");
        assert!(first.starts_with(year), "{name}: {first}");
        let told = caveats(&report, "year-inferred");
        assert!(told[0].contains("by journalctl's first line"), "{told:?}");
    }
}
