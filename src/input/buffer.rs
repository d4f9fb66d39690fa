//! The bytes of a stream that have been read and not yet used. Everything that reads goes through [`Buffer::fill`].

use std::io::{self, Read};

/// A growing window on a stream: bytes come in at the end ([`fill`](Self::fill)) and leave at the front
/// ([`consume`](Self::consume)). It never shrinks and never asks for more than `block` bytes at a time, so its user
/// decides how large it gets.
pub(super) struct Buffer<'s> {
    stream: &'s mut dyn Read,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    block: usize,
    ended: bool,
    failure: Option<io::Error>,
    looking_ahead: bool,
}

impl<'s> Buffer<'s> {
    /// Reads `stream` in blocks of at most `block` bytes.
    pub(super) fn new(stream: &'s mut dyn Read, block: usize) -> Self {
        Self {
            stream,
            bytes: Vec::new(),
            start: 0,
            end: 0,
            block: block.max(1),
            ended: false,
            failure: None,
            looking_ahead: false,
        }
    }

    /// The bytes at hand.
    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Gives up the first `count` bytes at hand.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// The first `count` bytes at hand (fewer if there are fewer), given up by taking them.
    pub(super) fn take(&mut self, count: usize) -> &[u8] {
        let start = self.start;
        self.consume(count);
        &self.bytes[start..self.start]
    }

    /// Reads once. Says whether bytes came; at the end of the stream, and after a failure, none do.
    pub(super) fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let room = self.end + self.block;
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        }
        let count = loop {
            match self.stream.read(&mut self.bytes[self.end..room]) {
                Ok(count) => break count,
                // A stream that grows has nothing for now: whoever looks ahead is content with what there is.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.looks_ahead() => return false,
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                Err(error) => {
                    self.failure = Some(error);
                    break 0;
                }
            }
        };
        self.ended = count == 0;
        self.end += count;
        count > 0
    }

    /// As [`fill_to`](Self::fill_to), content with fewer if there is a line and a stream that grows has no more for now.
    pub(super) fn look_ahead(&mut self, count: usize) -> bool {
        self.looking_ahead = true;
        let is_filled = self.fill_to(count);
        self.looking_ahead = false;
        is_filled
    }

    fn looks_ahead(&self) -> bool {
        self.looking_ahead && memchr::memchr(b'\n', self.filled()).is_some()
    }

    /// Reads until at least `count` bytes are at hand; says whether they are.
    pub(super) fn fill_to(&mut self, count: usize) -> bool {
        while self.filled().len() < count {
            if !self.fill() {
                return false;
            }
        }
        true
    }

    /// What broke the stream off, once.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

/// The stream as it was before anybody looked at its beginning: what is at hand, then the rest.
impl Read for Buffer<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end && !self.fill() {
            return self.take_failure().map_or(Ok(0), Err);
        }
        let part = self.take(into.len());
        into[..part.len()].copy_from_slice(part);
        Ok(part.len())
    }
}
