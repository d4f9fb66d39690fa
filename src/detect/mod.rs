//! The patterns: one file each, named like the rule. A rule asks the settled [`World`] and returns [`Finding`]s.
//!
//! **Invariants:** a rule sees no text, no file and no clock; it reads no other rule. What one finding explains of another is worked
//! out afterwards, in `causes`. To add a rule, add its file and its line in [`RULES`].

mod advert_mismatch;
mod causes;
mod eip_drift;
mod listens;
mod master_flapping;
mod no_master;
mod notify_from_non_master;
mod notify_unacknowledged;
mod one_way_partition;
mod primary_unreachable;
mod serial_regression;
mod split_brain;
mod stale_serial;
mod takeover_script_failed;
#[cfg(test)]
mod testing;
mod transfer_refused;
mod vm_pause;
mod words;

use crate::finding::Finding;
use crate::parallel;
use crate::world::World;
use std::cmp::Reverse;

/// A rule: its id, what it says of itself, and how it looks.
#[derive(Debug)]
pub struct Rule {
    /// Id, reads well after "we had a …".
    pub id: &'static str,
    /// What `driftline explain` prints.
    pub explanation: Explanation,
    /// The events it rests on, by id.
    pub listens: &'static [&'static [&'static str]],
    /// Looks at the world.
    find: fn(&World) -> Vec<Finding>,
}

/// One text for every place that explains a rule.
#[derive(Debug)]
pub struct Explanation {
    /// What it sees.
    pub sees: &'static str,
    /// Why it matters.
    pub matters: &'static str,
    /// What proves it.
    pub proves: &'static str,
    /// What only looks like it.
    pub looks_like: &'static str,
    /// What to check next.
    pub check_next: &'static str,
    /// What keeps it from coming back.
    pub prevents: &'static str,
}

/// All rules, in the order in which an operator meets them: cause first.
pub const RULES: &[&Rule] = &[
    &eip_drift::RULE,
    &split_brain::RULE,
    &no_master::RULE,
    &advert_mismatch::RULE,
    &one_way_partition::RULE,
    &vm_pause::RULE,
    &takeover_script_failed::RULE,
    &master_flapping::RULE,
    &stale_serial::RULE,
    &notify_from_non_master::RULE,
    &transfer_refused::RULE,
    &primary_unreachable::RULE,
    &serial_regression::RULE,
    &notify_unacknowledged::RULE,
];

/// The rules that rest on an event.
pub fn listening(event: &str) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().copied().filter(move |rule| rule.listens.iter().any(|ids| ids.contains(&event)))
}

/// The events with a fact on which no rule rests.
pub fn unheard() -> impl Iterator<Item = &'static str> {
    listens::UNHEARD.iter().map(|(id, _)| *id)
}

/// Why no rule rests on an event although it has a fact; `None` for one that is only known.
#[must_use]
pub fn why_unheard(event: &str) -> Option<&'static str> {
    listens::UNHEARD.iter().find(|(id, _)| *id == event).map(|(_, why)| *why)
}

/// Whether findings of a rule say that an address is on the wrong node: what places an address may end them.
#[must_use]
pub fn is_of_address(rule: &str) -> bool {
    [eip_drift::RULE.id, takeover_script_failed::RULE.id].contains(&rule)
}

/// Everything the rules find, linked to what explains it, ordered by severity, confidence, since and id. At most so many threads look.
#[must_use]
pub fn find_all(world: &World, threads: usize) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        parallel::map(RULES, threads, |rule| (rule.find)(world)).into_iter().flatten().collect();
    causes::link(&mut findings, world);
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (Reverse(finding.severity), Reverse(finding.confidence), finding.since.micros);
        key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
    });
    findings
}
