//! What is kept of each secondary's copy of a zone. There may be hundreds of thousands, and nearly every line asks for one.

use crate::event::Text;
use ahash::AHashMap;
use std::collections::hash_map::Entry;

/// By secondary, then zone. Zones are hashed, and asked for without a key of one's own: nodes are few, and zones are not.
#[derive(Debug, Clone)]
pub(super) struct Copies<T> {
    nodes: Vec<(Text, AHashMap<Text, T>)>,
    places: AHashMap<Text, usize>,
    len: usize,
}

impl<T> Default for Copies<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), places: AHashMap::new(), len: 0 }
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
        self.nodes[self.place(node)?].1.get(zone)
    }

    pub(super) fn get_mut(&mut self, node: &Text, zone: &Text) -> Option<&mut T> {
        let place = self.place(node)?;
        self.nodes[place].1.get_mut(zone)
    }

    /// What is kept of a copy, or else something new.
    pub(super) fn get_or_insert_with(&mut self, node: &Text, zone: &Text, new: impl FnOnce() -> T) -> &mut T {
        let place = self.place(node).unwrap_or_else(|| {
            self.places.insert(node.clone(), self.nodes.len());
            self.nodes.push((node.clone(), AHashMap::new()));
            self.nodes.len() - 1
        });
        match self.nodes[place].1.entry(zone.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                self.len += 1;
                free.insert(new())
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
        let place = self.place(node)?;
        let removed = self.nodes[place].1.remove(zone);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// All of them: secondary, zone, and what is kept. Their order is none.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, &Text, &T)> {
        self.nodes.iter().flat_map(|(node, zones)| zones.iter().map(move |(zone, value)| (node, zone, value)))
    }

    fn place(&self, node: &Text) -> Option<usize> {
        // Most sets are of few nodes.
        let first = self.nodes.iter().take(4).position(|(known, _)| known == node);
        first.or_else(|| self.places.get(node).copied())
    }
}
