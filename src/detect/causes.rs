//! What one finding explains of another, worked out after all rules have spoken.
//!
//! A drift explains the refusals, NOTIFYs and old copies it led to; a split-brain or a failed script explains the drift.

use super::words::{length, list};
use crate::event::{Pdns, Text};
use crate::finding::{Finding, ZoneImpact};
use crate::moment::Moment;
use crate::world::{Seen, World};
use std::collections::{BTreeMap, BTreeSet};

/// Stamps of cause and effect on two hosts: the pairs' own delay.
const SLACK_MICROS: i64 = 5_000_000;
/// Secondaries notice the end of a drift at their next refresh.
const AFTERMATH_MICROS: i64 = 3_600_000_000;

/// Sets `cause` and tells the effects inside their cause.
pub(super) fn link(findings: &mut [Finding], world: &World) {
    let causes = Causes::of(findings);
    let linked: Vec<(Option<String>, Option<Moment>)> = findings
        .iter()
        .map(|finding| {
            let cause = cause_of(finding, &causes, world);
            let until = finding.until.or_else(|| over_with(finding, cause?, &causes));
            (cause.map(str::to_owned), until)
        })
        .collect();
    for (finding, (cause, until)) in findings.iter_mut().zip(linked) {
        (finding.cause, finding.until) = (cause, until);
    }
    let mut caused = BTreeMap::<String, Vec<usize>>::new();
    for (at, finding) in findings.iter().enumerate() {
        if let Some(cause) = &finding.cause {
            caused.entry(cause.clone()).or_default().push(at);
        }
    }
    for drift in 0..findings.len() {
        if findings[drift].rule == "eip-drift" {
            let caused = caused.get(&findings[drift].id).map(Vec::as_slice).unwrap_or_default();
            let caused: Vec<&Finding> = caused.iter().map(|at| &findings[*at]).collect();
            let first_symptom = caused.iter().map(|finding| finding.since).min_by_key(|since| since.micros);
            let (story, impact, zones) = effects(&findings[drift], &caused, first_symptom);
            let finding = &mut findings[drift];
            finding.first_symptom = first_symptom;
            // What it hit stands before how it ended.
            let end = finding.story.len().saturating_sub(1);
            let at = if finding.story.len() > 1 { end } else { finding.story.len() };
            finding.story.splice(at..at, story);
            finding.impact = impact;
            finding.subject.zones = zones;
        }
    }
}

/// The id of what explains a finding.
fn cause_of<'a>(finding: &Finding, causes: &'a Causes<'_>, world: &World) -> Option<&'a str> {
    match finding.rule {
        "eip-drift" => cause_of_drift(finding, causes),
        "split-brain" => cause_of_split(finding, causes),
        "takeover-script-failed"
        | "master-flapping"
        | "no-master"
        | "advert-mismatch"
        | "one-way-partition"
        | "vm-pause" => None,
        "notify-from-non-master" => cause_of_notify(finding, causes, world),
        "transfer-refused" => cause_of_refusal(finding, causes),
        "primary-unreachable" | "serial-regression" => cause_at_address(finding, causes),
        "notify-unacknowledged" => cause_of_silence(finding, causes),
        _ => cause_of_stale(finding, causes),
    }
}

/// What an address that moves made of NOTIFYs is over with that, however long no further one came.
fn over_with(finding: &Finding, cause: &str, causes: &Causes<'_>) -> Option<Moment> {
    if finding.rule != "notify-from-non-master" {
        return None;
    }
    let end = causes.end_of(cause)?;
    let last = finding.evidence().iter().map(|line| line.last.unwrap_or(line.event.time)).max()?;
    (last.micros <= end.micros + SLACK_MICROS).then_some(last)
}

/// All findings, found by rule and time.
struct Causes<'f> {
    /// In the order of the findings.
    all: Vec<Cause<'f>>,
    by_rule: BTreeMap<&'static str, OfRule>,
}

/// Those of one rule. A long log has thousands, and each is asked about all others.
#[derive(Default)]
struct OfRule {
    /// Places among all, by when they begin.
    by_begin: Vec<usize>,
    /// The latest end of these up to each.
    ends: Vec<i64>,
}

