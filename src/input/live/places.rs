//! Directories that are followed: which logs have come to stand there since.

use super::siblings::{behind, is_put_aside};
use super::{Followed, Kind, expand};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Directories that are looked at.
const DIRECTORIES_MAX: usize = 1_000;

/// The directories among a command line's words, and when something was added or removed there last.
#[derive(Debug)]
pub struct Places {
    words: Vec<OsString>,
    directories: BTreeMap<PathBuf, Option<SystemTime>>,
}

impl Places {
    /// As they are now.
    #[must_use]
    pub fn new(words: &[OsString]) -> Self {
        let mut places = Self { words: words.to_vec(), directories: BTreeMap::new() };
        places.look();
        places
    }

    /// Whether a log that is not among `known` stands there by now.
    pub fn have_new(&mut self, known: &[Followed]) -> bool {
        let is_changed = self.directories.iter().any(|(path, modified)| modified_at(path) != *modified);
        if !is_changed {
            return false;
        }
        self.look();
        let Ok(found) = expand(&self.words) else { return false };
        found.logs.iter().any(|source| source.is_new(known))
    }

    fn look(&mut self) {
        self.directories.clear();
        for word in &self.words {
            let (_, _, place) = super::expand::word(word);
            collect(&place, &mut self.directories);
        }
    }
}

pub(super) fn is_new(source: &Followed, known: &[Followed]) -> bool {
    let (Kind::File(place) | Kind::Archive(place)) = &source.kind else { return false };
    let is_behind = |other: &Followed| match &other.kind {
        Kind::File(log) => log.parent() == place.parent() && behind(name(log), name(place)).is_some(),
        Kind::Stdin | Kind::Archive(_) | Kind::Journals { .. } => false,
    };
    let is_known = known.iter().any(|known| known.path == source.path && known.kind == source.kind);
    !is_known && !is_put_aside(place) && !known.iter().any(is_behind)
}

fn name(path: &Path) -> &[u8] {
    path.file_name().map_or(&b""[..], OsStr::as_bytes)
}

fn modified_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

fn collect(directory: &Path, found: &mut BTreeMap<PathBuf, Option<SystemTime>>) {
    let Ok(listed) = fs::read_dir(directory) else { return };
    if found.len() >= DIRECTORIES_MAX || found.insert(directory.to_owned(), modified_at(directory)).is_some() {
        return;
    }
    // A link may lead in a circle.
    let below = listed.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    below.for_each(|entry| collect(&entry.path(), found));
}
