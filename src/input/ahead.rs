//! A large stream, read ahead: helpers fill blocks and search them while the reader deals with what was found before.
//!
//! Blocks come out of the stream one after the other, whoever fills them, and are dealt with in that order: what comes out does
//! not depend on the number of helpers. A line that lies across blocks is put together by the reader. Each thread fills the same
//! block again and again, which so stays in its core's cache, and passes on only what was found, as long as that is little.

use super::helpers::Helpers;
use super::hits::{Hits, first_stamp, last_stamp};
use crate::record::Stamp;
use memchr::{memchr, memrchr};
use regex::bytes::Regex;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

/// More helpers than these would wait for the stream or for the reader.
const HELPERS_MAX: usize = 3;
/// Blocks that may be filled and not yet dealt with, for each thread.
const BLOCKS_AHEAD: u64 = 8;
/// Where less than one part in so many of a block is of interest, only that is passed on.
const GATHERED_SHARE: usize = 2;

/// What there is of a block of a stream: the rest of a line, whole lines, the begin of a line.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Behind `length` stands what was there before: what is made longer is filled first.
    bytes: Vec<u8>,
    length: usize,
    /// Where the first line end is behind, if there is one.
    head: Option<usize>,
    /// Where the last line begins.
    tail: usize,
    /// What the whole lines hold.
    pub(super) hits: Hits,
    /// The first stamp of the whole lines.
    pub(super) first: Option<Stamp>,
    /// Their last.
    pub(super) last: Option<Stamp>,
    is_end: bool,
    failure: Option<io::Error>,
}

impl Piece {
    /// What goes on with the last piece; of the whole lines those that were found, or all if there was nothing to look for; what goes
    /// on in the next piece.
    pub(super) fn parts(&self) -> (&[u8], &[u8], &[u8]) {
        let bytes = &self.bytes[..self.length];
        match self.head {
            Some(head) => (&bytes[..head], &bytes[head..self.tail], &bytes[self.tail..]),
            None => (bytes, b"", b""),
        }
    }

    /// Searches what `block` holds and takes what there is of it.
    fn search(&mut self, block: &mut Filled, pattern: Option<&Regex>) {
        let bytes = &block.bytes[..block.length];
        self.head = memchr(b'\n', bytes).map(|at| at + 1);
        self.tail = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let lines = self.head.map_or(&b""[..], |head| &bytes[head..self.tail]);
        (self.first, self.last) = (first_stamp(lines), last_stamp(lines));
        (self.is_end, self.failure) = (block.is_end, block.failure.take());
        if let Some(pattern) = pattern {
            self.hits.search(lines, pattern);
            if let Some(head) = self.head.filter(|_| self.hits.bytes() < lines.len() / GATHERED_SHARE) {
                self.gather(bytes, head);
                return;
            }
        }
        self.length = block.length;
        std::mem::swap(&mut self.bytes, &mut block.bytes);
    }

    /// Takes the lines that were found, and what lies across blocks.
    fn gather(&mut self, block: &[u8], head: usize) {
        let (before, lines, behind) = (&block[..head], &block[head..self.tail], &block[self.tail..]);
        let needed = before.len() + self.hits.bytes() + behind.len();
        if self.bytes.len() < needed {
            self.bytes.resize(needed, 0);
        }
        let mut length = 0;
        let mut put = |part: &[u8]| {
            self.bytes[length..length + part.len()].copy_from_slice(part);
            length += part.len();
            length
        };
        put(before);
        for hit in &mut self.hits.found {
            // Each of the whole lines has a line end.
            let behind = put(&lines[hit.begin..=hit.end]) - head;
            (hit.begin, hit.end) = (behind - (hit.end + 1 - hit.begin), behind - 1);
        }
        (self.tail, self.length) = (needed - behind.len(), put(behind));
    }
}

/// What one thread fills from the stream.
#[derive(Default)]
struct Filled {
    bytes: Vec<u8>,
    length: usize,
    is_end: bool,
    failure: Option<io::Error>,
}

impl Filled {
    /// Reads until `room` is full or the stream ends.
    fn fill(&mut self, stream: &mut dyn Read, room: usize) {
        self.bytes.resize(room, 0);
        (self.length, self.is_end, self.failure) = (0, false, None);
        while self.length < room && !self.is_end {
            match stream.read(&mut self.bytes[self.length..]) {
                Ok(0) => self.is_end = true,
                Ok(count) => self.length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => (self.is_end, self.failure) = (true, Some(error)),
            }
        }
    }
}

