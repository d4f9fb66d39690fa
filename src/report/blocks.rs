//! Which findings stand for themselves, and which are told inside another that explains them.

use crate::finding::{Confidence, Finding, Severity};
use std::collections::BTreeMap;

/// One finding told for itself, with those told inside it.
pub(super) struct Block<'a> {
    /// The weightiest of its chain of causes (see [`weight`]); of equals the first cause.
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
    let leader = leaders(findings);
    let mut told_in = leader.clone();
    // A cause that is milder than something it led to is told there, and so is all else that it explains.
    for (at, &lead) in leader.iter().enumerate() {
        for up in ancestors(at, &cause) {
            let heavy = weight(&findings[lead]);
            if leader[up] == up && heavy > weight(&findings[up]) && heavy > weight(&findings[told_in[up]]) {
                told_in[up] = lead;
            }
        }
    }
    let mut told_there = vec![Vec::new(); findings.len()];
    for other in 0..findings.len() {
        told_there[told_in[told_in[other]]].push(other);
    }
    let mut blocks = Vec::new();
    for (at, lead) in findings.iter().enumerate() {
        if told_in[at] != at {
            continue;
        }
        let up: Vec<usize> = ancestors(at, &cause).collect();
        let effects = told_there[at]
            .iter()
            .filter(|&&other| other != at && !up.contains(&other))
            .map(|&other| &findings[other])
            .collect();
        blocks.push(Block { lead, causes: up.iter().map(|&up| &findings[up]).collect(), effects });
    }
    blocks
}

/// For each finding the index of the one that leads its chain of causes; its own, where nothing above it weighs as much.
pub(super) fn leaders(findings: &[Finding]) -> Vec<usize> {
    let cause = causes(findings);
    (0..findings.len()).map(|at| leader(at, &cause, findings)).collect()
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
        if weight(&findings[up]) >= weight(&findings[lead]) {
            lead = up;
        }
    }
    lead
}

/// What people come for: where it is known, it is the verdict, and what led to it is told inside.
const VERDICT: &str = "eip-drift";

/// How much a finding matters: a cause that is surer, worse or still open leads; a mere suspicion never hides what is certain.
fn weight(finding: &Finding) -> (Severity, bool, bool, Confidence) {
    let is_verdict = finding.rule == VERDICT && finding.confidence > Confidence::Suspected;
    (finding.severity, is_verdict, finding.is_open(), finding.confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Fact, Origin, Raw};
    use crate::finding::{Evidence, Role};
    use crate::moment::{Moment, Precision};
    use std::sync::Arc;

    /// Findings `a`, `b`, … of a severity each, with the index of their cause.
    fn told(findings: &[(Severity, Option<usize>)]) -> Vec<String> {
        let name = |at: usize| char::from(b'a' + u8::try_from(at).unwrap()).to_string();
        let made: Vec<Finding> = findings
            .iter()
            .enumerate()
            .map(|(at, (severity, cause))| {
                let event = Event {
                    id: "pdns/domain-stale",
                    fact: Fact::Other,
                    time: Moment { micros: 0, precision: Precision::Second },
                    node: "dnsslave".into(),
                    pid: None,
                    repeated: 1,
                    origin: Origin { path: "dnsslave.log".into(), line: Some(1), cursor: None },
                    raw: Raw::default(),
                };
                let first = Evidence {
                    role: Role::Primary,
                    event: Arc::new(event),
                    proves: Box::default(),
                    brief: Box::default(),
                    more: 0,
                    last: None,
                };
                let mut finding = Finding::new("stale-serial", "", *severity, Confidence::Likely, first);
                finding.id = name(at);
                finding.cause = cause.map(name);
                finding
            })
            .collect();
        blocks(&made)
            .iter()
            .map(|block| {
                let ids =
                    |findings: &[&Finding]| findings.iter().map(|finding| finding.id.as_str()).collect::<String>();
                format!("{} <{} >{}", block.lead.id, ids(&block.causes), ids(&block.effects))
            })
            .collect()
    }

    use Severity::{Critical, Info, Warning};

    #[test]
    fn what_a_finding_explains_is_told_inside_it() {
        assert_eq!(told(&[(Critical, None), (Warning, Some(0)), (Info, Some(1)), (Info, None)]), ["a < >bc", "d < >"]);
    }

    #[test]
    fn a_milder_cause_is_told_inside_what_it_led_to() {
        assert_eq!(told(&[(Critical, Some(2)), (Warning, Some(0)), (Warning, None), (Info, Some(2))]), ["a <c >bd"]);
    }

    #[test]
    fn a_milder_cause_of_two_is_told_in_both_and_its_other_effects_once() {
        let findings = [(Critical, Some(2)), (Critical, Some(2)), (Info, None), (Info, Some(2))];
        assert_eq!(told(&findings), ["a <c >d", "b <c >"]);
    }

    #[test]
    fn causes_that_go_round_end() {
        assert_eq!(told(&[(Critical, Some(1)), (Critical, Some(0))]), ["a < >b"]);
        assert_eq!(told(&[(Critical, Some(1)), (Warning, Some(2)), (Critical, Some(1))]), ["a <b >", "c <b >"]);
        assert_eq!(told(&[(Info, Some(0))]), ["a < >"]);
    }

    #[test]
    fn a_cause_that_is_not_in_the_report_explains_nothing() {
        assert_eq!(told(&[(Warning, Some(7))]), ["a < >"]);
    }
}
