//! `expected.toml` → [`Case`]: what must and what must not be found in a directory of logs.
//!
//! Everything that is not understood is an error with its line: a slip of the pen must not become an expectation that holds.

use crate::catalogue;
use crate::detect::RULES;
use crate::event::Daemon;
use crate::finding::Confidence;
use crate::moment::{Moment, Precision};
use chrono::DateTime;
use std::ops::Range;
use toml_edit::{Document, Item, Table, TableLike, Value};

/// The name of the file that makes a directory a case.
pub const EXPECTED: &str = "expected.toml";

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Findings beyond those named.
    pub others: Others,
    /// Line of `others`.
    pub others_line: usize,
    /// Nodes of which a line must be in the logs: a log that is lost makes a quiet case no quieter.
    pub nodes: Vec<String>,
    /// Line of `nodes`.
    pub nodes_line: usize,
    /// `[analyze]`, in the order written.
    pub settings: Vec<Setting>,
    /// `[[expect]]`: must be there.
    pub expects: Vec<Claim>,
    /// `[[forbid]]`: must not.
    pub forbids: Vec<Claim>,
}

/// Whether findings may be there that no `[[expect]]` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Each is a failure.
    Forbid,
    /// They do not matter.
    Allow,
}

/// An option of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name without dashes.
    pub option: String,
    /// Values; several where the option may be given several times.
    pub values: Vec<String>,
    /// Line in the file.
    pub line: usize,
}

/// A finding as described by hand. What is left out does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Rule id.
    pub rule: String,
    /// At least.
    pub confidence: Option<Confidence>,
    /// Subject keys and their values, in the order written.
    pub subject: Vec<(&'static str, Vec<String>)>,
    /// Begin.
    pub since: Option<Moment>,
    /// End.
    pub until: Option<Until>,
    /// How far `since` and `until` may be off.
    pub tolerance_micros: i64,
    /// `event@node` of lines that it must rest on.
    pub evidence: Vec<String>,
    /// Line of the table's header.
    pub line: usize,
}

/// How a finding must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// It must still last at the end of the logs.
    Open,
    /// Here.
    At(Moment),
}

/// What is wrong with an `expected.toml`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {text}")]
pub struct CaseError {
    /// The file.
    pub path: String,
    /// 1-based.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

/// Keys of a subject, as in JSON.
pub(super) const SUBJECT_KEYS: &[&str] =
    &["instance", "group", "resource", "holder", "owner", "node", "nodes", "zones", "address"];
/// Options of `analyze` that a case may state.
const OPTIONS: &[&str] = &["tz", "year", "skew", "since", "until", "rule", "config"];

impl Case {
    /// Reads the text of an `expected.toml`; `path` is for its errors.
    ///
    /// # Errors
    /// The first thing that is not understood; also a file without any expectation.
    pub fn parse(path: &str, text: &str) -> Result<Self, CaseError> {
        let reader = Reader { path, text };
        let document = Document::parse(text).map_err(|error| reader.error(error.span(), error.message()))?;
        reader.case(document.as_table())
    }
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
}

type Found<T> = Result<T, CaseError>;

impl Reader<'_> {
    fn line(&self, span: Option<Range<usize>>) -> usize {
        let before = span.and_then(|span| self.text.get(..span.start)).unwrap_or_default();
        1 + before.bytes().filter(|byte| *byte == b'\n').count()
    }

    fn error(&self, span: Option<Range<usize>>, text: impl Into<String>) -> CaseError {
        CaseError { path: self.path.to_owned(), line: self.line(span), text: text.into() }
    }

