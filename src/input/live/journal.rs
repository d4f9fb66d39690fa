//! Journals that grow: each file by itself, in the order of its sequence numbers.
//!
//! libsystemd's merged view moves forward in time, and an entry that a remote host sends late, stamped earlier than what was read
//! last, would be passed over. A file's own order has no such gap. A file is known by the id in its header: rotation renames it and
//! changes nothing.

use super::position::Place;
use super::{Arrival, Followed, Position, Progress, Until, WAIT, is_stopped, patience, shown, trouble};
use crate::event::Text;
use crate::input::error::Error;
use crate::input::journal::live::{Growing, Head, head};
use crate::input::{Interest, journals};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, SystemTime};

/// Directories are listed when they have changed, and after so many rounds of [`WAIT`]; files that are known are looked at in every
/// round.
const ROUNDS_PER_LISTING: u32 = 100;
/// Files that are open at the same time.
const MERGED_MAX: usize = 256;
/// Files kept open, with up to 10 MiB of what was read of each.
const OPEN_MAX: usize = 4;

#[expect(clippy::too_many_arguments, reason = "what a reading is about, in the order of its course")]
pub(super) fn follow(
    source: &Followed,
    roots: &[PathBuf],
    is_own: bool,
    interest: &Interest,
    from: Option<&Position>,
    until: Until,
    stop: &AtomicBool,
    each: &mut dyn FnMut(Arrival<'_>),
) -> Result<(), Error> {
    let mut watch = Watch::new(source, roots, is_own);
    if let Some(Position(Place::Journals(places))) = from {
        watch.read.clone_from(&places.files);
        watch.sequences.clone_from(&places.sequences);
    }
    watch.list()?;
    if let Some((_, error)) = watch.refused.pop_first() {
        // One who may read his own journal only would else be told that all is well.
        return Err(error);
    }
    watch.note_lost(each);
    let mut round = 0;
    let mut in_vain = 0;
    while !is_stopped(stop) {
        if round % ROUNDS_PER_LISTING == ROUNDS_PER_LISTING - 1 || watch.is_changed() {
            watch.list_again(each);
        }
        let news = watch.read_on(interest, stop, each);
        if is_stopped(stop) {
            break;
        }
        if !news {
            each(Arrival::Rest(&watch.progress()));
            if until != Until::Stopped {
                break;
            }
            thread::sleep(if round == 0 { Duration::ZERO } else { patience(WAIT, in_vain) });
            in_vain += 1;
        } else {
            in_vain = 0;
        }
        round += 1;
    }
    Ok(())
}

struct Watch<'w> {
    source: &'w Followed,
    roots: &'w [PathBuf],
    is_own: bool,
    /// The name of the one journal that was there first: the source's own.
    first: Option<PathBuf>,
    /// Directories, and when something was added or removed there last.
    directories: BTreeMap<PathBuf, Option<SystemTime>>,
    files: BTreeMap<PathBuf, Known>,
    /// Files that cannot be opened; told once.
    refused: BTreeMap<PathBuf, Error>,
    told: BTreeSet<PathBuf>,
    /// By file id: up to which sequence number it was read.
    read: BTreeMap<u128, u64>,
    /// By file id: how many entries it had then, in this process.
    seen: BTreeMap<u128, u64>,
    sequences: BTreeMap<u128, u64>,
    open: BTreeMap<u128, Growing>,
}

struct Known {
    /// What the journal is called.
    journal: Text,
    /// Whose files these are: one writer's, which numbers its entries through all of them.
    writer: PathBuf,
    /// What was found damaged is put aside under a name with `~` and not written to any more.
    is_put_aside: bool,
    /// Its header when it was looked at last.
    head: Option<Head>,
}

/// A file with entries that have not been read.
struct New {
    path: PathBuf,
    journal: Text,
    head: Head,
    after: Option<u64>,
}

