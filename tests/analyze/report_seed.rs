//! The incident of 2020 as detectors would tell it, built by hand: five findings over three nodes.

use driftline::event::{Event, Fact, Origin, Text};
use driftline::finding::{Bound, Confidence, Evidence, Finding, Rival, Role, Severity, Subject, ZoneImpact};
use driftline::moment::{Moment, Precision};
use driftline::report::{Caveat, Coverage, Group, Masterships, Node, Report, SourceCoverage, Stretch};
use std::sync::Arc;

/// `at("2020-08-08T21:01:16Z")`, as finely as written.
pub(crate) fn at(stamp: &str) -> Moment {
    let time = chrono::DateTime::parse_from_rfc3339(stamp).expect("a stamp of a test is RFC 3339");
    let precision = match stamp.len() {
        20 => Precision::Second,
        24 => Precision::Milli,
        _ => Precision::Micro,
    };
    Moment::new(time.naive_utc(), precision)
}

/// A line: `line("dnsslave", 3, "2020-08-18T14:52:03Z", "pdns/domain-stale", "Domain 'example.com' is stale")`.
pub(crate) fn line(node: &str, number: u64, stamp: &str, id: &'static str, raw: &str) -> Arc<Event> {
    Arc::new(Event {
        id,
        fact: Fact::Other,
        time: at(stamp),
        node: node.into(),
        pid: None,
        repeated: 1,
        origin: Origin { path: format!("{node}.log").into(), line: Some(number), cursor: None },
        raw: Text::from(raw).into(),
    })
}

/// A line as evidence.
pub(crate) fn evidence(role: Role, event: &Arc<Event>, brief: &str, proves: &str) -> Evidence {
    Evidence { role, event: Arc::clone(event), proves: proves.into(), brief: brief.into(), more: 0, last: None }
}

/// A finding on one line.
pub(crate) fn finding(rule: &'static str, severity: Severity, first: Evidence, claim: &str) -> Finding {
    let mut finding = Finding::new(rule, "VI_1", severity, Confidence::Confirmed, first);
    finding.claim = claim.into();
    finding
}

fn zones() -> ZoneImpact {
    ZoneImpact {
        zone: "example.com".into(),
        node: "dnsslave".into(),
        since: at("2020-08-18T14:52:03Z"),
        until: Some(at("2020-08-18T15:23:18Z")),
        our_serial: Some(2_020_080_601),
        primary_serial: Some(2_020_081_701),
        failed_transfers: 1,
    }
}

/// The whole report.
pub(crate) fn seed() -> Report {
    let lines = Lines::new();
    let split = split(&lines);
    let mut drift = drift(&lines);
    drift.cause = Some(split.id.clone());
    let mut told = symptoms(&lines);
    for symptom in &mut told {
        symptom.cause = Some(drift.id.clone());
    }
    let mut findings = vec![drift, split];
    findings.extend(told);
    Report {
        findings,
        nodes: nodes(),
        groups: groups(),
        caveats: caveats(),
        coverage: coverage(),
        masterships: masterships(),
    }
}

struct Lines {
    heard: [Arc<Event>; 2],
    master: Arc<Event>,
    yields: Arc<Event>,
    stale: Arc<Event>,
    refused: Arc<Event>,
    notify: Arc<Event>,
    committed: Arc<Event>,
}

impl Lines {
    fn new() -> Self {
        const LOWER: &str =
            "VRRP_Instance(VI_1) Received advert with lower priority 102, ours 103, forcing new election";
        let heard = "keepalived/advert-lower-priority";
        Self {
            heard: [
                line("dnsmaster", 1, "2020-08-08T21:01:15Z", heard, LOWER),
                line("dnsmaster", 2, "2020-08-08T21:01:16Z", heard, LOWER),
            ],
            master: line(
                "dnsmaster2",
                1,
                "2020-08-08T21:01:16Z",
                "keepalived/state-master",
                "VRRP_Instance(VI_1) Entering MASTER STATE",
            ),
            yields: line(
                "dnsmaster2",
                3,
                "2020-08-08T21:01:16Z",
                "keepalived/advert-higher-priority",
                "VRRP_Instance(VI_1) Received advert with higher priority 103, ours 102",
            ),
            stale: line(
                "dnsslave",
                3,
                "2020-08-18T14:52:03Z",
                "pdns/domain-stale",
                "Domain 'example.com' is stale, master serial 2020081701, our serial 2020080601",
            ),
            refused: line(
                "dnsslave",
                5,
                "2020-08-18T14:52:03Z",
                "pdns/axfr-failed",
                "Unable to AXFR zone 'example.com' from remote '18.xxx.xxx.xxx' (resolver): AXFR chunk error: Server Not Authoritative for zone / Not Authorized",
            ),
            notify: line(
                "dnsslave",
                6,
                "2020-08-18T15:18:54Z",
                "pdns/notify-not-master",
                "Received NOTIFY for example.com from 54.93.xxx.xxx which is not a master",
            ),
            committed: line(
                "dnsslave",
                10,
                "2020-08-18T15:23:18Z",
                "pdns/zone-committed",
                "AXFR done for 'example.com', zone committed with serial number 2020081801",
            ),
        }
    }
}

