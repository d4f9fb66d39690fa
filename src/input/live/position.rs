//! Where to go on after a restart, as it is saved.

use super::reader::Kind;
use crate::record::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where to go on in a source. Opaque; it belongs to the kind of source that it was made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position(pub(super) Place);

/// By kind of source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// Nothing has been read.
    Begin,
    /// A pipe: what was given cannot be read again, only counted on.
    Pipe {
        mark: Mark,
        known: Known,
    },
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
    Journals(JournalPlaces),
}

impl Position {
    /// How many lines of the source were read before it, as far as its reader goes on to count from there.
    #[must_use]
    pub fn lines(&self) -> u64 {
        match &self.0 {
            Place::Pipe { known, .. } | Place::File { known, .. } => known.lines,
            Place::Begin | Place::Journals(_) => 0,
        }
    }

    /// Takes a mark.
    pub fn advance(&mut self, mark: &super::Mark) {
        match (&mut self.0, mark) {
            (_, super::Mark::At(position)) => self.clone_from(position),
            (Place::File { given, .. }, super::Mark::Line(line)) => *given = *line,
            (Place::Journals(places), super::Mark::Entry(file, sequence, number)) => {
                places.take(*file, *sequence, *number);
            }
            // A pipe's lines need not be told apart; other marks belong to another kind of source.
            (Place::Begin | Place::Pipe { .. } | Place::Journals(_), super::Mark::Line(_))
            | (Place::Begin | Place::Pipe { .. } | Place::File { .. }, super::Mark::Entry(..)) => {}
        }
    }
}

/// How far the files of journals were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JournalPlaces {
    /// By file id: up to which sequence number it has been read.
    pub(super) files: BTreeMap<u128, u64>,
    /// By sequence number id: the highest one that was met.
    pub(super) sequences: BTreeMap<u128, u64>,
}

impl JournalPlaces {
    /// An entry of a file was read.
    pub(super) fn take(&mut self, file: u128, sequence: u128, number: u64) {
        self.files.insert(file, number);
        let known = self.sequences.entry(sequence).or_default();
        *known = (*known).max(number);
    }
}

/// What is known of all that was read so far, as of the mark.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// How its lines are read, once that is known.
    pub(super) reader: Option<Kind>,
    pub(super) format: String,
    /// Lines or entries, of all files of a rotated log together.
    pub(super) lines: u64,
    pub(super) first: Option<Stamp>,
    pub(super) last: Option<Stamp>,
}

/// Which file it is, whatever it is called by now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
    /// When it was last written to, as far as we saw, in nanoseconds since 1970.
    pub(super) modified: i64,
    pub(super) beginning: Beginning,
}

/// The first bytes of a file: an inode is used again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_beginning_is_known_again_when_the_file_has_grown() {
        let beginning = Beginning::of(b"Nov 23 02:12:33 ns1");
        assert!(beginning.is_of(b"Nov 23 02:12:33 ns1 pdns_server[304]: up"));
        assert!(!beginning.is_of(b"Nov 23 02:12:3"));
        assert!(!beginning.is_of(b"Nov 24 02:12:33 ns1 pdns_server[304]: up"));
    }
}
