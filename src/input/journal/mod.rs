//! Binary journals → records: the files of one journal, one after the other.
//!
//! Each file is looked through first (`check`): a file of which nothing is out of the ordinary is read by ourselves (`plain`), and
//! the entries that are of interest are known by then (`choice`). A whole file in which something is odd is left to libsystemd and its index
//! (`indexed`). libsystemd says nothing of what it cannot read, and gives up a whole file for eight missing bytes: so a damaged
//! one is read entry by entry (`salvage`), with what was read and lost said. All but `indexed` stand on the documented
//! format (`object`); where libsystemd was left out, `salvage` reads odd files too.

mod check;
mod choice;
mod data;
mod file;
#[cfg(feature = "journald")]
mod indexed;
#[cfg(all(test, feature = "compress", feature = "journald"))]
mod laws;
pub(super) mod live;
mod object;
mod part;
mod plain;
mod salvage;
mod siphash;
mod values;
mod window;

use super::error::Error;
use super::summary::{Summary, Trouble};
use super::{Helpers, Interest};
use crate::event::Text;
use crate::record::Record;
use check::{Checks, Condition};
use file::JournalFile;
use object::Header;
use part::Part;
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

/// Reads all files of one journal, the oldest first. An entry that is in two of them (a file and its rotated copy) is given once.
/// Where there is a helper it reads, and whoever asked checks files while there is nothing to pass on.
///
/// # Errors
/// None of the files can be opened or is a journal. If only some are, the summary's `broken_off` tells the first.
pub(super) fn read(
    path: &Text,
    files: &[PathBuf],
    helpers: &Helpers,
    interest: &Interest,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) -> Result<(), Error> {
    summary.format = "journal";
    let mut opened = Vec::new();
    let mut errors = Vec::new();
    for place in files {
        match open(place) {
            Ok(file) => opened.push((place.as_path(), file)),
            Err(error) => errors.push(refused(path, files, place, error)),
        }
    }
    if opened.is_empty() && !errors.is_empty() {
        return Err(errors.swap_remove(0));
    }
    opened.sort_by(|(a, file_a), (b, file_b)| (file_a.header.head_realtime, a).cmp(&(file_b.header.head_realtime, b)));
    let checks = Checks::of(opened.iter().map(|(place, _)| *place).collect());
    let job = Job { path, files, opened, checks: &checks };
    let lent = helpers.lend();
    if lent.is_none() {
        job.read(interest, summary, &mut errors, each);
    } else {
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel(PARTS_AHEAD);
            let (summary, errors) = (&mut *summary, &mut errors);
            let own_interest = interest.clone();
            scope.spawn(move || {
                let mut part = Part::with_room();
                job.read(&own_interest, summary, errors, &mut |record| {
                    if !part.add(record) {
                        // Nobody listens any more only where the listener has panicked.
                        let _ = sender.send(std::mem::replace(&mut part, Part::with_room()));
                    }
                });
                let _ = sender.send(part);
            });
            while let Some(part) = checks.check_until(&receiver, interest) {
                part.read(each);
            }
        });
    }
    let mut errors = errors.into_iter();
    summary.broken_off = summary.broken_off.take().or(errors.next());
    for error in errors {
        summary.troubles.push(Trouble { line: None, kind: "unread", text: format!("Failed to {error}.") });
    }
    Ok(())
}

/// Parts of records that wait for whoever asked.
const PARTS_AHEAD: usize = 4;

/// The files of a journal, to be read.
struct Job<'j> {
    path: &'j Text,
    files: &'j [PathBuf],
    opened: Vec<(&'j Path, JournalFile)>,
    checks: &'j Checks<'j>,
}

impl Job<'_> {
    fn read(
        self,
        interest: &Interest,
        summary: &mut Summary,
        errors: &mut Vec<Error>,
        each: &mut dyn FnMut(&Record<'_>),
    ) {
        let Self { path, files, opened, checks } = self;
        let have_doubles = may_have_doubles(opened.iter().map(|(_, file)| &file.header));
        let mut reader = Reader { seen: HashSet::new(), have_doubles, given: None, interest, summary, each };
        for (index, (place, mut file)) in opened.into_iter().enumerate() {
            let condition = checks.condition(index, &mut file, interest);
            if let Err(damage) = reader.file(place, file, &condition) {
                reader.note(path, files, place, &damage);
                errors.push(Error::Damaged {
                    path: name(path, files, place),
                    read: damage.read,
                    expected: damage.expected,
                });
            }
        }
    }
}

