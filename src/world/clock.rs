//! How well the nodes' clocks are known, and what their stamps are worth beside each other.

use super::World;
use crate::event::Text;

/// A clock that nothing measures may be off by this: most hosts are synchronised, none is trusted to the second.
pub(super) const UNMEASURED_MICROS: i64 = 5_000_000;

/// How well a node's clock is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Half-width, in microseconds.
    pub uncertainty_micros: i64,
    /// What lines made us take off its stamps, in microseconds; 0 where the operator states it.
    pub inferred_micros: i64,
    /// The node it was compared with, through whatever others; `None`: the operator states it.
    pub against: Option<Text>,
}

impl Clock {
    fn is_comparable_with(&self, other: &Clock) -> bool {
        self.against.is_none() || other.against.is_none() || self.against == other.against
    }
}

impl World {
    /// Takes how well a node's clock is known.
    pub fn note_clock(&mut self, node: &Text, clock: Clock) {
        self.clocks.insert(node.clone(), clock);
    }

    /// Whether a node's stamps can be compared with others' to the second.
    #[must_use]
    pub fn is_clock_measured(&self, node: &Text) -> bool {
        self.nodes.len() < 2 || self.clocks.contains_key(node)
    }

    /// By how much the stamps of two nodes may differ for one moment, in microseconds: no order inside it is known.
    #[must_use]
    pub fn clock_slack_micros(&self, a: &Text, b: &Text) -> i64 {
        if a == b {
            return 0;
        }
        match (self.clocks.get(a), self.clocks.get(b)) {
            (Some(one), Some(other)) if one.is_comparable_with(other) => {
                one.uncertainty_micros + other.uncertainty_micros
            }
            _ => 2 * UNMEASURED_MICROS,
        }
    }

    /// Whether the order of two nodes' lines rests on clocks that were set right by what a few pairs of lines say: what happens in regular
    /// turns pairs wrongly as well.
    #[must_use]
    pub fn is_order_inferred(&self, a: &Text, b: &Text) -> bool {
        let inferred = |node| self.clocks.get(node).map_or(0, |clock| clock.inferred_micros);
        (inferred(a) - inferred(b)).abs() > UNMEASURED_MICROS
    }
}
