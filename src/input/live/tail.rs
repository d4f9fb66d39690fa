//! A stream that runs dry: it says [`WouldBlock`](io::ErrorKind::WouldBlock) at the end of what is there, until it is told that this is
//! the end of all.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};

/// What the one who reads and the one who waits share.
pub(super) struct Control {
    /// Bytes of the stream so far.
    pub(super) offset: Cell<u64>,
    /// The stream's first bytes, as many as are judged.
    pub(super) head: RefCell<Vec<u8>>,
    head_bytes_max: usize,
    /// When it was last written to, in nanoseconds since 1970.
    pub(super) modified: Cell<Option<i64>>,
    portion: Cell<usize>,
    is_over: Cell<bool>,
}

impl Control {
    /// Of a stream of which `offset` bytes have been read before; `head` are its first ones.
    pub(super) fn new(offset: u64, head: Vec<u8>, head_bytes_max: usize) -> Self {
        Self {
            offset: Cell::new(offset),
            head: RefCell::new(head),
            head_bytes_max,
            modified: Cell::new(None),
            portion: Cell::new(0),
            is_over: Cell::new(false),
        }
    }

    /// Lets so many bytes through.
    pub(super) fn refill(&self, portion: usize) {
        self.portion.set(portion);
    }

    /// Whether the stream stands still although there may be more.
    pub(super) fn is_paused(&self) -> bool {
        self.portion.get() == 0
    }

    /// From now on the end of what is there is the end.
    pub(super) fn end(&self) {
        self.is_over.set(true);
    }

    fn pass(&self, bytes: &[u8]) {
        let mut head = self.head.borrow_mut();
        if head.len() < self.head_bytes_max && head.len() as u64 == self.offset.get() {
            let room = self.head_bytes_max - head.len();
            head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        self.offset.set(self.offset.get() + bytes.len() as u64);
        self.portion.set(self.portion.get() - bytes.len());
    }
}

/// The stream.
pub(super) struct Tail<'t> {
    pub(super) stream: &'t mut dyn Read,
    pub(super) control: &'t Control,
}

impl Read for Tail<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let room = into.len().min(self.control.portion.get());
        if room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.stream.read(&mut into[..room])?;
        if count == 0 && !self.control.is_over.get() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.control.pass(&into[..count]);
        Ok(count)
    }
}
