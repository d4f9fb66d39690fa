//! How far the reading of all sources has come, and the wish that it end: shared with whoever waits for it.

use crate::event::Text;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by all sources of a run; clones are the same watch.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    bytes: AtomicU64,
    is_stopped: AtomicBool,
    path: Mutex<Option<Text>>,
}

/// Two sources are the same whoever watches them.
impl PartialEq for Watch {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Watch {}

impl Watch {
    /// Bytes read so far, of all sources, as they lie on disk; a source that is read twice counts twice.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// The source that was opened last.
    #[must_use]
    pub fn path(&self) -> Option<Text> {
        self.0.path.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks all readers to end; each says how far it came.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked them to.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Relaxed)
    }

    /// What a reader says that was asked to end.
    pub(super) fn go_on(&self) -> io::Result<()> {
        if self.is_stopped() { Err(io::Error::other("stopped by a signal")) } else { Ok(()) }
    }

    pub(super) fn opened(&self, path: &Text) {
        *self.0.path.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.clone());
    }
}

/// A stream that is counted and can be stopped.
pub(super) struct Watched<'w, R> {
    pub(super) stream: R,
    pub(super) watch: &'w Watch,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.watch.go_on()?;
        let count = self.stream.read(into)?;
        self.watch.0.bytes.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(count)
    }
}
