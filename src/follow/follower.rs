//! Items of sources in, announcements out: the one who follows, without a clock of its own.

use super::schedule::Open;
use super::{Change, Ledger, Notification, Pacing, Schedule, State, Turns};
use crate::event::{Daemon, Text};
use crate::input::Trouble;
use crate::input::live::{self, Position, Progress};
use crate::pipeline::live::{Foresight, Live, Mark, Reached, SettingsFile, is_of_address};
use crate::pipeline::{Kept, Options};
use crate::record::Stamp;
use crate::report::Report;
use chrono::{DateTime, Datelike};
use chrono_tz::Tz;
use std::sync::Arc;

/// What a source gave.
#[derive(Debug)]
pub enum Item {
    /// A record and what its source calls it; the path is the source's, or that of a journal below it.
    Record(Text, Box<Kept>, live::Mark),
    /// Another file took the place of the one before.
    Turn(live::Mark),
    /// What stands in the source already; it comes before its records.
    Foreseen(Text, Box<Foresight>),
    /// Something is lost or odd.
    Trouble(Text, Trouble),
    /// Nothing more for now.
    Rest(Vec<(Text, Progress)>),
    /// Nothing more for good.
    End,
}

/// A source, and the node that `NODE=` names.
pub type Named = (Text, Option<Text>);

/// Follows sources and says what is news.
#[derive(Debug)]
pub struct Follower {
    sources: Vec<Named>,
    live: Live,
    turns: Turns<Item>,
    /// An item before which a question had to be put.
    put_back: Option<(usize, Item)>,
    positions: Vec<Option<Position>>,
    /// By the wall clock: when each source had nothing more to give.
    rested_at: Vec<Option<i64>>,
    ledger: Ledger,
    schedule: Schedule,
    zone: Tz,
    /// The past has been read to its end, or is told like the present.
    is_caught_up: bool,
    /// By the wall clock: when the last record was taken.
    taken_at: i64,
    ended: usize,
    report: Option<Arc<Report>>,
    gaps: u64,
    /// By the wall clock: since when something waits to be judged.
    behind_since: Option<i64>,
    /// What the operator states has changed, and what is known may come to something else. What was over by this time is no news then.
    restated: Option<i64>,
}

/// What is on its way out: it survives together with what it tells of.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// Announcements that are being made.
    pub pending: Vec<Change>,
    /// When people are told next.
    pub pacing: Pacing,
    /// What has not been delivered, by the name of the way out.
    pub waiting: Vec<(String, Notification)>,
}

/// How many lines were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Lines and entries of all programs.
    pub lines: u64,
    /// Known ones of the daemons.
    pub recognised: u64,
    unrecognised: [u64; 2],
}

impl Counts {
    /// Lines of a daemon that nothing reads.
    #[must_use]
    pub fn unrecognised_of(&self, daemon: Daemon) -> u64 {
        match daemon {
            Daemon::Pdns => self.unrecognised[0],
            Daemon::Keepalived => self.unrecognised[1],
            Daemon::Systemd => 0,
        }
    }
}

/// Lines of one second may arrive this far apart, by the wall clock.
const SECOND_IS_OVER_MICROS: i64 = 1_000_000;
/// Stamps this near the wall clock when they were taken are of now: time goes on as the clock does. Others are of a replay: it goes on
/// from them, also over a restart.
const OF_NOW_MICROS: i64 = 600_000_000;

impl Follower {
    /// For these sources, with configuration files beside them. `tells_past`: what closed before anybody listened is told too.
    #[must_use]
    pub fn new(options: Options, settings: &[SettingsFile], sources: Vec<Named>, zone: Tz, tells_past: bool) -> Self {
        let mut live = Live::new(options, &[]);
        live.put_beside(settings);
        Self {
            turns: Turns::new(sources.len()),
            positions: vec![None; sources.len()],
            rested_at: vec![None; sources.len()],
            sources,
            live,
            put_back: None,
            ledger: Ledger::default(),
            schedule: Schedule::default(),
            zone,
            is_caught_up: tells_past,
            taken_at: 0,
            ended: 0,
            report: None,
            gaps: 0,
            behind_since: None,
            restated: None,
        }
    }

