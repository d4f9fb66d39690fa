//! One journal file that grows, through libsystemd's index; without libsystemd none.

use super::file::JournalFile;
use crate::input::Interest;
use crate::input::stamp::of_epoch_micros;
use crate::record::{Record, Stamp};
use std::io;
use std::path::Path;

/// What a file's header says now.
#[derive(Debug, Clone, Copy)]
pub(in crate::input) struct Head {
    /// The file's own id: it stays when the file is renamed.
    pub(in crate::input) file: u128,
    /// Whose sequence numbers they are.
    pub(in crate::input) sequence: u128,
    /// Sequence numbers of the first and the last entry.
    pub(in crate::input) first: u64,
    pub(in crate::input) tail: u64,
    pub(in crate::input) entries: u64,
    /// When the first entry was stored, in microseconds since 1970.
    pub(in crate::input) first_time: u64,
    last_time: u64,
    /// Whether nothing will be written to it any more. A file that is merely not being written to may grow.
    pub(in crate::input) is_archived: bool,
}

impl Head {
    /// Stamps of the first and the last entry.
    pub(in crate::input) fn stamps(&self) -> (Option<Stamp>, Option<Stamp>) {
        (of_epoch_micros(self.first_time), of_epoch_micros(self.last_time))
    }
}

/// Reads a file's header.
///
/// # Errors
/// It cannot be opened; `InvalidData` if it has no header (yet).
pub(in crate::input) fn head(path: &Path) -> io::Result<Head> {
    #[expect(clippy::disallowed_methods, reason = "this room opens sources")]
    let file = std::fs::File::open(path)?;
    let header = JournalFile::new(file)?.header;
    Ok(Head {
        file: u128::from_be_bytes(header.file_id),
        sequence: header.seqnum_id,
        first: header.head_seqnum,
        tail: header.tail_seqnum,
        entries: header.entries,
        first_time: header.head_realtime,
        last_time: header.tail_realtime,
        is_archived: header.is_archived,
    })
}

/// A file that is kept open between two readings.
pub(in crate::input) struct Growing {
    #[cfg(feature = "journald")]
    entries: super::indexed::Entries,
    #[cfg(not(feature = "journald"))]
    never: std::convert::Infallible,
}

#[cfg(feature = "journald")]
impl Growing {
    /// Opens a file.
    ///
    /// # Errors
    /// Why not, as a sentence.
    pub(in crate::input) fn open(path: &Path) -> Result<Self, String> {
        super::indexed::Entries::open(path).map(|entries| Self { entries }).map_err(sentence)
    }

    /// Begins to give the records of interest with a sequence number above `after`, up to that of the head's last entry; `false`
    /// if there are none.
    ///
    /// # Errors
    /// Why not all can be read, as a sentence.
    pub(in crate::input) fn begin(
        &mut self,
        head: &Head,
        after: Option<u64>,
        interest: &Interest,
    ) -> Result<bool, String> {
        self.entries.begin(head.sequence, head.tail, after, interest).map_err(sentence)
    }

    /// Goes to the next record; `false` behind the last one.
    ///
    /// # Errors
    /// Why not all can be read, as a sentence.
    pub(in crate::input) fn advance(&mut self) -> Result<bool, String> {
        self.entries.advance().map_err(sentence)
    }

    /// The record it is at, and its sequence number.
    pub(in crate::input) fn record(&self) -> (Record<'_>, u64) {
        self.entries.record()
    }
}

#[cfg(feature = "journald")]
fn sentence(error: systemd::Error) -> String {
    format!("The rest of the file could not be read ({error}).")
}

/// Without libsystemd there is none.
#[cfg(not(feature = "journald"))]
impl Growing {
    pub(in crate::input) fn open(_path: &Path) -> Result<Self, String> {
        Err("This build cannot follow journals: it lacks the feature journald.".to_owned())
    }

    pub(in crate::input) fn begin(
        &mut self,
        _head: &Head,
        _after: Option<u64>,
        _of: &Interest,
    ) -> Result<bool, String> {
        match self.never {}
    }

    pub(in crate::input) fn advance(&mut self) -> Result<bool, String> {
        match self.never {}
    }

    pub(in crate::input) fn record(&self) -> (Record<'_>, u64) {
        match self.never {}
    }
}
