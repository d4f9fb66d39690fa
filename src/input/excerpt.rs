//! What was of interest in a large source, put aside while it is read, so that reading it again costs what it holds of ours and
//! not what it holds of others.
//!
//! Records of all sources of a run lie in one scratch file without a name. Where there is no room for them, or most of a source
//! is of interest, nothing is put aside and the source itself is read again.

use super::watch::Watch;
use super::{Interest, Programs};
use crate::moment::Precision;
use crate::record::{Record, Stamp, place_of};
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What all excerpts of a run may take.
const SCRATCH_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Written at a time.
const PART_BYTES: usize = 256 * 1024;
/// An excerpt that is more than this part of what was read saves nothing; of a journal, one of more than this part of its entries.
const SHARE_MAX: u64 = 2;

/// Room for the excerpts of a run; clones are the same room. By default there is none.
#[derive(Debug, Clone, Default)]
pub struct Scratch(Option<Arc<Mutex<Room>>>);

#[derive(Debug, Default)]
struct Room {
    /// Made when it is needed.
    file: Option<Arc<File>>,
    bytes: u64,
}

/// Two sources are the same wherever their excerpts lie.
impl PartialEq for Scratch {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Scratch {}

impl Scratch {
    /// Room for a run.
    #[must_use]
    pub fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Begins the excerpt of a source of which `read_before` bytes of the run's watch are none.
    pub(super) fn begin(&self, interest: &Interest, watch: &Watch) -> Option<Writer> {
        let room = self.0.clone()?;
        let pattern = key(interest)?.to_owned();
        let (watch, read_before) = (watch.clone(), watch.bytes());
        Some(Writer {
            room,
            pattern,
            parts: Vec::new(),
            buffer: Vec::new(),
            bytes: 0,
            entries: 0,
            numbers: None,
            watch,
            read_before,
        })
    }
}

impl Room {
    /// Keeps a part; says where.
    fn keep(&mut self, part: &[u8]) -> io::Result<(Arc<File>, u64)> {
        let offset = self.bytes;
        if offset + part.len() as u64 > SCRATCH_BYTES_MAX {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(Arc::new(tempfile::tempfile()?)),
        };
        file.write_all_at(part, offset)?;
        self.bytes += part.len() as u64;
        Ok((file.clone(), offset))
    }
}

/// What tells one interest from another; `None` for those that take everything.
fn key(interest: &Interest) -> Option<&str> {
    match interest {
        Interest::Programs(Programs { pattern, .. }) => Some(pattern.as_str()),
        Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => None,
    }
}

/// Takes the records of a source, one after the other.
pub(super) struct Writer {
    room: Arc<Mutex<Room>>,
    pattern: String,
    parts: Vec<Part>,
    buffer: Vec<u8>,
    bytes: u64,
    /// Records that have a cursor, and from which number to which they are: where a journal is read, its entries'.
    entries: u64,
    numbers: Option<(u64, u64)>,
    watch: Watch,
    read_before: u64,
}

/// Whole records, and where they lie.
#[derive(Debug)]
struct Part {
    file: Arc<File>,
    offset: u64,
    length: usize,
}

impl Writer {
    /// Puts a record aside; `false` if the excerpt is not worth while, or has no room.
    pub(super) fn add(&mut self, record: &Record<'_>) -> bool {
        write(record, &mut self.buffer);
        if record.cursor.is_some() {
            self.entries += 1;
            let (first, last) = self.numbers.unwrap_or((record.line, record.line));
            self.numbers = Some((first.min(record.line), last.max(record.line)));
        }
        self.buffer.len() < PART_BYTES || self.flush()
    }

    fn flush(&mut self) -> bool {
        self.bytes += self.buffer.len() as u64;
        // Journals are not counted.
        let read = self.watch.bytes() - self.read_before;
        let is_most_of_a_journal =
            self.numbers.is_some_and(|(first, last)| self.entries > (last - first).saturating_add(1) / SHARE_MAX);
        if is_most_of_a_journal || (read > 0 && self.bytes > read / SHARE_MAX) {
            return false;
        }
        let kept = self.room.lock().unwrap_or_else(PoisonError::into_inner).keep(&self.buffer);
        let length = self.buffer.len();
        self.buffer.clear();
        kept.map(|(file, offset)| self.parts.push(Part { file, offset, length })).is_ok()
    }