impl<'f> Causes<'f> {
    fn of(findings: &'f [Finding]) -> Self {
        let all: Vec<Cause<'f>> = findings.iter().map(Cause::of).collect();
        let mut by_rule = BTreeMap::<&'static str, OfRule>::new();
        for (at, cause) in all.iter().enumerate() {
            by_rule.entry(cause.rule).or_default().by_begin.push(at);
        }
        for of_rule in by_rule.values_mut() {
            of_rule.by_begin.sort_by_key(|at| all[*at].from.micros);
            let mut latest = i64::MIN;
            for at in &of_rule.by_begin {
                latest = latest.max(all[*at].to.map_or(i64::MAX, |to| to.micros));
                of_rule.ends.push(latest);
            }
        }
        Self { all, by_rule }
    }

    /// The end of the one of this id.
    fn end_of(&self, id: &str) -> Option<Moment> {
        self.all.iter().find(|cause| cause.id == id)?.to
    }

    /// Those of a rule that overlap a time, give or take `slack` microseconds; in the order of the findings.
    fn during(&self, rule: &str, from: Moment, to: Option<Moment>, slack: i64) -> impl Iterator<Item = &Cause<'f>> {
        let mut found = Vec::new();
        if let Some(of_rule) = self.by_rule.get(rule) {
            let to = to.map_or(i64::MAX, |to| to.micros.saturating_add(slack));
            let begun = of_rule.by_begin.partition_point(|at| self.all[*at].from.micros <= to);
            for (at, end) in of_rule.by_begin[..begun].iter().zip(&of_rule.ends).rev() {
                if end.saturating_add(slack) < from.micros {
                    break;
                }
                found.push(*at);
            }
        }
        found.sort_unstable();
        found.into_iter().map(|at| &self.all[at])
    }

    /// Those of a rule that span a moment.
    fn spanning(&self, rule: &str, moment: Moment) -> impl Iterator<Item = &Cause<'f>> {
        self.during(rule, moment, Some(moment), SLACK_MICROS).filter(move |cause| cause.spans(moment))
    }
}

/// What of a finding the search for causes needs.
struct Cause<'f> {
    id: &'f str,
    rule: &'static str,
    from: Moment,
    to: Option<Moment>,
    resource: Option<&'f Text>,
    holder: Option<&'f Text>,
    owner: Option<&'f Text>,
    zones: BTreeSet<&'f Text>,
    nodes: &'f [Text],
}

impl<'f> Cause<'f> {
    fn of(finding: &'f Finding) -> Self {
        Self {
            id: &finding.id,
            rule: finding.rule,
            from: finding.since,
            to: finding.until,
            resource: finding.subject.resource.as_ref(),
            holder: finding.subject.holder.as_ref(),
            owner: finding.subject.owner.as_ref(),
            zones: finding.subject.zones.iter().collect(),
            nodes: &finding.subject.nodes,
        }
    }

    fn spans(&self, moment: Moment) -> bool {
        self.from.micros - SLACK_MICROS <= moment.micros
            && self.to.is_none_or(|to| moment.micros <= to.micros + SLACK_MICROS)
    }
}

fn cause_of_drift<'a>(drift: &Finding, causes: &'a Causes<'_>) -> Option<&'a str> {
    let same_group = |cause: &&Cause<'_>| drift.subject.nodes.iter().any(|node| cause.nodes.contains(node));
    let of_rule = |rule| causes.spanning(rule, drift.since).filter(same_group);
    let script = of_rule("takeover-script-failed").find(|cause| cause.from.micros == drift.since.micros);
    // A pause may leave the address behind without two MASTERs that anybody heard.
    let first = script.or_else(|| of_rule("split-brain").next()).or_else(|| of_rule("vm-pause").next());
    first.map(|cause| cause.id)
}

/// Why two nodes did not see each other: the surest and most particular reason first.
const REASONS_OF_A_SPLIT: [&str; 3] = ["vm-pause", "advert-mismatch", "one-way-partition"];

