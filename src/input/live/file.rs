//! A file that grows: the batch reader on a stream that waits at the end.
//!
//! After a restart the file is read from its beginning and what was given is passed over: the reader is fast, and what it knows of
//! the file (its format, its line numbers) needs no copy that could be wrong.

use super::{Arrival, Followed, Mark, Position, Pulse, Until, WAIT, is_stopped, trouble};
use crate::event::Text;
use crate::input::error::Error;
use crate::input::sniff::JOURNAL_MAGIC;
use crate::input::{Interest, Layer, Sizes, Trouble};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::UNIX_EPOCH;

/// Which file it is: its place may be taken by another one, and an inode's number is given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    device: u64,
    inode: u64,
    /// Its first bytes, as many as there were.
    head: Vec<u8>,
}

/// Bytes compared at the beginning of a file.
const HEAD_BYTES: usize = 256;

impl Identity {
    fn of(file: &File, metadata: &Metadata) -> Self {
        let mut head = vec![0; HEAD_BYTES];
        let length = file.read_at(&mut head, 0).unwrap_or(0);
        head.truncate(length);
        Self { device: metadata.dev(), inode: metadata.ino(), head }
    }

    /// Whether `now` is the same file, perhaps grown.
    fn is(&self, now: &Self) -> bool {
        (self.device, self.inode) == (now.device, now.inode) && now.head.starts_with(&self.head)
    }
}

/// Whether a file is a binary journal.
pub(super) fn is_journal(place: &Path) -> bool {
    let mut magic = [0; JOURNAL_MAGIC.len()];
    open(place).and_then(|file| file.read_exact_at(&mut magic, 0)).is_ok() && magic == *JOURNAL_MAGIC
}

fn open(place: &Path) -> io::Result<File> {
    #[expect(clippy::disallowed_methods, reason = "this room opens sources")]
    File::open(place)
}

type Each<'e, 'f> = RefCell<&'e mut (dyn FnMut(Arrival<'_>) + 'f)>;

pub(super) fn stdin(
    source: &Followed,
    interest: &Interest,
    stop: &AtomicBool,
    each: &mut dyn FnMut(Arrival<'_>),
) -> Result<(), Error> {
    piped(&source.path, io::stdin(), interest, stop, &RefCell::new(each))
}

/// A stream that others write to: it ends when they do.
fn piped(
    path: &Text,
    stream: impl Read + Send + 'static,
    interest: &Interest,
    stop: &AtomicBool,
    each: &Each<'_, '_>,
) -> Result<(), Error> {
    let pulse = Pulse::default();
    let mut stream = Piped { blocks: blocks_of(stream), path, stop, pulse: &pulse, each, left: Vec::new() };
    read(path, &mut stream, interest, &pulse, 0, &Cell::new(false), stop, each)
}

/// Blocks read ahead of a pipe.
const PIPED_MAX: usize = 16;

/// Read by a thread of its own: one who waits in `read` cannot say that nothing comes. The thread ends with the stream, or with
/// the process.
fn blocks_of(mut stream: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(PIPED_MAX);
    thread::spawn(move || {
        loop {
            let mut block = vec![0; 64 * 1024];
            let read = stream.read(&mut block);
            let is_over = matches!(read, Ok(0) | Err(_));
            let read = read.map(|count| {
                block.truncate(count);
                block
            });
            if sender.send(read).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

struct Piped<'p, 'e, 'f> {
    blocks: Receiver<io::Result<Vec<u8>>>,
    path: &'p Text,
    stop: &'p AtomicBool,
    pulse: &'p Pulse,
    each: &'p Each<'e, 'f>,
    left: Vec<u8>,
}

impl Read for Piped<'_, '_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            if is_stopped(self.stop) {
                return Ok(0);
            }
            match self.blocks.recv_timeout(WAIT) {
                Ok(read) => self.left = read?,
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) => {
                    (self.each.borrow_mut())(Arrival::Rest(&[(self.path.clone(), self.pulse.progress())]));
                    return Err(io::ErrorKind::WouldBlock.into());
                }
            }
        }
        let count = self.left.len().min(into.len());
        into[..count].copy_from_slice(&self.left[..count]);
        self.left.drain(..count);
        Ok(count)
    }
}

