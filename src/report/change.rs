//! One announcement of `follow` for machines: `driftline.change/1`.

use super::json::{WireFinding, escape_hidden};
use crate::finding::Finding;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const SCHEMA: &str = "driftline.change/1";

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// It was not there before.
    Opened,
    /// It is surer, worse, or concerns others than before; or less of that.
    Changed,
    /// It ended, or later lines do not bear it out.
    Closed,
}

impl Kind {
    /// The word in `driftline.change/1`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Closed => "closed",
        }
    }
}

#[derive(Serialize)]
struct WireChange<'a> {
    schema: &'static str,
    change: &'static str,
    finding: WireFinding<'a>,
}

/// One line of `driftline.change/1`, without its end.
#[must_use]
pub fn json(kind: Kind, finding: &Finding) -> String {
    let wire = WireChange { schema: SCHEMA, change: kind.word(), finding: WireFinding::new(finding) };
    escape_hidden(&serde_json::to_string(&wire).expect("strings and numbers have a form"))
}

/// `change`, the line of a finding that opened or changed, as a reminder that it is still so: `changed`, marked `"reminder":true`.
#[must_use]
pub fn reminder(change: &str) -> String {
    // What the line begins with is ours: no text of a log stands before it.
    let (_, finding) = change.split_once(r#","finding":"#).unwrap_or_default();
    format!(r#"{{"schema":"{SCHEMA}","change":"{}","reminder":true,"finding":{finding}"#, Kind::Changed.word())
}

#[derive(Serialize)]
struct WireFlood<'a> {
    schema: &'static str,
    changes: u64,
    by_change: &'a BTreeMap<&'static str, u64>,
    by_rule: &'a BTreeMap<String, u64>,
    findings: &'a [String],
}

/// Announcements that are told as one: how many by change and by rule, and some of the findings' ids.
#[must_use]
pub fn flood(by_change: &BTreeMap<&'static str, u64>, by_rule: &BTreeMap<String, u64>, ids: &[String]) -> String {
    let changes = by_change.values().sum();
    let wire = WireFlood { schema: "driftline.flood/1", changes, by_change, by_rule, findings: ids };
    escape_hidden(&serde_json::to_string(&wire).expect("strings and numbers have a form"))
}

/// The lines that a finding rests on, from its JSON: node and text.
#[must_use]
pub fn rests_on(finding: &str) -> BTreeSet<(String, String)> {
    let finding: serde_json::Value = serde_json::from_str(finding).unwrap_or_default();
    let evidence = finding["evidence"].as_array().into_iter().flatten();
    let primary = evidence.filter(|line| line["role"] == "primary");
    primary.filter_map(|line| Some((line["node"].as_str()?.to_owned(), line["raw"].as_str()?.to_owned()))).collect()
}

/// The id of what explains a finding, from its JSON.
#[must_use]
pub fn cause(finding: &str) -> Option<String> {
    let finding: serde_json::Value = serde_json::from_str(finding).unwrap_or_default();
    finding["cause"].as_str().map(str::to_owned)
}

/// One line of `driftline.change/1` that closes a finding which is no longer held, from its JSON as told last.
#[must_use]
pub fn withdrawn(finding: &str) -> String {
    let mut finding: serde_json::Value = serde_json::from_str(finding).unwrap_or_default();
    finding["state"] = "closed".into();
    finding["withdrawn"] = true.into();
    let wire = serde_json::json!({ "schema": SCHEMA, "change": Kind::Closed.word(), "finding": finding });
    escape_hidden(&wire.to_string())
}
