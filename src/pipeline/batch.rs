//! Lines that go from the thread that reads to the one that believes.

use crate::timeline::Line;

/// What a line has on average, for the room it is given.
const LINE_BYTES: usize = 160;

/// Lines that are handed over at once, without their texts, and these.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) lines: Vec<Line>,
    pub(super) texts: Texts,
}

/// Lines as written, end to end.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    pub(super) fn with_room(lines: usize) -> Self {
        let texts = Texts { bytes: Vec::with_capacity(lines * LINE_BYTES), ends: Vec::with_capacity(lines) };
        Self { lines: Vec::with_capacity(lines), texts }
    }

    pub(super) fn push(&mut self, line: Line, raw: &[u8]) {
        self.lines.push(line);
        self.texts.bytes.extend_from_slice(raw);
        self.texts.ends.push(self.texts.bytes.len());
    }
}

impl Texts {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(from, to)| &self.bytes[from..*to])
    }
}
