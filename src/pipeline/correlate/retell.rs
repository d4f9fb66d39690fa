//! The events of a source → the lines that they were, as often as they are needed; and what they come to in a first reading.

use super::Error;
use super::gather::Group;
use super::sorted::Sorted;
use super::wire::{DaemonIn, EventIn, Reader};
use crate::event::{Cloud, Daemon, Fact, Text};
use crate::pipeline::intake::{is_listened_to, is_of_no_host};
use crate::pipeline::settings::Configuration;
use crate::pipeline::unread::Templates;
use crate::record::{Record, Stamp};
use crate::report::Caveat;
use crate::timeline::{Line, Survey};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

/// Ids of events that are not known here, told.
const UNKNOWN_MAX: usize = 20;

/// What the events of a source come to in a first reading.
pub(super) struct Surveyed {
    pub(super) survey: Survey,
    pub(super) templates: Templates,
    pub(super) events: u64,
    pub(super) recognised: u64,
    pub(super) unrecognised: u64,
    /// What a cloud listed without a time.
    pub(super) listed: Vec<Cloud>,
    /// What it states, where it is a configuration file.
    pub(super) configuration: Option<Configuration>,
    unknown: BTreeMap<Text, u64>,
}

impl Surveyed {
    pub(super) fn missing(&self, group: &Group) -> Option<Error> {
        let path = group.path.clone();
        match &group.source {
            None => Some(Error::NoSourceLine { path }),
            Some(source) if self.events < source.events => {
                Some(Error::Incomplete { path, came: self.events, told: source.events })
            }
            Some(_) => None,
        }
    }

    pub(super) fn caveats(&self, group: &Group) -> Vec<Caveat> {
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

pub(super) fn survey(retelling: &Retelling<'_>) -> Surveyed {
    let Group { path, source, .. } = retelling.group;
    let named = source.as_ref().and_then(|source| source.named.as_deref()).map(Text::from);
    let mut surveyed = Surveyed {
        survey: Survey::new(path.clone(), named),
        templates: Templates::default(),
        events: 0,
        recognised: 0,
        unrecognised: 0,
        listed: Vec::new(),
        configuration: None,
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
        if matches!(line.fact, Fact::Setting(_)) {
            let stated = surveyed.configuration.get_or_insert_with(|| Configuration {
                path: path.clone(),
                named: surveyed.survey.node.clone(),
                lines: Vec::new(),
            });
            stated.lines.push(line);
            continue;
        }
        if let (Fact::Cloud(cloud), None) = (&line.fact, line.stamp) {
            surveyed.listed.push(Cloud::clone(cloud));
            continue;
        }
        if let Some(stamp) = line.stamp {
            stamps = Some((stamps.map_or(stamp, |(first, _)| first), stamp));
        }
        surveyed.survey.note(&line);
    }
    surveyed.recognised = surveyed.events - surveyed.unrecognised;
    match source {
        Some(source) => {
            surveyed.survey.finish(source.first(), source.last(), source.modified());
            surveyed.survey.covers = source.covers;
            if is_of_no_host(&source.format) {
                surveyed.survey.is_of_no_node();
            }
            for node in &source.nodes {
                let host = (!source.hostless).then(|| Text::from(&*node.node));
                for (daemon, versions) in node.daemons.iter().filter_map(DaemonIn::versions) {
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
        stands_alone: false,
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
pub(super) struct Retelling<'a> {
    pub(super) group: &'a Group,
    pub(super) sorted: &'a Sorted,
    pub(super) reader: &'a Reader,
    pub(super) trouble: &'a RefCell<Option<io::Error>>,
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
                Some(if let Fact::Unrecognised(daemon) = line.fact {
                    Retold::Unread(line, daemon, event.message().to_owned())
                } else {
                    Retold::Line(line)
                })
            },
        )
    }

    /// Lines in their order, and whether a rule may rest on each.
    pub(super) fn listened_to(self) -> impl Iterator<Item = (Line, bool)> + 'a {
        self.lines().filter_map(|retold| match retold {
            Retold::Line(line) | Retold::Unread(line, ..) => {
                let is_wanted = is_listened_to(&line.fact);
                Some((line, is_wanted))
            }
            Retold::Unknown(_) => None,
        })
    }
}
