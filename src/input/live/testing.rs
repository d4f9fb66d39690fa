//! A follower whose process is killed and started again, for tests.

use super::super::{Interest, Sizes};
use super::flow::Pace;
use super::{Arrival, Followed, Kind, Position, Progress, Until, follow_at};
use crate::input::{Error, Trouble};
use crate::record::Record;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A record as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) line: u64,
    pub(super) raw: Vec<u8>,
    pub(super) told: String,
}

pub(super) fn kept(record: &Record<'_>) -> Kept {
    // What is known of the next line depends on how the bytes come in.
    let told = Record { stands_alone: false, ..*record };
    Kept { line: record.line, raw: record.raw.to_vec(), told: format!("{told:?}") }
}

/// What a follower gave over all its lives.
pub(super) struct Lives {
    pub(super) records: Vec<Kept>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) last: Option<Progress>,
    position: Option<Position>,
}

impl Lives {
    pub(super) fn new() -> Self {
        Self { records: Vec::new(), troubles: Vec::new(), last: None, position: None }
    }

    /// One life: `rest` is called when nothing is left to read and says whether to go on; after `arrivals` the process is killed.
    pub(super) fn live(
        &mut self,
        (pace, sizes): (Pace, Sizes),
        source: &Followed,
        until: Until,
        mut arrivals: usize,
        rest: &mut dyn FnMut() -> bool,
    ) -> Result<(), Error> {
        let stop = AtomicBool::new(false);
        // As a state file would.
        let from = self.position.as_ref().map(|position| postcard::to_stdvec(position).unwrap());
        let from: Option<Position> = from.map(|bytes| postcard::from_bytes(&bytes).unwrap());
        let (records, troubles, last) = (&mut self.records, &mut self.troubles, &mut self.last);
        let position = self.position.get_or_insert_with(|| source.beginning());
        follow_at(pace, sizes, source, &Interest::All, from.as_ref(), until, &stop, &mut |arrival| {
            if arrivals == 0 {
                return stop.store(true, Ordering::Relaxed);
            }
            arrivals -= 1;
            match arrival {
                Arrival::Record(_, record, mark) => {
                    records.push(kept(record));
                    position.advance(&mark);
                }
                Arrival::Turn(mark) => position.advance(&mark),
                Arrival::Trouble(_, trouble) => troubles.push(trouble),
                Arrival::Rest(known) => {
                    *last = known.first().map(|(_, progress)| *progress).or(*last);
                    if !rest() {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            }
        })
    }
}

pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap().keep())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn append(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// A file that is followed.
pub(super) fn followed(path: &Path) -> Followed {
    Followed { path: "a.log".into(), node: None, found_in_directory: false, kind: Kind::File(path.to_owned()) }
}
