//! Reports as they are printed: whole pages, compared with the files below `tests/data/report`. `BLESS=1` rewrites them; read the diff.

use crate::report_seed::{at, coverage, evidence, finding, line, nodes, seed};
use chrono_tz::Tz;
use driftline::finding::{Bound, Evidence, Finding, Rival, Role, Severity, ZoneImpact};
use driftline::report::table::Look;
use driftline::report::{Caveat, Group, Node, OwnAddress, Report, json, table};
use std::path::Path;

const PIPED: Look = Look {
    width: None,
    color: false,
    zone: Tz::UTC,
    fail_on: Some(Severity::Warning),
    exit: 1,
    hint: "--format json for machines",
    threads: 2,
};

fn terminal(width: usize) -> Look {
    Look { width: Some(width), ..PIPED }
}

fn page(report: &Report, look: &Look) -> String {
    let mut out = Vec::new();
    table::write(report, look, &mut out).expect("a Vec takes all");
    String::from_utf8(out).expect("a page is UTF-8")
}

fn document(report: &Report) -> String {
    let mut out = Vec::new();
    json::write(report, &mut out).expect("a Vec takes all");
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[expect(clippy::disallowed_methods, reason = "a test reads what it compares with")]
fn assert_is(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/report").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual).expect("the expected files can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "{name} is not as expected (BLESS=1 rewrites it); it is now:\n{actual}");
}

#[test]
fn seed_at_80_columns() {
    assert_is("seed.80.txt", &page(&seed(), &terminal(80)));
}

#[test]
fn seed_at_160_columns() {
    assert_is("seed.160.txt", &page(&seed(), &terminal(160)));
}

#[test]
fn seed_in_a_pipe() {
    assert_is("seed.piped.txt", &page(&seed(), &PIPED));
}

#[test]
fn seed_as_json() {
    let document = document(&seed());
    assert_is("seed.json", &document);
    let parsed: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(parsed["findings"][0]["evidence"][0]["line"], 1);
}

#[test]
fn two_writes_give_the_same_bytes() {
    for look in [terminal(80), PIPED] {
        assert_eq!(page(&seed(), &look), page(&seed(), &look));
    }
    assert_eq!(document(&seed()), document(&seed()));
}

#[test]
fn colour_marks_the_verdict_only() {
    let plain = page(&seed(), &terminal(80));
    let coloured = page(&seed(), &Look { color: true, ..terminal(80) });
    assert!(coloured.starts_with("\x1b[1m\x1b[31mEIP DRIFT\x1b[0m, confirmed"), "{coloured:?}");
    assert_eq!(coloured.matches('\x1b').count(), 3);
    assert_eq!(coloured.replace("\x1b[1m", "").replace("\x1b[31m", "").replace("\x1b[0m", ""), plain);
}

#[test]
fn nothing_found_says_what_could_have_been_seen() {
    let look = Look { exit: 0, ..terminal(80) };
    let quiet = Report { findings: Vec::new(), ..seed() };
    assert_is("nothing.80.txt", &page(&quiet, &look));
    let nothing = "Nothing found in 0 lines of 0 sources.\n\nNo finding: exit 0.   --format json for machines\n";
    assert_eq!(page(&Report::default(), &look), nothing);
}

/// A node that is called what an attacker likes, and lines to match.
const HOSTILE: &str = "a\x1b[2J\x07\0b\u{202e}c|d\r\nINJECTED \u{9b}31m\t\u{200b}\u{e0041}é漢";