/// Whether an entry may be in two files: those that number their entries together have no number in common, unless one is a copy.
fn may_have_doubles<'h>(headers: impl Iterator<Item = &'h Header>) -> bool {
    let mut ranges: Vec<(u128, u64, u64)> = headers
        .map(|header| {
            // One that is being written, or was when the machine went down, has more than it says.
            let is_believable = header.is_archived && header.head_seqnum <= header.tail_seqnum;
            let tail = if is_believable { header.tail_seqnum } else { u64::MAX };
            (header.seqnum_id, header.head_seqnum, tail)
        })
        .collect();
    ranges.sort_unstable();
    ranges.windows(2).any(|two| two[0].0 == two[1].0 && two[0].2 >= two[1].1)
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
    /// What was given so far: of all files if there may be doubles, else of this one.
    seen: HashSet<EntryId>,
    have_doubles: bool,
    /// Sequence number up to which this file was read before something in it turned out to be odd: numbers rise in it.
    given: Option<u64>,
    interest: &'r Interest,
    summary: &'r mut Summary,
    each: &'r mut dyn FnMut(&Record<'_>),
}

impl Reader<'_> {
    fn file(&mut self, place: &Path, mut file: JournalFile, condition: &Condition) -> Result<(), Damage> {
        if !self.have_doubles {
            self.seen.clear();
        }
        self.given = None;
        let is_read = match condition {
            Condition::Plain(places) => plain::read(&mut file, places, self) || self.indexed(place),
            Condition::Whole => self.indexed(place),
            Condition::Damaged => false,
        };
        if is_read {
            self.summary.lines += file.header.entries;
            self.bounds(&file);
            return Ok(());
        }
        let damage = salvage::read(&mut file, self);
        self.summary.lines += damage.read;
        self.bounds(&file);
        // A file that a newer journald wrote may be beyond libsystemd and whole nevertheless.
        if *condition != Condition::Damaged && damage.read == damage.expected && damage.in_part == 0 {
            Ok(())
        } else {
            Err(damage)
        }
    }

    /// Lets libsystemd read a file that is whole; says whether that went well. What was given before it went wrong is not given again.
    #[cfg(feature = "journald")]
    fn indexed(&mut self, place: &Path) -> bool {
        indexed::read(place, self).is_ok()
    }

    #[cfg(not(feature = "journald"))]
    fn indexed(&mut self, _place: &Path) -> bool {
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
    fn is_double(&mut self, cursor: Option<&Cursor>) -> bool {
        cursor.is_some_and(|cursor| {
            let was_given = self.given.is_some_and(|given| cursor.id.1 <= given);
            was_given || !self.seen.insert(cursor.id)
        })
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

/// What a cursor says: `s=…;i=…;b=…;m=…;t=…;x=…`.
struct Cursor {
    id: EntryId,
    /// Microseconds since 1970 at which journald stored the entry.
    #[cfg_attr(
        not(any(feature = "journald", test)),
        expect(dead_code, reason = "our own reader has it from the entry itself")
    )]
    stored: Option<u64>,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let [mut journal, mut number, mut stored, mut sum] = [None; 4];
        for part in text.as_bytes().split(|&byte| byte == b';') {
            let [name, b'=', digits @ ..] = part else { continue };
            match name {
                b's' => journal = hexadecimal(digits),
                b'i' => number = hexadecimal(digits),
                b't' => stored = hexadecimal(digits),
                b'x' => sum = hexadecimal(digits),
                _ => {}
            }
        }
        let small = |number: u128| u64::try_from(number).ok();
        Some(Self { id: (journal?, small(number?)?, small(sum?)?), stored: stored.and_then(small) })
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u128> {
    let is_short = (1..=32).contains(&digits.len());
    let add = |number: u128, &digit: &u8| Some(number << 4 | u128::from(char::from(digit).to_digit(16)?));
    digits.iter().try_fold(0, add).filter(|_| is_short)
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn cursors_are_read_once() {
        let cursor = Cursor::parse("s=b3b602293a7546d191ea7b33dbf98c1f;i=1a;b=0;m=9;t=660e820565702;x=ff").unwrap();
        assert_eq!(cursor.id, (0xb3b6_0229_3a75_46d1_91ea_7b33_dbf9_8c1f, 0x1a, 0xff));
        assert_eq!(cursor.stored, Some(0x6_60e8_2056_5702));
        for odd in ["", "s=;i=1;x=2", "s=1;i=2", "s=1;i=g;x=2", "s=1;i=123456789012345678;x=2"] {
            assert!(Cursor::parse(odd).is_none(), "{odd}");
        }
    }
}
