//! Events of many machines, in any order and more than once → the report of `analyze` over the same sources: the second half, for
//! `driftline correlate`.
//!
//! Events are put in order first, each source for itself, in bounded memory ([`sorted`]). Read back they are the lines that
//! `analyze` would have heard: years, zones and clocks are settled over all of them, and everything behind that is the same.

mod sorted;
mod wire;

use super::intake::is_listened_to;
use super::unread::{self, Templates};
use super::{Content, Options, Told, blind_spots, report};
use crate::event::{Daemon, Fact, Text};
use crate::record::{Record, Stamp};
use crate::report::{Caveat, Coverage, Report};
use crate::timeline::{Line, Survey};
pub use sorted::Scratch;
use sorted::{Sorted, Sorter};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read};
use wire::{EventIn, Head, Reader, SourceIn};

/// Bytes of a line of NDJSON: a log line of the longest kind, escaped, and its fields.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Lines that are no events, told per stream.
const BAD_LINES_MAX: u64 = 5;
/// Nodes of one path that are kept apart; a forged host field is anyone's choice.
const NODES_MAX: usize = 10_000;
/// Ids of events that are not known here, told.
const UNKNOWN_MAX: usize = 20;

/// A stream of events.
pub struct Stream<'a> {
    /// What it is called in errors.
    pub name: Text,
    /// Opens it.
    pub open: Box<dyn FnOnce() -> io::Result<Box<dyn BufRead + 'a>> + 'a>,
}

impl std::fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("name", &self.name).finish_non_exhaustive()
    }
}

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
    #[error("understand {count} more lines of {stream}")]
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
    let mut gathered = Gathered { sorter: Sorter::new(scratch), paths: BTreeMap::new(), segments: 0 };
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

/// What came of one path, maybe of several machines.
#[derive(Default)]
struct Path {
    /// Node → segment of the sorter.
    nodes: BTreeMap<String, u32>,
    sources: Vec<SourceIn>,
}

struct Gathered<'a> {
    sorter: Sorter<'a>,
    paths: BTreeMap<String, Path>,
    segments: u32,
}

impl Gathered<'_> {
    fn read(&mut self, stream: Stream<'_>, errors: &mut Vec<Error>) {
        let Stream { name, open } = stream;
        let mut bytes = match open() {
            Ok(bytes) => bytes,
            Err(source) => return errors.push(Error::Unreadable { stream: name, source }),
        };
        let (mut line, mut number, mut bad) = (Vec::new(), 0, 0);
        loop {
            line.clear();
            match bytes.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(source) => {
                    errors.push(Error::Unreadable { stream: name.clone(), source });
                    break;
                }
            }
            number += 1;
            match self.line(line.trim_ascii()) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return errors.push(Error::Scratch(error)),
                Err(what) => {
                    bad += 1;
                    if bad <= BAD_LINES_MAX {
                        errors.push(Error::NotAnEvent { stream: name.clone(), line: number, what });
                    }
                }
            }
        }
        if bad > BAD_LINES_MAX {
            errors.push(Error::FurtherLines { stream: name, count: bad - BAD_LINES_MAX });
        }
    }

    /// Takes a line; says what else it is.
    fn line(&mut self, line: &[u8]) -> Result<io::Result<()>, String> {
        if line.is_empty() {
            return Ok(Ok(()));
        }
        let foreign = |error: serde_json::Error| format!("it is no event of driftline, or cut ({error})");
        let head: Head<'_> = serde_json::from_slice(line).map_err(foreign)?;
        match &*head.schema {
            "driftline.source/1" => {
                let source: SourceIn = serde_json::from_slice(line).map_err(foreign)?;
                let sources = &mut self.path(&head.path).sources;
                if !sources.contains(&source) {
                    sources.push(source);
                }
                Ok(Ok(()))
            }
            "driftline.event/1" if head.event.as_deref() == Some("other") => Ok(Ok(())),
            "driftline.event/1" => {
                serde_json::from_slice::<EventIn<'_>>(line).map_err(foreign)?;
                let position = head.position();
                let segment = self.segment(&head.path, head.node.as_deref().unwrap_or_default());
                Ok(self.sorter.push(segment, position, line))
            }
            other => Err(format!("its schema is {other:?}; known are driftline.event/1 and driftline.source/1")),
        }
    }

    fn path(&mut self, path: &str) -> &mut Path {
        if !self.paths.contains_key(path) {
            self.paths.insert(path.to_owned(), Path::default());
        }
        self.paths.get_mut(path).unwrap_or_else(|| unreachable!("it was put there"))
    }

    fn segment(&mut self, path: &str, node: &str) -> u32 {
        let next = self.segments;
        let nodes = &mut self.path(path).nodes;
        if let Some(segment) = nodes.get(node) {
            return *segment;
        }
        let node = if nodes.len() < NODES_MAX { node } else { "" };
        let segment = *nodes.entry(node.to_owned()).or_insert(next);
        self.segments += u32::from(segment == next);
        segment
    }
}