fn hostile() -> Report {
    let mut event = (*line(HOSTILE, 1, "2020-08-18T14:52:03Z", "pdns/unrecognised", HOSTILE)).clone();
    event.raw = driftline::event::Text::from(format!("{HOSTILE}{}", "x".repeat(10_000))).into();
    let mut long = event.clone();
    long.origin.line = Some(2);
    let first = evidence(Role::Primary, &event.into(), HOSTILE, HOSTILE);
    let mut finding = finding("stale-serial", Severity::Warning, first, HOSTILE);
    finding.add(evidence(Role::Against, &long.into(), &"y".repeat(10_000), HOSTILE));
    finding.story = vec![HOSTILE.into()];
    finding.rivals = vec![Rival { claim: HOSTILE.into(), settled_by: HOSTILE.into() }];
    finding.next_steps = vec![HOSTILE.into()];
    finding.prevention = vec![HOSTILE.into()];
    finding.impact = vec![ZoneImpact {
        zone: HOSTILE.into(),
        node: HOSTILE.into(),
        since: at("2020-08-18T14:52:03Z"),
        until: None,
        our_serial: None,
        primary_serial: None,
        failed_transfers: 0,
    }];
    let caveat = Caveat { kind: "gap", node: Some(HOSTILE.into()), text: "2 lines lost".into() };
    let node = Node {
        name: HOSTILE.into(),
        roles: vec!["vrrp"],
        versions: Vec::new(),
        versions_by: Vec::new(),
        addresses: vec![OwnAddress { address: HOSTILE.into(), by: "adverts", since: None }],
        asks: vec![HOSTILE.into()],
    };
    let group = Group {
        name: HOSTILE.into(),
        is_sync_group: false,
        nodes: vec![HOSTILE.into()],
        is_proven: false,
        masters: vec![HOSTILE.into()],
        preferred: Some(HOSTILE.into()),
        resource: Some(HOSTILE.into()),
    };
    Report {
        findings: vec![finding],
        nodes: vec![node],
        groups: vec![group],
        caveats: vec![caveat],
        coverage: coverage(),
        ..Report::default()
    }
}

#[test]
fn hostile_text_is_shown_and_not_obeyed() {
    let report = hostile();
    assert_is("hostile.80.txt", &page(&report, &terminal(80)));
    for text in [page(&report, &PIPED), page(&report, &terminal(160)), document(&report)] {
        let raw = text.chars().find(|c| *c != '\n' && (c.is_control() || "\u{202e}\u{200b}\u{e0041}".contains(*c)));
        assert_eq!(raw, None);
        assert!(!text.contains("\nINJECTED"));
    }
    assert!(page(&report, &PIPED).contains(&"y".repeat(10_000)), "a pipe gets evidence whole");
    let parsed: serde_json::Value = serde_json::from_str(&document(&report)).unwrap();
    assert_eq!(parsed["findings"][0]["claim"], HOSTILE);
}

/// A drift of another pair of nodes: open, with milliseconds, seen through six nodes.
fn six_nodes() -> Report {
    let clock = |node: u32| format!("2020-08-18T22:59:5{node}.{node}20Z");
    let told = |node: u32| -> Evidence {
        let name = format!("ns{node}.dc{}.example.net", node % 2);
        let event = line(&name, 100 + u64::from(node), &clock(node), "pdns/axfr-failed", "Unable to AXFR zone");
        let proves = format!("{name} was refused: at 192.0.2.53 nobody serves the zone.");
        let mut told = evidence(Role::Primary, &event, "AXFR of example.org from 192.0.2.53 refused", &proves);
        (told.more, told.last) = (u64::from(node % 3), Some(at("2020-08-19T02:10:00.250Z")));
        told
    };
    let mut refused =
        finding("transfer-refused", Severity::Warning, told(1), "192.0.2.53 refused example.org to 6 secondaries");
    (2..=6).for_each(|node| refused.add(told(node)));
    let later = line("ns1.dc1.example.net", 900, "2020-08-19T05:00:00.004Z", "pdns/axfr-failed", "Unable to AXFR zone");
    refused.add(evidence(
        Role::Against,
        &later,
        "AXFR of example.org served",
        "192.0.2.53 serves example.org again at 2020-08-19T05:00:00.004Z.",
    ));
    refused.since_is = Bound::AtMost;
    refused.rivals = vec![Rival { claim: "an ACL was changed".into(), settled_by: "The primary's log".into() }];
    Report { findings: vec![refused], nodes: nodes(), ..Report::default() }
}

#[test]
fn six_nodes_at_80_columns_in_another_zone() {
    let zurich = Look { zone: Tz::Europe__Zurich, ..terminal(80) };
    assert_is("six-nodes.80.txt", &page(&six_nodes(), &zurich));
}

fn unrelated(number: u64) -> Finding {
    let raw = format!("Received NOTIFY for zone{number}.example from 192.0.2.7 which is not a master");
    let event = line("dnsslave", number, "2020-08-18T15:18:54Z", "pdns/notify-not-master", &raw);
    let brief = format!("NOTIFY for zone{number}.example from 192.0.2.7: not a master");
    let first = evidence(Role::Primary, &event, &brief, "192.0.2.7 is not a master of the zone.");
    let claim = format!("dnsslave refused a NOTIFY for zone{number}.example from 192.0.2.7");
    let mut told = finding("notify-from-non-master", Severity::Warning, first, &claim);
    told.until = Some(at("2020-08-18T15:18:54Z"));
    told
}

