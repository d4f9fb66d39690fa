//! Many logs → one order of events, with what had to be assumed said as [`Caveat`]s.
//!
//! Two steps, so that no log has to fit into memory. A first reading of each source is surveyed line by line ([`Survey`]); all
//! surveys together settle names, years, zones and clocks ([`settle()`] → [`Frame`]). Then each source's lines are placed
//! ([`Placer`]) and merged ([`merge()`]). The order is total and depends neither on the order of the sources nor on how they are read.

mod doubles;
mod folds;
mod merge;
mod moments;
mod names;
mod placing;
mod skew;
mod steps;
mod survey;
#[cfg(test)]
mod tests;
mod year;

use crate::event::{Daemon, Event, Fact, Origin, Text};
use crate::moment::{Moment, Precision};
use crate::record::Stamp;
use crate::report::Caveat;
use crate::version::VersionRange;
use chrono::{Duration, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

pub use doubles::Doubles;
pub use merge::{Lane, Rank, merge};
pub use placing::Placing;
pub use skew::Skew;
pub use survey::{Presence, Survey};

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
    /// Releases of the daemon that write such a line.
    pub versions: VersionRange,
}

/// A date told by a line's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DateHint {
    /// Unix seconds close to the line's own time (`slave-checks until EPOCH`, structured `ts`).
    Exact(i64),
    /// A date-coded serial: the line is not older than this.
    Serial(u32),
    /// A year in a banner: the line is not older than it, and may be years younger.
    Banner(i32),
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
    /// Which node a further name is of.
    pub aliases: BTreeMap<Text, Text>,
}

/// How the lines of a set are placed: names, years, zones and clocks, settled over all of it.
#[derive(Debug, Default)]
pub struct Frame {
    /// Assumptions and troubles.
    pub caveats: Vec<Caveat>,
    /// Per survey, in the order given.
    pub spans: Vec<Span>,
    /// Measured clocks, by node.
    pub skews: BTreeMap<Text, Skew>,
    names: names::Names,
    calendars: Vec<year::Calendar>,
    stated: Stated,
    /// Until when nothing more was written, where the reading goes on.
    now: Option<Moment>,
}

/// Whose lines a source holds and what time it covers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// The node, where the source holds lines of one only.
    pub node: Option<Text>,
    /// First stamp.
    pub first: Option<Moment>,
    /// Last stamp.
    pub last: Option<Moment>,
}

/// Settles how all sources' lines are placed. Caveats say what had to be assumed.
#[must_use]
pub fn settle(surveys: &[Survey], stated: &Stated) -> Frame {
    let mut frame = Frame { names: names::of(surveys, &stated.aliases), stated: stated.clone(), ..Frame::default() };
    frame.calendars = year::resolve(surveys, &frame.names, stated, &mut frame.caveats);
    for (survey, calendar) in surveys.iter().zip(&frame.calendars) {
        let nodes: BTreeSet<&Text> = survey.hosts().map(|host| frame.names.of_host(survey, host)).collect();
        let only = if nodes.len() == 1 { nodes.into_iter().next().cloned() } else { survey.node.clone() };
        let zone = stated.zone(only.as_ref());
        let first = survey.first.and_then(|stamp| moment(stamp, calendar.first_year, zone));
        let last = survey.last.and_then(|stamp| moment(stamp, calendar.last_year(), zone));
        frame.spans.push(Span { node: only, first, last });
        if survey.undated > 0 {
            let text =
                format!("{}: {} lines without a stamp could not be placed in time.", survey.path, survey.undated);
            frame.caveats.push(Caveat { kind: "undated", node: None, text });
        }
    }
    for (survey, calendar) in surveys.iter().zip(frame.calendars.clone()) {
        folds::note(survey, &calendar, &mut frame);
    }
    steps::note(surveys, &mut frame);
    note_assumed_zones(surveys, &mut frame);
    note_unknown_nodes(surveys, &mut frame);
    let clocks = if is_of_several_nodes(surveys, &frame.names) { clocks(surveys, &frame) } else { BTreeMap::new() };
    frame.skews = skew::decide(&clocks, stated, &mut frame.caveats);
    frame
}

