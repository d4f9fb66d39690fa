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
    /// Whether journald has it open.
    pub(in crate::input) is_online: bool,
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
        is_online: header.is_online,
    })
}

/// A file that is kept open between two readings.
#[derive(Default)]
pub(in crate::input) struct Growing {
    #[cfg(feature = "journald")]
    journal: Option<systemd::journal::Journal>,
}

impl Growing {
    /// Gives the records of interest with a sequence number above `after`, up to that of the head's last entry.
    ///
    /// # Errors
    /// Why not all could be read, as a sentence.
    #[cfg(feature = "journald")]
    pub(in crate::input) fn read(
        &mut self,
        path: &Path,
        head: &Head,
        after: Option<u64>,
        interest: &Interest,
        each: &mut dyn FnMut(&Record<'_>, u64),
    ) -> Result<(), String> {
        let read = super::indexed::read_on(&mut self.journal, path, (head.sequence, head.tail), after, interest, each);
        read.map_err(|error| format!("The rest of the file could not be read ({error})."))
    }

    #[cfg(not(feature = "journald"))]
    #[expect(clippy::unused_self, reason = "it has nothing to keep open")]
    pub(in crate::input) fn read(
        &mut self,
        _path: &Path,
        _head: &Head,
        _after: Option<u64>,
        _interest: &Interest,
        _each: &mut dyn FnMut(&Record<'_>, u64),
    ) -> Result<(), String> {
        Err("This build cannot follow journals: it lacks the feature journald.".to_owned())
    }
}
