//! Lines of text → records.

use super::ahead::{self, Piece};
use super::blocks::{Block, Blocks};
use super::container;
use super::header;
use super::heads::Heads;
use super::helpers::Helpers;
use super::hits::{Hits, first_stamp, last_stamp};
use super::message;
use super::seam::Seam;
use super::sniff::{Speaker, without_return};
use super::summary::Summary;
use super::{Interest, Sizes};
use crate::record::Record;
use memchr::memchr;
use regex::bytes::Regex;
use std::io::{self, Read};

/// Reads all blocks that are there. Lines that do not match the interest are only counted, unless the file does not name its programs.
pub(super) fn read(
    blocks: &mut Blocks<'_, '_>,
    interest: &Interest,
    speaker: Speaker,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) {
    let mut reader = Reader { speaker, pattern: pattern(interest, speaker), heads: Heads::default(), summary, each };
    let mut hits = Hits::default();
    while let Some(block) = blocks.next() {
        reader.block(block, &mut hits);
    }
}

/// As [`read`], of a stream that helpers read ahead. Gives back what broke it off.
pub(super) fn read_ahead(
    stream: &mut (dyn Read + Send),
    sizes: Sizes,
    helpers: &Helpers,
    interest: &Interest,
    speaker: Speaker,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) -> Option<io::Error> {
    let pattern = pattern(interest, speaker);
    let mut reader = Reader { speaker, pattern, heads: Heads::default(), summary, each };
    let mut hits = Hits::default();
    let mut seam = Seam::new(sizes.line);
    // No line of a piece is then too long.
    let block = sizes.block.min(sizes.line);
    let failure = ahead::read(stream, block, pattern, helpers, &mut |piece| {
        let (head, lines, tail) = piece.parts();
        seam.add(head, &mut |block| reader.block(block, &mut hits));
        reader.searched_lines(lines, piece);
        seam.add(tail, &mut |block| reader.block(block, &mut hits));
    });
    seam.end(&mut |block| reader.block(block, &mut hits));
    failure
}

/// What is searched for, where lines say whose they are.
fn pattern(interest: &Interest, speaker: Speaker) -> Option<&Regex> {
    match speaker {
        Speaker::Tagged => interest.pattern(),
        Speaker::Untagged | Speaker::Daemon | Speaker::Container | Speaker::Nobody => None,
    }
}

struct Reader<'r> {
    speaker: Speaker,
    pattern: Option<&'r Regex>,
    heads: Heads,
    summary: &'r mut Summary,
    each: &'r mut dyn FnMut(&Record<'_>),
}

impl Reader<'_> {
    fn block(&mut self, block: Block<'_>, hits: &mut Hits) {
        match block {
            Block::Lines(bytes) => self.lines(bytes, hits),
            Block::LongLine(part) => self.long_line(part),
            Block::Hole => self.hole(),
        }
    }

    fn lines(&mut self, bytes: &[u8], hits: &mut Hits) {
        self.note_first(bytes);
        match self.pattern {
            Some(pattern) => {
                hits.search(bytes, pattern);
                self.matching_lines(bytes, hits);
            }
            None => self.all_lines(bytes),
        }
        self.summary.last = last_stamp(bytes).or(self.summary.last);
    }

    /// As [`lines`](Self::lines), where a helper has searched them.
    fn searched_lines(&mut self, bytes: &[u8], piece: &Piece) {
        self.summary.first = self.summary.first.or(piece.first);
        match self.pattern {
            Some(_) => self.matching_lines(bytes, &piece.hits),
            None => self.all_lines(bytes),
        }
        self.summary.last = piece.last.or(self.summary.last);
    }

    fn all_lines(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest);
            self.summary.lines += 1;
            self.deliver(without_return(&rest[..end.unwrap_or(rest.len())]));
            rest = end.map_or(&[][..], |end| &rest[end + 1..]);
        }
    }

    fn matching_lines(&mut self, bytes: &[u8], hits: &Hits) {
        let before = self.summary.lines;
        for hit in &hits.found {
            self.summary.lines = before + hit.line;
            self.deliver(without_return(&bytes[hit.begin..hit.end]));
        }
        self.summary.lines = before + hits.lines;
    }

    fn long_line(&mut self, part: &[u8]) {
        self.summary.lines += 1;
        let line = self.summary.lines;
        self.summary.trouble(line, "truncated", "The line is too long: only its first part is read.");
        if let Some(stamp) = header::parse(part).and_then(|header| header.stamp) {
            self.summary.first.get_or_insert(stamp);
            self.summary.last = Some(stamp);
        }
        if self.pattern.is_none_or(|pattern| pattern.is_match(part)) {
            self.deliver(part);
        }
    }

    fn hole(&mut self) {
        let line = self.summary.lines + 1;
        self.summary.trouble(line, "nul-bytes", "A run of NUL bytes before the line is skipped.");
    }

    /// Passes the line on that was counted last.
    fn deliver(&mut self, raw: &[u8]) {
        let line = self.summary.lines;
        if is_printable(raw) {
            (self.each)(&self.heads.record(line, raw, self.speaker));
            return;
        }
        self.summary.examine(line, raw);
        let plain = without_colours(raw);
        (self.each)(&record(line, raw, plain.as_deref().unwrap_or(raw), self.speaker));
    }

    fn note_first(&mut self, bytes: &[u8]) {
        if self.summary.first.is_none() {
            self.summary.first = first_stamp(bytes);
        }
    }
}

/// Nothing but printable ASCII: most lines. All bytes are looked at, so that the loop is made of vectors.
fn is_printable(raw: &[u8]) -> bool {
    raw.iter().fold(true, |printable, byte| printable & (*byte >= b' ') & (*byte < 0x7f))
}

/// A line without the escape sequences of a terminal, which `grep --color` puts into words; `None` if it has none.
fn without_colours(raw: &[u8]) -> Option<Vec<u8>> {
    const ESCAPE: u8 = 0x1B;
    memchr(ESCAPE, raw)?;
    let mut plain = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(ESCAPE, rest) {
        plain.extend_from_slice(&rest[..at]);
        let behind = &rest[at + 1..];
        let parameters = behind.iter().skip(1).take(32).take_while(|byte| matches!(byte, b'0'..=b'?')).count();
        rest = match (behind.first(), behind.get(1 + parameters)) {
            (Some(b'['), Some(b'm' | b'K')) => &behind[parameters + 2..],
            (_, _) => {
                plain.push(ESCAPE);
                behind
            }
        };
    }
    plain.extend_from_slice(rest);
    Some(plain)
}

/// `raw` is the line as written, `text` the same without what colours it.
pub(super) fn record<'a>(line: u64, raw: &'a [u8], text: &'a [u8], speaker: Speaker) -> Record<'a> {
    let header = match speaker {
        Speaker::Tagged | Speaker::Untagged => header::parse(text),
        Speaker::Daemon => header::parse_daemon_output(text),
        Speaker::Container => container::parse(text).or_else(|| header::parse(text)),
        Speaker::Nobody => None,
    };
    let Some(header) = header else {
        return Record {
            line,
            raw,
            stamp: None,
            host: None,
            identifier: None,
            unit: None,
            pid: None,
            message: header::skip_decoration(text),
            repeated: 1,
            cursor: None,
        };
    };
    let (message, repeated) = message::unfold(header.message);
    Record {
        line,
        raw,
        stamp: header.stamp,
        host: header.host,
        identifier: header.identifier,
        unit: None,
        pid: header.pid,
        message: message::behind_own_stamp(message),
        repeated,
        cursor: None,
    }
}
