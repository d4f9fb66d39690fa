//! Joins the rooms: sources → lines → timeline → world → findings → report. Opens nothing itself and knows no clock.

mod batch;
mod blind_spots;
mod contradictions;
pub mod correlate;
pub mod events;
mod flow;
mod house;
mod intake;
mod kept;
mod listener;
pub mod live;
mod masters;
mod misconfigured;
mod patterns;
mod settings;
mod settled;
mod teller;
mod unread;
mod unwrap;

use crate::detect;
use crate::event::{Cloud, Event, Text};
use crate::finding::Finding;
use crate::input::{Error, Source};
use crate::moment::Moment;
use crate::parallel;
use crate::report::{Caveat, Coverage, Report, SourceCoverage};
use crate::timeline::{self, Doubles, Frame, Lane, Placer, Rank, Stated, Survey};
use crate::world::{Clock, World};
pub use crate::world::{StatedNode, StatedUnit, Topology, Unit};
use flow::Flowed;
pub use intake::interest;
use intake::{Budget, Intake};
pub use kept::Kept;
pub use listener::{Heard, Hearing, Listener, fact_of, id_of};
pub use patterns::{Means, Patterns, Site};
use settings::Configuration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
pub(crate) use unwrap::read as read_unwrapped;

/// What is told, and what the operator states.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Years, zones and clocks as stated.
    pub stated: Stated,
    /// Only findings that touch the time from here…
    pub since: Option<Moment>,
    /// …to here.
    pub until: Option<Moment>,
    /// Only these rules.
    pub rules: Option<BTreeSet<String>>,
    /// The site's own lines.
    pub patterns: Arc<Patterns>,
    /// What the operator states of the nodes and of what moves.
    pub topology: Arc<Topology>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// All there is to say.
    pub report: Report,
    /// Sources that could not be read, or not wholly: exit code 2.
    pub errors: Vec<Error>,
}

/// Reads all sources, `threads` at a time; the result does not depend on how many.
#[must_use]
pub fn analyze(sources: &[Source], options: &Options, threads: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let mut intakes: Vec<(&Source, Intake, Option<Box<Flowed>>)> = Vec::new();
    let mut skipped = Vec::new();
    let results = match sources {
        [source] => vec![flow::take_in(source, options)],
        _ => {
            let (budget, left) = (Budget::default(), AtomicUsize::new(sources.len()));
            parallel::map(sources, threads, |source| {
                let taken_in = intake::take_in(source, &options.patterns, &budget);
                // Fewer are left than there are threads: whoever read this one has none to go on with.
                if (2..=threads).contains(&left.fetch_sub(1, Ordering::Relaxed)) {
                    source.helpers.one_more();
                }
                Ok((taken_in?, None))
            })
        }
    };
    for (source, result) in sources.iter().zip(results) {
        match result {
            Ok((mut intake, flowed)) => {
                outcome.errors.extend(intake.broken_off.take());
                intakes.push((source, intake, flowed));
            }
            Err(error) if source.found_in_directory && error.is_not_a_log() => skipped.push(source.path.clone()),
            Err(error) => outcome.errors.push(error),
        }
    }
    intakes.sort_by(|(_, a, _), (_, b, _)| a.survey.path.cmp(&b.survey.path));
    skipped.sort();
    outcome.errors.sort_by(|a, b| a.path().cmp(b.path()));
    outcome.report = conclude(intakes, &skipped, options, threads);
    outcome
}

/// Everything after the first reading: place, believe, find, report.
fn conclude(
    intakes: Vec<(&Source, Intake, Option<Box<Flowed>>)>,
    skipped: &[Text],
    options: &Options,
    threads: usize,
) -> Report {
    let mut caveats: Vec<Caveat> = intakes.iter().flat_map(|(_, intake, _)| intake.caveats.iter().cloned()).collect();
    caveats.extend(blind_spots::of_skipped(skipped));
    let mut coverage = Coverage::default();
    let mut formats = Vec::new();
    let mut templates = Vec::new();
    let mut surveys = Vec::new();
    let mut contents = Vec::new();
    let mut beside = Beside::default();
    for (source, intake, flowed) in intakes {
        beside.listed.extend(intake.listed);
        beside.configurations.extend(intake.configuration);
        coverage.lines += intake.lines;
        coverage.recognised += intake.recognised;
        coverage.unrecognised += intake.unrecognised;
        templates.push(intake.templates);
        formats.push((intake.format, intake.lines));
        surveys.push(intake.survey);
        contents.push(match (intake.kept, flowed) {
            (Some(lines), _) => Content::Lines(lines),
            (None, Some(flowed)) => Content::Flowed(flowed, source),
            (None, None) => Content::ReadAgain(source),
        });
    }
    coverage.unrecognised_templates = unread::merge(templates);
    let told = Told { coverage, formats, caveats, silence: None, beside };
    report(&surveys, told, options, threads, |frame, beside| {
        let (flowed, contents) = flowed_world(contents, frame, &surveys);
        flowed.map_or_else(|| believe(frame, &surveys, contents, options, beside), |world| (world, Vec::new()))
    })
}

