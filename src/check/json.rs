//! `driftline.check/1`: all cases as one JSON document, from structs of its own.
//!
//! **Invariant:** keys are only ever added here.

use super::judge::{Check, Kind};
use super::{Coverage, Judged, Verdict, count};
use crate::report::json::escape_hidden;
use serde::Serialize;
use std::io::{self, Write};

const SCHEMA: &str = "driftline.check/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    holds: usize,
    fails: usize,
    errors: usize,
    cases: Vec<WireCase<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<WireCoverage<'a>>,
}

#[derive(Serialize)]
struct WireCoverage<'a> {
    rules_without_a_case: &'a [&'static str],
    rules_without_a_near_miss: &'a [&'static str],
    events_without_a_line: &'a [&'static str],
    events_known: usize,
}

#[derive(Serialize)]
struct WireCase<'a> {
    case: &'a str,
    verdict: &'static str,
    checks: Vec<WireCheck<'a>>,
    problems: Vec<WireProblem<'a>>,
}

#[derive(Serialize)]
struct WireProblem<'a> {
    path: &'a str,
    line: Option<usize>,
    text: &'a str,
}

#[derive(Serialize)]
struct WireCheck<'a> {
    kind: &'static str,
    rule: &'a str,
    expected: &'a str,
    line: usize,
    holds: bool,
    why: Option<WireBroken<'a>>,
}

#[derive(Serialize)]
struct WireBroken<'a> {
    what: &'a str,
    found: Option<&'a str>,
    differences: Vec<WireDifference<'a>>,
    evidence_gone: &'a [String],
    evidence_unused: &'a [String],
}

#[derive(Serialize)]
struct WireDifference<'a> {
    key: &'a str,
    expected: &'a str,
    found: &'a str,
}

/// Writes the document.
///
/// # Errors
/// Only those of `out`.
pub fn write(judged: &[Judged], coverage: Option<&Coverage>, out: &mut dyn Write) -> io::Result<()> {
    let (holds, fails, errors) = count(judged);
    let cases = judged.iter().map(case).collect();
    let coverage = coverage.map(|coverage| WireCoverage {
        rules_without_a_case: &coverage.rules_without_a_case,
        rules_without_a_near_miss: &coverage.rules_without_a_near_miss,
        events_without_a_line: &coverage.events_without_a_line,
        events_known: coverage.events_known,
    });
    let document = Document { schema: SCHEMA, holds, fails, errors, cases, coverage };
    let text = serde_json::to_string_pretty(&document).map_err(io::Error::other)?;
    writeln!(out, "{}", escape_hidden(&text))
}

fn case(judged: &Judged) -> WireCase<'_> {
    WireCase {
        case: &judged.case,
        verdict: match judged.verdict() {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::Error => "error",
        },
        checks: judged.checks.iter().map(check).collect(),
        problems: judged
            .problems
            .iter()
            .map(|problem| WireProblem { path: &problem.path, line: problem.line, text: &problem.text })
            .collect(),
    }
}

fn check(check: &Check) -> WireCheck<'_> {
    WireCheck {
        kind: match check.kind {
            Kind::Expect => "expect",
            Kind::Forbid => "forbid",
            Kind::Others => "others",
            Kind::Node => "node",
        },
        rule: &check.rule,
        expected: &check.expected,
        line: check.line,
        holds: check.broken.is_none(),
        why: check.broken.as_ref().map(|broken| WireBroken {
            what: &broken.what,
            found: broken.found.as_deref(),
            differences: broken
                .differences
                .iter()
                .map(|difference| WireDifference {
                    key: &difference.key,
                    expected: &difference.expected,
                    found: &difference.found,
                })
                .collect(),
            evidence_gone: &broken.gone,
            evidence_unused: &broken.unused,
        }),
    }
}
