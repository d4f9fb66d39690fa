//! What was found → `expected.toml`: written anew, or brought up to date with hand-written parts and comments kept.
//!
//! An expectation that holds is left as it is. One that does not takes over the keys that differ from the finding that comes
//! nearest; where there is none it is taken out. What a `[[forbid]]` names is never blessed: whoever wrote it meant it.

use super::case::{Case, Claim, Others, SUBJECT_KEYS, Until};
use super::judge::{assign, confidence_word, differences, evidence_names, length, nearest, subject_values, unclaimed};
use crate::detect::RULES;
use crate::finding::Finding;
use crate::report::Report;
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TomlError, Value, value};

/// How far off a blessed time may be.
const TOLERANCE_MICROS: i64 = 1_000_000;

/// A new `expected.toml` for logs that have none.
#[must_use]
pub fn fresh(report: &Report) -> String {
    let nodes: Array = report.nodes.iter().map(|node| &*node.name).collect();
    let mut text = format!("others = \"forbid\"\nnodes = {nodes}\n");
    let settings = inferred(report);
    if !settings.is_empty() {
        text.push_str("\n# Inferred from the logs when this file was written; say what is right.\n[analyze]\n");
        settings.iter().for_each(|setting| text.push_str(&format!("{setting}\n")));
    }
    if report.findings.is_empty() {
        text.push_str("\n# Nothing was found.\n");
        for rule in RULES {
            text.push_str(&format!("[[forbid]]\nrule = \"{}\"\n\n", rule.id));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        return text;
    }
    for finding in &report.findings {
        let table = expectation(finding);
        text.push_str(&format!("\n[[expect]]\n{table}"));
    }
    text
}

/// What was assumed about stamps, as settings: a file's date, from which a year may come, is no part of a case.
fn inferred(report: &Report) -> Vec<String> {
    let nodes = |kind: &str| -> BTreeSet<&str> {
        report.caveats.iter().filter(|caveat| caveat.kind == kind).filter_map(|caveat| caveat.node.as_deref()).collect()
    };
    let mut settings = Vec::new();
    if !nodes("zone-assumed").is_empty() {
        settings.push("tz = \"UTC\"".to_owned());
    }
    let yearless = nodes("year-inferred");
    let mut years: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for source in &report.coverage.sources {
        if let (Some(node), Some(first)) = (&source.node, source.first)
            && yearless.contains(&**node)
        {
            years.entry(node).or_default().insert(first.utc().format("%Y").to_string());
        }
    }
    // One statement holds for all sources of a node.
    let stated: Vec<Value> = years
        .iter()
        .filter(|(_, years)| years.len() == 1)
        .flat_map(|(node, years)| years.iter().map(move |year| Value::from(format!("{node}={year}"))))
        .collect();
    if !stated.is_empty() {
        settings.push(format!("year = {}", stated.into_iter().collect::<Array>()));
    }
    settings
}

/// A file for logs of which these nodes are left.
///
/// # Errors
/// The text is no TOML.
pub fn without_nodes(text: &str, there: &[&str]) -> Result<String, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    keep_nodes(&mut document, there);
    Ok(document.to_string())
}

fn keep_nodes(document: &mut DocumentMut, there: &[&str]) {
    if let Some(nodes) = document.get_mut("nodes").and_then(Item::as_array_mut) {
        nodes.retain(|node| node.as_str().is_some_and(|node| there.contains(&node)));
    }
}

/// Brings a file up to date. `case` is what `text` says.
///
/// # Errors
/// The text is no TOML.
pub fn update(text: &str, case: &Case, report: &Report) -> Result<String, TomlError> {
    let findings = &report.findings;
    let there: Vec<&str> = report.nodes.iter().map(|node| &*node.name).collect();
    let mut document: DocumentMut = text.parse()?;
    keep_nodes(&mut document, &there);
    let mut told = assign(&case.expects, findings);
    let met = told.clone();
    let mut gone = Vec::new();
    for (index, claim) in case.expects.iter().enumerate() {
        if met[index].is_some() {
            continue;
        }
        let near = nearest(claim, findings, &told).filter(|near| findings[*near].rule == claim.rule);
        told.push(near);
        let table =
            document.get_mut("expect").and_then(Item::as_array_of_tables_mut).and_then(|all| all.get_mut(index));
        match (near, table) {
            (Some(near), Some(table)) => take_over(table, claim, &findings[near]),
            (Some(_) | None, _) => gone.push(index),
        }
    }
    if let Some(all) = document.get_mut("expect").and_then(Item::as_array_of_tables_mut) {
        gone.iter().rev().for_each(|index| {
            all.remove(*index);
        });
    }
    if case.others == Others::Forbid {
        let is_forbidden = |finding: &Finding| case.forbids.iter().any(|claim| differences(claim, finding).is_empty());
        let new: Vec<&Finding> = unclaimed(findings, &told).into_iter().map(|index| &findings[index]).collect();
        new.into_iter().filter(|finding| !is_forbidden(finding)).for_each(|finding| append(&mut document, finding));
    }
    if document.get("expect").and_then(Item::as_array_of_tables).is_some_and(ArrayOfTables::is_empty) {
        document.remove("expect");
    }
    Ok(document.to_string())
}

