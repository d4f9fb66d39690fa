//! Where to go on after a restart, as it is saved.

use crate::moment::Precision;
use crate::record::Stamp;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where to go on in a source. Only [`follow`](super::follow) knows what is inside; what it does not know is refused on reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position(pub(super) Place);

/// By kind of source. A field or a kind that is added later makes a new kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Place {
    /// Nothing has been read.
    Begin {},
    /// A pipe: what was given cannot be read again.
    Pipe { known: Known },
    /// A file of lines.
    File { file: FileId, mark: Mark, given: u64 },
    /// Journal files by their ids.
    Journal { known: Known, files: BTreeMap<String, JournalPlace> },
}

/// What is known of all that was read so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    pub(super) format: String,
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
    /// The first bytes, at most [`FINGERPRINT_BYTES`]: an inode is used again.
    pub(super) begins: Vec<u8>,
}

/// A place between two lines at which reading can begin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// Bytes before it.
    pub(super) offset: u64,
    /// Lines before it; in files of entries not the same as `known.lines`.
    pub(super) line: u64,
    pub(super) known: Known,
}

/// How far a journal file was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalPlace {
    /// Its entries belong to this sequence.
    pub(super) sequence: String,
    /// Number of the last entry that was read.
    pub(super) number: u64,
}

/// A [`Stamp`] as it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedStamp {
    micros: i64,
    year_known: bool,
    offset_seconds: Option<i32>,
    digits: u8,
}

impl From<Stamp> for SavedStamp {
    fn from(stamp: Stamp) -> Self {
        Self {
            micros: stamp.written.and_utc().timestamp_micros(),
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
        Self {
            written: DateTime::from_timestamp_micros(saved.micros).unwrap_or_default().naive_utc(),
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
