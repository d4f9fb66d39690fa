//! `driftline.event/1` and `driftline.source/1`, read back into lines and into what is known of their source.
//!
//! An event's time and what it assumes give back its stamp as far as the log wrote it, so that years and zones are settled anew
//! over all machines. Its id and its fields give back what it says.

use crate::catalogue::{self, Fields, Message, field_names};
use crate::event::{Daemon, Fact, Text};
use crate::moment::Precision;
use crate::pipeline::intake;
use crate::pipeline::listener::unrecognised;
use crate::pipeline::patterns::Means;
use crate::record::Stamp;
use crate::timeline::Line;
use crate::version::VersionRange;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use serde::Deserialize;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// What must be known of a line before all are in order.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) schema: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) node: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) event: Option<Cow<'a, str>>,
    #[serde(default)]
    line: Option<u64>,
    #[serde(default)]
    entry: Option<u64>,
}

impl Head<'_> {
    /// Where in its source it stands.
    pub(super) fn position(&self) -> u64 {
        self.entry.or(self.line).unwrap_or(0)
    }
}

/// An event.
#[derive(Debug, Deserialize)]
pub(super) struct EventIn<'a> {
    time: Option<Cow<'a, str>>,
    #[serde(default)]
    assumed: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) node: Cow<'a, str>,
    #[serde(borrow, default)]
    program: Option<Cow<'a, str>>,
    #[serde(default)]
    pid: Option<u32>,
    #[serde(borrow)]
    pub(super) event: Cow<'a, str>,
    #[serde(borrow, default)]
    means: Option<Cow<'a, str>>,
    #[serde(default)]
    fields: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    repeated: Option<u32>,
    #[serde(default)]
    line: Option<u64>,
    #[serde(borrow, default)]
    cursor: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) raw: Cow<'a, str>,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct SourceIn {
    pub(super) path: String,
    #[serde(default)]
    pub(super) format: String,
    /// The node that `NODE=` named.
    #[serde(default)]
    pub(super) named: Option<String>,
    /// No line names its host.
    #[serde(default)]
    pub(super) hostless: bool,
    #[serde(default)]
    pub(super) lines: u64,
    #[serde(default)]
    pub(super) recognised: u64,
    #[serde(default)]
    pub(super) unrecognised: u64,
    #[serde(default)]
    pub(super) events: u64,
    #[serde(default)]
    first: Option<String>,
    #[serde(default)]
    first_assumed: Vec<String>,
    #[serde(default)]
    last: Option<String>,
    #[serde(default)]
    last_assumed: Vec<String>,
    #[serde(default)]
    modified: Option<String>,
    /// From which day to which the journal reached that its lines were printed from.
    #[serde(default)]
    pub(super) covers: Option<(NaiveDate, NaiveDate)>,
    #[serde(default)]
    pub(super) nodes: Vec<NodeIn>,
    #[serde(default)]
    pub(super) caveats: Vec<CaveatIn>,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) skipped: bool,
}

/// A node of a source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct NodeIn {
    pub(super) node: String,
    #[serde(default)]
    pub(super) daemons: Vec<DaemonIn>,
}

/// Which releases of a daemon a source's wordings allow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct DaemonIn {
    daemon: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    changed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct CaveatIn {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) node: Option<String>,
    pub(super) text: String,
    /// What was assumed of this source alone is settled anew over all.
    #[serde(default)]
    pub(super) assumed: bool,
}

impl SourceIn {
    pub(super) fn first(&self) -> Option<Stamp> {
        stamp(self.first.as_deref()?, self.first_assumed.iter().map(String::as_str))
    }

    pub(super) fn last(&self) -> Option<Stamp> {
        stamp(self.last.as_deref()?, self.last_assumed.iter().map(String::as_str))
    }

    /// When the file was last written, in Unix seconds.
    pub(super) fn modified(&self) -> Option<i64> {
        let time = DateTime::parse_from_rfc3339(self.modified.as_deref()?).ok()?;
        Some(time.timestamp())
    }
}

impl DaemonIn {
    /// The daemon, and its releases; `None` where its lines exclude each other.
    pub(super) fn versions(&self) -> Option<(Daemon, Option<VersionRange>)> {
        let daemon = Daemon::ALL.into_iter().find(|daemon| daemon.word() == self.daemon)?;
        let from = self.from.as_deref().unwrap_or_default();
        let to = self.to.as_deref().unwrap_or_default();
        Some((daemon, (!self.changed).then(|| VersionRange::parse(&format!("{from}..={to}")))))
    }
}