/// A node alone meets nobody.
fn is_of_several_nodes(surveys: &[Survey], names: &names::Names) -> bool {
    let mut nodes = surveys.iter().flat_map(|survey| survey.hosts().map(move |host| names.of_host(survey, host)));
    let first = nodes.next();
    nodes.any(|node| Some(node) != first)
}

/// Each node's clock against the others', by what two of them wrote about one moment.
fn clocks(surveys: &[Survey], frame: &Frame) -> BTreeMap<Text, Skew> {
    skew::measure(surveys.iter().enumerate().flat_map(|(index, survey)| {
        survey.meetings().filter_map(move |(meeting, host, stamp, crossed)| {
            let node = frame.names.of_host(survey, host).clone();
            let micros = frame.unskewed(index, &node, *stamp, crossed)?.micros;
            Some((meeting, node, micros))
        })
    }))
}

impl Frame {
    /// The year of a source's first stamp, as settled.
    #[must_use]
    pub fn first_year(&self, index: usize) -> Option<i32> {
        self.calendars.get(index).map(|calendar| calendar.first_year)
    }

    /// What turns one source's lines into events.
    #[must_use]
    pub fn placer<'a>(&'a self, index: usize, survey: &'a Survey) -> Placer<'a> {
        Placer { frame: self, survey, walker: self.calendars[index].walker(), last: None }
    }

    /// Whether this frame, settled by a source's beginning, places the lines of its only host as the one settled by all of it does.
    #[must_use]
    pub fn places_alike(&self, early: &Survey, whole: &Self, survey: &Survey, first: &Stamp) -> bool {
        let (Some(calendar), Some(whole_calendar)) = (self.calendars.first(), whole.calendars.first()) else {
            return false;
        };
        let behind_first = |calendar: &year::Calendar| {
            let mut walker = calendar.walker();
            (walker.year_of(first), walker)
        };
        let node = |frame: &Self, survey: &Survey| -> Vec<Text> {
            survey.hosts().map(|host| frame.names.of_host(survey, host).clone()).collect()
        };
        survey.steps.shift_micros_max() == 0
            && behind_first(calendar) == behind_first(whole_calendar)
            && node(self, early) == node(whole, survey)
            && self.skews == whole.skews
    }

    /// When each daemon of each node wrote its first and last line.
    #[must_use]
    pub fn presences(&self, surveys: &[Survey]) -> Vec<(Text, Presence<Moment>)> {
        let mut all = Vec::new();
        for (index, survey) in surveys.iter().enumerate() {
            for (host, presence) in survey.presences() {
                let node = self.names.of_host(survey, host);
                let at = |(stamp, crossed)| self.place(index, node, stamp, crossed);
                let (Some(first), Some(last)) = (at(presence.first), at(presence.last)) else { continue };
                all.push((
                    node.clone(),
                    Presence { daemon: presence.daemon, first, last, versions: presence.versions },
                ));
            }
        }
        all
    }

