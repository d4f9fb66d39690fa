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

mod ahead;
mod archive;
mod blocks;
mod buffer;
mod cloud;
mod container;
mod entry;
mod error;
mod excerpt;
mod expand;
mod export;
mod header;
mod heads;
mod helpers;
mod hits;
mod journal;
mod journals;
mod json;
#[cfg(test)]
mod laws;
pub mod live;
mod message;
mod opening;
mod outlook;
mod rfc5424;
mod seam;
mod sequence;
mod settings;
mod sniff;
mod stamp;
mod summary;
mod text;
mod unpack;
mod verbose;
mod watch;

pub use error::Error;
pub use excerpt::Scratch;
use excerpt::Writer;
use expand::Place;
pub use expand::{Expanded, Source, expand};
pub use helpers::Helpers;
pub use journals::this_machine;
pub use outlook::{Outlook, look_ahead};
pub use sequence::{Gap, Sequence};
pub use summary::{Summary, TROUBLES_KEPT, Trouble};
pub use watch::Watch;

use crate::event::Text;
use crate::record::Record;
use blocks::Blocks;
use buffer::{Buffer, Resumed};
use json::Dialect;
use memchr::memchr;
use opening::Patient;
use regex::bytes::Regex;
use sniff::Verdict;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use unpack::Packing;
use watch::Watched;

/// The longest line (and the longest field of a journal entry) of which more than the beginning is kept, in bytes.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// Which records the caller wants.
#[derive(Debug, Clone)]
pub enum Interest {
    /// All of them (`events --all`).
    All,
    /// All of them, by one who knows what the programs say: whether a text is a message tells `journalctl -o cat` from any other text.
    AllKnowing(fn(&[u8]) -> bool),
    /// Lines in which the pattern occurs; others are only counted. It is searched for in blocks of many lines, so it must
    /// not match a line end. In a journal entry it is searched for in `NAME=value` lines of the fields that a record is made
    /// of. A file in which most lines do not name their program (a daemon's own output) is given whole.
    ///
    /// `last message repeated 3 times` comes without the program's name in some logs: a pattern that has those words too
    /// finds them, and their line number tells whether the line before was of interest.
    Matching(Regex),
    /// As `Matching`, by one who knows what the programs say.
    Programs(Programs),
}

/// How to find some programs' records in any kind of source.
#[derive(Debug, Clone)]
pub struct Programs {
    /// As of [`Interest::Matching`].
    pub pattern: Regex,
    /// Fields of a journal in whose values the pattern is searched for. Its index knows all values of a field, so that entries
    /// of other programs are not even read.
    pub fields: &'static [&'static str],
    /// Whether a text is a whole message of one of the programs: what tells `journalctl -o cat` from any other text.
    pub is_known: fn(&[u8]) -> bool,
}

impl Interest {
    fn is_in(&self, bytes: &[u8]) -> bool {
        self.pattern().is_none_or(|pattern| pattern.is_match(bytes))
    }

    /// Whether both give the same records.
    #[must_use]
    pub fn is_as(&self, other: &Self) -> bool {
        self.pattern().map(Regex::as_str) == other.pattern().map(Regex::as_str)
    }

    fn pattern(&self) -> Option<&Regex> {
        match self {
            Self::All | Self::AllKnowing(_) => None,
            Self::Matching(pattern) | Self::Programs(Programs { pattern, .. }) => Some(pattern),
        }
    }

    fn is_known(&self) -> Option<fn(&[u8]) -> bool> {
        match self {
            Self::All | Self::Matching(_) => None,
            Self::AllKnowing(is_known) => Some(*is_known),
            Self::Programs(programs) => Some(programs.is_known),
        }
    }
}

