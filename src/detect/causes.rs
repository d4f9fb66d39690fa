//! What one finding explains of another, worked out after all rules have spoken.
//!
//! A drift explains the refusals, NOTIFYs and old copies it led to; a split-brain or a failed script explains the drift.

use super::words::{length, list};
use crate::event::{Pdns, Text};
use crate::finding::{Finding, ZoneImpact};
use crate::moment::Moment;
use crate::world::{Seen, World};
use std::collections::BTreeSet;

/// Stamps of cause and effect on two hosts: the pairs' own delay.
const SLACK_MICROS: i64 = 5_000_000;
/// Secondaries notice the end of a drift at their next refresh.
const AFTERMATH_MICROS: i64 = 3_600_000_000;

/// Sets `cause` and tells the effects inside their cause.
pub(super) fn link(findings: &mut [Finding], world: &World) {
    let causes: Vec<Cause> = findings.iter().map(Cause::of).collect();
    // Splits are many where a log is long, their reasons few.
    let reasons: Vec<&Cause> = causes.iter().filter(|cause| REASONS_OF_A_SPLIT.contains(&cause.rule)).collect();
    for finding in findings.iter_mut() {
        finding.cause = match finding.rule {
            "eip-drift" => cause_of_drift(finding, &causes),
            "split-brain" => cause_of_split(finding, &reasons),
            "takeover-script-failed"
            | "master-flapping"
            | "no-master"
            | "advert-mismatch"
            | "one-way-partition"
            | "vm-pause" => None,
            "notify-from-non-master" => cause_of_notify(finding, &causes, world),
            "transfer-refused" => cause_of_refusal(finding, &causes),
            "primary-unreachable" | "serial-regression" => cause_at_address(finding, &causes),
            "notify-unacknowledged" => cause_of_silence(finding, &causes),
            _ => cause_of_stale(finding, &causes),
        };
    }
    for drift in 0..findings.len() {
        if findings[drift].rule == "eip-drift" {
            let (story, impact, zones) = effects(&findings[drift], findings);
            let first_symptom = first_symptom(&findings[drift], findings);
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

/// What of a finding the search for causes needs.
struct Cause {
    id: String,
    rule: &'static str,
    from: Moment,
    to: Option<Moment>,
    group: BTreeSet<Text>,
    resource: Option<Text>,
    holder: Option<Text>,
    owner: Option<Text>,
    zones: BTreeSet<Text>,
    nodes: BTreeSet<Text>,
}

impl Cause {
    fn of(finding: &Finding) -> Self {
        Self {
            id: finding.id.clone(),
            rule: finding.rule,
            from: finding.since,
            to: finding.until,
            group: finding.subject.nodes.iter().cloned().collect(),
            resource: finding.subject.resource.clone(),
            holder: finding.subject.holder.clone(),
            owner: finding.subject.owner.clone(),
            zones: finding.subject.zones.iter().cloned().collect(),
            nodes: finding.subject.nodes.iter().cloned().collect(),
        }
    }

    fn spans(&self, moment: Moment) -> bool {
        self.from.micros - SLACK_MICROS <= moment.micros
            && self.to.is_none_or(|to| moment.micros <= to.micros + SLACK_MICROS)
    }
}

fn cause_of_drift(drift: &Finding, causes: &[Cause]) -> Option<String> {
    let same_group = |cause: &&Cause| drift.subject.nodes.iter().any(|node| cause.group.contains(node));
    let script = causes
        .iter()
        .filter(same_group)
        .find(|cause| cause.rule == "takeover-script-failed" && cause.from.micros == drift.since.micros);
    let split = causes.iter().filter(same_group).find(|cause| cause.rule == "split-brain" && cause.spans(drift.since));
    // A pause may leave the address behind without two MASTERs that anybody heard.
    let pause = causes.iter().filter(same_group).find(|cause| cause.rule == "vm-pause" && cause.spans(drift.since));
    script.or(split).or(pause).map(|cause| cause.id.clone())
}

/// Why two nodes did not see each other: the surest and most particular reason first.
const REASONS_OF_A_SPLIT: [&str; 3] = ["vm-pause", "advert-mismatch", "one-way-partition"];

fn cause_of_split(split: &Finding, reasons: &[&Cause]) -> Option<String> {
    let of_group = |cause: &&&Cause| split.subject.nodes.iter().any(|node| cause.group.contains(node));
    let overlaps = |cause: &&&Cause| {
        let begins_before_it_ends = split.until.is_none_or(|until| cause.from.micros - SLACK_MICROS <= until.micros);
        begins_before_it_ends && cause.to.is_none_or(|to| split.since.micros <= to.micros + SLACK_MICROS)
    };
    let of_rule = |rule| reasons.iter().filter(move |cause| cause.rule == rule).filter(of_group).find(overlaps);
    REASONS_OF_A_SPLIT.into_iter().find_map(of_rule).map(|cause| cause.id.clone())
}

fn cause_of_notify(notify: &Finding, causes: &[Cause], world: &World) -> Option<String> {
    let sender = notify.subject.address.as_ref()?;
    let spoken_by: BTreeSet<&Text> = world
        .witnesses
        .all()
        .iter()
        .filter(|witness| witness.seen == Seen::Strange && witness.address.as_ref() == Some(sender))
        .map(|witness| &witness.node)
        .collect();
    let drifts = causes.iter().filter(|cause| cause.rule == "eip-drift" && cause.spans(notify.since));
    drifts
        .into_iter()
        .find(|drift| {
            let by_owner = drift.owner.as_ref().is_some_and(|owner| spoken_by.contains(owner));
            by_owner || spoken_by.is_empty() && is_in_chain(notify, drift, causes)
        })
        .map(|drift| drift.id.clone())
}

/// Without the sender's own log: the zone is one whose transfers the drifted address refuses meanwhile.
fn is_in_chain(notify: &Finding, drift: &Cause, causes: &[Cause]) -> bool {
    causes.iter().any(|refusal| {
        refusal.rule == "transfer-refused"
            && refusal.resource.is_some()
            && refusal.resource == drift.resource
            && drift.spans(refusal.from)
            && notify.subject.zones.iter().any(|zone| refusal.zones.contains(zone))
    })
}

fn cause_of_refusal(refusal: &Finding, causes: &[Cause]) -> Option<String> {
    let by_holder = |drift: &&Cause| {
        let refused_there = refusal.subject.node.is_some() && refusal.subject.node == drift.holder;
        let asked_there = refusal.subject.node.is_none()
            && refusal.subject.address.is_some()
            && refusal.subject.address == drift.resource;
        refused_there || asked_there
    };
    let drifts = causes.iter().filter(|cause| cause.rule == "eip-drift" && cause.spans(refusal.since));
    drifts.into_iter().find(by_holder).map(|drift| drift.id.clone())
}

/// Nobody answered when the new zone was to be fetched.
fn cause_of_old_copy(stale: &Finding, causes: &[Cause]) -> Option<String> {
    let is_its = |cause: &&Cause| {
        cause.rule == "primary-unreachable"
            && stale.subject.node.as_ref().is_some_and(|node| cause.nodes.contains(node))
            && stale.subject.zones.iter().any(|zone| cause.zones.contains(zone))
            && cause.from.micros <= stale.until.map_or(i64::MAX, |until| until.micros)
            && cause.to.is_none_or(|to| to.micros + SLACK_MICROS >= stale.since.micros)
    };
    causes.iter().find(is_its).map(|cause| cause.id.clone())
}

/// Nobody, or a copy that lags, is behind the address because it is not where it should be, or no node has it.
fn cause_at_address(effect: &Finding, causes: &[Cause]) -> Option<String> {
    let at_address = |cause: &&Cause| {
        let is_there = cause.resource.is_some() && cause.resource == effect.subject.resource;
        is_there && cause.spans(effect.since)
    };
    let found = ["eip-drift", "takeover-script-failed", "no-master"]
        .into_iter()
        .filter_map(|rule| causes.iter().filter(|cause| cause.rule == rule).find(at_address));
    found.map(|cause| cause.id.clone()).next()
}

/// The owner of a drifted address does not leave from it, so its receivers take it for a stranger.
fn cause_of_silence(silence: &Finding, causes: &[Cause]) -> Option<String> {
    let is_answer =
        silence.evidence().iter().any(|line| matches!(line.event.pdns(), Some(Pdns::NotifyRejected { .. })));
    let by_owner = |drift: &&Cause| is_answer && drift.owner.is_some() && drift.owner == silence.subject.node;
    let drifts = causes.iter().filter(|cause| cause.rule == "eip-drift" && cause.spans(silence.since));
    drifts.into_iter().find(by_owner).map(|drift| drift.id.clone())
}

fn cause_of_stale(stale: &Finding, causes: &[Cause]) -> Option<String> {
    let asked = |cause: &&Cause| {
        let node = stale.subject.node.as_ref().is_some_and(|node| cause.nodes.contains(node));
        cause.rule == "transfer-refused"
            && node
            && cause.resource.is_some()
            && stale.subject.zones.iter().any(|zone| cause.zones.contains(zone))
            && cause.from.micros <= stale.until.map_or(i64::MAX, |until| until.micros)
            && cause.to.is_none_or(|to| to.micros + AFTERMATH_MICROS >= stale.since.micros)
    };
    let Some(refusal) = causes.iter().find(asked) else {
        return cause_of_old_copy(stale, causes);
    };
    let drift = causes
        .iter()
        .find(|drift| drift.rule == "eip-drift" && drift.resource == refusal.resource && drift.spans(stale.since));
    Some(drift.map_or_else(|| refusal.id.clone(), |drift| drift.id.clone()))
}

/// When the first of what a drift led to could be noticed.
fn first_symptom(drift: &Finding, findings: &[Finding]) -> Option<Moment> {
    let caused = findings.iter().filter(|finding| finding.cause.as_deref() == Some(&drift.id));
    caused.map(|finding| finding.since).min_by_key(|since| since.micros)
}

/// The story, impact and zones of what a drift led to.
fn effects(drift: &Finding, findings: &[Finding]) -> (Vec<String>, Vec<ZoneImpact>, Vec<Text>) {
    let caused: Vec<&Finding> = findings.iter().filter(|finding| finding.cause.as_deref() == Some(&drift.id)).collect();
    let mut story = Vec::new();
    let first = first_symptom(drift, findings);
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
