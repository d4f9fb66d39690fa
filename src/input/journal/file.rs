//! The documented format of a journal file (<https://systemd.io/JOURNAL_FILE_FORMAT>): a header, then objects of several types,
//! each at a multiple of 8 bytes. Nothing in it is believed before it has been looked at.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

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
    fn new(bytes: &[u8; HEADER_BYTES_MIN as usize]) -> Self {
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

    fn size_is_believable(&self) -> bool {
        (HEADER_BYTES_MIN..=HEADER_BYTES_MAX).contains(&self.size) && self.size.is_multiple_of(8)
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
    /// Where the next object begins.
    pub(super) fn end(&self) -> u64 {
        (self.offset + self.size).next_multiple_of(8)
    }
}

/// Type, flags, size.
pub(super) const OBJECT_HEADER_BYTES: u64 = 16;

/// A file and the pages of it that were read last.
#[derive(Debug)]
pub(super) struct JournalFile {
    file: File,
    pub(super) length: u64,
    pub(super) header: Header,
    /// The page that was read last: most of what is looked at stands close together.
    page: Vec<u8>,
    page_number: u64,
    scratch: Vec<u8>,
    /// Those before it.
    pages: HashMap<u64, Vec<u8>>,
    order: VecDeque<u64>,
    pages_kept: usize,
    /// Room of a page that is kept no longer.
    spare: Vec<u8>,
}

const PAGE_BYTES: u64 = 64 * 1024;

/// 8 MiB.
const PAGES_KEPT: usize = 128;

impl JournalFile {
    /// Reads the header.
    ///
    /// # Errors
    /// The file cannot be read; `InvalidData` if there is no header.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut bytes = [0; HEADER_BYTES_MIN as usize];
        if length < HEADER_BYTES_MIN {
            return Err(io::ErrorKind::InvalidData.into());
        }
        file.read_exact_at(&mut bytes, 0)?;
        if !bytes.starts_with(super::super::sniff::JOURNAL_MAGIC) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self {
            file,
            length,
            header: Header::new(&bytes),
            page: Vec::new(),
            page_number: u64::MAX,
            scratch: Vec::new(),
            pages: HashMap::new(),
            order: VecDeque::new(),
            pages_kept: PAGES_KEPT,
            spare: Vec::new(),
        })
    }

    /// Looks again at a file that grows: what is read from now on is at least as new as the header.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        let mut bytes = [0; HEADER_BYTES_MIN as usize];
        self.file.read_exact_at(&mut bytes, 0)?;
        self.header = Header::new(&bytes);
        self.length = self.file.metadata()?.len();
        self.page_number = u64::MAX;
        self.pages.clear();
        self.order.clear();
        Ok(())
    }

    /// One of `files` that are read at the same time: the limit is that of all.
    pub(super) fn share_pages(&mut self, files: usize) {
        self.pages_kept = (PAGES_KEPT / files.max(1)).max(2);
    }

    /// Where objects begin, and whether the header says it believably.
    pub(super) fn first_object(&self) -> (u64, bool) {
        if self.header.size_is_believable() { (self.header.size, true) } else { (HEADER_BYTES_MIN, false) }
    }

    /// Copies what stands at `offset`; `false` if the file ends before, or cannot be read there.
    pub(super) fn copy(&mut self, offset: u64, into: &mut [u8]) -> bool {
        let mut done = 0;
        while done < into.len() {
            let at = offset + done as u64;
            let start = usize::try_from(at % PAGE_BYTES).unwrap_or_default();
            let Some(page) = self.page(at / PAGE_BYTES) else { return false };
            let Some(part) = page.get(start..).filter(|part| !part.is_empty()) else { return false };
            let count = part.len().min(into.len() - done);
            into[done..done + count].copy_from_slice(&part[..count]);
            done += count;
        }
        true
    }

    /// The next multiple of 8 from `offset` on where something else than 0 stands: a journal is mostly holes.
    pub(super) fn next_byte(&mut self, offset: u64) -> u64 {
        let mut at = offset;
        while at < self.length {
            let start = usize::try_from(at % PAGE_BYTES).unwrap_or_default();
            let number = at / PAGE_BYTES;
            if let Some(found) =
                self.page(number).and_then(|page| page.get(start..)?.iter().position(|&byte| byte != 0))
            {
                return at + (found as u64 & !7);
            }
            at = (number + 1) * PAGE_BYTES;
        }
        self.length
    }

    pub(super) fn u64_at(&mut self, offset: u64) -> Option<u64> {
        self.bytes_at(offset).map(u64::from_le_bytes)
    }

    /// A few bytes: most stand on the page that was read last.
    pub(super) fn bytes_at<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        if offset / PAGE_BYTES == self.page_number {
            let start = usize::try_from(offset % PAGE_BYTES).unwrap_or_default();
            if let Some(found) = self.page.get(start..start + N) {
                return found.try_into().ok();
            }
        }
        let mut bytes = [0; N];
        self.copy(offset, &mut bytes).then_some(bytes)
    }

    fn page(&mut self, number: u64) -> Option<&[u8]> {
        if number != self.page_number {
            let page = match self.pages.remove(&number) {
                Some(page) => page,
                None => self.read_page(number)?,
            };
            let last = std::mem::replace(&mut self.page, page);
            let last_number = std::mem::replace(&mut self.page_number, number);
            if last_number != u64::MAX {
                self.keep(last_number, last);
            }
        }
        Some(&self.page)
    }

    fn read_page(&mut self, number: u64) -> Option<Vec<u8>> {
        let start = number.checked_mul(PAGE_BYTES).filter(|start| *start < self.length)?;
        let mut page = std::mem::take(&mut self.spare);
        page.resize(usize::try_from((self.length - start).min(PAGE_BYTES)).ok()?, 0);
        self.file.read_exact_at(&mut page, start).ok()?;
        Some(page)
    }

    fn keep(&mut self, number: u64, page: Vec<u8>) {
        self.pages.insert(number, page);
        self.order.push_back(number);
        while self.pages.len() > self.pages_kept {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(page) = self.pages.remove(&oldest) {
                self.spare = page;
            }
        }
        if self.order.len() > 4 * PAGES_KEPT {
            // Pages that were taken out and put back stand here twice.
            self.order.retain({
                let pages = &self.pages;
                let mut seen = std::collections::HashSet::new();
                move |number| pages.contains_key(number) && seen.insert(*number)
            });
        }
    }

    /// The object at `offset`, if what stands there can be one.
    pub(super) fn object(&mut self, offset: u64) -> Option<Object> {
        if !self.can_hold_object(offset) {
            return None;
        }
        let head: [u8; OBJECT_HEADER_BYTES as usize] = self.bytes_at(offset)?;
        let kind = match head[0] {
            1 => Kind::Data,
            2 => Kind::Field,
            3 => Kind::Entry,
            4 | 5 => Kind::HashTable,
            6 => Kind::EntryArray,
            7 => Kind::Tag,
            _ => return None,
        };
        let size = u64_at(&head, 8);
        let is_flagged_well = head[1] == 0 || (kind == Kind::Data && matches!(head[1], 1 | 2 | 4));
        let fits = size >= self.size_min(kind) && size <= self.length - offset;
        let is_reserved_empty = head[2..8] == [0; 6];
        (fits && is_flagged_well && is_reserved_empty).then_some(Object { kind, flags: head[1], offset, size })
    }

    /// Whether an offset found in the file can be an object's.
    pub(super) fn can_hold_object(&self, offset: u64) -> bool {
        offset >= HEADER_BYTES_MIN && offset.is_multiple_of(8) && offset < self.length
    }

    fn size_min(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Data => self.data_head_bytes() + 2,
            Kind::Field => 41,
            Kind::Entry => ENTRY_HEAD_BYTES + self.item_bytes(),
            Kind::HashTable => OBJECT_HEADER_BYTES + 16,
            Kind::EntryArray => 24 + self.array_item_bytes(),
            Kind::Tag => 64,
        }
    }

    /// What stands before a data object's payload.
    pub(super) fn data_head_bytes(&self) -> u64 {
        if self.header.is_compact() { 72 } else { 64 }
    }

    /// One field in an entry.
    pub(super) fn item_bytes(&self) -> u64 {
        if self.header.is_compact() { 4 } else { 16 }
    }

    /// One entry in an array of entries.
    pub(super) fn array_item_bytes(&self) -> u64 {
        if self.header.is_compact() { 4 } else { 8 }
    }
}

