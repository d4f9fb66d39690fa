//! `driftline.event/1` and `driftline.source/1`: events as lines of JSON, for other programs and for `driftline correlate`.
//!
//! **Invariant:** keys are only ever added here, and no line holds a character that steers a terminal.

pub use super::event_line::{EventWriter, write_event};
use super::words::is_hidden;
use super::{Caveat, SourceCoverage};
use crate::event::{Daemon, Text};
use crate::moment::Moment;
use crate::version::VersionRange;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;
use std::io;

/// One line of a source, read.
#[derive(Debug, Clone, Copy)]
pub struct EventLine<'a> {
    /// When; `None` where the line has no stamp.
    pub time: Option<Moment>,
    /// Whether the stamp names no year and none was stated.
    pub assumes_year: bool,
    /// Whether the stamp names no zone and none was stated.
    pub assumes_zone: bool,
    /// The node it happened on.
    pub node: &'a str,
    /// The identifier of its program, where it has one.
    pub program: Option<&'a [u8]>,
    /// Its process.
    pub pid: Option<u32>,
    /// `pdns/domain-stale`, `keepalived/unrecognised`, `site/claimed`, `other`.
    pub event: &'static str,
    /// What a site's pattern means by it, in the configuration's word.
    pub means: Option<&'static str>,
    /// What it tells.
    pub fields: &'a [Field<'a>],
    /// What stands in the field `reason`, where that is known: its id and fields.
    pub reason: Option<(&'static str, &'a [Field<'a>])>,
    /// How often it occurred.
    pub repeated: u32,
    /// Where it stands.
    pub path: &'a str,
    /// 1-based line; `None` for journals.
    pub line: Option<u64>,
    /// 1-based number of a journal's entry; `None` for lines.
    pub entry: Option<u64>,
    /// Journal cursor.
    pub cursor: Option<&'a [u8]>,
    /// As written.
    pub raw: &'a [u8],
}

/// A field of an event.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value as printed.
    pub value: &'a [u8],
    /// Whether fields of this name are numbers; that of a value that begins like none may be left open.
    pub is_number: bool,
}

/// What follows a source's events: what `driftline correlate` needs beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// The entry of a report's coverage.
    pub coverage: SourceCoverage,
    /// What the first stamp assumes: the year, the zone.
    pub first_assumes: (bool, bool),
    /// What the last stamp assumes.
    pub last_assumes: (bool, bool),
    /// When the file was last written, in Unix seconds.
    pub modified: Option<i64>,
    /// From which day to which the journal reached that its lines were printed from.
    pub covers: Option<(NaiveDate, NaiveDate)>,
    /// The node that `NODE=` named.
    pub named: Option<Text>,
    /// No line names its host.
    pub hostless: bool,
    /// The nodes whose lines it holds, and the releases that write such lines.
    pub nodes: Vec<SourceNode>,
    /// Lines that a row of the catalogue reads.
    pub recognised: u64,
    /// Lines of the two daemons that no row reads.
    pub unrecognised: u64,
    /// Events that were told, other programs' lines not counted.
    pub events: u64,
    /// What could not be read.
    pub caveats: Vec<Caveat>,
    /// What had to be assumed of this source alone.
    pub assumptions: Vec<Caveat>,
    /// What kept it, or the rest of it, from being read: a fragment that follows "failed to".
    pub error: Option<String>,
    /// It was met in a directory and is no log.
    pub skipped: bool,
}

/// A node of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceNode {
    /// Its name.
    pub name: Text,
    /// Which releases of a daemon its lines allow; `None` where they exclude each other.
    pub daemons: Vec<(Daemon, Option<VersionRange>)>,
}

impl SourceLine {
    /// A source that could not be read.
    #[must_use]
    pub fn unread(path: Text, named: Option<Text>, error: Option<String>) -> Self {
        let coverage = SourceCoverage { path, format: "", node: None, lines: 0, first: None, last: None };
        Self {
            coverage,
            first_assumes: (false, false),
            last_assumes: (false, false),
            modified: None,
            covers: None,
            named,
            hostless: false,
            nodes: Vec::new(),
            recognised: 0,
            unrecognised: 0,
            events: 0,
            caveats: Vec::new(),
            assumptions: Vec::new(),
            skipped: error.is_none(),
            error,
        }
    }
}