/// Reads a stream to its end; records up to line `given`, and those behind a cut, are passed over.
#[expect(clippy::too_many_arguments, reason = "what a reading is about, in the order of its course")]
fn read(
    path: &Text,
    stream: &mut dyn Read,
    interest: &Interest,
    pulse: &Pulse,
    given: u64,
    is_cut: &Cell<bool>,
    stop: &AtomicBool,
    each: &Each<'_, '_>,
) -> Result<(), Error> {
    let layer = Layer { sizes: Sizes::default(), path, location: None, depth: 0, pulse: Some(pulse) };
    let summary = layer.read(stream, interest, &mut |record| {
        // What a stop cut off is no whole line.
        if record.line > given && !is_stopped(stop) && !is_cut.get() {
            (each.borrow_mut())(Arrival::Record(path, record, Mark::Line(record.line)));
        }
    });
    let summary = match summary {
        Ok(summary) => summary,
        // What was stopped before it showed what it is.
        Err(_) if is_stopped(stop) => return Ok(()),
        Err(error) => return Err(error),
    };
    pulse.beat(summary.format, summary.lines - u64::from(is_cut.get()), summary.first, summary.last);
    for found in summary.troubles {
        if found.line.is_none_or(|line| line > given) {
            (each.borrow_mut())(Arrival::Trouble(path, found));
        }
    }
    if let Some(error) = summary.broken_off.filter(|_| !is_stopped(stop)) {
        (each.borrow_mut())(Arrival::Trouble(path, trouble("unread", format!("Failed to {error}."))));
    }
    (each.borrow_mut())(Arrival::Rest(&[(path.clone(), pulse.progress())]));
    Ok(())
}

pub(super) fn follow(
    source: &Followed,
    place: &Path,
    interest: &Interest,
    from: Option<&Position>,
    until: Until,
    stop: &AtomicBool,
    each: &mut dyn FnMut(Arrival<'_>),
) -> Result<(), Error> {
    let each = RefCell::new(each);
    let tail = Tail { path: &source.path, place, interest, until, stop, each: &each };
    let mut known = match from {
        Some(Position::File { identity, line }) => Some((identity.clone(), *line)),
        Some(Position::Stream { .. } | Position::Journals { .. }) | None => None,
    };
    let mut is_first = true;
    loop {
        let Some((file, metadata)) = tail.opened(is_first)? else { return Ok(()) };
        let identity = Identity::of(&file, &metadata);
        let given = match known.take() {
            Some((known, line)) if known.is(&identity) => line,
            Some((known, line)) if is_first => {
                tail.rest_of_rotated(&known, line, &identity)?;
                0
            }
            Some(_) | None => 0,
        };
        if given == 0 {
            (each.borrow_mut())(Arrival::Turn(Mark::NewFile(identity.clone())));
        }
        is_first = false;
        if !metadata.is_file() {
            return piped(&source.path, file, interest, stop, &each);
        }
        tail.read(file, &metadata, identity, Some(place), given)?;
        if is_stopped(stop) || until != Until::Stopped {
            return Ok(());
        }
    }
}

struct Tail<'t, 'e, 'f> {
    path: &'t Text,
    place: &'t Path,
    interest: &'t Interest,
    until: Until,
    stop: &'t AtomicBool,
    each: &'t Each<'e, 'f>,
}

impl Tail<'_, '_, '_> {
    /// Opens the file, or waits until it can; `None` if that was stopped.
    fn opened(&self, is_first: bool) -> Result<Option<(File, Metadata)>, Error> {
        loop {
            match open(self.place).and_then(|file| file.metadata().map(|metadata| (file, metadata))) {
                Ok(opened) => return Ok(Some(opened)),
                // Between two files of a rotation there is none.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !is_first => {}
                Err(error) => return Err(Error::opening(self.path, error)),
            }
            if is_stopped(self.stop) || self.until != Until::Stopped {
                return Ok(None);
            }
            (self.each.borrow_mut())(Arrival::Rest(&[]));
            thread::sleep(WAIT);
        }
    }

    /// Reads one file, to where it was replaced, cut or stopped.
    fn read(
        &self,
        file: File,
        metadata: &Metadata,
        identity: Identity,
        place: Option<&Path>,
        given: u64,
    ) -> Result<(), Error> {
        let pulse = Pulse::default();
        pulse.modified(seconds(metadata));
        let is_cut = Cell::new(false);
        let mut stream = Growing {
            file,
            identity,
            place,
            offset: 0,
            is_unended: false,
            is_cut: &is_cut,
            path: self.path,
            until: if place.is_some() { self.until } else { Until::EndOfInput },
            stop: self.stop,
            pulse: &pulse,
            each: self.each,
        };
        let is_silent = metadata.len() == 0 && metadata.is_file() && self.until != Until::Stopped;
        if is_silent {
            (self.each.borrow_mut())(Arrival::Rest(&[]));
            return Ok(());
        }
        read(self.path, &mut stream, self.interest, &pulse, given, &is_cut, self.stop, self.each)
    }

    /// The file that was read last has been moved away meanwhile: what was written to it since, and to those that followed it.
    fn rest_of_rotated(&self, known: &Identity, line: u64, now: &Identity) -> Result<(), Error> {
        let mut given = line;
        let mut is_found = false;
        for place in self.rotated() {
            let Ok((file, metadata)) = open(&place).and_then(|file| file.metadata().map(|data| (file, data))) else {
                continue;
            };
            let identity = Identity::of(&file, &metadata);
            if !is_found && !known.is(&identity) || now.is(&identity) {
                continue;
            }
            is_found = true;
            self.read(file, &metadata, identity.clone(), None, given)?;
            given = 0;
        }
        if !is_found {
            let text = "the file that was read up to here is gone: lines that were written to it afterwards are lost.";
            (self.each.borrow_mut())(Arrival::Trouble(self.path, gap(text)));
        }
        Ok(())
    }

    /// `NAME.1`, `NAME-20201123` and the like, the oldest first; packed ones have another inode and cannot be told.
    fn rotated(&self) -> Vec<PathBuf> {
        let (Some(directory), Some(name)) = (self.place.parent(), self.place.file_name()) else { return Vec::new() };
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let name = name.to_string_lossy().into_owned();
        let mut found: Vec<(i64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let other = entry.file_name().to_string_lossy().into_owned();
            let is_sibling = other.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['.', '-', '_']));
            if let (true, Ok(metadata)) = (is_sibling, entry.metadata()) {
                found.push((seconds(&metadata).unwrap_or(0), entry.path()));
            }
        }
        found.sort();
        found.into_iter().map(|(_, path)| path).collect()
    }
}

