//! A log in a file: what is there, what is added, and what rotation makes of it.

use super::super::error::Error;
use super::super::opening;
use super::super::sniff::JOURNAL_MAGIC;
use super::flow::{Ended, Flow, Start, Turn};
use super::position::{BEGINNING_BYTES_MAX, Beginning, FileId, Mark, Place, Position};
use super::siblings::{self, identity, modified};
use super::tail::Control;
use super::{Until, packed, pipe};
use std::cell::Cell;
use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Whether a file is a binary journal.
pub(super) fn is_journal(place: &Path) -> bool {
    opening::regular(place).is_some_and(|file| head(&file, JOURNAL_MAGIC.len()) == JOURNAL_MAGIC)
}

/// A file to be read, and from where; from its beginning if nothing is said.
struct Part {
    path: PathBuf,
    from: Option<Place>,
}

/// What became of the file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// Nothing: it is whole, or its reading failed.
    Stays,
    /// Another one stands in its place, or none.
    Replaced,
    /// It was emptied, or written anew from its beginning.
    Emptied,
    /// As `Emptied`, and what it held is here.
    Copied(PathBuf),
}

/// Follows the log at `location`.
///
/// # Errors
/// It cannot be opened or is no log.
pub(super) fn follow(
    flow: &mut Flow<'_>,
    location: &Path,
    from: Option<&Position>,
    is_static: bool,
) -> Result<(), Error> {
    let mut log = Log { location, is_static, parts: VecDeque::new(), read: None, refused: None };
    if let Some(Position(place @ Place::File { .. })) = from {
        flow.restore(place);
        log.resume(flow, place);
    }
    while !flow.is_stopped() {
        let Some(part) = log.next() else {
            if flow.until != Until::Stopped {
                flow.rest();
                return log.missing(flow);
            }
            flow.wait();
            continue;
        };
        match fs::metadata(&part.path) {
            Ok(metadata) if !metadata.is_file() => {
                let path = part.path;
                #[expect(clippy::disallowed_methods, reason = "this room opens sources")]
                return pipe::follow(flow, from, move || File::open(path));
            }
            Ok(_) | Err(_) => log.part(flow, part)?,
        }
    }
    Ok(())
}

struct Log<'l> {
    location: &'l Path,
    /// Nothing is added to it, and what comes in its place was read under another name.
    is_static: bool,
    parts: VecDeque<Part>,
    /// What stood at `location` when it was read to its end.
    read: Option<((u64, u64), u64)>,
    /// What stands at `location` and cannot be opened.
    refused: Option<(u64, u64)>,
}

