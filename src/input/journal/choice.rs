//! Which entries of a file are of interest: worked out while the file is looked through, so that it need not be looked through again.
//!
//! A value stands once in a file, however many entries have it, so that an entry is of interest if it leads to the place of a value that
//! is. The index that journald keeps says the same in other words; where the two do not agree, or something is out of the
//! ordinary, the choice is left to libsystemd.

use super::super::Interest;
use super::object::{ENTRY_HEAD_BYTES, EntryHead, Header, ITEMS_MAX, Object, u64_at};
use super::siphash::siphash24;

/// Entries of interest in one file: 4 bytes each.
const ENTRIES_MAX: usize = 1024 * 1024;
/// Values of interest in one file.
const VALUES_MAX: usize = 64 * 1024;
/// Longer values of an identifier or a unit's name are not hashed.
pub(super) const VALUE_BYTES_MAX: usize = 64 * 1024;
/// libsystemd believes no time since boot beyond.
const MONOTONIC_MAX: u64 = 1 << 55;
/// Flags of files of which all is known: how values are compressed and hashed, and that it is compact.
const FLAGS_KNOWN: u32 = 0b1_1111;

/// Where an entry stands: a multiple of 8, divided by it.
pub(super) type Place = u32;

/// The entries of interest, as far as the file was looked through.
pub(super) struct Choice<'i> {
    interest: &'i Interest,
    /// Empty where all entries are of interest.
    fields: Vec<Asked>,
    values: Vec<Value>,
    filter: Filter,
    entries: Vec<Place>,
    seqnum: u64,
    is_plain: bool,
}

/// A field in whose values the interest is searched for.
struct Asked {
    /// `NAME=`
    name: Vec<u8>,
    /// Its last value so far. Each value leads to the one before it, and the field to the last one.
    last: u64,
    /// Where the field leads.
    head: Option<u64>,
}

impl Asked {
    /// Whether a data object's payload is a value of it. Most are not, as their third byte tells.
    #[inline]
    fn is_named_in(&self, payload: &[u8]) -> bool {
        payload.get(2) == self.name.get(2) && payload.starts_with(&self.name)
    }
}

/// A value of interest.
struct Value {
    offset: u64,
    /// How many entries have it: by the index, and found so far.
    promised: u64,
    found: u64,
}

impl<'i> Choice<'i> {
    pub(super) fn new(interest: &'i Interest, header: &Header) -> Self {
        let fields = match interest {
            Interest::Programs(programs) => programs.fields,
            Interest::All | Interest::AllKnowing(_) | Interest::Matching(_) => &[],
        };
        // Programs that no field can name.
        let is_of_none = matches!(interest, Interest::Programs(_)) && fields.is_empty();
        let asked = |field: &&str| Asked { name: format!("{field}=").into_bytes(), last: 0, head: None };
        Self {
            interest,
            fields: fields.iter().map(asked).collect(),
            values: Vec::new(),
            filter: Filter::default(),
            entries: Vec::new(),
            seqnum: 0,
            is_plain: header.incompatible_flags & !FLAGS_KNOWN == 0 && !is_of_none,
        }
    }

    /// Takes the next data object; `bytes` begin with it.
    pub(super) fn data(&mut self, header: &Header, object: &Object, bytes: &[u8]) {
        let (entry, promised) = (u64_at(bytes, 40), u64_at(bytes, 56));
        self.is_plain &= (entry == 0) == (promised == 0);
        let start = usize::try_from(header.data_head_bytes()).unwrap_or_default();
        let Some(payload) = bytes.get(start..) else { return };
        if !self.is_plain || object.flags != 0 {
            return;
        }
        let Some(field) = self.fields.iter_mut().find(|field| field.is_named_in(payload)) else { return };
        let text = usize::try_from(object.size).ok().and_then(|size| bytes.get(start..size));
        let Some(text) = text.filter(|text| text.len() < VALUE_BYTES_MAX) else {
            self.is_plain = false;
            return;
        };
        let is_garbled = header.is_keyed() && u64_at(bytes, 16) != siphash24(&header.file_id, text);
        if is_garbled || u64_at(bytes, 32) != field.last {
            self.is_plain = false;
            return;
        }
        field.last = object.offset;
        if self.interest.is_in(&text[field.name.len()..]) {
            self.is_plain &= self.values.len() < VALUES_MAX;
            self.filter.add(object.offset);
            self.values.push(Value { offset: object.offset, promised, found: 0 });
        }
    }

