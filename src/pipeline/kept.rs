//! A record that outlives the next one.

use crate::event::{Text, lossy};
use crate::record::{Record, Stamp, place_of};

/// A record that outlives the next one. Most of its parts lie in its line, so that one copy is enough.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    pub(super) line: u64,
    /// The line as written, then those parts that do not lie in it.
    bytes: Vec<u8>,
    raw: Part,
    pub(crate) stamp: Option<Stamp>,
    host: Option<Part>,
    identifier: Option<Part>,
    unit: Option<Part>,
    pid: Option<u32>,
    message: Part,
    repeated: u32,
    cursor: Option<Part>,
}

/// From and to in the bytes.
type Part = (usize, usize);

/// Where a part of a record stands in the bytes, which begin with its line; what does not lie in that is put behind them.
fn kept_at(part: &[u8], raw: &[u8], bytes: &mut Vec<u8>) -> Part {
    match place_of(part, raw) {
        Some(place) => (place.start, place.end),
        None => {
            let begin = bytes.len();
            bytes.extend_from_slice(part);
            (begin, bytes.len())
        }
    }
}

impl Kept {
    /// Takes another record in its place.
    pub(crate) fn set(&mut self, record: &Record<'_>) {
        let Record { line, raw, stamp, host, identifier, unit, pid, message, repeated, cursor, stands_alone: _ } =
            *record;
        let bytes = &mut self.bytes;
        bytes.clear();
        bytes.extend_from_slice(raw);
        let mut keep = |part: &[u8]| kept_at(part, raw, bytes);
        [self.host, self.identifier, self.unit, self.cursor] =
            [host, identifier, unit, cursor].map(|part| part.map(&mut keep));
        self.message = keep(message);
        self.raw = (0, raw.len());
        (self.line, self.stamp, self.pid, self.repeated) = (line, stamp, pid, repeated);
    }

    /// A copy.
    #[must_use]
    pub fn whole(record: &Record<'_>) -> Self {
        let mut kept = Self::default();
        kept.set(record);
        kept
    }

    /// The record as it was.
    #[must_use]
    pub fn borrowed(&self) -> Record<'_> {
        let part = |(from, to): Part| self.bytes.get(from..to).unwrap_or_default();
        Record {
            line: self.line,
            raw: part(self.raw),
            stamp: self.stamp,
            host: self.host.map(part),
            identifier: self.identifier.map(part),
            unit: self.unit.map(part),
            pid: self.pid,
            message: part(self.message),
            repeated: self.repeated,
            cursor: self.cursor.map(part),
            stands_alone: false,
        }
    }

    /// The message itself.
    pub(super) fn message(&self) -> &[u8] {
        self.borrowed().message
    }
}

/// Makes `kept` what `bytes` say. Most lines name the host that the line before named, and need no text of their own for it.
pub(super) fn keep_text(kept: &mut Option<Text>, bytes: Option<&[u8]>) {
    let is_same = kept.as_deref().map(str::as_bytes) == bytes;
    if !is_same {
        *kept = bytes.map(|bytes| Text::from(lossy(bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::record::Record;

    #[test]
    fn a_record_is_kept_wherever_its_parts_lie() {
        let line = b"Nov 23 02:12:33 ns1 pdns_server[304]: up".to_vec();
        let inside = Record {
            line: 7,
            raw: &line,
            stamp: None,
            host: Some(&line[16..19]),
            identifier: Some(&line[20..31]),
            unit: None,
            pid: Some(304),
            message: &line[38..],
            repeated: 2,
            cursor: None,
            stands_alone: false,
        };
        let (other, empty): (&[u8], &[u8]) = (b"of a journal", b"");
        let beside = Record { raw: other, unit: Some(b"pdns.service"), cursor: Some(b"s=1"), ..inside };
        let nothing = Record { raw: empty, message: empty, host: Some(empty), ..inside };
        let mut kept = Kept::default();
        for record in [inside, beside, nothing, inside] {
            kept.set(&record);
            assert_eq!(kept.borrowed(), record);
            assert_eq!(Kept::whole(&record).borrowed(), record);
        }
    }
}