impl Log<'_> {
    /// What to read next; `None` while there is nothing new.
    fn next(&mut self) -> Option<Part> {
        self.parts.pop_front().or_else(|| {
            let metadata = fs::metadata(self.location).ok()?;
            let is_read = self
                .read
                .is_some_and(|(read, size)| self.is_static || (read == identity(&metadata) && size <= metadata.len()));
            (!is_read).then(|| Part { path: self.location.to_owned(), from: None })
        })
    }

    /// The error of a log that was never there.
    fn missing(&self, flow: &Flow<'_>) -> Result<(), Error> {
        match (&flow.position.0, fs::metadata(self.location)) {
            (Place::Begin, Err(error)) => Err(Error::opening(flow.path, error)),
            (_, _) => Ok(()),
        }
    }

    /// Where what was being read is now, and what came after it.
    fn resume(&mut self, flow: &mut Flow<'_>, place: &Place) {
        let Place::File { file, mark, given, .. } = place else { return };
        let current = fs::metadata(self.location).ok();
        let is_same = current
            .as_ref()
            .is_some_and(|current| identity(current) == (file.device, file.inode) && current.len() >= mark.bytes());
        let part = |path: &Path| Part { path: path.to_owned(), from: Some(place.clone()) };
        if is_same && siblings::begins_alike(self.location, &file.beginning) {
            return self.parts.push_back(part(self.location));
        }
        if self.is_static {
            self.read = Some(((file.device, file.inode), 0));
            return;
        }
        let beside = siblings::beside(self.location);
        let found = siblings::same(&beside, file, mark.bytes());
        match found.and_then(|at| beside.get(at)) {
            Some(sibling) => self.parts.push_back(part(&sibling.path)),
            None if file.beginning.bytes > 0 => {
                let line = mark.line.max(*given);
                let text = format!(
                    "The file was replaced after line {line} was read and what it held is not beside it: lines behind that may be missing."
                );
                flow.trouble("gap", text);
            }
            None => {}
        }
        self.after(beside, file, found);
    }

    /// Queues what was the log between `old` and now.
    fn after(&mut self, beside: Vec<siblings::Sibling>, old: &FileId, found: Option<usize>) {
        let current = fs::metadata(self.location).ok().map(|metadata| identity(&metadata));
        let between = siblings::between(beside, old, found, current);
        self.parts.extend(between.into_iter().map(|path| Part { path, from: None }));
    }

    fn part(&mut self, flow: &mut Flow<'_>, part: Part) -> Result<(), Error> {
        #[expect(clippy::disallowed_methods, reason = "this room opens sources")]
        let opened = File::open(&part.path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
        let (file, metadata) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.unopened(flow, &part, error),
        };
        let head = head(&file, BEGINNING_BYTES_MAX);
        if head.starts_with(JOURNAL_MAGIC) {
            let found = "a binary journal stands where a log was";
            return Err(Error::Unsupported { path: flow.path.clone(), found });
        }
        let at_location = fs::metadata(self.location).is_ok_and(|at| identity(&at) == identity(&metadata));
        let place = self.place(flow, part.from, &metadata, &head);
        if super::super::unpack::Packing::of(&head).is_some() {
            packed::read(flow, &part.path, file, place)?;
            self.is_read(at_location, &metadata);
            return Ok(());
        }
        let (ended, fate, old) = self.run(flow, file, &metadata, place, at_location)?;
        if ended == Ended::Stopped {
            return Ok(());
        }
        match fate {
            Fate::Stays => self.is_read(at_location, &metadata),
            Fate::Replaced => {
                let beside = siblings::beside(self.location);
                let found = siblings::same(&beside, &old, 0);
                self.after(beside, &old, found);
                if self.is_static {
                    self.is_read(true, &metadata);
                }
            }
            Fate::Emptied => {
                if siblings::copy(&siblings::beside(self.location), &old, 0).is_none() {
                    let text = "The file was emptied while it was followed and no copy of it is beside it: \
                                lines written shortly before may be missing.";
                    flow.trouble("gap", text.to_owned());
                }
            }
            Fate::Copied(path) => self.parts.push_back(Part { path, from: Some(flow.position.0.clone()) }),
        }
        Ok(())
    }

    /// Where to begin in a file that was just opened.
    fn place(&self, flow: &Flow<'_>, from: Option<Place>, metadata: &Metadata, head: &[u8]) -> Place {
        let (device, inode) = identity(metadata);
        let id = FileId { device, inode, modified: modified(metadata), beginning: Beginning::of(head) };
        match from {
            Some(Place::File { mark, given, told, known, .. }) => Place::File { file: id, mark, given, told, known },
            Some(_) | None => {
                Place::File { file: id, mark: Mark::default(), given: 0, told: 0, known: flow.known(flow.reader) }
            }
        }
    }

    /// Reads an open file until it ends or something else is in its place; gives what became of it.
    fn run(
        &self,
        flow: &mut Flow<'_>,
        mut file: File,
        metadata: &Metadata,
        place: Place,
        at_location: bool,
    ) -> Result<(Ended, Fate, FileId), Error> {
        let Place::File { file: id, mark, .. } = &place else {
            return Ok((Ended::Over, Fate::Stays, FileId::default()));
        };
        let (mut old, offset) = (id.clone(), mark.offset);
        let judged = if offset > 0 { head(&file, flow.sizes.window) } else { Vec::new() };
        let control = Control::new(offset, judged, flow.sizes.window);
        control.modified.set(Some(modified(metadata)));
        if let Err(source) = file.seek(SeekFrom::Start(offset)) {
            flow.broken(&Error::Unreadable { path: flow.path.clone(), line: None, source });
            return Ok((Ended::Over, Fate::Stays, old));
        }
        let stream = Stream {
            file: &file,
            control: &control,
            seen: Cell::new((modified(metadata), metadata.len())),
            is_emptied: Cell::new(false),
        };
        let mut look =
            Look { stream: &stream, location: self.location, at_location, until: flow.until, fate: Fate::Stays };
        let start = Start { place, control: &control };
        let ended = flow.run(&mut &stream, start, &mut || look.turn())?;
        let fate = look.fate;
        if let Place::File { file: id, .. } = &flow.position.0 {
            old = id.clone();
        }
        if let Ok(metadata) = file.metadata() {
            old.modified = modified(&metadata);
        }
        Ok((ended, fate, old))
    }

    fn is_read(&mut self, at_location: bool, metadata: &Metadata) {
        if at_location {
            self.read = Some((identity(metadata), metadata.len()));
        }
    }

    /// A file that cannot be opened at the start is an error, one that comes later is waited for.
    fn unopened(&mut self, flow: &mut Flow<'_>, part: &Part, error: io::Error) -> Result<(), Error> {
        if error.kind() == io::ErrorKind::NotFound && part.path == self.location {
            return Ok(()); // It was there a moment ago.
        }
        let error = Error::opening(flow.path, error);
        if flow.position.0 == Place::Begin {
            return Err(error);
        }
        if part.path != self.location {
            flow.broken(&error);
            return Ok(());
        }
        // Whoever made it may not be done with its mode.
        let there = fs::metadata(self.location).ok().map(|metadata| identity(&metadata));
        if there.is_some() && self.refused != there {
            self.refused = there;
            flow.broken(&error);
        }
        if flow.until == Until::Stopped {
            flow.wait();
        } else {
            self.read = there.map(|there| (there, 0));
        }
        Ok(())
    }
}

