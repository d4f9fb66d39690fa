//! One record → a line in syslog's form, or nothing.

use super::names::{Kind, Map, Names};
use super::words::{self, Replace};
use crate::catalogue::{self, Fields, Message};
use crate::event::Daemon;
use crate::moment::Precision;
use crate::pipeline::{Heard, Listener};
use crate::record::{Record, Stamp, place_of};
use chrono::NaiveDateTime;

/// Reads the records of one source in their order, to note names or to write lines.
#[derive(Debug, Default)]
pub struct Redactor {
    listener: Listener,
    /// The record above, if it was written.
    last: Option<u64>,
}

impl Redactor {
    /// First reading: notes the names of a line. `host` is its host, see [`host()`].
    pub fn note(&mut self, record: &Record<'_>, host: &str, names: &mut Names) {
        names.note(Kind::Host, host);
        let _ = self.told(record, &mut Noting(names));
    }

    /// Second reading: the line, written anew; `None`: it was not understood.
    pub fn line(&mut self, record: &Record<'_>, host: &str, map: &Map) -> Option<String> {
        let stamp = stamp(&record.stamp?);
        let host = map.get(Kind::Host, host)?;
        if record.is_folded_repeat() {
            // It repeats the line right above it.
            let is_heard = self.last.is_some_and(|last| last + 1 == record.line);
            return is_heard.then(|| {
                self.last = Some(record.line);
                format!("{stamp} {host} last message repeated {} times", record.repeated)
            });
        }
        let told = self.told(record, &mut Replacing(map))?;
        let Told { daemon, row, identifier, pid, text } = told;
        // What came out must be the same event, or something was not what it seemed.
        let mut fields = Fields::default();
        let again = match daemon {
            Daemon::Pdns | Daemon::Keepalived => catalogue::read(daemon, text.as_bytes(), &mut fields)?,
            Daemon::Systemd => catalogue::read_of_units(text.as_bytes(), &mut fields)?,
        };
        if again.id != row.id || text.contains(['\n', '\r']) {
            return None;
        }
        self.last = Some(record.line);
        let pid = pid.map_or(String::new(), |pid| format!("[{pid}]"));
        let text =
            if record.repeated > 1 { format!("message repeated {} times: [ {text}]", record.repeated) } else { text };
        Some(format!("{stamp} {host} {identifier}{pid}: {text}"))
    }

    fn told(&mut self, record: &Record<'_>, replace: &mut dyn Replace) -> Option<Told> {
        let mut fields = Fields::default();
        let hearing = self.listener.hear(record, &mut fields);
        let Heard::Message(row) = hearing.what else { return None };
        // A cloud's records and what scripts print name what no map knows.
        let daemon = Daemon::of(row.id)?;
        let text = message(daemon, hearing.text, &fields, replace);
        Some(Told { daemon, row, identifier: identifier(daemon, hearing.identifier), pid: hearing.pid, text })
    }
}

struct Told {
    daemon: Daemon,
    row: &'static Message,
    identifier: &'static str,
    pid: Option<u32>,
    text: String,
}

struct Noting<'n>(&'n mut Names);

impl Replace for Noting<'_> {
    fn named(&mut self, kind: Kind, text: &str) -> Option<String> {
        self.0.note(kind, text);
        Some(String::new())
    }

    fn known(&self, _: Kind, _: &str) -> Option<String> {
        None
    }
}

struct Replacing<'m>(&'m Map);

impl Replace for Replacing<'_> {
    fn named(&mut self, kind: Kind, text: &str) -> Option<String> {
        self.0.get(kind, text)
    }

    fn known(&self, kind: Kind, text: &str) -> Option<String> {
        self.0.get(kind, text)
    }
}

