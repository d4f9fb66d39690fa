//! Records that go from the thread that reads to the one that asked, some hundred at once.

use crate::record::{Record, Stamp};
use std::ops::Range;

/// Handed on at once.
pub(super) const PART_BYTES: usize = 128 * 1024;

/// Records, and the bytes that they are made of.
#[derive(Debug, Default)]
pub(super) struct Part {
    bytes: Vec<u8>,
    heads: Vec<Head>,
}

/// A record whose texts are places in the bytes.
#[derive(Debug)]
struct Head {
    line: u64,
    stamp: Option<Stamp>,
    pid: Option<u32>,
    repeated: u32,
    raw: Range<usize>,
    message: Range<usize>,
    host: Option<Range<usize>>,
    identifier: Option<Range<usize>>,
    unit: Option<Range<usize>>,
    cursor: Option<Range<usize>>,
}

impl Part {
    pub(super) fn with_room() -> Self {
        Self { bytes: Vec::with_capacity(PART_BYTES + PART_BYTES / 8), heads: Vec::new() }
    }

    /// Takes a record; says whether there is room for more.
    pub(super) fn add(&mut self, record: &Record<'_>) -> bool {
        let raw = self.keep(record.raw);
        // What stands behind the program's own stamp is a part of the line.
        let message = match record.raw.ends_with(record.message) {
            true => raw.end - record.message.len()..raw.end,
            false => self.keep(record.message),
        };
        let Record { line, stamp, pid, repeated, .. } = *record;
        let (host, identifier) = (self.keep_any(record.host), self.keep_any(record.identifier));
        let (unit, cursor) = (self.keep_any(record.unit), self.keep_any(record.cursor));
        self.heads.push(Head { line, stamp, pid, repeated, raw, message, host, identifier, unit, cursor });
        self.bytes.len() + self.heads.len() * size_of::<Head>() < PART_BYTES
    }

    fn keep_any(&mut self, text: Option<&[u8]>) -> Option<Range<usize>> {
        text.map(|text| self.keep(text))
    }

    fn keep(&mut self, text: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        start..self.bytes.len()
    }

    /// Gives all records, in their order.
    pub(super) fn read(&self, each: &mut dyn FnMut(&Record<'_>)) {
        let part = |place: &Range<usize>| &self.bytes[place.clone()];
        for head in &self.heads {
            each(&Record {
                line: head.line,
                raw: part(&head.raw),
                stamp: head.stamp,
                host: head.host.as_ref().map(part),
                identifier: head.identifier.as_ref().map(part),
                unit: head.unit.as_ref().map(part),
                pid: head.pid,
                message: part(&head.message),
                repeated: head.repeated,
                cursor: head.cursor.as_ref().map(part),
                stands_alone: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Part;
    use crate::record::Record;

    #[test]
    fn what_is_handed_on_is_what_was_read() {
        let record = Record {
            line: u64::MAX,
            raw: b"Nov 23 02:12:33 up",
            stamp: None,
            host: Some(b"ns1"),
            identifier: None,
            unit: Some(b"pdns.service"),
            pid: Some(u32::MAX),
            message: b"up",
            repeated: 3,
            cursor: Some(b"s=b3;i=1"),
            stands_alone: false,
        };
        let records = [
            record,
            Record { message: b"elsewhere", host: Some(b""), ..record },
            Record { raw: b"", message: b"", ..record },
        ];
        let mut part = Part::default();
        records.iter().for_each(|record| assert!(part.add(record)));
        let mut read = 0;
        part.read(&mut |record| {
            assert_eq!(*record, records[read]);
            read += 1;
        });
        assert_eq!(read, records.len());
    }
}