    fn case(&self, table: &Table) -> Found<Case> {
        self.known_keys(table, &["others", "nodes", "analyze", "expect", "forbid"])?;
        let others = table.get("others");
        let nodes = table.get("nodes");
        let others_line = self.line(others.and_then(Item::span));
        let case = Case {
            others: match others.and_then(Item::as_str) {
                Some("forbid") => Others::Forbid,
                Some("allow") => Others::Allow,
                Some(_) | None => {
                    let text = "others must be \"forbid\" or \"allow\": whether findings may be there that no [[expect]] names";
                    return Err(self.error(others.and_then(Item::span), text));
                }
            },
            others_line,
            nodes: match nodes {
                Some(item) => texts(item).ok_or_else(|| self.error(item.span(), "nodes must be a list of texts"))?,
                None => Vec::new(),
            },
            nodes_line: self.line(nodes.and_then(Item::span)),
            settings: self.settings(table.get("analyze"))?,
            expects: self.claims(table.get("expect"), "expect")?,
            forbids: self.claims(table.get("forbid"), "forbid")?,
        };
        if case.expects.is_empty() && case.forbids.is_empty() {
            return Err(
                self.error(None, "neither [[expect]] nor [[forbid]]: a case without an expectation checks nothing")
            );
        }
        Ok(case)
    }

    fn known_keys(&self, table: &dyn TableLike, known: &[&str]) -> Found<()> {
        for (name, item) in table.iter() {
            if !known.contains(&name) {
                let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
                return Err(self.error(span, format!("unknown key {name}; known here: {}", known.join(", "))));
            }
        }
        Ok(())
    }

    fn settings(&self, item: Option<&Item>) -> Found<Vec<Setting>> {
        let Some(item) = item else { return Ok(Vec::new()) };
        let table = item.as_table_like().ok_or_else(|| self.error(item.span(), "analyze must be a table"))?;
        self.known_keys(table, OPTIONS)?;
        let setting = |(option, item): (&str, &Item)| {
            let values = match item.as_value() {
                Some(Value::String(text)) => Some(vec![text.value().clone()]),
                Some(Value::Integer(number)) => Some(vec![number.value().to_string()]),
                Some(Value::Array(list)) => list
                    .iter()
                    .map(|value| {
                        value
                            .as_str()
                            .map(str::to_owned)
                            .or_else(|| value.as_integer().map(|number| number.to_string()))
                    })
                    .collect(),
                Some(_) | None => None,
            };
            let values =
                values.ok_or_else(|| self.error(item.span(), format!("{option} must be text, or a list of texts")))?;
            Ok(Setting { option: option.to_owned(), values, line: self.line(item.span()) })
        };
        table.iter().map(setting).collect()
    }

    fn claims(&self, item: Option<&Item>, name: &str) -> Found<Vec<Claim>> {
        let Some(item) = item else { return Ok(Vec::new()) };
        let tables = item
            .as_array_of_tables()
            .ok_or_else(|| self.error(item.span(), format!("{name} must be written as [[{name}]]")))?;
        tables.iter().map(|table| self.claim(table, name == "forbid")).collect()
    }

    fn claim(&self, table: &Table, is_forbidden: bool) -> Found<Claim> {
        let known: &[&str] = if is_forbidden {
            &["rule", "confidence", "subject"]
        } else {
            &["rule", "confidence", "subject", "since", "until", "tolerance", "evidence"]
        };
        self.known_keys(table, known)?;
        let claim = Claim {
            rule: self.rule(table)?,
            confidence: self.confidence(table.get("confidence"))?,
            subject: self.subject(table.get("subject"))?,
            since: table.get("since").map(|item| self.moment(item)).transpose()?,
            until: match table.get("until") {
                Some(item) if item.as_str() == Some("open") => Some(Until::Open),
                Some(item) => Some(Until::At(self.moment(item)?)),
                None => None,
            },
            tolerance_micros: self.tolerance(table.get("tolerance"))?,
            evidence: self.evidence(table.get("evidence"))?,
            line: self.line(table.span()),
        };
        if let (Some(tolerance), None, None) = (table.get("tolerance"), claim.since, claim.until) {
            return Err(self.error(tolerance.span(), "tolerance without since or until"));
        }
        Ok(claim)
    }

    fn rule(&self, table: &Table) -> Found<String> {
        let item = table.get("rule").ok_or_else(|| self.error(table.span(), "rule is missing"))?;
        let rule = item.as_str().unwrap_or_default();
        let known: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        if known.contains(&rule) {
            return Ok(rule.to_owned());
        }
        Err(self.error(item.span(), format!("unknown rule {rule:?}; known: {}", known.join(", "))))
    }

