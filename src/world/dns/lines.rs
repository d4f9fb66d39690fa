//! Lines of one kind that an episode rests on: few are kept, all are counted.

use crate::event::Event;
use crate::moment::Moment;
use std::sync::Arc;

/// Lines kept per episode as evidence: the first ones and the last.
const LINES_MAX: usize = 12;

/// Lines of one kind: the first ones, the last, and how many.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// First ones, in order, one per (node, zone).
    pub first: Vec<Arc<Event>>,
    /// The last. A follower forgets the lines that no world holds, so it is held, not its time alone.
    pub last: Option<Arc<Event>>,
    /// How many.
    pub count: u64,
}

impl Lines {
    pub(in crate::world) fn push(&mut self, event: &Arc<Event>, is_new_kind: bool) {
        self.count += u64::from(event.repeated);
        if is_new_kind && self.first.len() < LINES_MAX {
            self.first.reserve_exact(usize::from(self.first.is_empty()));
            self.first.push(Arc::clone(event));
        }
        self.last = Some(Arc::clone(event));
    }

    /// Moment of the first line.
    #[must_use]
    pub fn first_time(&self) -> Option<Moment> {
        self.first.first().map(|event| event.time)
    }

    /// From the first line to the last.
    #[must_use]
    pub fn span_micros(&self) -> i64 {
        self.first_time().zip(self.last_time()).map_or(0, |(first, last)| last.micros_since(first))
    }

    /// Moment of the last line.
    #[must_use]
    pub fn last_time(&self) -> Option<Moment> {
        self.last.as_ref().map(|event| event.time)
    }
}