fn drift(lines: &Lines) -> Finding {
    let first = evidence(
        Role::Primary,
        &lines.master,
        "MASTER, opens master.sh",
        "The address moves to dnsmaster2: its script runs on entering MASTER.",
    );
    let mut drift = finding(
        "eip-drift",
        Severity::Critical,
        first,
        "18.xxx.xxx.xxx was on dnsmaster2 instead of dnsmaster for at most 9 d 18 h 22 min",
    );
    for heard in &lines.heard {
        drift.add(evidence(
            Role::Primary,
            heard,
            "hears 102, ours 103; stays MASTER",
            "dnsmaster is MASTER and stays it, while another node is MASTER too.",
        ));
    }
    drift.add(evidence(
        Role::Primary,
        &lines.yields,
        "hears 103, ours 102; BACKUP",
        "dnsmaster2 yields within the same second, and no script brings the address back.",
    ));
    drift.add(evidence(
        Role::Supporting,
        &lines.refused,
        "AXFR of example.com from 18.xxx.xxx.xxx refused: not authoritative",
        "Who answers at 18.xxx.xxx.xxx does not serve example.com.",
    ));
    drift.add(evidence(
        Role::Supporting,
        &lines.notify,
        "NOTIFY for example.com from 54.93.xxx.xxx: not a master",
        "The NOTIFY of the zone leaves from another address than 18.xxx.xxx.xxx.",
    ));
    drift.add(evidence(
        Role::Repair,
        &lines.committed,
        "example.com committed, 2020081801",
        "18.xxx.xxx.xxx serves example.com again: the address is back.",
    ));
    drift.story = vec![
        "dnsmaster2 became MASTER of VI_1 at 2020-08-08T21:01:16Z, ran master.sh, and was BACKUP again within the same second.".into(),
        "dnsmaster never left MASTER, so its master.sh did not run again: the address stayed on dnsmaster2.".into(),
        "Nothing failed until a zone changed. From 2020-08-18T14:52:03Z at the latest dnsslave had example.com 2020080601 instead of 2020081701: its transfers from 18.xxx.xxx.xxx were refused, and at 2020-08-18T15:18:54Z a NOTIFY came from 54.93.xxx.xxx, not a master.".into(),
        "It ended between 2020-08-18T15:18:54Z and 2020-08-18T15:23:18Z, when a transfer from 18.xxx.xxx.xxx succeeded.".into(),
    ];
    drift.since = at("2020-08-08T21:01:16Z");
    drift.until = Some(at("2020-08-18T15:23:18Z"));
    drift.until_is = Bound::AtMost;
    drift.subject = Subject {
        instance: Some("VI_1".into()),
        resource: Some("18.xxx.xxx.xxx".into()),
        holder: Some("dnsmaster2".into()),
        owner: Some("dnsmaster".into()),
        nodes: vec!["dnsmaster".into(), "dnsmaster2".into()],
        zones: vec!["example.com".into()],
        ..Subject::default()
    };
    drift.rivals = vec![Rival {
        claim: "the address was moved by hand in between.".into(),
        settled_by: "CloudTrail AssociateAddress (kept 90 days)".into(),
    }];
    drift.impact = vec![zones()];
    drift.next_steps = vec!["Nothing to repair. Verify: dnsmaster must leave from 18.xxx.xxx.xxx.".into()];
    drift.prevention = vec![
        "keepalived 2.0.6 or later with notify_master_rx_lower_pri on dnsmaster (here: 1.3.0 to 1.4.0, which lacks it).".into(),
        "An ownership check every minute: driftline explain eip-drift".into(),
    ];
    drift
}

fn split(lines: &Lines) -> Finding {
    let first = evidence(Role::Primary, &lines.master, "MASTER", "dnsmaster2 is MASTER.");
    let claim = "dnsmaster and dnsmaster2 were both MASTER of VI_1 for under 3 s";
    let mut split = finding("split-brain", Severity::Warning, first, claim);
    let heard = &lines.heard[1];
    split.add(evidence(Role::Primary, heard, "hears 102, ours 103; stays MASTER", "dnsmaster is MASTER too."));
    split.add(evidence(Role::Repair, &lines.yields, "BACKUP", "dnsmaster2 is BACKUP again."));
    split.until = Some(at("2020-08-08T21:01:16Z"));
    split.subject.instance = Some("VI_1".into());
    split.subject.nodes = vec!["dnsmaster".into(), "dnsmaster2".into()];
    split
}