    /// One more source.
    pub fn add(&mut self, source: Named) {
        self.sources.push(source);
        self.positions.push(None);
        self.rested_at.push(None);
        self.turns.add();
    }

    /// From now on this is stated. What is known is judged by it soon, what comes is read by it.
    pub fn restate(&mut self, options: Options, settings: &[SettingsFile], zone: Tz) {
        let before = self.live.statement();
        self.live.restate(options);
        self.live.put_beside(settings);
        self.zone = zone;
        if self.live.statement() != before {
            self.is_restated();
        }
    }

    fn is_restated(&mut self) {
        // Lines of the last second may not have been judged yet.
        let judged = |newest: i64| if self.schedule.is_asked_for() { newest - SECOND_IS_OVER_MICROS } else { newest };
        self.restated = self.restated.or(self.schedule.newest().map(judged));
    }

    /// Goes on from a state. Returns what was on its way out; `None` if the state holds what is not known here, so
    /// that nothing was taken.
    pub fn restore(&mut self, state: State<Position>) -> Option<Outgoing> {
        self.live.restore(state.live)?;
        for (path, position) in state.places {
            if let Some(index) = self.sources.iter().position(|(known, _)| *known == path) {
                self.positions[index] = Some(position);
            }
        }
        self.ledger = state.ledger;
        self.schedule = state.schedule;
        if state.statement != self.live.statement() {
            self.is_restated();
        }
        self.is_caught_up |= state.is_caught_up;
        self.taken_at = state.taken_at;
        Some(Outgoing { pending: state.pending, pacing: state.pacing, waiting: state.waiting })
    }

    /// All that must survive, together with what is on its way out. Where an `earlier` state was written, and only more came since, it is
    /// one that goes on with that.
    #[must_use]
    pub fn state(&self, outgoing: Outgoing, earlier: Option<&Mark>) -> (State<Position>, Mark) {
        let Outgoing { pending, pacing, waiting } = outgoing;
        let places = self.sources.iter().zip(&self.positions);
        let (live, mark) = self.live.store(earlier);
        let state = State {
            places: places.filter_map(|((path, _), position)| Some((path.clone(), position.clone()?))).collect(),
            live,
            statement: self.live.statement(),
            ledger: self.ledger.clone(),
            schedule: self.schedule.clone(),
            pending,
            pacing,
            waiting,
            is_caught_up: self.is_caught_up,
            taken_at: self.taken_at,
        };
        (state, mark)
    }

    /// How many lines of all sources stand before where their reading goes on.
    #[must_use]
    pub fn lines_before(&self) -> u64 {
        self.positions.iter().flatten().map(Position::lines).sum()
    }

    /// Where a source's reading goes on.
    #[must_use]
    pub fn position(&self, source: usize) -> Option<&Position> {
        self.positions[source].as_ref()
    }

    /// Where a source's reading began.
    pub fn begin_at(&mut self, source: usize, position: Position) {
        self.positions[source].get_or_insert(position);
    }

    /// A file was written to last then (Unix seconds), before its first record is taken.
    pub fn is_written_at(&mut self, source: usize, seconds: i64) {
        let (path, node) = self.sources[source].clone();
        let index = self.live.index_of_or_new(&path, node);
        self.live.is_written_at(index, seconds);
    }

    /// Takes what a source gave; it waits for its turn.
    pub fn push(&mut self, source: usize, item: Item, wall: i64) {
        let time = match &item {
            Item::Record(_, record, _) => record.stamp.map(|stamp| micros(stamp, wall)),
            Item::Turn(_) | Item::Foreseen(..) | Item::Trouble(..) | Item::Rest(_) | Item::End => None,
        };
        let rests = matches!(item, Item::Rest(_) | Item::End);
        self.turns.push(source, time, item);
        if rests {
            self.turns.rest(source);
        }
    }

