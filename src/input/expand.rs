//! The command line's SOURCE words → sources.

use super::archive::{Archives, Member};
use super::error::Error;
use super::excerpt::{Kept, Scratch};
use super::helpers::Helpers;
use super::journals;
use super::watch::Watch;
use crate::event::Text;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A place lines come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As given, or as found below a given directory; `-` for standard input. Invalid UTF-8 is replaced, so use it for
    /// telling people, not for opening.
    pub path: Text,
    /// The node that `NODE=` names; otherwise the lines' hosts say it.
    pub node: Option<Text>,
    /// Whether only a directory was named: then a file that is no log is skipped and counted instead of being an error.
    pub found_in_directory: bool,
    /// Counts what is read and may stop it. Set it to the run's own to see and end the reading of all sources.
    pub watch: Watch,
    /// Threads that may help to read it, shared by all sources of a run. What is read does not depend on them.
    pub helpers: Helpers,
    /// Room where what is of interest in it may be put aside, shared by all sources of a run.
    pub scratch: Scratch,
    /// What was put aside.
    pub(super) excerpt: Kept,
    /// What to open.
    pub(super) place: Place,
}

/// What a source is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Standard input.
    Stdin,
    /// Any file.
    File(PathBuf),
    /// The files of one journal.
    Journal(Vec<PathBuf>),
    /// A file in an archive.
    Member(Member),
}

/// A smaller file is read a second time.
const LARGE_BYTES: u64 = 1024 * 1024;

impl Source {
    /// A named file.
    #[must_use]
    pub fn file(path: &Path, node: Option<Text>) -> Self {
        Self::at(Place::File(path.to_owned()), shown(path), node)
    }

    /// A named place.
    pub(super) fn at(place: Place, path: Text, node: Option<Text>) -> Self {
        let (watch, helpers, scratch, excerpt) = Default::default();
        Self { path, node, found_in_directory: false, watch, helpers, scratch, excerpt, place }
    }

    /// Whether reading it a second time gives the same again: true of regular files, not of pipes and terminals.
    #[must_use]
    pub fn can_be_read_again(&self) -> bool {
        match &self.place {
            Place::Stdin => false,
            Place::File(path) => fs::metadata(path).is_ok_and(|data| data.is_file()),
            Place::Journal(_) | Place::Member(_) => true,
        }
    }

    /// Says whether somebody will want to read it again. Where nobody does nothing more of it is put aside, though it can still be read.
    pub fn is_wanted_again(&self, is_wanted: bool) {
        self.excerpt.want(is_wanted);
    }

    /// Its size on disk; 0 where that is unknown, as of pipes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |data| if data.is_file() { data.len() } else { 0 });
        match &self.place {
            Place::Stdin => 0,
            Place::File(path) => size(path),
            // Their index is asked, they are not read from end to end.
            Place::Journal(_) => 0,
            Place::Member(member) => member.bytes(),
        }
    }

    /// Whether reading it twice costs more than putting aside what is of interest. Journals are large.
    pub(super) fn is_large(&self) -> bool {
        match &self.place {
            Place::Stdin => false,
            Place::File(_) | Place::Member(_) => self.bytes() >= LARGE_BYTES,
            Place::Journal(_) => true,
        }
    }

    /// When it was last written, in Unix seconds, where it is a file.
    #[must_use]
    pub fn modified(&self) -> Option<i64> {
        if let Place::Member(member) = &self.place {
            return member.modified();
        }
        fs::metadata(self.location()?).ok().and_then(|data| modified(&data))
    }

    /// The directories of a journal's files; none if it is no journal.
    pub(super) fn journal_directories(&self) -> Vec<PathBuf> {
        let Place::Journal(files) = &self.place else { return Vec::new() };
        let directories: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        directories.into_iter().map(Path::to_owned).collect()
    }

    /// The file, if it is one.
    pub(super) fn location(&self) -> Option<&Path> {
        if let Place::File(path) = &self.place { Some(path) } else { None }
    }

    /// Standard input.
    #[must_use]
    pub fn stdin(node: Option<Text>) -> Self {
        Self::at(Place::Stdin, "-".into(), node)
    }
}

