//! The report for a person: verdict, story, what to do, the evidence in order of time, where each line stands, and what could not be known.

use super::blocks::{Block, blocks};
use super::page::Page;
use super::timeline::Timeline;
use super::words::{self, count, title, visible};
use super::{Report, house, quiet};
use crate::finding::{Bound, Finding, Severity, ZoneImpact};
use crate::moment::Moment;
use crate::parallel;
use chrono_tz::Tz;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Zones named in a block; the others are counted, and JSON has them.
const ZONES_MAX: usize = 8;

/// Blocks that are laid out at once, and lines of evidence that they may have together.
const BLOCKS_TOGETHER: usize = 128;
const LINES_TOGETHER: usize = 4_096;

/// How a report is to look, decided by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal; `None` for a pipe or file: no line is broken and nothing is cut.
    pub width: Option<usize>,
    /// Whether severities are coloured.
    pub color: bool,
    /// The reader's time zone.
    pub zone: Tz,
    /// From which severity on a finding fails the run; `None`: never.
    pub fail_on: Option<Severity>,
    /// The exit code the run will have.
    pub exit: u8,
    /// What the last line adds, e.g. the command's other formats; may be empty.
    pub hint: &'static str,
    /// How many threads may lay it out.
    pub threads: usize,
}

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(report: &Report, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look);
    let blocks = blocks(&report.findings);
    if blocks.is_empty() {
        quiet::nothing_found(report, &mut page);
    }
    if blocks.len() > 1 {
        summary(&blocks, &mut page);
    }
    page.give(out)?;
    let is_alone = blocks.len() == 1;
    let mut left = &blocks[..];
    while !left.is_empty() {
        let (some, others) = left.split_at(together(left));
        tell_all(some, is_alone, look, out)?;
        left = others;
    }
    quiet::section(house::WHO_IS_WHO, &house::who_is_who(report), &mut page);
    quiet::could_not_show(report, &mut page);
    quiet::unread(report, &mut page);
    last_line(report, &blocks, &mut page);
    page.give(out)
}

