//! A case against what was found: which expectations hold, and what differs where they do not.

use super::case::{Case, Claim, Others, SUBJECT_KEYS, Until};
use crate::event::Text;
use crate::finding::{Confidence, Finding, Subject};
use std::collections::BTreeSet;

/// What an expectation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `[[expect]]`.
    Expect,
    /// `[[forbid]]`.
    Forbid,
    /// `others = "forbid"`.
    Others,
    /// One of `nodes`.
    Node,
}

/// One expectation and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it asks for.
    pub kind: Kind,
    /// Rule; empty for a node.
    pub rule: String,
    /// The expectation in one line.
    pub expected: String,
    /// Its line in `expected.toml`.
    pub line: usize,
    /// Why it does not hold.
    pub broken: Option<Broken>,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Broken {
    /// What happened, in a few words: `not found`.
    pub what: String,
    /// The finding that comes nearest, or that should not be there, in one line.
    pub found: Option<String>,
    /// Its rule.
    pub found_rule: Option<&'static str>,
    /// Keys that differ.
    pub differences: Vec<Difference>,
    /// `event@node` that the expectation rests on and the logs no longer hold.
    pub gone: Vec<String>,
    /// `event@node` that is in the logs, but not in the finding.
    pub unused: Vec<String>,
    /// Whether the expectation names evidence at all.
    pub names_evidence: bool,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `confidence`, `subject.holder`, `since`, …
    pub key: String,
    /// As `expected.toml` has it.
    pub expected: String,
    /// As it was found.
    pub found: String,
}

/// Judges all expectations. `seen` gives the `event@node` of all lines; it is asked only where something is missing.
#[must_use]
pub fn judge(case: &Case, findings: &[Finding], seen: &dyn Fn() -> BTreeSet<String>) -> Vec<Check> {
    let met = assign(&case.expects, findings);
    // Findings that are told already: those that meet an expectation, and those that nearly do.
    let mut told = met.clone();
    let mut checks = Vec::new();
    for (claim, met_by) in case.expects.iter().zip(&met) {
        let broken = met_by.is_none().then(|| {
            let near = nearest(claim, findings, &told);
            told.extend(near.filter(|near| findings[*near].rule == claim.rule).map(Some));
            missing(claim, near.map(|near| &findings[near]), seen)
        });
        checks.push(Check {
            kind: Kind::Expect,
            rule: claim.rule.clone(),
            expected: words(claim),
            line: claim.line,
            broken,
        });
    }
    for claim in &case.forbids {
        let found = findings.iter().find(|finding| differences(claim, finding).is_empty());
        let broken = found.map(|finding| unwanted("forbidden, but found", finding));
        checks.push(Check {
            kind: Kind::Forbid,
            rule: claim.rule.clone(),
            expected: words(claim),
            line: claim.line,
            broken,
        });
    }
    if case.others == Others::Forbid {
        for finding in unclaimed(findings, &told).into_iter().map(|index| &findings[index]) {
            checks.push(Check {
                kind: Kind::Others,
                rule: finding.rule.to_owned(),
                expected: "no other finding".to_owned(),
                line: case.others_line,
                broken: Some(unwanted("not expected, but found", finding)),
            });
        }
    }
    checks
}

/// Whether each node that a case names has a line in the logs. `there` are those that have, sorted.
#[must_use]
pub fn judge_nodes(case: &Case, there: &[&str]) -> Vec<Check> {
    let broken = || Broken {
        what: "no line of a daemon is from this node".to_owned(),
        found: Some(format!("only lines of {}", there.join(", "))),
        ..Broken::default()
    };
    let check = |node: &String| Check {
        kind: Kind::Node,
        rule: String::new(),
        expected: format!("lines of {node}"),
        line: case.nodes_line,
        broken: (!there.contains(&node.as_str())).then(broken),
    };
    case.nodes.iter().map(check).collect()
}

/// The findings by which expectations are met.
pub fn met<'f>(case: &Case, findings: &'f [Finding]) -> impl Iterator<Item = &'f Finding> {
    assign(&case.expects, findings).into_iter().flatten().map(|index| &findings[index])
}

/// Findings that no expectation is met by.
pub(super) fn unclaimed(findings: &[Finding], met: &[Option<usize>]) -> Vec<usize> {
    (0..findings.len()).filter(|index| !met.contains(&Some(*index))).collect()
}

