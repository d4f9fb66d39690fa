//! Sources → typed events, each source for itself: the first half of `analyze`, for `driftline events`.
//!
//! What is told cannot be taken back, and a source's last line may be the one that tells the year and the node of its first. A source
//! in which a look ahead or the lines themselves leave no such question is read once (`settled`), others are read twice. What
//! cannot be read twice (standard input) is held back only until there is enough to judge by.

use super::intake::{Facts, Intake, Reader, everything, interest};
use super::kept::Kept;
use super::patterns::Patterns;
use super::settled::Settled;
use super::teller::Teller;
use super::unwrap;
use crate::event::{Daemon, Text};
use crate::input::{Error, Interest, Scratch, Source};
use crate::moment::Moment;
use crate::record::{Record, Stamp};
use crate::report::events::{EventLine, SourceLine, SourceNode};
use crate::report::{Caveat, SourceCoverage};
use crate::timeline::{self, Frame, Stated, Survey};
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
    if !source.can_be_read_again() {
        return tell_held_back(source, options, each);
    }
    match Settled::before_reading(source, options) {
        Some(settled) => tell_once_read(source, options, &settled, each),
        None => tell_twice_read(source, options, each),
    }
}

fn tell_once_read(
    source: &Source,
    options: &Options,
    settled: &Settled,
    each: &mut dyn FnMut(&EventLine<'_>),
) -> Result<Told, Error> {
    let by_reading = OnceCell::new();
    let mut survey = survey_of(source, options);
    let mut reader = Reader::of_textless(&options.patterns);
    reader.facts = if settled.is_for_all { Facts::Moments } else { Facts::Yearless };
    let mut teller = Teller::new(&settled.frame, &settled.survey, options);
    let mut is_settled = settled.is_for_all;
    // Nothing need be put aside for a second reading.
    let mut once = source.clone();
    once.scratch = Scratch::default();
    let summary = unwrap::read(&once, &interest(&options.patterns), &mut |record| {
        if !is_settled && !settled.is_for(record) {
            let settled = by_reading.get_or_init(|| Settled::by_reading(source, options));
            teller.settle(&settled.frame, &settled.survey);
            is_settled = true;
        }
        teller.tell_and_note(record, &mut reader, &mut survey, each);
    })?;
    let intake = reader.finish(source, summary, survey, None);
    let settled = by_reading.get().unwrap_or(settled);
    let frame = settle(&intake.survey, &options.stated);
    // A log that was written to meanwhile may tell another year by now: what was told stands.
    let is_as_told = !settled.is_for_all || frame.first_year(0) == settled.frame.first_year(0);
    let (frame, years) =
        if is_as_told { (frame, Vec::new()) } else { resettle(&intake.survey, &options.stated, &settled.frame) };
    Ok(told(intake, &frame, &options.stated, teller.told(), &years))
}

pub(super) fn tell_twice_read(
    source: &Source,
    options: &Options,
    each: &mut dyn FnMut(&EventLine<'_>),
) -> Result<Told, Error> {
    let (intake, frame) = surveyed(source, options)?;
    let mut teller = Teller::new(&frame, &intake.survey, options);
    unwrap::read_again(source, &wanted(options), &mut |record| teller.tell(record, each));
    let events = teller.told();
    Ok(told(intake, &frame, &options.stated, events, &[]))
}

/// Reads a source to learn its year and its nodes.
pub(super) fn surveyed(source: &Source, options: &Options) -> Result<(Intake, Frame), Error> {
    let mut survey = survey_of(source, options);
    let mut reader = Reader::of_textless(&options.patterns);
    // Clocks are measured by what nodes say of each other.
    reader.facts = if options.stated.skews.is_empty() { Facts::Yearless } else { Facts::All };
    let summary = unwrap::read(source, &interest(&options.patterns), &mut |record| {
        reader.record(record, &mut |line| {
            survey.note(&line);
        });
    })?;
    let intake = reader.finish(source, summary, survey, None);
    let frame = settle(&intake.survey, &options.stated);
    Ok((intake, frame))
}

pub(super) fn survey_of(source: &Source, options: &Options) -> Survey {
    let mut survey = Survey::new(source.path.clone(), source.node.clone());
    if options.stated.skews.is_empty() {
        // Who is ahead of whom is judged over all machines, later.
        survey.is_of_a_node_alone();
    }
    survey
}

fn tell_held_back(source: &Source, options: &Options, each: &mut dyn FnMut(&EventLine<'_>)) -> Result<Told, Error> {
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
    let (frame, years) = match early_frame.get() {
        Some(early) => resettle(&intake.survey, &options.stated, early),
        None => (settle(&intake.survey, &options.stated), Vec::new()),
    };
    let events = match teller {
        Some(teller) => teller.told(),
        None => {
            let mut teller = Teller::new(&frame, &intake.survey, options);
            held.records.drain(..).for_each(|record| teller.tell(&record.borrowed(), each));
            teller.told()
        }
    };
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
        error: broken_off.as_ref().map(Error::in_words),
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

/// Records of the daemons, or all of them.
fn wanted(options: &Options) -> Interest {
    if options.all { everything() } else { interest(&options.patterns) }
}

/// As `timeline::settle`, with the clocks as they are: who is ahead of whom is judged over all machines, later.
pub(super) fn settle(survey: &Survey, stated: &Stated) -> Frame {
    let mut frame = timeline::settle(std::slice::from_ref(survey), stated);
    frame.skews.retain(|node, _| stated.skews.contains_key(node));
    if stated.skews.is_empty() {
        frame.caveats.retain(|caveat| caveat.kind != "clock-skew");
    }
    frame
}

/// As [`settle`], where what was told rests on the year settled before; with what that year rests on.
fn resettle(survey: &Survey, stated: &Stated, early: &Frame) -> (Frame, Vec<Caveat>) {
    let mut stated = stated.clone();
    if let Some(year) = early.first_year(0) {
        stated.years.entry(None).or_insert(year);
    }
    let years = early.caveats.iter().filter(|caveat| caveat.kind == "year-inferred").cloned().collect();
    (settle(survey, &stated), years)
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
