//! Which findings stand for themselves, and which are told inside another that explains them.

use crate::finding::{Confidence, Evidence, Finding, Role, Severity};
use crate::moment::Moment;
use std::collections::BTreeMap;

/// Lines of a cause before and after the beginning of what it led to that are told again where another block has all of them. Two nodes
/// that are MASTER together for days lead to hundreds of drifts, and each page of them would be as long as the days.
const BEFORE_MAX: usize = 16;
const AFTER_MAX: usize = 8;

/// One finding told for itself, with those told inside it.
pub(super) struct Block<'a> {
    /// The weightiest of its chain of causes (see [`weight`]); of equals the first cause.
    pub(super) lead: &'a Finding,
    /// What led to it, the nearest first. They are less severe, else one of them would lead.
    pub(super) causes: Vec<Cause<'a>>,
    /// What it explains, in the order of the report.
    pub(super) effects: Vec<&'a Finding>,
}

/// A finding told inside one that it led to.
pub(super) struct Cause<'a> {
    pub(super) finding: &'a Finding,
    /// Its lines that are told here, in order: all of them in the first block it is told in.
    pub(super) lines: &'a [Evidence],
}

impl<'a> Cause<'a> {
    /// Its lines, which are in order of time: all of them, or those around the beginning of what it led to where it is told in a block before
    /// this one and they are many.
    fn new(finding: &'a Finding, is_told_before: bool, beginning: Moment) -> Self {
        let all = finding.evidence();
        if !is_told_before || all.len() <= BEFORE_MAX + AFTER_MAX {
            return Self { finding, lines: all };
        }
        let at = all.partition_point(|evidence| evidence.event.time.micros <= beginning.micros);
        let (before, after) = all.split_at(at);
        let from = before.len().saturating_sub(BEFORE_MAX);
        Self { finding, lines: &all[from..at + after.len().min(AFTER_MAX)] }
    }

    /// Whether some of its lines are left out here.
    pub(super) fn is_cut(&self) -> bool {
        self.lines.len() < self.finding.evidence().len()
    }
}

impl<'a> Block<'a> {
    /// All its findings, the leading one first.
    pub(super) fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        let causes = self.causes.iter().map(|cause| cause.finding);
        std::iter::once(self.lead).chain(causes).chain(self.effects.iter().copied())
    }

    /// The lines told here, finding by finding, each with its role for the leading one: what another finding rests on only supports it.
    pub(super) fn evidence(&self) -> impl Iterator<Item = (&'a Evidence, Role)> {
        let own = self.lead.evidence().iter().map(|evidence| (evidence, evidence.role));
        let causes = self.causes.iter().flat_map(|cause| cause.lines);
        let others = causes.chain(self.effects.iter().flat_map(|finding| finding.evidence()));
        own.chain(others.map(|evidence| (evidence, Role::Supporting)))
    }
}

/// The blocks of a report, in the order of their leading findings. Every finding is told at least once; a cause of two blocks in both,
/// all of its lines in the first.
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
    let mut is_told = vec![false; findings.len()];
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
        let causes = up.iter().map(|&up| {
            let is_told_before = std::mem::replace(&mut is_told[up], true);
            Cause::new(&findings[up], is_told_before, lead.since)
        });
        blocks.push(Block { lead, causes: causes.collect(), effects });
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

    /// The `at`th line of a log with one each second.
    fn line(at: u64) -> Evidence {
        let event = Event {
            id: "pdns/domain-stale",
            fact: Fact::Other,
            time: Moment { micros: i64::try_from(at).unwrap() * 1_000_000, precision: Precision::Second },
            node: "dnsslave".into(),
            pid: None,
            repeated: 1,
            origin: Origin { path: "dnsslave.log".into(), line: Some(at), cursor: None },
            raw: Raw::default(),
        };
        Evidence {
            role: Role::Primary,
            event: Arc::new(event),
            proves: Box::default(),
            brief: Box::default(),
            more: 0,
            last: None,
        }
    }

    fn name(at: usize) -> String {
        char::from(b'a' + u8::try_from(at).unwrap()).to_string()
    }

    /// Findings `a`, `b`, … of a severity each, with the index of their cause.
    fn made(findings: &[(Severity, Option<usize>)]) -> Vec<Finding> {
        let made = findings.iter().enumerate().map(|(at, (severity, cause))| {
            let mut finding = Finding::new("stale-serial", "", *severity, Confidence::Likely, line(1));
            finding.id = name(at);
            finding.cause = cause.map(name);
            finding
        });
        made.collect()
    }

    fn told(findings: &[(Severity, Option<usize>)]) -> Vec<String> {
        blocks(&made(findings))
            .iter()
            .map(|block| {
                let causes: String = block.causes.iter().map(|cause| cause.finding.id.as_str()).collect();
                let effects: String = block.effects.iter().map(|finding| finding.id.as_str()).collect();
                format!("{} <{causes} >{effects}", block.lead.id)
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
    fn a_long_cause_of_two_is_told_in_full_once_and_then_with_the_lines_nearest_to_what_it_led_to() {
        let mut findings = made(&[(Critical, Some(2)), (Critical, Some(2)), (Warning, None)]);
        (2..=100).for_each(|at| findings[2].add(line(at)));
        findings[1].since = line(60).event.time;
        let blocks = blocks(&findings);
        let told = |block: &Block<'_>| -> Vec<u64> {
            block.causes[0].lines.iter().filter_map(|evidence| evidence.event.origin.line).collect()
        };
        assert_eq!(told(&blocks[0]), (1..=100).collect::<Vec<_>>());
        assert_eq!(told(&blocks[1]), (45..=68).collect::<Vec<_>>());
        assert_eq!(blocks.iter().map(|block| block.causes[0].is_cut()).collect::<Vec<_>>(), [false, true]);
        // Its own line, and those of the cause.
        assert_eq!(blocks[1].evidence().count(), 1 + 24);
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