    /// All records were put aside.
    pub(super) fn finish(mut self) -> Option<Excerpt> {
        let is_kept = self.buffer.is_empty() || self.flush();
        is_kept.then_some(Excerpt { pattern: self.pattern, parts: self.parts })
    }
}

/// The records of interest of a source.
#[derive(Debug)]
pub(super) struct Excerpt {
    pattern: String,
    parts: Vec<Part>,
}

impl Excerpt {
    /// Whether it is what this interest would give.
    pub(super) fn is_of(&self, interest: &Interest) -> bool {
        key(interest) == Some(self.pattern.as_str())
    }

    /// Gives all records, in their order.
    pub(super) fn read(&self, each: &mut dyn FnMut(&Record<'_>)) -> io::Result<()> {
        let mut bytes = Vec::new();
        for Part { file, offset, length } in &self.parts {
            bytes.resize(*length, 0);
            file.read_exact_at(&mut bytes, *offset)?;
            read(&bytes, each)?;
        }
        Ok(())
    }
}

/// A source's excerpt, once there is one; clones of a source share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    excerpt: OnceLock<Excerpt>,
    is_unwanted: AtomicBool,
}

/// Two sources are the same whether they were read before or not.
impl PartialEq for Kept {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Kept {}

impl Kept {
    pub(super) fn set(&self, excerpt: Option<Excerpt>) {
        if let Some(excerpt) = excerpt {
            let _first = self.0.excerpt.set(excerpt);
        }
    }

    pub(super) fn get(&self) -> Option<&Excerpt> {
        self.0.excerpt.get()
    }

    pub(super) fn is_wanted(&self) -> bool {
        !self.0.is_unwanted.load(Ordering::Relaxed)
    }

    pub(super) fn want(&self, is_wanted: bool) {
        self.0.is_unwanted.store(!is_wanted, Ordering::Relaxed);
    }
}

/// Adds a record to others, as numbers and bytes.
fn write(record: &Record<'_>, into: &mut Vec<u8>) {
    Head::write(record, into).expect("a record is shorter than 4 GiB and its head than its room");
}

/// Gives the records that were written by [`write()`].
fn read(bytes: &[u8], each: &mut dyn FnMut(&Record<'_>)) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (record, behind) = Head::read(rest).ok_or(io::ErrorKind::InvalidData)?;
        each(&record);
        rest = behind;
    }
    Ok(())
}

/// From and to, in the bytes behind the head.
type Span = (u32, u32);

/// What stands before a record's bytes: its raw line, then what of it is not in there.
#[derive(Serialize, Deserialize)]
struct Head {
    line: u64,
    length: u32,
    raw: u32,
    message: Span,
    host: Option<Span>,
    identifier: Option<Span>,
    unit: Option<Span>,
    cursor: Option<Span>,
    pid: Option<u32>,
    repeated: u32,
    stands_alone: bool,
    stamp: Option<Written>,
}

/// A stamp in numbers.
#[derive(Serialize, Deserialize)]
struct Written {
    day: i32,
    second: u32,
    nano: u32,
    year_known: bool,
    offset_seconds: Option<i32>,
    precision: Precision,
}

/// More than any head takes.
const HEAD_BYTES_MAX: usize = 256;

impl Head {
    fn write(record: &Record<'_>, into: &mut Vec<u8>) -> Option<()> {
        let mut beside = Vec::new();
        let mut length = record.raw.len();
        let mut span = |part: &[u8]| {
            let (from, to) = match place_of(part, record.raw).map(|place| place.start) {
                Some(from) => (from, from + part.len()),
                None => {
                    beside.extend_from_slice(part);
                    length += part.len();
                    (length - part.len(), length)
                }
            };
            Some((u32::try_from(from).ok()?, u32::try_from(to).ok()?))
        };
        let message = span(record.message)?;
        let [host, identifier, unit, cursor] =
            [record.host, record.identifier, record.unit, record.cursor].map(|part| part.and_then(&mut span));
        let head = Self {
            line: record.line,
            length: u32::try_from(length).ok()?,
            raw: u32::try_from(record.raw.len()).ok()?,
            message,
            host,
            identifier,
            unit,
            cursor,
            pid: record.pid,
            repeated: record.repeated,
            stands_alone: record.stands_alone,
            stamp: record.stamp.map(|stamp| Written {
                day: stamp.written.num_days_from_ce(),
                second: stamp.written.num_seconds_from_midnight(),
                nano: stamp.written.nanosecond(),
                year_known: stamp.year_known,
                offset_seconds: stamp.offset_seconds,
                precision: stamp.precision,
            }),
        };
        into.extend_from_slice(postcard::to_slice(&head, &mut [0; HEAD_BYTES_MAX]).ok()?);
        into.extend_from_slice(record.raw);
        into.extend_from_slice(&beside);
        Some(())
    }

