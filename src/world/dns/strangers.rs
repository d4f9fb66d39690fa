//! NOTIFYs that a secondary did not take: whose they were, and which copies may be behind because of them.

use super::{Lines, QUIET_MICROS, Replication, ZONES_MAX};
use crate::event::{Event, Text};
use crate::world::copies::{Copies, Place};
use std::collections::BTreeSet;
use std::sync::Arc;

/// NOTIFY senders remembered; the source address of a datagram is anyone's choice.
const SENDERS_MAX: usize = 10_000;
/// A NOTIFY leaves within this of the operator's order.
const BY_HAND_MICROS: i64 = 10_000_000;
/// A NOTIFY that comes this soon after a transfer tells of the change that was transferred: primaries send it at their communicator's
/// next tick, and again after a second or two.
const RENEWED_MICROS: i64 = 5_000_000;

/// NOTIFYs of one sender turned away in one episode.
#[derive(Debug, Clone)]
pub struct Strangers {
    /// Sender.
    pub sender: Text,
    /// The lines.
    pub lines: Lines,
    /// Zones named (at most `ZONES_MAX`).
    pub zones: BTreeSet<Text>,
    /// Nodes that turned it away.
    pub nodes: BTreeSet<Text>,
}

impl Strangers {
    /// An episode ends when its sender was silent for longer than this.
    pub const QUIET_MICROS: i64 = QUIET_MICROS;
}

impl Replication {
    pub(super) fn stranger(&mut self, event: &Arc<Event>, copies: &mut Copies, zone: &Text, sender: &Text) {
        if !self.strangers.contains_key(sender) && self.strangers.len() >= SENDERS_MAX {
            self.left_out += 1;
            return;
        }
        let episodes = self.strangers.entry(sender.clone()).or_default();
        let goes_on = episodes.last().and_then(|episode| episode.lines.last_time());
        if goes_on.is_none_or(|last| event.time.micros_since(last) > QUIET_MICROS) {
            let (zones, nodes) = (BTreeSet::new(), BTreeSet::new());
            episodes.push(Strangers { sender: sender.clone(), lines: Lines::default(), zones, nodes });
        }
        let Some(episode) = episodes.last_mut() else { return };
        let new_zone = !episode.zones.contains(zone);
        if new_zone && episode.zones.len() >= ZONES_MAX {
            self.left_out += 1;
        } else if new_zone {
            episode.zones.insert(zone.clone());
        }
        let new_node = episode.nodes.insert(event.node.clone());
        episode.lines.push(event, new_zone || new_node);
        self.unheard(event, copies, zone);
    }

    /// A NOTIFY that this node did not take: perhaps its copy is behind from here on.
    pub(super) fn unheard(&mut self, event: &Arc<Event>, copies: &mut Copies, zone: &Text) {
        // One sent by hand tells nothing new.
        let by_hand = self.ordered.get(zone).is_some_and(|time| event.time.micros_since(*time) <= BY_HAND_MICROS);
        if by_hand {
            return;
        }
        // Anyone may name any zone: only zones that this node has a copy of are remembered.
        let is_judged = |place: &Place| copies[*place].is_judged;
        let place = copies.place(&event.node, zone).filter(is_judged);
        let place = place.or_else(|| (self.judged < ZONES_MAX).then(|| copies.place_or_new(&event.node, zone)));
        let Some(copy) = self.judge(copies, place) else { return };
        // Several primaries tell of one change, and the copy has it from one of them.
        if event.time.micros.saturating_sub(copy.committed) > RENEWED_MICROS {
            copy.notify.get_or_insert_with(|| Arc::clone(event));
        }
    }
}