    /// Goes on as far as it can by `wall` (microseconds since 1970) and returns what is news. Each return is one moment: what is
    /// announced and [`state`](Self::state) belong together. Call it again while it returns something. `done` is called for each item
    /// that is done with.
    pub fn step(&mut self, wall: i64, done: &mut dyn FnMut(usize)) -> Vec<Change> {
        while let Some((source, item)) = self.put_back.take().or_else(|| self.turns.take()) {
            if let Item::Record(_, record, _) = &item
                && let Some(stamp) = record.stamp
                && self.is_caught_up
                && let Some(silence) = self.schedule.before(micros(stamp, wall))
            {
                let changes = self.ask(Some(silence));
                if !changes.is_empty() {
                    self.put_back = Some((source, item));
                    return changes;
                }
                self.put_back = Some((source, item));
                continue;
            }
            self.take(source, item, wall);
            done(source);
        }
        if !self.turns.is_caught_up() {
            self.behind_since.get_or_insert(wall);
            return Vec::new();
        }
        self.behind_since = None;
        let now = self.event_now(wall);
        if !self.is_caught_up {
            // What closed before anybody listened is noted, not told. The past is what it is now, however long nothing was written.
            let changes = self.ask(Some(self.silence(wall)));
            self.is_caught_up = true;
            // What is asked next is asked by the same clock: these lines were written in their time, whenever they were read.
            self.taken_at = self.schedule.newest().unwrap_or(self.taken_at);
            return changes;
        }
        if self.restated.is_some() {
            let changes = self.ask(Some(self.silence(now)));
            self.restated = None;
            return changes;
        }
        let is_over = wall - self.taken_at >= SECOND_IS_OVER_MICROS;
        if (is_over || !self.schedule.is_asked_for()) && self.schedule.rested(now) {
            return self.ask(Some(self.silence(now)));
        }
        Vec::new()
    }

