//! A journal file, looked at here and there: objects are found by their offsets, and the pages that were read last are kept.

use super::object::{
    ENTRY_HEAD_BYTES, EntryHead, HEADER_BYTES_MIN, Header, ITEMS_MAX, Kind, OBJECT_HEADER_BYTES, Object,
    can_hold_object, u32_at, u64_at,
};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

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

    /// Reads what stands at `offset` without keeping it; `false` if the file ends before, or cannot be read there.
    pub(super) fn read_at(&self, offset: u64, into: &mut [u8]) -> bool {
        self.file.read_exact_at(into, offset).is_ok()
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
        Object::parse(&head, offset, self.length, &self.header)
    }

    /// Whether an offset found in the file can be an object's.
    pub(super) fn can_hold_object(&self, offset: u64) -> bool {
        can_hold_object(offset, self.length)
    }

    /// An entry's own numbers, if they can be true.
    pub(super) fn entry_head(&mut self, object: &Object) -> Option<EntryHead> {
        if object.kind != Kind::Entry {
            return None;
        }
        let bytes: [u8; ENTRY_HEAD_BYTES as usize] = self.bytes_at(object.offset)?;
        EntryHead::parse(&bytes, object.size, &self.header)
    }

    /// The offsets of an entry's data objects.
    pub(super) fn items(&mut self, entry: &Object) -> Vec<u64> {
        let mut items = Vec::new();
        self.items_into(entry, &mut items);
        items
    }

    /// As [`items`](Self::items), in place of what `items` holds.
    pub(super) fn items_into(&mut self, entry: &Object, items: &mut Vec<u64>) {
        items.clear();
        let step = usize::try_from(self.header.item_bytes()).unwrap_or(16);
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
