//! A report in words, for documents: every format that is no terminal page takes its sentences from here.
//!
//! **Invariant:** nothing here is escaped for a format, and everything here is [`super::visible`].

use super::blocks::{Block, blocks};
use super::page::Page;
use super::table::{self, Look};
use super::timeline::{Entry, Timeline};
use super::{Report, quiet, words};
use crate::finding::Severity;
use chrono_tz::Tz;

/// All that is said of one report.
pub(super) struct Told<'a> {
    pub(super) parts: Vec<Part<'a>>,
    /// What these logs could not show: a label (empty: that of the entry before) and a sentence.
    pub(super) unseen: Vec<(String, String)>,
}

/// One block: a verdict and what belongs to it.
pub(super) struct Part<'a> {
    pub(super) block: Block<'a>,
    pub(super) severity: Severity,
    /// `EIP DRIFT, confirmed`.
    pub(super) verdict: String,
    pub(super) claim: String,
    pub(super) story: Vec<String>,
    pub(super) when: String,
    /// `do now` and its paragraphs, in order; those without a paragraph are left out.
    pub(super) labelled: Vec<(&'static str, Vec<String>)>,
    pub(super) entries: Vec<Entry<'a>>,
    /// Rows that a document has no room for.
    pub(super) left_out: usize,
}

impl<'a> Told<'a> {
    pub(super) fn new(report: &'a Report, zone: Tz) -> Self {
        let look = Look { width: None, color: false, zone, fail_on: None, exit: 0, hint: "", threads: 1 };
        let page = Page::new(&look);
        let parts = blocks(&report.findings).into_iter().map(|block| part(block, &page)).collect();
        Self { parts, unseen: quiet::unseen(report, &page) }
    }
}

fn part<'a>(block: Block<'a>, page: &Page<'_>) -> Part<'a> {
    let lead = block.lead;
    let timeline = Timeline::of_document(&block, page);
    let said = |sentences: &[String]| -> Vec<String> { sentences.iter().map(|sentence| page.said(sentence)).collect() };
    let mut labelled = vec![
        ("hit", table::hit(&block, page)),
        ("do now", said(&lead.next_steps)),
        ("prevent", said(&lead.prevention)),
        ("against", table::against(&block, &timeline, page)),
        ("caused by", table::causes(&block, page)),
        ("explains", table::effects(&block, page)),
    ];
    labelled.retain(|(_, paragraphs)| !paragraphs.is_empty());
    Part {
        severity: lead.severity,
        verdict: table::verdict(lead),
        claim: page.said(&lead.claim),
        story: said(&lead.story),
        when: format!("{}; times are {}", table::lasted(lead, page.look.zone), page.look.zone),
        labelled,
        entries: timeline.entries(page),
        left_out: timeline.left_out,
        block,
    }
}

/// `3 findings, told one by one below`, where there are several.
pub(super) fn how_many(told: &Told<'_>) -> Option<String> {
    let number = told.parts.len();
    (number > 1).then(|| format!("{}, told one by one below", words::count(number, "finding", "findings")))
}

/// What is said below the evidence where some of it was left out.
pub(super) fn how_many_left_out(part: &Part<'_>) -> Option<String> {
    let rows = words::count(part.left_out, "more row", "more rows");
    (part.left_out > 0).then(|| format!("{rows} among these not shown: --format json has them"))
}

/// Characters of one raw line that a document quotes.
const RAW_MAX: usize = 2_000;

/// A raw line, harmless and not endless.
pub(super) fn quoted(raw: &str) -> String {
    let mut letters = raw.char_indices();
    match letters.nth(RAW_MAX) {
        None => words::visible(raw).into_owned(),
        Some((end, _)) => {
            let kept = raw.get(..end).unwrap_or_default();
            format!("{}… ({} more characters)", words::visible(kept), letters.count() + 1)
        }
    }
}
