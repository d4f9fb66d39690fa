//! The report as one HTML file that needs nothing else: for a browser on a desk or a phone, and for a printer.
//!
//! **Invariant:** no script, nothing loaded, and no text that is not escaped (`markup::Markup`).

use super::markup::Markup;
use super::svg::Inline;
use super::timeline::Entry;
use super::told::{Part, Told, how_many, how_many_left_out, quoted};
use super::{Report, house, quiet, svg, visible, words};
use crate::finding::Role;
use chrono_tz::Tz;
use std::io::{self, Write};

/// Raw lines shown for one row; the others are counted, and the places name them all.
const QUOTED_MAX: usize = 8;

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"generator\" content=\"driftline\">\n";

const STYLE: &str = include_str!("html.css");

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(report: &Report, zone: Tz, out: &mut dyn Write) -> io::Result<()> {
    let told = Told::new(report, zone);
    let mut page = Markup::default();
    page.raw(HEAD).raw("<title>").text(&title(&told)).raw("</title>\n<style>");
    page.raw(svg::COLOURS)
        .raw(svg::STYLE)
        .raw(STYLE)
        .raw("</style>\n</head>\n<body>\n<svg class=\"patterns\" aria-hidden=\"true\">");
    page.raw(svg::PATTERNS).raw("</svg>\n<main>\n");
    if told.parts.is_empty() {
        page.raw("<h1 class=\"quiet\">").text(&quiet::nothing_in(report, zone)).raw("</h1>\n");
        section(quiet::COULD, &quiet::could_have_shown(report), &mut page);
    }
    contents(&told, &mut page);
    for (at, part) in told.parts.iter().enumerate() {
        tell(part, at, report, zone, &mut page);
    }
    section(house::WHO_IS_WHO, &house::who_is_who(report), &mut page);
    section(quiet::COULD_NOT, &told.unseen, &mut page);
    coverage(report, zone, &mut page);
    page.raw("</main>\n</body>\n</html>\n");
    out.write_all(page.into_text().as_bytes())
}

fn title(told: &Told<'_>) -> String {
    match told.parts.first() {
        Some(first) => format!("{} · driftline", first.verdict),
        None => "Nothing found · driftline".to_owned(),
    }
}

/// The verdicts, where there are several.
fn contents(told: &Told<'_>, page: &mut Markup) {
    let Some(many) = how_many(told) else { return };
    page.raw("<nav>\n<p>").text(&many).raw("</p>\n<ol>\n");
    for (at, part) in told.parts.iter().enumerate() {
        page.put(format_args!("<li><a href=\"#f{}\" class=\"{}\">", at + 1, words::severity(part.severity)));
        page.text(&part.verdict).raw("</a> · ").text(&part.claim).raw("</li>\n");
    }
    page.raw("</ol>\n</nav>\n");
}

/// The `at`th block; that makes its anchors unique.
fn tell(part: &Part<'_>, at: usize, report: &Report, zone: Tz, page: &mut Markup) {
    let prefix = if at == 0 { String::new() } else { format!("{}-", at + 1) };
    let heading = at + 1;
    let severity = words::severity(part.severity);
    page.put(format_args!("<article id=\"f{heading}\" class=\"{severity}\">\n<h1><span class=\"verdict\">"));
    page.text(&part.verdict).raw("</span>");
    if !part.claim.is_empty() {
        page.raw(" <span class=\"claim\">").text(&part.claim).raw("</span>");
    }
    page.raw("</h1>\n");
    if !part.story.is_empty() {
        page.raw("<div class=\"story\">\n");
        for sentence in &part.story {
            page.raw("<p>").text(sentence).raw("</p>\n");
        }
        page.raw("</div>\n");
    }
    page.raw("<dl>\n<dt>when</dt><dd><p>").text(&part.when).raw("</p></dd>\n");
    for (label, paragraphs) in &part.labelled {
        page.raw("<dt>").text(label).raw("</dt><dd>");
        for paragraph in paragraphs {
            page.raw("<p>").text(paragraph).raw("</p>");
        }
        page.raw("</dd>\n");
    }
    page.raw("</dl>\n");
    let inline = if at < svg::PICTURES_MAX { svg::inline(part, report, zone, &prefix) } else { Inline::default() };
    if !inline.marks.is_empty() {
        picture(&inline, page);
    }
    evidence(part, &inline, zone, &prefix, page);
    page.raw("</article>\n");
}

fn picture(inline: &Inline, page: &mut Markup) {
    page.raw("<figure>\n").append(&inline.drawn).raw("\n<figcaption>\n<ul class=\"legend\">");
    for (shape, said) in svg::legend() {
        page.raw(
            "<li><svg class=\"dl-picture\" width=\"30\" height=\"22\" viewBox=\"0 0 30 22\" aria-hidden=\"true\">",
        );
        page.append(&shape).raw("</svg> ").text(said).raw("</li>");
    }
    page.raw("</ul>\n<p>").text(svg::NOT_TO_SCALE).raw("</p>\n");
    for sentence in &inline.left_out {
        page.raw("<p>").text(sentence).raw("</p>\n");
    }
    page.raw("</figcaption>\n</figure>\n");
}

