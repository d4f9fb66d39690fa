//! What a report says beside its findings: that nothing was found, what these logs could have shown, and what they could not.

use super::page::Page;
use super::words::{self, columns, count, pad, visible};
use super::{Caveat, Node, Report};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// Caveats of one kind that are told; the others are counted.
const SAME_KIND_MAX: usize = 6;

/// Nodes named for one caveat; more are counted.
const NODES_MAX: usize = 6;

/// The line that says so, and what would have been seen.
pub(super) fn nothing_found(report: &Report, page: &mut Page<'_>) {
    page.hang("", 2, &nothing_in(report, page.look.zone));
    section(COULD, &could_have_shown(report), page);
}

/// Heading of [`could_have_shown`].
pub(super) const COULD: &str = "These logs could have shown";
/// Heading of [`unseen`].
pub(super) const COULD_NOT: &str = "These logs could not show";

/// `Nothing found in 16 lines of 3 sources, 2020-08-08 21:01:15 to … UTC.`
pub(super) fn nothing_in(report: &Report, zone: Tz) -> String {
    let coverage = &report.coverage;
    let lines = count_u64(coverage.lines, "line", "lines");
    let sources = count(coverage.sources.len(), "source", "sources");
    let first = coverage.sources.iter().filter_map(|source| source.first).min();
    let last = coverage.sources.iter().filter_map(|source| source.last).max();
    let span = match (first, last) {
        (Some(first), Some(last)) => {
            let (from, to) = (words::date_and_clock(first, zone), words::date_and_clock(last, zone));
            format!(", {from} to {to} {zone}")
        }
        _ => String::new(),
    };
    // What else is here was not asked for, which a caveat counts.
    let is_selected = report.caveats.iter().any(|caveat| caveat.kind == "selection");
    let asked = if is_selected { " of what was asked for" } else { "" };
    format!("Nothing found{asked} in {lines} of {sources}{span}.")
}

/// What would have been seen, by daemon.
pub(super) fn could_have_shown(report: &Report) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    let vrrp = with_role(report, "vrrp");
    match vrrp.len() {
        0 => {}
        1 => shown.push(("keepalived".to_owned(), format!("{}: its side of a split or a drift", vrrp.join(", ")))),
        _ => shown.push((
            "keepalived".to_owned(),
            format!("{}: a split, flapping, an address left on the wrong one", vrrp.join(", ")),
        )),
    }
    for (role, what) in [
        ("primary", "NOTIFYs sent and refused, transfers served and denied"),
        ("secondary", "stale zones, refused transfers and NOTIFYs"),
    ] {
        let nodes = with_role(report, role);
        if !nodes.is_empty() {
            shown.push(("PowerDNS".to_owned(), format!("{} as {role}: {what}", nodes.join(", "))));
        }
    }
    shown
}

/// The section of that name.
pub(super) fn could_not_show(report: &Report, page: &mut Page<'_>) {
    section(COULD_NOT, &unseen(report, page), page);
}

/// Missing sides, unread lines, and the caveats by kind; an entry without a label goes on with that of the one before.
pub(super) fn unseen(report: &Report, page: &Page<'_>) -> Vec<(String, String)> {
    let mut entries = missing_sides(report);
    let mut kinds: BTreeMap<&str, Vec<&Caveat>> = BTreeMap::new();
    for caveat in &report.caveats {
        kinds.entry(caveat.kind).or_default().push(caveat);
    }
    for (kind, caveats) in kinds {
        let folded = fold(&caveats, page);
        for (at, text) in folded.iter().take(SAME_KIND_MAX).enumerate() {
            entries.push((if at == 0 { label(kind).to_owned() } else { String::new() }, text.clone()));
        }
        if folded.len() > SAME_KIND_MAX {
            let more = count(folded.len() - SAME_KIND_MAX, "more like these", "more like these");
            entries.push((String::new(), format!("{more}: --format json")));
        }
    }
    if report.coverage.unrecognised > 0 {
        let lines = count_u64(report.coverage.unrecognised, "line", "lines");
        let text = "of the two daemons no row of the catalogue reads: driftline analyze --unrecognised".to_owned();
        let verb = if report.coverage.unrecognised == 1 { "says" } else { "say" };
        entries.push((format!("what {lines} {verb}"), text));
    }
    entries
}

