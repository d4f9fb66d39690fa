//! One announcement of `follow` for people: a few lines, of which the first begins with what became of the finding.

use super::blocks::leaders;
use super::change::Kind;
use super::page::Page;
use super::table::{self, Look};
use super::words::{self, sentence};
use crate::finding::Finding;
use crate::moment::{Moment, Precision};
use chrono_tz::Tz;
use std::cell::OnceCell;

/// Left of all lines of a text but the first, which has its word there.
const INDENT: &str = "         ";
/// What a line begins with that says what a revision changed.
const CHANGED: &str = "         what changed: ";
/// What goes on on a line of the terminal stands so far to the right of what begins there.
const HANG: usize = 2;

/// What differs from what was told of a finding before; what does not is `None`, `false` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News<'a> {
    /// How bad it was.
    pub severity: Option<&'a str>,
    /// How sure it was.
    pub confidence: Option<&'a str>,
    /// It is open, and was closed.
    pub had_closed: bool,
    /// Whether another finding explains it now.
    pub has_cause: Option<bool>,
    /// Nodes and zones that it concerns, and did not.
    pub gained: Vec<&'a str>,
    /// Nodes and zones that it concerned, and does not any more.
    pub lost: Vec<&'a str>,
    /// How many zones it concerned, where they are too many to be named, and whether there were fewer than that.
    pub zones: Option<(usize, bool)>,
    /// What is who: `holder`, who was it, who is it.
    pub who: Vec<(&'static str, Option<&'a str>, Option<&'a str>)>,
}

/// Names told in one list.
const NAMES_MAX: usize = 5;

/// Announcements for people, of the findings of one look.
#[derive(Debug)]
pub struct Teller<'a> {
    findings: &'a [Finding],
    /// For each, which one leads its chain of causes; worked out when it is asked for.
    leaders: OnceCell<Vec<usize>>,
    zone: Tz,
}

impl<'a> Teller<'a> {
    /// For these findings and a reader in `zone`.
    #[must_use]
    pub fn new(findings: &'a [Finding], zone: Tz) -> Self {
        Self { findings, leaders: OnceCell::new(), zone }
    }

    /// A few lines on the finding at `at`, without the last one's end: what, how sure, what changed; how bad, since when; what to do,
    /// while it lasts.
    #[must_use]
    pub fn text(&self, kind: Kind, at: usize, news: &News<'_>) -> String {
        let (finding, zone) = (&self.findings[at], self.zone);
        let mut text =
            headed(kind, finding.rule, words::confidence(finding.confidence), &sentence(&finding.claim, zone));
        let changed = self.changed(finding, news);
        if kind == Kind::Changed && !changed.is_empty() {
            text.push_str(&format!("\n{CHANGED}{}", changed.join("; ")));
        }
        let severity = words::severity(finding.severity);
        let when = match (kind, finding.until) {
            (_, None) => format!("{severity}, open since {}", table::since(finding.since, finding.since_is, zone)),
            (Kind::Closed, Some(_)) => format!("over: {}", table::lasted(finding, zone)),
            (Kind::Opened | Kind::Changed, Some(_)) => format!("{severity}, over: {}", table::lasted(finding, zone)),
        };
        text.push_str(&format!("\n{INDENT}{when}; times are {zone}"));
        if kind != Kind::Closed
            && let Some(to_do) = self.to_do(at, news)
        {
            text.push_str(&format!("\n{INDENT}{to_do}"));
        }
        text
    }

    /// What was told of a finding that is no longer held; `anew` is the one that now rests on lines of its.
    #[must_use]
    pub fn withdrawn(&self, rule: &str, claim: &str, anew: Option<&Finding>) -> String {
        let head = headed(Kind::Closed, rule, "withdrawn", &format!("told before: {}", sentence(claim, self.zone)));
        let why = match anew {
            Some(anew) => format!("The same lines now say: {}", sentence(&anew.claim, self.zone)),
            None => "Later lines do not bear it out.".to_owned(),
        };
        format!("{head}\n{INDENT}{why}")
    }

    /// The first step, or where it stands: one thing is to be done about a chain of causes, not one about each of its effects.
    fn to_do(&self, at: usize, news: &News<'_>) -> Option<String> {
        let lead = self.leaders.get_or_init(|| leaders(self.findings))[at];
        let (finding, lead) = (&self.findings[at], &self.findings[lead]);
        if lead.id != finding.id && lead.is_open() {
            let why = if news.has_cause.is_some() { "" } else { ", which explains it" };
            return Some(format!("do now: see {}{why}", words::title(lead.rule)));
        }
        finding.next_steps.first().map(|step| format!("do now: {}", sentence(step, self.zone)))
    }

