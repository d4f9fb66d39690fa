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
        let mut waiting = None;
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest);
            self.summary.lines += 1;
            self.take(without_return(&rest[..end.unwrap_or(rest.len())]), &mut waiting);
            rest = end.map_or(&[][..], |end| &rest[end + 1..]);
        }
        self.deliver(waiting);
    }

    fn matching_lines(&mut self, bytes: &[u8], hits: &Hits) {
        let before = self.summary.lines;
        let mut waiting = None;
        for hit in &hits.found {
            self.summary.lines = before + hit.line;
            self.take(without_return(&bytes[hit.begin..hit.end]), &mut waiting);
        }
        self.deliver(waiting);
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
            let mut waiting = None;
            self.take(part, &mut waiting);
            self.deliver(waiting);
        }
    }

    fn hole(&mut self) {
        let line = self.summary.lines + 1;
        self.summary.trouble(line, "nul-bytes", "A run of NUL bytes before the line is skipped.");
    }

    /// Takes the line that was counted last, and passes the one before it on.
    fn take<'a>(&mut self, raw: &'a [u8], waiting: &mut Option<Record<'a>>) {
        let line = self.summary.lines;
        if is_printable(raw) {
            let record = self.heads.record(line, raw, self.speaker);
            if let Some(mut before) = waiting.replace(record) {
                before.stands_alone = record.line > before.line + 1 || record.has_head() && !record.is_folded_repeat();
                (self.each)(&before);
            }
            return;
        }
        self.deliver(waiting.take());
        self.summary.examine(line, raw);
        let plain = without_colours(raw);
        (self.each)(&record(line, raw, plain.as_deref().unwrap_or(raw), self.speaker));
    }

    /// Passes a line on of which it is not known what follows.
    fn deliver(&mut self, waiting: Option<Record<'_>>) {
        if let Some(record) = waiting {
            (self.each)(&record);
        }
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
            stands_alone: false,
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
        stands_alone: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Interest, read_stream};
    use regex::bytes::Regex;

    #[test]
    fn a_line_stands_alone_if_the_next_one_is_about_something_else() {
        let log = b"Nov 23 02:12:33 ns1 pdns[7]: one\nNov 23 02:12:33 ns1 pdns[7]: two\nNov 23 02:12:34 ns1 last message repeated 2 times\n\
            Nov 23 02:12:35 ns1 pdns[7]: three, \\\n  pdns goes on\nNov 23 02:12:36 ns1 pdns[7]: four\nNov 23 02:12:36 ns1 cron[1]: x\n\
            Nov 23 02:12:37 ns1 pdns[7]: five\nNov 23 02:12:37 ns1 pdns[7]: caf\xC3\xA9\nNov 23 02:12:38 ns1 pdns[7]: last\n";
        let alone = |interest: &Interest| {
            let mut found = Vec::new();
            let mut each = |record: &super::Record<'_>| found.push((record.line, record.stands_alone));
            let read = read_stream(&"log".into(), &mut &log[..], interest, &mut each);
            assert!(read.is_ok(), "it is a log");
            found
        };
        let regex = Regex::new("pdns|e repeated").expect("a regex");
        // What follows a line that is no plain text, or the last one, is not known.
        let expected = [1, 2, 3, 4, 5, 6, 8, 9, 10].map(|line| (line, [1, 3, 5, 6].contains(&line)));
        assert_eq!(alone(&Interest::Matching(regex)), expected);
        let expected = (1..=10).map(|line| (line, [1, 3, 5, 6, 7].contains(&line))).collect::<Vec<_>>();
        assert_eq!(alone(&Interest::All), expected);
    }
}