impl<'w> Watch<'w> {
    fn new(source: &'w Followed, roots: &'w [PathBuf], is_own: bool) -> Self {
        Self {
            source,
            roots,
            is_own,
            first: None,
            directories: BTreeMap::new(),
            files: BTreeMap::new(),
            refused: BTreeMap::new(),
            told: BTreeSet::new(),
            read: BTreeMap::new(),
            seen: BTreeMap::new(),
            sequences: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }

    /// Whether a file was added, removed or renamed since the last listing.
    fn is_changed(&self) -> bool {
        self.directories.iter().any(|(path, modified)| modified_at(path) != *modified)
    }

    /// Lists while others rename, and tells what cannot be read and what was lost.
    fn list_again(&mut self, each: &mut dyn FnMut(Arrival<'_>)) {
        // A directory that cannot be listed for a moment is listed the next time.
        if self.list().is_err() {
            return;
        }
        if self.lost() > 0 && self.list().is_ok() {
            self.note_lost(each); // A file that was being renamed is there by now.
        }
        for (path, error) in std::mem::take(&mut self.refused) {
            if self.told.insert(path) {
                each(Arrival::Trouble(&self.source.path, trouble("unread", format!("Failed to {error}."))));
            }
        }
    }

    /// Which files there are.
    ///
    /// # Errors
    /// A root cannot be listed and nothing else is there.
    fn list(&mut self) -> Result<(), Error> {
        let (mut found, mut directories, mut refused) = (Vec::new(), Vec::new(), None);
        let own = self.is_own.then(journals::machine_directories);
        for root in own.as_deref().unwrap_or(self.roots) {
            if let Err(error) = collect(root, !self.is_own, &mut found, &mut directories) {
                let error = Error::opening_journal(&shown(root), error);
                if let Some((path, error)) = refused.replace((root.clone(), error)) {
                    self.refused.insert(path, error);
                }
            }
        }
        if self.is_own {
            // Another namespace's journal may come to stand beside them.
            directories.extend(directories.clone().iter().filter_map(|path| path.parent().map(Path::to_owned)));
        }
        match refused {
            Some((_, error)) if found.is_empty() => return Err(error),
            Some((path, error)) => drop(self.refused.insert(path, error)),
            None => {}
        }
        self.directories = directories.into_iter().map(|path| (path.clone(), modified_at(&path))).collect();
        let grouped = journals::group(found.into_iter());
        if self.first.is_none() && (grouped.len() == 1 || self.is_own) {
            self.first = grouped.keys().next().cloned();
        }
        self.files.clear();
        for (writer, members) in grouped {
            let is_first = self.is_own || self.first.as_ref() == Some(&writer);
            let journal = if is_first { self.source.path.clone() } else { shown(&writer) };
            for path in members {
                let head = match head_of(&path) {
                    Ok(head) => head,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue, // Removed meanwhile.
                    Err(error) => {
                        let error = Error::opening_journal(&shown(&path), error);
                        self.refused.insert(path, error);
                        continue;
                    }
                };
                let is_put_aside = path.as_os_str().as_bytes().ends_with(b"~");
                self.files.insert(path, Known { journal: journal.clone(), writer: writer.clone(), is_put_aside, head });
            }
        }
        Ok(())
    }

    /// Says how many entries were written while nobody read, and are gone.
    fn note_lost(&mut self, each: &mut dyn FnMut(Arrival<'_>)) {
        let lost = self.lost();
        if lost > 0 {
            let (entries, are) = if lost == 1 { ("entry", "is") } else { ("entries", "are") };
            let text = format!("{lost} {entries} of the journal {are} lost: removed before they could be read.");
            each(Arrival::Trouble(&self.source.path, trouble("gap", text)));
        }
    }

    /// Entries that are in no file any more and were not read. One writer counts through all its files: what is missing in the
    /// sequence of one may stand in another (the system's journal and the users').
    fn lost(&self) -> u64 {
        let mut by_writer: BTreeMap<&Path, u64> = BTreeMap::new();
        for (sequence, last) in &self.sequences {
            let of_it = self.files.values().filter_map(|known| {
                let head = known.head.as_ref()?;
                let is_behind = head.sequence == *sequence && head.entries > 0 && head.tail > *last;
                is_behind.then(|| (head.first.max(last + 1), known.writer.as_path()))
            });
            let Some((next, writer)) = of_it.min() else { continue };
            let there = if next > last + 1 { self.count(writer, last + 1, next - 1) } else { 0 };
            let lost = by_writer.entry(writer).or_default();
            *lost = (*lost).max((next - last - 1).saturating_sub(there));
        }
        by_writer.values().sum()
    }

    /// How many entries with these numbers are in a writer's files.
    fn count(&self, writer: &Path, first: u64, last: u64) -> u64 {
        let files = self.files.iter().filter(|(_, known)| known.writer == writer);
        let with_some = files.filter(|(_, known)| {
            known.head.as_ref().is_some_and(|head| head.entries > 0 && head.first <= last && head.tail >= first)
        });
        with_some
            .filter_map(|(path, _)| {
                let mut file = Growing::open(path).ok()?;
                Some(file.count(first, last))
            })
            .sum()
    }

    /// Reads what is new in all files; says whether anything was.
    fn read_on(&mut self, interest: &Interest, stop: &AtomicBool, each: &mut dyn FnMut(Arrival<'_>)) -> bool {
        let mut new: Vec<New> = Vec::new();
        let mut ids = BTreeSet::new();
        for (path, known) in &mut self.files {
            let is_read = |head: &Head, seen: &BTreeMap<u128, u64>| seen.get(&head.file) == Some(&head.entries);
            // A file that was rotated away does not grow.
            let is_over = known
                .head
                .as_ref()
                .is_some_and(|head| (head.is_archived || known.is_put_aside) && is_read(head, &self.seen));
            if is_over {
                continue;
            }
            let Ok(Some(head)) = head_of(path) else { continue };
            known.head = Some(head);
            // A copy of a file has the same id and the same entries.
            if head.entries > 0 && !is_read(&head, &self.seen) && ids.insert(head.file) {
                let after = self.read.get(&head.file).copied();
                new.push(New { path: path.clone(), journal: known.journal.clone(), head, after });
            }
        }
        new.sort_by(|a, b| (a.head.first_time, &a.path).cmp(&(b.head.first_time, &b.path)));
        // What was rotated away before it was ever read is the past: there may be hundreds of such files, one after the other in time.
        let (past, present): (Vec<New>, Vec<New>) =
            new.into_iter().partition(|new| new.after.is_none() && new.head.is_archived);
        let is_news = !past.is_empty() || !present.is_empty();
        for file in past {
            self.read_files(vec![file], interest, stop, each);
        }
        let mut present = present.into_iter().peekable();
        while present.peek().is_some() {
            self.read_files(present.by_ref().take(MERGED_MAX).collect(), interest, stop, each);
        }
        is_news
    }

    /// Reads what is new in some files, merged by the time of their entries.
    fn read_files(
        &mut self,
        files: Vec<New>,
        interest: &Interest,
        stop: &AtomicBool,
        each: &mut dyn FnMut(Arrival<'_>),
    ) {
        let mut growing: Vec<Option<Growing>> = Vec::new();
        for new in &files {
            let New { path, head, after, .. } = new;
            let opened = self.open.remove(&head.file).map_or_else(|| Growing::open(path), Ok);
            let begun = opened.and_then(|mut file| file.begin(*after, files.len()).map(|()| file));
            let at_one = match begun {
                Ok(mut file) => {
                    let is_at_one = file.advance(interest);
                    self.kept(new, file, is_at_one, each)
                }
                Err(error) => {
                    // What is gone by now, or has another header, is seen by the next listing.
                    let error = Error::opening_journal(&shown(path), error);
                    self.refused.insert(path.clone(), error);
                    self.seen.insert(head.file, head.entries);
                    None
                }
            };
            growing.push(at_one);
        }
        loop {
            if is_stopped(stop) {
                return;
            }
            let heads = growing.iter().enumerate().filter_map(|(at, file)| {
                let stamp = file.as_ref()?.record().0.stamp.map(|stamp| stamp.written);
                Some((stamp, at))
            });
            let Some((_, first)) = heads.min() else { break };
            let Some(mut file) = growing[first].take() else { break };
            let New { journal, head, .. } = &files[first];
            let (record, number) = file.record();
            each(Arrival::Record(journal, &record, super::Mark::Entry(head.file, head.sequence, number)));
            let is_at_one = file.advance(interest);
            growing[first] = self.kept(&files[first], file, is_at_one, each);
        }
    }

    /// The file, while it is at a record; else it is kept for the next time, and how far it was read is noted.
    fn kept(
        &mut self,
        new: &New,
        mut file: Growing,
        is_at_one: bool,
        each: &mut dyn FnMut(Arrival<'_>),
    ) -> Option<Growing> {
        if is_at_one {
            return Some(file);
        }
        let (head, number) = (file.head(), file.number());
        self.seen.insert(head.file, head.entries);
        if number > 0 {
            self.read.insert(head.file, number);
            let known = self.sequences.entry(head.sequence).or_default();
            *known = (*known).max(number);
            each(Arrival::Turn(super::Mark::Entry(head.file, head.sequence, number)));
        }
        let lost = file.take_lost();
        if lost > 0 {
            let (entries, are) = if lost == 1 { ("entry", "is") } else { ("entries", "are") };
            let text = format!("{}: The journal is damaged: {lost} {entries} {are} lost.", new.path.display());
            each(Arrival::Trouble(&new.journal, trouble("salvaged", text)));
        }
        if !head.is_archived {
            if self.open.len() >= OPEN_MAX {
                self.open.pop_first();
            }
            self.open.insert(head.file, file);
        }
        None
    }

    /// By journal: all that its files hold.
    fn progress(&self) -> Vec<(Text, Progress)> {
        let mut all: Vec<(Text, Progress)> = Vec::new();
        for known in self.files.values() {
            let Some(head) = &known.head else { continue };
            let index = all.iter().position(|(journal, _)| *journal == known.journal).unwrap_or_else(|| {
                all.push((known.journal.clone(), Progress { format: "journal", ..Progress::default() }));
                all.len() - 1
            });
            let progress = &mut all[index].1;
            progress.lines += head.entries;
            if head.entries > 0 {
                let (first, last) = head.stamps();
                progress.first = match (progress.first, first) {
                    (Some(a), Some(b)) => Some(if b.written < a.written { b } else { a }),
                    (a, b) => a.or(b),
                };
                progress.last = match (progress.last, last) {
                    (Some(a), Some(b)) => Some(if b.written > a.written { b } else { a }),
                    (a, b) => a.or(b),
                };
            }
        }
        all
    }
}

/// `None`: journald has not written its header yet.
fn head_of(path: &Path) -> io::Result<Option<Head>> {
    match head(path) {
        Ok(head) => Ok(Some(head)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}

/// When something was added to a directory or removed from it last.
fn modified_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The journal files below a root, or the root itself, and the directories that were listed.
fn collect(root: &Path, is_deep: bool, found: &mut Vec<PathBuf>, directories: &mut Vec<PathBuf>) -> io::Result<()> {
    if !root.is_dir() {
        found.push(root.to_owned());
        return Ok(());
    }
    directories.push(root.to_owned());
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() && is_deep {
            collect(&path, is_deep, found, directories)?;
        } else if journals::is_journal(&path) && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}
