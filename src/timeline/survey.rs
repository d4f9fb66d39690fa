//! What a first reading of a source tells about its time, gathered line by line in bounded memory.

use super::Line;
use super::moments::Moments;
use super::skew::{Meeting, meetings};
use super::steps::{Moved, Steps};
use super::year::{Clues, Walker};
use crate::event::{Daemon, Fact, Text};
use crate::moment::Precision;
use crate::record::Stamp;
use crate::version::VersionRange;
use chrono::{NaiveDate, NaiveDateTime, Timelike};
use std::collections::BTreeMap;

/// Hosts kept per source; a forged host field is anyone's choice.
const HOSTS_MAX: usize = 10_000;
/// Half hours kept per source: eleven years without a pause.
const HALF_HOURS_MAX: usize = 200_000;

/// A stamp and how many New Years lay between the source's first stamp and it.
pub(super) type Dated = (Stamp, i32);

/// The first and the last line of one daemon on one host, and which releases write such lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Presence<T> {
    /// The daemon.
    pub daemon: Daemon,
    /// First line.
    pub first: T,
    /// Last line.
    pub last: T,
    /// What the wordings of all its lines allow; `None` where they exclude each other.
    pub versions: Option<VersionRange>,
}

/// One source, surveyed.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Survey {
    /// Path as given or found.
    pub path: Text,
    /// Node named by the operator (`NODE=`).
    pub node: Option<Text>,
    /// First stamp of any line.
    pub first: Option<Stamp>,
    /// Last stamp of any line.
    pub last: Option<Stamp>,
    /// When the file was last written (Unix seconds): the last resort for a year.
    pub modified: Option<i64>,
    /// From which day to which the journal reached that its lines were printed from: all of them are of these days.
    pub covers: Option<(NaiveDate, NaiveDate)>,
    /// Lines of the daemons without a stamp.
    pub(super) undated: u64,
    /// No host wrote it.
    pub(super) is_witness: bool,
    /// Farthest that a stamp lies before one above it, in microseconds as written.
    pub(super) disorder_micros: i64,
    /// Some stamps name an offset and some do not, or they name different ones.
    pub(super) mixes_offsets: bool,
    pub(super) clues: Clues,
    /// Where clocks were set.
    pub(super) steps: Steps,
    walker: Walker,
    /// What is known to stand in the source beyond what was read of it, and to which line: it tells the year of what was read.
    ahead: Option<(u64, Box<Self>)>,
    hosts: BTreeMap<Option<Text>, Host>,
    /// A state has them beside it.
    #[serde(skip)]
    moments: Moments,
    is_alone: bool,
    restamped: u64,
    newest_micros: i64,
    offset: Option<Option<i32>>,
    /// Lines without an offset, by the half hour they name and the New Years before it: what a clock change may have doubled.
    half_hours: BTreeMap<(i32, NaiveDateTime), u64>,
    /// The last of these and its lines, counted before it is entered.
    half_hour: Option<((i32, NaiveDateTime), u64)>,
    /// What the last line told of its time.
    #[serde(skip)]
    pub(super) again: Option<Again>,
}

/// What a line told of its time and of whose it is. Of a busy source most lines tell what the one above did.
#[derive(Debug, Clone)]
pub(super) struct Again {
    stamp: Stamp,
    crossed: i32,
    host: Option<Text>,
    daemon: Option<Daemon>,
    versions: VersionRange,
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Host {
    is_zoneless: bool,
    is_coarse: bool,
    daemons: Vec<Presence<Dated>>,
}

impl Survey {
    /// An empty survey of a source.
    #[must_use]
    pub fn new(path: Text, node: Option<Text>) -> Self {
        Self {
            path,
            node,
            first: None,
            last: None,
            modified: None,
            covers: None,
            undated: 0,
            is_witness: false,
            disorder_micros: 0,
            mixes_offsets: false,
            clues: Clues::default(),
            steps: Steps::default(),
            walker: Walker::from_start(),
            ahead: None,
            hosts: BTreeMap::new(),
            moments: Moments::default(),
            is_alone: false,
            restamped: 0,
            newest_micros: i64::MIN,
            offset: None,
            half_hours: BTreeMap::new(),
            half_hour: None,
            again: None,
        }
    }

