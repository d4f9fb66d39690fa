//! What has been announced: findings now against findings told → what opened, changed, closed.

use super::scope::Scope;
use crate::event::Text;
use crate::finding::{Evidence, Finding, Role};
use crate::report::announcement::{News, Teller};
use crate::report::{change, json};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// It still lasts.
    pub is_open: bool,
    /// The id of the finding that explains it.
    pub cause: Option<String>,
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
    finding: Text,
    claim: String,
    /// It was closed before anyone listened: nothing was said.
    is_silent: bool,
}

/// Closed findings remembered.
const CLOSED_MAX: usize = 10_000;

/// What was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    told: BTreeMap<String, Told>,
}

impl Ledger {
    /// What is new in `findings`, in their order; findings that are no longer held come last. What was over by `no_news` (microseconds
    /// since 1970) is noted and not told. `may_have_moved`: lines came late, which may move where an episode began, and with that its id;
    /// then what was told as closed is withdrawn too where it is not held.
    pub fn settle(&mut self, findings: &[Finding], zone: Tz, no_news: i64, may_have_moved: bool) -> Vec<Change> {
        let teller = Teller::new(findings, zone);
        let mut changes = Vec::new();
        for (at, finding) in findings.iter().enumerate() {
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
            let is_over = finding.until.is_some_and(|until| until.micros <= no_news);
            let is_silent = kind == Kind::Opened && !scope.is_open && is_over;
            let news = known.map_or_else(News::default, |told| match told.is_silent {
                // Of what was never told nothing differs but that it is there.
                true => News { had_closed: true, ..News::default() },
                false => scope.news(&told.scope),
            });
            if !is_silent {
                let change = |kind| change_of(kind, finding, &scope, teller.text(kind, at, &news));
                changes.push(change(kind));
                if kind == Kind::Opened && !scope.is_open {
                    // It came and went between two looks.
                    changes.push(change(Kind::Closed));
                }
            }
            let told = Told { finding: json::finding(finding).into(), claim: finding.claim.clone(), is_silent, scope };
            self.told.insert(finding.id.clone(), told);
        }
        changes.extend(self.withdraw(findings, &teller, may_have_moved));
        self.forget_old(findings);
        changes
    }

    /// Findings told as open.
    pub fn open(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.told
            .iter()
            .filter(|(_, told)| told.scope.is_open)
            .map(|(id, told)| (&**id, &*told.scope.rule, &*told.scope.severity))
    }

    /// Findings told as open, or `closed` too, that are not held any more.
    fn withdraw(&mut self, findings: &[Finding], teller: &Teller<'_>, closed: bool) -> Vec<Change> {
        let held: BTreeSet<&str> = findings.iter().map(|finding| &*finding.id).collect();
        let gone: Vec<String> = self
            .told
            .iter()
            .filter(|(id, told)| (closed || told.scope.is_open) && !told.is_silent && !held.contains(&***id))
            .map(|(id, _)| id.clone())
            .collect();
        let mut changes = Vec::new();
        for id in gone {
            let Some(told) = self.told.remove(&id) else { continue };
            let json = change::withdrawn(&told.finding);
            let text = teller.withdrawn(&told.scope.rule, &told.claim, anew(&told, findings));
            changes.push(Change {
                kind: Kind::Closed,
                id,
                rule: told.scope.rule,
                severity: told.scope.severity,
                confidence: told.scope.confidence,
                claim: told.claim,
                nodes: told.scope.nodes,
                is_open: false,
                cause: change::cause(&told.finding),
                json,
                text,
            });
        }
        changes
    }

    /// What is still found would be told as new if it were forgotten.
    fn forget_old(&mut self, findings: &[Finding]) {
        if self.told.len() > CLOSED_MAX {
            let held: BTreeSet<&str> = findings.iter().map(|finding| &*finding.id).collect();
            self.told.retain(|id, told| told.scope.is_open || held.contains(&**id));
        }
    }
}

/// The finding of the same rule that now rests on a line of one that is no longer held: several that became one, or one that has another
/// begin. Rather one that is open.
fn anew<'a>(told: &Told, findings: &'a [Finding]) -> Option<&'a Finding> {
    let lines = change::rests_on(&told.finding);
    let is_of = |line: &Evidence| {
        line.role == Role::Primary && lines.contains(&(line.event.node.to_string(), line.event.raw.text().into_owned()))
    };
    let rests = |finding: &&Finding| finding.rule == told.scope.rule && finding.evidence().iter().any(is_of);
    findings.iter().filter(rests).min_by_key(|finding| !finding.is_open())
}

fn change_of(kind: Kind, finding: &Finding, scope: &Scope, text: String) -> Change {
    Change {
        kind,
        id: finding.id.clone(),
        rule: scope.rule.clone(),
        severity: scope.severity.clone(),
        confidence: scope.confidence.clone(),
        claim: finding.claim.clone(),
        nodes: scope.nodes.clone(),
        is_open: scope.is_open,
        cause: finding.cause.clone(),
        json: change::json(kind, finding),
        text,
    }
}
