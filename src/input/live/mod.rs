//! Sources that grow → records, as they are written.
//!
//! [`follow`] gives what [`read`](super::read) would give of the same bytes, record for record, and goes on. Each record comes with a
//! [`Mark`]; a [`Position`] that was [advanced](Position::advance) by the marks of all records so far is where another `follow` goes on: none
//! lost, none given twice.
//!
//! Text is read by the readers of a batch (`reader`) from a stream that says when it has run dry (`tail`, `flow`); `file` and `siblings`
//! know what rotation does. Journals are read file by file (`journal`).
//!
//! **Invariant:** a record is marked by what the source itself calls it (a line's number, an entry's sequence number), never by a
//! moment or a count of ours.

mod file;
mod flow;
mod journal;
#[cfg(test)]
mod laws;
mod packed;
mod pipe;
mod places;
mod position;
mod reader;
#[cfg(test)]
mod rotations;
mod siblings;
mod tail;
#[cfg(test)]
mod testing;

pub use places::Places;
pub use position::Position;

use super::archive;
use super::error::Error;
use super::expand::{self, Expanded};
use super::{Interest, Sizes, Source, TROUBLES_KEPT, Trouble};
use crate::event::Text;
use crate::record::{Record, Stamp};
use chrono::NaiveDate;
use flow::{Flow, Pace};
use position::{JournalPlaces, Place};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a follower waits before it looks again, while something comes now and then. Nothing here is woken: looking costs a few
/// system calls.
const WAIT: Duration = Duration::from_millis(100);
/// It looks less often when nothing has come for so many looks.
const QUIET_LOOKS: u32 = 50;
/// So much less; what is announced then is still announced within two seconds of its line.
const QUIET_FACTOR: u32 = 4;

/// How long to wait after so many looks in vain.
fn patience(wait: Duration, in_vain: u32) -> Duration {
    if in_vain > QUIET_LOOKS { wait * QUIET_FACTOR } else { wait }
}

/// One source that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Path as given; `-` for standard input.
    pub path: Text,
    /// The node that `NODE=` names.
    pub node: Option<Text>,
    /// Whether only a directory was named: then a file that is no log is none of ours.
    pub found_in_directory: bool,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Stdin,
    /// A file that grows, is rotated, is cut.
    File(PathBuf),
    /// A tar archive, packed or not, which is said not to be followed.
    Archive(PathBuf),
    /// All journals below these directories, also those that appear later; or single journal files.
    Journals {
        roots: Vec<PathBuf>,
        is_own: bool,
    },
}

/// What a record is called by its source, or where its reading has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// The line of a record of text.
    Line(u64),
    /// A place from which all can be read again that has not been given.
    At(Box<Position>),
    /// An entry of a journal file: file id, sequence number id, sequence number.
    Entry(u128, u128, u64),
}

/// What is known of a source so far, also of lines that are of no interest: as in [`Summary`](super::Summary).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The format as recognised; empty until it is.
    pub format: &'static str,
    /// From which day to which the journal reached that `journalctl` printed, where the first line says so.
    pub covers: Option<(NaiveDate, NaiveDate)>,
    /// Lines or entries.
    pub lines: u64,
    /// First stamp.
    pub first: Option<Stamp>,
    /// Last stamp.
    pub last: Option<Stamp>,
    /// When a file was last written to (Unix seconds).
    pub modified: Option<i64>,
}

