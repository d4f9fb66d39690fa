//! What has been announced: findings now against findings told → what opened, changed, closed.
//!
//! A change is what an operator would act on: how sure, how bad, whom it concerns, whether it lasts. A finding that is worded anew, or
//! lasts a minute longer, is not news.

use crate::finding::{Confidence, Finding, Severity};
use crate::report::{change, json};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use crate::report::change::Kind;

/// One announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it is.
    pub kind: Kind,
    /// The finding's id.
    pub id: String,
    /// Its rule.
    pub rule: String,
    /// `critical`, `warning`, `info`.
    pub severity: String,
    /// `confirmed`, `likely`, `suspected`.
    pub confidence: String,
    /// One sentence.
    pub claim: String,
    /// Nodes concerned.
    pub nodes: Vec<String>,
    /// It is told inside another finding, its cause.
    pub has_cause: bool,
    /// `driftline.change/1`, one line without its end.
    pub json: String,
    /// The same for people.
    pub text: String,
}

/// What was told of one finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    scope: Scope,
    /// The finding as it was told last, for the case that it is no longer held.
    finding: String,
    claim: String,
    /// It was closed before anyone listened: nothing was said.
    is_silent: bool,
}

/// What makes a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Scope {
    rule: String,
    severity: String,
    confidence: String,
    is_open: bool,
    has_cause: bool,
    nodes: Vec<String>,
    /// Of zones the names, as long as they are few.
    zones: Vec<String>,
    zones_count: usize,
    who: [Option<String>; 4],
}

/// Zones compared by name; of more only the number counts, by powers of two: a flood that grows is not a thousand changes.
const ZONES_NAMED: usize = 20;
/// Closed findings remembered.
const CLOSED_MAX: usize = 10_000;

/// What was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    told: BTreeMap<String, Told>,
}

impl Ledger {
    /// What is new in `findings`, in their order; findings that are no longer held come last. `quietly`: what is closed by now is
    /// noted and not told.
    pub fn settle(&mut self, findings: &[Finding], zone: Tz, quietly: bool) -> Vec<Change> {
        let mut changes = Vec::new();
        for finding in findings {
            let scope = Scope::of(finding);
            let known = self.told.get(&finding.id);
            let kind = match known {
                None => Some(Kind::Opened),
                Some(told) if told.scope == scope => None,
                Some(told) if told.scope.is_open && !scope.is_open => Some(Kind::Closed),
                Some(told) if told.is_silent && !scope.is_open => None,
                Some(_) => Some(Kind::Changed),
            };
            let Some(kind) = kind else { continue };
            let is_silent = kind == Kind::Opened && !scope.is_open && quietly;
            let before = known.filter(|told| !told.is_silent).map(|told| told.scope.in_words());
            let told =
                Told { finding: json::finding(finding), claim: finding.claim.clone(), is_silent, scope: scope.clone() };
            if !is_silent {
                if kind == Kind::Opened && !scope.is_open {
                    // It came and went between two looks.
                    changes.push(change_of(Kind::Opened, finding, &scope, zone, None));
                    changes.push(change_of(Kind::Closed, finding, &scope, zone, None));
                } else {
                    changes.push(change_of(kind, finding, &scope, zone, before));
                }
            }
            self.told.insert(finding.id.clone(), told);
        }
        changes.extend(self.withdraw(findings, |told| told.is_open));
        self.forget_old();
        changes
    }

    /// Findings told as closed that are not held any more since lines came late: those of another host may move where an episode began, and
    /// with that its id. Lines in their order take nothing back that has closed, nor does a limit that made us forget lines.
    pub fn withdraw_closed(&mut self, findings: &[Finding]) -> Vec<Change> {
        self.withdraw(findings, |told| !told.is_open)
    }

    /// Findings told as open.
    pub fn open(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.told
            .iter()
            .filter(|(_, told)| told.scope.is_open)
            .map(|(id, told)| (&**id, &*told.scope.rule, &*told.scope.severity))
    }

    /// Findings told, of those that are meant, that are not held any more.
    fn withdraw(&mut self, findings: &[Finding], is_meant: fn(&Scope) -> bool) -> Vec<Change> {
        let held: std::collections::BTreeSet<&str> = findings.iter().map(|finding| &*finding.id).collect();
        let gone: Vec<String> = self
            .told
            .iter()
            .filter(|(id, told)| is_meant(&told.scope) && !told.is_silent && !held.contains(&***id))
            .map(|(id, _)| id.clone())
            .collect();
        let mut changes = Vec::new();
        for id in gone {
            let Some(told) = self.told.remove(&id) else { continue };
            let (json, text) = change::withdrawn(&told.finding, &told.claim, &told.scope.rule);
            changes.push(Change {
                kind: Kind::Closed,
                id,
                rule: told.scope.rule,
                severity: told.scope.severity,
                confidence: told.scope.confidence,
                claim: told.claim,
                nodes: told.scope.nodes,
                has_cause: told.scope.has_cause,
                json,
                text,
            });
        }
        changes
    }

    fn forget_old(&mut self) {
        if self.told.len() > CLOSED_MAX {
            self.told.retain(|_, told| told.scope.is_open);
        }
    }
}

fn change_of(kind: Kind, finding: &Finding, scope: &Scope, zone: Tz, before: Option<String>) -> Change {
    let what = before.map(|before| (before, scope.in_words()));
    let what = what.as_ref().map(|(before, now)| (before.as_str(), now.as_str()));
    Change {
        kind,
        id: finding.id.clone(),
        rule: scope.rule.clone(),
        severity: scope.severity.clone(),
        confidence: scope.confidence.clone(),
        claim: finding.claim.clone(),
        nodes: scope.nodes.clone(),
        has_cause: scope.has_cause,
        json: change::json(kind, finding),
        text: change::text(kind, finding, what, zone),
    }
}

impl Scope {
    fn of(finding: &Finding) -> Self {
        let subject = &finding.subject;
        let mut nodes: Vec<String> = subject.nodes.iter().chain(&subject.node).map(|node| node.to_string()).collect();
        nodes.sort();
        nodes.dedup();
        let are_few = subject.zones.len() <= ZONES_NAMED;
        Self {
            rule: finding.rule.to_owned(),
            severity: match finding.severity {
                Severity::Critical => "critical",
                Severity::Warning => "warning",
                Severity::Info => "info",
            }
            .to_owned(),
            confidence: match finding.confidence {
                Confidence::Confirmed => "confirmed",
                Confidence::Likely => "likely",
                Confidence::Suspected => "suspected",
            }
            .to_owned(),
            is_open: finding.is_open(),
            has_cause: finding.cause.is_some(),
            nodes,
            zones: if are_few { subject.zones.iter().map(|zone| zone.to_string()).collect() } else { Vec::new() },
            zones_count: if are_few { subject.zones.len() } else { subject.zones.len().next_power_of_two() },
            who: [&subject.holder, &subject.owner, &subject.resource, &subject.address]
                .map(|who| who.as_ref().map(|who| who.to_string())),
        }
    }

    /// `critical, likely; dnsmaster, dnsmaster2; 3 zones`.
    fn in_words(&self) -> String {
        let mut words = format!("{}, {}", self.severity, self.confidence);
        if !self.nodes.is_empty() {
            words.push_str(&format!("; {}", self.nodes.join(", ")));
        }
        match self.zones_count {
            0 => {}
            1 => words.push_str("; 1 zone"),
            count if self.zones.is_empty() => words.push_str(&format!("; up to {count} zones")),
            count => words.push_str(&format!("; {count} zones")),
        }
        words
    }
}
