//! A journal entry as far as a record needs it, whatever it was written in: `export`, `json`, `verbose` and journal files
//! fill the same [`Entry`], so that the same entry gives the same record from each of them.

use super::Interest;
use super::header::number_of;
use super::summary::Summary;
use super::{message, stamp};
use crate::record::{Record, Stamp};

/// journald takes no longer field names.
pub(super) const NAME_BYTES_MAX: usize = 64;

/// The program's own clock is believed while it is this close to journald's: further off, it was not a time.
const SOURCE_CLOCK_APART_MICROS_MAX: u64 = 60_000_000;

/// The fields of an entry that a record needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Message,
    Hostname,
    Identifier,
    Comm,
    Pid,
    SyslogPid,
    Unit,
    Cursor,
    Stored,
    Written,
}

const FIELDS: usize = Field::Written as usize + 1;

impl Field {
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"MESSAGE" => Self::Message,
            b"_HOSTNAME" => Self::Hostname,
            b"SYSLOG_IDENTIFIER" => Self::Identifier,
            b"_COMM" => Self::Comm,
            b"_PID" => Self::Pid,
            b"SYSLOG_PID" => Self::SyslogPid,
            b"_SYSTEMD_UNIT" => Self::Unit,
            b"__CURSOR" => Self::Cursor,
            b"__REALTIME_TIMESTAMP" => Self::Stored,
            b"_SOURCE_REALTIME_TIMESTAMP" => Self::Written,
            _ => return None,
        })
    }
}

/// The needed fields of one entry, copied once: the entry's other fields may be larger than the buffer.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The line at which it begins; 0 while there is no field.
    pub(super) line: u64,
    /// `NAME=value\n` of each kept field: what the interest is searched for in.
    kept: Vec<u8>,
    values: [Option<(usize, usize)>; FIELDS],
    /// A stamp that is not written as a field in microseconds.
    written_at: Option<Stamp>,
}

impl Entry {
    pub(super) fn clear(&mut self) {
        self.line = 0;
        self.kept.clear();
        self.values = [None; FIELDS];
        self.written_at = None;
    }

    pub(super) fn written_at(&mut self, stamp: Option<Stamp>) {
        self.written_at = stamp;
    }

    pub(super) fn begin(&mut self, line: u64) {
        if self.line == 0 {
            self.line = line;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line == 0
    }

    /// Keeps a field's first value, if it is one that a record needs; says whether it is.
    pub(super) fn set(&mut self, name: &[u8], value: &[u8]) -> bool {
        let Some(field) = Field::named(name) else { return false };
        self.keep(field, name, value);
        true
    }

    /// As [`set`](Self::set), of a field that is known: its text is `NAME=value`.
    pub(super) fn keep_text(&mut self, field: Field, name_bytes: usize, text: &[u8]) {
        if self.values[field as usize].is_none() {
            let start = self.kept.len() + name_bytes + 1;
            self.kept.extend_from_slice(text);
            self.values[field as usize] = Some((start, self.kept.len()));
            self.kept.push(b'\n');
        }
    }

    fn keep(&mut self, field: Field, name: &[u8], value: &[u8]) {
        if self.values[field as usize].is_none() {
            self.kept.extend_from_slice(name);
            self.kept.push(b'=');
            let start = self.kept.len();
            self.kept.extend_from_slice(value);
            self.values[field as usize] = Some((start, self.kept.len()));
            self.kept.push(b'\n');
        }
    }

    /// Passes the entry on if it is of interest, and notes its stamp in any case.
    pub(super) fn deliver(&self, interest: &Interest, summary: &mut Summary, each: &mut dyn FnMut(&Record<'_>)) {
        let record = self.record();
        if let Some(stamp) = record.stamp {
            summary.first.get_or_insert(stamp);
            summary.last = Some(stamp);
        }
        if let Some(cursor) = record.cursor {
            summary.sequence.note(cursor, record.stamp);
        }
        if interest.is_in(&self.kept) {
            summary.examine(record.line, record.raw);
            each(&record);
        }
    }

    /// Whether the interest occurs in it.
    pub(super) fn is_of(&self, interest: &Interest) -> bool {
        interest.is_in(&self.kept)
    }

    pub(super) fn value(&self, field: Field) -> Option<&[u8]> {
        let (start, end) = self.values[field as usize]?;
        Some(&self.kept[start..end]).filter(|value| !value.is_empty())
    }

    pub(super) fn record(&self) -> Record<'_> {
        let message = self.value(Field::Message).unwrap_or_default();
        Record {
            line: self.line,
            raw: message,
            stamp: self.stamp(),
            host: self.value(Field::Hostname),
            identifier: self.value(Field::Identifier).or_else(|| self.value(Field::Comm)),
            unit: self.value(Field::Unit),
            pid: self.value(Field::Pid).or_else(|| self.value(Field::SyslogPid)).and_then(number_of),
            message: message::behind_own_stamp(message),
            repeated: 1,
            cursor: self.value(Field::Cursor),
            stands_alone: false,
        }
    }

    /// When the program wrote it, if that is a time near the one when journald stored it.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let stored = self.value(Field::Stored).and_then(micros_of);
        let written = self.value(Field::Written).and_then(micros_of);
        let chosen = match (stored, written) {
            (Some(stored), Some(written)) if stored.abs_diff(written) <= SOURCE_CLOCK_APART_MICROS_MAX => written,
            (Some(stored), _) => stored,
            (None, Some(written)) => written,
            (None, None) => return self.written_at,
        };
        stamp::of_epoch_micros(chosen)
    }
}

fn micros_of(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
