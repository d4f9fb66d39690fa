//! Journals that grow: each file by itself, in the order of its sequence numbers.
//!
//! libsystemd's merged view moves forward in time, and an entry that a remote host sends late, stamped earlier than what was read
//! last, would be passed over. A file's own order has no such gap. A file is known by the id in its header: rotation renames it and
//! changes nothing.
//!
//! The index is asked for the programs of interest anew before each reading, and no entry is read that was written after it was
//! asked: a program that speaks for the first time is not missed.

use super::{Arrival, Followed, Position, Progress, Until, WAIT, is_stopped, shown, trouble};
use crate::event::Text;
use crate::input::error::Error;
use crate::input::journal::live::{Growing, Head, head};
use crate::input::{Interest, journals};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

/// Directories are listed this often, in rounds of [`WAIT`]; files that are known are looked at in every round.
const ROUNDS_PER_LISTING: u32 = 10;
/// Files kept open.
const OPEN_MAX: usize = 64;

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
    if let Some(Position::Journals { files, sequences }) = from {
        watch.read.clone_from(files);
        watch.sequences.clone_from(sequences);
    }
    watch.list()?;
    watch.note_lost(each);
    let mut round = 0;
    while !is_stopped(stop) {
        if round % ROUNDS_PER_LISTING == ROUNDS_PER_LISTING - 1 {
            // A directory that cannot be listed for a moment is listed the next time.
            let _ = watch.list();
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
            thread::sleep(if round == 0 { Duration::ZERO } else { WAIT });
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
    /// By path: the journal that the file belongs to, and its header when it was looked at last.
    files: BTreeMap<PathBuf, Known>,
    /// By file id: up to which sequence number it was read.
    read: BTreeMap<u128, u64>,
    sequences: BTreeMap<u128, u64>,
    open: BTreeMap<u128, Growing>,
}

struct Known {
    journal: Text,
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
            files: BTreeMap::new(),
            read: BTreeMap::new(),
            sequences: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }

    /// Which files there are.
    ///
    /// # Errors
    /// None of the roots can be listed, or no file may be read.
    fn list(&mut self) -> Result<(), Error> {
        let mut found = Vec::new();
        let mut refused = None;
        for root in self.roots {
            if let Err(error) = collect(root, !self.is_own, &mut found) {
                refused = Some(Error::opening_journal(&shown(root), error));
            }
        }
        if let (true, Some(error)) = (found.is_empty(), refused) {
            return Err(error);
        }
        let grouped = journals::group(found.into_iter());
        if self.first.is_none() && (grouped.len() == 1 || self.is_own) {
            self.first = grouped.keys().next().cloned();
        }
        let mut files = BTreeMap::new();
        let mut error = None;
        for (place, members) in grouped {
            let is_first = self.is_own || self.first.as_ref() == Some(&place);
            let journal = if is_first { self.source.path.clone() } else { shown(&place) };
            for path in members {
                let head = self.files.remove(&path).and_then(|known| known.head);
                let head = match head {
                    Some(head) => Some(head),
                    None => match head_of(&path) {
                        Ok(head) => head,
                        Err(failed) => {
                            error = Some(Error::opening_journal(&shown(&path), failed));
                            continue;
                        }
                    },
                };
                files.insert(path, Known { journal: journal.clone(), head });
            }
        }
        self.files = files;
        match error {
            Some(error) if self.files.is_empty() => Err(error),
            Some(_) | None => Ok(()),
        }
    }

    /// Entries that were written while nobody read, and are gone.
    fn note_lost(&self, each: &mut dyn FnMut(Arrival<'_>)) {
        for (sequence, last) in &self.sequences {
            let heads = self.files.values().filter_map(|known| known.head.as_ref());
            let of_it = heads.filter(|head| head.sequence == *sequence && head.tail > *last);
            let Some(next) = of_it.map(|head| head.first.max(last + 1)).min() else { continue };
            let lost = next - last - 1;
            if lost > 0 {
                let (entries, are) = if lost == 1 { ("entry", "is") } else { ("entries", "are") };
                let text = format!("{lost} {entries} of the journal {are} lost: removed before they could be read.");
                each(Arrival::Trouble(&self.source.path, trouble("gap", text)));
            }
        }
    }

    /// Reads what is new in all files; says whether anything was.
    fn read_on(&mut self, interest: &Interest, stop: &AtomicBool, each: &mut dyn FnMut(Arrival<'_>)) -> bool {
        let mut new: Vec<New> = Vec::new();
        for (path, known) in &mut self.files {
            // A file that was rotated away does not grow.
            let is_over = known.head.as_ref().is_some_and(|head| {
                head.is_archived && self.read.get(&head.file).is_some_and(|read| *read >= head.tail)
            });
            if is_over {
                continue;
            }
            let Ok(Some(head)) = head_of(path) else { continue };
            known.head = Some(head);
            let after = self.read.get(&head.file).copied();
            if head.entries > 0 && after.is_none_or(|after| after < head.tail) {
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
        self.read_files(present, interest, stop, each);
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
        if self.open.len() >= OPEN_MAX {
            self.open.clear();
        }
        let mut growing: Vec<Option<Growing>> = Vec::new();
        for New { path, journal, head, after } in &files {
            let opened = self.open.remove(&head.file).map_or_else(|| Growing::open(path), Ok);
            let begun = opened.and_then(|mut file| {
                let is_at_one = file.begin(head, *after, interest)? && file.advance()?;
                Ok((file, is_at_one))
            });
            growing.push(match begun {
                Ok((file, true)) => Some(file),
                Ok((file, false)) => {
                    self.open.insert(head.file, file);
                    None
                }
                Err(text) => {
                    each(Arrival::Trouble(journal, trouble("unread", format!("{}: {text}", path.display()))));
                    None
                }
            });
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
            let New { path, journal, head, .. } = &files[first];
            let Some(file) = &mut growing[first] else { break };
            let (record, number) = file.record();
            each(Arrival::Record(journal, &record, super::Mark::Entry(head.file, head.sequence, number)));
            match file.advance() {
                Ok(true) => {}
                Ok(false) => {
                    if let Some(file) = growing[first].take() {
                        self.open.insert(head.file, file);
                    }
                }
                Err(text) => {
                    growing[first] = None;
                    each(Arrival::Trouble(journal, trouble("unread", format!("{}: {text}", path.display()))));
                }
            }
        }
        for New { head, .. } in &files {
            self.read.insert(head.file, head.tail);
            let known = self.sequences.entry(head.sequence).or_default();
            *known = (*known).max(head.tail);
            each(Arrival::Turn(super::Mark::Entry(head.file, head.sequence, head.tail)));
        }
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
fn head_of(path: &Path) -> std::io::Result<Option<Head>> {
    match head(path) {
        Ok(head) => Ok(Some(head)),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}

/// The journal files below a root, or the root itself.
fn collect(root: &Path, is_deep: bool, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !root.is_dir() {
        found.push(root.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() && is_deep {
            collect(&path, is_deep, found)?;
        } else if journals::is_journal(&path) && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}
