//! Files that are as journald writes them, read by ourselves: where the entries of interest stand is known, and what is new in an
//! entry stands right before it, so that one look at the file gives both. What many entries share is kept.

use super::super::Interest;
use super::super::entry::{Entry, Field, NAME_BYTES_MAX};
use super::choice::{Place, first_half, items};
use super::data;
use super::file::JournalFile;
use super::object::{EntryHead, Kind, OBJECT_HEADER_BYTES, Object, u64_at};
use super::values::{Value, Values};
use super::window::{WINDOW_BYTES, Window};
use super::{Cursor, Reader};

/// Gives all entries of interest; `false` if one of them cannot be read as it was written. What was given before has been passed on.
pub(super) fn read(file: &mut JournalFile, places: &[Place], reader: &mut Reader<'_>) -> bool {
    let mut sight = Sight { file, window: Window::default(), beside: Vec::new() };
    let mut values = Values::default();
    let mut cursors = Cursors::of(sight.file.header.seqnum_id);
    let mut entry = Entry::default();
    let mut items = Vec::new();
    for at in 0..places.len() {
        let Some(head) = sight.entry(&places[at..], &mut items) else { return false };
        let id = (sight.file.header.seqnum_id, head.seqnum, head.xor_hash);
        if !(reader.have_doubles && reader.is_double(Some(&Cursor { id, stored: None }))) {
            entry.clear();
            entry.begin(head.seqnum);
            entry.set(b"__CURSOR", cursors.cursor(&head));
            entry.set(b"__REALTIME_TIMESTAMP", cursors.decimal(head.realtime));
            if !items.iter().all(|&item| sight.take(item, &mut values, &mut entry)) {
                return false;
            }
            reader.give(&entry);
        }
        reader.given = Some(head.seqnum);
    }
    true
}

impl Reader<'_> {
    fn give(&mut self, entry: &Entry) {
        match self.interest {
            // What is of interest was chosen by its values.
            Interest::Programs(_) => {
                let record = entry.record();
                self.summary.examine_entry(record.raw);
                (self.each)(&record);
            }
            Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => {
                entry.deliver(self.interest, self.summary, self.each);
            }
        }
    }
}

/// What is seen of a file.
struct Sight<'f> {
    file: &'f mut JournalFile,
    /// Where entries and what is new in them stand.
    window: Window,
    /// A value that stands elsewhere.
    beside: Vec<u8>,
}

/// What is new in an entry takes no more, as a rule.
const BEFORE_BYTES: u64 = 4096;
/// Most entries and values are shorter.
const SHORT_BYTES: u64 = 1024;
/// Entries that stand closer together than this are read at once.
const APART_BYTES_MAX: u64 = 8192;
/// What is unpacked to more is left to libsystemd.
const VALUE_BYTES_MAX: usize = 64 * 1024 * 1024;

fn offset_of(place: Place) -> u64 {
    u64::from(place) * 8
}

impl Sight<'_> {
    /// The head of the first of these entries; its items are put into `items`.
    fn entry(&mut self, places: &[Place], into: &mut Vec<u64>) -> Option<EntryHead> {
        let offset = offset_of(*places.first()?);
        if self.object(offset).is_none() {
            let from = offset.saturating_sub(BEFORE_BYTES);
            let ahead = places.iter().map(|&place| offset_of(place)).take_while(|at| at - from < WINDOW_BYTES as u64);
            let to = ahead.fold(offset, |to, at| if at - to < APART_BYTES_MAX { at } else { to }) + SHORT_BYTES;
            self.window.load(self.file, from, usize::try_from(to - from).ok()?)?;
        }
        if self.object(offset).is_none() {
            // A long one.
            self.window.load(self.file, offset.saturating_sub(BEFORE_BYTES), WINDOW_BYTES)?;
        }
        let header = &self.file.header;
        let (object, bytes) = self.object(offset).filter(|(object, _)| object.kind == Kind::Entry)?;
        let items = items(header, &object, bytes);
        into.clear();
        if header.is_compact() {
            into.extend(items.as_chunks().0.iter().map(|item| u64::from(u32::from_le_bytes(*item))));
        } else {
            into.extend(items.as_chunks().0.iter().map(first_half));
        }
        EntryHead::parse(bytes.first_chunk()?, object.size, header)
    }

    /// An object that is in sight as a whole.
    fn object(&self, offset: u64) -> Option<(Object, &[u8])> {
        let bytes = self.window.held(offset)?;
        whole(self.file, offset, bytes)
    }

    /// Adds a field to an entry, if a record needs it; `false` if it cannot be read.
    fn take(&mut self, offset: u64, values: &mut Values, entry: &mut Entry) -> bool {
        match values.get(offset) {
            Some(Value::Other) => return true,
            Some(Value::Needed { field, name_bytes, text }) => {
                entry.keep_text(*field, *name_bytes, text);
                return true;
            }
            None => {}
        }
        if let Some((object, bytes)) = self.object(offset) {
            if object.flags == 0 {
                return keep(self.file, &object, bytes, values, entry);
            }
        } else {
            let length = self.file.length.saturating_sub(offset).min(SHORT_BYTES);
            self.beside.resize(usize::try_from(length).unwrap_or_default(), 0);
            if !self.file.read_at(offset, &mut self.beside) {
                return false;
            }
            if let Some((object, bytes)) = whole(self.file, offset, &self.beside)
                && object.flags == 0
            {
                return keep(self.file, &object, bytes, values, entry);
            }
        }
        // A long one, or one that is packed.
        let object = self.file.object(offset).filter(|object| object.kind == Kind::Data);
        let text = object.and_then(|object| data::payload(self.file, &object, VALUE_BYTES_MAX));
        let text = text.filter(|text| text.len() < VALUE_BYTES_MAX);
        text.is_some_and(|text| keep_text(offset, &text, true, values, entry))
    }
}

