//! What stands in a journal file, by the documented format (<https://systemd.io/JOURNAL_FILE_FORMAT>): a header, then objects of
//! several types, each at a multiple of 8 bytes. Nothing in it is believed before it has been looked at.

/// What stands at the beginning of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) incompatible_flags: u32,
    /// Whether journald has it open, or had when the machine went down.
    pub(super) is_online: bool,
    /// Whether it was rotated away: nothing will be written to it any more.
    pub(super) is_archived: bool,
    pub(super) file_id: [u8; 16],
    pub(super) seqnum_id: u128,
    /// Length of the header: where objects begin.
    pub(super) size: u64,
    /// Length of what is behind it.
    pub(super) arena: u64,
    pub(super) tail_object: u64,
    pub(super) objects: u64,
    pub(super) entries: u64,
    /// Sequence numbers of the last and the first entry.
    pub(super) tail_seqnum: u64,
    pub(super) head_seqnum: u64,
    /// Where the list of all entries begins.
    pub(super) entry_array: u64,
    pub(super) head_realtime: u64,
    pub(super) tail_realtime: u64,
}

const KEYED_HASH: u32 = 4;
const COMPACT: u32 = 16;

/// The header of the oldest files; newer ones are longer.
pub(super) const HEADER_BYTES_MIN: u64 = 208;
const HEADER_BYTES_MAX: u64 = 4096;

impl Header {
    pub(super) fn new(bytes: &[u8; HEADER_BYTES_MIN as usize]) -> Self {
        Self {
            incompatible_flags: u32_at(bytes, 12),
            is_online: bytes[16] == 1,
            is_archived: bytes[16] == 2,
            file_id: id_at(bytes, 24),
            seqnum_id: u128::from_be_bytes(id_at(bytes, 72)),
            size: u64_at(bytes, 88),
            arena: u64_at(bytes, 96),
            tail_object: u64_at(bytes, 136),
            objects: u64_at(bytes, 144),
            entries: u64_at(bytes, 152),
            tail_seqnum: u64_at(bytes, 160),
            head_seqnum: u64_at(bytes, 168),
            entry_array: u64_at(bytes, 176),
            head_realtime: u64_at(bytes, 184),
            tail_realtime: u64_at(bytes, 192),
        }
    }

    /// Offsets in entries and arrays have 4 bytes instead of 8 (systemd 252 and later).
    pub(super) fn is_compact(&self) -> bool {
        self.incompatible_flags & COMPACT != 0
    }

    /// Values are hashed by SipHash under the file's id (systemd 246 and later).
    pub(super) fn is_keyed(&self) -> bool {
        self.incompatible_flags & KEYED_HASH != 0
    }

    pub(super) fn size_is_believable(&self) -> bool {
        (HEADER_BYTES_MIN..=HEADER_BYTES_MAX).contains(&self.size) && self.size.is_multiple_of(8)
    }

    /// What stands before a data object's payload.
    pub(super) fn data_head_bytes(&self) -> u64 {
        if self.is_compact() { 72 } else { 64 }
    }

    /// One field in an entry.
    pub(super) fn item_bytes(&self) -> u64 {
        if self.is_compact() { 4 } else { 16 }
    }

    /// One entry in an array of entries.
    pub(super) fn array_item_bytes(&self) -> u64 {
        if self.is_compact() { 4 } else { 8 }
    }

    fn size_min(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Data => self.data_head_bytes() + 2,
            Kind::Field => 41,
            Kind::Entry => ENTRY_HEAD_BYTES + self.item_bytes(),
            Kind::HashTable => OBJECT_HEADER_BYTES + 16,
            Kind::EntryArray => ARRAY_HEAD_BYTES + self.array_item_bytes(),
            Kind::Tag => 64,
        }
    }
}

/// The types of objects, by their number in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Field,
    Entry,
    HashTable,
    EntryArray,
    Tag,
}

