use super::*;
use crate::event::{Event, Fact, Origin, Text};
use crate::finding::{Bound, Confidence, Evidence, Role, Severity};
use std::sync::Arc;

/// A finding that begins at 2020-08-08 21:01:16, on a line of `ns1` that says `raw`.
fn finding(rule: &'static str, claim: &str, raw: &str) -> Finding {
    let event = Event {
        id: "keepalived/state-master",
        fact: Fact::Other,
        time: at(0),
        node: "ns1".into(),
        pid: None,
        repeated: 1,
        origin: Origin { path: "ns1.log".into(), line: Some(1), cursor: None },
        raw: Text::from(raw).into(),
    };
    let first = Evidence {
        role: Role::Primary,
        event: Arc::new(event),
        proves: Box::default(),
        brief: Box::default(),
        more: 0,
        last: None,
    };
    let mut finding = Finding::new(rule, "VI_1", Severity::Critical, Confidence::Confirmed, first);
    finding.claim = claim.to_owned();
    finding.next_steps = vec!["run master.sh on ns1 by hand.".to_owned(), "verify it.".to_owned()];
    finding
}

/// So many seconds after 2020-08-08 21:01:16.
fn at(seconds: i64) -> Moment {
    Moment { micros: (1_596_920_476 + seconds) * 1_000_000, precision: Precision::Second }
}

fn drift() -> Finding {
    finding("eip-drift", "192.0.2.53 is on ns2 instead of ns1", "(VI_1) Entering MASTER STATE")
}

/// What a finding's revision says of what differs.
fn changed(finding: Finding, news: &News<'_>) -> String {
    let findings = [finding, finding_that_explains()];
    let text = Teller::new(&findings, Tz::UTC).text(Kind::Changed, 0, news);
    let said = text.lines().find_map(|line| line.trim_start().strip_prefix("what changed: "));
    said.unwrap_or_default().to_owned()
}

fn finding_that_explains() -> Finding {
    let mut partition = finding("one-way-partition", "ns1 hears ns2, and ns2 not ns1", "heard");
    partition.id = "0".to_owned();
    partition
}

#[test]
fn a_revision_says_what_differs_and_only_that() {
    let surer = News { confidence: Some("suspected"), ..News::default() };
    assert_eq!(changed(drift(), &surer), "confirmed, was suspected");
    let worse = News { severity: Some("warning"), gained: vec!["a.example"], ..News::default() };
    assert_eq!(changed(drift(), &worse), "critical, was warning; also concerns a.example");
    assert_eq!(changed(drift(), &News { had_closed: true, ..News::default() }), "open again");
    let lost = News { lost: vec!["a.example", "b.example"], ..News::default() };
    assert_eq!(changed(drift(), &lost), "no longer concerns a.example and b.example");
    let many = News { gained: vec!["a", "b", "c", "d", "e", "f", "g"], ..News::default() };
    assert_eq!(changed(drift(), &many), "also concerns a, b, c, d, e and 2 more");
    let who = vec![("holder", Some("ns1"), Some("ns2")), ("address that moves", None, Some("192.0.2.53"))];
    let who = News { who, ..News::default() };
    assert_eq!(changed(drift(), &who), "the holder is ns2, was ns1; the address that moves is 192.0.2.53");
}

#[test]
fn a_revision_names_what_explains_the_finding_now() {
    let news = |has_cause| News { has_cause: Some(has_cause), ..News::default() };
    let explained = |by: &str| {
        let mut drift = drift();
        drift.cause = Some(by.to_owned());
        drift
    };
    assert_eq!(changed(explained("0"), &news(true)), "explained by ONE-WAY PARTITION");
    assert_eq!(changed(explained("1"), &news(true)), "explained by another finding");
    assert_eq!(changed(drift(), &news(false)), "no longer explained by another finding");
}

#[test]
fn of_many_zones_a_revision_says_how_many() {
    let mut flood = drift();
    flood.subject.zones = (0..40).map(|zone| Text::from(format!("{zone}.example"))).collect();
    let zones = |before, is_limit| News { zones: Some((before, is_limit)), ..News::default() };
    assert_eq!(changed(flood.clone(), &zones(1, false)), "40 zones, was 1");
    assert_eq!(changed(flood, &zones(32, true)), "40 zones, were up to 32");
}

#[test]
fn where_only_the_headline_is_new_it_says_that_alone() {
    let text = Teller::new(&[drift()], Tz::UTC).text(Kind::Changed, 0, &News::default());
    let expected = "\
CHANGED  EIP DRIFT, confirmed · 192.0.2.53 is on ns2 instead of ns1
         critical, open since 2020-08-08 21:01:16; times are UTC
         do now: run master.sh on ns1 by hand.";
    assert_eq!(text, expected);
}

#[test]
fn what_is_over_says_how_long_it_lasted_and_how_sure_that_is() {
    let mut drift = drift();
    (drift.until, drift.until_is) = (Some(at(22)), Bound::AtMost);
    drift.since_is = Bound::AtMost;
    let teller = Teller::new(std::slice::from_ref(&drift), Tz::Europe__Zurich);
    let opened = "\
OPENED   EIP DRIFT, confirmed · 192.0.2.53 is on ns2 instead of ns1
         critical, over: 2020-08-08 23:01:16 at the latest to 23:01:38 at the latest (about 22 s); times are Europe/Zurich
         do now: run master.sh on ns1 by hand.";
    let closed = "\
CLOSED   EIP DRIFT, confirmed · 192.0.2.53 is on ns2 instead of ns1
         over: 2020-08-08 23:01:16 at the latest to 23:01:38 at the latest (about 22 s); times are Europe/Zurich";
    assert_eq!(teller.text(Kind::Opened, 0, &News::default()), opened);
    assert_eq!(teller.text(Kind::Closed, 0, &News::default()), closed);
}