/// When a file was last written, in Unix seconds.
pub(super) fn modified(metadata: &Metadata) -> Option<i64> {
    let time = metadata.modified().ok().filter(|_| metadata.is_file())?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// What a command line's SOURCE words stand for.
#[derive(Debug, Default)]
pub struct Expanded {
    /// In the order of the words; what is below a directory in the order of its paths.
    pub sources: Vec<Source>,
    /// Words, and directories below them, that cannot be read.
    pub errors: Vec<Error>,
}

/// Expands the command line's SOURCE words: files, directories (recursive), archives, `-`, and `NODE=SOURCE`.
///
/// A path that exists is a path, `=` or not. What is missing or unreadable is an error beside the sources that are fine.
/// Inside a directory hidden files, `expected.toml`, `ABOUT.md` and `README…` are never logs. A file that can be reached
/// twice (through a symbolic link, or named and in a named directory) is read once, unless it is given to two nodes.
pub fn expand(words: &[OsString]) -> Expanded {
    expand_into(words, Some(Archives::default()))
}

/// As [`expand`], but archives stay files: what is in one does not grow.
pub(super) fn expand_growing(words: &[OsString]) -> Expanded {
    expand_into(words, None)
}

fn expand_into(words: &[OsString], archives: Option<Archives>) -> Expanded {
    let mut found = Found { archives, ..Found::default() };
    for word in words {
        found.word(word);
    }
    found.drop_what_is_named_as_well();
    Expanded { sources: found.sources.into_iter().map(|(_, source)| source).collect(), errors: found.errors }
}

/// A word's path as shown, its node, and its place.
pub(super) fn word(word: &OsStr) -> (Text, Option<Text>, PathBuf) {
    match node_and_place(word).filter(|_| fs::metadata(word).is_err()) {
        Some((node, place)) => (shown(Path::new(place)), Some(node), PathBuf::from(place)),
        None => (shown(Path::new(word)), None, PathBuf::from(word)),
    }
}

/// Device and inode.
type Identity = (u64, u64);

#[derive(Default)]
struct Found {
    sources: Vec<(Option<Identity>, Source)>,
    errors: Vec<Error>,
    archives: Option<Archives>,
}

impl Found {
    fn word(&mut self, word: &OsStr) {
        if word == "-" {
            return self.sources.push((None, Source::stdin(None)));
        }
        let path = Path::new(word);
        match (fs::metadata(path), node_and_place(word)) {
            (Ok(metadata), _) => self.existing(path, None, &metadata),
            (Err(_), Some((node, place))) if place == "-" => self.sources.push((None, Source::stdin(Some(node)))),
            (Err(_), Some((node, place))) => match fs::metadata(place) {
                Ok(metadata) => self.existing(Path::new(place), Some(node), &metadata),
                Err(error) => self.error(Path::new(place), error),
            },
            (Err(error), None) => self.error(path, error),
        }
    }

    fn existing(&mut self, path: &Path, node: Option<Text>, metadata: &Metadata) {
        if metadata.is_dir() {
            let walk = Walk::through(path, metadata);
            self.errors.extend(walk.errors);
            let source = |path: &Path| Source { found_in_directory: true, ..Source::file(path, node.clone()) };
            for (path, identity) in &walk.files {
                if !journals::is_journal(path) && !self.archive(path, node.as_ref()) {
                    self.sources.push((Some(*identity), source(path)));
                }
            }
            let journals = journals::group(walk.files.into_keys().filter(|path| journals::is_journal(path)));
            let is_only_one = journals.len() == 1;
            for (place, files) in journals {
                let path = if is_only_one { path } else { &place };
                let source = Source { place: Place::Journal(files), ..source(path) };
                self.sources.push((None, source));
            }
        } else if !metadata.is_file() || !self.archive(path, node.as_ref()) {
            let identity = metadata.is_file().then(|| identity(metadata));
            self.sources.push((identity, Source::file(path, node)));
        }
    }

    /// Takes an archive apart; says whether it is one.
    fn archive(&mut self, path: &Path, node: Option<&Text>) -> bool {
        let Some(contents) = self.archives.as_mut().and_then(|archives| archives.contents(path)) else { return false };
        for (path, member) in contents.members {
            let source = Source::at(Place::Member(member), path, node.cloned());
            self.sources.push((None, Source { found_in_directory: true, ..source }));
        }
        self.errors.extend(contents.errors);
        true
    }

    fn error(&mut self, path: &Path, error: io::Error) {
        self.errors.push(Error::opening(&shown(path), error));
    }

    fn drop_what_is_named_as_well(&mut self) {
        let named: BTreeSet<Identity> = self
            .sources
            .iter()
            .filter(|(_, source)| !source.found_in_directory)
            .filter_map(|(identity, _)| *identity)
            .collect();
        for (_, source) in &mut self.sources {
            if let Place::Journal(files) = &mut source.place {
                files.retain(|file| {
                    fs::metadata(file).map_or(true, |metadata| !named.contains(&self::identity(&metadata)))
                });
            }
        }
        self.sources.retain(|(_, source)| source.place != Place::Journal(Vec::new()));
        let mut seen = BTreeSet::new();
        let mut journal_seen = BTreeSet::new();
        self.sources.retain(|(identity, source)| match identity {
            Some(identity) if source.found_in_directory => !named.contains(identity) && seen.insert((*identity, None)),
            Some(identity) => seen.insert((*identity, Some(source.node.clone()))),
            None => journal_seen.insert((source.node.clone(), source.path.clone())) || source.place == Place::Stdin,
        });
    }
}

/// A directory and what is below it. Symbolic links come last, so that a file has its own path and a loop ends.
#[derive(Default)]
struct Walk {
    files: BTreeMap<PathBuf, Identity>,
    errors: Vec<Error>,
    seen: BTreeSet<Identity>,
    links: VecDeque<PathBuf>,
}

impl Walk {
    fn through(path: &Path, metadata: &Metadata) -> Self {
        let mut walk = Self::default();
        walk.meet(path.to_owned(), metadata);
        while let Some(link) = walk.links.pop_front() {
            // A link that leads nowhere is no log; its target was never named.
            if let Ok(metadata) = fs::metadata(&link) {
                walk.meet(link, &metadata);
            }
        }
        walk
    }

    /// Pipes, sockets and devices are not opened: a pipe would wait for a writer.
    fn meet(&mut self, path: PathBuf, metadata: &Metadata) {
        let identity = identity(metadata);
        if !self.seen.insert(identity) {
            return;
        }
        if metadata.is_dir() {
            self.directory(&path);
        } else if metadata.is_file() {
            self.files.insert(path, identity);
        }
    }

    fn directory(&mut self, path: &Path) {
        let entries = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.errors.push(Error::opening(&shown(path), error)),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries.iter().filter(|entry| !is_never_a_log(&entry.file_name())) {
            match entry.metadata() {
                Ok(metadata) if metadata.is_symlink() => self.links.push_back(entry.path()),
                Ok(metadata) => self.meet(entry.path(), &metadata),
                Err(error) => self.errors.push(Error::opening(&shown(&entry.path()), error)),
            }
        }
    }
}

pub(super) fn is_never_a_log(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(b".") || name.starts_with(b"README") || name == b"ABOUT.md" || name == b"expected.toml"
}

/// `NODE=SOURCE` in two. A node's name is not empty and has no slash, so `./a=b/c.log` is a path.
fn node_and_place(word: &OsStr) -> Option<(Text, &OsStr)> {
    let bytes = word.as_bytes();
    let (node, place) = bytes.split_at(memchr::memchr(b'=', bytes)?);
    if node.is_empty() || node.contains(&b'/') {
        return None;
    }
    Some((String::from_utf8_lossy(node).into(), OsStr::from_bytes(&place[1..])))
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

pub(super) fn shown(path: &Path) -> Text {
    path.to_string_lossy().into()
}
