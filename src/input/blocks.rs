//! Bytes → blocks of whole lines. What a block holds depends on how the stream came in; which lines there are does not.

use super::buffer::Buffer;
use memchr::memrchr;

/// Whole lines, or the beginning of a line that is too long to keep.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block<'a> {
    /// One or more lines, each with its line end; only the last line of the stream may lack it.
    Lines(&'a [u8]),
    /// The first part of one line that is longer than the limit. Its rest is skipped.
    LongLine(&'a [u8]),
    /// A run of NUL bytes as long as the limit, left by a log that was truncated while its writer kept its place.
    /// It is no line: the line goes on behind it.
    Hole,
}

/// Cuts a buffer into blocks.
pub(super) struct Blocks<'b, 's> {
    buffer: &'b mut Buffer<'s>,
    line_limit: usize,
    skipping: bool,
}

impl<'b, 's> Blocks<'b, 's> {
    /// Lines longer than `line_limit` bytes (without `\n`) are cut there.
    pub(super) fn new(buffer: &'b mut Buffer<'s>, line_limit: usize) -> Self {
        Self { buffer, line_limit, skipping: false }
    }

    /// The next block; `None` at the end, and where a growing stream has run dry: a line without its end then stays at hand.
    ///
    /// No line of a block is longer than the limit, because only `line_limit + 1` bytes are searched for line ends.
    pub(super) fn next(&mut self) -> Option<Block<'_>> {
        if self.skipping && !self.skip_line() {
            return None;
        }
        loop {
            let filled = self.buffer.filled();
            let reach = filled.len().min(self.line_limit.saturating_add(1));
            if let Some(at) = memrchr(b'\n', &filled[..reach]) {
                return Some(Block::Lines(self.buffer.take(at + 1)));
            }
            if filled.len() > self.line_limit {
                return Some(self.too_long());
            }
            if !self.buffer.fill() {
                if self.buffer.is_dry() {
                    return None;
                }
                let rest = self.buffer.take(usize::MAX);
                return (!rest.is_empty()).then_some(Block::Lines(rest));
            }
        }
    }

    /// What the blocks are cut from.
    pub(super) fn buffer(&mut self) -> &mut Buffer<'s> {
        self.buffer
    }

    /// Whether the rest of a long line is still to be dropped.
    pub(super) fn is_skipping(&self) -> bool {
        self.skipping
    }

    fn too_long(&mut self) -> Block<'_> {
        let part = self.buffer.take(self.line_limit);
        if part.iter().all(|&byte| byte == 0) {
            return Block::Hole;
        }
        self.skipping = true;
        Block::LongLine(part)
    }

    /// Drops the rest of a long line with its line end; says whether anything can follow.
    fn skip_line(&mut self) -> bool {
        loop {
            let filled = self.buffer.filled();
            if let Some(at) = memchr::memchr(b'\n', filled) {
                self.buffer.consume(at + 1);
                self.skipping = false;
                return true;
            }
            self.buffer.consume(usize::MAX);
            if !self.buffer.fill() {
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(text: &[u8], block: usize, limit: usize) -> Vec<String> {
        let mut stream = text;
        let mut buffer = Buffer::new(&mut stream, block);
        let mut blocks = Blocks::new(&mut buffer, limit);
        let mut lines = Vec::new();
        while let Some(block) = blocks.next() {
            match block {
                Block::Lines(bytes) => lines
                    .extend(bytes.split_inclusive(|&byte| byte == b'\n').map(|line| line.escape_ascii().to_string())),
                Block::LongLine(part) => lines.push(format!("long {}", part.escape_ascii())),
                Block::Hole => lines.push("hole".to_owned()),
            }
        }
        lines
    }

    #[test]
    fn lines_do_not_depend_on_the_blocks_they_come_in() {
        let text = b"one\n\ntwo and three\nfour\0\0\0\0\0\0\0\0\n\0\0\0\0\0\0\0\0\0\0\0\0five\nlast";
        let expected = [
            "one\\n",
            "\\n",
            "long two and ",
            "long four\\x00\\x00\\x00\\x00",
            "hole",
            "\\x00\\x00\\x00\\x00five\\n",
            "last",
        ];
        for block in [1, 2, 3, 7, 8, 9, 1000] {
            assert_eq!(lines_of(text, block, 8), expected, "block size {block}");
        }
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_whole() {
        assert_eq!(lines_of(b"12345678\n123456789\n", 4, 8), ["12345678\\n", "long 12345678"]);
        assert_eq!(lines_of(b"12345678", 4, 8), ["12345678"]);
        assert_eq!(lines_of(b"", 4, 8), [""; 0]);
    }
}
