//! One journal file that grows, entry by entry in the order in which they were written.
//!
//! The list of entries in a file is what journald writes last: an entry in it is whole, while the header's sequence number and the
//! index of values may be of one that is still being written. So new entries are taken from the list, by ourselves, and no index
//! is asked; a value that many entries share is judged once. libsystemd says nothing of damage; here what can be found behind it is
//! given, and what is lost is counted.

use super::super::entry::{Entry, Field, NAME_BYTES_MAX};
use super::data;
use super::file::JournalFile;
use super::object::{ENTRY_HEAD_BYTES, Kind, Object};
use super::salvage::{self, is_name};
use crate::input::stamp::of_epoch_micros;
use crate::input::{Interest, MAX_LINE_BYTES};
use crate::record::{Record, Stamp};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::rc::Rc;

/// What a file's header says now.
#[derive(Debug, Clone, Copy)]
pub(in crate::input) struct Head {
    /// The file's own id: it stays when the file is renamed.
    pub(in crate::input) file: u128,
    /// Whose sequence numbers they are.
    pub(in crate::input) sequence: u128,
    /// Sequence numbers of the first and the last entry; the last one may be of an entry that is still being written.
    pub(in crate::input) first: u64,
    pub(in crate::input) tail: u64,
    /// Whole entries.
    pub(in crate::input) entries: u64,
    /// When the first entry was stored, in microseconds since 1970.
    pub(in crate::input) first_time: u64,
    last_time: u64,
    /// Whether nothing will be written to it any more. A file that is merely not being written to may grow.
    pub(in crate::input) is_archived: bool,
}

impl Head {
    fn of(file: &JournalFile) -> Self {
        let header = &file.header;
        Self {
            file: u128::from_be_bytes(header.file_id),
            sequence: header.seqnum_id,
            first: header.head_seqnum,
            tail: header.tail_seqnum,
            entries: header.entries,
            first_time: header.head_realtime,
            last_time: header.tail_realtime,
            is_archived: header.is_archived,
        }
    }

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
    Ok(Head::of(&super::open(path)?))
}

/// A file that is kept open between two readings.
pub(in crate::input) struct Growing {
    file: JournalFile,
    /// The arrays of the list of entries that were come by so far.
    arrays: Vec<Array>,
    /// Entries of the list that were gone over.
    gone_over: u64,
    /// Behind damage: what is left, found by looking everywhere.
    found: Option<VecDeque<(u64, u64)>>,
    /// Sequence number of the last entry that was gone over.
    number: u64,
    lost: u64,
    values: Values,
    items: Vec<u64>,
    entry: Entry,
}

/// A part of the list of entries.
#[derive(Debug, Clone, Copy)]
struct Array {
    offset: u64,
    /// Entries before it.
    before: u64,
    entries: u64,
}