    fn confidence(&self, item: Option<&Item>) -> Found<Option<Confidence>> {
        let Some(item) = item else { return Ok(None) };
        match item.as_str() {
            Some("confirmed") => Ok(Some(Confidence::Confirmed)),
            Some("likely") => Ok(Some(Confidence::Likely)),
            Some("suspected") => Ok(Some(Confidence::Suspected)),
            Some(_) | None => {
                Err(self.error(item.span(), "confidence must be \"confirmed\", \"likely\" or \"suspected\""))
            }
        }
    }

    fn subject(&self, item: Option<&Item>) -> Found<Vec<(&'static str, Vec<String>)>> {
        let Some(item) = item else { return Ok(Vec::new()) };
        let table = item.as_table_like().ok_or_else(|| self.error(item.span(), "subject must be a table"))?;
        self.known_keys(table, SUBJECT_KEYS)?;
        let mut subject = Vec::new();
        for (name, item) in table.iter() {
            let name = SUBJECT_KEYS.iter().find(|known| **known == name).expect("unknown keys were refused");
            let is_list = matches!(*name, "nodes" | "zones");
            let values = match (is_list, item.as_str()) {
                (false, Some(text)) => Some(vec![text.to_owned()]),
                (false, None) | (true, Some(_)) => None,
                (true, None) => texts(item),
            };
            let wanted = if is_list { "a list of texts" } else { "text" };
            let mut values = values.ok_or_else(|| self.error(item.span(), format!("{name} must be {wanted}")))?;
            values.sort();
            subject.push((*name, values));
        }
        Ok(subject)
    }

    fn moment(&self, item: &Item) -> Found<Moment> {
        let written = match item.as_value() {
            Some(Value::String(text)) => text.value().clone(),
            Some(Value::Datetime(time)) => time.value().to_string(),
            Some(_) | None => String::new(),
        };
        let time = DateTime::parse_from_rfc3339(&written).map_err(|_| {
            self.error(item.span(), format!("{written:?} is no time with a zone such as \"2020-08-08T21:01:16Z\""))
        })?;
        let precision =
            match written.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count()) {
                0 => Precision::Second,
                1..=3 => Precision::Milli,
                _ => Precision::Micro,
            };
        Ok(Moment::new(time.naive_utc(), precision))
    }

    fn tolerance(&self, item: Option<&Item>) -> Found<i64> {
        let Some(item) = item else { return Ok(0) };
        let written = item.as_str().unwrap_or_default();
        let digits = written.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = written.split_at(digits);
        let unit = match unit.trim() {
            "ms" => Some(1_000),
            "s" => Some(1_000_000),
            "min" => Some(60_000_000),
            "h" => Some(3_600_000_000),
            _ => None,
        };
        let micros = number.parse::<i64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
        micros.ok_or_else(|| {
            self.error(item.span(), "tolerance must be a length of time such as \"2s\", \"500ms\" or \"1min\"")
        })
    }

    fn evidence(&self, item: Option<&Item>) -> Found<Vec<String>> {
        let Some(item) = item else { return Ok(Vec::new()) };
        let names = texts(item).filter(|names| names.iter().all(|name| name.contains('/') && name.contains('@')));
        let names = names.ok_or_else(|| {
            self.error(
                item.span(),
                "evidence must be a list of EVENT@NODE such as \"keepalived/state-master@dnsmaster2\"",
            )
        })?;
        match names.iter().find(|name| !is_event(name)) {
            Some(name) => {
                Err(self.error(item.span(), format!("unknown event {name:?}: driftline catalogue lists them")))
            }
            None => Ok(names),
        }
    }
}

/// Whether a daemon's event is one of the catalogue's. Other witnesses have no list.
fn is_event(name: &str) -> bool {
    let id = name.split('@').next().unwrap_or_default();
    let is_listed = |daemon| catalogue::messages(daemon).iter().any(|message| message.id == id);
    Daemon::of(id).is_none_or(|daemon| id.ends_with("/unrecognised") || is_listed(daemon))
}

