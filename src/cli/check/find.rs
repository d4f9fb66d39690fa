//! Where cases are: directories with an `expected.toml`, below the directories named.

use crate::check::{EXPECTED, Judged, Problem};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A case, or what cannot be one.
#[derive(Debug)]
pub(super) enum Found {
    Case(PathBuf),
    /// A directory that could be one, but has no `expected.toml`; and what to say of it.
    Bare(PathBuf, String),
    Trouble(Judged),
}

/// Cases in the order of the words, those of one word by path. A word without any case is trouble.
pub(super) fn find(words: &[OsString]) -> Vec<Found> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for word in words {
        let path = Path::new(word);
        let mut walk = Walk { seen: &mut seen, entered: BTreeSet::new(), found: Vec::new(), cases: 0 };
        // Below the current directory paths are shown without it.
        let is_here = path == Path::new(".");
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                walk.directory(path);
                if walk.cases == 0 && walk.found.is_empty() {
                    let text = format!(
                        "no case: no {EXPECTED} is in this directory or below it (driftline check --bless writes one)"
                    );
                    walk.found.push(Found::Bare(path.to_owned(), text));
                }
            }
            Ok(_) => {
                walk.found.push(trouble(path, &format!("a case is a directory with an {EXPECTED}, this is a file")))
            }
            Err(error) => walk.failed(path, &error),
        }
        let mut own = walk.found;
        if is_here {
            own.iter_mut().for_each(without_dot);
        }
        found.append(&mut own);
    }
    found
}

fn without_dot(found: &mut Found) {
    match found {
        Found::Case(path) => {
            if let Some(below) = path.strip_prefix(".").ok().filter(|below| !below.as_os_str().is_empty()) {
                *path = below.to_owned();
            }
        }
        Found::Bare(..) | Found::Trouble(_) => {}
    }
}

fn trouble(path: &Path, text: &str) -> Found {
    Found::Trouble(judged(path, text))
}

/// A case that cannot be one.
pub(super) fn judged(path: &Path, text: &str) -> Judged {
    let path = path.display().to_string();
    let problem = Problem { path: path.clone(), line: None, text: text.to_owned() };
    Judged { case: path, checks: Vec::new(), problems: vec![problem] }
}

struct Walk<'s> {
    /// Cases of all words, by canonical path: one that is named twice is checked once.
    seen: &'s mut BTreeSet<PathBuf>,
    /// Directories of this word: a loop of links ends.
    entered: BTreeSet<PathBuf>,
    found: Vec<Found>,
    /// Cases below this word, also those that an earlier word has.
    cases: usize,
}

impl Walk<'_> {
    fn failed(&mut self, path: &Path, error: &io::Error) {
        self.found.push(trouble(path, &format!("failed to read the directory: {error}")));
    }

    fn directory(&mut self, path: &Path) {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if !self.entered.insert(real.clone()) {
            return;
        }
        let entries = match fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return self.failed(path, &error),
        };
        // Not `is_file`: an `expected.toml` that cannot be read is a case that cannot be checked.
        if entries.iter().any(|entry| entry.file_name() == EXPECTED) {
            self.cases += 1;
            if self.seen.insert(real) {
                self.found.push(Found::Case(path.to_owned()));
            }
        }
        let mut below: Vec<PathBuf> = entries
            .iter()
            .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
            .map(fs::DirEntry::path)
            .filter(|path| path.is_dir())
            .collect();
        below.sort();
        let cases = self.cases;
        for directory in &below {
            self.directory(directory);
        }
        if self.cases > cases {
            below.iter().filter(|directory| is_forgotten(directory)).for_each(|directory| self.forgotten(directory));
        }
    }

    fn forgotten(&mut self, directory: &Path) {
        let text = format!(
            "lies beside cases and has no {EXPECTED}: nothing is checked here (driftline check --bless {})",
            directory.display()
        );
        self.found.push(Found::Bare(directory.to_owned(), text));
    }
}

/// Whether a directory beside cases is one that somebody meant to be a case: it holds nothing, or logs by their names.
fn is_forgotten(directory: &Path) -> bool {
    let Ok(entries) = fs::read_dir(directory) else { return false };
    let names: Vec<OsString> = entries.flatten().map(|entry| entry.file_name()).collect();
    let holds_a_log = names.iter().any(|name| is_named_like_a_log(&name.to_string_lossy()));
    names.is_empty() || (holds_a_log && !names.iter().any(|name| name == EXPECTED))
}

/// Whether a file's name says that it is a log: `a.log`, `a.log.1`, `a.export.gz`.
pub(super) fn is_named_like_a_log(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').skip(1).collect();
    parts.iter().any(|part| matches!(*part, "log" | "export" | "journal"))
}