impl Growing {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be opened, or has no header (yet).
    pub(in crate::input) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: super::open(path)?,
            arrays: Vec::new(),
            gone_over: 0,
            found: None,
            number: 0,
            lost: 0,
            values: Values::default(),
            items: Vec::new(),
            entry: Entry::default(),
        })
    }

    /// Looks again how far the file goes, and goes behind the entry with number `after`. `files` are read at the same time.
    ///
    /// # Errors
    /// It cannot be read.
    pub(in crate::input) fn begin(&mut self, after: Option<u64>, files: usize) -> io::Result<()> {
        self.file.refresh()?;
        self.file.share_pages(files);
        let after = after.unwrap_or(0);
        if self.number != after || after == 0 {
            self.number = after;
            self.gone_over = self.position(after);
        }
        Ok(())
    }

    /// What the header says as of the last [`begin`](Self::begin).
    pub(in crate::input) fn head(&self) -> Head {
        Head::of(&self.file)
    }

    /// Goes to the next record of interest; `false` behind the last one.
    pub(in crate::input) fn advance(&mut self, interest: &Interest) -> bool {
        while let Some(offset) = self.next_offset() {
            match self.take(offset, interest) {
                Some(true) => return true,
                Some(false) => {}
                None => self.lost += 1,
            }
        }
        self.values.forget();
        false
    }

    /// The record it is at, and its sequence number.
    pub(in crate::input) fn record(&self) -> (Record<'_>, u64) {
        (self.entry.record(), self.number)
    }

    /// Number of the last entry that was gone over; 0 before the first.
    pub(in crate::input) fn number(&self) -> u64 {
        self.number
    }

    /// Entries that could not be read since it was asked last.
    pub(in crate::input) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// How many entries have a number from `first` to `last`.
    pub(in crate::input) fn count(&mut self, first: u64, last: u64) -> u64 {
        let (below, up_to) = (self.position(first.saturating_sub(1)), self.position(last));
        up_to.saturating_sub(below)
    }

    fn next_offset(&mut self) -> Option<u64> {
        if self.found.is_none() && self.gone_over < self.file.header.entries {
            if let Some(offset) = self.offset(self.gone_over) {
                self.gone_over += 1;
                return Some(offset);
            }
            self.look_everywhere();
        }
        let Some((number, offset)) = self.found.as_mut()?.pop_front() else {
            self.found = None;
            return None;
        };
        self.number = self.number.max(number);
        Some(offset)
    }

    /// The list cannot be read any further.
    fn look_everywhere(&mut self) {
        let missing = self.file.header.entries - self.gone_over;
        let number = self.number;
        let found: VecDeque<_> =
            salvage::entries(&mut self.file).into_iter().filter(|(found, _)| *found > number).collect();
        self.lost += missing.saturating_sub(found.len() as u64).min(self.file.length / 64);
        self.gone_over = self.file.header.entries;
        self.found = Some(found);
    }

    /// Where the entry with this index in the list is, if something there can be one.
    fn offset(&mut self, index: u64) -> Option<u64> {
        let array = self.array(index)?;
        let width = self.file.header.array_item_bytes();
        let at = array.offset + 24 + (index - array.before) * width;
        let mut bytes = [0; 8];
        let offset =
            self.file.copy(at, &mut bytes[..usize::try_from(width).ok()?]).then(|| u64::from_le_bytes(bytes))?;
        self.file.object(offset).filter(|object| object.kind == Kind::Entry).map(|_| offset)
    }

    /// The array that holds an index. Each array leads to the next one, which stands behind it in the file.
    fn array(&mut self, index: u64) -> Option<Array> {
        loop {
            let (next, before, behind) = match self.arrays.last() {
                Some(last) if index < last.before + last.entries => {
                    let at = self.arrays.partition_point(|array| array.before <= index).checked_sub(1)?;
                    return self.arrays.get(at).copied();
                }
                Some(last) => (self.file.u64_at(last.offset + 16)?, last.before + last.entries, last.offset),
                None => (self.file.header.entry_array, 0, 0),
            };
            let object = self.file.object(next).filter(|object| object.kind == Kind::EntryArray && next > behind)?;
            let entries = (object.size - 24) / self.file.header.array_item_bytes();
            self.arrays.push(Array { offset: next, before, entries: Some(entries).filter(|entries| *entries > 0)? });
        }
    }

    fn number_at(&mut self, index: u64) -> Option<u64> {
        let offset = self.offset(index)?;
        let object = self.file.object(offset)?;
        self.file.entry_head(&object).map(|head| head.seqnum)
    }

    /// How many entries have a number up to `number`: they are in order. What cannot be read counts as behind it.
    fn position(&mut self, number: u64) -> u64 {
        if number == 0 {
            return 0;
        }
        let (mut low, mut high) = (0, self.file.header.entries);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.number_at(middle) {
                Some(found) if found <= number => low = middle + 1,
                Some(_) | None => high = middle,
            }
        }
        low
    }

    /// Reads an entry if it is of interest; says whether it is, `None` if it cannot be read.
    fn take(&mut self, offset: u64, interest: &Interest) -> Option<bool> {
        let object = self.file.object(offset)?;
        let head = self.file.entry_head(&object)?;
        self.number = head.seqnum;
        self.items_of(&object);
        let items = std::mem::take(&mut self.items);
        let is_chosen = match interest {
            Interest::Programs(_) => {
                items.iter().any(|&item| self.values.get(&mut self.file, item, interest).is_some_and(Value::is_chosen))
            }
            Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => true,
        };
        if !is_chosen {
            self.items = items;
            return Some(false);
        }
        let entry = &mut self.entry;
        entry.clear();
        entry.begin(head.seqnum);
        entry.set(b"__CURSOR", head.cursor(self.file.header.seqnum_id).as_bytes());
        entry.set(b"__REALTIME_TIMESTAMP", head.realtime.to_string().as_bytes());
        let mut is_whole = true;
        for &item in &items {
            let text = match self.values.get(&mut self.file, item, interest) {
                Some(Value::Needed { text, .. }) => Some(Rc::clone(text)),
                Some(Value::Later) => whole(&mut self.file, item).map(Into::into),
                Some(Value::Other { .. }) => continue,
                None => None,
            };
            match text.as_ref().and_then(|text| memchr::memchr(b'=', text).map(|end| (text, end))) {
                Some((text, end)) => {
                    entry.set(&text[..end], &text[end + 1..]);
                }
                None => is_whole = false,
            }
        }
        self.items = items;
        if !is_whole && entry.value(Field::Message).is_none() {
            return None;
        }
        let is_programs = matches!(interest, Interest::Programs(_));
        Some(is_programs || entry.is_of(interest))
    }

    fn items_of(&mut self, entry: &Object) {
        debug_assert!(entry.size >= ENTRY_HEAD_BYTES);
        self.file.items_into(entry, &mut self.items);
    }
}