/// A record as a line in syslog's form, nothing replaced; `None` where it has no stamp.
#[must_use]
pub fn plain(record: &Record<'_>, host: &str) -> Option<String> {
    let stamp = stamp(&record.stamp?);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let identifier = record.identifier.or(record.unit).map(text)?;
    let pid = record.pid.map_or(String::new(), |pid| format!("[{pid}]"));
    Some(format!("{stamp} {host} {identifier}{pid}: {}", text(record.message)))
}

/// The host of a line: what the operator calls the source's node, else what the line says, else what the file is called.
#[must_use]
pub fn host(stated: Option<&str>, record: &Record<'_>, file: &str) -> String {
    let own = || record.host.map_or(file.to_owned(), |host| String::from_utf8_lossy(host).into_owned());
    stated.map_or_else(own, str::to_owned)
}

/// A path's last part without extensions: what a node is called whose lines name no host.
#[must_use]
pub fn stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(file)
}

/// The part of a tag that is the daemon's own: keepalived appends namespaces and instances, pdns its `--config-name`.
fn identifier(daemon: Daemon, tag: Option<&[u8]>) -> &'static str {
    match daemon {
        Daemon::Pdns => "pdns_server",
        Daemon::Systemd => "systemd",
        Daemon::Keepalived => {
            let tag = tag.unwrap_or_default();
            let own = ["Keepalived_healthcheckers", "Keepalived_vrrp", "Keepalived_bfd"];
            own.into_iter().find(|own| tag.starts_with(own.as_bytes())).unwrap_or("Keepalived")
        }
    }
}

/// A message with its fields replaced by what they are, and the rest by words.
fn message(daemon: Daemon, text: &[u8], fields: &Fields<'_>, replace: &mut dyn Replace) -> String {
    let mut spans: Vec<(usize, usize, &'static str)> = fields
        .iter()
        .filter_map(|(name, value)| {
            // A value that was unescaped is not part of the text: there its words are replaced.
            place_of(value, text).map(|place| (place.start, place.end, name))
        })
        .collect();
    spans.sort_unstable();
    let part = |from: usize, to: usize| String::from_utf8_lossy(&text[from..to]);
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to, name) in spans {
        if from < at || from == to {
            continue;
        }
        new.push_str(&words::replaced(&part(at, from), replace));
        new.push_str(&field(daemon, name, &part(from, to), replace));
        at = to;
    }
    new.push_str(&words::replaced(&part(at, text.len()), replace));
    new
}

fn field(daemon: Daemon, name: &str, value: &str, replace: &mut dyn Replace) -> String {
    let kind = match (daemon, name) {
        (_, "instance") | (Daemon::Keepalived, "member") => Some(Kind::Instance),
        (Daemon::Keepalived, "group" | "old_group" | "group_name") => Some(Kind::Group),
        (_, "zone" | "catalog" | "old_catalog" | "new_catalog") | (Daemon::Pdns, "member") => Some(Kind::Zone),
        _ => None,
    };
    let is_name = match kind {
        Some(Kind::Zone) => value.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\'' | b'"')),
        Some(_) => !value.contains(char::is_control),
        None => false,
    };
    let new = kind.filter(|_| is_name).and_then(|kind| replace.named(kind, value));
    new.unwrap_or_else(|| words::replaced(value, replace))
}

/// A stamp says as much as it did: no year or zone is invented.
fn stamp(stamp: &Stamp) -> String {
    let fraction = match stamp.precision {
        Precision::Second => "",
        Precision::Milli => "%.3f",
        Precision::Micro => "%.6f",
    };
    let written = |format: &str, time: NaiveDateTime| time.format(&format!("{format}{fraction}")).to_string();
    if !stamp.year_known {
        return written("%b %e %H:%M:%S", stamp.written);
    }
    let time = written("%Y-%m-%dT%H:%M:%S", stamp.written);
    match stamp.offset_seconds {
        None => time,
        Some(offset) => {
            let sign = if offset < 0 { '-' } else { '+' };
            let minutes = offset.abs() / 60;
            format!("{time}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    }
}
