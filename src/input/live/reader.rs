//! The readers of a batch, kept from one look at a growing stream to the next.

use super::super::blocks::Blocks;
use super::super::header::Shape;
use super::super::json::{self, Dialect};
use super::super::sniff::{Speaker, Verdict};
use super::super::summary::Summary;
use super::super::{Interest, export, text, verbose};
use super::position::Mark;
use crate::event::Text;
use crate::record::Record;
use serde::{Deserialize, Serialize};

/// How a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Tagged,
    Untagged,
    Daemon,
    Container,
    Nobody,
    Json,
    DockerJson,
    Export,
    Verbose,
}

impl Kind {
    /// The kind and the format's name, where the verdict is one on lines.
    pub(super) fn of(verdict: &Verdict) -> Option<(Self, &'static str)> {
        Some(match verdict {
            Verdict::Text { format, speaker } => {
                let kind = match speaker {
                    Speaker::Tagged => Self::Tagged,
                    Speaker::Untagged => Self::Untagged,
                    Speaker::Daemon => Self::Daemon,
                    Speaker::Container => Self::Container,
                    Speaker::Nobody => Self::Nobody,
                };
                (kind, *format)
            }
            Verdict::Json(Dialect::Journal) => (Self::Json, "json"),
            Verdict::Json(Dialect::Docker) => (Self::DockerJson, "docker-json"),
            Verdict::Export => (Self::Export, "export"),
            Verdict::Verbose => (Self::Verbose, "verbose"),
            Verdict::Empty
            | Verdict::Cloud(_)
            | Verdict::Settings(_)
            | Verdict::Journal
            | Verdict::Packed(_)
            | Verdict::Undated { .. }
            | Verdict::Archive
            | Verdict::Other(_) => return None,
        })
    }

    fn speaker(self) -> Option<Speaker> {
        match self {
            Self::Tagged => Some(Speaker::Tagged),
            Self::Untagged => Some(Speaker::Untagged),
            Self::Daemon => Some(Speaker::Daemon),
            Self::Container => Some(Speaker::Container),
            Self::Nobody => Some(Speaker::Nobody),
            Self::Json | Self::DockerJson | Self::Export | Self::Verbose => None,
        }
    }

    /// Lines of text, each for itself: what lines come first does not prove what most of them are.
    pub(super) fn is_text(self) -> bool {
        self.speaker().is_some()
    }
}

/// The name of a format as the readers have it; empty for one that they do not know.
pub(super) fn format_named(name: &str) -> &'static str {
    const OTHERS: [&str; 8] = ["cat", "journalctl", "export", "json", "docker-json", "verbose", "journal", "empty"];
    Shape::ALL.iter().map(|shape| shape.name()).chain(OTHERS).find(|known| *known == name).unwrap_or("")
}

/// A reader with what it keeps.
pub(super) enum Growing {
    Text(Speaker),
    Json(Dialect, Box<json::State>),
    Export(Box<export::State>),
    Verbose(Box<verbose::State>),
}

impl Growing {
    /// Behind `line` lines.
    pub(super) fn new(kind: Kind, line: u64) -> Self {
        match (kind, kind.speaker()) {
            (_, Some(speaker)) => Self::Text(speaker),
            (Kind::Export, None) => {
                let mut state = Box::<export::State>::default();
                state.line = line;
                Self::Export(state)
            }
            (Kind::Verbose, None) => {
                let mut state = Box::<verbose::State>::default();
                state.line = line;
                Self::Verbose(state)
            }
            (_, None) => {
                let mut state = Box::<json::State>::default();
                state.line = line;
                Self::Json(if kind == Kind::DockerJson { Dialect::Docker } else { Dialect::Journal }, state)
            }
        }
    }

    /// Reads what is there.
    pub(super) fn read(
        &mut self,
        blocks: &mut Blocks<'_, '_>,
        value_limit: usize,
        interest: &Interest,
        summary: &mut Summary,
        each: &mut dyn FnMut(&Record<'_>),
    ) {
        match self {
            Self::Text(speaker) => text::read(blocks, interest, *speaker, summary, each),
            Self::Json(dialect, state) => state.read(blocks, *dialect, interest, summary, each),
            Self::Export(state) => state.read(blocks.buffer(), value_limit, interest, summary, each),
            Self::Verbose(state) => state.read(blocks, interest, summary, each),
        }
    }

    /// Behind the end of the stream.
    pub(super) fn end(
        &mut self,
        path: &Text,
        interest: &Interest,
        summary: &mut Summary,
        each: &mut dyn FnMut(&Record<'_>),
    ) {
        match self {
            Self::Text(_) => {}
            Self::Json(_, state) => state.end(path, summary),
            Self::Export(state) => state.end(path, summary),
            Self::Verbose(state) => state.end(interest, summary, each),
        }
    }

    /// Where a new reader could go on; `None` inside of an entry, where the last such place stays.
    pub(super) fn mark(&self, blocks: &mut Blocks<'_, '_>, summary: &Summary) -> Option<Mark> {
        if blocks.is_skipping() {
            return None;
        }
        let consumed = blocks.buffer().consumed();
        let (offset, line) = match self {
            Self::Text(_) => (consumed, summary.lines),
            Self::Json(_, state) => (consumed, Some(state.line).filter(|_| !state.is_inside())?),
            Self::Verbose(state) => (consumed, Some(state.line).filter(|_| !state.is_inside())?),
            Self::Export(state) => state.inside().unwrap_or((consumed, state.line)),
        };
        Some(Mark { offset, line, records: summary.lines })
    }
}