    /// The nodes of one source, and which releases of a daemon their lines allow.
    pub fn wordings<'a>(
        &'a self,
        survey: &'a Survey,
    ) -> impl Iterator<Item = (Text, Option<(Daemon, Option<VersionRange>)>)> + 'a {
        let name = move |host| self.names.of_host(survey, host).clone();
        let hosts = survey.hosts().map(move |host| (name(host), None));
        let daemons =
            survey.presences().map(move |(host, presence)| (name(host), Some((presence.daemon, presence.versions))));
        hosts.chain(daemons)
    }

    /// When the first of each node's logs that hold lines of keepalived begins, whatever program wrote that line. (A log of PowerDNS alone
    /// would hold none.)
    #[must_use]
    pub fn begins(&self, surveys: &[Survey]) -> BTreeMap<Text, Moment> {
        let mut begins = BTreeMap::<Text, Moment>::new();
        let holds = |survey: &Survey| survey.presences().any(|(_, presence)| presence.daemon == Daemon::Keepalived);
        for (_, span) in surveys.iter().zip(&self.spans).filter(|(survey, _)| holds(survey)) {
            if let (Some(node), Some(first)) = (&span.node, span.first) {
                let first = first.shifted(-self.skews.get(node).map_or(0, |skew| skew.applied_micros));
                let known = begins.entry(node.clone()).or_insert(first);
                *known = (*known).min(first);
            }
        }
        begins
    }

    /// The last moment that each node's logs cover, whatever program wrote the line.
    #[must_use]
    pub fn ends(&self, surveys: &[Survey]) -> Vec<(Text, Moment)> {
        let mut ends = BTreeMap::<Text, Moment>::new();
        let mut note = |node: &Text, last: Moment| {
            let known = ends.entry(node.clone()).or_insert(last);
            *known = (*known).max(last);
        };
        for (survey, span) in surveys.iter().zip(&self.spans).filter(|(survey, _)| !survey.is_witness) {
            if let (Some(node), Some(last)) = (&span.node, span.last) {
                note(node, last.shifted(-self.skews.get(node).map_or(0, |skew| skew.applied_micros)));
            }
            let is_alive = |now: &Moment| span.last.is_some_and(|last| now.micros_since(last) <= ALIVE_MICROS);
            if let Some(now) = self.now.filter(is_alive) {
                survey.hosts().for_each(|host| note(self.names.of_host(survey, host), now));
            }
        }
        ends.into_iter().collect()
    }

    /// Says that all sources have been read, and held nothing of the daemons for so many microseconds after their newest line. A
    /// source that has been silent for longer than any host is may have lost its sender, and covers no more than its lines.
    pub fn goes_on_for(&mut self, surveys: &[Survey], silence_micros: i64) {
        let newest = self.presences(surveys).into_iter().map(|(_, presence)| presence.last).max();
        self.now = newest.map(|newest| newest.shifted(silence_micros));
    }

    /// Nodes with stamps of whole seconds.
    #[must_use]
    pub fn coarse_nodes(&self, surveys: &[Survey]) -> BTreeSet<Text> {
        let of_nodes = surveys.iter().filter(|survey| !survey.is_witness);
        let hosts = of_nodes.flat_map(|survey| survey.coarse_hosts().map(move |host| (survey, host)));
        hosts.map(|(survey, host)| self.names.of_host(survey, host).clone()).collect()
    }

    /// A moment before which a source has no event.
    #[must_use]
    pub fn opens_at(&self, index: usize, survey: &Survey) -> Moment {
        let never_late = Moment { micros: i64::MIN, precision: Precision::Micro };
        if survey.has_lost_hosts() {
            return never_late;
        }
        let firsts = survey.presences().filter_map(|(host, presence)| {
            let (stamp, crossed) = presence.first;
            self.place(index, self.names.of_host(survey, host), stamp, crossed)
        });
        firsts.min().map_or(never_late, |first| first.shifted(-self.disorder_micros(survey)))
    }

    /// How far back in time a source's lines may jump, in microseconds, once placed.
    #[must_use]
    pub fn disorder_micros(&self, survey: &Survey) -> i64 {
        let nodes: Vec<&Text> = survey.hosts().map(|host| self.names.of_host(survey, host)).collect();
        let skew = |node: &&Text| self.skews.get(*node).map_or(0, |skew| skew.applied_micros.abs());
        let clocks = if nodes.len() > 1 { 2 * nodes.iter().map(skew).max().unwrap_or(0) } else { 0 };
        let zones: BTreeSet<&str> = nodes.iter().map(|node| self.stated.zone(Some(node)).name()).collect();
        let across_zones = if zones.len() > 1 { 26 * HOUR_MICROS } else { 0 };
        let across_offsets = if survey.mixes_offsets { 26 * HOUR_MICROS } else { 0 };
        survey.disorder_micros + clocks + across_zones + across_offsets + survey.steps.shift_micros_max()
    }

    /// The event of a line of one source, where the survey counted `crossed` New Years before it; `None` where it has no
    /// (possible) stamp.
    #[must_use]
    pub fn place_line(&self, index: usize, survey: &Survey, line: Line, crossed: i32) -> Option<Event> {
        let time = self.time_of(index, survey, &line, crossed)?;
        let node = self.names.of_host(survey, line.host.as_ref()).clone();
        Some(event_of(line, time, node, &survey.path))
    }

    /// When that event was.
    #[must_use]
    pub fn time_of(&self, index: usize, survey: &Survey, line: &Line, crossed: i32) -> Option<Moment> {
        let node = self.names.of_host(survey, line.host.as_ref());
        let time = self.place(index, node, line.stamp?, crossed)?;
        Some(time.shifted(survey.steps.shift_micros(line.cursor.as_ref(), line.host.as_ref())))
    }

    /// Until when it is known that nothing more was written, where the reading goes on.
    #[must_use]
    pub fn now(&self) -> Option<Moment> {
        self.now
    }

    fn place(&self, index: usize, node: &Text, stamp: Stamp, crossed: i32) -> Option<Moment> {
        let time = self.unskewed(index, node, stamp, crossed)?;
        Some(time.shifted(-self.skews.get(node).map_or(0, |skew| skew.applied_micros)))
    }

    fn unskewed(&self, index: usize, node: &Text, stamp: Stamp, crossed: i32) -> Option<Moment> {
        moment(stamp, self.calendars[index].year_after(crossed), self.stated.zone(Some(node)))
    }
}