/// Where an object is and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) offset: u64,
    pub(super) size: u64,
}

impl Object {
    /// What its first bytes say of the object at `offset` in a file of this length, if there can be one.
    pub(super) fn parse(
        head: &[u8; OBJECT_HEADER_BYTES as usize],
        offset: u64,
        length: u64,
        header: &Header,
    ) -> Option<Self> {
        if !can_hold_object(offset, length) {
            return None;
        }
        let kind = match head[0] {
            1 => Kind::Data,
            2 => Kind::Field,
            3 => Kind::Entry,
            4 | 5 => Kind::HashTable,
            6 => Kind::EntryArray,
            7 => Kind::Tag,
            _ => return None,
        };
        let size = u64_at(head, 8);
        let is_flagged_well = head[1] == 0 || (kind == Kind::Data && matches!(head[1], 1 | 2 | 4));
        let fits = size >= header.size_min(kind) && size <= length - offset;
        let is_reserved_empty = head[2..8] == [0; 6];
        (fits && is_flagged_well && is_reserved_empty).then_some(Self { kind, flags: head[1], offset, size })
    }

    /// Where the next object begins.
    pub(super) fn end(&self) -> u64 {
        (self.offset + self.size).next_multiple_of(8)
    }
}

/// Type, flags, size.
pub(super) const OBJECT_HEADER_BYTES: u64 = 16;

/// Whether an offset found in a file of this length can be an object's.
#[inline]
pub(super) fn can_hold_object(offset: u64, length: u64) -> bool {
    (offset >= HEADER_BYTES_MIN) & offset.is_multiple_of(8) & (offset < length)
}

/// What stands before the entries of an array.
pub(super) const ARRAY_HEAD_BYTES: u64 = 24;

/// What stands before an entry's items.
pub(super) const ENTRY_HEAD_BYTES: u64 = 64;

/// An entry's fields: journald takes 1024 and adds some of its own.
pub(super) const ITEMS_MAX: usize = 4096;

/// What an entry says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryHead {
    pub(super) seqnum: u64,
    pub(super) realtime: u64,
    pub(super) monotonic: u64,
    pub(super) boot_id: u128,
    pub(super) xor_hash: u64,
}

impl EntryHead {
    /// An entry's own numbers, if they can be true.
    pub(super) fn parse(bytes: &[u8; ENTRY_HEAD_BYTES as usize], size: u64, header: &Header) -> Option<Self> {
        let head = Self {
            seqnum: u64_at(bytes, 16),
            realtime: u64_at(bytes, 24),
            monotonic: u64_at(bytes, 32),
            boot_id: u128::from_be_bytes(id_at(bytes, 40)),
            xor_hash: u64_at(bytes, 56),
        };
        let is_whole = (size - ENTRY_HEAD_BYTES).is_multiple_of(header.item_bytes());
        let is_believable = (1..1 << 48).contains(&head.seqnum) && (1..REALTIME_MAX).contains(&head.realtime);
        (is_whole && is_believable).then_some(head)
    }

    /// The cursor, as journald writes it.
    pub(super) fn cursor(&self, seqnum_id: u128) -> String {
        let Self { seqnum, realtime, monotonic, boot_id, xor_hash } = self;
        format!("s={seqnum_id:032x};i={seqnum:x};b={boot_id:032x};m={monotonic:x};t={realtime:x};x={xor_hash:x}")
    }
}

/// The year 2200: no entry is younger.
const REALTIME_MAX: u64 = 7_258_118_400_000_000;

#[inline]
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|part| part.first_chunk()).map_or(0, |part| u64::from_le_bytes(*part))
}

#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|part| part.first_chunk()).map_or(0, |part| u32::from_le_bytes(*part))
}

fn id_at(bytes: &[u8], at: usize) -> [u8; 16] {
    bytes.get(at..at + 16).and_then(|part| part.try_into().ok()).unwrap_or_default()
}