/// Reads a source from begin to end and gives each record of interest to `each`, in the order of the source.
///
/// # Errors
/// [`Error::Missing`], [`Error::Unreadable`], [`Error::NotPermitted`] and [`Error::NoJournal`] if it cannot be opened;
/// [`Error::NotALog`], [`Error::Unsupported`] and [`Error::Undated`] if its beginning says that its lines are of no use. In all these
/// cases no record was given. Trouble further on is in the summary: [`Summary::broken_off`] if the end was not reached,
/// [`Summary::troubles`] otherwise.
pub fn read(source: &Source, interest: &Interest, each: &mut dyn FnMut(&Record<'_>)) -> Result<Summary, Error> {
    let Some(writer) = source.scratch.begin(interest, &source.watch).filter(|_| source.is_large()) else {
        return read_through(source, interest, each);
    };
    let mut writer = Some(writer);
    let summary = read_through(source, interest, &mut |record| {
        if writer.as_mut().is_some_and(|writer| !source.excerpt.is_wanted() || !writer.add(record)) {
            writer = None;
        }
        each(record);
    })?;
    source.excerpt.set(writer.and_then(Writer::finish));
    Ok(summary)
}

/// Gives the records that [`read`] gave once more: from what was put aside then, else from the source. Where that can no longer be
/// read there is nothing to say: it was read once.
pub fn read_again(source: &Source, interest: &Interest, each: &mut dyn FnMut(&Record<'_>)) {
    match source.excerpt.get().filter(|excerpt| excerpt.is_of(interest)) {
        Some(excerpt) => drop(excerpt.read(each)),
        None => drop(read_through(source, interest, each)),
    }
}

fn read_through(source: &Source, interest: &Interest, each: &mut dyn FnMut(&Record<'_>)) -> Result<Summary, Error> {
    match &source.place {
        Place::Stdin => {
            let stdin = Patient { stream: io::stdin(), watch: &source.watch };
            let mut stream = Watched { stream: stdin, watch: &source.watch };
            read_stream(&source.path, &mut stream, interest, each)
        }
        Place::File(location) => read_file(source, location, interest, each),
        Place::Member(member) => {
            source.watch.opened(&source.path);
            let mut stream = Watched { stream: member.open(), watch: &source.watch };
            let (path, helpers) = (&source.path, Some(&source.helpers));
            let layer = Layer { sizes: Sizes::default(), path, location: None, depth: 0, helpers };
            Ok(Summary { modified: member.modified(), ..layer.read(&mut stream, interest, each)? })
        }
        Place::Journal(files) => {
            let mut summary = Summary::default();
            journal::read(&source.path, files, &source.helpers, interest, &mut summary, each)?;
            source.note_namespaces(&mut summary);
            Ok(summary)
        }
    }
}

/// Whether a file is a configuration of one of the daemons, packed or not.
fn is_settings(location: &Path) -> bool {
    let Some(Ok(stream)) = opening::regular(location).map(unpacked) else { return false };
    let mut window = Vec::new();
    // What a damaged stream gave before it broke is judged.
    drop(stream.take(Sizes::default().window as u64).read_to_end(&mut window));
    matches!(sniff::sniff(&window, None), Verdict::Settings(_))
}

fn read_file(
    source: &Source,
    location: &Path,
    interest: &Interest,
    each: &mut dyn FnMut(&Record<'_>),
) -> Result<Summary, Error> {
    let opened = opening::at_once(location).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let Source { path, watch, .. } = source;
    watch.opened(path);
    let (file, metadata) = opened.map_err(|error| Error::opening(path, error))?;
    let modified = expand::modified(&metadata);
    let is_regular = metadata.is_file();
    let layer = Layer {
        sizes: Sizes::default(),
        path,
        location: Some(location).filter(|_| is_regular),
        depth: 0,
        helpers: Some(&source.helpers).filter(|_| is_regular),
    };
    let summary = if is_regular {
        layer.read(&mut Watched { stream: file, watch }, interest, each)?
    } else {
        layer.read(&mut Watched { stream: Patient { stream: file, watch }, watch }, interest, each)?
    };
    Ok(Summary { modified, ..summary })
}

/// Reads a stream that the caller has opened, as [`read`] does; `path` is for its errors.
///
/// # Errors
/// As of [`read`], except that nothing is opened.
pub fn read_stream(
    path: &Text,
    stream: &mut (dyn Read + Send),
    interest: &Interest,
    each: &mut dyn FnMut(&Record<'_>),
) -> Result<Summary, Error> {
    Layer { sizes: Sizes::default(), path, location: None, depth: 0, helpers: None }.read(stream, interest, each)
}

/// What a stream holds that is no log: its lines, unpacked where its first bytes say that it is packed.
///
/// # Errors
/// The first bytes cannot be read, or the packing is one that this build does not know.
pub fn unpacked<'s>(stream: impl Read + Send + 's) -> io::Result<Box<dyn BufRead + 's>> {
    let mut stream = BufReader::with_capacity(Sizes::default().block, stream);
    match Packing::of(stream.fill_buf()?) {
        None => Ok(Box::new(stream)),
        #[cfg(feature = "compress")]
        Some(packing) => Ok(Box::new(BufReader::with_capacity(Sizes::default().block, packing.unpack(stream)?))),
        #[cfg(not(feature = "compress"))]
        Some(packing) => Err(io::Error::other(packing.unsupported())),
    }
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
    /// A stream with more bytes than these is worth a helper.
    large: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { block: 256 * 1024, line: MAX_LINE_BYTES, window: 64 * 1024, large: 1024 * 1024 }
    }
}

/// A stream, or what was packed in one.
#[derive(Debug, Clone, Copy)]
struct Layer<'p> {
    sizes: Sizes,
    path: &'p Text,
    /// Where the stream can be opened again: libsystemd reads nothing but files.
    location: Option<&'p Path>,
    /// How many times the stream was packed.
    depth: u32,
    /// Who may read ahead. Nobody does where bytes are waited for: what has come is dealt with first.
    helpers: Option<&'p Helpers>,
}

/// An archive in an archive happens; a hundred are an attack.
const DEPTH_MAX: u32 = 3;

/// journald's own limit of a file in its compact form.
const JOURNAL_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

impl Layer<'_> {
    fn read(
        self,
        stream: &mut (dyn Read + Send),
        interest: &Interest,
        each: &mut dyn FnMut(&Record<'_>),
    ) -> Result<Summary, Error> {
        let Self { sizes, path, .. } = self;
        let mut buffer = Buffer::new(&mut *stream, sizes.block);
        let mut summary = Summary::default();
        if skip_hole(&mut buffer, sizes.window) {
            summary.trouble(1, "nul-bytes", "A run of NUL bytes before the line is skipped.");
        }
        match sniff::sniff(window(&mut buffer, sizes), interest.is_known()) {
            Verdict::Empty => summary.format = "empty",
            Verdict::Text { format, speaker } => {
                summary.format = format;
                summary.covers = sniff::covered(buffer.filled());
                if let Some(helpers) = self.helpers.filter(|helpers| helpers.may_come())
                    && buffer.fill_to(sizes.large)
                {
                    let mut stream = buffer.into_rest().before(stream);
                    let failure = text::read_ahead(&mut stream, sizes, helpers, interest, speaker, &mut summary, each);
                    return self.ended(summary, failure);
                }
                text::read(&mut Blocks::new(&mut buffer, sizes.line), interest, speaker, &mut summary, each);
            }
            Verdict::Export => {
                summary.format = "export";
                export::read(&mut buffer, sizes.line, path, interest, &mut summary, each);
            }
            Verdict::Json(dialect) => {
                summary.format = match dialect {
                    Dialect::Journal => "json",
                    Dialect::Docker => "docker-json",
                };
                json::read(&mut Blocks::new(&mut buffer, sizes.line), dialect, path, interest, &mut summary, each);
            }
            Verdict::Cloud(listing) => {
                summary.format = listing.format();
                cloud::read(&mut buffer, listing, path, interest, &mut summary, each);
            }
            Verdict::Settings(whose) => {
                summary.format = whose.format();
                settings::read(&mut Blocks::new(&mut buffer, sizes.line), whose, &mut summary, each);
            }
            Verdict::Verbose => {
                summary.format = "verbose";
                verbose::read(&mut Blocks::new(&mut buffer, sizes.line), interest, &mut summary, each);
            }
            Verdict::Packed(_) if self.depth == DEPTH_MAX => {
                return Err(Error::Unsupported {
                    path: path.clone(),
                    found: "it is packed too many times over, unpack it first",
                });
            }
            Verdict::Packed(packing) => {
                let packed = buffer.into_rest().before(stream);
                return self.unpack(packing, packed, interest, each);
            }
            Verdict::Journal => self.journal(&mut buffer, interest, &mut summary, each)?,
            Verdict::Undated { line } => return Err(Error::Undated { path: path.clone(), line }),
            Verdict::Archive => {
                let found = "it is a tar archive in another stream, name its file or unpack it and name the directory";
                return Err(Error::Unsupported { path: path.clone(), found });
            }
            Verdict::Other(found) => return Err(not_a_log(path, found, &mut buffer)),
        }
        self.ended(summary, buffer.take_failure())
    }

    /// What was read until the stream ended, or broke off.
    fn ended(self, mut summary: Summary, failure: Option<io::Error>) -> Result<Summary, Error> {
        if let Some(source) = failure {
            let path = self.path.clone();
            if summary.lines == 0 {
                return Err(Error::Unreadable { path, line: None, source });
            }
            summary.broken_off = Some(Error::Unreadable { path, line: Some(summary.lines), source });
        }
        Ok(summary)
    }

    #[cfg(feature = "compress")]
    fn unpack(
        self,
        packing: Packing,
        packed: Resumed<'_>,
        interest: &Interest,
        each: &mut dyn FnMut(&Record<'_>),
    ) -> Result<Summary, Error> {
        let path = self.path;
        let mut stream =
            packing.unpack(packed).map_err(|source| Error::Unreadable { path: path.clone(), line: None, source })?;
        Self { location: None, depth: self.depth + 1, ..self }.read(&mut stream, interest, each)
    }

    #[cfg(not(feature = "compress"))]
    fn unpack(
        self,
        packing: Packing,
        _packed: Resumed<'_>,
        _interest: &Interest,
        _each: &mut dyn FnMut(&Record<'_>),
    ) -> Result<Summary, Error> {
        Err(Error::Unsupported { path: self.path.clone(), found: packing.unsupported() })
    }

    /// A journal that is no file of its own is made one, until it has been read.
    fn journal(
        self,
        buffer: &mut Buffer<'_>,
        interest: &Interest,
        summary: &mut Summary,
        each: &mut dyn FnMut(&Record<'_>),
    ) -> Result<(), Error> {
        if let Some(location) = self.location {
            return journal::read(self.path, &[location.to_owned()], &Helpers::default(), interest, summary, each);
        }
        let unreadable = |source| Error::Unreadable { path: self.path.clone(), line: None, source };
        let mut copy = tempfile::NamedTempFile::new().map_err(unreadable)?;
        let copied = io::copy(&mut Read::take(&mut *buffer, JOURNAL_BYTES_MAX), &mut copy);
        let broken_off = copied.and_then(|bytes| {
            let is_whole = bytes < JOURNAL_BYTES_MAX;
            if is_whole { Ok(()) } else { Err(io::Error::other("a journal of more than 4 GiB must be unpacked first")) }
        });
        journal::read(self.path, &[copy.path().to_owned()], &Helpers::default(), interest, summary, each)?;
        if let Err(source) = broken_off {
            summary.broken_off = Some(Error::Unreadable { path: self.path.clone(), line: None, source });
        }
        Ok(())
    }
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
