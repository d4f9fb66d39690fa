//! Many logs → one order of events, with what had to be assumed said as [`Caveat`]s.
//!
//! A [`Log`] is what was read of one source, its stamps still as written. [`assemble`] names the nodes, fills in years and zones,
//! measures the clocks against each other and sorts. The order is total and does not depend on the order of the logs.

mod names;
mod skew;
mod year;

use crate::event::{Event, Fact, Origin, Text};
use crate::moment::{Moment, Precision};
use crate::record::Stamp;
use crate::report::Caveat;
use chrono::{Duration, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use skew::Skew;

/// A line of one of the daemons, read but not yet placed in time.
#[derive(Debug, Clone)]
pub struct Line {
    /// Catalogue id.
    pub id: &'static str,
    /// What it says.
    pub fact: Fact,
    /// Stamp as written; lines without one cannot be placed and are counted.
    pub stamp: Option<Stamp>,
    /// Host as written.
    pub host: Option<Text>,
    /// Process id.
    pub pid: Option<u32>,
    /// Folded repeats; 1 otherwise.
    pub repeated: u32,
    /// 1-based line, `None` for journals.
    pub line: Option<u64>,
    /// Journal cursor.
    pub cursor: Option<Text>,
    /// The line as written.
    pub raw: Text,
    /// What the text itself says about the date.
    pub hint: Option<DateHint>,
}

/// A date told by a line's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateHint {
    /// Unix seconds close to the line's own time (`slave-checks until EPOCH`, structured `ts`).
    Exact(i64),
    /// A date-coded serial: the line is not older than this.
    Serial(u32),
    /// A year in a banner: the line is not older than it, and may be years younger.
    Banner(i32),
}

/// What was read of one source.
#[derive(Debug, Clone)]
pub struct Log {
    /// Path as given or found.
    pub path: Text,
    /// Node named by the operator (`NODE=`).
    pub node: Option<Text>,
    /// Lines in file order.
    pub lines: Vec<Line>,
    /// First stamp of any line.
    pub first: Option<Stamp>,
    /// Last stamp of any line.
    pub last: Option<Stamp>,
    /// When the file was last written (Unix seconds): the last resort for a year.
    pub modified: Option<i64>,
}

/// What the operator states about time; it outranks everything that is inferred.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// Year of a source's first stamp, for all (`None`) or one node.
    pub years: BTreeMap<Option<Text>, i32>,
    /// Zone of stamps that name none.
    pub zones: BTreeMap<Option<Text>, Tz>,
    /// Seconds by which a node's clock is ahead.
    pub skews: BTreeMap<Text, f64>,
}

/// Events in order, and what their order and times rest on.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// By time, node, source and line.
    pub events: Vec<Arc<Event>>,
    /// Assumptions and troubles.
    pub caveats: Vec<Caveat>,
    /// Per log, in the order given: node (where there is one), first and last moment.
    pub spans: Vec<Span>,
    /// Measured clocks, by node.
    pub skews: BTreeMap<Text, Skew>,
}

/// Whose lines a log holds and what time it covers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// The node, where the log holds lines of one only.
    pub node: Option<Text>,
    /// First stamp.
    pub first: Option<Moment>,
    /// Last stamp.
    pub last: Option<Moment>,
}

