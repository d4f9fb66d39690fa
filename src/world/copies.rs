//! The secondaries' copies of zones. There may be hundreds of thousands, and nearly every line is of one.
//!
//! A line's copy is looked up once; whoever keeps something of it is then told its [`Place`]. What few copies have is kept elsewhere, by
//! that place.

use super::dns::Copy;
use crate::event::Text;
use ahash::{AHashMap, RandomState};
use indexmap::IndexMap;
use std::ops::{Index, IndexMut};

/// Where a copy stands. It stays there: no copy is ever removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    node: u32,
    zone: u32,
}

/// By secondary, then zone. Nodes are few, and zones are not.
#[derive(Debug, Clone, Default)]
pub(super) struct Copies {
    nodes: Vec<(Text, IndexMap<Text, Copy, RandomState>)>,
    places: AHashMap<Text, usize>,
}

impl Copies {
    /// The place of a node's copy of a zone, where anything is known of it.
    pub(super) fn place(&self, node: &Text, zone: &Text) -> Option<Place> {
        let at = self.node(node)?;
        Some(Place::new(at, self.nodes[at].1.get_index_of(zone)?))
    }

    /// The same; nothing is known yet of a new one.
    pub(super) fn place_or_new(&mut self, node: &Text, zone: &Text) -> Place {
        let at = self.node(node).unwrap_or_else(|| {
            self.places.insert(node.clone(), self.nodes.len());
            self.nodes.push((node.clone(), IndexMap::default()));
            self.nodes.len() - 1
        });
        let zones = &mut self.nodes[at].1;
        let known = zones.get_index_of(zone);
        Place::new(at, known.unwrap_or_else(|| zones.insert_full(zone.clone(), Copy::default()).0))
    }

    /// All of them: secondary, zone, and what is known.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, &Text, &Copy)> {
        self.nodes.iter().flat_map(|(node, zones)| zones.iter().map(move |(zone, copy)| (node, zone, copy)))
    }

    fn node(&self, node: &Text) -> Option<usize> {
        // Most sets are of few nodes.
        let first = self.nodes.iter().take(4).position(|(known, _)| known == node);
        first.or_else(|| self.places.get(node).copied())
    }
}

impl Place {
    fn new(node: usize, zone: usize) -> Self {
        let narrow = |at: usize| u32::try_from(at).expect("no memory holds as many copies");
        Self { node: narrow(node), zone: narrow(zone) }
    }
}

impl Index<Place> for Copies {
    type Output = Copy;

    fn index(&self, Place { node, zone }: Place) -> &Copy {
        &self.nodes[node as usize].1[zone as usize]
    }
}

impl IndexMut<Place> for Copies {
    fn index_mut(&mut self, Place { node, zone }: Place) -> &mut Copy {
        &mut self.nodes[node as usize].1[zone as usize]
    }
}