    /// Whether all sources have come to their end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended == self.sources.len() && self.turns.is_caught_up() && self.put_back.is_none()
    }

    /// Whether the past was read to its end.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.is_caught_up
    }

    /// All sources are over: the last question, which is that of `analyze`.
    pub fn conclude(&mut self) -> Vec<Change> {
        for index in 0..self.live.sources() {
            self.live.end(index);
        }
        let changes = self.ask(None);
        self.is_caught_up = true;
        changes
    }

    /// Asks now, whatever the schedule says, and tells nothing: for one who wants the report.
    pub fn look(&mut self, wall: i64) -> &Report {
        let silence = self.silence(wall);
        self.report.insert(Arc::new(self.live.report(Some(silence))))
    }

    /// The report of the last question.
    #[must_use]
    pub fn report(&self) -> Option<&Arc<Report>> {
        self.report.as_ref()
    }

    /// What was told.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The time of the newest line of interest, microseconds since 1970.
    #[must_use]
    pub fn newest(&self) -> Option<i64> {
        self.schedule.newest()
    }

    /// Entries of journals that were lost before they were read, as far as their number is known; a file that is gone counts as one.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// Messages that journald or rsyslog said they threw away, since this process began.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.live.suppressed()
    }

    /// How many lines were read.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for index in 0..self.live.sources() {
            let (lines, recognised, [pdns, keepalived]) = self.live.counts(index);
            counts.lines += lines;
            counts.recognised += recognised;
            counts.unrecognised[0] += pdns;
            counts.unrecognised[1] += keepalived;
        }
        counts
    }

    /// By the wall clock: since when something waits to be judged; `None` while all has been.
    #[must_use]
    pub fn behind_since(&self) -> Option<i64> {
        self.behind_since
    }

    fn take(&mut self, source: usize, item: Item, wall: i64) {
        let node = self.sources[source].1.clone();
        match item {
            Item::Record(path, record, mark) => {
                let index = self.live.index_of_or_new(&path, node);
                // At once, not with the next line: when that comes must not decide when a question is put.
                let weight = self.live.take(index, &record.borrowed()).max(self.live.rest(index));
                if let Some(stamp) = record.stamp {
                    self.schedule.took(micros(stamp, wall), weight);
                }
                self.taken_at = wall;
                self.note_written(source, index, record.stamp);
                self.advance(source, &mark);
            }
            Item::Turn(mark) => self.advance(source, &mark),
            Item::Foreseen(path, foresight) => {
                let index = self.live.index_of_or_new(&path, node);
                self.live.foresee(index, *foresight);
            }
            Item::Trouble(path, trouble) => {
                self.gaps += u64::from(trouble.kind == "gap");
                let index = self.live.index_of_or_new(&path, node);
                self.live.trouble(index, &trouble);
            }
            Item::Rest(known) => {
                self.rested_at[source] = Some(wall);
                for (path, progress) in known {
                    let index = self.live.index_of_or_new(&path, node.clone());
                    self.live.reached(index, reached(progress, wall));
                    let weight = self.live.rest(index);
                    if let Some(newest) = self.schedule.newest() {
                        self.schedule.took(newest, weight);
                    }
                }
            }
            Item::End => self.ended += 1,
        }
    }

    /// What a pipe gives is written now, and what a source gives that had nothing more to give was written since.
    fn note_written(&mut self, source: usize, index: usize, stamp: Option<Stamp>) {
        let is_of_pipe = self.live.written_at(index).is_none();
        let since = self.rested_at[source].or_else(|| is_of_pipe.then_some(self.taken_at));
        if let Some(since) = since.filter(|_| stamp.is_some_and(|stamp| !stamp.year_known)) {
            self.live.is_written_at(index, since.div_euclid(1_000_000));
        }
    }

    fn advance(&mut self, source: usize, mark: &live::Mark) {
        if let Some(position) = &mut self.positions[source] {
            position.advance(mark);
        }
    }

    fn ask(&mut self, silence: Option<i64>) -> Vec<Change> {
        let report = self.live.report(silence);
        let no_news = if self.is_caught_up { self.restated.unwrap_or(i64::MIN) } else { i64::MAX };
        // Lines in their order take nothing back that has closed, nor does a limit that made us forget lines.
        let may_have_moved = self.schedule.is_revised() && self.live.forgotten() == 0;
        let changes = self.ledger.settle(&report.findings, self.zone, no_news, may_have_moved);
        self.schedule.put(self.open());
        self.report = Some(Arc::new(report));
        changes
    }

    fn open(&self) -> Open {
        let open =
            self.ledger.open().map(|(_, rule, _)| if is_of_address(rule) { Open::Drift } else { Open::Something });
        open.max().unwrap_or(Open::Nothing)
    }

    /// What time it is where the lines come from.
    fn event_now(&self, wall: i64) -> i64 {
        match self.schedule.newest() {
            Some(newest) if (self.taken_at - newest).abs() <= OF_NOW_MICROS || self.taken_at == 0 => wall.max(newest),
            Some(newest) => newest + (wall - self.taken_at).max(0),
            None => wall,
        }
    }

    fn silence(&self, now: i64) -> i64 {
        self.schedule.newest().map_or(0, |newest| (now - newest).max(0))
    }
}

/// How far a source has been read by `wall`. What is no file, and so has no time of writing, was written when it came.
fn reached(progress: Progress, wall: i64) -> Reached {
    Reached { modified: progress.modified.or(Some(wall.div_euclid(1_000_000))), ..Reached::from(progress) }
}

/// A stamp in microseconds of UTC, near enough to say whose turn it is. A year that is not written is the latest that does not lie
/// in the future.
fn micros(stamp: Stamp, wall: i64) -> i64 {
    const DAY_MICROS: i64 = 86_400_000_000;
    let written = if stamp.year_known {
        stamp.written
    } else {
        let latest = DateTime::from_timestamp_micros(wall + 2 * DAY_MICROS).unwrap_or_default().naive_utc();
        let in_year = |year| stamp.written.with_year(year);
        match in_year(latest.year()) {
            Some(written) if written <= latest => written,
            Some(_) | None => in_year(latest.year() - 1).unwrap_or(stamp.written),
        }
    };
    written.and_utc().timestamp_micros() - i64::from(stamp.offset_seconds.unwrap_or(0)) * 1_000_000
}