fn symptoms(lines: &Lines) -> Vec<Finding> {
    let first = evidence(
        Role::Primary,
        &lines.stale,
        "example.com stale, 2020080601 < 2020081701",
        "dnsslave's example.com is behind.",
    );
    let mut stale =
        finding("stale-serial", Severity::Warning, first, "example.com on dnsslave was behind for 31 min 15 s");
    stale.since_is = Bound::AtMost;
    stale.impact = vec![zones()];
    stale.subject.node = Some("dnsslave".into());
    stale.subject.zones = vec!["example.com".into()];
    stale.add(evidence(Role::Repair, &lines.committed, "committed", "dnsslave has example.com again."));
    let first = evidence(Role::Primary, &lines.refused, "AXFR refused", "18.xxx.xxx.xxx refused example.com.");
    let claim = "18.xxx.xxx.xxx refused the transfer of example.com to dnsslave";
    let mut refused = finding("transfer-refused", Severity::Warning, first, claim);
    refused.subject.address = Some("18.xxx.xxx.xxx".into());
    let first =
        evidence(Role::Primary, &lines.notify, "NOTIFY refused", "54.93.xxx.xxx is not a master of example.com.");
    let claim = "dnsslave refused a NOTIFY for example.com from 54.93.xxx.xxx";
    let mut notify = finding("notify-from-non-master", Severity::Warning, first, claim);
    notify.subject.address = Some("54.93.xxx.xxx".into());
    let end = Some(at("2020-08-18T15:23:18Z"));
    (stale.until, refused.until, notify.until) = (end, end, end);
    vec![stale, refused, notify]
}

/// The three nodes.
pub(crate) fn nodes() -> Vec<Node> {
    let keepalived = || vec![("keepalived", "1.3.0 to 1.4.0".to_owned())];
    let node = |name: &str, roles, versions| Node {
        name: name.into(),
        roles,
        versions,
        versions_by: Vec::new(),
        addresses: Vec::new(),
        asks: if name == "dnsslave" { vec!["18.xxx.xxx.xxx".into()] } else { Vec::new() },
    };
    vec![
        node("dnsmaster", vec!["vrrp"], keepalived()),
        node("dnsmaster2", vec!["vrrp"], keepalived()),
        node("dnsslave", vec!["secondary"], vec![("pdns", "4.0.0 to 4.1.14".to_owned())]),
    ]
}

/// The pair and what moves between its nodes.
fn groups() -> Vec<Group> {
    vec![Group {
        name: "VI_1".into(),
        is_sync_group: false,
        nodes: vec!["dnsmaster".into(), "dnsmaster2".into()],
        is_proven: true,
        masters: vec!["dnsmaster".into()],
        preferred: None,
        resource: Some("18.xxx.xxx.xxx".into()),
    }]
}

/// dnsmaster is MASTER before and after its two lines; dnsmaster2 within one second.
fn masterships() -> Vec<Masterships> {
    let of = |node: &str, proven, since, until| Masterships {
        node: node.into(),
        instance: "VI_1".into(),
        seen_until: Some(at("2020-08-08T21:01:16Z")),
        stretches: vec![Stretch { since, since_is: Bound::Exact, proven: at(proven), until, until_is: Bound::Exact }],
    };
    let second = Some(at("2020-08-08T21:01:16Z"));
    vec![of("dnsmaster", "2020-08-08T21:01:15Z", None, None), of("dnsmaster2", "2020-08-08T21:01:16Z", second, second)]
}

fn caveats() -> Vec<Caveat> {
    let year = "2020, from the serials 2020080601 and 2020081701; --year says otherwise";
    let caveat = |kind, node: Option<&str>, text: &str| Caveat { kind, node: node.map(Into::into), text: text.into() };
    vec![
        caveat("order", None, "unknown within 2020-08-08T21:01:16Z: whole seconds only"),
        caveat("year-inferred", Some("dnsmaster"), year),
        caveat("year-inferred", Some("dnsmaster2"), year),
        caveat("year-inferred", Some("dnsslave"), year),
        caveat("zone-assumed", None, "UTC assumed; --tz says otherwise"),
    ]
}

/// What was read of them.
pub(crate) fn coverage() -> Coverage {
    let source = |node: &str, lines, first, last| SourceCoverage {
        path: format!("{node}.log").into(),
        format: "rfc3164",
        node: Some(node.into()),
        lines,
        first: Some(at(first)),
        last: Some(at(last)),
    };
    Coverage {
        lines: 16,
        recognised: 16,
        unrecognised: 0,
        other: 0,
        unrecognised_templates: Vec::new(),
        sources: vec![
            source("dnsmaster", 2, "2020-08-08T21:01:15Z", "2020-08-08T21:01:16Z"),
            source("dnsmaster2", 4, "2020-08-08T21:01:16Z", "2020-08-08T21:01:16Z"),
            source("dnsslave", 10, "2020-08-18T14:52:03Z", "2020-08-18T15:23:18Z"),
        ],
    }
}