/// Gives all pieces of `stream` to `take`, in their order, each of `block` bytes but the last, searched for the pattern. Gives back
/// what broke the stream off.
pub(super) fn read(
    stream: &mut (dyn Read + Send),
    block: usize,
    pattern: Option<&Regex>,
    helpers: &Helpers,
    take: &mut dyn FnMut(&Piece),
) -> Option<io::Error> {
    let mut lent = Vec::new();
    let work = Work {
        feed: Mutex::new(Feed { stream, next: 0, has_ended: false }),
        shelf: Mutex::new(Shelf { ahead: BLOCKS_AHEAD, ..Shelf::default() }),
        changed: Condvar::new(),
        block,
    };
    thread::scope(|scope| {
        let work = &work;
        let _leave = Leave { work, is_reader: true };
        let mut number = 0;
        let mut block = Filled::default();
        loop {
            // Who had another source to read may have come to its end.
            if lent.len() < HELPERS_MAX
                && let Some(helper) = helpers.lend()
            {
                lent.push(helper);
                work.shelf().ahead += BLOCKS_AHEAD;
                // A regex that two threads use would make them wait for each other.
                let pattern = pattern.cloned();
                scope.spawn(move || {
                    let _leave = Leave { work, is_reader: false };
                    work.help(pattern.as_ref());
                });
            }
            let mut piece = work.wait_for(number, pattern, &mut block);
            take(&piece);
            if piece.is_end {
                return piece.failure.take();
            }
            number += 1;
            work.shelf().spare.push(piece);
        }
    })
}

struct Work<'s> {
    feed: Mutex<Feed<'s>>,
    shelf: Mutex<Shelf>,
    /// A piece was put on the shelf or taken from it, the stream is free, or all is over.
    changed: Condvar,
    block: usize,
}

/// Where pieces come from, one after the other.
struct Feed<'s> {
    stream: &'s mut (dyn Read + Send),
    next: u64,
    has_ended: bool,
}

/// Pieces that wait for their turn.
#[derive(Default)]
struct Shelf {
    ready: BTreeMap<u64, Piece>,
    /// How many were taken.
    taken: u64,
    /// How many may be filled and not yet dealt with.
    ahead: u64,
    spare: Vec<Piece>,
    /// The stream was given back, the next piece may be made, and the reader has not tried to since.
    is_stream_free: bool,
    is_over: bool,
}

impl Work<'_> {
    /// Fills and searches pieces until the stream ends or nobody wants any more.
    fn help(&self, pattern: Option<&Regex>) {
        let mut block = Filled::default();
        while let Ok(feed) = self.feed.lock()
            && !feed.has_ended
        {
            let has_no_room = |shelf: &mut Shelf| !shelf.is_over && feed.next >= shelf.taken + shelf.ahead;
            let shelf = self.changed.wait_while(self.shelf(), has_no_room);
            if shelf.map_or(true, |shelf| shelf.is_over) {
                return;
            }
            self.make(feed, pattern, &mut block);
        }
    }

    /// Fills the next block, lets others have the stream, and makes the block a piece.
    fn make(&self, mut feed: MutexGuard<'_, Feed<'_>>, pattern: Option<&Regex>, block: &mut Filled) {
        let number = feed.next;
        self.shelf().is_stream_free = false;
        block.fill(feed.stream, self.block);
        feed.next += 1;
        feed.has_ended = block.is_end;
        let mut shelf = self.shelf();
        shelf.is_stream_free = !feed.has_ended && feed.next < shelf.taken + shelf.ahead;
        let mut piece = shelf.spare.pop().unwrap_or_default();
        drop(shelf);
        drop(feed);
        // Whoever waits unpacks the next one while this one is searched.
        self.changed.notify_all();
        piece.search(block, pattern);
        self.shelf().ready.insert(number, piece);
        self.changed.notify_all();
    }

    /// The piece whose turn it is. While it is not there, others are made instead of waiting.
    fn wait_for(&self, number: u64, pattern: Option<&Regex>, block: &mut Filled) -> Piece {
        loop {
            let mut shelf = self.shelf();
            if let Some(piece) = shelf.ready.remove(&number) {
                shelf.taken = number + 1;
                self.changed.notify_all();
                return piece;
            }
            assert!(!shelf.is_over, "a helper does not panic on any input");
            let ahead = shelf.ahead;
            drop(shelf);
            match self.feed.try_lock() {
                Ok(feed) if !feed.has_ended && feed.next < number + ahead => {
                    self.make(feed, pattern, block);
                }
                Ok(_) | Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => {
                    let is_missing = |shelf: &mut Shelf| {
                        !shelf.is_over && !shelf.is_stream_free && !shelf.ready.contains_key(&number)
                    };
                    let shelf = self.changed.wait_while(self.shelf(), is_missing);
                    // If it is no longer free, whoever has it will say so again: this is no reason to try once more before.
                    shelf.unwrap_or_else(PoisonError::into_inner).is_stream_free = false;
                }
            }
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// However one thread ends, the others do not wait for it.
struct Leave<'w, 's> {
    work: &'w Work<'s>,
    is_reader: bool,
}

impl Drop for Leave<'_, '_> {
    fn drop(&mut self) {
        if self.is_reader || thread::panicking() {
            self.work.shelf().is_over = true;
            self.work.changed.notify_all();
        }
    }
}