/// What comes of a source. `path` and `node` are those of the source, or of the journal below a directory.
#[derive(Debug)]
pub enum Arrival<'a> {
    /// A record of interest, and what its source calls it.
    Record(&'a Text, &'a Record<'a>, Mark),
    /// The reading has come to another place: what was before it is given.
    Turn(Mark),
    /// Something is lost or odd.
    Trouble(&'a Text, Trouble),
    /// Nothing more for now; for each path what is known of it. Comes again and again while that is so.
    Rest(&'a [(Text, Progress)]),
}

/// When to stop by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Never: the reading goes on until it is stopped, or a pipe is closed.
    Stopped,
    /// When what is there now has been read. A last line without its end counts as a line.
    EndOfInput,
    /// When what is there now has been read. A last line without its end is left for the next time.
    LastWholeLine,
}

/// What a command line's words stand for.
#[derive(Debug, Default)]
pub struct Found {
    /// What is followed.
    pub logs: Vec<Followed>,
    /// The daemons' configuration files: each is read as a whole, and does not grow.
    pub settings: Vec<Source>,
    /// What is missing or cannot be read.
    pub errors: Vec<Error>,
}

/// The sources that a command line's words stand for; without words this machine's journal.
///
/// # Errors
/// There is no journal of this machine. What else is missing or unreadable is among the errors beside the sources that are fine.
pub fn expand(words: &[OsString]) -> Result<Found, Error> {
    if words.is_empty() {
        let own = super::this_machine()?;
        let roots = own.journal_directories();
        let kind = Kind::Journals { roots, is_own: true };
        let own = Followed { path: own.path, node: None, found_in_directory: false, kind };
        return Ok(Found { logs: vec![own], ..Found::default() });
    }
    let mut found = Found::default();
    for word in words {
        let Expanded { sources, errors: failed } = expand::expand_growing(std::slice::from_ref(word));
        let (path, node, place) = expand::word(word);
        if place.is_dir() {
            let journals = sources.iter().any(|source| !source.journal_directories().is_empty());
            if journals || sources.is_empty() {
                let kind = Kind::Journals { roots: vec![place], is_own: false };
                found.logs.push(Followed { path, node: node.clone(), found_in_directory: false, kind });
            }
        }
        for source in sources.into_iter().filter(|source| source.journal_directories().is_empty()) {
            if source.location().is_some_and(super::is_settings) {
                found.settings.push(source);
                continue;
            }
            let kind = match source.location() {
                Some(place) if file::is_journal(place) => {
                    Kind::Journals { roots: vec![place.to_owned()], is_own: false }
                }
                Some(place) if archive::is_at(place) => Kind::Archive(place.to_owned()),
                Some(place) => Kind::File(place.to_owned()),
                None => Kind::Stdin,
            };
            let Source { path, node, found_in_directory, .. } = source;
            found.logs.push(Followed { path, node, found_in_directory, kind });
        }
        found.errors.extend(failed);
    }
    found.logs.sort_by(|a, b| (&a.path, &a.node).cmp(&(&b.path, &b.node)));
    found.logs.dedup();
    found.settings.sort_by(|a, b| (&a.path, &a.node).cmp(&(&b.path, &b.node)));
    found.settings.dedup();
    Ok(found)
}

/// Follows one source from where `from` says until `stop` is set or `until` is reached. `each` gets every arrival.
///
/// # Errors
/// The source cannot be read at all, as of [`read`](super::read). A file that is missing for now is waited for.
pub fn follow(
    source: &Followed,
    interest: &Interest,
    from: Option<&Position>,
    until: Until,
    stop: &AtomicBool,
    each: &mut dyn FnMut(Arrival<'_>),
) -> Result<(), Error> {
    follow_at(Pace::default(), Sizes::default(), source, interest, from, until, stop, each)
}

#[expect(clippy::too_many_arguments, reason = "as `follow`, and what tests make small")]
fn follow_at(
    pace: Pace,
    sizes: Sizes,
    source: &Followed,
    interest: &Interest,
    from: Option<&Position>,
    until: Until,
    stop: &AtomicBool,
    each: &mut dyn FnMut(Arrival<'_>),
) -> Result<(), Error> {
    let mut flow = Flow {
        path: &source.path,
        interest,
        sizes,
        pace,
        until,
        stop,
        each,
        progress: Progress::default(),
        position: Position(Place::Begin),
        reader: None,
        troubles_left: TROUBLES_KEPT,
        in_vain: 0,
        rested_at_line: 0,
    };
    let result = match &source.kind {
        Kind::Stdin => pipe::follow(&mut flow, from, || Ok(io::stdin())),
        Kind::File(place) => {
            let is_static = source.found_in_directory && siblings::is_put_aside(place);
            file::follow(&mut flow, place, from, is_static)
        }
        Kind::Archive(_) => Err(flow::archive(source.path.clone())),
        Kind::Journals { roots, is_own } => journal::follow(source, roots, *is_own, interest, from, until, stop, each),
    };
    match result {
        Err(error) if source.found_in_directory && error.is_not_a_log() => Ok(()),
        Err(error @ Error::Unsupported { .. }) if source.found_in_directory => {
            each(Arrival::Trouble(&source.path, trouble("unread", format!("Failed to {error}."))));
            Ok(())
        }
        result => result,
    }
}

impl Followed {
    /// Where a first reading begins.
    #[must_use]
    pub fn beginning(&self) -> Position {
        match &self.kind {
            Kind::Stdin | Kind::File(_) | Kind::Archive(_) => Position(Place::Begin),
            Kind::Journals { .. } => Position(Place::Journals(JournalPlaces::default())),
        }
    }

    /// When it was last written to (Unix seconds); only of a file, which can be read more than once.
    #[must_use]
    pub fn modified(&self) -> Option<i64> {
        let Kind::File(place) = &self.kind else { return None };
        fs::metadata(place).ok().and_then(|metadata| expand::modified(&metadata))
    }

    /// Whether one who begins anew can read what was written meanwhile: not of a pipe.
    #[must_use]
    pub fn can_be_read_again(&self) -> bool {
        match &self.kind {
            Kind::Stdin => false,
            Kind::File(place) => std::fs::metadata(place).map_or(true, |metadata| metadata.is_file()),
            Kind::Archive(_) | Kind::Journals { .. } => true,
        }
    }

    /// Whether it is a log that none of `known` is. What rotation puts aside is read as part of its log.
    #[must_use]
    pub fn is_new(&self, known: &[Self]) -> bool {
        places::is_new(self, known)
    }

    /// Whether what was written before it was opened can be read: not of standard input.
    #[must_use]
    pub fn has_a_past(&self) -> bool {
        self.kind != Kind::Stdin
    }
}

fn is_stopped(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed)
}

fn trouble(kind: &'static str, text: String) -> Trouble {
    Trouble { line: None, kind, text }
}

fn shown(path: &Path) -> Text {
    path.to_string_lossy().into()
}
