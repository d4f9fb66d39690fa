//! Bytes → [`Record`]: formats and files, no daemon.
//!
//! [`expand()`] turns the command line's words into [`Source`]s, [`read`] gives the records of one of them. Inside, a
//! `buffer` holds what came from the stream, `sniff` judges its beginning, and then either `blocks` cut it into
//! lines that `text` and `header` parse, or `export` takes journal entries out of it. The smallest example:
//!
//! ```
//! use driftline::input::{Interest, read_stream};
//! let mut hosts = Vec::new();
//! let mut log = &b"Nov 23 02:12:33 ns1 pdns_server[304]: This is a standalone pdns\n"[..];
//! let summary = read_stream(&"ns1.log".into(), &mut log, &Interest::All, &mut |record| {
//!     hosts.push(record.host.map(<[u8]>::to_vec));
//! });
//! assert_eq!(summary.map(|summary| (summary.format, summary.lines)).ok(), Some(("rfc3164", 1)));
//! assert_eq!(hosts, [Some(b"ns1".to_vec())]);
//! ```
//!
//! **Invariant:** memory is bounded by a block and the longest line we keep, whatever the input.

mod blocks;
mod buffer;
mod error;
mod expand;
mod export;
mod header;
#[cfg(test)]
mod laws;
mod message;
mod rfc5424;
mod sniff;
mod stamp;
mod summary;
mod text;

pub use error::Error;
pub use expand::{Expanded, Source, expand};
pub use summary::{Summary, TROUBLES_KEPT, Trouble};

use crate::event::Text;
use crate::record::Record;
use blocks::Blocks;
use buffer::Buffer;
use memchr::memchr;
use regex::bytes::Regex;
use sniff::Verdict;
use std::fs::File;
use std::io::{self, Read};
use std::time::UNIX_EPOCH;

/// The longest line (and the longest field of a journal entry) of which more than the beginning is kept, in bytes.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// Which records the caller wants.
#[derive(Debug, Clone)]
pub enum Interest {
    /// All of them (`events --all`).
    All,
    /// Lines in which the pattern occurs; others are only counted. It is searched for in blocks of many lines, so it must
    /// not match a line end. In a journal entry it is searched for in `NAME=value` lines of the fields that a record is made
    /// of. A file in which most lines do not name their program (a daemon's own output) is given whole.
    ///
    /// `last message repeated 3 times` comes without the program's name in some logs: a pattern that has those words too
    /// finds them, and their line number tells whether the line before was of interest.
    Matching(Regex),
}

impl Interest {
    fn is_in(&self, bytes: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Matching(pattern) => pattern.is_match(bytes),
        }
    }
}

/// Reads a source from begin to end and gives each record of interest to `each`, in the order of the source.
///
/// # Errors
/// [`Error::Missing`] and [`Error::Unreadable`] if it cannot be opened; [`Error::NotALog`], [`Error::Unsupported`] and
/// [`Error::Undated`] if its beginning says that its lines are of no use. In all these cases no record was given. Trouble further on is in the
/// summary: [`Summary::broken_off`] if the end was not reached, [`Summary::troubles`] otherwise.
pub fn read(source: &Source, interest: &Interest, each: &mut dyn FnMut(&Record<'_>)) -> Result<Summary, Error> {
    let Some(location) = &source.location else {
        return read_stream(&source.path, &mut io::stdin().lock(), interest, each);
    };
    #[expect(clippy::disallowed_methods, reason = "the one place that opens sources")]
    let opened = File::open(location).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let (mut file, metadata) = opened.map_err(|error| Error::opening(&source.path, error))?;
    let modified = metadata.modified().ok().filter(|_| metadata.is_file());
    let modified = modified.and_then(|time| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok());
    Ok(Summary { modified, ..read_stream(&source.path, &mut file, interest, each)? })
}

/// Reads a stream that the caller has opened, as [`read`] does; `path` is for its errors.
///
/// # Errors
/// As of [`read`], except that nothing is opened.
pub fn read_stream(
    path: &Text,
    stream: &mut dyn Read,
    interest: &Interest,
    each: &mut dyn FnMut(&Record<'_>),
) -> Result<Summary, Error> {
    read_with(Sizes::default(), path, stream, interest, each)
}

/// Sizes in bytes; tests make them small. None of them changes what comes out for lines shorter than `line`.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Asked of the stream at a time: what fits the second-level cache.
    block: usize,
    /// The longest line kept whole.
    line: usize,
    /// Judged before the first line is read.
    window: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { block: 256 * 1024, line: MAX_LINE_BYTES, window: 64 * 1024 }
    }
}

fn read_with(
    sizes: Sizes,
    path: &Text,
    stream: &mut dyn Read,
    interest: &Interest,
    each: &mut dyn FnMut(&Record<'_>),
) -> Result<Summary, Error> {
    let mut buffer = Buffer::new(stream, sizes.block);
    let mut summary = Summary::default();
    if skip_hole(&mut buffer, sizes.window) {
        summary.trouble(1, "nul-bytes", "A run of NUL bytes before the line is skipped.");
    }
    match sniff::sniff(window(&mut buffer, sizes)) {
        Verdict::Empty => summary.format = "empty",
        Verdict::Text { format, speaker } => {
            summary.format = format;
            text::read(Blocks::new(&mut buffer, sizes.line), interest, speaker, &mut summary, each);
        }
        Verdict::Export => {
            summary.format = "export";
            export::read(&mut buffer, sizes.line, path, interest, &mut summary, each);
        }
        Verdict::Undated { line } => return Err(Error::Undated { path: path.clone(), line }),
        Verdict::Unsupported(found) => return Err(Error::Unsupported { path: path.clone(), found }),
        Verdict::Other(found) => return Err(not_a_log(path, found, &mut buffer)),
    }
    if let Some(source) = buffer.take_failure() {
        if summary.lines == 0 {
            return Err(Error::Unreadable { path: path.clone(), line: None, source });
        }
        summary.broken_off = Some(Error::Unreadable { path: path.clone(), line: Some(summary.lines), source });
    }
    Ok(summary)
}

/// Drops NUL bytes from the beginning of a log that was truncated while its writer kept its place; says whether there were
/// so many that they would hide what comes behind.
fn skip_hole(buffer: &mut Buffer<'_>, window: usize) -> bool {
    let mut hole = false;
    while buffer.fill_to(window) && buffer.filled()[..window].iter().all(|&byte| byte == 0) {
        buffer.consume(window);
        hole = true;
    }
    hole
}

/// What to judge: the window, or the first line where that is longer. It must not depend on the size of blocks.
fn window<'b>(buffer: &'b mut Buffer<'_>, sizes: Sizes) -> &'b [u8] {
    let mut length = sizes.window;
    buffer.fill_to(length);
    while buffer.filled().len() >= length && length < sizes.line && memchr(b'\n', &buffer.filled()[..length]).is_none()
    {
        length = length.saturating_mul(2).min(sizes.line);
        buffer.fill_to(length);
    }
    let filled = buffer.filled();
    &filled[..filled.len().min(length)]
}

/// A stream that breaks off before it shows what it is was not read, rather than not a log.
fn not_a_log(path: &Text, found: &'static str, buffer: &mut Buffer<'_>) -> Error {
    match buffer.take_failure() {
        Some(source) => Error::Unreadable { path: path.clone(), line: None, source },
        None => Error::NotALog { path: path.clone(), found },
    }
}
