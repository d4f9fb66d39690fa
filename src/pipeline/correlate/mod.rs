//! Events of many machines, in any order and more than once → the report of `analyze` over the same sources: the second half, for
//! `driftline correlate`.
//!
//! Events are put in order first, each source for itself, in bounded memory (`sorted`). Read back they are the lines that
//! `analyze` would have heard: years, zones and clocks are settled over all of them, and everything behind that is the same.

mod gather;
mod retell;
mod sorted;
mod wire;

use super::{Beside, Content, Options, Told, believe, blind_spots, report, unread};
use crate::event::Text;
use crate::report::{Caveat, Coverage, Report};
pub use gather::Stream;
use gather::{Gathered, Group, groups};
use retell::{Retelling, survey};
pub use sorted::Scratch;
use sorted::{Sorted, Sorter};
use std::cell::RefCell;
use std::io;
use wire::{Reader, SourceIn};

/// Why the job could not be done, or not wholly. Each text is a fragment that follows "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A stream cannot be opened, or reading it broke off.
    #[error("read {stream}")]
    Unreadable {
        /// Its name.
        stream: Text,
        /// What the system said.
        source: io::Error,
    },
    /// A line is no event and no source.
    #[error("understand {stream}, line {line}: {what}")]
    NotAnEvent {
        /// The stream.
        stream: Text,
        /// 1-based line.
        line: u64,
        /// The end of the sentence.
        what: String,
    },
    /// More of these.
    #[error("understand {count} more {} of {stream}", if *count == 1 { "line" } else { "lines" })]
    FurtherLines {
        /// The stream.
        stream: Text,
        /// How many.
        count: u64,
    },
    /// `driftline events` could not read a source, or not wholly.
    #[error("{what} (so said driftline events)")]
    Unread {
        /// What it failed to do.
        what: String,
    },
    /// Fewer events came than were told.
    #[error("hear all of {path}: {came} of its {told} events are here, the stream was cut or filtered")]
    Incomplete {
        /// The source.
        path: Text,
        /// Events that are here.
        came: u64,
        /// Events that were told.
        told: u64,
    },
    /// What follows a source's events is missing.
    #[error("know all of {path}: its driftline.source/1 line is missing, the stream was cut or filtered")]
    NoSourceLine {
        /// The source.
        path: Text,
    },
    /// The scratch file cannot be written or read.
    #[error("put events aside in a temporary file")]
    Scratch(#[source] io::Error),
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// All there is to say.
    pub report: Report,
    /// What is missing: exit code 2.
    pub errors: Vec<Error>,
}

/// Reads all streams and concludes. What does not fit into memory is put aside in a file that `scratch` makes.
#[must_use]
pub fn correlate(streams: Vec<Stream<'_>>, scratch: &Scratch<'_>, options: &Options) -> Outcome {
    let mut gathered = Gathered::new(Sorter::new(scratch));
    let mut errors = Vec::new();
    for stream in streams {
        gathered.read(stream, &mut errors);
    }
    let Gathered { sorter, paths, .. } = gathered;
    let sorted = match sorter.finish() {
        Ok(sorted) => sorted,
        Err(error) => {
            errors.push(Error::Scratch(error));
            Sorted::Memory(Vec::new())
        }
    };
    let sources: Vec<Group> = paths.into_iter().flat_map(|(path, told)| groups(&path, told)).collect();
    let report = conclude(&sources, &sorted, options, &mut errors);
    Outcome { report, errors }
}

fn conclude(groups: &[Group], sorted: &Sorted, options: &Options, errors: &mut Vec<Error>) -> Report {
    let reader = Reader::new();
    let trouble = RefCell::new(None);
    let mut coverage = Coverage::default();
    let (mut caveats, mut skipped) = (Vec::new(), Vec::new());
    let mut beside = Beside::default();
    let (mut surveys, mut contents, mut formats, mut templates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for group in groups {
        if let Some(source) = &group.source {
            if source.skipped {
                skipped.push(group.path.clone());
                continue;
            }
            caveats.extend(source.caveats.iter().filter(|caveat| !caveat.assumed).map(|caveat| Caveat {
                kind: reader.name(&caveat.kind),
                node: caveat.node.as_deref().map(Text::from),
                text: caveat.text.clone(),
            }));
            if let Some(what) = &source.error {
                errors.push(Error::Unread { what: what.clone() });
                if source.lines == 0 && group.segments.is_empty() {
                    continue;
                }
            }
        }
        let retelling = Retelling { group, sorted, reader: &reader, trouble: &trouble };
        let surveyed = survey(&retelling);
        errors.extend(surveyed.missing(group));
        caveats.extend(surveyed.caveats(group));
        caveats.extend(blind_spots::of_listing(&group.path, &surveyed.listed));
        beside.listed.extend(surveyed.listed);
        beside.configurations.extend(surveyed.configuration);
        let counted = |told: fn(&SourceIn) -> u64, came| group.source.as_ref().map_or(came, told);
        coverage.recognised += counted(|source| source.recognised, surveyed.recognised);
        coverage.unrecognised += counted(|source| source.unrecognised, surveyed.unrecognised);
        let lines = counted(|source| source.lines, surveyed.events);
        coverage.lines += lines;
        formats.push((group.source.as_ref().map_or("events", |source| reader.name(&source.format)), lines));
        templates.push(surveyed.templates.of_source(&group.path));
        surveys.push(surveyed.survey);
        contents.push(Content::Retold(Box::new(move || Box::new(retelling.listened_to()))));
    }
    skipped.sort();
    caveats.extend(blind_spots::of_skipped(&skipped));
    coverage.unrecognised_templates = unread::merge(templates);
    let report =
        report(&surveys, Told { coverage, formats, caveats, silence: None, beside }, options, 1, |frame, beside| {
            believe(frame, &surveys, contents, options, beside)
        });
    errors.extend(trouble.take().map(Error::Scratch));
    report
}