const HOUR_MICROS: i64 = 3_600_000_000;
/// Some program of a living host writes a line this often.
const ALIVE_MICROS: i64 = HOUR_MICROS;

/// Turns one source's lines, in file order, into events.
#[derive(Debug)]
pub struct Placer<'a> {
    frame: &'a Frame,
    survey: &'a Survey,
    walker: year::Walker,
    /// The stamp and host of the last line, and what they came to: most lines have those of the one above.
    last: Option<(Stamp, Option<Text>, Text, Moment)>,
}

/// Where and when a line belongs, and what that rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The node.
    pub node: Text,
    /// When; `None` where the line has no (possible) stamp.
    pub time: Option<Moment>,
    /// The stamp names no year and none was stated.
    pub assumes_year: bool,
    /// The stamp names no zone and none was stated.
    pub assumes_zone: bool,
}

impl Placer<'_> {
    /// Where and when a line of `host` belongs, by its own stamp: a clock that was set later moves no line here. A line that the survey did not note must not lead the walker on.
    pub fn when(&mut self, stamp: Option<Stamp>, host: Option<&Text>, is_surveyed: bool) -> Placed {
        let node = self.frame.names.of_host(self.survey, host).clone();
        let Some(stamp) = stamp else { return Placed { node, time: None, assumes_year: false, assumes_zone: false } };
        let year = if is_surveyed { self.walker.year_of(&stamp) } else { self.walker.clone().year_of(&stamp) };
        let skew = self.frame.skews.get(&node).map_or(0, |skew| skew.applied_micros);
        let stated = &self.frame.stated;
        let time = moment(stamp, year, stated.zone(Some(&node))).map(|time| time.shifted(-skew));
        let (assumes_year, assumes_zone) = stated.is_assumed(&stamp, Some(&node));
        Placed { node, time, assumes_year, assumes_zone }
    }

    /// The event of a line; `None` where it has no (possible) stamp.
    pub fn place(&mut self, line: Line) -> Option<Event> {
        let stamp = line.stamp?;
        let (node, time) = match &self.last {
            Some((last, host, node, time)) if *last == stamp && *host == line.host => (node.clone(), *time),
            Some(_) | None => {
                let node = self.frame.names.of_host(self.survey, line.host.as_ref()).clone();
                let time = moment(stamp, self.walker.year_of(&stamp), self.frame.stated.zone(Some(&node)))?;
                let time = time.shifted(-self.frame.skews.get(&node).map_or(0, |skew| skew.applied_micros));
                self.last = Some((stamp, line.host.clone(), node.clone(), time));
                (node, time)
            }
        };
        let shift = self.survey.steps.shift_micros(line.cursor.as_ref(), line.host.as_ref());
        Some(event_of(line, time.shifted(shift), node, &self.survey.path))
    }
}

