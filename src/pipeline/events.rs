//! Sources → typed events, each source for itself: the first half of `analyze`, for `driftline events`.
//!
//! A source is read twice, first to learn its year and its nodes. What cannot be read twice (standard input) is held back only
//! until there is enough to judge by.

use super::intake::{Intake, Reader, everything, interest};
use super::kept::{Kept, keep_text};
use super::listener::{Heard, Listener, id_of};
use super::patterns::Patterns;
use super::unwrap;
use crate::catalogue::{self, Fields};
use crate::event::{Daemon, Text};
use crate::input::{Error, Interest, Source};
use crate::moment::Moment;
use crate::record::{Record, Stamp};
use crate::report::events::{EventLine, Field, SourceLine, SourceNode};
use crate::report::{Caveat, SourceCoverage};
use crate::timeline::{self, Frame, Placer, Stated, Survey};
use crate::version::VersionRange;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Records held back where a source cannot be read again, before its year is settled by what is there.
const HELD_MAX: usize = 10_000;
/// Bytes of these.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is told of each source.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Years, zones and clocks as stated.
    pub stated: Stated,
    /// Only lines from here…
    pub since: Option<Moment>,
    /// …to here; with either, lines without a time are left out.
    pub until: Option<Moment>,
    /// Other programs' lines too.
    pub all: bool,
    /// The site's own lines.
    pub patterns: Arc<Patterns>,
}

/// A source, told.
#[derive(Debug)]
pub struct Told {
    /// What is known of it.
    pub source: SourceLine,
    /// What broke its reading off.
    pub broken_off: Option<Error>,
}

