//! One announcement of `follow`: `driftline.change/1` for machines, a few lines for people.

use super::json::{WireFinding, escape_hidden};
use super::page::Page;
use super::table::Look;
use super::words::{self, sentence};
use crate::finding::Finding;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SCHEMA: &str = "driftline.change/1";
/// Left of all lines of a text but the first, which has its word there.
const INDENT: &str = "         ";
/// What goes on on a line of the terminal stands so far to the right of what begins there.
const HANG: usize = 2;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// It was not there before.
    Opened,
    /// It is surer, worse, or concerns others than before; or less of that.
    Changed,
    /// It ended, or later lines do not bear it out.
    Closed,
}

impl Kind {
    /// The word in `driftline.change/1`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Closed => "closed",
        }
    }
}

#[derive(Serialize)]
struct WireChange<'a> {
    schema: &'static str,
    change: &'static str,
    finding: WireFinding<'a>,
}

/// One line of `driftline.change/1`, without its end.
#[must_use]
pub fn json(kind: Kind, finding: &Finding) -> String {
    let wire = WireChange { schema: SCHEMA, change: kind.word(), finding: WireFinding::new(finding) };
    escape_hidden(&serde_json::to_string(&wire).expect("strings and numbers have a form"))
}

/// `change`, the line of a finding that opened or changed, as a reminder that it is still so: `changed`, marked `"reminder":true`.
#[must_use]
pub fn reminder(change: &str) -> String {
    // What the line begins with is ours: no text of a log stands before it.
    let (_, finding) = change.split_once(r#","finding":"#).unwrap_or_default();
    format!(r#"{{"schema":"{SCHEMA}","change":"{}","reminder":true,"finding":{finding}"#, Kind::Changed.word())
}

#[derive(Serialize)]
struct WireFlood<'a> {
    schema: &'static str,
    changes: u64,
    by_change: &'a BTreeMap<&'static str, u64>,
    by_rule: &'a BTreeMap<String, u64>,
    findings: &'a [String],
}

/// Announcements that are told as one: how many by change and by rule, and some of the findings' ids.
#[must_use]
pub fn flood(by_change: &BTreeMap<&'static str, u64>, by_rule: &BTreeMap<String, u64>, ids: &[String]) -> String {
    let changes = by_change.values().sum();
    let wire = WireFlood { schema: "driftline.flood/1", changes, by_change, by_rule, findings: ids };
    escape_hidden(&serde_json::to_string(&wire).expect("strings and numbers have a form"))
}

/// The announcement of a finding that is no longer held, from its JSON as told last: JSON and text.
#[must_use]
pub fn withdrawn(finding: &str, claim: &str, rule: &str) -> (String, String) {
    let mut finding: serde_json::Value = serde_json::from_str(finding).unwrap_or_default();
    finding["state"] = "closed".into();
    finding["withdrawn"] = true.into();
    let wire = serde_json::json!({ "schema": SCHEMA, "change": Kind::Closed.word(), "finding": finding });
    let text = format!(
        "{:<8} {}, withdrawn · {}\n{INDENT}Later lines do not bear it out.",
        "CLOSED",
        words::title(rule),
        words::visible(claim)
    );
    (escape_hidden(&wire.to_string()), text)
}

/// A few lines for people, without the last one's end: what, how sure, since when; what to do, while it lasts. `what` is what was told
/// before and what holds now.
#[must_use]
pub fn text(kind: Kind, finding: &Finding, what: Option<(&str, &str)>, zone: Tz) -> String {
    let time = match (kind, finding.until) {
        (Kind::Closed, Some(until)) => until,
        (Kind::Closed, None) | (Kind::Opened | Kind::Changed, _) => finding.since,
    };
    let mut text = format!(
        "{:<8} {}, {} · {}\n{INDENT}{}{}; times are {}",
        kind.word().to_uppercase(),
        words::title(finding.rule),
        words::confidence(finding.confidence),
        sentence(&finding.claim, zone),
        if kind == Kind::Closed { "ended " } else { "since " },
        words::date_and_clock(time, zone),
        zone.name(),
    );
    if let (Kind::Changed, Some((before, now))) = (kind, what) {
        text.push_str(&format!("\n{INDENT}was: {}; is: {}", words::visible(before), words::visible(now)));
    }
    if kind != Kind::Closed && finding.cause.is_none() {
        for step in finding.next_steps.iter().take(1) {
            text.push_str(&format!("\n{INDENT}do now: {}", sentence(step, zone)));
        }
    }
    text
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