/// A source: what is told of it, if anything is, and where its events are.
struct Group {
    path: Text,
    source: Option<SourceIn>,
    segments: Vec<u32>,
}

/// The sources that one path stands for. Machines have the same paths: sources are apart that have no node in common. A source
/// that was read more than once is one, as it was last.
fn groups(path: &str, told: Path) -> Vec<Group> {
    let Path { nodes, mut sources } = told;
    sources.sort_by_key(|source| (std::cmp::Reverse(source.lines), source.error.is_some()));
    let mut apart: Vec<(SourceIn, BTreeSet<String>)> = Vec::new();
    for source in sources {
        let own: BTreeSet<String> = source.nodes.iter().map(|node| node.node.clone()).collect();
        match apart.iter_mut().find(|(_, nodes)| nodes.intersection(&own).next().is_some()) {
            Some((_, nodes)) => nodes.extend(own),
            None => apart.push((source, own)),
        }
    }
    let path = Text::from(path);
    let mut segments: Vec<Vec<u32>> = vec![Vec::new(); apart.len()];
    let mut orphans = Vec::new();
    for (node, segment) in nodes {
        // More nodes than are kept: they are the only source's.
        let only = (apart.len() == 1).then_some(0);
        match apart.iter().position(|(_, nodes)| nodes.contains(&node)).or(only) {
            Some(at) => segments[at].push(segment),
            None => orphans.push(segment),
        }
    }
    let told = apart.into_iter().zip(segments);
    let mut groups: Vec<Group> =
        told.map(|((source, _), segments)| Group { path: path.clone(), source: Some(source), segments }).collect();
    if !orphans.is_empty() {
        groups.push(Group { path, source: None, segments: orphans });
    }
    groups
}

fn conclude(groups: &[Group], sorted: &Sorted, options: &Options, errors: &mut Vec<Error>) -> Report {
    let reader = Reader::new();
    let trouble = RefCell::new(None);
    let mut coverage = Coverage::default();
    let (mut caveats, mut skipped) = (Vec::new(), Vec::new());
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
    let report = report(&surveys, contents, Told { coverage, formats, caveats, silence: None }, options);
    errors.extend(trouble.take().map(Error::Scratch));
    report
}

/// What the events of a source come to in a first reading.
struct Surveyed {
    survey: Survey,
    templates: Templates,
    events: u64,
    recognised: u64,
    unrecognised: u64,
    unknown: BTreeMap<Text, u64>,
}

impl Surveyed {
    fn missing(&self, group: &Group) -> Option<Error> {
        let path = group.path.clone();
        match &group.source {
            None => Some(Error::NoSourceLine { path }),
            Some(source) if self.events < source.events => {
                Some(Error::Incomplete { path, came: self.events, told: source.events })
            }
            Some(_) => None,
        }
    }

    fn caveats(&self, group: &Group) -> Vec<Caveat> {
        let mut caveats = Vec::new();
        let mut note = |kind, text| caveats.push(Caveat { kind, node: None, text });
        match self.missing(group) {
            Some(Error::Incomplete { came, told, .. }) => {
                note("truncated", format!("{}: only {came} of its {told} events are here.", group.path));
            }
            Some(_) => note("truncated", format!("{}: how much of it is here is unknown.", group.path)),
            None => {}
        }
        for (id, count) in &self.unknown {
            let text = format!("{}: {count} events are {id}, which this release does not know.", group.path);
            note("unread", text);
        }
        caveats
    }
}

