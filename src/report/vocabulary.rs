//! The catalogue as a table and as JSON (`driftline.catalogue/1`).

use super::words::visible;
use comfy_table::{ColumnConstraint, Table, Width, presets};
use serde::Serialize;
use std::io::{self, Write};

/// A message and those of its wordings that were asked for.
#[derive(Debug, Clone)]
pub struct Entry {
    /// `keepalived/state-master`.
    pub id: &'static str,
    /// It is no line of its own, but the `{reason}` of others.
    pub embedded: bool,
    /// The wordings asked for.
    pub wordings: Vec<WordingEntry>,
    /// The fields of these, and whether each is a number.
    pub fields: Vec<(&'static str, bool)>,
    /// What a line of it proves and what not.
    pub proves: &'static str,
    /// A line as it is really printed.
    pub example: &'static str,
    /// Where it is printed.
    pub source: &'static str,
    /// The rules that listen.
    pub rules: Vec<&'static str>,
}

/// A text and the releases that print it.
#[derive(Debug, Clone)]
pub struct WordingEntry {
    /// As ranges: `1.2.1..=1.4.5, 2.0.6..`.
    pub versions: &'static str,
    /// In words, a range a line.
    pub releases: String,
    /// The text with its fields in braces.
    pub text: &'static str,
}

/// A narrower column of wordings is worth nothing.
const WORDING_COLUMNS_MIN: usize = 30;

/// Writes a table: a row for each wording. With a width its lines end there.
///
/// # Errors
/// Only those of `out`.
pub fn write_table(entries: &[Entry], width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new();
    table.force_no_tty().load_style(presets::NOTHING).set_header(["id", "versions", "wording"]);
    let (mut ids, mut ranges) = (2, 8);
    for entry in entries {
        for (at, wording) in entry.wordings.iter().enumerate() {
            let id = if at == 0 { entry.id } else { "" };
            ids = ids.max(id.len());
            ranges = ranges.max(wording.releases.lines().map(str::len).max().unwrap_or(0));
            table.add_row([id.to_owned(), wording.releases.clone(), visible(wording.text).into_owned()]);
        }
    }
    let padding = 3;
    let left = width.map(|width| width.saturating_sub(ids + ranges + padding).max(WORDING_COLUMNS_MIN));
    for (at, columns) in [Some(ids + 1), Some(ranges + 1), left.map(|left| left + 1)].into_iter().enumerate() {
        let Some(column) = table.column_mut(at) else { continue };
        column.set_padding((0, 1));
        if let Some(columns) = columns {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(u16::try_from(columns).unwrap_or(u16::MAX))));
        }
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[derive(Serialize)]
struct WireEntry<'a> {
    schema: &'static str,
    id: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    embedded: bool,
    wordings: Vec<WireWording>,
    fields: Vec<WireField>,
    proves: &'static str,
    example: &'static str,
    source: &'static str,
    rules: &'a [&'static str],
}

#[derive(Serialize)]
struct WireWording {
    versions: &'static str,
    text: &'static str,
}

#[derive(Serialize)]
struct WireField {
    name: &'static str,
    number: bool,
}

/// Writes an array with a message in each line, so that it is one document and can still be read line by line.
///
/// # Errors
/// Only those of `out`.
pub fn write_json(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for (at, entry) in entries.iter().enumerate() {
        let wording = |wording: &WordingEntry| WireWording { versions: wording.versions, text: wording.text };
        let wire = WireEntry {
            schema: "driftline.catalogue/1",
            id: entry.id,
            embedded: entry.embedded,
            wordings: entry.wordings.iter().map(wording).collect(),
            fields: entry.fields.iter().map(|(name, number)| WireField { name, number: *number }).collect(),
            proves: entry.proves,
            example: entry.example,
            source: entry.source,
            rules: &entry.rules,
        };
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &wire).map_err(io::Error::other)?;
    }
    out.write_all(b"\n]\n")
}