/// Which finding meets which expectation, each at most one, as many as can be met (augmenting paths).
pub(super) fn assign(claims: &[Claim], findings: &[Finding]) -> Vec<Option<usize>> {
    let mut claim_of: Vec<Option<usize>> = vec![None; findings.len()];
    for claim in 0..claims.len() {
        place(claim, claims, findings, &mut claim_of, &mut vec![false; findings.len()]);
    }
    let mut met = vec![None; claims.len()];
    for (finding, claim) in claim_of.into_iter().enumerate() {
        if let Some(claim) = claim {
            met[claim] = Some(finding);
        }
    }
    met
}

fn place(
    claim: usize,
    claims: &[Claim],
    found: &[Finding],
    claim_of: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for index in 0..found.len() {
        if tried[index] || !differences(&claims[claim], &found[index]).is_empty() {
            continue;
        }
        tried[index] = true;
        if claim_of[index].is_none_or(|other| place(other, claims, found, claim_of, tried)) {
            claim_of[index] = Some(claim);
            return true;
        }
    }
    false
}

/// The finding that comes nearest to an expectation that is not met: of the same rule, else about the same subject.
pub(super) fn nearest(claim: &Claim, findings: &[Finding], met: &[Option<usize>]) -> Option<usize> {
    let free = unclaimed(findings, met);
    let distance = |index: &&usize| {
        let finding = &findings[**index];
        let off = claim.since.map_or(0, |since| since.micros_since(finding.since).abs());
        (differences(claim, finding).len(), off)
    };
    let is_of_the_rule = |index: &&usize| findings[**index].rule == claim.rule;
    let is_about_the_same = |index: &&usize| {
        let differing = differences(claim, &findings[**index]);
        !claim.subject.is_empty() && !differing.iter().any(|difference| difference.key.starts_with("subject."))
    };
    let same_rule = free.iter().filter(is_of_the_rule).min_by_key(distance);
    same_rule.or_else(|| free.iter().filter(is_about_the_same).min_by_key(distance)).copied()
}

fn missing(claim: &Claim, near: Option<&Finding>, seen: &dyn Fn() -> BTreeSet<String>) -> Broken {
    let has = near.map(evidence_names).unwrap_or_default();
    let seen = if claim.evidence.is_empty() { BTreeSet::new() } else { seen() };
    let differences = near.map(|finding| differences(claim, finding)).unwrap_or_default();
    let lacking = claim.evidence.iter().filter(|name| !has.contains(*name)).cloned();
    let (unused, gone): (Vec<String>, Vec<String>) = lacking.partition(|name| seen.contains(name));
    Broken {
        what: match near {
            Some(_) if differences.iter().all(|difference| difference.key == "evidence") => {
                "found, but not on all of its evidence".to_owned()
            }
            Some(finding) if finding.rule == claim.rule => "found differently".to_owned(),
            Some(_) | None => "not found".to_owned(),
        },
        found: near.map(line),
        found_rule: near.map(|finding| finding.rule),
        differences,
        gone,
        unused,
        names_evidence: !claim.evidence.is_empty(),
    }
}

fn unwanted(what: &str, finding: &Finding) -> Broken {
    Broken { what: what.to_owned(), found: Some(line(finding)), found_rule: Some(finding.rule), ..Broken::default() }
}