    /// `confirmed, was likely`, `also concerns example.com`: what heads the announcement first.
    fn changed(&self, finding: &Finding, news: &News<'_>) -> Vec<String> {
        let mut said = Vec::new();
        if let Some(before) = news.severity {
            said.push(format!("{}, was {before}", words::severity(finding.severity)));
        }
        if let Some(before) = news.confidence {
            said.push(format!("{}, was {before}", words::confidence(finding.confidence)));
        }
        if news.had_closed {
            said.push("open again".to_owned());
        }
        match news.has_cause {
            Some(true) => said.push(format!("explained by {}", self.cause(finding))),
            Some(false) => said.push("no longer explained by another finding".to_owned()),
            None => {}
        }
        if !news.gained.is_empty() {
            said.push(format!("also concerns {}", names(&news.gained)));
        }
        if !news.lost.is_empty() {
            said.push(format!("no longer concerns {}", names(&news.lost)));
        }
        if let Some((before, is_limit)) = news.zones {
            let up_to = if is_limit { "up to " } else { "" };
            let now = words::count(finding.subject.zones.len(), "zone", "zones");
            said.push(format!("{now}, {} {up_to}{before}", if before == 1 { "was" } else { "were" }));
        }
        for (what, before, now) in &news.who {
            let now = now.map_or("not known any more".into(), words::visible);
            let was = before.map_or(String::new(), |before| format!(", was {}", words::visible(before)));
            said.push(format!("the {what} is {now}{was}"));
        }
        said
    }

    /// What explains a finding: `EIP DRIFT`.
    fn cause(&self, finding: &Finding) -> String {
        let cause = self.findings.iter().find(|other| finding.cause.as_ref() == Some(&other.id));
        cause.map_or("another finding".to_owned(), |cause| words::title(cause.rule))
    }
}

/// An announcement as a reminder, so many microseconds later, that it is still so. What changed then is not told again.
#[must_use]
pub fn reminder(text: &str, later: i64) -> String {
    // What each line begins with is ours: no text of a log stands before it.
    let mut lines = text.lines();
    let told = lines.next().and_then(|head| head.split_at_checked(INDENT.len())).map_or(text, |(_, told)| told);
    let from = Moment { micros: 0, precision: Precision::Second };
    let later = words::duration(from, Moment { micros: later, ..from });
    let mut reminder = format!("{:<8} {told}\n{INDENT}still open {later} after this was told", "REMINDER");
    for line in lines.filter(|line| !line.starts_with(CHANGED)) {
        reminder.push('\n');
        reminder.push_str(line);
    }
    reminder
}

/// The end of a finding that was over when it was found, right below what was told of its beginning.
#[must_use]
pub fn closed_at_once(rule: &str, confidence: &str) -> String {
    headed(Kind::Closed, rule, confidence, "over when it was found, see above")
}

/// `CLOSED   EIP DRIFT, confirmed · 192.0.2.53 was on ns2 instead of ns1`.
fn headed(kind: Kind, rule: &str, how: &str, what: &str) -> String {
    format!("{:<8} {}, {how} · {what}", kind.word().to_uppercase(), words::title(rule))
}

/// `a.example`, `a.example and b.example`, `a.example, …, e.example and 3 more`.
fn names(names: &[&str]) -> String {
    let mut said: Vec<String> = names.iter().take(NAMES_MAX).map(|name| words::visible(name).into_owned()).collect();
    if names.len() > NAMES_MAX {
        said.push(format!("{} more", names.len() - NAMES_MAX));
    }
    let Some(last) = said.pop() else { return String::new() };
    if said.is_empty() { last } else { format!("{} and {last}", said.join(", ")) }
}

/// A text of an announcement as standard output has it, without the last line's end: on a terminal of so many columns broken at words,
/// elsewhere as it is.
#[must_use]
pub fn fit(text: &str, width: Option<usize>) -> String {
    if width.is_none() {
        return text.to_owned();
    }
    let look = Look { width, color: false, zone: Tz::UTC, fail_on: None, exit: 0, hint: "" };
    let mut page = Page::new(&look);
    for line in text.lines() {
        let (first, said) = line.split_at_checked(INDENT.len()).unwrap_or(("", line));
        page.hang(first, INDENT.len() + HANG, &page.short(said.to_owned()));
    }
    page.text.truncate(page.text.trim_end_matches('\n').len());
    page.text
}

#[cfg(test)]
mod tests {
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
            proves: String::new(),
            brief: String::new(),
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
        assert_eq!(
            last_line(&findings, 2),
            "do now: run master.sh on ns1 by hand.",
            "there is nobody to send people to"
        );
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
}