    /// Takes the next line of one of the daemons, and tells how many New Years lie between the first stamp and this one.
    pub fn note(&mut self, line: &Line) -> i32 {
        if matches!(line.fact, Fact::Setting(_)) {
            return 0;
        }
        let Some(stamp) = line.stamp else {
            self.undated += 1;
            return 0;
        };
        let crossed = self.note_stamp(stamp);
        if !stamp.year_known {
            self.clues.take_hint(stamp.written, crossed, line.hint);
        }
        if let Some(moved) = line.cursor.as_ref().and_then(|cursor| self.steps.note(cursor, line.host.as_ref())) {
            self.restamp(line.host.as_ref(), moved);
            self.again = None;
        }
        self.note_host(line, stamp, crossed);
        if self.is_alone {
            return crossed;
        }
        for (meeting, asks) in meetings(&line.fact).into_iter().flatten() {
            self.moments.note(meeting, asks, line.host.clone(), (stamp, crossed));
        }
        crossed
    }

    /// Takes a line's stamp, and tells how many New Years lie before it.
    fn note_stamp(&mut self, stamp: Stamp) -> i32 {
        if let Some(again) = self.again.as_ref().filter(|again| again.stamp == stamp) {
            match (stamp.offset_seconds, &mut self.half_hour) {
                (Some(_), _) => return again.crossed,
                (None, Some((_, lines))) => {
                    *lines += 1;
                    return again.crossed;
                }
                (None, None) => {}
            }
        }
        let crossed = if stamp.year_known { 0 } else { self.walker.year_of(&stamp) };
        self.note_order(&stamp, crossed);
        if stamp.offset_seconds.is_none() {
            self.note_half_hour(stamp.written, crossed);
        }
        if !stamp.year_known {
            self.clues.start.get_or_insert(stamp.written);
            self.clues.noted.get_or_insert(stamp);
            self.clues.end = self.clues.end.max(Some((crossed, stamp.written)));
        }
        crossed
    }

    /// What is known of a host's lines so far was stamped by a clock that was set since.
    fn restamp(&mut self, host: Option<&Text>, moved: Moved) {
        for (_, known) in self.hosts.iter_mut().filter(|(name, _)| name.as_ref() == host) {
            for presence in &mut known.daemons {
                moved.stamp(&mut presence.first.0);
                moved.stamp(&mut presence.last.0);
            }
        }
        self.moments.restamp(host, |(stamp, _)| moved.stamp(stamp));
        self.restamped += 1;
    }

    /// Says that no host wrote the source: whatever it is called, it tells nothing of how far a node's logs reach.
    pub fn is_of_no_node(&mut self) {
        self.node = None;
        self.is_witness = true;
    }

    /// Says that the source is of one node and the only one: a node alone meets nobody.
    pub fn is_of_a_node_alone(&mut self) {
        self.is_alone = true;
        self.moments = Moments::default();
    }

    /// Takes what the first `lines` lines of the source tell of their year, before they are noted one by one.
    pub fn foresee(&mut self, whole: Self, lines: u64) {
        let (steps, half_hours) = (Steps::default(), BTreeMap::new());
        let whole = Self { ahead: None, steps, half_hours, half_hour: None, moments: Moments::default(), ..whole };
        self.ahead = Some((lines, Box::new(whole)));
    }

    /// So many lines of the source have been read: what was known of them beforehand is now known by themselves.
    pub fn has_read(&mut self, lines: u64) {
        self.ahead.take_if(|(known, _)| lines >= *known);
    }

    /// Takes that the source was still written to then (Unix seconds).
    pub fn is_written_at(&mut self, seconds: i64) {
        self.modified = self.modified.max(Some(seconds));
    }

    /// All that is known of the source's years: of what was read, or of what stands in it.
    pub(super) fn whole(&self) -> &Self {
        self.ahead.as_ref().map_or(self, |(_, whole)| whole)
    }