/// Gives the events of a source to `each`, in file order.
///
/// # Errors
/// As of `input::read`; then no event was given.
pub fn tell(source: &Source, options: &Options, each: &mut dyn FnMut(&EventLine<'_>)) -> Result<Told, Error> {
    if source.can_be_read_again() {
        tell_twice_read(source, options, each)
    } else {
        tell_once_read(source, options, each)
    }
}

fn tell_twice_read(source: &Source, options: &Options, each: &mut dyn FnMut(&EventLine<'_>)) -> Result<Told, Error> {
    let mut survey = Survey::new(source.path.clone(), source.node.clone());
    if options.stated.skews.is_empty() {
        // Who is ahead of whom is judged over all machines, later.
        survey.is_of_a_node_alone();
    }
    let mut reader = Reader::of_textless(&options.patterns);
    let summary = unwrap::read(source, &interest(&options.patterns), &mut |record| {
        reader.record(record, &mut |line| {
            survey.note(&line);
        });
    })?;
    let intake = reader.finish(source, summary, survey, None);
    let frame = settle(&intake.survey, &options.stated);
    let mut teller = Teller::new(&frame, &intake.survey, options);
    unwrap::read_again(source, &wanted(options), &mut |record| teller.tell(record, each));
    let events = teller.told;
    Ok(told(intake, &frame, &options.stated, events, &[]))
}

fn tell_once_read(source: &Source, options: &Options, each: &mut dyn FnMut(&EventLine<'_>)) -> Result<Told, Error> {
    let early_survey = OnceCell::new();
    let early_frame = OnceCell::new();
    let mut early = Some(Survey::new(source.path.clone(), source.node.clone()));
    let mut whole = Survey::new(source.path.clone(), source.node.clone());
    let mut reader = Reader::new(&options.patterns);
    let mut held = Held::default();
    let mut teller = None;
    let begin = |survey: Survey, held: &mut Held, each: &mut dyn FnMut(&EventLine<'_>)| {
        let survey = early_survey.get_or_init(|| survey);
        let frame = early_frame.get_or_init(|| settle(survey, &options.stated));
        let mut teller = Teller::new(frame, survey, options);
        held.records.drain(..).for_each(|record| teller.tell(&record.borrowed(), each));
        teller
    };
    let summary = unwrap::read(source, &wanted(options), &mut |record| {
        reader.record(record, &mut |line| {
            whole.note(&line);
            if let Some(early) = &mut early {
                early.note(&line);
            }
        });
        match &mut teller {
            Some(teller) => Teller::tell(teller, record, each),
            None => {
                held.push(record);
                if held.is_full()
                    && let Some(mut survey) = early.take()
                {
                    survey.finish(held.first, held.last, None);
                    teller = Some(begin(survey, &mut held, each));
                }
            }
        }
    })?;
    let intake = reader.finish(source, summary, whole, None);
    let frame = match early_frame.get() {
        // What was told rests on the year settled then.
        Some(early) => settle(&intake.survey, &stating_years(&options.stated, early)),
        None => settle(&intake.survey, &options.stated),
    };
    let events = match teller {
        Some(teller) => teller.told,
        None => {
            let mut teller = Teller::new(&frame, &intake.survey, options);
            held.records.drain(..).for_each(|record| teller.tell(&record.borrowed(), each));
            teller.told
        }
    };
    let early = early_frame.get().map_or(&[][..], |early| &early.caveats);
    let years: Vec<Caveat> = early.iter().filter(|caveat| caveat.kind == "year-inferred").cloned().collect();
    Ok(told(intake, &frame, &options.stated, events, &years))
}

/// What is known of a source whose events were told.
fn told(intake: Intake, frame: &Frame, stated: &Stated, events: u64, years: &[Caveat]) -> Told {
    let Intake { survey, format, lines, recognised, unrecognised, caveats, broken_off, .. } = intake;
    let span = &frame.spans[0];
    let coverage = SourceCoverage {
        path: survey.path.clone(),
        format,
        node: span.node.clone(),
        lines,
        first: span.first,
        last: span.last,
    };
    let assumes =
        |stamp: Option<Stamp>| stamp.map_or((false, false), |stamp| stated.is_assumed(&stamp, span.node.as_ref()));
    let assumptions = years.iter().chain(&frame.caveats);
    // What was stated of a node that only another source knows, and clocks, are no assumptions of this source.
    let (assumptions, stated): (Vec<Caveat>, Vec<Caveat>) =
        assumptions.cloned().partition(|caveat| caveat.kind != "clock-skew");
    let source = SourceLine {
        coverage,
        first_assumes: assumes(survey.first),
        last_assumes: assumes(survey.last),
        modified: survey.modified,
        covers: survey.covers,
        named: survey.node.clone(),
        hostless: survey.is_hostless(),
        nodes: nodes(frame, &survey),
        recognised,
        unrecognised,
        events,
        caveats: caveats.into_iter().chain(stated).collect(),
        assumptions,
        error: broken_off.as_ref().map(in_words),
        skipped: false,
    };
    Told { source, broken_off }
}

fn nodes(frame: &Frame, survey: &Survey) -> Vec<SourceNode> {
    let mut nodes: BTreeMap<Text, BTreeMap<Daemon, Option<VersionRange>>> = BTreeMap::new();
    for (node, presence) in frame.wordings(survey) {
        let daemons = nodes.entry(node).or_default();
        if let Some((daemon, versions)) = presence {
            let known = daemons.entry(daemon).or_insert(versions);
            *known = known.zip(versions).and_then(|(known, more)| known.narrowed(more));
        }
    }
    let node = |(name, daemons): (Text, BTreeMap<_, _>)| SourceNode { name, daemons: daemons.into_iter().collect() };
    nodes.into_iter().map(node).collect()
}

/// An error and its causes, in one line.
#[must_use]
pub fn in_words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// Records of the daemons, or all of them.
fn wanted(options: &Options) -> Interest {
    if options.all { everything() } else { interest(&options.patterns) }
}

/// As `timeline::settle`, with the clocks as they are: who is ahead of whom is judged over all machines, later.
fn settle(survey: &Survey, stated: &Stated) -> Frame {
    let mut frame = timeline::settle(std::slice::from_ref(survey), stated);
    frame.skews.retain(|node, _| stated.skews.contains_key(node));
    if stated.skews.is_empty() {
        frame.caveats.retain(|caveat| caveat.kind != "clock-skew");
    }
    frame
}

fn stating_years(stated: &Stated, early: &Frame) -> Stated {
    let mut stated = stated.clone();
    if let Some(year) = early.first_year(0) {
        stated.years.entry(None).or_insert(year);
    }
    stated
}

/// Turns the records of a surveyed source into events.
struct Teller<'a> {
    placer: Placer<'a>,
    listener: Listener,
    options: &'a Options,
    path: &'a Text,
    /// The last record: what a folded repeat repeats.
    last: Kept,
    /// The last line's host.
    host: Option<Text>,
    /// Room for the next line's fields.
    room: Fields<'static>,
    /// Events told, strangers' not counted.
    told: u64,
}

impl<'a> Teller<'a> {
    fn new(frame: &'a Frame, survey: &'a Survey, options: &'a Options) -> Self {
        let listener = Listener::new(options.patterns.clone());
        let (last, room) = (Kept::default(), Fields::default());
        Self { placer: frame.placer(0, survey), listener, options, path: &survey.path, last, host: None, room, told: 0 }
    }

    fn tell(&mut self, record: &Record<'_>, each: &mut dyn FnMut(&EventLine<'_>)) {
        if record.message.is_empty() && record.repeated > 1 {
            if self.last.line + 1 != record.line {
                return;
            }
            self.last.line = record.line;
            let last = std::mem::take(&mut self.last);
            let again =
                Record { message: &last.message, identifier: last.identifier.as_deref(), pid: last.pid, ..*record };
            let again = Record { host: last.host.as_deref(), unit: last.unit.as_deref(), ..again };
            self.event(&again, each);
            self.last = last;
            return;
        }
        self.event(record, each);
        self.last.set(record);
    }

    fn event(&mut self, record: &Record<'_>, each: &mut dyn FnMut(&EventLine<'_>)) {
        let mut fields = std::mem::take(&mut self.room);
        self.event_in(record, &mut fields, each);
        self.room = fields.emptied();
    }

    fn event_in<'r>(&mut self, record: &Record<'r>, fields: &mut Fields<'r>, each: &mut dyn FnMut(&EventLine<'_>)) {
        let hearing = self.listener.hear(record, fields);
        // The walker follows every stamp that the survey followed.
        let is_surveyed = !matches!(hearing.what, Heard::Stranger);
        if !is_surveyed && !self.options.all {
            return;
        }
        keep_text(&mut self.host, record.host);
        let placed = self.placer.when(record.stamp, self.host.as_ref(), is_surveyed);
        let after = self.options.since.is_none_or(|since| placed.time.is_some_and(|time| time.micros >= since.micros));
        let before = self.options.until.is_none_or(|until| placed.time.is_some_and(|time| time.micros <= until.micros));
        if !(after && before) {
            return;
        }
        let told = told_fields(fields);
        let reason = matches!(hearing.what, Heard::Message(_)).then(|| catalogue::reason_in(fields)).flatten();
        let reason = reason.as_ref().map(|(message, fields)| (message.id, told_fields(fields)));
        self.told += u64::from(is_surveyed);
        each(&EventLine {
            time: placed.time,
            assumes_year: placed.assumes_year,
            assumes_zone: placed.assumes_zone,
            node: &placed.node,
            program: hearing.identifier,
            pid: hearing.pid,
            event: id_of(&hearing.what),
            means: match hearing.what {
                Heard::Site(site) => Some(site.means().word()),
                Heard::Message(_) | Heard::Unrecognised(_) | Heard::Stranger => None,
            },
            fields: &told,
            reason: reason.as_ref().map(|(id, fields)| (*id, &fields[..])),
            repeated: record.repeated,
            path: self.path,
            line: record.cursor.is_none().then_some(record.line),
            entry: record.cursor.is_some().then_some(record.line),
            cursor: record.cursor,
            raw: record.raw,
        });
    }
}

fn told_fields<'a>(fields: &'a Fields<'_>) -> Vec<Field<'a>> {
    fields.iter().map(|(name, value)| Field { name, value, is_number: Fields::is_number(name) }).collect()
}

/// Records waiting for their year.
#[derive(Default)]
struct Held {
    records: Vec<Kept>,
    bytes: usize,
    first: Option<Stamp>,
    last: Option<Stamp>,
}

impl Held {
    fn push(&mut self, record: &Record<'_>) {
        self.first = self.first.or(record.stamp);
        self.last = record.stamp.or(self.last);
        self.bytes += record.raw.len();
        self.records.push(Kept::whole(record));
    }

    fn is_full(&self) -> bool {
        self.records.len() >= HELD_MAX || self.bytes >= HELD_BYTES_MAX
    }
}
