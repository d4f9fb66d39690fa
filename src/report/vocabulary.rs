//! The catalogue as a table and as JSON (`driftline.catalogue/1`).

use super::words::visible;
use crate::catalogue::{Fields, Message, Wording, field_names, versions};
use crate::detect::listening;
use comfy_table::{ColumnConstraint, Table, Width, presets};
use serde::Serialize;
use std::io::{self, Write};

/// A message and those of its wordings that were asked for.
#[derive(Debug)]
pub struct Entry {
    /// The row.
    pub message: &'static Message,
    /// The wordings asked for.
    pub wordings: Vec<&'static Wording>,
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
        for (at, (range, text)) in entry.wordings.iter().enumerate() {
            let id = if at == 0 { entry.message.id } else { "" };
            let range = versions::in_words(range).replace(", ", ",\n");
            ids = ids.max(id.len());
            ranges = ranges.max(range.lines().map(str::len).max().unwrap_or(0));
            table.add_row([id.to_owned(), range, visible(text).into_owned()]);
        }
    }
    let padding = 3;
    let left = width.map(|width| width.saturating_sub(ids + ranges + padding).max(WORDING_COLUMNS_MIN));
    for (at, columns) in [Some(ids + 1), Some(ranges + 1), left.map(|left| left + 1)].into_iter().enumerate() {
        let (Some(column), Some(columns)) = (table.column_mut(at), columns) else { continue };
        column.set_padding((0, 1));
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(u16::try_from(columns).unwrap_or(u16::MAX))));
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
    wordings: Vec<WireWording>,
    fields: Vec<WireField>,
    proves: &'static str,
    example: &'static str,
    source: &'static str,
    rules: Vec<&'a str>,
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
        let mut names: Vec<&'static str> = Vec::new();
        for name in entry.wordings.iter().flat_map(|(_, text)| field_names(text)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let wire = WireEntry {
            schema: "driftline.catalogue/1",
            id: entry.message.id,
            wordings: entry.wordings.iter().map(|(versions, text)| WireWording { versions, text }).collect(),
            fields: names.into_iter().map(|name| WireField { name, number: Fields::is_number(name) }).collect(),
            proves: entry.message.proves,
            example: entry.message.sample,
            source: entry.message.source,
            rules: listening(entry.message.id).map(|rule| rule.id).collect(),
        };
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &wire).map_err(io::Error::other)?;
    }
    out.write_all(b"\n]\n")
}