/// How many of the blocks, at least one, are laid out at once: as few lines of evidence as are small beside a world.
fn together(blocks: &[Block<'_>]) -> usize {
    let mut lines = 0;
    let fit = blocks.iter().take_while(|block| {
        lines += block.evidence().count();
        lines <= LINES_TOGETHER
    });
    fit.take(BLOCKS_TOGETHER).count().max(1)
}

/// Tells blocks one after the other, whoever lays them out. One that is alone goes out piece by piece, however long it is.
fn tell_all(blocks: &[Block<'_>], is_alone: bool, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let one = |block: &Block<'_>, out: &mut dyn Write| {
        let mut page = Page::new(look);
        if !is_alone {
            page.line("");
        }
        tell(block, is_alone, &mut page, out)?;
        page.give(out)
    };
    if let [block] = blocks {
        return one(block, out);
    }
    let told = parallel::map(blocks, look.threads, |block| {
        let mut bytes = Vec::new();
        one(block, &mut bytes).map(|()| bytes)
    });
    told.into_iter().try_for_each(|bytes| out.write_all(&bytes?))
}

fn summary(blocks: &[Block<'_>], page: &mut Page<'_>) {
    page.line(&format!(
        "{}, told one by one below; times are {}",
        count(blocks.len(), "finding", "findings"),
        page.look.zone
    ));
    page.line("");
    for block in blocks {
        let severity = block.lead.severity;
        let word = format!("{:<8}", words::severity(severity));
        let before = page.text.len();
        page.hang(&format!("  {word}  "), 12, &headline(block.lead, page));
        tint_from(before, severity, words::severity(severity), page);
    }
}

fn tell(block: &Block<'_>, alone: bool, page: &mut Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let lead = block.lead;
    let before = page.text.len();
    page.hang("", 2, &headline(lead, page));
    tint_from(before, lead.severity, &title(lead.rule), page);
    page.line("");
    for sentence in &lead.story {
        page.hang("  ", 2, &page.said(sentence));
    }
    if !lead.story.is_empty() {
        page.line("");
    }
    let timeline = Timeline::new(block, page);
    labels(block, &timeline, alone, page);
    page.line("");
    timeline.write(page);
    page.line("");
    timeline.write_references(page, out)
}

fn labels(block: &Block<'_>, timeline: &Timeline<'_>, alone: bool, page: &mut Page<'_>) {
    let lead = block.lead;
    let zone = if alone { format!("; times are {}", page.look.zone) } else { String::new() };
    page.labelled("when", &[format!("{}{zone}", lasted(lead, page.look.zone))]);
    let (causes, effects) = (causes(block, page), effects(block, page));
    let said = |sentences: &[String]| -> Vec<String> { sentences.iter().map(|sentence| page.said(sentence)).collect() };
    let (steps, prevention) = (said(&lead.next_steps), said(&lead.prevention));
    let (hit, against) = (hit(block, page), against(block, timeline, page));
    page.labelled("hit", &hit);
    page.labelled("do now", &steps);
    page.labelled("prevent", &prevention);
    page.labelled("against", &against);
    page.labelled("caused by", &causes);
    page.labelled("explains", &effects);
}

/// `EIP DRIFT, confirmed · 18.xxx.xxx.xxx was on dnsmaster2 …`; `open` stands in it while it lasts.
pub(super) fn headline(finding: &Finding, page: &Page<'_>) -> String {
    let head = verdict(finding);
    match page.said(&finding.claim) {
        claim if claim.is_empty() => head,
        claim => format!("{head} · {claim}"),
    }
}

/// `EIP DRIFT, confirmed`.
pub(super) fn verdict(finding: &Finding) -> String {
    let open = if finding.is_open() { ", open" } else { "" };
    format!("{}, {}{open}", title(finding.rule), words::confidence(finding.confidence))
}

/// Colours `word` where it first stands after `from`.
fn tint_from(from: usize, severity: Severity, word: &str, page: &mut Page<'_>) {
    let tinted = page.tint(severity, word);
    if let Some(at) = page.text.get(from..).and_then(|text| text.find(word)) {
        page.text.replace_range(from + at..from + at + word.len(), &tinted);
    }
}

/// `2020-08-08 21:01:16 to 2020-08-18 15:23:18 at the latest (at most 9 d 18 h 22 min)`.
pub(super) fn lasted(finding: &Finding, zone: Tz) -> String {
    let since = since(finding.since, finding.since_is, zone);
    let Some(until) = finding.until else { return format!("since {since}, open at the end of these logs") };
    let duration = words::duration(finding.since, until);
    let (end, bound) = match (finding.since_is, finding.until_is) {
        (Bound::Exact, Bound::Exact) => ("", ""),
        (Bound::Exact, Bound::AtMost) => (" at the latest", "at most "),
        (Bound::AtMost, Bound::Exact) => ("", "at least "),
        (Bound::AtMost, Bound::AtMost) => (" at the latest", "about "),
    };
    if until.micros <= finding.since.micros {
        return since;
    }
    format!("{since} to {}{end} ({bound}{duration})", words::clock_after(finding.since, until, zone))
}

/// `2020-08-08 21:01:16 at the latest`.
pub(super) fn since(since: Moment, bound: Bound, zone: Tz) -> String {
    let latest = match bound {
        Bound::Exact => "",
        Bound::AtMost => " at the latest",
    };
    format!("{}{latest}", words::date_and_clock(since, zone))
}

pub(super) fn hit(block: &Block<'_>, page: &Page<'_>) -> Vec<String> {
    let mut known = BTreeSet::new();
    let all = block.findings().flat_map(|finding| &finding.impact);
    let zones: Vec<&ZoneImpact> = all.filter(|impact| known.insert((&impact.zone, &impact.node))).collect();
    let mut said: Vec<String> = zones.iter().take(ZONES_MAX).map(|impact| zone_hit(impact, page.look.zone)).collect();
    if zones.len() > ZONES_MAX {
        said.push(format!("{}: --format json", count(zones.len() - ZONES_MAX, "more zone", "more zones")));
    }
    said
}

/// `example.com on dnsslave: 2020080601 instead of 2020081701 from 2020-08-18 14:52:03 at the latest to 15:23:18, 1 transfer failed`.
fn zone_hit(impact: &ZoneImpact, zone: Tz) -> String {
    let serials = match (impact.our_serial, impact.primary_serial) {
        (Some(ours), Some(primary)) => format!("{ours} instead of {primary}"),
        (None, Some(primary)) => format!("a copy that is not yet {primary}"),
        (Some(ours), None) => format!("still {ours}"),
        (None, None) => "behind".to_owned(),
    };
    let until = match impact.until {
        Some(until) => format!("to {}", words::clock_after(impact.since, until, zone)),
        None => "to the end of these logs".to_owned(),
    };
    let failed = match impact.failed_transfers {
        0 => String::new(),
        1 => ", 1 transfer failed".to_owned(),
        many => format!(", {many} transfers failed"),
    };
    let since = since(impact.since, Bound::AtMost, zone);
    format!("{} on {}: {serials} from {since} {until}{failed}", visible(&impact.zone), visible(&impact.node))
}

/// The headlines of what led to it; where a cause is told here only in part, where the rest of it is.
pub(super) fn causes(block: &Block<'_>, page: &Page<'_>) -> Vec<String> {
    let said = block.causes.iter().map(|cause| {
        let headline = headline(cause.finding, page);
        if !cause.is_cut() {
            return headline;
        }
        let lines = count(cause.lines.len(), "line", "lines");
        format!(
            "{headline}; told here with the {lines} nearest to this, and in full with the first finding that it led to"
        )
    });
    said.collect()
}

/// The headlines of what it explains.
pub(super) fn effects(block: &Block<'_>, page: &Page<'_>) -> Vec<String> {
    block.effects.iter().map(|finding| headline(finding, page)).collect()
}

pub(super) fn against(block: &Block<'_>, timeline: &Timeline<'_>, page: &Page<'_>) -> Vec<String> {
    let mut said = timeline.against(page);
    if said.is_empty() {
        said.push("nothing in these logs".to_owned());
    }
    for rival in &block.lead.rivals {
        let claim = page.said(rival.claim.trim_end_matches('.'));
        let settled = page.said(rival.settled_by.trim_end_matches('.'));
        said.push(match settled.as_str() {
            "" => format!("not excluded: {claim}"),
            settled if settled.contains("settle") => format!("not excluded: {claim}; {settled}"),
            settled => format!("not excluded: {claim}; {settled} would settle it"),
        });
    }
    said
}

/// `1 finding is critical, 2 are warnings: exit 1.   --format json …`.
fn last_line(report: &Report, blocks: &[Block<'_>], page: &mut Page<'_>) {
    let mut said = Vec::new();
    for (severity, one, many) in [
        (Severity::Critical, "is critical", "are critical"),
        (Severity::Warning, "is a warning", "are warnings"),
        (Severity::Info, "is for information", "are for information"),
    ] {
        let number = blocks.iter().filter(|block| block.lead.severity == severity).count();
        let noun = if said.is_empty() { count(number, "finding", "findings") } else { number.to_string() };
        if number > 0 {
            said.push(format!("{noun} {}", if number == 1 { one } else { many }));
        }
    }
    let inside = report.findings.len().saturating_sub(blocks.len());
    let inside = match inside {
        0 => String::new(),
        1 => " (1 more is told inside)".to_owned(),
        many => format!(" ({many} more are told inside)"),
    };
    let verdict = if said.is_empty() { "No finding".to_owned() } else { said.join(", ") };
    let why = match (page.look.exit, page.look.fail_on) {
        (2, _) if report.coverage.recognised + report.coverage.unrecognised == 0 => {
            ", because no line of PowerDNS or keepalived was found"
        }
        (2, _) => ", because not everything could be read",
        (0, _) if said.is_empty() => "",
        (0, None) => " (--fail-on never)",
        (0, Some(Severity::Critical)) => " (--fail-on critical)",
        (0, Some(Severity::Warning)) => " (--fail-on warning)",
        _ => "",
    };
    page.line("");
    let line = format!("{verdict}{inside}: exit {}{why}.", page.look.exit);
    let one_line = format!("{line}   {}", page.look.hint);
    if page.width().is_none_or(|width| words::columns(&one_line) <= width) {
        page.line(&one_line);
    } else {
        page.hang("", 0, &line);
        page.hang("", 0, page.look.hint);
    }
}