#[test]
fn unrelated_findings_begin_with_a_list() {
    let mut report = seed();
    report.findings.extend([unrelated(1), unrelated(2)]);
    assert_is("several.160.txt", &page(&report, &Look { exit: 2, ..terminal(160) }));
}

#[test]
fn forty_findings_are_all_told_within_the_width() {
    let report = Report { findings: (1..=40).map(unrelated).collect(), ..Report::default() };
    let text = page(&report, &terminal(80));
    assert!(text.starts_with("40 findings, told one by one below; times are UTC\n"), "{text}");
    assert!(text.ends_with("\n40 findings are warnings: exit 1.   --format json for machines\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("NOTIFY FROM NON-MASTER, confirmed")).count(), 40);
    assert_eq!(text.lines().find(|line| line.chars().count() > 80), None);
}

#[test]
fn a_flood_is_cut_on_a_terminal_and_whole_in_a_pipe() {
    let mut flood = unrelated(1);
    for number in 2..=1000 {
        let event = line("dnsslave", number, "2020-08-18T15:18:54Z", "pdns/notify-not-master", "Received NOTIFY");
        flood.add(evidence(Role::Supporting, &event, &format!("NOTIFY {number}"), "Again."));
    }
    let report = Report { findings: vec![flood], ..Report::default() };
    assert!(page(&report, &terminal(80)).contains("952 more rows among these not shown on a terminal"));
    assert!(page(&report, &PIPED).contains("NOTIFY 1000\n"));
}

#[test]
fn of_too_many_decisive_lines_those_in_the_middle_are_left_out() {
    let mut flood = unrelated(1);
    for number in 2..=1000 {
        let event = line("dnsslave", number, "2020-08-18T15:18:54Z", "pdns/notify-not-master", "Received NOTIFY");
        let role = if number == 1000 { Role::Repair } else { Role::Primary };
        flood.add(evidence(role, &event, &format!("NOTIFY {number}."), "Again."));
    }
    let report = Report { findings: vec![flood], ..Report::default() };
    let page = page(&report, &terminal(80));
    let shown = |number: u64| page.contains(&format!("NOTIFY {number}."));
    assert!(shown(2) && shown(36) && !shown(37) && !shown(988) && shown(989) && shown(1000), "{page}");
    assert!(page.contains("952 more rows among these"), "{page}");
}

#[test]
fn journal_entries_are_named_by_their_number_and_folded_like_lines() {
    let entry = |number: u32, stamp: &str| {
        let mut event = (*line("dnsslave", 1, stamp, "pdns/notify-not-master", "Received NOTIFY")).clone();
        event.origin.path = "/var/log/journal".into();
        event.origin.line = None;
        event.origin.cursor = Some(format!("s=0a1b;i={number:x};b=c;m=d;t=e;x=f").into());
        event.repeated = number;
        let proves = "192.0.2.7 is not a master of the zone.";
        // As rules count what a folded line stands for.
        let more = u64::from(number) - 1;
        Evidence { more, ..evidence(Role::Primary, &event.into(), "NOTIFY refused", proves) }
    };
    let first = entry(1, "2020-08-18T15:18:54.000001Z");
    let mut told = finding("notify-from-non-master", Severity::Info, first, "");
    told.add(entry(2, "2020-08-18T15:18:55.500001Z"));
    let text = page(&Report { findings: vec![told], ..Report::default() }, &Look { fail_on: None, exit: 0, ..PIPED });
    assert!(text.starts_with("NOTIFY FROM NON-MASTER, confirmed, open\n"), "{text}");
    assert!(text.contains("  15:18:54.000  [1]  NOTIFY refused (3 times, to :55.500)\n"), "{text}");
    assert!(
        text.contains("  [1] /var/log/journal i=1, i=2 and 1 more  192.0.2.7 is not a master of the zone.\n"),
        "{text}"
    );
    assert!(
        text.ends_with("\n1 finding is for information: exit 0 (--fail-on never).   --format json for machines\n"),
        "{text}"
    );
}