/// What is known of a field's value.
#[derive(Debug, Clone)]
enum Value {
    /// No record needs it.
    Other { is_chosen: bool },
    /// `NAME=value` of a field that records need.
    Needed { text: Rc<[u8]>, is_chosen: bool },
    /// Hardly two entries share it: it is read if the entry is of interest.
    Later,
}

impl Value {
    fn is_chosen(&self) -> bool {
        match self {
            Self::Other { is_chosen } | Self::Needed { is_chosen, .. } => *is_chosen,
            Self::Later => false,
        }
    }
}

/// What was seen last, by its place in the file: most entries share most of their fields, and a value is never written anew.
#[derive(Debug, Default)]
struct Values {
    known: HashMap<u64, Option<Value>>,
    bytes: usize,
}

const VALUE_BYTES_KEPT: usize = 1024 * 1024;

impl Values {
    fn get(&mut self, file: &mut JournalFile, offset: u64, interest: &Interest) -> Option<&Value> {
        if self.bytes > VALUE_BYTES_KEPT {
            self.known.clear();
            self.bytes = 0;
        }
        let bytes = &mut self.bytes;
        let value = self.known.entry(offset).or_insert_with(|| {
            let value = value(file, offset, interest);
            *bytes += 64;
            if let Some(Value::Needed { text, .. }) = &value {
                *bytes += text.len();
            }
            value
        });
        value.as_ref()
    }

    /// Of a value that could not be read, as it was being written.
    fn forget(&mut self) {
        self.known.retain(|_, value| value.is_some());
    }
}

fn value(file: &mut JournalFile, offset: u64, interest: &Interest) -> Option<Value> {
    let object = file.object(offset).filter(|object| object.kind == Kind::Data)?;
    let is_asked_for = |name: &[u8]| match interest {
        Interest::Programs(programs) => programs.fields.iter().any(|field| field.as_bytes() == name),
        Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => false,
    };
    if object.flags == 0 {
        // The name is enough to pass over the many fields that nobody needs.
        let mut head = [0; NAME_BYTES_MAX + 1];
        let start = file.header.data_head_bytes();
        let length = usize::try_from(object.size - start).map_or(head.len(), |length| length.min(head.len()));
        if !file.copy(offset + start, &mut head[..length]) {
            return None;
        }
        let name = &head[..memchr::memchr(b'=', &head[..length])?];
        match Field::named(name) {
            _ if !is_name(name) => return None,
            None if !is_asked_for(name) => return Some(Value::Other { is_chosen: false }),
            Some(Field::Message | Field::Written) => return Some(Value::Later),
            Some(_) | None => {}
        }
    }
    let text = whole(file, offset)?;
    let end = memchr::memchr(b'=', &text)?;
    let (name, value) = (&text[..end], &text[end + 1..]);
    if !is_name(name) {
        return None;
    }
    let is_chosen = is_asked_for(name) && interest.is_in(value);
    Some(match Field::named(name) {
        Some(Field::Message | Field::Written) => Value::Later,
        Some(_) => Value::Needed { text: text.into(), is_chosen },
        None => Value::Other { is_chosen },
    })
}

/// `NAME=value`.
fn whole(file: &mut JournalFile, offset: u64) -> Option<Vec<u8>> {
    let object = file.object(offset).filter(|object| object.kind == Kind::Data)?;
    data::payload(file, &object, MAX_LINE_BYTES + NAME_BYTES_MAX + 1)
}