    fn read(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
        let (head, bytes) = postcard::take_from_bytes::<Self>(bytes).ok()?;
        let (bytes, behind) = bytes.split_at_checked(head.length as usize)?;
        let part = |(from, to): Span| bytes.get(from as usize..to as usize);
        let stamp = head.stamp.and_then(|written| {
            let date = NaiveDate::from_num_days_from_ce_opt(written.day)?;
            let time = NaiveTime::from_num_seconds_from_midnight_opt(written.second, written.nano)?;
            let Written { year_known, offset_seconds, precision, .. } = written;
            Some(Stamp { written: date.and_time(time), year_known, offset_seconds, precision })
        });
        let record = Record {
            line: head.line,
            raw: bytes.get(..head.raw as usize)?,
            stamp,
            host: head.host.and_then(part),
            identifier: head.identifier.and_then(part),
            unit: head.unit.and_then(part),
            pid: head.pid,
            message: part(head.message)?,
            repeated: head.repeated,
            cursor: head.cursor.and_then(part),
            stands_alone: head.stands_alone,
        };
        Some((record, behind))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{self as input, Source, read_again};
    use super::*;
    use crate::event::Text;
    use regex::bytes::Regex;
    use std::io::Write;

    fn programs(pattern: &str) -> Interest {
        Interest::Programs(Programs { pattern: Regex::new(pattern).unwrap(), fields: &[], is_known: |_| false })
    }

    fn source(log: &[u8], scratch: &Scratch) -> (tempfile::NamedTempFile, Source) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(log).unwrap();
        let source = Source { scratch: scratch.clone(), ..Source::file(file.path(), None) };
        (file, source)
    }

    fn shown(give: impl FnOnce(&mut dyn FnMut(&Record<'_>))) -> Vec<String> {
        let mut all = Vec::new();
        give(&mut |record| all.push(format!("{record:?}")));
        all
    }

    const OURS: &str = "Nov 23 02:12:33 ns1 pdns_server[304]: Domain 'example.com' is stale\n";
    const OTHERS: &str = "Nov 23 02:12:33 ns1 CRON[17]: (root) CMD (true)\n";

    #[test]
    fn what_was_put_aside_is_what_was_read() {
        let scratch = Scratch::new();
        let odd = ["\x1b[31mNov 23 02:12:60.5 ns1 pdns[1]: red\x1b[0m\n", "\0\0pdns caf\u{e9}\n", OURS];
        let log = [&odd.concat(), &OTHERS.repeat(40_000), OURS, OURS].concat();
        let (file, source) = source(log.as_bytes(), &scratch);
        let first = shown(|each| drop(input::read(&source, &programs("pdns"), each).unwrap()));
        assert_eq!(first.len(), 5);
        drop(file);
        assert_eq!(shown(|each| read_again(&source, &programs("pdns"), each)), first);
        // Whoever asks for something else gets nothing of it.
        assert!(shown(|each| read_again(&source, &programs("CRON"), each)).is_empty());
    }

    #[test]
    fn what_is_mostly_ours_is_read_again() {
        let (_file, source) = source(OURS.repeat(20_000).as_bytes(), &Scratch::new());
        let first = shown(|each| drop(input::read(&source, &programs("pdns"), each).unwrap()));
        assert!(source.excerpt.get().is_none());
        assert_eq!(shown(|each| read_again(&source, &programs("pdns"), each)), first);
    }

    #[test]
    fn an_entry_keeps_its_cursor_and_unit() {
        let message: &[u8] = b"up";
        let unit = Text::from("pdns.service");
        let record = Record {
            line: u64::MAX,
            raw: message,
            stamp: None,
            host: Some(b"ns1"),
            identifier: None,
            unit: Some(unit.as_bytes()),
            pid: Some(u32::MAX),
            message,
            repeated: 3,
            cursor: Some(b"s=b3;i=1"),
            stands_alone: true,
        };
        let mut bytes = Vec::new();
        Head::write(&record, &mut bytes).unwrap();
        assert_eq!(Head::read(&bytes), Some((record, &b""[..])));
        assert_eq!(Head::read(&bytes[..bytes.len() - 1]), None);
    }
}
