//! A first look at a whole log that reads no messages: whether its lines leave no question of when and where they were written.
//!
//! Most lines of a busy log begin as the line above. So a look at their beginnings costs a small part of reading them, and who has
//! looked need not read twice to know what the last line says of the first.

use super::blocks::{Block, Blocks};
use super::buffer::Buffer;
use super::expand::Place;
use super::hits::{Hits, first_stamp};
use super::opening;
use super::sniff::{self, Speaker, Verdict, without_return};
use super::watch::Watched;
use super::{Interest, Sizes, Source, header, text, unpacked, window};
use crate::record::{Record, Stamp};
use chrono::NaiveDateTime;
use memchr::memchr;
use regex::bytes::Regex;
use std::io::Read;

/// Stamps without a year that lie further apart may be of two years.
const APART_DAYS_MAX: i64 = 180;
/// Where fewer lines are of interest, others are passed over faster than they can be looked at.
const SHARE_MIN: u64 = 2;

/// What a first look tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Its stamps name their year, as far as was looked.
    Dated,
    /// Each line has a stamp without a year, all of half a year, and names the same host; the first stamp.
    Even(Stamp),
    /// Neither, or nobody looked: who wants to know has to read it.
    Uneven,
}

/// Looks through a source. Where its stamps have no year, lines in which `marks` are found are given to `each`, which says whether
/// to look on; a mark must not match a line end.
pub fn look_ahead(
    source: &Source,
    interest: &Interest,
    marks: &Regex,
    each: &mut dyn FnMut(&Record<'_>) -> bool,
) -> Outlook {
    match &source.place {
        Place::Stdin => Outlook::Uneven,
        Place::Journal(_) => Outlook::Dated,
        Place::File(location) => {
            opening::regular(location).map_or(Outlook::Uneven, |file| look(source, file, interest, marks, each))
        }
        Place::Member(member) => look(source, member.open(), interest, marks, each),
    }
}

fn look(
    source: &Source,
    stream: impl Read + Send,
    interest: &Interest,
    marks: &Regex,
    each: &mut dyn FnMut(&Record<'_>) -> bool,
) -> Outlook {
    let Ok(mut stream) = unpacked(Watched { stream, watch: &source.watch }) else { return Outlook::Uneven };
    look_at(&mut stream, Sizes::default(), interest, marks, each)
}

fn look_at(
    stream: &mut dyn Read,
    sizes: Sizes,
    interest: &Interest,
    marks: &Regex,
    each: &mut dyn FnMut(&Record<'_>) -> bool,
) -> Outlook {
    let mut buffer = Buffer::new(stream, sizes.block);
    let beginning = window(&mut buffer, sizes);
    let first = first_stamp(beginning);
    match sniff::sniff(beginning, interest.is_known()) {
        Verdict::Text { .. } if first.is_some_and(|first| first.year_known) => return Outlook::Dated,
        Verdict::Text { speaker: Speaker::Tagged, .. } => {}
        Verdict::Export | Verdict::Verbose | Verdict::Json(_) | Verdict::Cloud(_) | Verdict::Settings(_) => {
            return Outlook::Dated;
        }
        Verdict::Journal => return Outlook::Dated,
        Verdict::Text { .. } | Verdict::Empty | Verdict::Packed(_) | Verdict::Undated { .. } => return Outlook::Uneven,
        Verdict::Archive | Verdict::Other(_) => return Outlook::Uneven,
    }
    if !is_mostly_of(interest, beginning) {
        return Outlook::Uneven;
    }
    let Some(first) = first else { return Outlook::Uneven };
    let mut blocks = Blocks::new(&mut buffer, sizes.line);
    let mut look = Look { line: 0, host: None, head: Vec::new(), from: first.written, to: first.written };
    while let Some(block) = blocks.next() {
        let is_even = match block {
            Block::Lines(bytes) => look.is_even(bytes, marks, each),
            Block::LongLine(_) | Block::Hole => false,
        };
        if !is_even {
            return Outlook::Uneven;
        }
    }
    Outlook::Even(first)
}

fn is_mostly_of(interest: &Interest, beginning: &[u8]) -> bool {
    let Some(pattern) = interest.pattern() else { return true };
    let mut hits = Hits::default();
    hits.search(beginning, pattern);
    hits.found.len() as u64 * SHARE_MIN >= hits.lines
}

/// What all lines so far have in common.
struct Look {
    line: u64,
    /// Their host, once a line was looked at.
    host: Option<Option<Vec<u8>>>,
    /// Stamp and host of the last line that was taken apart, as written: what begins so has the same.
    head: Vec<u8>,
    from: NaiveDateTime,
    to: NaiveDateTime,
}

impl Look {
    fn is_even(&mut self, bytes: &[u8], marks: &Regex, each: &mut dyn FnMut(&Record<'_>) -> bool) -> bool {
        const ESCAPE: u8 = 0x1B;
        // What colours a line may stand in its words.
        if memchr(ESCAPE, bytes).is_some() {
            return false;
        }
        let end_of_mark = |from| marks.shortest_match_at(bytes, from).unwrap_or(usize::MAX);
        let mut mark = end_of_mark(0);
        let mut begin = 0;
        while begin < bytes.len() {
            let end = memchr(b'\n', &bytes[begin..]).map_or(bytes.len(), |at| begin + at);
            let line = without_return(&bytes[begin..end]);
            self.line += 1;
            let begins_alike = !self.head.is_empty() && line.starts_with(&self.head);
            if !begins_alike && !self.takes_apart(line) {
                return false;
            }
            if mark <= end {
                if !each(&text::record(self.line, line, line, Speaker::Tagged)) {
                    return false;
                }
                mark = end_of_mark(end);
            }
            begin = end + 1;
        }
        true
    }

    /// Looks at what begins differently; says whether it is the same host half a year or less apart.
    fn takes_apart(&mut self, line: &[u8]) -> bool {
        let Some(header) = header::parse(line) else { return false };
        let Some(stamp) = header.stamp.filter(|stamp| !stamp.year_known) else { return false };
        let host = header.host;
        if self.host.get_or_insert_with(|| host.map(<[u8]>::to_vec)).as_deref() != host {
            return false;
        }
        self.head.clear();
        // Whether a word with a colon is a host depends on what follows.
        if let Some(host) = host.filter(|host| !host.ends_with(b":")) {
            let behind = line.len() - header.behind_stamp.len();
            if header.behind_stamp.starts_with(host) && line.get(behind + host.len()) == Some(&b' ') {
                self.head.extend_from_slice(&line[..=behind + host.len()]);
            }
        }
        self.from = self.from.min(stamp.written);
        self.to = self.to.max(stamp.written);
        (self.to - self.from).num_days() < APART_DAYS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(log: &str, block: usize) -> (Outlook, Vec<u64>) {
        let interest = Interest::Matching(Regex::new("pdns").expect("a word"));
        let marks = Regex::new("until|e repeated").expect("words");
        let mut marked = Vec::new();
        let mut bytes = log.as_bytes();
        let sizes = Sizes { block, line: 100, window: 120, ..Sizes::default() };
        let outlook = look_at(&mut bytes, sizes, &interest, &marks, &mut |record| {
            marked.push(record.line);
            !record.raw.ends_with(b"stop")
        });
        (outlook, marked)
    }

    const LINES: [&str; 4] = [
        "Nov 23 02:12:33 ns1 pdns_server[304]: a",
        "Nov 23 02:12:33 ns1 pdns_server[304]: left alone until 7\r",
        "Nov 23 02:12:34 ns1 CRON[17]: b",
        "Nov 23 02:12:34 ns1 pdns_server[304]: until until",
    ];

    #[test]
    fn lines_alike_are_even_whatever_blocks_they_come_in() {
        let log = LINES.join("\n");
        for block in [1, 7, 60, 1000] {
            let (outlook, marked) = looked(&log, block);
            assert!(matches!(outlook, Outlook::Even(first) if !first.year_known), "{block}: {outlook:?}");
            assert_eq!(marked, [2, 4], "{block}");
        }
    }

    #[test]
    fn what_could_place_a_line_elsewhere_is_uneven() {
        let long = "x".repeat(200);
        for odd in [
            "Nov 23 02:12:35 ns2 pdns_server[304]: another host",
            "Nov 23 02:12:35 pdns_server[304]: no host",
            "May 23 02:12:35 ns1 pdns_server[304]: another half year",
            "2026-11-23T02:13:08Z ns1 pdns_server[304]: a year",
            "Nov 23 02:12:99 ns1 pdns_server[304]: no such time",
            "goes on without a head",
            "",
            "Nov 23 02:12:35 ns1 pdns_server[304]: \x1b[1mcoloured\x1b[0m",
            "Nov 23 02:12:35 ns1 pdns_server[304]: until they say stop",
            &long,
        ] {
            let log = format!("{}\n{odd}\n{}\n", LINES.join("\n"), LINES[0]);
            assert_eq!(looked(&log, 1000).0, Outlook::Uneven, "{odd}");
        }
    }

    #[test]
    fn others_lines_are_not_looked_through() {
        let log = ["Nov 23 02:12:34 ns1 CRON[17]: b\n"; 9].concat() + LINES[1];
        assert_eq!(looked(&log, 1000), (Outlook::Uneven, Vec::new()));
    }

    #[test]
    fn a_year_in_the_first_stamp_is_enough() {
        assert_eq!(looked("2026-11-23T02:13:08Z ns1 pdns[1]: until\n", 1000), (Outlook::Dated, Vec::new()));
    }
}
