//! What two lines, or one of them alone, show of where the address is, and how little of it is kept.

use super::{Seen, WAITING_MAX, Witness, Witnesses};
use crate::event::{Event, Pdns, Text};
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Seconds for which an observation is remembered as told.
const KNOWN_SECONDS: i64 = 10;

/// Observations that say the same of the same node: of many the first and the last are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Place of the last one among all; `None` while there is only the first.
    last: Option<usize>,
}

impl Witnesses {
    /// A refusal by policy says nothing of where its sender leaves from; one for not being a primary does.
    pub(super) fn strange(&mut self, zone: &Text, own: &Arc<Event>, other: &Arc<Event>) {
        if let Some(Pdns::NotifyRefused { from, .. }) = other.pdns() {
            self.has_strange = true;
            self.pair(Seen::Strange, zone, own, other, Some(from.clone()));
        }
    }

    /// Another node sent that NOTIFY too, by stamps that are a moment off: whose it was cannot be told.
    pub(super) fn doubt(&mut self, accepted: &Arc<Event>) {
        let is_of_it = |witness: &Witness| {
            witness.seen == Seen::Heard && witness.other.as_ref().is_some_and(|other| Arc::ptr_eq(other, accepted))
        };
        let latest = self.found.iter().enumerate().rev().take(WAITING_MAX);
        self.doubted.extend(latest.filter(|(_, witness)| is_of_it(witness)).map(|(at, _)| at));
    }

    pub(super) fn alone(&mut self, seen: Seen, zone: &Text, event: &Arc<Event>) {
        self.add(Witness {
            node: event.node.clone(),
            seen,
            address: None,
            zone: zone.clone(),
            time: event.time,
            own: Arc::clone(event),
            other: None,
        });
    }

    pub(super) fn pair(
        &mut self,
        seen: Seen,
        zone: &Text,
        own: &Arc<Event>,
        other: &Arc<Event>,
        address: Option<Text>,
    ) {
        self.add(Witness {
            node: own.node.clone(),
            seen,
            address,
            zone: zone.clone(),
            time: own.time.max(other.time),
            own: Arc::clone(own),
            other: Some(Arc::clone(other)),
        });
    }

    /// Keeps one observation per node, kind, zone and second; of an undisturbed run of ordinary ones the first and the last.
    pub(super) fn add(&mut self, witness: Witness) {
        let second = witness.time.micros.div_euclid(1_000_000);
        while self.known.first().is_some_and(|(known, ..)| *known < second - KNOWN_SECONDS) {
            self.known.pop_first();
        }
        if !self.known.insert((second, witness.node.clone(), witness.seen, witness.zone.clone())) {
            return;
        }
        let is_ordinary =
            matches!(witness.seen, Seen::Served | Seen::Heard | Seen::Acknowledged | Seen::LeavesElsewhere);
        if !is_ordinary || self.runs.keys().next().is_some_and(|(node, ..)| *node != witness.node) {
            self.runs.clear();
        }
        if !is_ordinary {
            self.found.push(witness);
            return;
        }
        let next = self.found.len();
        match self.runs.entry((witness.node.clone(), witness.seen, witness.address.clone())) {
            Entry::Occupied(mut run) => match run.get().last {
                Some(last) => {
                    self.found[last] = witness;
                    self.doubted.remove(&last);
                }
                None => {
                    run.get_mut().last = Some(next);
                    self.found.push(witness);
                }
            },
            Entry::Vacant(run) => {
                run.insert(Run { last: None });
                self.found.push(witness);
            }
        }
    }
}