/// Adds what stands in a data object to an entry; `false` if it is none.
fn keep(file: &JournalFile, object: &Object, bytes: &[u8], values: &mut Values, entry: &mut Entry) -> bool {
    let start = usize::try_from(file.header.data_head_bytes()).unwrap_or_default();
    // One entry alone has it: it is not met again.
    let is_shared = u64_at(bytes, 56) != 1;
    object.kind == Kind::Data && keep_text(object.offset, &bytes[start..], is_shared, values, entry)
}

/// The object whose bytes these are, if all of it is there, and nothing behind it.
fn whole<'b>(file: &JournalFile, offset: u64, bytes: &'b [u8]) -> Option<(Object, &'b [u8])> {
    let head = bytes.first_chunk::<{ OBJECT_HEADER_BYTES as usize }>()?;
    let object = Object::parse(head, offset, file.length, &file.header)?;
    let size = usize::try_from(object.size).ok()?;
    bytes.get(..size).map(|bytes| (object, bytes))
}

/// Adds `NAME=value` to an entry, and to what is known of values if it may be met again; `false` if it is no such text.
fn keep_text(offset: u64, text: &[u8], is_shared: bool, values: &mut Values, entry: &mut Entry) -> bool {
    let Some(name_bytes) = memchr::memchr(b'=', &text[..text.len().min(NAME_BYTES_MAX + 1)]) else { return false };
    let field = Field::named(&text[..name_bytes]);
    if let Some(field) = field {
        entry.keep_text(field, name_bytes, text);
    }
    if is_shared {
        values.add(offset, field.map(|field| (field, name_bytes, text)));
    }
    true
}

/// Writes cursors as journald does, and the parts that stay the same once.
struct Cursors {
    /// `s=…;i=`, and then the cursor.
    text: Vec<u8>,
    journal_bytes: usize,
    boot: u128,
    /// `;b=…;m=`
    boot_text: String,
    digits: Vec<u8>,
}

impl Cursors {
    fn of(seqnum_id: u128) -> Self {
        let text = format!("s={seqnum_id:032x};i=").into_bytes();
        let journal_bytes = text.len();
        Self { text, journal_bytes, boot: 0, boot_text: boot_text(0), digits: Vec::new() }
    }

    fn cursor(&mut self, head: &EntryHead) -> &[u8] {
        if self.boot != head.boot_id {
            self.boot = head.boot_id;
            self.boot_text = boot_text(head.boot_id);
        }
        self.text.truncate(self.journal_bytes);
        push_hexadecimal(head.seqnum, &mut self.text);
        self.text.extend_from_slice(self.boot_text.as_bytes());
        push_hexadecimal(head.monotonic, &mut self.text);
        self.text.extend_from_slice(b";t=");
        push_hexadecimal(head.realtime, &mut self.text);
        self.text.extend_from_slice(b";x=");
        push_hexadecimal(head.xor_hash, &mut self.text);
        &self.text
    }

    fn decimal(&mut self, number: u64) -> &[u8] {
        use std::io::Write;
        self.digits.clear();
        write!(self.digits, "{number}").expect("a vector takes all");
        &self.digits
    }
}

fn boot_text(boot: u128) -> String {
    format!(";b={boot:032x};m=")
}

fn push_hexadecimal(number: u64, into: &mut Vec<u8>) {
    let mut digits = [0; 16];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
    }
    let zeros = usize::try_from(number.leading_zeros() / 4).unwrap_or_default();
    into.extend_from_slice(&digits[zeros.min(15)..]);
}

#[cfg(test)]
mod tests {
    use super::{Cursors, EntryHead};

    #[test]
    fn cursors_are_written_as_journald_writes_them() {
        let mut cursors = Cursors::of(0xb3b6 << 100 | 7);
        for boot_id in [1, 1, u128::MAX, 0] {
            for number in [0, 1, 15, 16, 0x6_60e8_2056_5702, u64::MAX] {
                let head = EntryHead { seqnum: number, realtime: number, monotonic: number, boot_id, xor_hash: number };
                assert_eq!(cursors.cursor(&head), head.cursor(0xb3b6 << 100 | 7).as_bytes());
            }
        }
    }
}
