//! How far a reader is, for one who waits for the stream underneath it.

use super::Progress;
use crate::record::Stamp;
use std::sync::{Mutex, PoisonError};

/// Shared between the reader of a stream and the stream.
#[derive(Debug, Default)]
pub(in crate::input) struct Pulse(Mutex<Progress>);

impl Pulse {
    /// The reader has come so far.
    pub(in crate::input) fn beat(&self, format: &'static str, lines: u64, first: Option<Stamp>, last: Option<Stamp>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Progress { format, lines, first, last, modified: known.modified };
    }

    pub(super) fn modified(&self, modified: Option<i64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).modified = modified;
    }

    pub(super) fn progress(&self) -> Progress {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
