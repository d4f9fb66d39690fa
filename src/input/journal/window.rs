//! A stretch of a journal file, read at once: what is gone through from begin to end needs no page twice.

use super::file::JournalFile;
use super::object::{OBJECT_HEADER_BYTES, Object};

/// What fits the second-level cache, so that what was copied is still there when it is looked at.
pub(super) const WINDOW_BYTES: usize = 256 * 1024;

/// A stretch of a file; empty at first.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    start: u64,
}

impl Window {
    /// What is held from `offset` on, at least `least` bytes of it; `None` if the file ends before, or cannot be read there. Where less
    /// is held, the window is moved to `offset`. At most [`WINDOW_BYTES`] may be asked for.
    pub(super) fn from(&mut self, file: &JournalFile, offset: u64, least: usize) -> Option<&[u8]> {
        if self.held(offset).is_none_or(|held| held.len() < least) {
            self.load(file, offset, WINDOW_BYTES)?;
        }
        self.held(offset).filter(|held| held.len() >= least)
    }

    /// What is held from `offset` on, if anything.
    #[inline]
    pub(super) fn held(&self, offset: u64) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..).filter(|held| !held.is_empty())
    }

    /// Moves to `start`; fewer bytes are held where the file ends.
    pub(super) fn load(&mut self, file: &JournalFile, start: u64, bytes: usize) -> Option<()> {
        let left = usize::try_from(file.length.saturating_sub(start)).unwrap_or(bytes);
        self.bytes.resize(bytes.min(left), 0);
        self.start = start;
        let is_read = file.read_at(start, &mut self.bytes);
        if !is_read {
            self.bytes.clear();
        }
        is_read.then_some(())
    }

    /// The object at `offset`, if what stands there can be one, and what is held of it and behind it.
    pub(super) fn object(&mut self, file: &JournalFile, offset: u64) -> Option<(Object, &[u8])> {
        let held = self.from(file, offset, OBJECT_HEADER_BYTES as usize)?;
        let object = Object::parse(held.first_chunk()?, offset, file.length, &file.header)?;
        let whole = usize::try_from(object.size).unwrap_or(usize::MAX).min(WHOLE_BYTES_MAX);
        // Asked again: the part above may end inside the object.
        self.from(file, offset, whole).map(|held| (object, held))
    }
}

/// Objects up to this size are held whole.
pub(super) const WHOLE_BYTES_MAX: usize = 128 * 1024;