fn survey(retelling: &Retelling<'_>) -> Surveyed {
    let Group { path, source, .. } = retelling.group;
    let named = source.as_ref().and_then(|source| source.named.as_deref()).map(Text::from);
    let mut surveyed = Surveyed {
        survey: Survey::new(path.clone(), named),
        templates: Templates::default(),
        events: 0,
        recognised: 0,
        unrecognised: 0,
        unknown: BTreeMap::new(),
    };
    let mut stamps: Option<(Stamp, Stamp)> = None;
    for retold in retelling.lines() {
        surveyed.events += 1;
        let line = match retold {
            Retold::Line(line) => line,
            Retold::Unread(line, daemon, message) => {
                surveyed.unrecognised += 1;
                surveyed.templates.note(daemon, &record(&line, &message));
                line
            }
            Retold::Unknown(id) => {
                if surveyed.unknown.len() < UNKNOWN_MAX || surveyed.unknown.contains_key(&id) {
                    *surveyed.unknown.entry(id).or_default() += 1;
                }
                continue;
            }
        };
        if let Some(stamp) = line.stamp {
            stamps = Some((stamps.map_or(stamp, |(first, _)| first), stamp));
        }
        surveyed.survey.note(&line);
    }
    surveyed.recognised = surveyed.events - surveyed.unrecognised;
    match source {
        Some(source) => {
            surveyed.survey.finish(source.first(), source.last(), source.modified());
            for node in &source.nodes {
                let host = (!source.hostless).then(|| Text::from(&*node.node));
                for (daemon, versions) in node.daemons.iter().filter_map(wire::DaemonIn::versions) {
                    surveyed.survey.state_versions(host.as_ref(), daemon, versions);
                }
            }
        }
        None => {
            let (first, last) = stamps.unzip();
            surveyed.survey.finish(first, last, None);
        }
    }
    surveyed
}

fn record<'a>(line: &'a Line, message: &'a str) -> Record<'a> {
    Record {
        line: line.line.unwrap_or_default(),
        raw: line.raw.as_bytes(),
        stamp: line.stamp,
        host: None,
        identifier: None,
        unit: None,
        pid: line.pid,
        message: message.as_bytes(),
        repeated: line.repeated,
        cursor: line.cursor.as_deref().map(str::as_bytes),
    }
}

/// An event, read back.
enum Retold {
    Line(Line),
    /// A daemon's line that no row reads, with its message.
    Unread(Line, Daemon, String),
    /// An event whose id is not known here.
    Unknown(Text),
}

/// The events of a source, as often as they are needed.
#[derive(Clone, Copy)]
struct Retelling<'a> {
    group: &'a Group,
    sorted: &'a Sorted,
    reader: &'a Reader,
    trouble: &'a RefCell<Option<io::Error>>,
}

impl<'a> Retelling<'a> {
    fn lines(self) -> impl Iterator<Item = Retold> + 'a {
        let note = move |error| {
            self.trouble.borrow_mut().get_or_insert(error);
        };
        let lines = match self.sorted.lines(&self.group.segments) {
            Ok(lines) => Some(lines),
            Err(error) => {
                note(error);
                None
            }
        };
        let is_hostless = self.group.source.as_ref().is_some_and(|source| source.hostless);
        // What was told again in other words than the first time is the same line nevertheless.
        let (mut at, mut told) = (None, Vec::<String>::new());
        lines.into_iter().flatten().map_while(move |line| line.map_err(note).ok()).filter_map(
            move |(position, line)| {
                let event: EventIn<'_> = serde_json::from_slice(&line).ok()?;
                if at != Some(position) {
                    at = Some(position);
                    told.clear();
                }
                if told.iter().any(|raw| *raw == event.raw) {
                    return None;
                }
                told.push(event.raw.clone().into_owned());
                let host = (!is_hostless).then(|| Text::from(&*event.node));
                let Some(line) = self.reader.line(&event, host) else {
                    return Some(Retold::Unknown(Text::from(&*event.event)));
                };
                Some(match line.fact {
                    Fact::Unrecognised(daemon) => Retold::Unread(line, daemon, event.message().to_owned()),
                    _ => Retold::Line(line),
                })
            },
        )
    }

    /// Lines in their order, and whether a rule may rest on each.
    fn listened_to(self) -> impl Iterator<Item = (Line, bool)> + 'a {
        self.lines().filter_map(|retold| match retold {
            Retold::Line(line) | Retold::Unread(line, ..) => {
                let is_wanted = is_listened_to(&line.fact);
                Some((line, is_wanted))
            }
            Retold::Unknown(_) => None,
        })
    }
}