fn append(document: &mut DocumentMut, finding: &Finding) {
    let mut table = expectation(finding);
    table.decor_mut().set_prefix("\n");
    let all = document.entry("expect").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(all) = all.as_array_of_tables_mut() {
        all.push(table);
    }
}

/// Replaces the values of the keys that differ, and nothing else.
fn take_over(table: &mut Table, claim: &Claim, finding: &Finding) {
    let replace = |table: &mut dyn toml_edit::TableLike, key: &str, new: Item| {
        let decor = table.get(key).and_then(Item::as_value).map(|value| value.decor().clone());
        let mut new = new;
        if let (Some(decor), Some(value)) = (decor, new.as_value_mut()) {
            *value.decor_mut() = decor;
        }
        table.insert(key, new);
    };
    for difference in differences(claim, finding) {
        match difference.key.as_str() {
            "confidence" => replace(table, "confidence", value(confidence_word(finding.confidence))),
            "since" => replace(table, "since", value(finding.since.rfc3339())),
            "until" => replace(table, "until", value(until(finding))),
            "evidence" => replace(table, "evidence", evidence(finding)),
            key => {
                let Some(key) = key.strip_prefix("subject.") else { continue };
                let Some(subject) = table.get_mut("subject").and_then(Item::as_table_like_mut) else { continue };
                match subject_value(finding, key) {
                    Some(found) => replace(subject, key, Item::Value(found)),
                    None => {
                        subject.remove(key);
                    }
                }
            }
        }
    }
}

/// All that is worth expecting of a finding.
fn expectation(finding: &Finding) -> Table {
    let mut table = Table::new();
    table.insert("rule", value(finding.rule));
    table.insert("confidence", value(confidence_word(finding.confidence)));
    let mut subject = InlineTable::new();
    for key in SUBJECT_KEYS {
        if let Some(found) = subject_value(finding, key) {
            subject.insert(*key, found);
        }
    }
    if !subject.is_empty() {
        table.insert("subject", value(subject));
    }
    table.insert("since", value(finding.since.rfc3339()));
    table.insert("until", value(until(finding)));
    table.insert("tolerance", value(length(TOLERANCE_MICROS)));
    table.insert("evidence", evidence(finding));
    table
}

fn until(finding: &Finding) -> String {
    super::judge::until_word(finding.until.map_or(Until::Open, Until::At))
}

fn subject_value(finding: &Finding, key: &str) -> Option<Value> {
    let values = subject_values(&finding.subject, key).filter(|values| !values.is_empty())?;
    let is_list = matches!(key, "nodes" | "zones");
    Some(if is_list { Value::Array(values.into_iter().collect()) } else { Value::from(values.into_iter().next()?) })
}

/// A name a line: a diff of two of these reads well.
fn evidence(finding: &Finding) -> Item {
    let mut names: Array = evidence_names(finding).into_iter().collect();
    names.iter_mut().for_each(|name| name.decor_mut().set_prefix("\n    "));
    names.set_trailing("\n");
    names.set_trailing_comma(true);
    value(names)
}

/// The lines that differ, with `-` and `+` before them, and up to two equal ones around.
#[must_use]
pub fn diff(old: &str, new: &str) -> String {
    const AROUND: usize = 2;
    let lines = edits(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let is_near = |index: usize| {
        let from = index.saturating_sub(AROUND);
        lines[from..(index + AROUND + 1).min(lines.len())].iter().any(|(sign, _)| *sign != ' ')
    };
    let mut told = String::new();
    for (index, (sign, line)) in lines.iter().enumerate() {
        if is_near(index) {
            told.push_str(format!("  {sign} {line}").trim_end());
            told.push('\n');
        }
    }
    told
}

/// Longest common subsequence; an `expected.toml` has some hundred lines.
fn edits<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let mut longest = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] =
                if old[i] == new[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut told = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            told.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || longest[i + 1][j] >= longest[i][j + 1]) {
            told.push(('-', old[i]));
            i += 1;
        } else {
            told.push(('+', new[j]));
            j += 1;
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn a_diff_shows_what_changed_and_where() {
        assert_eq!(
            diff("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nD\ne\nf\ng\n"),
            "    b\n    c\n  - d\n  + D\n    e\n    f\n  + g\n"
        );
        assert_eq!(diff("a\n", "a\n"), "");
    }
}
