//! NOTIFYs that a receiver did not acknowledge: given up without an answer, or answered with an error.

use super::dns::Lines;
use crate::event::{Event, Pdns, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A receiver that is away for less is being restarted.
const RESTART_MICROS: i64 = 300_000_000;
/// After this long without a line it is another matter.
const QUIET_MICROS: i64 = 24 * 3600 * 1_000_000;
/// The same where the log shows no acknowledgement: there may have been some.
const QUIET_UNSEEN_MICROS: i64 = 3600 * 1_000_000;
/// Receivers per sender are its own configuration's.
const RECEIVERS_MAX: usize = 10_000;
/// Episodes that are kept after their end.
const DONE_MAX: usize = 10_000;
/// Zones named per episode.
const ZONES_MAX: usize = 1000;

/// What one receiver did not acknowledge of one sender, in one episode.
#[derive(Debug, Clone)]
pub struct Unheeded {
    /// The sender.
    pub node: Text,
    /// The receiver's address.
    pub receiver: Text,
    /// It answered, with an error; else it did not answer.
    pub is_rejected: bool,
    /// The lines.
    pub lines: Lines,
    /// Zones.
    pub zones: BTreeSet<Text>,
    /// The acknowledgement that ended it.
    pub end: Option<Arc<Event>>,
}

impl Unheeded {
    /// Told again, longer after the first time than a restart takes.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.lines.count > 1 && self.lines.span_micros() >= RESTART_MICROS
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct UnheededNotifies {
    open: BTreeMap<(Text, Text, bool), Unheeded>,
    done: Vec<Unheeded>,
    /// Nodes whose log shows acknowledgements.
    shows_acks: BTreeSet<Text>,
}

impl UnheededNotifies {
    /// Takes the next event.
    pub(super) fn observe(&mut self, event: &Arc<Event>, pdns: &Pdns) {
        if let Pdns::NotifyUnanswered { zone, by } = pdns {
            self.unheeded(event, zone, by, false);
        } else if let Pdns::NotifyRejected { zone, by, .. } = pdns {
            self.unheeded(event, zone, by, true);
        } else if let Pdns::NotifyAcknowledged { zone, by } = pdns {
            if !self.shows_acks.contains(&event.node) {
                self.shows_acks.insert(event.node.clone());
            }
            if !self.open.is_empty() {
                self.heeded(event, zone, by);
            }
        }
    }

    /// Who acknowledges anything is there; who refused a zone may refuse it still, until it takes that one.
    fn heeded(&mut self, event: &Arc<Event>, zone: &Text, by: &Text) {
        for is_rejected in [false, true] {
            let key = (event.node.clone(), by.clone(), is_rejected);
            let Some(open) = self.open.get_mut(&key) else { continue };
            let is_last = open.zones.len() == 1 && open.zones.contains(zone);
            if is_rejected && !is_last {
                open.zones.remove(zone);
            } else if let Some(mut closed) = self.open.remove(&key) {
                closed.end = Some(Arc::clone(event));
                self.keep(closed);
            }
        }
    }

    fn unheeded(&mut self, event: &Arc<Event>, zone: &Text, by: &Text, is_rejected: bool) {
        let key = (event.node.clone(), by.clone(), is_rejected);
        let quiet = if self.shows_acks.contains(&event.node) { QUIET_MICROS } else { QUIET_UNSEEN_MICROS };
        let last = self.open.get(&key).and_then(|open| open.lines.last_time());
        if last.is_some_and(|last| event.time.micros_since(last) > quiet)
            && let Some(before) = self.open.remove(&key)
        {
            self.keep(before);
        }
        if self.open.len() >= RECEIVERS_MAX && !self.open.contains_key(&key) {
            return;
        }
        let open = self.open.entry(key).or_insert_with(|| Unheeded {
            node: event.node.clone(),
            receiver: by.clone(),
            is_rejected,
            lines: Lines::default(),
            zones: BTreeSet::new(),
            end: None,
        });
        let is_new = open.zones.len() < ZONES_MAX && open.zones.insert(zone.clone());
        open.lines.push(event, is_new || open.lines.count == 0);
    }

    fn keep(&mut self, unheeded: Unheeded) {
        if unheeded.is_repeated() && self.done.len() < DONE_MAX {
            self.done.push(unheeded);
        }
    }

    /// Those that were told again and again, in order of time.
    #[must_use]
    pub fn repeated(&self) -> Vec<&Unheeded> {
        let open = self.open.values().filter(|unheeded| unheeded.is_repeated());
        let mut all: Vec<&Unheeded> = self.done.iter().chain(open).collect();
        let key = |unheeded: &Unheeded| unheeded.lines.first_time().map_or(i64::MIN, |time| time.micros);
        all.sort_by(|a, b| (key(a), &a.node, &a.receiver).cmp(&(key(b), &b.node, &b.receiver)));
        all
    }
}
