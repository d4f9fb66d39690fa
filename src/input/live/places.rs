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
    let is_known = known.iter().any(|known| known.path == source.path && known.kind == source.kind);
    let place = match &source.kind {
        Kind::File(place) | Kind::Archive(place) => place,
        // Once they are followed, all that come later are found among them.
        Kind::Journals { .. } => return !is_known,
        Kind::Stdin => return false,
    };
    let is_behind = |other: &Followed| match &other.kind {
        Kind::File(log) => log.parent() == place.parent() && behind(name(log), name(place)).is_some(),
        Kind::Stdin | Kind::Archive(_) | Kind::Journals { .. } => false,
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Where logs stand, a systemd-journal-remote may begin to write; its files too are found later.
    #[test]
    fn a_journal_that_comes_to_stand_beside_logs_is_new_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name: &str| {
            // Directories know when they were changed only so finely.
            std::thread::sleep(std::time::Duration::from_millis(20));
            fs::write(directory.path().join(name), b"").expect("a file is written");
        };
        let words = [directory.path().as_os_str().to_owned()];
        let known = || expand(&words).expect("there is a directory").logs;
        write("ns1.log");
        let mut places = Places::new(&words);
        let before = known();
        write("remote-192.0.2.1.journal");
        assert!(places.have_new(&before));
        let before = known();
        write("remote-192.0.2.2.journal");
        assert!(!places.have_new(&before), "it is one of the journals that are followed");
    }
}
