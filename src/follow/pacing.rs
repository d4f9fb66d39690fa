//! When people are told: at once, after the quiet hours, again while it lasts, or many announcements as one.
//!
//! This is for what wakes people, programs and web hooks. Standard output and the journal are records: they have every change, at once.

use super::Change;
use super::ledger::Kind;
use crate::report::{announcement, change};
use chrono::{DateTime, Timelike};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

const MINUTE: i64 = 60_000_000;
/// Open findings that are remembered for reminders.
const OPEN_MAX: usize = 1_000;
/// Changes that wait for the end of quiet hours; of more only the number is told.
const HELD_MAX: usize = 1_000;
/// Findings that a flood names.
const NAMED_MAX: usize = 20;

/// How people want to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// An open finding is told again after so many microseconds.
    pub remind: Option<i64>,
    /// When nobody is to be woken.
    pub quiet: Vec<Quiet>,
    /// Whether that holds for what is critical too.
    pub is_quiet_critical: bool,
    /// The zone of the quiet hours.
    pub zone: Tz,
    /// More than this in a minute is told as one; what is critical and the rest are counted apart.
    pub per_minute: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { remind: None, quiet: Vec::new(), is_quiet_critical: false, zone: Tz::UTC, per_minute: 20 }
    }
}

/// Hours of every day in which nobody is to be woken, in minutes since midnight; `to` may be on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// First minute.
    pub from: u32,
    /// First minute after it.
    pub to: u32,
}

/// What a notification says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum What {
    /// A finding opened.
    Opened,
    /// A finding is surer, worse, or concerns others than before.
    Changed,
    /// A finding ended, or is not held any more.
    Closed,
    /// A finding is still open.
    Reminder,
    /// There are too many changes to tell them one by one.
    Flood,
}

impl What {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Closed => "closed",
            Self::Reminder => "reminder",
            Self::Flood => "flood",
        }
    }
}

impl From<Kind> for What {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Opened => Self::Opened,
            Kind::Changed => Self::Changed,
            Kind::Closed => Self::Closed,
        }
    }
}

/// What programs and web hooks are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// What it says.
    pub what: What,
    /// The same for the same notification, also where it is told again after a crash: receivers drop repeats by it.
    pub key: String,
    /// The finding's id; empty for a flood.
    pub id: String,
    /// The finding's rule; empty for a flood.
    pub rule: String,
    /// `critical`, `warning`, `info`; of a flood that of its worst.
    pub severity: String,
    /// `confirmed`, `likely`, `suspected`; empty for a flood.
    pub confidence: String,
    /// One sentence.
    pub claim: String,
    /// Nodes concerned.
    pub nodes: Vec<String>,
    /// Whether another finding explains it.
    pub has_cause: bool,
    /// `driftline.change/1` or `driftline.flood/1`, one line without its end.
    pub json: String,
    /// The same for people, without the last line's end.
    pub text: String,
}

/// Decides when a change is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pacing {
    #[serde(skip)]
    limits: Limits,
    /// By id, what was told last and when it is told again.
    open: BTreeMap<String, Open>,
    held: VecDeque<Change>,
    /// Of what is critical, and of the rest.
    minutes: [Minute; 2],
    /// Changes that found no place in `held`.
    unheld: Flood,
    /// When the first process that has this state began, in microseconds since 1970: another one's keys are others.
    began: i64,
    number: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    change: Change,
    /// When it came.
    since: i64,
    /// When it, or what explains it, was told last.
    told: i64,
}

/// What went out since the minute began, and what did not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Minute {
    since: Option<i64>,
    told: usize,
    flood: Flood,
}

/// Changes that are told as one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Flood {
    whats: BTreeMap<What, u64>,
    rules: BTreeMap<String, u64>,
    ids: Vec<String>,
    is_critical: bool,
}

impl Pacing {
    /// Nothing told yet, and these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// A process begins by the clock; it is the first one, or goes on.
    pub fn begin(&mut self, now: i64) {
        if self.began == 0 {
            self.began = now;
        }
    }

    /// By these limits, now and from now on.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// A change → what is told of it now. Times are microseconds since 1970.
    pub fn take(&mut self, change: Change, now: i64) -> Vec<Notification> {
        let mut told = self.due(now);
        self.remember(&change, now);
        if self.is_quiet(now, &change) || !self.held.is_empty() && !is_critical(&change) {
            self.hold(change);
        } else {
            told.extend(self.let_out(&change, change.kind.into(), now));
        }
        told
    }

    /// What is told now because time has passed.
    pub fn due(&mut self, now: i64) -> Vec<Notification> {
        let mut told = Vec::new();
        for at in 0..self.minutes.len() {
            if self.minutes[at].since.is_some_and(|since| now.saturating_sub(since) >= MINUTE || now < since) {
                let minute = std::mem::take(&mut self.minutes[at]);
                told.extend(self.in_one(&minute.flood, "a minute"));
            }
        }
        while self.held.front().is_some_and(|change| !self.is_quiet(now, change)) {
            let Some(change) = self.held.pop_front() else { break };
            told.extend(self.let_out(&change, change.kind.into(), now));
        }
        if self.held.is_empty() {
            let unheld = std::mem::take(&mut self.unheld);
            told.extend(self.in_one(&unheld, "the quiet hours"));
        }
        told.extend(self.reminders(now));
        told
    }