const ITEMS_MAX: usize = 4096;

/// What stands before an entry's items.
pub(super) const ENTRY_HEAD_BYTES: u64 = 64;

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
    /// The cursor, as journald writes it.
    pub(super) fn cursor(&self, seqnum_id: u128) -> String {
        let Self { seqnum, realtime, monotonic, boot_id, xor_hash } = self;
        format!("s={seqnum_id:032x};i={seqnum:x};b={boot_id:032x};m={monotonic:x};t={realtime:x};x={xor_hash:x}")
    }
}

/// The year 2200: no entry is younger.
const REALTIME_MAX: u64 = 7_258_118_400_000_000;

impl JournalFile {
    /// An entry's own numbers, if they can be true.
    pub(super) fn entry_head(&mut self, object: &Object) -> Option<EntryHead> {
        if object.kind != Kind::Entry {
            return None;
        }
        let bytes: [u8; ENTRY_HEAD_BYTES as usize] = self.bytes_at(object.offset)?;
        let head = EntryHead {
            seqnum: u64_at(&bytes, 16),
            realtime: u64_at(&bytes, 24),
            monotonic: u64_at(&bytes, 32),
            boot_id: u128::from_be_bytes(id_at(&bytes, 40)),
            xor_hash: u64_at(&bytes, 56),
        };
        let is_whole = (object.size - ENTRY_HEAD_BYTES).is_multiple_of(self.item_bytes());
        let is_believable = (1..1 << 48).contains(&head.seqnum) && (1..REALTIME_MAX).contains(&head.realtime);
        (is_whole && is_believable).then_some(head)
    }

    /// The offsets of an entry's data objects: journald takes 1024 fields and adds some of its own.
    pub(super) fn items(&mut self, entry: &Object) -> Vec<u64> {
        let mut items = Vec::new();
        self.items_into(entry, &mut items);
        items
    }

    /// As [`items`](Self::items), in place of what `items` holds.
    pub(super) fn items_into(&mut self, entry: &Object, items: &mut Vec<u64>) {
        items.clear();
        let step = usize::try_from(self.item_bytes()).unwrap_or(16);
        let length = usize::try_from(entry.size - ENTRY_HEAD_BYTES)
            .map_or(ITEMS_MAX * step, |length| length.min(ITEMS_MAX * step));
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.resize(length, 0);
        if self.copy(entry.offset + ENTRY_HEAD_BYTES, &mut bytes) {
            let is_compact = self.header.is_compact();
            let at = |at: usize| if is_compact { u64::from(u32_at(&bytes, at)) } else { u64_at(&bytes, at) };
            items.extend((0..length / step).map(|index| at(index * step)));
        }
        self.scratch = bytes;
    }
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|part| part.try_into().ok()).map_or(0, u64::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn id_at(bytes: &[u8], at: usize) -> [u8; 16] {
    bytes.get(at..at + 16).and_then(|part| part.try_into().ok()).unwrap_or_default()
}