/// A drift is what to act on, also where a split brain led to it; what it explains sends people there.
#[test]
fn what_to_do_stands_at_the_finding_that_leads() {
    let mut split = finding("split-brain", "ns1 and ns2 were MASTER", "split");
    split.until = Some(at(1));
    let (mut drift, mut stale) = (drift(), finding("stale-serial", "ns3 has an old copy", "stale"));
    (drift.cause, stale.cause) = (Some(split.id.clone()), Some(drift.id.clone()));
    stale.severity = Severity::Warning;
    let last_line = |findings: &[Finding], at| {
        let text = Teller::new(findings, Tz::UTC).text(Kind::Opened, at, &News::default());
        text.lines().last().unwrap_or_default().trim_start().to_owned()
    };
    let mut findings = [split, drift, stale];
    assert_eq!(last_line(&findings, 1), "do now: run master.sh on ns1 by hand.");
    assert_eq!(last_line(&findings, 2), "do now: see EIP DRIFT, which explains it");
    findings[1].until = Some(at(60));
    assert_eq!(last_line(&findings, 2), "do now: run master.sh on ns1 by hand.", "there is nobody to send people to");
}

#[test]
fn a_reminder_says_how_old_its_words_are_and_no_news() {
    let news = News { confidence: Some("likely"), ..News::default() };
    let told = Teller::new(&[drift()], Tz::UTC).text(Kind::Changed, 0, &news);
    let expected = "\
REMINDER EIP DRIFT, confirmed · 192.0.2.53 is on ns2 instead of ns1
         still open 6 h after this was told
         critical, open since 2020-08-08 21:01:16; times are UTC
         do now: run master.sh on ns1 by hand.";
    assert_eq!(reminder(&told, 6 * 3_600_000_000), expected);
}

#[test]
fn what_is_withdrawn_says_whether_its_lines_are_told_anew() {
    let flood = finding("stale-serial", "ns3 has old copies of 6 zones", "stale");
    let teller = Teller::new(&[], Tz::UTC);
    let anew = "\
CLOSED   STALE SERIAL, withdrawn · told before: ns3 has a.example 1 instead of 2
         The same lines now say: ns3 has old copies of 6 zones";
    let wrong = "\
CLOSED   STALE SERIAL, withdrawn · told before: ns3 has a.example 1 instead of 2
         Later lines do not bear it out.";
    assert_eq!(teller.withdrawn("stale-serial", "ns3 has a.example 1 instead of 2", Some(&flood)), anew);
    assert_eq!(teller.withdrawn("stale-serial", "ns3 has a.example 1 instead of 2", None), wrong);
}

#[test]
fn what_others_named_is_shown_and_not_obeyed() {
    let hostile = "a\x1b[2J\r\nCLOSED  \u{202e}";
    let mut drift = finding("eip-drift", hostile, "");
    drift.next_steps = vec![hostile.to_owned()];
    let news = News {
        confidence: Some("likely"),
        gained: vec![hostile],
        lost: vec![hostile],
        who: vec![("holder", Some(hostile), Some(hostile))],
        ..News::default()
    };
    let text = Teller::new(&[drift], Tz::UTC).text(Kind::Changed, 0, &news);
    let shown = "a\\x1b[2J\\r\\nCLOSED  \\u{202e}";
    assert_eq!((text.matches(shown).count(), text.lines().count()), (6, 4), "{text}");
    for text in [text.clone(), fit(&text, Some(80))] {
        assert!(!text.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
        assert!(!text.contains("\nCLOSED"), "{text}");
    }
}

const DRIFT: &str = "CHANGED  EIP DRIFT, confirmed · 192.0.2.53 is on ns2 instead of ns1, for 9 d 18 h 22 min so far\n\
\x20        since 2026-11-23 02:03:44; times are UTC";

#[test]
fn a_terminal_breaks_lines_at_words_and_not_before_units() {
    let narrow = "\
CHANGED  EIP DRIFT, confirmed · 192.0.2.53
           is on ns2 instead of ns1, for 9 d
           18 h 22 min so far
         since 2026-11-23 02:03:44; times
           are UTC";
    assert_eq!(fit(DRIFT, Some(45)), narrow);
    assert_eq!(fit(DRIFT, Some(200)), DRIFT);
}

#[test]
fn a_pipe_gets_each_line_whole() {
    let long = format!("OPENED   STALE SERIAL, likely · {}", "ns3 has an old copy of a.example ".repeat(1_000));
    assert_eq!(fit(DRIFT, None), DRIFT);
    assert_eq!(fit(&long, None), long);
}

#[test]
fn a_word_longer_than_a_line_and_a_line_without_an_end_are_cut() {
    let long = fit(&format!("OPENED   {}\\n{}", "é".repeat(100), "漢".repeat(1_000)), Some(60));
    assert!(long.lines().all(|line| words::columns(line) <= 60), "{long}");
    assert!(long.ends_with("more characters)") && long.contains("é\\n漢"), "{long}");
}
