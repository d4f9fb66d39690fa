//! `journalctl -o verbose` → records: a line with stamp and cursor, then the fields, indented. The stamp is printed in the
//! machine's zone; the cursor holds it in UTC.

use super::Interest;
use super::blocks::{Block, Blocks};
use super::entry::{Entry, NAME_BYTES_MAX};
use super::sniff::lines;
use super::summary::Summary;
use crate::record::Record;
use memchr::memchr;

/// Where the fields of an entry begin.
const INDENT: &[u8] = b"    ";

/// Reads all entries.
pub(super) fn read(
    blocks: &mut Blocks<'_, '_>,
    interest: &Interest,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) {
    let mut state = State::default();
    state.read(blocks, interest, summary, each);
    state.end(interest, summary, each);
}

/// What is kept while the stream has run dry.
#[derive(Default)]
pub(super) struct State {
    /// Lines so far.
    pub(super) line: u64,
    entry: Entry,
    /// `NAME=value` of the field at hand: its value may go on in the next line.
    field: Vec<u8>,
}

impl State {
    /// Reads all blocks that are there. The last entry may go on: it is given when the next one begins.
    pub(super) fn read(
        &mut self,
        blocks: &mut Blocks<'_, '_>,
        interest: &Interest,
        summary: &mut Summary,
        each: &mut dyn FnMut(&Record<'_>),
    ) {
        let mut reader = Reader { interest, summary, each, state: self };
        while let Some(block) = blocks.next() {
            reader.block(block);
        }
    }

    /// Whether an entry has begun and not yet been given.
    pub(super) fn is_inside(&self) -> bool {
        !self.entry.is_empty()
    }

    /// Behind the last block.
    pub(super) fn end(&mut self, interest: &Interest, summary: &mut Summary, each: &mut dyn FnMut(&Record<'_>)) {
        Reader { interest, summary, each, state: self }.end_of_entry();
    }
}

/// The cursor in an entry's first line.
pub(super) fn cursor(line: &[u8]) -> Option<&[u8]> {
    if line.starts_with(b" ") {
        return None;
    }
    let cursor = &line[memchr::memmem::find(line, b" [s=")? + 2..];
    let cursor = cursor.strip_suffix(b"]")?;
    memchr::memmem::find(cursor, b";i=").map(|_| cursor)
}

struct Reader<'r> {
    interest: &'r Interest,
    summary: &'r mut Summary,
    each: &'r mut dyn FnMut(&Record<'_>),
    state: &'r mut State,
}

impl Reader<'_> {
    fn block(&mut self, block: Block<'_>) {
        match block {
            Block::Lines(bytes) => lines(bytes).for_each(|line| self.line(line)),
            Block::LongLine(part) => {
                self.line(part);
                let line = self.state.line;
                self.summary.trouble(line, "truncated", "The line is too long: only its first part is read.");
            }
            Block::Hole => {
                let line = self.state.line + 1;
                self.summary.trouble(line, "nul-bytes", "A run of NUL bytes before the line is skipped.");
            }
        }
    }

    fn line(&mut self, line: &[u8]) {
        self.state.line += 1;
        if let Some(cursor) = cursor(line) {
            self.end_of_entry();
            self.state.entry.begin(self.state.line);
            self.state.entry.set(b"__CURSOR", cursor);
            if let Some(micros) = stored(cursor) {
                self.state.entry.set(b"__REALTIME_TIMESTAMP", micros.to_string().as_bytes());
            }
        } else if self.state.entry.is_empty() {
            // What stands before the first entry: `-- Boot …`, or the end of an entry that is cut off.
            if line.starts_with(b" ") {
                self.summary.trouble(self.state.line, "unread", "The fields here belong to an entry that is cut off.");
            }
        } else if let Some(field) = line.strip_prefix(INDENT).filter(|text| is_field(text)) {
            self.end_of_field();
            self.state.field.extend_from_slice(field);
        } else if let Some(more) = self.continued(line) {
            let more = more.to_vec();
            self.state.field.push(b'\n');
            self.state.field.extend_from_slice(&more);
        }
    }

    /// A value of several lines is indented to where it began.
    fn continued<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let indent = INDENT.len() + memchr(b'=', &self.state.field)? + 1;
        let (before, text) = line.split_at_checked(indent)?;
        before.iter().all(|&byte| byte == b' ').then_some(text)
    }

    fn end_of_field(&mut self) {
        if let Some(at) = memchr(b'=', &self.state.field) {
            let (name, value) = (&self.state.field[..at], &self.state.field[at + 1..]);
            if self.state.entry.set(name, value) && name == b"MESSAGE" && is_blob(value) {
                let text = "The message is not printed: save the journal with --all, or with -o export.";
                self.summary.trouble(self.state.entry.line, "unread", text);
            }
        }
        self.state.field.clear();
    }

    fn end_of_entry(&mut self) {
        self.end_of_field();
        if !self.state.entry.is_empty() {
            self.summary.lines += 1;
            self.state.entry.deliver(self.interest, self.summary, self.each);
        }
        self.state.entry.clear();
    }
}

fn is_field(text: &[u8]) -> bool {
    memchr(b'=', &text[..text.len().min(NAME_BYTES_MAX + 1)])
        .is_some_and(|at| at > 0 && text[..at].iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_')))
}

/// `[19B blob data]`
fn is_blob(value: &[u8]) -> bool {
    value.starts_with(b"[") && value.ends_with(b" blob data]")
}

/// Microseconds since 1970 in a cursor's `t=`.
pub(super) fn stored(cursor: &[u8]) -> Option<u64> {
    let digits = cursor.split(|&byte| byte == b';').find_map(|part| part.strip_prefix(b"t="))?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