fn cause_of_split<'a>(split: &Finding, causes: &'a Causes<'_>) -> Option<&'a str> {
    let of_group = |cause: &&Cause<'_>| split.subject.nodes.iter().any(|node| cause.nodes.contains(node));
    let of_rule = |rule| causes.during(rule, split.since, split.until, SLACK_MICROS);
    let overlaps = |cause: &&Cause<'_>| cause.to.is_none_or(|to| split.since.micros <= to.micros + SLACK_MICROS);
    let first = REASONS_OF_A_SPLIT.into_iter().find_map(|rule| of_rule(rule).filter(of_group).find(overlaps));
    first.map(|cause| cause.id)
}

fn cause_of_notify<'a>(notify: &Finding, causes: &'a Causes<'_>, world: &World) -> Option<&'a str> {
    let sender = notify.subject.address.as_ref()?;
    let spoken_by: BTreeSet<&Text> = world
        .witnesses
        .all()
        .iter()
        .filter(|witness| witness.seen == Seen::Strange && witness.address.as_ref() == Some(sender))
        .map(|witness| &witness.node)
        .collect();
    let is_its = |drift: &&Cause<'_>| {
        let by_owner = drift.owner.as_ref().is_some_and(|owner| spoken_by.contains(owner));
        by_owner || spoken_by.is_empty() && is_in_chain(notify, drift, causes)
    };
    causes.spanning("eip-drift", notify.since).find(is_its).map(|drift| drift.id)
}

/// Without the sender's own log: the zone is one whose transfers the drifted address refuses meanwhile.
fn is_in_chain(notify: &Finding, drift: &Cause<'_>, causes: &Causes<'_>) -> bool {
    causes.during("transfer-refused", drift.from, drift.to, SLACK_MICROS).any(|refusal| {
        refusal.resource.is_some()
            && refusal.resource == drift.resource
            && drift.spans(refusal.from)
            && notify.subject.zones.iter().any(|zone| refusal.zones.contains(zone))
    })
}

fn cause_of_refusal<'a>(refusal: &Finding, causes: &'a Causes<'_>) -> Option<&'a str> {
    let by_holder = |drift: &&Cause<'_>| {
        let refused_there = refusal.subject.node.is_some() && refusal.subject.node.as_ref() == drift.holder;
        let asked_there = refusal.subject.node.is_none()
            && refusal.subject.address.is_some()
            && refusal.subject.address.as_ref() == drift.resource;
        refused_there || asked_there
    };
    causes.spanning("eip-drift", refusal.since).find(by_holder).map(|drift| drift.id)
}

/// Nobody answered when the new zone was to be fetched.
fn cause_of_old_copy<'a>(stale: &Finding, causes: &'a Causes<'_>) -> Option<&'a str> {
    let is_its = |cause: &&Cause<'_>| {
        stale.subject.node.as_ref().is_some_and(|node| cause.nodes.contains(node))
            && stale.subject.zones.iter().any(|zone| cause.zones.contains(zone))
            && cause.from.micros <= stale.until.map_or(i64::MAX, |until| until.micros)
            && cause.to.is_none_or(|to| to.micros + SLACK_MICROS >= stale.since.micros)
    };
    let unreachable = causes.during("primary-unreachable", stale.since, stale.until, SLACK_MICROS);
    let mut its = unreachable.filter(is_its);
    its.next().map(|cause| cause.id)
}

/// Nobody, or a copy that lags, is behind the address because it is not where it should be, or no node has it.
fn cause_at_address<'a>(effect: &Finding, causes: &'a Causes<'_>) -> Option<&'a str> {
    let at_address =
        |cause: &&Cause<'_>| cause.resource.is_some() && cause.resource == effect.subject.resource.as_ref();
    let found = ["eip-drift", "takeover-script-failed", "no-master"]
        .into_iter()
        .find_map(|rule| causes.spanning(rule, effect.since).find(at_address));
    found.map(|cause| cause.id)
}