/// The first bytes of a file.
fn head(file: &File, length: usize) -> Vec<u8> {
    let mut head = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut head[filled..], filled as u64) {
            Ok(count) if count > 0 => filled += count,
            Ok(_) | Err(_) => break,
        }
    }
    head.truncate(filled);
    head
}

/// A file that may be emptied under our hands.
struct Stream<'s> {
    file: &'s File,
    control: &'s Control,
    /// When it was written to and how long it was at the last look.
    seen: Cell<(i64, u64)>,
    is_emptied: Cell<bool>,
}

impl Stream<'_> {
    /// Whether it is shorter than what was read of it, or begins otherwise.
    fn is_emptied(&self, here: &Metadata) -> bool {
        let now = (modified(here), here.len());
        if now != self.seen.replace(now) && !self.is_emptied.get() {
            let known = self.control.head.borrow();
            let known = &known[..known.len().min(BEGINNING_BYTES_MAX)];
            let is_shorter = here.len() < self.control.offset.get();
            self.is_emptied.set(is_shorter || head(self.file, known.len()) != known);
        }
        self.is_emptied.get()
    }
}

impl Read for &Stream<'_> {
    /// What was written since it was emptied is not taken for what follows.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file;
        if self.is_emptied(&file.metadata()?) { Ok(0) } else { file.read(into) }
    }
}

/// Looks at a file and at what stands in its place.
struct Look<'l> {
    stream: &'l Stream<'l>,
    location: &'l Path,
    at_location: bool,
    until: Until,
    fate: Fate,
}

impl Look<'_> {
    fn turn(&mut self) -> Turn {
        let Stream { file, control, .. } = self.stream;
        let Ok(here) = file.metadata() else { return Turn::Over };
        control.modified.set(Some(modified(&here)));
        if self.stream.is_emptied(&here) {
            return self.emptied();
        }
        let is_more = here.len() > control.offset.get();
        let there = fs::metadata(self.location);
        let is_there = there.as_ref().is_ok_and(|there| identity(there) == identity(&here));
        if is_there || !self.at_location {
            return match (self.until, is_more) {
                (Until::Stopped, _) if self.at_location => Turn::Wait,
                (_, true) => Turn::More,
                (Until::LastWholeLine, false) if self.at_location => Turn::Leave,
                (_, false) => Turn::Over,
            };
        }
        // A writer may go on in the old file until it is told to open the new one, minutes later: while that is empty, nothing is
        // missed there.
        if self.until != Until::Stopped || there.is_ok_and(|there| there.len() > 0) {
            self.fate = Fate::Replaced;
            return Turn::Over;
        }
        Turn::Wait
    }

    fn emptied(&mut self) -> Turn {
        let control = self.stream.control;
        let old = FileId { beginning: Beginning::of(&control.head.borrow()), ..FileId::default() };
        let beside = siblings::beside(self.location);
        match siblings::copy(&beside, &old, control.offset.get()).and_then(|at| beside.get(at)) {
            Some(copy) => {
                self.fate = Fate::Copied(copy.path.clone());
                Turn::Leave
            }
            None => {
                self.fate = Fate::Emptied;
                Turn::Over
            }
        }
    }
}