fn evidence(part: &Part<'_>, inline: &Inline, zone: Tz, prefix: &str, page: &mut Markup) {
    page.raw("<h2>Evidence</h2>\n<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th></th><th>time (");
    page.text(zone.name()).raw(")</th><th>node</th><th>what</th></tr></thead>\n<tbody>\n");
    for entry in &part.entries {
        if let Some(silence) = &entry.silence {
            page.raw("<tr class=\"silence\"><td></td><td colspan=\"3\">")
                .text(silence)
                .raw(" without a line told here</td></tr>\n");
        }
        row(entry, inline.marks.contains(&entry.number), zone, prefix, page);
    }
    page.raw("</tbody>\n</table></div>\n");
    if let Some(left_out) = how_many_left_out(part) {
        page.raw("<p>").text(&left_out).raw("</p>\n");
    }
}

/// What happened, what it proves, and the lines as written.
fn row(entry: &Entry<'_>, is_marked: bool, zone: Tz, prefix: &str, page: &mut Markup) {
    let number = entry.number;
    let role = match entry.role {
        Role::Primary => "primary",
        Role::Supporting => "supporting",
        Role::Against => "against",
        Role::Repair => "repair",
    };
    page.put(format_args!("<tr id=\"e{prefix}{number}\" class=\"{role}\"><td>"));
    if is_marked {
        page.put(format_args!("<a href=\"#m{prefix}{number}\">[{number}]</a>"));
    } else {
        page.put(format_args!("[{number}]"));
    }
    page.raw("</td><td class=\"time\">");
    page.text(&words::date(entry.time, zone))
        .raw(" <b>")
        .text(&words::clock(entry.time, zone))
        .raw("</b></td><td class=\"node\">");
    page.text(entry.node).raw("</td><td><p class=\"what\">").text(&entry.what);
    match entry.role {
        Role::Against => page.raw(" <i>speaks against</i>"),
        Role::Repair => page.raw(" <i>shows the end</i>"),
        Role::Primary | Role::Supporting => page,
    };
    page.raw("</p><p>").text(&entry.proves).raw("</p><p class=\"place\">").text(&entry.places).raw("</p><pre>");
    for event in entry.lines.iter().take(QUOTED_MAX) {
        page.text(&quoted(&event.raw.text())).raw("\n");
    }
    let more = entry.lines.len().saturating_sub(QUOTED_MAX);
    if more > 0 {
        page.put(format_args!("… and {more} more like these\n"));
    }
    page.raw("</pre></td></tr>\n");
}

fn section(heading: &str, entries: &[(String, String)], page: &mut Markup) {
    if entries.is_empty() {
        return;
    }
    page.raw("<section>\n<h2>").text(heading).raw("</h2>\n<dl>\n");
    let mut is_open = false;
    for (label, text) in entries {
        if !label.is_empty() || !is_open {
            page.raw(if is_open { "</dd>\n<dt>" } else { "<dt>" }).text(label).raw("</dt><dd>");
            is_open = true;
        }
        page.raw("<p>").text(text).raw("</p>");
    }
    page.raw("</dd>\n</dl>\n</section>\n");
}

/// What was read.
fn coverage(report: &Report, zone: Tz, page: &mut Markup) {
    let coverage = &report.coverage;
    page.raw("<section>\n<h2>What was read</h2>\n<p>");
    page.put(format_args!(
        "{} lines: {} known, {} of the two daemons that no row of the catalogue reads, {} of other programs. Times are {}.",
        coverage.lines, coverage.recognised, coverage.unrecognised, coverage.other, zone.name()
    ));
    page.raw("</p>\n<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th>source</th><th>node</th><th>format</th><th>lines</th><th>first</th><th>last</th></tr></thead>\n<tbody>\n");
    for source in &coverage.sources {
        let stamp = |moment: Option<_>| moment.map_or(String::new(), |moment| words::date_and_clock(moment, zone));
        page.raw("<tr><td class=\"place\">").text(&source.path).raw("</td><td class=\"node\">");
        page.text(source.node.as_deref().unwrap_or("")).raw("</td><td>").text(source.format);
        page.put(format_args!("</td><td class=\"count\">{}</td><td class=\"time\">", source.lines))
            .text(&stamp(source.first));
        page.raw("</td><td class=\"time\">").text(&stamp(source.last)).raw("</td></tr>\n");
    }
    page.raw("</tbody>\n</table></div>\n");
    for node in &report.nodes {
        let by = |daemon| node.versions_by.iter().find(|(named, _)| *named == daemon).map_or("", |(_, by)| *by);
        let versions: Vec<String> = node
            .versions
            .iter()
            .map(|(daemon, version)| format!("{daemon} {version} (by its {})", by(*daemon)))
            .collect();
        let roles = node.roles.join(", ");
        let known = [roles, versions.join(", ")].into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>();
        page.raw("<p><b>").text(&visible(&node.name)).raw("</b> ").text(&known.join("; ")).raw("</p>\n");
    }
    page.raw("</section>\n");
}
