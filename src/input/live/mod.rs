//! Sources that grow: the same records as [`read`](super::read) gives, as they come, and where to go on after a restart.
//!
//! Text is read by the readers of a batch, from a stream that says when it has run dry (`stream`, `file`). Journals are read file by
//! file in the order in which each was written (`journal`), because their merged order hides what arrives late.
//!
//! **Invariant:** [`follow`] started from the position of an arrival goes on with the record behind it, whatever came in between.

mod file;
mod flow;
mod journals;
#[cfg(test)]
mod laws;
mod packed;
mod pipe;
mod position;
mod reader;
#[cfg(test)]
mod rotations;
mod siblings;
mod tail;
#[cfg(test)]
mod testing;

pub use position::Position;

use super::expand::Place;
use super::summary::{TROUBLES_KEPT, Trouble};
use super::{Error, Expanded, Interest, Sizes, Source};
use crate::record::{Record, Stamp};
use flow::{Flow, Pace};
use std::ffi::OsString;
use std::io;
use std::sync::atomic::AtomicBool;

/// What is known of the whole stream so far, also of lines that are not of interest: as the [`Summary`](super::Summary) of a batch
/// read of the same bytes. Between two [`Arrival::Idle`] `first` and `last` may lag behind the records by a few blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// As of [`Summary::format`](super::Summary::format); empty until it is known.
    pub format: &'static str,
    /// All lines or journal entries, also of those before a restart.
    pub lines: u64,
    /// Stamp of the first stamped line.
    pub first: Option<Stamp>,
    /// Stamp of the last stamped line.
    pub last: Option<Stamp>,
    /// When the file was last written to, in seconds since 1970, where it is one.
    pub modified: Option<i64>,
    /// Where to go on behind this arrival.
    pub position: Position,
}

/// What a source gives.
#[derive(Debug)]
pub enum Arrival<'a> {
    /// A record of interest.
    Record(&'a Record<'a>),
    /// Something is odd or lost.
    Trouble(Trouble),
    /// Nothing more for now: all that was there has been given. Comes once after what was there, and then at least every 250 ms.
    Idle,
}

/// Follows one source until `stop` is set or its input ends: standard input and pipes when they are closed, with `until_end` any
/// source when what is there now has been read. `each` gets every arrival with the progress after it; a call that starts `from` that
/// progress's position goes on with the next record, none lost and none doubled, as far as the source still holds them.
///
/// Returns within 300 ms after `stop` is set, unless `each` takes longer.
///
/// # Errors
/// As of [`read`](super::read). A file that does not exist is waited for, unless `until_end`. Trouble with what was already
/// open is an [`Arrival::Trouble`].
pub fn follow(
    source: &Source,
    interest: &Interest,
    from: Option<&Position>,
    until_end: bool,
    stop: &AtomicBool,
    each: &mut dyn FnMut(Arrival<'_>, &Progress),
) -> Result<(), Error> {
    follow_at(Pace::default(), Sizes::default(), source, interest, from, until_end, stop, each)
}

#[expect(clippy::too_many_arguments, reason = "as `follow`, and the sizes that tests make small")]
fn follow_at(
    pace: Pace,
    sizes: Sizes,
    source: &Source,
    interest: &Interest,
    from: Option<&Position>,
    until_end: bool,
    stop: &AtomicBool,
    each: &mut dyn FnMut(Arrival<'_>, &Progress),
) -> Result<(), Error> {
    let progress = Progress {
        format: "",
        lines: 0,
        first: None,
        last: None,
        modified: None,
        position: Position(position::Place::Begin {}),
    };
    let Source { path, watch, place, found_in_directory, .. } = source;
    let mut flow = Flow {
        path,
        interest,
        sizes,
        pace,
        until_end,
        stop,
        watch,
        each,
        progress,
        reader: None,
        troubles_left: TROUBLES_KEPT,
    };
    match place {
        Place::Stdin => pipe::follow(&mut flow, from, || Ok(io::stdin())),
        Place::File(location) => {
            let is_static = *found_in_directory && siblings::is_put_aside(location);
            file::follow(&mut flow, location, from, is_static)
        }
        Place::Journal(_) => journals::follow(&mut flow, &journals::Root::Machine, from),
    }
}

/// As [`expand`](super::expand()), for what is followed: a directory of journals is one source, in which new files and the journals of
/// further machines may appear later; a file need not exist yet.
pub fn expand(words: &[OsString]) -> Expanded {
    super::expand(words)
}

/// This machine's journal with all its namespaces; it need not exist yet.
///
/// # Errors
/// As of [`this_machine`](super::this_machine).
pub fn this_machine() -> Result<Source, Error> {
    super::this_machine()
}
