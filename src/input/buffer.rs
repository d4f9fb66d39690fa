//! The bytes of a stream that have been read and not yet used. Everything that reads goes through [`Buffer::fill`].

use std::io::{self, BufRead, Read};

/// A growing window on a stream: bytes come in at the end ([`fill`](Self::fill)) and leave at the front
/// ([`consume`](Self::consume)). It never shrinks and never asks for more than `block` bytes at a time, so its user
/// decides how large it gets.
pub(super) struct Buffer<'s> {
    stream: &'s mut dyn Read,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    block: usize,
    /// Bytes given up so far.
    consumed: u64,
    ended: bool,
    grows: bool,
    dry: bool,
    failure: Option<io::Error>,
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
            consumed: 0,
            ended: false,
            grows: false,
            dry: false,
            failure: None,
        }
    }

    /// As [`new`](Self::new), of a stream that says [`WouldBlock`](io::ErrorKind::WouldBlock) while there is nothing more in it for
    /// now. `consumed` bytes of it have gone by before.
    pub(super) fn growing(stream: &'s mut dyn Read, block: usize, consumed: u64) -> Self {
        Self { consumed, grows: true, ..Self::new(stream, block) }
    }

    /// Whether the stream may go on although the last [`fill`](Self::fill) brought nothing.
    pub(super) fn is_dry(&self) -> bool {
        self.dry
    }

    /// Bytes of the stream before those at hand.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The bytes at hand.
    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Gives up the first `count` bytes at hand.
    pub(super) fn consume(&mut self, count: usize) {
        let start = self.start.saturating_add(count).min(self.end);
        self.consumed += (start - self.start) as u64;
        self.start = start;
    }

    /// The first `count` bytes at hand (fewer if there are fewer), given up by taking them.
    pub(super) fn take(&mut self, count: usize) -> &[u8] {
        let start = self.start;
        self.consume(count);
        &self.bytes[start..self.start]
    }

    /// Reads once. Says whether bytes came; at the end of the stream, after a failure, and while it is dry, none do.
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
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.grows && error.kind() == io::ErrorKind::WouldBlock => {
                    self.dry = true;
                    return false;
                }
                Err(error) => {
                    self.failure = Some(error);
                    break 0;
                }
            }
        };
        self.dry = false;
        self.ended = count == 0;
        self.end += count;
        count > 0
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

    /// What is at hand, for whoever goes on with the stream.
    pub(super) fn into_rest(self) -> Rest {
        let Self { bytes, start, end, ended, failure, block, .. } = self;
        Rest { bytes, start, end, ended, failure, block }
    }

    /// What broke the stream off, once.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

/// Bytes that were read and not used, or what broke the stream off.
#[derive(Debug)]
pub(super) struct Rest {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    failure: Option<io::Error>,
    block: usize,
}

impl Rest {
    /// The stream as it was before anybody looked at its beginning: what is at hand, then `stream`.
    pub(super) fn before<'s>(self, stream: &'s mut (dyn Read + Send)) -> Resumed<'s> {
        Resumed { rest: self, stream }
    }
}

/// A stream that goes on where a buffer left it.
pub(super) struct Resumed<'s> {
    rest: Rest,
    stream: &'s mut (dyn Read + Send),
}

impl Read for Resumed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Large pieces need not go through the buffer.
        let is_used_up = self.rest.start == self.rest.end;
        if is_used_up && !self.rest.ended && into.len() >= self.rest.block {
            return self.stream.read(into);
        }
        let at_hand = self.fill_buf()?;
        let count = at_hand.len().min(into.len());
        into[..count].copy_from_slice(&at_hand[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Resumed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let rest = &mut self.rest;
        if rest.start == rest.end && rest.ended {
            return rest.failure.take().map_or(Ok(b""), Err);
        }
        if rest.start == rest.end {
            rest.bytes.resize(rest.block.max(rest.bytes.len()), 0);
            (rest.start, rest.end) = (0, 0);
            rest.end = self.stream.read(&mut rest.bytes)?;
        }
        Ok(&rest.bytes[rest.start..rest.end])
    }

    fn consume(&mut self, count: usize) {
        self.rest.start = (self.rest.start + count).min(self.rest.end);
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