fn gap(text: &str) -> Trouble {
    trouble("gap", text.to_owned())
}

fn seconds(metadata: &Metadata) -> Option<i64> {
    let modified = metadata.modified().ok().filter(|_| metadata.is_file())?;
    i64::try_from(modified.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// A file whose end is not the end.
struct Growing<'g, 'e, 'f> {
    file: File,
    identity: Identity,
    /// Where it stands while nobody has moved it; `None` where it has been.
    place: Option<&'g Path>,
    offset: u64,
    /// The last byte that was read is no line end.
    is_unended: bool,
    /// What follows is the beginning of a line that is left for the next time.
    is_cut: &'g Cell<bool>,
    path: &'g Text,
    until: Until,
    stop: &'g AtomicBool,
    pulse: &'g Pulse,
    each: &'g Each<'e, 'f>,
}

/// What became of a file while it was read.
enum Fate {
    Unchanged,
    /// Another one stands in its place, or none: nothing more will be written to it.
    Moved,
    /// It is shorter than what was read, or begins with something else.
    Cut,
}

impl Read for Growing<'_, '_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if is_stopped(self.stop) {
            return Ok(0);
        }
        let count = self.file.read(into)?;
        if count > 0 {
            self.offset += count as u64;
            self.is_unended = into[count - 1] != b'\n';
            return Ok(count);
        }
        if self.until != Until::Stopped {
            self.is_cut.set(self.until == Until::LastWholeLine && self.is_unended);
            return Ok(0);
        }
        match self.fate() {
            Fate::Moved => {
                // Whoever moved it may have let a last line be written before.
                let last = self.file.read(into)?;
                self.offset += last as u64;
                return Ok(last);
            }
            Fate::Cut => {
                let text = "the file was cut: lines that were written just before may not have been read.";
                (self.each.borrow_mut())(Arrival::Trouble(self.path, gap(text)));
                return Ok(0);
            }
            Fate::Unchanged => {}
        }
        (self.each.borrow_mut())(Arrival::Rest(&[(self.path.clone(), self.pulse.progress())]));
        thread::sleep(WAIT);
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Growing<'_, '_, '_> {
    fn fate(&mut self) -> Fate {
        let Ok(own) = self.file.metadata() else { return Fate::Moved };
        if own.len() < self.offset {
            return Fate::Cut;
        }
        self.pulse.modified(seconds(&own));
        let Some(place) = self.place else { return Fate::Moved };
        match fs::metadata(place) {
            Ok(there) if (there.dev(), there.ino()) != (self.identity.device, self.identity.inode) => {
                return Fate::Moved;
            }
            Ok(_) => {}
            // Taken away; as long as nothing stands there, its writer may still write to it.
            Err(_) => return Fate::Unchanged,
        }
        let now = Identity::of(&self.file, &own);
        if !self.identity.is(&now) {
            return Fate::Cut;
        }
        self.identity = now;
        Fate::Unchanged
    }
}
