//! Which findings stand for themselves, and which are told inside another that explains them.

use crate::finding::Finding;
use std::collections::BTreeMap;

/// One finding told for itself, with those told inside it.
pub(super) struct Block<'a> {
    /// The most severe of its chain of causes; of equals the first cause.
    pub(super) lead: &'a Finding,
    /// What led to it, the nearest first. They are less severe, else one of them would lead.
    pub(super) causes: Vec<&'a Finding>,
    /// What it explains, in the order of the report.
    pub(super) effects: Vec<&'a Finding>,
}

impl<'a> Block<'a> {
    /// All its findings, the leading one first.
    pub(super) fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        std::iter::once(self.lead).chain(self.causes.iter().copied()).chain(self.effects.iter().copied())
    }
}

/// The blocks of a report, in the order of their leading findings. Every finding is told at least once; a cause of two blocks in both.
pub(super) fn blocks(findings: &[Finding]) -> Vec<Block<'_>> {
    let cause = causes(findings);
    let leader: Vec<usize> = (0..findings.len()).map(|at| leader(at, &cause, findings)).collect();
    let mut told_in = leader.clone();
    // A cause that is milder than something it led to is told there, and so is all else that it explains.
    for (at, &lead) in leader.iter().enumerate() {
        for up in ancestors(at, &cause) {
            let severity = findings[lead].severity;
            if leader[up] == up && severity > findings[up].severity && severity > findings[told_in[up]].severity {
                told_in[up] = lead;
            }
        }
    }
    let mut blocks = Vec::new();
    for (at, lead) in findings.iter().enumerate() {
        if told_in[at] != at {
            continue;
        }
        let up: Vec<usize> = ancestors(at, &cause).collect();
        let effects = (0..findings.len())
            .filter(|&other| other != at && !up.contains(&other) && told_in[told_in[other]] == at)
            .map(|other| &findings[other])
            .collect();
        blocks.push(Block { lead, causes: up.iter().map(|&up| &findings[up]).collect(), effects });
    }
    blocks
}

/// Index of each finding's cause, where the report has it. Circles are opened at their first finding.
fn causes(findings: &[Finding]) -> Vec<Option<usize>> {
    let by_id: BTreeMap<&str, usize> =
        findings.iter().enumerate().rev().map(|(at, finding)| (finding.id.as_str(), at)).collect();
    let mut cause: Vec<Option<usize>> =
        findings.iter().map(|finding| by_id.get(finding.cause.as_deref()?).copied()).collect();
    for at in 0..findings.len() {
        if ancestors(at, &cause).any(|up| up == at) {
            cause[at] = None;
        }
    }
    cause
}

/// The chain of causes above a finding, the nearest first; ends even where causes go round in a circle.
fn ancestors(at: usize, cause: &[Option<usize>]) -> impl Iterator<Item = usize> {
    std::iter::successors(cause[at], |&up| cause[up]).take(cause.len())
}

fn leader(at: usize, cause: &[Option<usize>], findings: &[Finding]) -> usize {
    let mut lead = at;
    for up in ancestors(at, cause) {
        if findings[up].severity >= findings[lead].severity {
            lead = up;
        }
    }
    lead
}
