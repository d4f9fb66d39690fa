//! Findings → bytes. Draws no conclusion: what is printed was decided before.

mod blocks;
mod columns;
pub mod events;
pub mod explain;
pub mod json;
mod page;
mod quiet;
pub mod table;
mod timeline;
pub mod vocabulary;
mod words;

use crate::event::{Daemon, Text};
use crate::finding::Finding;
use crate::moment::Moment;

pub use words::{duration, visible};

/// All that one run has to say; every format prints from this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Ordered by severity, confidence, since, id.
    pub findings: Vec<Finding>,
    /// Ordered by name.
    pub nodes: Vec<Node>,
    /// Ordered by kind, node, text.
    pub caveats: Vec<Caveat>,
    /// What was read.
    pub coverage: Coverage,
}

/// A node as the logs show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: Text,
    /// `primary`, `secondary`, `vrrp`; sorted.
    pub roles: Vec<&'static str>,
    /// Daemon → version or version range as known.
    pub versions: Vec<(&'static str, String)>,
    /// Addresses it was seen with, sorted.
    pub addresses: Vec<Text>,
}

/// Trouble with the data: a result like any other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caveat {
    /// `clock-skew`, `year-inferred`, `zone-assumed`, `gap`, `level-hides`, `suppressed`, `truncated`, `unread`, …
    pub kind: &'static str,
    /// The node concerned, where it is one.
    pub node: Option<Text>,
    /// One sentence.
    pub text: String,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Lines or entries.
    pub lines: u64,
    /// Read by a row of the catalogue.
    pub recognised: u64,
    /// Lines of the two daemons that no row reads.
    pub unrecognised: u64,
    /// Other programs' lines.
    pub other: u64,
    /// The unrecognised lines by what they have in common, most frequent first.
    pub unrecognised_templates: Vec<Unread>,
    /// Per source, ordered by path.
    pub sources: Vec<SourceCoverage>,
}

/// Lines of a daemon that no row reads and that differ only in numbers, addresses and quoted names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// The daemon that wrote them.
    pub daemon: Daemon,
    /// What they have in common; `…` is what they do not.
    pub template: Text,
    /// How many there are.
    pub lines: u64,
    /// The first one's source.
    pub path: Text,
    /// Its line, where the source has lines.
    pub line: Option<u64>,
    /// It, as written.
    pub raw: Text,
}

/// One source of the coverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCoverage {
    /// Path as given or found.
    pub path: Text,
    /// Format as recognised: `rfc3164`, `short-iso`, `export`, …
    pub format: &'static str,
    /// Node the lines come from; `None` where there are several or none.
    pub node: Option<Text>,
    /// Lines or entries.
    pub lines: u64,
    /// First stamp.
    pub first: Option<Moment>,
    /// Last stamp.
    pub last: Option<Moment>,
}
