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
) {
    let mut state = State::default();
    state.read(buffer, value_limit, interest, summary, each);
    state.end(path, summary);
}

/// What is kept while the stream has run dry.
#[derive(Default)]
pub(super) struct State {
    /// Line ends passed so far.
    pub(super) line: u64,
    entry: Entry,
    /// Bytes of the stream before the entry at hand.
    begin: u64,
    rest: Rest,
}

/// What of a field is yet to be passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Rest {
    #[default]
    Nothing,
    /// So many bytes of a binary value, and the line end behind them.
    Value(usize),
    /// All to the end of the line.
    Line,
}

impl State {
    /// Reads all entries that are there.
    pub(super) fn read(
        &mut self,
        buffer: &mut Buffer<'_>,
        value_limit: usize,
        interest: &Interest,
        summary: &mut Summary,
        each: &mut dyn FnMut(&Record<'_>),
    ) {
        let mut reader = Reader { buffer, value_limit, state: self };
        while reader.entry(summary) {
            summary.lines += 1;
            reader.state.entry.deliver(interest, summary, each);
            reader.state.entry.clear();
        }
    }

    /// Where the entry begins that has not ended yet: bytes of the stream and lines before it.
    pub(super) fn inside(&self) -> Option<(u64, u64)> {
        (!self.entry.is_empty()).then(|| (self.begin, self.entry.line - 1))
    }

    /// At the end of the stream.
    pub(super) fn end(&mut self, path: &Text, summary: &mut Summary) {
        if !self.entry.is_empty() {
            summary.broken_off = Some(Error::Cut { path: path.clone(), line: self.entry.line });
        }
    }
}

struct Reader<'b, 's> {
    buffer: &'b mut Buffer<'s>,
    value_limit: usize,
    state: &'b mut State,
}

impl Reader<'_, '_> {
    /// Reads one entry; `false` where the stream ends or has run dry, with what there is of it.
    fn entry(&mut self, summary: &mut Summary) -> bool {
        while self.pass_rest(summary) {
            let Some(length) = self.line_length() else { return false };
            let Ok(length) = length else {
                self.long_line(summary);
                continue;
            };
            let text = &self.buffer.filled()[..length];
            let text = text.strip_suffix(b"\r").filter(|text| text.is_empty()).unwrap_or(text);
            if text.is_empty() {
                self.pass(length + 1);
                if self.state.entry.is_empty() {
                    continue;
                }
                return true;
            }
            self.begin();
            let text = &self.buffer.filled()[..length];
            if let Some(at) = memchr(b'=', text) {
                self.state.entry.set(&text[..at], &text[at + 1..]);
                self.pass(length + 1);
            } else if !self.binary_field(length, summary) {
                return false;
            }
        }
        false
    }

    /// The line at hand belongs to an entry, be it its first.
    fn begin(&mut self) {
        if self.state.entry.is_empty() {
            self.state.begin = self.buffer.consumed();
            self.state.entry.begin(self.state.line + 1);
        }
    }

    /// Passes over what is left of a field; `false` if the stream has no more of it.
    fn pass_rest(&mut self, summary: &mut Summary) -> bool {
        let is_passed = match self.state.rest {
            Rest::Nothing => true,
            Rest::Value(count) => self.skip(count) && self.line_end(summary),
            Rest::Line => self.skip_line(),
        };
        if is_passed {
            self.state.rest = Rest::Nothing;
        }
        is_passed
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
                if searched > 0 && !self.buffer.is_dry() {
                    self.begin();
                }
                return None;
            }
        }
    }

    /// A field too long to keep whole: its beginning is.
    fn long_line(&mut self, summary: &mut Summary) {
        self.begin();
        let part = &self.buffer.filled()[..self.value_limit];
        match memchr(b'=', part) {
            Some(at) if self.state.entry.set(&part[..at], &part[at + 1..]) => truncated(self.state.entry.line, summary),
            Some(_) => {}
            None => unread(self.state.line + 1, summary),
        }
        self.state.rest = Rest::Line;
    }

    fn skip_line(&mut self) -> bool {
        loop {
            let filled = self.buffer.filled();
            if let Some(at) = memchr(b'\n', filled) {
                self.pass(at + 1);
                return true;
            }
            self.buffer.consume(usize::MAX);
            if !self.buffer.fill() {
                return false;
            }
        }
    }

    /// A line without `=`: the name of a binary field, or damage, which is skipped. `false` if the stream ends inside.
    fn binary_field(&mut self, name_length: usize, summary: &mut Summary) -> bool {
        let data = name_length + 1 + 8;
        if !is_name(&self.buffer.filled()[..name_length]) {
            unread(self.state.line + 1, summary);
            self.pass(name_length + 1);
            return true;
        }
        if !self.buffer.fill_to(data) {
            return false;
        }
        let size = self.buffer.filled()[name_length + 1..data].try_into().map_or(u64::MAX, u64::from_le_bytes);
        let Some(size) = usize::try_from(size).ok().filter(|_| size <= FIELD_BYTES_MAX) else {
            unread(self.state.line + 1, summary);
            self.pass(name_length + 1);
            return true;
        };
        let kept = size.min(self.value_limit);
        if !self.buffer.fill_to(data + kept) {
            return false;
        }
        let filled = self.buffer.filled();
        let known = self.state.entry.set(&filled[..name_length], &filled[data..data + kept]);
        if known && kept < size {
            summary.trouble(
                self.state.entry.line,
                "truncated",
                "A field of the entry is too long: only its first part is read.",
            );
        }
        self.pass(name_length + 1);
        self.buffer.consume(8); // The length is no text: a 10 in it ends no line.
        self.state.rest = Rest::Value(size);
        self.pass_rest(summary)
    }

    /// The `\n` behind binary data.
    fn line_end(&mut self, summary: &mut Summary) -> bool {
        if !self.buffer.fill_to(1) {
            return false;
        }
        if self.buffer.filled().first() == Some(&b'\n') {
            self.pass(1);
        } else {
            unread(self.state.line + 1, summary);
        }
        true
    }

    /// Passes over `count` bytes at hand, counting lines.
    fn pass(&mut self, count: usize) {
        self.state.line += memchr_iter(b'\n', self.buffer.take(count)).count() as u64;
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
            self.state.rest = Rest::Value(count);
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