/// What is known of the reading, beside the lines themselves.
struct Told {
    /// Counts of all sources.
    coverage: Coverage,
    /// Format and number of lines of each source.
    formats: Vec<(&'static str, u64)>,
    caveats: Vec<Caveat>,
    /// How long nothing has been written since the newest line (microseconds), where the reading goes on.
    silence: Option<i64>,
    beside: Beside,
}

/// What surveys and a world come to. `believing` makes it of the lines, as placed by the frame, and does not settle it.
fn report(
    surveys: &[Survey],
    told: Told,
    options: &Options,
    threads: usize,
    believing: impl FnOnce(&Frame, &Beside) -> (World, Vec<Caveat>),
) -> Report {
    let Told { mut coverage, formats, mut caveats, silence, beside } = told;
    coverage.other = coverage.lines.saturating_sub(coverage.recognised + coverage.unrecognised);
    let mut frame = timeline::settle(surveys, &options.stated);
    coverage.sources = formats
        .into_iter()
        .zip(surveys.iter().zip(&frame.spans))
        .map(|((format, lines), (survey, span))| SourceCoverage {
            path: survey.path.clone(),
            format,
            node: span.node.clone(),
            lines,
            first: span.first,
            last: span.last,
        })
        .collect();
    if let Some(silence) = silence {
        frame.goes_on_for(surveys, silence);
    }
    let frame = frame;
    let (mut world, doubles) = believing(&frame, &beside);
    settle(&mut world, &frame, surveys);
    caveats.extend(doubles);
    caveats.extend(settings::give(&beside.configurations, &mut world));
    caveats.extend(frame.caveats.iter().cloned());
    caveats.extend(blind_spots::of(&frame, surveys, &world));
    caveats.extend(contradictions::of(&world));
    caveats.extend(misconfigured::of(&world));
    let all = detect::find_all(&world, threads);
    let found = all.len();
    let findings: Vec<Finding> = all.into_iter().filter(|finding| is_told(finding, options)).collect();
    caveats.extend(selection(options, found - findings.len()));
    caveats.sort();
    caveats.dedup();
    Report {
        findings,
        nodes: house::nodes(&world),
        groups: house::groups(&world),
        caveats,
        coverage,
        masterships: masters::of(&world),
    }
}

/// Events waiting between a source that is read again and the merge.
const BATCHES_AHEAD: usize = 4;

/// Lines, and whether a rule may rest on each.
type Retold<'a> = Box<dyn Iterator<Item = (timeline::Line, bool)> + 'a>;

/// Where a source's lines are, after the survey.
enum Content<'a> {
    /// Too many to be kept: the source is read a second time.
    ReadAgain(&'a Source),
    /// All of them, in file order.
    Lines(Vec<timeline::Line>),
    /// In a world already; if that does not hold, the source is read a second time.
    Flowed(Box<Flowed>, &'a Source),
    /// Opened when the merge gets there: all lines, and whether a rule may rest on each.
    Retold(Box<dyn FnOnce() -> Retold<'a> + 'a>),
}

/// What was read beside the logs and is of no certain moment.
#[derive(Debug, Default)]
struct Beside {
    /// Addresses that a cloud listed, and what they were tied to.
    listed: Vec<Cloud>,
    /// Configuration files.
    configurations: Vec<Configuration>,
}

/// The world that these lines make, before it is settled.
fn believe(
    frame: &Frame,
    surveys: &[Survey],
    contents: Vec<Content<'_>>,
    options: &Options,
    beside: &Beside,
) -> (World, Vec<Caveat>) {
    let patterns = &options.patterns;
    let mut world = World::of(options.topology.clone());
    beside.listed.iter().for_each(|cloud| world.list(cloud));
    let mut doubles = Doubles::new(frame, surveys);
    let caveats = thread::scope(|scope| {
        let lanes = contents
            .into_iter()
            .zip(surveys)
            .enumerate()
            .map(|(index, (content, survey))| {
                let span = &frame.spans[index];
                let placer = frame.placer(index, survey);
                Lane {
                    rank: Rank::new(span.first, span.last, &survey.path),
                    opens_at: frame.opens_at(index, survey),
                    disorder_micros: frame.disorder_micros(survey),
                    open: Box::new(move || match content {
                        Content::Lines(lines) => Box::new(placed(placer, lines)),
                        Content::Flowed(_, _) => unreachable!("a world that does not hold was thrown away"),
                        Content::Retold(open) => {
                            let mut placer = placer;
                            // The walker follows every stamp, as the survey did.
                            Box::new(
                                open().filter_map(move |(line, is_wanted)| placer.place(line).filter(|_| is_wanted)),
                            )
                        }
                        Content::ReadAgain(source) => {
                            let (sender, receiver) = mpsc::sync_channel(BATCHES_AHEAD);
                            scope.spawn(move || intake::replay(source, patterns, placer, &sender));
                            Box::new(receiver.into_iter().flatten())
                        }
                    }),
                }
            })
            .collect();
        let mut observe = |event| world.observe(&Arc::new(event));
        timeline::merge(lanes, &mut |event| doubles.take(event, &mut observe));
        doubles.finish(&mut observe)
    });
    (world, caveats)
}

/// Gives the world, after its last event, what is known beside the events.
fn settle(world: &mut World, frame: &Frame, surveys: &[Survey]) {
    for (node, presence) in frame.presences(surveys) {
        world.note_presence(&node, &presence);
    }
    for (node, begin) in frame.begins(surveys) {
        world.note_begin(&node, begin);
    }
    for (node, skew) in &frame.skews {
        let against = skew.against.clone();
        let inferred_micros = against.as_ref().map_or(0, |_| skew.applied_micros);
        world.note_clock(node, Clock { uncertainty_micros: skew.uncertainty_micros, inferred_micros, against });
    }
    if let Some(now) = frame.now() {
        world.note_now(now);
    }
    world.settle(&frame.ends(surveys));
}

/// The world that the only source has flowed into, if it holds; else what is to be read again.
fn flowed_world<'a>(
    contents: Vec<Content<'a>>,
    frame: &Frame,
    surveys: &[Survey],
) -> (Option<World>, Vec<Content<'a>>) {
    let mut world = None;
    let mut left = Vec::with_capacity(contents.len());
    for (content, survey) in contents.into_iter().zip(surveys) {
        left.push(match content {
            Content::Flowed(flowed, source) => {
                world = flowed.if_it_holds(frame, survey);
                Content::ReadAgain(source)
            }
            Content::ReadAgain(_) | Content::Lines(_) | Content::Retold(_) => content,
        });
    }
    (world, left)
}

fn placed<'a>(mut placer: Placer<'a>, lines: Vec<timeline::Line>) -> impl Iterator<Item = Event> + 'a {
    lines.into_iter().filter_map(move |line| placer.place(line))
}

