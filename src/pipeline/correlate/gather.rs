//! Streams of events → each source's own, put in order.

use super::Error;
use super::sorted::Sorter;
use super::wire::{EventIn, Head, SourceIn};
use crate::event::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read};

/// Bytes of a line of NDJSON: a log line of the longest kind, escaped, and its fields.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Lines that are no events, told per stream.
const BAD_LINES_MAX: u64 = 5;
/// Nodes of one path that are kept apart; a forged host field is anyone's choice.
const NODES_MAX: usize = 10_000;
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

/// What came of one path, maybe of several machines.
#[derive(Default)]
pub(super) struct Path {
    /// Node → segment of the sorter.
    nodes: BTreeMap<String, u32>,
    sources: Vec<SourceIn>,
}

pub(super) struct Gathered<'a> {
    pub(super) sorter: Sorter<'a>,
    pub(super) paths: BTreeMap<String, Path>,
    segments: u32,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(sorter: Sorter<'a>) -> Self {
        Self { sorter, paths: BTreeMap::new(), segments: 0 }
    }

    pub(super) fn read(&mut self, stream: Stream<'_>, errors: &mut Vec<Error>) {
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
        let foreign = |error: serde_json::Error| {
            if line.first() == Some(&b'{') {
                format!("it is no event of driftline, or cut (byte {}: {})", error.column(), said(&error))
            } else {
                "it is no event of driftline: a log is read by driftline analyze, and driftline events makes events of it"
                    .to_owned()
            }
        };
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
pub(super) struct Group {
    pub(super) path: Text,
    pub(super) source: Option<SourceIn>,
    pub(super) segments: Vec<u32>,
}

/// The sources that one path stands for. Machines have the same paths: sources are apart that have no node in common. A source
/// that was read more than once is one, as it was last.
pub(super) fn groups(path: &str, told: Path) -> Vec<Group> {
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

/// What serde says, without its own count of lines: each event is read as a text of one line.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
