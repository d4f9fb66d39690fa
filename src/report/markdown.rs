//! The report to paste into a post-mortem: CommonMark with GitHub's tables.

use super::escape::{fence, markdown as escaped};
use super::told::{Part, Told, how_many, how_many_left_out, quoted};
use super::{Report, house, quiet, words};
use crate::moment::Moment;
use chrono_tz::Tz;
use std::io::{self, Write};

/// Raw lines quoted for one row; the others are counted, and the places name them all.
const QUOTED_MAX: usize = 4;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(report: &Report, zone: Tz, out: &mut dyn Write) -> io::Result<()> {
    let told = Told::new(report, zone);
    let mut page = String::new();
    if told.parts.is_empty() {
        page.push_str(&format!("## {}\n", escaped(&quiet::nothing_in(report, zone))));
        entries(quiet::COULD, &quiet::could_have_shown(report), &mut page);
    }
    if let Some(many) = how_many(&told) {
        page.push_str(&format!("{many}:\n\n"));
        for part in &told.parts {
            page.push_str(&format!("- {}: {}\n", words::severity(part.severity), headline(part)));
        }
        page.push('\n');
    }
    for (at, part) in told.parts.iter().enumerate() {
        page.push_str(if at > 0 { "\n" } else { "" });
        tell(part, zone, &mut page);
    }
    entries(house::WHO_IS_WHO, &house::who_is_who(report), &mut page);
    entries(quiet::COULD_NOT, &told.unseen, &mut page);
    out.write_all(page.as_bytes())
}

fn headline(part: &Part<'_>) -> String {
    let claim = if part.claim.is_empty() { String::new() } else { format!(" · {}", escaped(&part.claim)) };
    format!("**{}**{claim}", escaped(&part.verdict))
}

fn tell(part: &Part<'_>, zone: Tz, page: &mut String) {
    let claim = if part.claim.is_empty() { String::new() } else { format!(" · {}", escaped(&part.claim)) };
    page.push_str(&format!("## {}{claim}\n\n", escaped(&part.verdict)));
    for sentence in &part.story {
        page.push_str(&format!("{}\n", escaped(sentence)));
    }
    page.push_str(if part.story.is_empty() { "" } else { "\n" });
    page.push_str(&format!("- **when**: {}\n", escaped(&part.when)));
    for (label, paragraphs) in &part.labelled {
        list(label, paragraphs, page);
    }
    evidence(part, zone, page);
    lines(part, page);
}

fn list(label: &str, paragraphs: &[String], page: &mut String) {
    if let [only] = paragraphs {
        page.push_str(&format!("- **{label}**: {}\n", escaped(only)));
        return;
    }
    page.push_str(&format!("- **{label}**:\n"));
    for paragraph in paragraphs {
        page.push_str(&format!("  - {}\n", escaped(paragraph)));
    }
}

fn evidence(part: &Part<'_>, zone: Tz, page: &mut String) {
    let time = |moment: Moment| words::date_and_clock(moment, zone);
    page.push_str(&format!("\n### Evidence\n\n|   | time ({zone}) | node | what | where |\n|--:|---|---|---|---|\n"));
    for entry in &part.entries {
        if let Some(silence) = &entry.silence {
            page.push_str(&format!("|   | *{silence} without a line told here* | | | |\n"));
        }
        let (node, what, places) = (escaped(entry.node), escaped(&entry.what), escaped(&entry.places));
        page.push_str(&format!("| {} | {} | {node} | {what} | {places} |\n", entry.number, time(entry.time)));
    }
    if let Some(left_out) = how_many_left_out(part) {
        page.push_str(&format!("\n{left_out}\n"));
    }
}

/// What each row proves, and its lines as written.
fn lines(part: &Part<'_>, page: &mut String) {
    page.push_str("\n### The lines\n");
    for entry in &part.entries {
        let mut raw: Vec<String> = entry.lines.iter().take(QUOTED_MAX).map(|event| quoted(&event.raw.text())).collect();
        let more = entry.lines.len().saturating_sub(QUOTED_MAX);
        if more > 0 {
            raw.push(format!("… and {more} more like these"));
        }
        let raw = raw.join("\n");
        let fence = fence(&raw);
        let proves = escaped(&entry.proves);
        page.push_str(&format!("\n**\\[{}\\]** {proves}\n\n{fence}text\n{raw}\n{fence}\n", entry.number));
    }
}

fn entries(heading: &str, entries: &[(String, String)], page: &mut String) {
    if entries.is_empty() {
        return;
    }
    page.push_str(&format!("\n### {heading}\n\n"));
    for (label, text) in entries {
        match label.as_str() {
            "" => page.push_str(&format!("- {}\n", escaped(text))),
            label => page.push_str(&format!("- **{}**: {}\n", escaped(label), escaped(text))),
        }
    }
}
