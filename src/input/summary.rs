//! What is known about a source once it has been read.

use super::error::Error;
use super::sequence::Sequence;
use crate::record::Stamp;
use chrono::NaiveDate;

/// How many troubles a summary keeps; a damaged file would otherwise fill the memory.
pub const TROUBLES_KEPT: usize = 100;

/// Trouble with a few bytes of a source that did not stop the reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// 1-based line (for a journal export, where the entry begins).
    pub line: Option<u64>,
    /// `truncated` (a line over [`MAX_LINE_BYTES`](super::MAX_LINE_BYTES): its beginning was kept), `nul-bytes`,
    /// `invalid-utf8`, `unread` (bytes that are no part of any record), or `salvaged` (a damaged journal: what was read and lost).
    pub kind: &'static str,
    /// One full sentence for the operator; it holds nothing from the log.
    pub text: String,
}

impl Trouble {
    /// Whether the source as a whole was not read, or not to its end.
    #[must_use]
    pub fn is_of_whole_source(&self) -> bool {
        self.kind == "unread" && self.line.is_none()
    }
}

/// What came out of reading one source.
#[derive(Debug, Default)]
pub struct Summary {
    /// The format that most of the first lines have, as `journalctl -o` or the standards call it (`rfc3164`, `export` …),
    /// `daemon-output` for lines that a daemon stamped itself, `journalctl` for nothing but its markers, `empty` for a file without any bytes.
    pub format: &'static str,
    /// From which day to which the journal reached that `journalctl` printed, where it says so in its first line.
    pub covers: Option<(NaiveDate, NaiveDate)>,
    /// All lines or journal entries, not only those of interest.
    pub lines: u64,
    /// Stamp of the first stamped line, of interest or not.
    pub first: Option<Stamp>,
    /// Stamp of the last stamped line, of interest or not. It may be earlier than `first` (`journalctl -r`).
    pub last: Option<Stamp>,
    /// When the file was last written to, in seconds since 1970; `None` for standard input and pipes.
    pub modified: Option<i64>,
    /// The first [`TROUBLES_KEPT`] troubles, in the order of lines. NUL bytes and invalid UTF-8 are looked for only in
    /// records that were passed on.
    pub troubles: Vec<Trouble>,
    /// How many troubles came after those.
    pub further_troubles: u64,
    /// The numbers that journald gave the entries, where they have cursors.
    pub sequence: Sequence,
    /// What broke the reading off before the source's end, after everything before it was delivered: exit code 2.
    pub broken_off: Option<Error>,
}

impl Summary {
    pub(super) fn trouble(&mut self, line: u64, kind: &'static str, text: &str) {
        if self.troubles.len() < TROUBLES_KEPT {
            self.troubles.push(Trouble { line: Some(line), kind, text: text.to_owned() });
        } else {
            self.further_troubles += 1;
        }
    }

    /// As [`examine`](Self::examine), of an entry whose place is its cursor.
    pub(super) fn examine_entry(&mut self, raw: &[u8]) {
        let before = self.troubles.len();
        self.examine(0, raw);
        self.troubles[before..].iter_mut().for_each(|trouble| trouble.line = None);
    }

    /// Notes NUL bytes and invalid UTF-8 in a record.
    pub(super) fn examine(&mut self, line: u64, raw: &[u8]) {
        if memchr::memchr(0, raw).is_some() {
            self.trouble(line, "nul-bytes", "The line contains NUL bytes.");
        }
        if std::str::from_utf8(raw).is_err() {
            self.trouble(line, "invalid-utf8", "The line is not valid UTF-8.");
        }
    }
}