/// Puts all logs on one timeline.
#[must_use]
pub fn assemble(logs: Vec<Log>, stated: &Stated) -> Timeline {
    let mut caveats = Vec::new();
    let nodes = names::of(&logs);
    let years = year::resolve(&logs, &nodes, stated, &mut caveats);
    note_assumed_zones(&logs, &nodes, stated, &mut caveats);

    let mut spans = Vec::with_capacity(logs.len());
    let mut placed: Vec<(Event, Rank)> = Vec::new();
    let mut undated = BTreeMap::<Text, u64>::new();
    let mut dates = Vec::with_capacity(logs.len());
    for (log, calendar) in logs.iter().zip(years) {
        let log_nodes: BTreeSet<&Text> = log.lines.iter().map(|line| nodes.of_line(log, line)).collect();
        let only = if log_nodes.len() == 1 { log_nodes.into_iter().next().cloned() } else { log.node.clone() };
        let zone = only.as_ref().map_or_else(|| stated.zone(None), |node| stated.zone(Some(node)));
        let first = log.first.and_then(|stamp| moment(stamp, calendar.first_year, zone));
        let last = log.last.and_then(|stamp| moment(stamp, calendar.last_year(&stamp), zone));
        spans.push(Span { node: only, first, last });
        dates.push((log, calendar));
    }
    for (index, (log, calendar)) in dates.into_iter().enumerate() {
        let mut walker = calendar.walker();
        let rank_of_source = (spans[index].first, spans[index].last, log.path.clone());
        for line in &log.lines {
            let node = nodes.of_line(log, line).clone();
            let Some(stamp) = line.stamp else {
                *undated.entry(log.path.clone()).or_default() += 1;
                continue;
            };
            let Some(time) = moment(stamp, walker.year_of(&stamp), stated.zone(Some(&node))) else { continue };
            let origin = Origin { path: log.path.clone(), line: line.line, cursor: line.cursor.clone() };
            let event = Event {
                id: line.id,
                fact: line.fact.clone(),
                time,
                node,
                pid: line.pid,
                repeated: line.repeated,
                origin,
                raw: line.raw.clone(),
            };
            placed.push((event, Rank { source: rank_of_source.clone(), position: placed.len() }));
        }
    }
    for (path, count) in undated {
        let text = format!("{path}: {count} lines without a stamp could not be placed in time.");
        caveats.push(Caveat { kind: "undated", node: None, text });
    }

    let skews = skew::settle(placed.iter().map(|(event, _)| event), stated, &mut caveats);
    for (event, _) in &mut placed {
        if let Some(skew) = skews.get(&event.node) {
            event.time = event.time.shifted(-skew.applied_micros);
        }
    }
    placed.sort_by(|(a, rank_a), (b, rank_b)| {
        (a.time.micros, &a.node).cmp(&(b.time.micros, &b.node)).then_with(|| rank_a.cmp(rank_b))
    });
    let events = placed.into_iter().map(|(event, _)| Arc::new(event)).collect();
    Timeline { events, caveats, spans, skews }
}

/// Order of lines that one node wrote at the same instant: the file that begins (then ends) earlier first, then file order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    source: (Option<Moment>, Option<Moment>, Text),
    position: usize,
}

impl Stated {
    /// The zone of a node's zoneless stamps; UTC where nothing is stated, never this machine's.
    fn zone(&self, node: Option<&Text>) -> Tz {
        node.and_then(|node| self.zones.get(&Some(node.clone()))).or_else(|| self.zones.get(&None)).copied().unwrap_or(Tz::UTC)
    }
}

/// A written stamp in UTC. A local time that a clock change skips is read with the offset before the change; one that occurs
/// twice is read as the first of the two.
fn moment(stamp: Stamp, year: i32, zone: Tz) -> Option<Moment> {
    let written = if stamp.year_known { stamp.written } else { in_year(stamp.written, year)? };
    let utc = match stamp.offset_seconds {
        Some(offset) => written.checked_sub_signed(Duration::seconds(i64::from(offset)))?,
        None => zone
            .from_local_datetime(&written)
            .earliest()
            .or_else(|| zone.from_local_datetime(&(written - Duration::hours(1))).earliest().map(|time| time + Duration::hours(1)))?
            .naive_utc(),
    };
    Some(Moment::new(utc, stamp.precision))
}

/// The same day and time in another year; 29 February of an ordinary year does not exist.
fn in_year(written: NaiveDateTime, year: i32) -> Option<NaiveDateTime> {
    use chrono::Datelike;
    NaiveDate::from_ymd_opt(year, written.month(), written.day()).map(|date| date.and_time(written.time()))
}

fn note_assumed_zones(logs: &[Log], nodes: &names::Names, stated: &Stated, caveats: &mut Vec<Caveat>) {
    let mut assumed = BTreeSet::new();
    for log in logs {
        for line in &log.lines {
            let zoneless = line.stamp.is_some_and(|stamp| stamp.offset_seconds.is_none());
            let node = nodes.of_line(log, line);
            if zoneless && !stated.zones.contains_key(&Some(node.clone())) && !stated.zones.contains_key(&None) {
                assumed.insert(node.clone());
            }
        }
    }
    for node in assumed {
        let text = "the stamps name none; UTC is assumed (--tz [NODE=]ZONE states it).".to_owned();
        caveats.push(Caveat { kind: "zone-assumed", node: Some(node), text });
    }
}

/// Whether second resolution hides the order of two moments.
#[must_use]
pub fn order_is_known(a: Moment, b: Moment) -> bool {
    let coarse = a.precision.min(b.precision) == Precision::Second;
    let apart = a.micros_since(b).abs();
    if coarse { apart >= 1_000_000 } else { apart > 0 }
}