    /// Whether its stamps have no year.
    #[must_use]
    pub fn is_yearless(&self) -> bool {
        self.first.or(self.last).is_some_and(|stamp| !stamp.year_known)
    }

    /// The first years that moments told by its lines demand: none, one, or several that contradict each other.
    #[must_use]
    pub fn years_demanded(&self) -> usize {
        self.clues.years_demanded()
    }

    /// Whether all lines name one host, or none does.
    #[must_use]
    pub fn is_of_one_host(&self) -> bool {
        self.hosts.len() < 2
    }

    /// Whether no stamp lies before one above it.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        self.disorder_micros == 0 && !self.mixes_offsets
    }

    /// A line of this stamp has been read; [`finish`](Self::finish) tells of all of them.
    pub fn reached(&mut self, stamp: Stamp) {
        self.first = self.first.or(Some(stamp));
        self.last = Some(stamp);
    }

    /// Takes what is known so far of all lines, whatever program wrote them. More lines may follow.
    pub fn finish(&mut self, first: Option<Stamp>, last: Option<Stamp>, modified: Option<i64>) {
        self.enter_half_hour();
        self.first = first;
        self.last = last;
        self.modified = modified;
        let yearless = |stamp: Option<Stamp>| stamp.filter(|stamp| !stamp.year_known).map(|stamp| stamp.written);
        self.clues.start = yearless(first).or(self.clues.start);
        self.clues.take_lead();
        if let Some(start) = self.clues.start {
            self.clues.note_leap_day(start, -self.clues.lead);
        }
        let mut walker = self.walker.clone();
        if let Some(last) = last.filter(|last| !last.year_known) {
            walker.year_of(&last);
        }
        self.clues.years_crossed = self.clues.lead + walker.crossed();
    }

    fn note_half_hour(&mut self, written: NaiveDateTime, crossed: i32) {
        if let Some(((known, begin), lines)) = &mut self.half_hour
            && *known == crossed
            && begin.date() == written.date()
            && begin.hour() == written.hour()
            && (begin.minute() == 30) == (written.minute() >= 30)
        {
            *lines += 1;
            return;
        }
        let minute = if written.minute() < 30 { 0 } else { 30 };
        let Some(begin) = written.date().and_hms_opt(written.hour(), minute, 0) else { return };
        self.enter_half_hour();
        self.half_hour = Some(((crossed, begin), 1));
    }

    fn enter_half_hour(&mut self) {
        let Some((key, lines)) = self.half_hour.take() else { return };
        if self.half_hours.len() < HALF_HOURS_MAX || self.half_hours.contains_key(&key) {
            *self.half_hours.entry(key).or_default() += lines;
        }
    }

    /// Lines without an offset, by the half hour that they name and how many New Years lay before it.
    pub(super) fn half_hours(&self) -> impl Iterator<Item = (i32, NaiveDateTime, u64)> {
        self.half_hours.iter().map(|((crossed, begin), lines)| (*crossed, *begin, *lines))
    }

    fn note_order(&mut self, stamp: &Stamp, crossed: i32) {
        const YEAR_MICROS: i64 = 366 * 86_400_000_000;
        let micros = stamp.written.and_utc().timestamp_micros() + i64::from(crossed) * YEAR_MICROS;
        self.disorder_micros = self.disorder_micros.max(self.newest_micros.saturating_sub(micros));
        self.newest_micros = self.newest_micros.max(micros);
        let offset = *self.offset.get_or_insert(stamp.offset_seconds);
        self.mixes_offsets |= offset != stamp.offset_seconds;
    }