/// What is told of all that was found, where that is not all.
fn selection(options: &Options, untold: usize) -> Option<Caveat> {
    let Options { since, until, rules, .. } = options;
    let time = match (since.map(Moment::rfc3339), until.map(Moment::rfc3339)) {
        (Some(since), Some(until)) => Some(format!("touches the time from {since} to {until}")),
        (Some(since), None) => Some(format!("touches the time from {since} on")),
        (None, Some(until)) => Some(format!("touches the time up to {until}")),
        (None, None) => None,
    };
    let rules = rules.as_ref().map(|rules| format!("is of {}", rules.iter().cloned().collect::<Vec<_>>().join(", ")));
    let wanted = time.into_iter().chain(rules).collect::<Vec<String>>().join(" and ");
    let left_out = match untold {
        0 => "nothing else was found".to_owned(),
        1 => "1 more finding is not told".to_owned(),
        more => format!("{more} more findings are not told"),
    };
    let text = format!("only what {wanted} was asked for: {left_out}.");
    (!wanted.is_empty()).then_some(Caveat { kind: "selection", node: None, text })
}

fn is_told(finding: &Finding, options: &Options) -> bool {
    let by_rule = options.rules.as_ref().is_none_or(|rules| rules.contains(finding.rule));
    let ends_in_time = options.since.is_none_or(|since| finding.until.is_none_or(|until| until.micros >= since.micros));
    let begins_in_time = options.until.is_none_or(|until| finding.since.micros <= until.micros);
    by_rule && ends_in_time && begins_in_time
}
