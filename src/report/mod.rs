//! Findings → bytes. Draws no conclusion: what is printed was decided before.

pub mod announcement;
mod blocks;
pub mod change;
mod columns;
mod escape;
mod event_line;
pub mod events;
pub mod explain;
mod house;
pub mod html;
pub mod json;
pub mod markdown;
mod markup;
mod page;
mod quiet;
pub mod svg;
pub mod table;
mod timeline;
mod told;
pub mod vocabulary;
mod words;

use crate::event::{Daemon, Text};
use crate::finding::{Bound, Finding};
use crate::moment::Moment;

pub use words::{confidence, duration, sentence, severity, visible, wrap};

/// All that one run has to say; every format prints from this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Ordered by severity, confidence, since, id.
    pub findings: Vec<Finding>,
    /// Ordered by name.
    pub nodes: Vec<Node>,
    /// Who shares what moves, ordered by name and nodes.
    pub groups: Vec<Group>,
    /// Ordered by kind, node, text.
    pub caveats: Vec<Caveat>,
    /// What was read.
    pub coverage: Coverage,
    /// When which node was MASTER, for the picture; ordered by node, instance.
    pub masterships: Vec<Masterships>,
}

/// When one node was MASTER of one instance or sync group, as its lines prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masterships {
    /// The node.
    pub node: Text,
    /// The instance or sync group.
    pub instance: Text,
    /// Last line of the node's logs: nothing is known after it.
    pub seen_until: Option<Moment>,
    /// In order of time.
    pub stretches: Vec<Stretch>,
}

/// One stretch of being MASTER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Begin; `None`: before the first line that proves it, nobody knows when.
    pub since: Option<Moment>,
    /// Whether a line says the begin, or only that it was MASTER by then.
    pub since_is: Bound,
    /// The first line that proves it.
    pub proven: Moment,
    /// End; `None`: MASTER when the logs end.
    pub until: Option<Moment>,
    /// Whether a line says the end, or only that it was over by then (the process died).
    pub until_is: Bound,
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
    /// Daemon → what the version is known by: `banner` or `wordings`.
    pub versions_by: Vec<(&'static str, &'static str)>,
    /// Addresses of its own, not one that moves; what is known best comes first.
    pub addresses: Vec<OwnAddress>,
    /// Addresses that it asks for transfers, sorted.
    pub asks: Vec<Text>,
}

/// An address of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAddress {
    /// The address.
    pub address: Text,
    /// What it is known by: `stated`, `adverts`, `notifies`.
    pub by: &'static str,
    /// The first line that proves it; `None` where it is stated.
    pub since: Option<Moment>,
}

/// Nodes that share a VRRP instance or a sync group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name of the instance or sync group.
    pub name: Text,
    /// Whether it is a sync group.
    pub is_sync_group: bool,
    /// Its nodes whose logs are here, sorted.
    pub nodes: Vec<Text>,
    /// Whether lines of two nodes (or the operator) say that they share it, not its name alone.
    pub is_proven: bool,
    /// Nodes that are MASTER where their logs end.
    pub masters: Vec<Text>,
    /// The node that should be MASTER, where the operator states it.
    pub preferred: Option<Text>,
    /// The address that moves with it, as stated or learned.
    pub resource: Option<Text>,
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
