//! What an operator states of the nodes and of what moves between them; it outranks what the logs only suggest.

use super::vrrp::Unit;
use crate::event::Text;
use std::collections::{BTreeMap, BTreeSet};

/// Everything stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// By the node's name.
    pub nodes: BTreeMap<Text, StatedNode>,
    /// VRRP instances and sync groups.
    pub units: Vec<StatedUnit>,
}

/// One node as stated. What is empty is not stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatedNode {
    /// Other names its lines or other witnesses have for it.
    pub aliases: BTreeSet<Text>,
    /// `primary`, `secondary`, `vrrp`.
    pub roles: BTreeSet<Text>,
    /// Its own addresses, not one that moves.
    pub addresses: BTreeSet<Text>,
    /// What a cloud calls it: instances, network interfaces, names of role sessions.
    pub cloud_ids: BTreeSet<Text>,
    /// The secondaries that it notifies.
    pub notifies: BTreeSet<Text>,
}

/// One VRRP instance or sync group as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedUnit {
    /// Which.
    pub unit: Unit,
    /// The nodes that share it.
    pub nodes: BTreeSet<Text>,
    /// The node that should be MASTER.
    pub preferred: Option<Text>,
    /// The address that moves with it.
    pub resource: Option<Text>,
    /// What a cloud calls that address.
    pub resource_ids: BTreeSet<Text>,
}

impl Topology {
    /// The node that a word stands for: its name, an alias, one of its addresses, or what a cloud calls it.
    #[must_use]
    pub fn node_of(&self, word: &str) -> Option<&Text> {
        let has = |set: &BTreeSet<Text>| set.contains(word);
        let is_meant = |(name, node): &(&Text, &StatedNode)| {
            ***name == *word || has(&node.aliases) || has(&node.addresses) || has(&node.cloud_ids)
        };
        self.nodes.iter().find(is_meant).map(|(name, _)| name)
    }

    /// Which node an alias is.
    #[must_use]
    pub fn aliases(&self) -> BTreeMap<Text, Text> {
        let of_node = |(name, node): (&Text, &StatedNode)| -> Vec<(Text, Text)> {
            node.aliases.iter().map(|alias| (alias.clone(), name.clone())).collect()
        };
        self.nodes.iter().flat_map(of_node).collect()
    }

    /// What is stated of the unit that some of these nodes share.
    #[must_use]
    pub fn unit_of<'a>(&self, unit: &Unit, mut nodes: impl Iterator<Item = &'a Text>) -> Option<&StatedUnit> {
        let same: Vec<&StatedUnit> = self.units.iter().filter(|stated| stated.unit == *unit).collect();
        match same.as_slice() {
            [only] if only.nodes.is_empty() => Some(only),
            _ => {
                let first = nodes.find(|node| same.iter().any(|stated| stated.nodes.contains(*node)))?;
                same.into_iter().find(|stated| stated.nodes.contains(first))
            }
        }
    }

    /// The address that a cloud's id of one stands for.
    #[must_use]
    pub fn resource_called(&self, id: &str) -> Option<&Text> {
        self.units.iter().find(|stated| stated.resource_ids.contains(id)).and_then(|stated| stated.resource.as_ref())
    }
}
