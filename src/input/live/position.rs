//! Where to go on after a restart, as it is saved.

use super::reader::Kind;
use crate::moment::Precision;
use crate::record::Stamp;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where to go on in a source. Only [`follow`](super::follow) knows what is inside; what it does not know is refused on reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub(super) Place);

/// By kind of source. What is added later makes a new kind, so that an older driftline refuses it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Place {
    /// Nothing has been read.
    Begin {},
    /// A pipe: what was given cannot be read again, only counted on.
    Pipe { mark: Mark, known: Known },
    /// A file of lines.
    File {
        file: FileId,
        mark: Mark,
        /// Records up to this line are given; those behind `mark` are read again and passed over.
        given: u64,
        /// So many troubles behind `mark` are told.
        told: u64,
        known: Known,
    },
    /// Journal files by their ids.
    Journal { known: Known, files: BTreeMap<String, JournalPlace> },
}

/// What is known of all that was read so far, as of the mark.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// How its lines are read, once that is known.
    pub(super) reader: Option<Kind>,
    pub(super) format: String,
    /// Lines or entries, of all files of a rotated log together.
    pub(super) lines: u64,
    pub(super) first: Option<SavedStamp>,
    pub(super) last: Option<SavedStamp>,
}

/// Which file it is, whatever it is called by now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
    /// When it was last written to, as far as we saw, in nanoseconds since 1970.
    pub(super) modified: i64,
    pub(super) beginning: Beginning,
}

/// The first bytes of a file: an inode is used again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Beginning {
    /// How many, at most [`BEGINNING_BYTES_MAX`].
    pub(super) bytes: usize,
    hash: u64,
}

/// More would be read again at each look.
pub(super) const BEGINNING_BYTES_MAX: usize = 256;

impl Beginning {
    /// Of a file that begins with `head`, which may be longer than what counts. FNV-1a: it need not withstand an attack, who may
    /// write to the log may as well write what he likes.
    pub(super) fn of(head: &[u8]) -> Self {
        let head = &head[..head.len().min(BEGINNING_BYTES_MAX)];
        let hash = head
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self { bytes: head.len(), hash }
    }

    /// Whether a file that begins with `head` can be the same one, grown or not.
    pub(super) fn is_of(&self, head: &[u8]) -> bool {
        head.get(..self.bytes).is_some_and(|head| Self::of(head) == *self)
    }
}

/// A place between two lines at which reading can begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// Bytes before it.
    pub(super) offset: u64,
    /// Lines before it.
    pub(super) line: u64,
    /// Records before it: lines, or entries of several lines.
    pub(super) records: u64,
}

impl Mark {
    /// The end of a packed file, whatever its length.
    pub(super) const END: Self = Self { offset: u64::MAX, line: 0, records: 0 };

    /// How long a file must be that holds it.
    pub(super) fn bytes(&self) -> u64 {
        if *self == Self::END { 0 } else { self.offset }
    }
}

/// How far a journal file was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalPlace {
    /// The sequence its entries are numbered in: all files of one journald together.
    pub(super) sequence: String,
    /// Number of the last entry that was read.
    pub(super) number: u64,
}

/// A [`Stamp`] as it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedStamp {
    /// Of the date and time as written, as if they were UTC.
    micros: i64,
    /// A leap second is the one before, and this.
    leap: bool,
    year_known: bool,
    offset_seconds: Option<i32>,
    digits: u8,
}

impl From<Stamp> for SavedStamp {
    fn from(stamp: Stamp) -> Self {
        use chrono::Timelike;
        let leap = stamp.written.nanosecond() >= 1_000_000_000;
        Self {
            micros: stamp.written.and_utc().timestamp_micros() - if leap { 1_000_000 } else { 0 },
            leap,
            year_known: stamp.year_known,
            offset_seconds: stamp.offset_seconds,
            digits: match stamp.precision {
                Precision::Second => 0,
                Precision::Milli => 3,
                Precision::Micro => 6,
            },
        }
    }
}

impl From<SavedStamp> for Stamp {
    fn from(saved: SavedStamp) -> Self {
        use chrono::Timelike;
        let written = DateTime::from_timestamp_micros(saved.micros).unwrap_or_default().naive_utc();
        let leap = saved.leap.then(|| written.with_nanosecond(written.nanosecond() + 1_000_000_000)).flatten();
        Self {
            written: leap.unwrap_or(written),
            year_known: saved.year_known,
            offset_seconds: saved.offset_seconds,
            precision: match saved.digits {
                0..3 => Precision::Second,
                3..6 => Precision::Milli,
                6.. => Precision::Micro,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{NaiveDate, NaiveTime};

    #[test]
    fn stamps_are_saved_whole() {
        let date = NaiveDate::from_ymd_opt(2020, 8, 18).unwrap();
        for (micros, precision) in [(0, Precision::Second), (1_567_000, Precision::Milli), (123_456, Precision::Micro)]
        {
            let written = date.and_time(NaiveTime::from_hms_micro_opt(23, 59, 59, micros).unwrap());
            let stamp = Stamp { written, year_known: false, offset_seconds: Some(-3600), precision };
            assert_eq!(Stamp::from(SavedStamp::from(stamp)), stamp);
        }
    }

    #[test]
    fn a_position_of_another_kind_is_refused() {
        for text in [r#"{"kind":"comet"}"#, r#"{"kind":"begin","x":1}"#, "{}", "1"] {
            assert!(serde_json::from_str::<Position>(text).is_err(), "{text}");
        }
        let position = Position(Place::Begin {});
        let text = serde_json::to_string(&position).unwrap();
        assert_eq!(serde_json::from_str::<Position>(&text).unwrap(), position);
    }

    #[test]
    fn a_beginning_is_known_again_when_the_file_has_grown() {
        let beginning = Beginning::of(b"Nov 23 02:12:33 ns1");
        assert!(beginning.is_of(b"Nov 23 02:12:33 ns1 pdns_server[304]: up"));
        assert!(!beginning.is_of(b"Nov 23 02:12:3"));
        assert!(!beginning.is_of(b"Nov 24 02:12:33 ns1 pdns_server[304]: up"));
    }
}