/// The owner of a drifted address does not leave from it, so its receivers take it for a stranger.
fn cause_of_silence<'a>(silence: &Finding, causes: &'a Causes<'_>) -> Option<&'a str> {
    let is_answer =
        silence.evidence().iter().any(|line| matches!(line.event.pdns(), Some(Pdns::NotifyRejected { .. })));
    let by_owner =
        |drift: &&Cause<'_>| is_answer && drift.owner.is_some() && drift.owner == silence.subject.node.as_ref();
    causes.spanning("eip-drift", silence.since).find(by_owner).map(|drift| drift.id)
}

fn cause_of_stale<'a>(stale: &Finding, causes: &'a Causes<'_>) -> Option<&'a str> {
    let asked = |cause: &&Cause<'_>| {
        let node = stale.subject.node.as_ref().is_some_and(|node| cause.nodes.contains(node));
        node && cause.resource.is_some()
            && stale.subject.zones.iter().any(|zone| cause.zones.contains(zone))
            && cause.from.micros <= stale.until.map_or(i64::MAX, |until| until.micros)
            && cause.to.is_none_or(|to| to.micros + AFTERMATH_MICROS >= stale.since.micros)
    };
    let Some(refusal) = causes.during("transfer-refused", stale.since, stale.until, AFTERMATH_MICROS).find(asked)
    else {
        return cause_of_old_copy(stale, causes);
    };
    let drift = causes.spanning("eip-drift", stale.since).find(|drift| drift.resource == refusal.resource);
    Some(drift.unwrap_or(refusal).id)
}

/// The story, impact and zones of what a drift led to.
fn effects(drift: &Finding, caused: &[&Finding], first: Option<Moment>) -> (Vec<String>, Vec<ZoneImpact>, Vec<Text>) {
    let mut story = Vec::new();
    if let Some(first) = first.filter(|first| first.micros_since(drift.since) > AFTERMATH_MICROS) {
        story.push(format!("Nothing showed for {}, until a zone changed.", length(drift.since, first)));
        if let Some(told) = drift.told_live {
            story.push(format!("driftline follow would have told it at {}.", told.rfc3339()));
        }
    }
    let stale: Vec<&&Finding> = caused.iter().filter(|finding| finding.rule == "stale-serial").collect();
    let mut impact: Vec<ZoneImpact> = stale.iter().flat_map(|finding| finding.impact.iter().cloned()).collect();
    impact.sort_by(|a, b| (a.since.micros, &a.node, &a.zone).cmp(&(b.since.micros, &b.node, &b.zone)));
    if let [one] = impact.as_slice() {
        let copy = match (one.our_serial, one.primary_serial) {
            (Some(ours), Some(theirs)) => format!("{} {ours} instead of {theirs}", one.zone),
            _ => format!("an old copy of {}", one.zone),
        };
        story.push(format!("From {} at the latest {} had {copy}.", one.since.rfc3339(), one.node));
    } else if let Some(first) = impact.first() {
        let nodes: BTreeSet<Text> = impact.iter().map(|impact| impact.node.clone()).collect();
        let zones: BTreeSet<Text> = impact.iter().map(|impact| impact.zone.clone()).collect();
        story.push(format!(
            "From {} at the latest {} had old copies of {}.",
            first.since.rfc3339(),
            list(&nodes),
            list(&zones)
        ));
    }
    for finding in caused.iter().filter(|finding| finding.rule == "transfer-refused") {
        let asked = finding.subject.address.as_deref().unwrap_or("the address");
        let by = finding.subject.node.as_ref().map_or(String::new(), |node| format!(" by {node}"));
        story.push(format!("Transfers asked of {asked} were refused{by} from {} on.", finding.since.rfc3339()));
    }
    for finding in caused.iter().filter(|finding| finding.rule == "notify-from-non-master") {
        let sender = finding.subject.address.as_deref().unwrap_or("another address");
        story.push(format!("From {} on NOTIFYs came from {sender}, which is not a master.", finding.since.rfc3339()));
    }
    let zones: BTreeSet<Text> = caused.iter().flat_map(|finding| finding.subject.zones.iter().cloned()).collect();
    (story, impact, zones.into_iter().collect())
}