    fn note_host(&mut self, line: &Line, stamp: Stamp, crossed: i32) {
        let daemon = daemon(line);
        if let Some(again) = &self.again
            && (again.daemon, again.versions) == (daemon, line.versions)
            && again.stamp == stamp
            && again.host == line.host
        {
            return;
        }
        let (host, versions) = (line.host.clone(), line.versions);
        self.again = Some(Again { stamp, crossed, host, daemon, versions });
        let is_full = self.hosts.len() >= HOSTS_MAX;
        let host = match self.hosts.get_mut(&line.host) {
            Some(host) => host,
            None if is_full => return,
            None => self.hosts.entry(line.host.clone()).or_default(),
        };
        host.is_zoneless |= stamp.offset_seconds.is_none();
        host.is_coarse |= stamp.precision == Precision::Second;
        let Some(daemon) = daemon else { return };
        let dated = (stamp, crossed);
        let order = |(stamp, crossed): &Dated| (*crossed, stamp.written);
        match host.daemons.iter_mut().find(|presence| presence.daemon == daemon) {
            Some(presence) => {
                presence.versions = presence.versions.and_then(|known| known.narrowed(line.versions));
                if order(&dated) < order(&presence.first) {
                    presence.first = dated;
                }
                if order(&dated) > order(&presence.last) {
                    presence.last = dated;
                }
            }
            None => host.daemons.push(Presence { daemon, first: dated, last: dated, versions: Some(line.versions) }),
        }
    }

    /// Whether no line names its host.
    #[must_use]
    pub fn is_hostless(&self) -> bool {
        self.hosts.keys().all(Option::is_none)
    }

    /// Says which releases of a daemon the lines of a host allow, where the lines themselves no longer tell.
    pub fn state_versions(&mut self, host: Option<&Text>, daemon: Daemon, versions: Option<VersionRange>) {
        self.again = None;
        let Some(host) = self.hosts.get_mut(&host.cloned()) else { return };
        if let Some(presence) = host.daemons.iter_mut().find(|presence| presence.daemon == daemon) {
            presence.versions = versions;
        }
    }

    /// Whether more hosts occurred than are kept: then presences tell less than all.
    pub(super) fn has_lost_hosts(&self) -> bool {
        self.hosts.len() >= HOSTS_MAX
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = Option<&Text>> {
        self.hosts.keys().map(Option::as_ref)
    }

    pub(super) fn zoneless_hosts(&self) -> impl Iterator<Item = Option<&Text>> {
        self.hosts.iter().filter(|(_, host)| host.is_zoneless).map(|(name, _)| name.as_ref())
    }

    pub(super) fn coarse_hosts(&self) -> impl Iterator<Item = Option<&Text>> {
        self.hosts.iter().filter(|(_, host)| host.is_coarse).map(|(name, _)| name.as_ref())
    }

    pub(super) fn presences(&self) -> impl Iterator<Item = (Option<&Text>, &Presence<Dated>)> {
        self.hosts.iter().flat_map(|(name, host)| host.daemons.iter().map(move |presence| (name.as_ref(), presence)))
    }

    pub(super) fn meetings(&self) -> impl Iterator<Item = ((Meeting, bool), Option<&Text>, &Stamp, i32)> {
        let moments = self.moments.iter();
        moments
            .map(|((meeting, asks, host), (stamp, crossed))| ((meeting.clone(), *asks), host.as_ref(), stamp, *crossed))
    }

    /// How many moments it has that other nodes' lines may be about, and how often these were altered: while the second stays, there are
    /// only more of them.
    #[must_use]
    pub fn moments(&self) -> (usize, u64) {
        (self.moments.len(), self.restamped)
    }

    /// The moments from a number on, which serialising the survey leaves out.
    #[must_use]
    pub fn written_moments(&self, first: usize) -> Vec<u8> {
        self.moments.written(first)
    }

    /// Takes what [`written_moments`](Self::written_moments) wrote. `None`: it is something else.
    #[must_use]
    pub fn read_moments(&mut self, bytes: &[u8]) -> Option<()> {
        self.moments.read(bytes)
    }
}

fn daemon(line: &Line) -> Option<Daemon> {
    match &line.fact {
        Fact::Vrrp { .. } | Fact::Group { .. } | Fact::Keepalived(_) => Some(Daemon::Keepalived),
        Fact::Pdns(_) => Some(Daemon::Pdns),
        Fact::Unrecognised(daemon) => Some(*daemon),
        // What systemd says of a daemon is not said by it: its silence is not broken.
        Fact::Other => Daemon::of(line.id).filter(|daemon| *daemon != Daemon::Systemd),
        Fact::Site { .. } | Fact::Cloud(_) | Fact::Keeper(_) | Fact::Setting(_) => None,
    }
}
