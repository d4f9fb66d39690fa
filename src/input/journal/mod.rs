//! Binary journals → records: the files of one journal, one after the other.
//!
//! libsystemd reads what is whole, through its index (`indexed`). It says nothing of what it cannot read, and gives up a whole
//! file for eight missing bytes: so each file is looked through first (`check`), and a damaged one is read entry by entry
//! (`salvage`), with what was read and lost said. Both stand on `file`, the documented format
//! (<https://systemd.io/JOURNAL_FILE_FORMAT>); where libsystemd was left out, `salvage` reads whole files too.

mod check;
mod data;
mod file;
#[cfg(feature = "journald")]
mod indexed;
pub(super) mod live;
mod salvage;
mod siphash;

use super::Interest;
use super::error::Error;
use super::summary::{Summary, Trouble};
use crate::event::Text;
use crate::record::Record;
use check::Condition;
use file::JournalFile;
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Reads all files of one journal, the oldest first. An entry that is in two of them (a file and its rotated copy) is given once.
///
/// # Errors
/// None of the files can be opened or is a journal. If only some are, the summary's `broken_off` tells the first.
pub(super) fn read(
    path: &Text,
    files: &[PathBuf],
    interest: &Interest,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) -> Result<(), Error> {
    summary.format = "journal";
    let mut opened = Vec::new();
    let mut errors = Vec::new();
    for place in files {
        match open(place) {
            Ok(file) => opened.push((place, file)),
            Err(error) => errors.push(refused(path, files, place, error)),
        }
    }
    if opened.is_empty() && !errors.is_empty() {
        return Err(errors.swap_remove(0));
    }
    opened.sort_by(|(a, file_a), (b, file_b)| (file_a.header.head_realtime, a).cmp(&(file_b.header.head_realtime, b)));
    let mut reader = Reader { seen: (opened.len() > 1).then(HashSet::new), interest, summary, each };
    for (place, file) in opened {
        if let Err(damage) = reader.file(place, file) {
            reader.note(path, files, place, &damage);
            errors.push(Error::Damaged {
                path: name(path, files, place),
                read: damage.read,
                expected: damage.expected,
            });
        }
    }
    let mut errors = errors.into_iter();
    summary.broken_off = summary.broken_off.take().or(errors.next());
    for error in errors {
        summary.troubles.push(Trouble { line: None, kind: "unread", text: format!("Failed to {error}.") });
    }
    Ok(())
}

fn open(place: &Path) -> io::Result<JournalFile> {
    #[expect(clippy::disallowed_methods, reason = "this room opens sources")]
    let file = File::open(place)?;
    JournalFile::new(file)
}

/// What to call one file of a journal: the source as given while it is the only one.
fn name(path: &Text, files: &[PathBuf], place: &Path) -> Text {
    if files.len() == 1 { path.clone() } else { place.to_string_lossy().into() }
}

fn refused(path: &Text, files: &[PathBuf], place: &Path, source: io::Error) -> Error {
    let path = name(path, files, place);
    if source.kind() == io::ErrorKind::InvalidData {
        return Error::NotALog { path, found: "it has the name or the beginning of a journal, but no header of one" };
    }
    Error::opening_journal(&path, source)
}

/// What was lost of a damaged file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Damage {
    /// Entries that were read.
    read: u64,
    /// Of those, how many lack a field.
    in_part: u64,
    /// Entries that the header promises, or were read where it promises fewer.
    expected: u64,
}

/// Sequence number id, sequence number, and the sum over the fields: what makes an entry one and the same.
type EntryId = (u128, u64, u64);

struct Reader<'r> {
    /// What was given so far, where there are several files.
    seen: Option<HashSet<EntryId>>,
    interest: &'r Interest,
    summary: &'r mut Summary,
    each: &'r mut dyn FnMut(&Record<'_>),
}

impl Reader<'_> {
    fn file(&mut self, place: &Path, mut file: JournalFile) -> Result<(), Damage> {
        let condition = check::check(&mut file, self.interest);
        if condition == Condition::Whole && self.whole(place, &mut file) {
            return Ok(());
        }
        let damage = salvage::read(&mut file, self);
        self.summary.lines += damage.read;
        self.bounds(&file);
        // A file that a newer journald wrote may be beyond libsystemd and whole nevertheless.
        if condition == Condition::Whole && damage.read == damage.expected && damage.in_part == 0 {
            Ok(())
        } else {
            Err(damage)
        }
    }

    /// Reads a file that is whole; says whether that went well. What was given before it went wrong is not given again.
    #[cfg(feature = "journald")]
    fn whole(&mut self, place: &Path, file: &mut JournalFile) -> bool {
        self.seen.get_or_insert_default();
        if indexed::read(place, self).is_err() {
            return false;
        }
        self.summary.lines += file.header.entries;
        self.bounds(file);
        true
    }

    #[cfg(not(feature = "journald"))]
    fn whole(&mut self, _place: &Path, _file: &mut JournalFile) -> bool {
        false
    }

    /// The stamps of the first and the last entry, of interest or not.
    fn bounds(&mut self, file: &JournalFile) {
        let header = &file.header;
        let (first, last) =
            (super::stamp::of_epoch_micros(header.head_realtime), super::stamp::of_epoch_micros(header.tail_realtime));
        let earliest = |a: crate::record::Stamp, b: crate::record::Stamp| if a.written <= b.written { a } else { b };
        let latest = |a: crate::record::Stamp, b: crate::record::Stamp| if a.written >= b.written { a } else { b };
        if let (Some(first), true) = (first, header.entries > 0) {
            self.summary.first = Some(self.summary.first.map_or(first, |known| earliest(known, first)));
        }
        if let (Some(last), true) = (last, header.entries > 0) {
            self.summary.last = Some(self.summary.last.map_or(last, |known| latest(known, last)));
        }
    }

    /// Whether the entry with this cursor was given before; it counts as given from now on.
    fn is_double(&mut self, cursor: &str) -> bool {
        let Some(seen) = &mut self.seen else { return false };
        entry_id(cursor).is_some_and(|id| !seen.insert(id))
    }

    fn note(&mut self, path: &Text, files: &[PathBuf], place: &Path, damage: &Damage) {
        let Damage { read, in_part, expected } = *damage;
        let which = if files.len() == 1 { String::new() } else { format!("{}: ", name(path, files, place)) };
        let parts = if in_part == 0 { String::new() } else { format!(", {in_part} of them in part") };
        let text = format!(
            "{which}The journal is damaged: {read} of {expected} entries were read{parts}, {} are lost.",
            expected.saturating_sub(read)
        );
        self.summary.troubles.push(Trouble { line: None, kind: "salvaged", text });
    }
}

/// `s=…;i=…;b=…;m=…;t=…;x=…`
fn entry_id(cursor: &str) -> Option<EntryId> {
    let part = |name: &str| cursor.split(';').find_map(|part| part.strip_prefix(name));
    let number = |name: &str| u64::from_str_radix(part(name)?, 16).ok();
    Some((u128::from_str_radix(part("s=")?, 16).ok()?, number("i=")?, number("x=")?))
}

/// An entry's sequence number, for `Record::line`.
#[cfg(feature = "journald")]
fn number_of(cursor: &str) -> u64 {
    entry_id(cursor).map_or(1, |(_, number, _)| number)
}

/// Microseconds since 1970 at which journald stored the entry.
#[cfg(feature = "journald")]
fn stored(cursor: &str) -> Option<u64> {
    super::verbose::stored(cursor.as_bytes())
}