/// A stamp as the log wrote it, of a time and of what it assumes.
fn stamp<'a>(time: &str, assumed: impl Iterator<Item = &'a str>) -> Option<Stamp> {
    let mut written = DateTime::parse_from_rfc3339(time).ok()?.naive_utc();
    let (mut year_known, mut offset_seconds) = (true, Some(0));
    for what in assumed {
        match what {
            "year" => year_known = false,
            "zone" => offset_seconds = None,
            _ => {}
        }
    }
    let precision = match time.split_once('.').map(|(_, behind)| behind.bytes().take_while(u8::is_ascii_digit).count())
    {
        None => Precision::Second,
        Some(3) => Precision::Milli,
        Some(_) => Precision::Micro,
    };
    if !year_known {
        written = yearless(written);
    }
    Some(Stamp { written, year_known, offset_seconds, precision })
}

/// As [`Stamp`] writes a date without a year.
fn yearless(written: NaiveDateTime) -> NaiveDateTime {
    written.with_year(2000).unwrap_or(written)
}

/// Names that come from outside and are kept for the rest of the run.
const NAMES_MAX: usize = 1_000;

/// Reads events.
pub(super) struct Reader {
    messages: HashMap<&'static str, (&'static Message, Vec<&'static str>)>,
    names: RefCell<HashMap<String, &'static str>>,
}

impl Reader {
    pub(super) fn new() -> Self {
        let messages = catalogue::all_messages().map(|message| {
            let mut names: Vec<&'static str> = message.texts.iter().flat_map(|(_, text)| field_names(text)).collect();
            names.sort_unstable();
            names.dedup();
            (message.id, (message, names))
        });
        Self { messages: messages.collect(), names: RefCell::default() }
    }

    /// A name that this program has no constant for.
    pub(super) fn name(&self, name: &str) -> &'static str {
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.get(name) {
            return known;
        }
        if names.len() >= NAMES_MAX {
            return "other";
        }
        let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
        names.insert(name.to_owned(), kept);
        kept
    }

    /// The line that an event tells; `None` for an event that is not known here.
    pub(super) fn line(&self, event: &EventIn<'_>, host: Option<Text>) -> Option<Line> {
        let mut fields = Fields::default();
        let (id, fact) = self.fact(event, &mut fields)?;
        let message = said(event);
        let stamp = event.time.as_deref().and_then(|time| stamp(time, event.assumed.iter().map(|what| &**what)));
        Some(Line {
            id,
            hint: intake::hint(message.as_bytes(), &fact, &fields),
            fact,
            stamp,
            host,
            pid: event.pid,
            repeated: event.repeated.unwrap_or(1),
            line: event.line,
            cursor: event.cursor.as_deref().map(Text::from),
            raw: Text::from(&*event.raw),
            versions: VersionRange::default(),
        })
    }

    fn fact(&self, event: &EventIn<'_>, fields: &mut Fields<'static>) -> Option<(&'static str, Fact)> {
        if let Some(daemon) = Daemon::ALL.into_iter().find(|daemon| event.event == unrecognised(*daemon)) {
            return Some((unrecognised(daemon), Fact::Unrecognised(daemon)));
        }
        if let Some(name) = event.event.strip_prefix("site/") {
            let means = Means::named(event.means.as_deref().unwrap_or_default())?;
            for name in ["address", "node"] {
                fill(fields, event, name);
            }
            return Some((self.name(&event.event), means.fact(name, fields)));
        }
        let (message, names) = self.messages.get(&*event.event)?;
        names.iter().for_each(|name| fill(fields, event, name));
        // A cloud's record is no text with fields in it: their names are its own.
        if message.id.starts_with("aws/") {
            event.fields.keys().map(|name| self.name(name)).for_each(|name| fill(fields, event, name));
        }
        Some((message.id, catalogue::fact(message, fields)))
    }
}

fn fill(fields: &mut Fields<'static>, event: &EventIn<'_>, name: &'static str) {
    match event.fields.get(name) {
        Some(serde_json::Value::String(text)) => fields.push(name, text.clone().into_bytes()),
        Some(serde_json::Value::Number(number)) => fields.push(name, number.to_string().into_bytes()),
        _ => {}
    }
}

impl EventIn<'_> {
    /// The message, for what has no better name: what stands behind the program's name.
    pub(super) fn message(&self) -> &str {
        said(self)
    }
}

/// What stands behind the head of the line.
fn said<'e>(event: &'e EventIn<'_>) -> &'e str {
    let raw = &*event.raw;
    if event.cursor.is_some() {
        return raw;
    }
    let Some(program) = event.program.as_deref() else {
        return raw.find("msg=\"").map_or(raw, |at| &raw[at..]);
    };
    let Some(at) = raw.find(program) else { return raw };
    let behind = &raw[at + program.len()..];
    let behind = match behind.strip_prefix('[').and_then(|pid| pid.split_once(']')) {
        Some((_, behind)) => behind,
        None => behind,
    };
    behind.strip_prefix(':').map_or(raw, str::trim_start)
}