fn texts(item: &Item) -> Option<Vec<String>> {
    item.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Case::parse("c/expected.toml", text).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_whole_case_is_understood() {
        let text = "others = \"allow\"\nnodes = [\"a\", \"b\"]\n[analyze]\ntz = \"UTC\"\nyear = [\"a=2020\", 2021]\n\n[[expect]]\nrule = \"eip-drift\"\n\
                    confidence = \"likely\"\nsubject = { nodes = [\"b\", \"a\"], holder = \"a\" }\nsince = 2020-08-08T21:01:16Z\n\
                    until = \"open\"\ntolerance = \"2s\"\nevidence = [\"keepalived/state-master@a\"]\n\n[[forbid]]\nrule = \"split-brain\"\n";
        let case = Case::parse("expected.toml", text).expect("it is right");
        assert_eq!(case.settings[1].values, ["a=2020", "2021"]);
        let claim = &case.expects[0];
        assert_eq!((case.nodes.as_slice(), case.nodes_line), (["a".to_owned(), "b".to_owned()].as_slice(), 2));
        assert_eq!(claim.line, 7);
        assert_eq!(claim.subject[0], ("nodes", vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(claim.since.map(Moment::rfc3339).as_deref(), Some("2020-08-08T21:01:16Z"));
        assert_eq!((claim.until, claim.tolerance_micros), (Some(Until::Open), 2_000_000));
        assert_eq!(case.forbids[0].line, 16);
    }

    #[test]
    fn slips_of_the_pen_are_errors_with_their_line() {
        let expect = |line: &str| format!("others = \"forbid\"\n\n[[expect]]\nrule = \"eip-drift\"\n{line}\n");
        for (text, line, complaint) in [
            ("others = \"forbid\"\n".to_owned(), 1, "without an expectation"),
            ("[[forbid]]\nrule = \"eip-drift\"\n".to_owned(), 1, "others"),
            ("others = \"forbid\"\n[[expect]]\nrule = \"eip-drifts\"\n".to_owned(), 3, "unknown rule \"eip-drifts\""),
            ("others = \"forbid\"\nnodes = \"a\"\n".to_owned(), 2, "nodes must be a list"),
            ("others = \"forbid\"\n[[expect]]\n".to_owned(), 2, "rule is missing"),
            ("others = \"forbid\"\nexpect = 1\n".to_owned(), 2, "[[expect]]"),
            ("others = \"forbid\"\n[analyze]\nzone = \"UTC\"\n".to_owned(), 3, "unknown key zone"),
            ("others = \"forbid\"\n\nthers\n".to_owned(), 3, ""),
            (expect("confidance = \"likely\""), 5, "unknown key confidance"),
            (expect("confidence = \"sure\""), 5, "confidence"),
            (expect("subject = { nod = \"a\" }"), 5, "unknown key nod"),
            (expect("subject = { nodes = \"a\" }"), 5, "list"),
            (expect("since = \"yesterday\""), 5, "no time"),
            (expect("since = 2020-08-08T21:01:16"), 5, "no time"),
            (expect("since = \"2020-08-08T21:01:16Z\"\ntolerance = \"2\""), 6, "tolerance"),
            (expect("tolerance = \"2s\""), 5, "tolerance without"),
            (expect("evidence = [\"state-master\"]"), 5, "EVENT@NODE"),
            (expect("evidence = [\"keepalived/state-mastr@a\"]"), 5, "unknown event \"keepalived/state-mastr@a\""),
            (
                "others = \"forbid\"\n[[forbid]]\nrule = \"eip-drift\"\nsince = \"x\"\n".to_owned(),
                4,
                "unknown key since",
            ),
        ] {
            let error = error(&text);
            assert!(error.starts_with(&format!("c/expected.toml:{line}: ")), "{text:?}: line {line}: {error}");
            assert!(error.contains(complaint), "{text:?}: {complaint:?}: {error}");
        }
    }
}