    /// Takes the next field object.
    pub(super) fn field(&mut self, object: &Object, bytes: &[u8]) {
        let name = usize::try_from(object.size).ok().and_then(|size| bytes.get(40..size)).unwrap_or_default();
        let Some(field) = self.fields.iter_mut().find(|field| field.name.strip_suffix(b"=") == Some(name)) else {
            return;
        };
        self.is_plain &= field.head.is_none();
        field.head = Some(u64_at(bytes, 32));
    }

    /// Takes the next entry.
    pub(super) fn entry(&mut self, header: &Header, object: &Object, bytes: &[u8]) {
        if !self.is_plain {
            return;
        }
        let head = bytes.first_chunk().and_then(|head| EntryHead::parse(head, object.size, header));
        let items = items(header, object, bytes);
        let Some(head) = head.filter(|_| items.len() as u64 == object.size - ENTRY_HEAD_BYTES) else {
            self.is_plain = false;
            return;
        };
        self.is_plain &= head.seqnum > self.seqnum && head.monotonic < MONOTONIC_MAX && head.boot_id != 0;
        self.seqnum = head.seqnum;
        let mut is_chosen = self.fields.is_empty();
        if header.is_compact() {
            items.as_chunks().0.iter().for_each(|item| is_chosen |= self.leads_to(u32::from_le_bytes(*item).into()));
        } else {
            items.as_chunks::<16>().0.iter().for_each(|item| is_chosen |= self.leads_to(first_half(item)));
        }
        if is_chosen {
            match Place::try_from(object.offset / 8) {
                Ok(place) if self.entries.len() < ENTRIES_MAX => self.entries.push(place),
                Ok(_) | Err(_) => self.is_plain = false,
            }
        }
    }

    /// Whether a value of interest stands at `offset`; it is counted.
    #[inline]
    fn leads_to(&mut self, offset: u64) -> bool {
        if !self.filter.may_have(offset) {
            return false;
        }
        let at = self.values.binary_search_by_key(&offset, |value| value.offset);
        if let Ok(at) = at {
            self.values[at].found += 1;
        }
        at.is_ok()
    }

    /// The entries of interest, if the index says the same.
    pub(super) fn made(self) -> Option<Vec<Place>> {
        let fields_agree = self.fields.iter().all(|field| field.head.unwrap_or_default() == field.last);
        let values_agree = self.values.iter().all(|value| value.promised == value.found);
        (self.is_plain && fields_agree && values_agree).then_some(self.entries)
    }
}

/// The bytes of an entry's items, of which no more are looked at than there can be.
pub(super) fn items<'b>(header: &Header, object: &Object, bytes: &'b [u8]) -> &'b [u8] {
    let all = object.size - ENTRY_HEAD_BYTES;
    let length = all.min(ITEMS_MAX as u64 * header.item_bytes());
    let end = usize::try_from(ENTRY_HEAD_BYTES + length).unwrap_or_default();
    bytes.get(ENTRY_HEAD_BYTES as usize..end).unwrap_or_default()
}

/// The offset in an item that has a hash behind it.
#[inline]
pub(super) fn first_half(item: &[u8; 16]) -> u64 {
    u128::from_le_bytes(*item) as u64
}

/// Bits by which most offsets are known not to be among some.
struct Filter(Box<[u64; 256]>);

impl Default for Filter {
    fn default() -> Self {
        Self(Box::new([0; 256]))
    }
}

impl Filter {
    fn add(&mut self, offset: u64) {
        let (word, bit) = Self::place(offset);
        self.0[word] |= 1 << bit;
    }

    #[inline]
    fn may_have(&self, offset: u64) -> bool {
        let (word, bit) = Self::place(offset);
        self.0[word] >> bit & 1 == 1
    }

    #[inline]
    fn place(offset: u64) -> (usize, u32) {
        let mixed = offset.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed >> 56) as usize, (mixed >> 50 & 63) as u32)
    }
}
