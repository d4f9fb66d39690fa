//! `keepalived.conf` and `pdns.conf` beside the logs: they explain and are contradicted, make nothing certain, and give no secret away.

use crate::common::{self, analyze, bytes, findings, logs, parsed, scratch, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DRIFT: &str = "samples/eip-drift/brief-partition-keepalived-2.2";
const SECRETS: [&str; 4] = ["s3cret", "hunter2", "gmysql", "auth_pass"];

/// A set of a drift's keepalived lines alone, which place nothing, and the configuration files given.
fn set(name: &str, daemons: &str, files: &[(&str, &str)]) -> PathBuf {
    let place = scratch(name);
    for log in logs(Path::new(DRIFT)) {
        let lines = text(&log);
        let kept: Vec<&str> = lines.lines().filter(|line| daemons.is_empty() || line.contains(daemons)).collect();
        if !kept.is_empty() {
            let file = place.join(log.file_name().expect("a log has a name"));
            fs::write(file, kept.join("\n") + "\n").expect("a scratch file can be written");
        }
    }
    for (path, text) in files {
        let path = place.join(path);
        fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("a directory can be made");
        fs::write(path, text).expect("a scratch file can be written");
    }
    place
}

fn keepalived(router: &str, id: u32, priority: u32, more: &str) -> String {
    format!(
        "global_defs {{\n    router_id {router}\n}}\nvrrp_instance VI_1 {{\n    state BACKUP\n    interface eth0\n    \
         virtual_router_id {id}\n    priority {priority}\n    authentication {{\n        auth_type PASS\n        \
         auth_pass s3cret\n    }}\n{more}}}\n"
    )
}

const MASTER_SH: &str = "    notify_master \"/etc/keepalived/master.sh --token hunter2\"\n";
const RX_LOWER_PRI: &str = "    notify_master_rx_lower_pri \"/etc/keepalived/master.sh --token hunter2\"\n";

fn drift(place: &Path) -> Value {
    let found = findings(&analyze(&[place]));
    let drifts: Vec<&Value> = found.iter().filter(|finding| finding["rule"] == "eip-drift").collect();
    assert_eq!(drifts.len(), 1, "{found:#?}");
    drifts[0].clone()
}

fn rivals(finding: &Value) -> Vec<String> {
    let rivals = finding["rivals"].as_array().expect("rival readings are a list").iter();
    rivals.map(|rival| rival["claim"].as_str().expect("a rival reading has a claim").to_owned()).collect()
}

fn caveats(report: &Value, kind: &str) -> Vec<String> {
    let all = report["caveats"].as_array().expect("caveats are a list").iter();
    all.filter(|caveat| caveat["kind"] == kind)
        .map(|caveat| caveat["text"].as_str().expect("a caveat has a text").to_owned())
        .collect()
}

#[test]
fn a_repair_in_silence_that_is_configured_weakens_and_is_named_with_its_line() {
    let plain = drift(&set("rx-unknown", "Keepalived", &[]));
    assert_eq!(plain["confidence"], "likely");
    assert!(rivals(&plain).iter().any(|rival| rival.contains("notify_master_rx_lower_pri runs in silence")));

    let owner = keepalived("dnsmaster", 51, 103, &format!("{MASTER_SH}{RX_LOWER_PRI}"));
    let place = set("rx-configured", "Keepalived", &[("dnsmaster/keepalived.conf", &owner)]);
    let weaker = drift(&place);
    assert_eq!(weaker["confidence"], "suspected");
    let line = owner.lines().position(|line| line.contains("rx_lower_pri")).expect("it is there") + 1;
    let named = format!("dnsmaster/keepalived.conf:{line}");
    assert!(rivals(&weaker).iter().any(|rival| rival.contains(&named)), "{:?}", rivals(&weaker));
    assert!(weaker["claim"].as_str().is_some_and(|claim| claim.contains(&named)), "{}", weaker["claim"]);
    assert!(weaker["prevention"].to_string().contains(&named));
}

#[test]
fn where_the_owner_could_not_repair_it_the_reading_is_gone_and_it_is_still_not_confirmed() {
    let owner = keepalived("dnsmaster", 51, 103, MASTER_SH);
    let holder = keepalived("dnsmaster2", 51, 102, MASTER_SH);
    let files = [("dnsmaster/keepalived.conf", &*owner), ("dnsmaster2/keepalived.conf", &*holder)];
    let finding = drift(&set("rx-absent", "Keepalived", &files));
    assert_eq!(finding["confidence"], "likely");
    let claim = finding["claim"].as_str().expect("a claim is text");
    assert!(claim.contains("dnsmaster's keepalived.conf names no notify_master_rx_lower_pri"), "{claim}");
    assert!(rivals(&finding).iter().all(|rival| !rival.contains("silence") && !rival.contains("nothing moves")));
}

#[test]
fn a_holder_that_runs_nothing_moved_nothing() {
    let holder = keepalived("dnsmaster2", 51, 102, "");
    let finding = drift(&set("holder-silent", "Keepalived", &[("dnsmaster2/keepalived.conf", &holder)]));
    assert_eq!(finding["confidence"], "suspected");
    assert!(rivals(&finding).iter().any(|rival| rival.contains("dnsmaster2's keepalived.conf names no notify_master")));
}

#[test]
fn what_a_file_lacks_may_stand_in_one_that_it_includes() {
    let owner = keepalived("dnsmaster", 51, 103, MASTER_SH) + "include /etc/keepalived/conf.d/*.conf\n";
    let holder = keepalived("dnsmaster2", 51, 102, "") + "include /etc/keepalived/conf.d/*.conf\n";
    let files = [("dnsmaster/keepalived.conf", &*owner), ("dnsmaster2/keepalived.conf", &*holder)];
    let finding = drift(&set("included", "Keepalived", &files));
    assert_eq!(finding["confidence"], "likely");
    assert!(rivals(&finding).iter().any(|rival| rival.contains("notify_master_rx_lower_pri runs in silence")));
}

#[test]
fn the_order_of_a_sync_groups_members_is_no_contradiction() {
    let instance =
        |name: &str, id: u32| format!("vrrp_instance {name} {{\n state BACKUP\n virtual_router_id {id}\n}}\n");
    let one =
        format!("vrrp_sync_group G {{ group {{ VI_1 VI_2 }} }}\n{}{}", instance("VI_1", 51), instance("VI_2", 52));
    let other =
        format!("vrrp_sync_group G {{ group {{ VI_2 VI_1 }} }}\n{}{}", instance("VI_2", 52), instance("VI_1", 51));
    let place = scratch("sync-group");
    for (node, conf) in [("ns1", &one), ("ns2", &other)] {
        let state = if node == "ns1" { "MASTER" } else { "BACKUP" };
        let line = |what: &str| format!("Nov 23 02:12:33 {node} Keepalived_vrrp[9]: {what}\n");
        let lines: String = ["VI_1", "VI_2"]
            .iter()
            .map(|name| line(&format!("({name}) Entering {state} STATE")))
            .chain([line(&format!("VRRP_Group(G) Syncing instances to {state} state"))])
            .collect();
        fs::write(place.join(format!("{node}.log")), lines).expect("a scratch file can be written");
        fs::write(place.join(format!("{node}.keepalived.conf")), conf).expect("a scratch file can be written");
    }
    let report = parsed(&analyze(&[&place]));
    assert_eq!(report["groups"][0]["group"], "G", "{:#?}", report["groups"]);
    assert_eq!(caveats(&report, "configuration").len(), 2);
    assert_eq!(caveats(&report, "contradiction"), [""; 0]);
}

#[test]
fn what_placed_the_address_outranks_a_file() {
    let owner = keepalived("dnsmaster", 51, 103, &format!("{MASTER_SH}{RX_LOWER_PRI}"));
    let holder = keepalived("dnsmaster2", 51, 102, "");
    let files = [("dnsmaster/keepalived.conf", &*owner), ("dnsmaster2/keepalived.conf", &*holder)];
    let finding = drift(&set("rx-placed", "", &files));
    assert_eq!(finding["confidence"], "confirmed");
    assert_eq!(
        findings(&analyze(&[Path::new(DRIFT)])).len(),
        findings(&analyze(&[set("rx-placed", "", &files)])).len()
    );
}

#[test]
fn nobodys_file_is_told_and_heard_only_when_it_is_given_a_node() {
    let owner = keepalived("some-router", 51, 103, &format!("{MASTER_SH}{RX_LOWER_PRI}"));
    let place = set("unplaced", "Keepalived", &[("keepalived.conf", &owner)]);
    let outcome = analyze(&[&place]);
    assert_eq!(drift(&place)["confidence"], "likely");
    let undecided = caveats(&parsed(&outcome), "undecided");
    assert_eq!(undecided.iter().filter(|text| text.contains("whose configuration it is")).count(), 1, "{undecided:?}");

    let given = format!("dnsmaster={}", place.join("keepalived.conf").display());
    let words =
        [place.join("dnsmaster.log").display().to_string(), place.join("dnsmaster2.log").display().to_string(), given];
    let report = parsed(&analyze(&words));
    assert_eq!(caveats(&report, "undecided").iter().filter(|text| text.contains("whose")).count(), 0);
    assert_eq!(report["findings"][0]["confidence"], "suspected");
}

#[test]
fn what_the_lines_contradict_is_told() {
    let owner = keepalived("dnsmaster", 51, 180, "    nopreempt\n").replace("state BACKUP", "state MASTER");
    let holder = keepalived("dnsmaster2", 52, 102, MASTER_SH);
    let pdns = "launch=gmysql\nallow-axfr-ips=192.0.2.0/24\napi-key=hunter2\n";
    let files = [
        ("dnsmaster/keepalived.conf", &*owner),
        ("dnsmaster2/keepalived.conf", &*holder),
        ("dnsmaster2/pdns.conf", pdns),
    ];
    let report = parsed(&analyze(&[set("contradicted", "", &files)]));
    let told = [caveats(&report, "contradiction"), caveats(&report, "configuration")].concat();
    for part in [
        "different virtual_router_ids, 51 (",
        "nopreempt of VI_1 needs state BACKUP, and dnsmaster's is MASTER",
        "the priority 180, but its lines have ",
        "dnsmaster2/pdns.conf:2 does not allow transfers to ",
    ] {
        assert_eq!(told.iter().filter(|text| text.contains(part)).count(), 1, "{part}: {told:#?}");
    }
    // The rightful files contradict nothing.
    let owner = keepalived("dnsmaster", 51, 103, MASTER_SH);
    let holder = keepalived("dnsmaster2", 51, 102, MASTER_SH);
    let files = [("dnsmaster/keepalived.conf", &*owner), ("dnsmaster2/keepalived.conf", &*holder)];
    assert_eq!(caveats(&parsed(&analyze(&[set("agreed", "", &files)])), "contradiction"), [""; 0]);
}

fn driftline(words: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_driftline")).args(words).output().expect("the binary starts");
    assert!(matches!(output.status.code(), Some(0..=2)), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    [output.stdout, output.stderr].concat()
}

/// The files of a drift whose both halves are there, with secrets in all places that have some.
fn secretive(name: &str) -> PathBuf {
    let owner = keepalived("dnsmaster", 51, 103, &format!("{MASTER_SH}{RX_LOWER_PRI}"));
    let pdns = "launch=gmysql\ngmysql-password=s3cret\nprimary=yes\nallow-axfr-ips=192.0.2.1\napi-key=hunter2\n";
    let unread = "vrrp_instance VI_1 {\n    auth_pass s3cret hunter2 {\n";
    let files =
        [("dnsmaster/keepalived.conf", &*owner), ("dnsmaster/pdns.conf", pdns), ("odd/keepalived.conf", unread)];
    set(name, "", &files)
}

#[test]
fn no_secret_of_a_configuration_leaves_it() {
    let place = secretive("secrets");
    let word = place.to_str().expect("the path is UTF-8");
    let redacted = scratch("secrets-redacted");
    let mut outputs: Vec<Vec<u8>> = ["table", "json", "markdown", "html", "svg"]
        .iter()
        .map(|format| driftline(&["analyze", "--format", format, word]))
        .collect();
    outputs.push(driftline(&["events", word]));
    outputs.push(driftline(&["redact", "--output", redacted.to_str().expect("the path is UTF-8"), word]));
    outputs.extend(common::entries(&redacted).iter().map(|file| bytes(file)));
    assert!(outputs.iter().all(|output| !output.is_empty()));
    for output in &outputs {
        let output = String::from_utf8_lossy(output);
        // The caveats name the file, and so the directory of this test.
        let output = output.replace("secrets", "");
        for secret in SECRETS {
            assert!(!output.contains(secret), "{secret} in {output}");
        }
    }
    assert!(common::entries(&redacted).iter().all(|file| !bytes(file).is_empty()), "no file without a line is left");
}

#[test]
fn correlate_hears_what_analyze_hears() {
    let place = secretive("correlated");
    let word = place.to_str().expect("the path is UTF-8");
    let events = place.with_extension("ndjson");
    fs::write(&events, driftline(&["events", word])).expect("a scratch file can be written");
    let mut told = Command::new(env!("CARGO_BIN_EXE_driftline"));
    told.args(["correlate", "--format", "json"]).arg(&events).stderr(Stdio::null());
    let told = told.output().expect("the binary starts");
    let analyzed = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(["analyze", "--format", "json", word])
        .stderr(Stdio::null())
        .output()
        .expect("the binary starts");
    let (told, analyzed) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&analyzed.stdout));
    let differing: Vec<_> = told.lines().zip(analyzed.lines()).filter(|(told, analyzed)| told != analyzed).collect();
    assert!(differing.is_empty() && told.len() == analyzed.len(), "{differing:#?}");
}
