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
    let look = Look { width, color: false, zone: Tz::UTC, fail_on: None, exit: 0, hint: "", threads: 1 };
    let mut page = Page::new(&look);
    for line in text.lines() {
        let (first, said) = line.split_at_checked(INDENT.len()).unwrap_or(("", line));
        page.hang(first, INDENT.len() + HANG, &page.short(said.to_owned()));
    }
    page.text.truncate(page.text.trim_end_matches('\n').len());
    page.text
}

#[cfg(test)]
mod tests;
