//! Every case below `samples/` against its `expected.toml`: what must be found is found, and nothing else where others are forbidden.

mod common;

use chrono::{DateTime, Utc};
use common::{analyze_with, cases, confidence, findings, line, text};
use driftline::pipeline::Options;
use driftline::timeline::Stated;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    others: Others,
    #[serde(default)]
    analyze: Analyze,
    #[serde(default)]
    expect: Vec<Expect>,
    #[serde(default)]
    forbid: Vec<Forbid>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Others {
    Forbid,
    Allow,
}

/// Options as on the command line; those that the cases need.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Analyze {
    tz: Option<String>,
    year: Option<i32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    rule: String,
    confidence: Option<String>,
    #[serde(default)]
    subject: BTreeMap<String, Value>,
    since: Option<String>,
    until: Option<String>,
    tolerance: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forbid {
    rule: String,
    confidence: Option<String>,
    #[serde(default)]
    subject: BTreeMap<String, Value>,
}

fn read(case: &Path) -> Result<Case, String> {
    let read: Case = toml::from_str(&text(&case.join("expected.toml"))).map_err(|error| error.to_string())?;
    if read.expect.is_empty() && read.forbid.is_empty() {
        return Err("neither [[expect]] nor [[forbid]]: a case without an expectation checks nothing".to_owned());
    }
    Ok(read)
}

fn options(analyze: &Analyze) -> Options {
    let mut stated = Stated::default();
    if let Some(zone) = &analyze.tz {
        stated.zones.insert(None, zone.parse().expect("tz names a zone"));
    }
    if let Some(year) = analyze.year {
        stated.years.insert(None, year);
    }
    Options { stated, ..Options::default() }
}

/// Keys left out do not matter; lists are compared as sets.
fn is_about(finding: &Value, subject: &BTreeMap<String, Value>) -> bool {
    let as_set = |value: &Value| {
        let mut words: Vec<String> =
            value.as_array().map_or(vec![value.to_string()], |list| list.iter().map(Value::to_string).collect());
        words.sort();
        words
    };
    subject.iter().all(|(key, wanted)| as_set(&finding["subject"][key]) == as_set(wanted))
}

fn moment(word: &str) -> DateTime<Utc> {
    word.parse().unwrap_or_else(|error| panic!("{word:?} is no time: {error}"))
}

fn seconds(word: &str) -> f64 {
    let number = |unit: &str, factor: f64| Some(word.strip_suffix(unit)?.parse::<f64>().ok()? * factor);
    number("ms", 1e-3)
        .or_else(|| number("s", 1.0))
        .or_else(|| number("m", 60.0))
        .unwrap_or_else(|| panic!("{word:?} is no tolerance"))
}

fn is_near(told: &Value, wanted: &str, tolerance: f64) -> bool {
    let off = |told: &str| (moment(told) - moment(wanted)).as_seconds_f64().abs();
    told.as_str().is_some_and(|told| off(told) <= tolerance)
}

/// What keeps a finding from being the one expected; empty: it is.
fn difference(finding: &Value, expect: &Expect) -> Option<&'static str> {
    let tolerance = expect.tolerance.as_deref().map_or(0.0, seconds);
    let word = |key: &str| finding[key].as_str().unwrap_or_default();
    if word("rule") != expect.rule {
        Some("another rule")
    } else if !is_about(finding, &expect.subject) {
        Some("another subject")
    } else if expect.confidence.as_ref().is_some_and(|wanted| confidence(word("confidence")) < confidence(wanted)) {
        Some("less sure")
    } else if expect.since.as_ref().is_some_and(|wanted| !is_near(&finding["since"], wanted, tolerance)) {
        Some("another since")
    } else {
        match expect.until.as_deref() {
            Some("open") if word("state") != "open" => Some("closed"),
            Some("open") | None => None,
            Some(wanted) if !is_near(&finding["until"], wanted, tolerance) => Some("another until"),
            Some(_) => None,
        }
    }
}

fn check(case: &Path) -> Result<(), String> {
    let expected = read(case)?;
    let outcome = analyze_with(&[case], &options(&expected.analyze), 2);
    if let Some(error) = outcome.errors.first() {
        return Err(format!("cannot be read: {error}"));
    }
    let found = findings(&outcome);
    let mut trouble = String::new();
    let mut met = vec![false; found.len()];
    for expect in &expected.expect {
        let position = (0..found.len()).find(|index| !met[*index] && difference(&found[*index], expect).is_none());
        if let Some(position) = position {
            met[position] = true;
            continue;
        }
        let _ = writeln!(trouble, "  missing: {expect:?}");
        for finding in found.iter().filter(|finding| finding["rule"] == expect.rule.as_str()) {
            let _ = writeln!(
                trouble,
                "     found ({}): {} {}",
                difference(finding, expect).unwrap_or("already met"),
                line(finding),
                finding["subject"]
            );
        }
    }
    for forbid in &expected.forbid {
        let floor = forbid.confidence.as_deref().map_or(0, confidence);
        for finding in &found {
            let is_it = finding["rule"] == forbid.rule.as_str()
                && is_about(finding, &forbid.subject)
                && confidence(finding["confidence"].as_str().unwrap_or_default()) >= floor;
            if is_it {
                let _ = writeln!(trouble, "  forbidden: {}", line(finding));
            }
        }
    }
    if expected.others == Others::Forbid {
        for (finding, _) in found.iter().zip(&met).filter(|(_, met)| !**met) {
            let _ = writeln!(trouble, "  not expected: {}", line(finding));
        }
    }
    if trouble.is_empty() { Ok(()) } else { Err(trouble) }
}

#[test]
fn every_case_holds() {
    let cases = cases();
    assert!(cases.len() >= 20, "only {} cases were found below samples/", cases.len());
    let broken: Vec<String> = cases
        .iter()
        .filter_map(|case| check(case).err().map(|trouble| format!("{}\n{trouble}", case.display())))
        .collect();
    assert!(broken.is_empty(), "{} of {} cases do not hold:\n{}", broken.len(), cases.len(), broken.join("\n"));
}

#[test]
fn every_case_says_what_it_is() {
    for case in cases() {
        let about = text(&case.join("ABOUT.md"));
        assert!(about.starts_with("# "), "{}: ABOUT.md begins with a title", case.display());
        let origins = ["Real:", "Reproduced:", "Synthetic:"].iter().filter(|word| about.contains(**word)).count();
        assert_eq!(origins, 1, "{}: ABOUT.md says whether the case is real, reproduced or synthetic", case.display());
        assert!(about.contains("What must be found:"), "{}: ABOUT.md says what must be found", case.display());
    }
}

#[test]
fn a_case_that_checks_nothing_is_an_error() {
    let case = common::scratch("case-without-expectation");
    for (toml, complaint) in [
        ("others = \"forbid\"\n", "without an expectation"),
        ("", "others"),
        ("others = \"forbid\"\n[[expect]]\nrule = \"eip-drift\"\nconfidance = \"likely\"\n", "confidance"),
        ("others = \"forbid\"\n[analyze]\nzone = \"UTC\"\n[[forbid]]\nrule = \"eip-drift\"\n", "zone"),
    ] {
        std::fs::write(case.join("expected.toml"), toml).expect("a test writes to its own directory");
        let error = read(&case).err().unwrap_or_default();
        assert!(error.contains(complaint), "{toml:?} should be an error about {complaint}: {error:?}");
    }
}
