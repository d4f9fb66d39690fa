//! Which address belongs to which node, as far as lines of two hosts prove it.

use super::group::PeerGroup;
use super::vrrp::advert;
use super::witness::Seen;
use super::{NodeFacts, World};
use crate::event::Text;
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// A rival's advert is heard while it is MASTER, give or take this, clocks corrected.
const HEARD_MICROS: i64 = 3_000_000;
/// Addresses kept per node; a node that leaves from ever new ones is behind something that changes them.
const ADDRESSES_MAX: usize = 16;

/// What proves that an address is a node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The operator states it.
    Stated,
    /// Its adverts come from there.
    VrrpSource,
    /// Its NOTIFYs arrive from there, and not from the address that moves.
    NotifySource,
}

/// An address of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownAddress {
    /// The address.
    pub address: Text,
    /// What proves it.
    pub how: How,
    /// The first line that does; `None` where it is stated.
    pub since: Option<Moment>,
}

type Found = BTreeMap<(Text, Text), (How, Moment)>;

/// Sources of adverts: address → node, where the lines leave one possibility.
pub(super) fn vrrp_sources(nodes: &BTreeMap<Text, NodeFacts>, groups: &[PeerGroup]) -> BTreeMap<Text, (Text, Moment)> {
    let mut owners = BTreeMap::<Text, BTreeMap<Text, Moment>>::new();
    for group in groups {
        for speaker in group.nodes.keys() {
            let Some(facts) = nodes.get(speaker) else { continue };
            for event in facts.vrrp.events() {
                let crate::event::Fact::Vrrp { instance, .. } = &event.fact else { continue };
                let Some(from) = advert(event).and_then(|advert| advert.from.as_ref()) else { continue };
                if !group.instances.contains(instance) {
                    continue;
                }
                let mut masters = group.nodes.iter().filter(|(node, all)| {
                    let is_master = |micros| all.at(event.time.shifted(micros)).next().is_some();
                    *node != speaker && [0, HEARD_MICROS, -HEARD_MICROS].into_iter().any(is_master)
                });
                if let (Some((master, _)), None) = (masters.next(), masters.next()) {
                    owners.entry(from.clone()).or_default().entry(master.clone()).or_insert(event.time);
                }
            }
        }
    }
    let only = |owners: BTreeMap<Text, Moment>| {
        let mut owners = owners.into_iter();
        owners.next().filter(|_| owners.next().is_none())
    };
    owners.into_iter().filter_map(|(address, owners)| Some((address, only(owners)?))).collect()
}

/// The addresses of every node, without those that move. Who asked for a transfer is not among what proves one: all secondaries ask at
/// once, and no line of theirs names the address they ask from.
#[must_use]
pub fn addresses(world: &World) -> BTreeMap<Text, Vec<KnownAddress>> {
    let moving: BTreeSet<Text> = world.groups().iter().filter_map(|group| world.resource_of(group)).collect();
    let mut found = Found::new();
    let mut note = |node: &Text, address: &Text, how: How, since: Moment| {
        if !moving.contains(address) {
            let known = found.entry((node.clone(), address.clone())).or_insert((how, since));
            known.0 = known.0.min(how);
            known.1 = known.1.min(since);
        }
    };
    for (address, (node, since)) in vrrp_sources(&world.nodes, world.groups()) {
        note(&node, &address, How::VrrpSource, since);
    }
    for witness in world.witnesses.all() {
        match (witness.seen, &witness.address) {
            (Seen::Strange, Some(address)) => note(&witness.node, address, How::NotifySource, witness.time),
            (Seen::Heard, Some(address)) if !world.asked.contains(address) => {
                note(&witness.node, address, How::NotifySource, witness.time);
            }
            _ => {}
        }
    }
    let mut all = BTreeMap::<Text, Vec<KnownAddress>>::new();
    for (node, stated) in &world.topology.nodes {
        let stated = stated.addresses.iter();
        let known = stated.map(|address| KnownAddress { address: address.clone(), how: How::Stated, since: None });
        all.entry(node.clone()).or_default().extend(known);
    }
    for ((node, address), (how, since)) in found {
        let known = all.entry(node).or_default();
        if known.len() < ADDRESSES_MAX && !known.iter().any(|known| known.address == address) {
            known.push(KnownAddress { address, how, since: Some(since) });
        }
    }
    all.values_mut().for_each(|known| known.sort());
    all
}