/// The lines that no row reads, by what they have in common; only where they were asked for.
pub(super) fn unread(report: &Report, page: &mut Page<'_>) {
    if report.coverage.unrecognised_templates.is_empty() {
        return;
    }
    page.line("");
    page.line("Lines of the two daemons that nothing here reads, by what they have in common");
    for unread in &report.coverage.unrecognised_templates {
        let lines = count_u64(unread.lines, "line", "lines");
        let first = format!("  {lines} of {}  ", unread.daemon.word());
        page.hang(&first, 4, &visible(&unread.template));
        let place = unread.line.map_or_else(|| unread.path.to_string(), |line| format!("{}:{line}", unread.path));
        page.hang("    ", 4, &format!("{}  {}", visible(&place), visible(&unread.raw)));
    }
}

pub(super) fn section(heading: &str, entries: &[(String, String)], page: &mut Page<'_>) {
    if entries.is_empty() {
        return;
    }
    page.line("");
    page.line(heading);
    let most = page.width().map_or(usize::MAX, |width| width / 3);
    let wide = entries.iter().map(|(label, _)| columns(label)).filter(|wide| *wide <= most).max().unwrap_or(0);
    for (label, text) in entries {
        let indent = 2 + wide + 2;
        if columns(label) > wide {
            page.hang("  ", 2, label);
            page.hang(&format!("{:indent$}", ""), indent, text);
        } else {
            page.hang(&format!("  {}  ", pad(label, wide)), indent, text);
        }
    }
}

/// A daemon that a node or a cluster must have, of which no line was read.
fn missing_sides(report: &Report) -> Vec<(String, String)> {
    if report.nodes.is_empty() {
        return Vec::new();
    }
    let speaks_dns = |node: &Node| {
        node.roles.iter().any(|role| matches!(*role, "primary" | "secondary"))
            || node.versions.iter().any(|(daemon, _)| daemon.starts_with("pdns"))
    };
    let vrrp = with_role(report, "vrrp");
    let silent = names(report, |node| node.roles.contains(&"vrrp") && !speaks_dns(node));
    let mut missing = Vec::new();
    match vrrp.as_slice() {
        [] => missing.push(("keepalived", "no line of it".to_owned())),
        [only] => missing.push(("keepalived", format!("no line of a peer of {only}"))),
        _ => {}
    }
    if !silent.is_empty() {
        missing.push(("PowerDNS", format!("no line of it from {}", silent.join(", "))));
    } else if with_role(report, "primary").is_empty() {
        missing.push(("PowerDNS", "no line of a primary".to_owned()));
    }
    if with_role(report, "secondary").is_empty() {
        missing.push(("PowerDNS", "no line of a secondary".to_owned()));
    }
    missing.into_iter().map(|(label, text)| (label.to_owned(), text)).collect()
}

fn with_role(report: &Report, role: &str) -> Vec<String> {
    names(report, |node| node.roles.contains(&role))
}

fn names(report: &Report, wanted: impl Fn(&Node) -> bool) -> Vec<String> {
    report.nodes.iter().filter(|node| wanted(node)).map(|node| visible(&node.name).into_owned()).collect()
}

/// What a kind of trouble hides, in the words of someone who reads logs.
fn label(kind: &str) -> &str {
    match kind {
        "clock-skew" | "clock-step" | "order" => "the order across nodes",
        "year-inferred" => "the year",
        "zone-assumed" => "the time zone",
        "clock-change" => "the hour of a change of clocks",
        "gap" => "what was said in a gap",
        "level-hides" => "what the log level hides",
        "restart" => "an end that no line tells",
        "suppressed" => "what was suppressed",
        "truncated" => "what was cut off",
        "unread" => "what could not be read",
        "selection" => "what was not asked for",
        "undated" => "the time of some",
        "undecided" => "what some records mean",
        other => other,
    }
}

/// The same words once, with the nodes they were said of, or else how often.
fn fold(caveats: &[&Caveat], page: &Page<'_>) -> Vec<String> {
    let mut folded: Vec<(&str, Vec<&Caveat>)> = Vec::new();
    for caveat in caveats {
        match folded.iter_mut().find(|(text, _)| *text == caveat.text) {
            Some((_, same)) => same.push(caveat),
            None => folded.push((&caveat.text, vec![caveat])),
        }
    }
    folded.iter().map(|(text, same)| format!("{}{}", page.said(text), said_of(text, same))).collect()
}

fn said_of(text: &str, caveats: &[&Caveat]) -> String {
    let mut nodes: Vec<&str> = caveats.iter().filter_map(|caveat| caveat.node.as_deref()).collect();
    nodes.dedup();
    match (nodes.as_slice(), caveats.len()) {
        ([], 1) => String::new(),
        ([node], 1) if text.contains(node) => String::new(),
        ([], times) => format!(" ({times} times)"),
        (nodes, _) if nodes.len() > NODES_MAX => format!(" ({} nodes)", nodes.len()),
        (nodes, _) => format!(" ({})", visible(&nodes.join(", "))),
    }
}

fn count_u64(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