/// Appends a source and a newline.
///
/// # Errors
/// Only those of serde, which a `Vec` gives no cause for.
pub fn write_source(source: &SourceLine, out: &mut Vec<u8>) -> io::Result<()> {
    let SourceLine { coverage, recognised, unrecognised, .. } = source;
    let told = |caveat: &'_ Caveat, assumed| WireCaveat {
        kind: caveat.kind,
        node: caveat.node.clone(),
        text: caveat.text.clone(),
        assumed,
    };
    let caveats = source.caveats.iter().map(|caveat| told(caveat, false));
    let assumptions = source.assumptions.iter().map(|caveat| told(caveat, true));
    let wire = WireSource {
        schema: "driftline.source/1",
        path: &coverage.path,
        format: coverage.format,
        node: coverage.node.as_deref(),
        named: source.named.as_deref(),
        hostless: source.hostless,
        lines: coverage.lines,
        recognised: *recognised,
        unrecognised: *unrecognised,
        other: coverage.lines.saturating_sub(recognised + unrecognised),
        events: source.events,
        first: coverage.first.map(Moment::rfc3339),
        first_assumed: assumed(source.first_assumes),
        last: coverage.last.map(Moment::rfc3339),
        last_assumed: assumed(source.last_assumes),
        modified: source.modified.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).map(second),
        covers: source.covers,
        nodes: source.nodes.iter().map(node).collect(),
        caveats: caveats.chain(assumptions).collect(),
        error: source.error.as_deref(),
        skipped: source.skipped,
    };
    write(&wire, out)
}

fn write(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    put(value, out)?;
    out.push(b'\n');
    Ok(())
}

pub(super) fn put(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Harmless)).map_err(io::Error::other)
}

#[derive(Serialize)]
struct WireSource<'a> {
    schema: &'static str,
    path: &'a str,
    format: &'static str,
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    named: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    hostless: bool,
    lines: u64,
    recognised: u64,
    unrecognised: u64,
    other: u64,
    events: u64,
    first: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    first_assumed: &'static [&'static str],
    last: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    last_assumed: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    covers: Option<(NaiveDate, NaiveDate)>,
    nodes: Vec<WireNode<'a>>,
    caveats: Vec<WireCaveat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    skipped: bool,
}

#[derive(Serialize)]
struct WireNode<'a> {
    node: &'a str,
    daemons: Vec<WireDaemon>,
}

#[derive(Serialize)]
struct WireDaemon {
    daemon: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Its lines exclude each other: it was replaced in between.
    #[serde(skip_serializing_if = "is_false")]
    changed: bool,
}

#[derive(Serialize)]
struct WireCaveat {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<Text>,
    text: String,
    #[serde(skip_serializing_if = "is_false")]
    assumed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

fn node(node: &SourceNode) -> WireNode<'_> {
    let daemons = node.daemons.iter().map(|(daemon, versions)| WireDaemon {
        daemon: daemon.word(),
        from: versions.and_then(|versions| versions.from).map(|version| version.to_string()),
        to: versions.and_then(|versions| versions.to).map(|version| version.to_string()),
        changed: versions.is_none(),
    });
    WireNode { node: &node.name, daemons: daemons.collect() }
}

fn second(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn assumed((year, zone): (bool, bool)) -> &'static [&'static str] {
    match (year, zone) {
        (true, true) => &["year", "zone"],
        (true, false) => &["year"],
        (false, true) => &["zone"],
        (false, false) => &[],
    }
}

/// JSON without DEL, C1 and bidi characters: serde escapes only what JSON demands.
struct Harmless;

impl serde_json::ser::Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, letter) in fragment.char_indices().filter(|(_, letter)| is_hidden(*letter)) {
            out.write_all(&fragment.as_bytes()[from..at])?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            from = at + letter.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[from..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_is_left() {
        let mut out = Vec::new();
        write(&"a\u{7f}\u{9b}31m\u{202e}\u{e0001} \u{1b}\n漢", &mut out).expect("a Vec takes all");
        assert_eq!(String::from_utf8_lossy(&out), "\"a\\u007f\\u009b31m\\u202e\\udb40\\udc01 \\u001b\\n漢\"\n");
    }
}
