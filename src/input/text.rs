//! Lines of text → records.

use super::Interest;
use super::blocks::{Block, Blocks};
use super::container;
use super::header;
use super::message;
use super::sniff::{Speaker, lines, without_return};
use super::summary::Summary;
use crate::record::{Record, Stamp};
use memchr::{memchr, memchr_iter, memrchr};

/// Reads all blocks that are there. Lines that do not match the interest are only counted, unless the file does not name its programs.
pub(super) fn read(
    blocks: &mut Blocks<'_, '_>,
    interest: &Interest,
    speaker: Speaker,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Record<'_>),
) {
    let mut reader = Reader { speaker, summary, each };
    let pattern = match speaker {
        Speaker::Tagged => interest.pattern(),
        Speaker::Untagged | Speaker::Daemon | Speaker::Container | Speaker::Nobody => None,
    };
    while let Some(block) = blocks.next() {
        match block {
            Block::Lines(bytes) => {
                reader.note_first(bytes);
                match pattern {
                    Some(pattern) => reader.matching_lines(bytes, pattern),
                    None => reader.all_lines(bytes),
                }
                reader.note_last(bytes);
            }
            Block::LongLine(part) => {
                reader.long_line(part, pattern.is_none_or(|pattern| pattern.is_match(part)));
            }
            Block::Hole => {
                let line = reader.summary.lines + 1;
                reader.summary.trouble(line, "nul-bytes", "A run of NUL bytes before the line is skipped.");
            }
        }
    }
}

struct Reader<'r> {
    speaker: Speaker,
    summary: &'r mut Summary,
    each: &'r mut dyn FnMut(&Record<'_>),
}

impl Reader<'_> {
    fn all_lines(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest);
            self.summary.lines += 1;
            self.deliver(without_return(&rest[..end.unwrap_or(rest.len())]));
            rest = end.map_or(&[][..], |end| &rest[end + 1..]);
        }
    }

    /// Searches the block as a whole and looks for line ends only round what it finds: most logs are mostly of others.
    fn matching_lines(&mut self, bytes: &[u8], pattern: &regex::bytes::Regex) {
        let mut from = 0;
        while from < bytes.len() {
            let Some(hit) = pattern.find_at(bytes, from) else { break };
            let begin = memrchr(b'\n', &bytes[from..hit.start()]).map_or(from, |at| from + at + 1);
            let end = memchr(b'\n', &bytes[hit.start()..]).map_or(bytes.len(), |at| hit.start() + at);
            if begin == bytes.len() {
                break;
            }
            self.summary.lines += count_lines(&bytes[from..begin]) + 1;
            self.deliver(without_return(&bytes[begin..end]));
            from = end + 1;
        }
        self.summary.lines += count_lines(bytes.get(from..).unwrap_or_default());
    }

    fn long_line(&mut self, part: &[u8], of_interest: bool) {
        self.summary.lines += 1;
        let line = self.summary.lines;
        self.summary.trouble(line, "truncated", "The line is too long: only its first part is read.");
        if let Some(stamp) = header::parse(part).and_then(|header| header.stamp) {
            self.summary.first.get_or_insert(stamp);
            self.summary.last = Some(stamp);
        }
        if of_interest {
            self.deliver(part);
        }
    }

    /// Passes the line on that was counted last.
    fn deliver(&mut self, raw: &[u8]) {
        let line = self.summary.lines;
        if is_printable(raw) {
            (self.each)(&record(line, raw, raw, self.speaker));
            return;
        }
        self.summary.examine(line, raw);
        let plain = without_colours(raw);
        (self.each)(&record(line, raw, plain.as_deref().unwrap_or(raw), self.speaker));
    }

    fn note_first(&mut self, bytes: &[u8]) {
        if self.summary.first.is_none() {
            self.summary.first = lines(bytes).find_map(stamp_of);
        }
    }

    /// From the end backwards, so that one line is parsed in most blocks.
    fn note_last(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let body = rest.strip_suffix(b"\n").unwrap_or(rest);
            let begin = memrchr(b'\n', body).map_or(0, |at| at + 1);
            if let Some(stamp) = stamp_of(&body[begin..]) {
                self.summary.last = Some(stamp);
                return;
            }
            rest = &body[..begin];
        }
    }
}

fn stamp_of(line: &[u8]) -> Option<Stamp> {
    header::parse(line)?.stamp
}

/// Line ends, and a last line without one.
fn count_lines(bytes: &[u8]) -> u64 {
    let unended = bytes.last().is_some_and(|&byte| byte != b'\n');
    memchr_iter(b'\n', bytes).count() as u64 + u64::from(unended)
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
fn record<'a>(line: u64, raw: &'a [u8], text: &'a [u8], speaker: Speaker) -> Record<'a> {
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