/// The keys in which a finding is not the one described; none: it is.
#[must_use]
pub fn differences(claim: &Claim, finding: &Finding) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut differ = |key: &str, expected: String, found: String| {
        differences.push(Difference { key: key.to_owned(), expected, found });
    };
    if claim.rule != finding.rule {
        differ("rule", claim.rule.clone(), finding.rule.to_owned());
    }
    if let Some(least) = claim.confidence.filter(|least| finding.confidence < *least) {
        let expected = confidence_word(least);
        let expected =
            if least == Confidence::Confirmed { expected.to_owned() } else { format!("{expected} or surer") };
        differ("confidence", expected, confidence_word(finding.confidence).to_owned());
    }
    for (key, wanted) in &claim.subject {
        let found = subject_values(&finding.subject, key);
        if found.as_ref() != Some(wanted) {
            differ(&format!("subject.{key}"), list(wanted), found.map_or("none".to_owned(), |found| list(&found)));
        }
    }
    let tolerance = claim.tolerance_micros;
    if let Some(since) = claim.since.filter(|since| since.micros_since(finding.since).abs() > tolerance) {
        differ("since", within(&since.rfc3339(), tolerance), finding.since.rfc3339());
    }
    let found_until = || finding.until.map_or("open".to_owned(), |until| until.rfc3339());
    match (claim.until, finding.until) {
        (Some(Until::Open), Some(_)) => differ("until", "open".to_owned(), found_until()),
        (Some(Until::At(at)), until) if until.is_none_or(|until| at.micros_since(until).abs() > tolerance) => {
            differ("until", within(&at.rfc3339(), tolerance), found_until());
        }
        (Some(_) | None, _) => {}
    }
    if !claim.evidence.is_empty() {
        let has = evidence_names(finding);
        let lacking: Vec<&str> =
            claim.evidence.iter().filter(|name| !has.contains(*name)).map(String::as_str).collect();
        if !lacking.is_empty() {
            differ("evidence", lacking.join(", "), "not in its evidence".to_owned());
        }
    }
    differences
}

fn within(time: &str, tolerance_micros: i64) -> String {
    if tolerance_micros == 0 { time.to_owned() } else { format!("{time} ± {}", length(tolerance_micros)) }
}

/// A length of time as `tolerance` is written.
pub(super) fn length(micros: i64) -> String {
    if micros % 1_000_000 == 0 { format!("{}s", micros / 1_000_000) } else { format!("{}ms", micros / 1_000) }
}

fn list(values: &[String]) -> String {
    values.join(", ")
}

/// `event@node` of the lines a finding rests on, each once.
#[must_use]
pub fn evidence_names(finding: &Finding) -> BTreeSet<String> {
    finding.evidence().iter().map(|evidence| format!("{}@{}", evidence.event.id, evidence.event.node)).collect()
}

/// The contract's word.
#[must_use]
pub fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Confirmed => "confirmed",
        Confidence::Likely => "likely",
        Confidence::Suspected => "suspected",
    }
}

/// A subject's value under a key of JSON; lists are sorted.
pub(super) fn subject_values(subject: &Subject, key: &str) -> Option<Vec<String>> {
    let one = |text: &Option<Text>| text.as_ref().map(|text| vec![text.to_string()]);
    let many = |texts: &[Text]| {
        let mut texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        texts.sort();
        Some(texts)
    };
    match key {
        "instance" => one(&subject.instance),
        "group" => one(&subject.group),
        "resource" => one(&subject.resource),
        "holder" => one(&subject.holder),
        "owner" => one(&subject.owner),
        "node" => one(&subject.node),
        "address" => one(&subject.address),
        "nodes" => many(&subject.nodes),
        "zones" => many(&subject.zones),
        _ => None,
    }
}

/// A finding in one line.
#[must_use]
pub fn line(finding: &Finding) -> String {
    let until = finding.until.map_or("open".to_owned(), |until| until.rfc3339());
    let subject: Vec<String> = SUBJECT_KEYS
        .iter()
        .filter_map(|key| Some((key, subject_values(&finding.subject, key).filter(|values| !values.is_empty())?)))
        .map(|(key, values)| format!("{key} {}", list(&values)))
        .collect();
    let (rule, confidence) = (finding.rule, confidence_word(finding.confidence));
    format!("{rule}, {confidence}; {}; {} to {until}", subject.join("; "), finding.since.rfc3339())
}

/// An expectation in one line.
fn words(claim: &Claim) -> String {
    let mut said = claim.rule.clone();
    if let Some(confidence) = claim.confidence {
        said.push_str(&format!(", {}", confidence_word(confidence)));
    }
    for (key, values) in &claim.subject {
        said.push_str(&format!("; {key} {}", list(values)));
    }
    match (claim.since, claim.until) {
        (Some(since), None) => said.push_str(&format!("; since {}", since.rfc3339())),
        (Some(since), Some(until)) => said.push_str(&format!("; {} to {}", since.rfc3339(), until_word(until))),
        (None, Some(until)) => said.push_str(&format!("; until {}", until_word(until))),
        (None, None) => {}
    }
    said
}

/// `open`, or the time.
pub(super) fn until_word(until: Until) -> String {
    match until {
        Until::Open => "open".to_owned(),
        Until::At(at) => at.rfc3339(),
    }
}
