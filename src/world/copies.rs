//! What is kept of each secondary's copy of a zone. There may be hundreds of thousands, and nearly every line asks for one.

use crate::event::Text;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// By secondary, then zone. Zones are hashed, and asked for without a key of one's own: nodes are few, and zones are not.
#[derive(Debug, Clone)]
pub(super) struct Copies<T> {
    by_node: BTreeMap<Text, HashMap<Text, T>>,
    len: usize,
}

impl<T> Default for Copies<T> {
    fn default() -> Self {
        Self { by_node: BTreeMap::new(), len: 0 }
    }
}

impl<T> Copies<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn get(&self, node: &Text, zone: &Text) -> Option<&T> {
        self.by_node.get(node)?.get(zone)
    }

    pub(super) fn get_mut(&mut self, node: &Text, zone: &Text) -> Option<&mut T> {
        self.by_node.get_mut(node)?.get_mut(zone)
    }

    /// What is kept of a copy, or else something new.
    pub(super) fn get_or_insert_with(&mut self, node: &Text, zone: &Text, new: impl FnOnce() -> T) -> &mut T {
        if !self.by_node.contains_key(node) {
            self.by_node.insert(node.clone(), HashMap::new());
        }
        let zones = self.by_node.get_mut(node).expect("a node's zones were just put there");
        match zones.entry(zone.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                self.len += 1;
                place.insert(new())
            }
        }
    }

    pub(super) fn insert(&mut self, node: &Text, zone: &Text, value: T) {
        if let Some(known) = self.get_mut(node, zone) {
            *known = value;
        } else {
            self.get_or_insert_with(node, zone, || value);
        }
    }

    pub(super) fn remove(&mut self, node: &Text, zone: &Text) -> Option<T> {
        let removed = self.by_node.get_mut(node)?.remove(zone);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// All of them: secondary, zone, and what is kept. The order of zones is none.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, &Text, &T)> {
        self.by_node.iter().flat_map(|(node, zones)| zones.iter().map(move |(zone, value)| (node, zone, value)))
    }
}
