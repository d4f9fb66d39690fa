//! Lines that lie across pieces of a stream, put together as [`Blocks`](super::blocks::Blocks) would have cut them.

use super::blocks::Block;

/// What has been read of the line that is not yet complete.
pub(super) struct Seam {
    begun: Vec<u8>,
    line_limit: usize,
    /// Whether the rest of a long line is still to be dropped.
    skipping: bool,
}

impl Seam {
    /// Lines longer than `line_limit` bytes (without `\n`) are cut there.
    pub(super) fn new(line_limit: usize) -> Self {
        Self { begun: Vec::new(), line_limit, skipping: false }
    }

    /// Goes on with `part`, which has at most one line end: its last byte.
    pub(super) fn add(&mut self, part: &[u8], each: &mut dyn FnMut(Block<'_>)) {
        let is_whole = part.last() == Some(&b'\n');
        if self.skipping {
            self.skipping = !is_whole;
            return;
        }
        self.begun.extend_from_slice(part);
        while self.begun.len() - usize::from(is_whole) > self.line_limit {
            let cut = &self.begun[..self.line_limit];
            if cut.iter().any(|&byte| byte != 0) {
                each(Block::LongLine(cut));
                self.begun.clear();
                self.skipping = !is_whole;
                return;
            }
            each(Block::Hole);
            self.begun.drain(..self.line_limit);
        }
        if is_whole {
            each(Block::Lines(&self.begun));
            self.begun.clear();
        }
    }

    /// The stream has ended: so has its last line.
    pub(super) fn end(&mut self, each: &mut dyn FnMut(Block<'_>)) {
        if !self.begun.is_empty() {
            each(Block::Lines(&self.begun));
            self.begun.clear();
        }
    }
}
