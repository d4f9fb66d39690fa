//! A follower whose process is killed and started again, for tests.

use super::super::{Interest, Sizes, Source};
use super::flow::Pace;
use super::{Arrival, Position, Progress, follow_at};
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
    Kept { line: record.line, raw: record.raw.to_vec(), told: format!("{record:?}") }
}

/// What a follower gave over all its lives.
pub(super) struct Lives {
    pub(super) records: Vec<Kept>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) last: Option<Progress>,
    pub(super) position: Option<Position>,
}

impl Lives {
    pub(super) fn new() -> Self {
        Self { records: Vec::new(), troubles: Vec::new(), last: None, position: None }
    }

    /// One life: `idle` is called when nothing is left to read and says whether to go on; after `arrivals` the process is killed.
    pub(super) fn live(
        &mut self,
        (pace, sizes): (Pace, Sizes),
        source: &Source,
        until_end: bool,
        mut arrivals: usize,
        idle: &mut dyn FnMut() -> bool,
    ) -> Result<(), Error> {
        let stop = AtomicBool::new(false);
        let from = self.position.take();
        // As a state file would.
        let from = from.map(|position| serde_json::to_string(&position).unwrap());
        let from: Option<Position> = from.map(|text| serde_json::from_str(&text).unwrap());
        let (records, troubles, last) = (&mut self.records, &mut self.troubles, &mut self.last);
        let mut position = from.clone();
        let result = follow_at(
            pace,
            sizes,
            source,
            &Interest::All,
            from.as_ref(),
            until_end,
            &stop,
            &mut |arrival, progress| {
                if arrivals == 0 {
                    return stop.store(true, Ordering::Relaxed);
                }
                arrivals -= 1;
                match arrival {
                    Arrival::Record(record) => records.push(kept(record)),
                    Arrival::Trouble(trouble) => troubles.push(trouble),
                    Arrival::Idle => {
                        if !idle() {
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                }
                *last = Some(progress.clone());
                position = Some(progress.position.clone());
            },
        );
        self.position = position;
        result
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