fn event_of(line: Line, time: Moment, node: Text, path: &Text) -> Event {
    let Line { id, fact, pid, repeated, raw, line, cursor, .. } = line;
    Event { id, fact, time, node, pid, repeated, origin: Origin { path: path.clone(), line, cursor }, raw: raw.into() }
}

impl Stated {
    /// Whether the year and the zone of a node's stamp are neither written nor stated.
    #[must_use]
    pub fn is_assumed(&self, stamp: &Stamp, node: Option<&Text>) -> (bool, bool) {
        let node = node.cloned();
        let is_stated = |all: bool, own: bool| all || (node.is_some() && own);
        let year = is_stated(self.years.contains_key(&None), self.years.contains_key(&node));
        let zone = is_stated(self.zones.contains_key(&None), self.zones.contains_key(&node));
        (!stamp.year_known && !year, stamp.offset_seconds.is_none() && !zone)
    }

    /// The zone of a node's zoneless stamps; UTC where nothing is stated, never this machine's.
    fn zone(&self, node: Option<&Text>) -> Tz {
        let own = node.and_then(|node| self.zones.iter().find(|(known, _)| known.as_ref() == Some(node)));
        own.map(|(_, zone)| *zone).or_else(|| self.zones.get(&None).copied()).unwrap_or(Tz::UTC)
    }
}

/// A written stamp in UTC. A local time that a clock change skips is read with the offset before the change; one that occurs
/// twice is read as the first of the two. (`folds` says so.)
fn moment(stamp: Stamp, year: i32, zone: Tz) -> Option<Moment> {
    let written = if stamp.year_known { stamp.written } else { in_year(stamp.written, year)? };
    let utc = match stamp.offset_seconds {
        Some(offset) => written.checked_sub_signed(Duration::seconds(i64::from(offset)))?,
        None if zone == Tz::UTC => written,
        None => zone
            .from_local_datetime(&written)
            .earliest()
            .or_else(|| {
                let before = zone.from_local_datetime(&(written - Duration::hours(1))).earliest()?;
                Some(before + Duration::hours(1))
            })?
            .naive_utc(),
    };
    Some(Moment::new(utc, stamp.precision))
}

/// The same day and time in another year; 29 February of an ordinary year does not exist.
fn in_year(written: NaiveDateTime, year: i32) -> Option<NaiveDateTime> {
    use chrono::Datelike;
    NaiveDate::from_ymd_opt(year, written.month(), written.day()).map(|date| date.and_time(written.time()))
}

/// What was stated of a node that no log is of: most likely a slip of the pen.
fn note_unknown_nodes(surveys: &[Survey], frame: &mut Frame) {
    let known: BTreeSet<&Text> =
        surveys.iter().flat_map(|survey| survey.hosts().map(|host| frame.names.of_host(survey, host))).collect();
    let Stated { years, zones, skews, aliases: _ } = &frame.stated;
    let stated = [
        ("--year", years.keys().flatten().collect::<Vec<_>>()),
        ("--tz", zones.keys().flatten().collect()),
        ("--skew", skews.keys().collect()),
    ];
    let mut caveats = Vec::new();
    for (option, nodes) in stated {
        for node in nodes.into_iter().filter(|node| !known.contains(node)) {
            let text = format!("{option} names {node}, but no line is of a node with this name.");
            caveats.push(Caveat { kind: "unknown-node", node: None, text });
        }
    }
    frame.caveats.extend(caveats);
}

fn note_assumed_zones(surveys: &[Survey], frame: &mut Frame) {
    let mut assumed = BTreeSet::new();
    for survey in surveys {
        for host in survey.zoneless_hosts() {
            let node = frame.names.of_host(survey, host);
            let stated = frame.stated.zones.keys().any(|known| known.is_none() || known.as_ref() == Some(node));
            if !stated {
                assumed.insert(node.clone());
            }
        }
    }
    for node in assumed {
        let text = "the stamps name none; UTC is assumed (--tz [NODE=]ZONE states it).".to_owned();
        frame.caveats.push(Caveat { kind: "zone-assumed", node: Some(node), text });
    }
}