    fn remember(&mut self, change: &Change, now: i64) {
        if !change.is_open {
            // A revision may be of what is over.
            self.open.remove(&change.id);
        } else if self.open.len() < OPEN_MAX || self.open.contains_key(&change.id) {
            self.open.insert(change.id.clone(), Open { change: change.clone(), since: now, told: now });
        }
    }

    fn reminders(&mut self, now: i64) -> Vec<Notification> {
        let Some(remind) = self.limits.remind else { return Vec::new() };
        let due: Vec<String> = self
            .open
            .iter()
            .filter(|(_, open)| now.saturating_sub(open.told) >= remind && !self.is_quiet(now, &open.change))
            .map(|(id, _)| id.clone())
            .collect();
        let mut told = Vec::new();
        for id in due {
            let Some(open) = self.open.get_mut(&id) else { continue };
            open.told = now;
            let (change, since) = (open.change.clone(), open.since);
            // What another open finding explains is told by that one's reminder, unless it is worse.
            let cause = change.cause.as_ref().and_then(|cause| self.open.get(cause));
            if cause.is_some_and(|cause| is_critical(&cause.change) || !is_critical(&change)) {
                continue;
            }
            told.extend(self.let_out(&reminder_of(change, now - since), What::Reminder, now));
        }
        told
    }

    fn is_quiet(&self, now: i64, change: &Change) -> bool {
        if is_critical(change) && !self.limits.is_quiet_critical {
            return false;
        }
        let local = DateTime::from_timestamp_micros(now).unwrap_or_default().with_timezone(&self.limits.zone);
        let minute = local.hour() * 60 + local.minute();
        self.limits.quiet.iter().any(|quiet| match quiet.from <= quiet.to {
            true => (quiet.from..quiet.to).contains(&minute),
            false => minute >= quiet.from || minute < quiet.to,
        })
    }

    /// Keeps it for the end of the quiet hours. Of what has closed by then only the end is told.
    fn hold(&mut self, change: Change) {
        if change.kind == Kind::Closed {
            self.held.retain(|held| held.id != change.id);
        }
        if self.held.len() < HELD_MAX {
            self.held.push_back(change);
        } else {
            self.unheld.add(&change, change.kind.into());
        }
    }

    fn let_out(&mut self, change: &Change, what: What, now: i64) -> Option<Notification> {
        let minute = &mut self.minutes[usize::from(!is_critical(change))];
        minute.since.get_or_insert(now);
        if minute.told >= self.limits.per_minute {
            minute.flood.add(change, what);
            return None;
        }
        minute.told += 1;
        Some(Notification {
            what,
            key: self.key(&format!("{}-{}", change.id, what.word())),
            id: change.id.clone(),
            rule: change.rule.clone(),
            severity: change.severity.clone(),
            confidence: change.confidence.clone(),
            claim: change.claim.clone(),
            nodes: change.nodes.clone(),
            has_cause: change.cause.is_some(),
            json: change.json.clone(),
            text: change.text.clone(),
        })
    }

    /// All of a flood as one; `None` if there was none.
    fn in_one(&mut self, flood: &Flood, within: &str) -> Option<Notification> {
        let changes: u64 = flood.whats.values().sum();
        if changes == 0 {
            return None;
        }
        let plural = |what: &What, count: u64| if *what == What::Reminder && count > 1 { "s" } else { "" };
        let said = |(what, count): (&What, &u64)| format!("{count} {}{}", what.word(), plural(what, *count));
        let whats: Vec<String> = flood.whats.iter().map(said).collect();
        let rules: Vec<String> = flood.rules.iter().map(|(rule, count)| format!("{count} of {rule}")).collect();
        let claim = format!(
            "{changes} more {} within {within}: {}; {}.",
            if changes == 1 { "announcement" } else { "announcements" },
            whats.join(", "),
            rules.join(", ")
        );
        let json = change::flood(
            &flood.whats.iter().map(|(what, count)| (what.word(), *count)).collect(),
            &flood.rules,
            &flood.ids,
        );
        Some(Notification {
            what: What::Flood,
            key: self.key("flood"),
            id: String::new(),
            rule: String::new(),
            severity: if flood.is_critical { "critical" } else { "warning" }.to_owned(),
            confidence: String::new(),
            text: format!("{:<8} {claim} `driftline analyze` tells them all.", "FLOOD"),
            claim,
            nodes: Vec::new(),
            has_cause: false,
            json,
        })
    }

    fn key(&mut self, of: &str) -> String {
        self.number += 1;
        format!("{of}-{}-{}", self.began / 1_000_000, self.number)
    }
}

impl Flood {
    fn add(&mut self, change: &Change, what: What) {
        *self.whats.entry(what).or_default() += 1;
        *self.rules.entry(change.rule.clone()).or_default() += 1;
        self.is_critical |= is_critical(change);
        if self.ids.len() < NAMED_MAX && !self.ids.contains(&change.id) {
            self.ids.push(change.id.clone());
        }
    }
}

/// A change of an open finding as the reminder, so many microseconds later, that it is still open.
fn reminder_of(change: Change, later: i64) -> Change {
    let (json, text) = (change::reminder(&change.json), announcement::reminder(&change.text, later));
    Change { json, text, ..change }
}

fn is_critical(change: &Change) -> bool {
    change.severity == "critical"
}

#[cfg(test)]
pub(super) mod tests;
