//! The lines of interest in a run of whole lines, found without looking at the others: most logs are mostly of others.

use super::header;
use super::sniff::lines;
use crate::record::Stamp;
use memchr::{memchr, memchr_iter, memrchr};
use regex::bytes::Regex;

/// A line of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) begin: usize,
    /// Where its line end stands, or the last line stops.
    pub(super) end: usize,
    /// Its number in the run, from 1.
    pub(super) line: u64,
}

/// What a run of lines holds. Room for the next run is kept.
#[derive(Debug, Default)]
pub(super) struct Hits {
    /// In their order.
    pub(super) found: Vec<Hit>,
    /// All lines.
    pub(super) lines: u64,
}

/// Bytes behind a hit that it may depend on: a letter.
const BEHIND_HIT: usize = 4;

impl Hits {
    /// Searches the run as a whole and looks for line ends only round what it finds.
    pub(super) fn search(&mut self, bytes: &[u8], pattern: &Regex) {
        self.found.clear();
        self.lines = 0;
        let mut from = 0;
        while from < bytes.len() {
            // Where in its line the hit begins does not matter, and takes a search of its own.
            let Some(hit) = pattern.shortest_match_at(bytes, from) else { break };
            let begin = memrchr(b'\n', &bytes[from..hit]).map_or(from, |at| from + at + 1);
            let end = memchr(b'\n', &bytes[hit..]).map_or(bytes.len(), |at| hit + at);
            if begin == bytes.len() {
                break;
            }
            self.lines += count_lines(&bytes[from..begin]) + 1;
            self.found.push(Hit { begin, end, line: self.lines });
            let head = if hit + BEHIND_HIT <= end { &bytes[begin..hit + BEHIND_HIT] } else { b"" };
            from = self.alike(bytes, head, end + 1);
        }
        self.lines += count_lines(bytes.get(from..).unwrap_or_default());
    }

    /// Of the lines of interest, line ends included.
    pub(super) fn bytes(&self) -> usize {
        self.found.iter().map(|hit| hit.end + 1 - hit.begin).sum()
    }

    /// Takes lines that begin as the one above does up to what was found in it, and so hold it too; gives back where another begins.
    fn alike(&mut self, bytes: &[u8], head: &[u8], mut from: usize) -> usize {
        while !head.is_empty() && bytes.get(from..).is_some_and(|rest| rest.starts_with(head)) {
            let behind = from + head.len();
            let end = memchr(b'\n', &bytes[behind..]).map_or(bytes.len(), |at| behind + at);
            self.lines += 1;
            self.found.push(Hit { begin: from, end, line: self.lines });
            from = end + 1;
        }
        from
    }
}

/// Line ends, and a last line without one.
fn count_lines(bytes: &[u8]) -> u64 {
    let unended = bytes.last().is_some_and(|&byte| byte != b'\n');
    memchr_iter(b'\n', bytes).count() as u64 + u64::from(unended)
}

/// The stamp of the first stamped line.
pub(super) fn first_stamp(bytes: &[u8]) -> Option<Stamp> {
    lines(bytes).find_map(stamp_of)
}

/// The stamp of the last stamped line: from the end backwards, so that one line is parsed in most runs.
pub(super) fn last_stamp(bytes: &[u8]) -> Option<Stamp> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let body = rest.strip_suffix(b"\n").unwrap_or(rest);
        let begin = memrchr(b'\n', body).map_or(0, |at| at + 1);
        if let Some(stamp) = stamp_of(&body[begin..]) {
            return Some(stamp);
        }
        rest = &body[..begin];
    }
    None
}

fn stamp_of(line: &[u8]) -> Option<Stamp> {
    header::parse(line)?.stamp
}
