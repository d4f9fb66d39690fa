//! `journalctl -o export` → records: fields one to a line, entries parted by empty lines. A field whose value is not plain
//! text stands as its name alone, a little-endian u64 length, and that many bytes
//! (<https://systemd.io/JOURNAL_EXPORT_FORMATS>).

use super::Interest;
use super::buffer::Buffer;
use super::entry::{Entry, NAME_BYTES_MAX};
use super::error::Error;
use super::summary::Summary;
use crate::event::Text;
use crate::record::Record;
use memchr::{memchr, memchr_iter};

/// journald itself takes no field larger than this (`DATA_SIZE_MAX`): a larger length is damage.
const FIELD_BYTES_MAX: u64 = 768 * 1024 * 1024;

/// Reads all entries. One that is cut by the end of the stream is not passed on, because the field that it lacks may be its
/// host; the summary's `broken_off` then names it.
pub(super) fn read(
    buffer: &mut Buffer<'_>,
    value_limit: usize,
    path: &Text,
    interest: &Interest,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
    beat: &dyn Fn(&Summary),
) {
    let mut reader = Reader { buffer, value_limit, line: 0, entry: Entry::default() };
    while reader.entry(summary) {
        summary.lines += 1;
        reader.entry.deliver(interest, summary, each);
        beat(summary);
    }
    if !reader.entry.is_empty() {
        summary.broken_off = Some(Error::Cut { path: path.clone(), line: reader.entry.line });
    }
}

struct Reader<'b, 's> {
    buffer: &'b mut Buffer<'s>,
    value_limit: usize,
    /// Line ends passed so far.
    line: u64,
    entry: Entry,
}

impl Reader<'_, '_> {
    /// Reads one entry into `self.entry`; `false` at the end of the stream, with what there is of a cut one.
    fn entry(&mut self, summary: &mut Summary) -> bool {
        self.entry.clear();
        loop {
            let Some(length) = self.line_length() else { return false };
            let Ok(length) = length else {
                self.long_line(summary);
                continue;
            };
            let text = &self.buffer.filled()[..length];
            let text = text.strip_suffix(b"\r").filter(|text| text.is_empty()).unwrap_or(text);
            if text.is_empty() {
                self.pass(length + 1);
                if self.entry.is_empty() {
                    continue;
                }
                return true;
            }
            self.entry.begin(self.line + 1);
            if let Some(at) = memchr(b'=', text) {
                self.entry.set(&text[..at], &text[at + 1..]);
                self.pass(length + 1);
            } else if !self.binary_field(length, summary) {
                return false;
            }
        }
    }

    /// The length of the line at hand, `Err` if it is longer than we keep; `None` if the stream ends inside it.
    fn line_length(&mut self) -> Option<Result<usize, ()>> {
        let mut searched = 0;
        let limit = self.value_limit.saturating_add(NAME_BYTES_MAX + 1);
        loop {
            let filled = self.buffer.filled();
            let reach = filled.len().min(limit.saturating_add(1));
            if let Some(at) = memchr(b'\n', &filled[searched..reach]) {
                return Some(Ok(searched + at));
            }
            if reach > limit {
                return Some(Err(()));
            }
            searched = filled.len();
            if !self.buffer.fill() {
                if searched > 0 {
                    self.entry.begin(self.line + 1);
                }
                return None;
            }
        }
    }

    /// A field too long to keep whole: its beginning is.
    fn long_line(&mut self, summary: &mut Summary) {
        self.entry.begin(self.line + 1);
        let part = &self.buffer.filled()[..self.value_limit];
        match memchr(b'=', part) {
            Some(at) if self.entry.set(&part[..at], &part[at + 1..]) => truncated(self.entry.line, summary),
            Some(_) => {}
            None => unread(self.line + 1, summary),
        }
        loop {
            let filled = self.buffer.filled();
            if let Some(at) = memchr(b'\n', filled) {
                return self.pass(at + 1);
            }
            self.buffer.consume(usize::MAX);
            if !self.buffer.fill() {
                return;
            }
        }
    }

    /// A line without `=`: the name of a binary field, or damage, which is skipped. `false` if the stream ends inside.
    fn binary_field(&mut self, name_length: usize, summary: &mut Summary) -> bool {
        let data = name_length + 1 + 8;
        if !is_name(&self.buffer.filled()[..name_length]) {
            unread(self.line + 1, summary);
            self.pass(name_length + 1);
            return true;
        }
        if !self.buffer.fill_to(data) {
            return false;
        }
        let size = self.buffer.filled()[name_length + 1..data].try_into().map_or(u64::MAX, u64::from_le_bytes);
        let Some(size) = usize::try_from(size).ok().filter(|_| size <= FIELD_BYTES_MAX) else {
            unread(self.line + 1, summary);
            self.pass(name_length + 1);
            return true;
        };
        let kept = size.min(self.value_limit);
        if !self.buffer.fill_to(data + kept) {
            return false;
        }
        let filled = self.buffer.filled();
        let known = self.entry.set(&filled[..name_length], &filled[data..data + kept]);
        if known && kept < size {
            summary.trouble(
                self.entry.line,
                "truncated",
                "A field of the entry is too long: only its first part is read.",
            );
        }
        self.pass(name_length + 1);
        self.buffer.consume(8); // The length is no text: a 10 in it ends no line.
        self.skip(size) && self.line_end(summary)
    }

    /// The `\n` behind binary data.
    fn line_end(&mut self, summary: &mut Summary) -> bool {
        if !self.buffer.fill_to(1) {
            return false;
        }
        if self.buffer.filled().first() == Some(&b'\n') {
            self.pass(1);
        } else {
            unread(self.line + 1, summary);
        }
        true
    }

    /// Passes over `count` bytes at hand, counting lines.
    fn pass(&mut self, count: usize) {
        self.line += memchr_iter(b'\n', self.buffer.take(count)).count() as u64;
    }

    /// Passes over `count` bytes, at hand or yet to come.
    fn skip(&mut self, mut count: usize) -> bool {
        while count > 0 {
            if !self.buffer.fill_to(1) {
                return false;
            }
            let step = count.min(self.buffer.filled().len());
            self.pass(step);
            count -= step;
        }
        true
    }
}

fn unread(line: u64, summary: &mut Summary) {
    summary.trouble(line, "unread", "What stands here is no field of a journal entry.");
}

fn truncated(line: u64, summary: &mut Summary) {
    summary.trouble(line, "truncated", "A field of the entry is too long: only its first part is read.");
}

fn is_name(text: &[u8]) -> bool {
    text.len() <= NAME_BYTES_MAX && text.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}
