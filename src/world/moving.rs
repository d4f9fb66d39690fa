//! Which addresses move with a peer group: where any other one is seen says nothing of where those are.
//!
//! What is stated decides. Else an address moves that a script or the cloud says was moved, or that was seen at two of the nodes, or that was
//! never seen but at the MASTER or where the last take-over had put it. One that was seen at one node alone, and against both, is that node's
//! own, as long as another fits. Of several groups of the same nodes an address is that one's which explains best where it was.

use super::group::PeerGroup;
use super::learned::vrrp_sources;
use super::topology::Topology;
use super::witness::{Seen, Witness};
use super::{NodeFacts, World};
use crate::event::Text;
use crate::moment::Moment;
use std::collections::BTreeMap;

/// A take-over this close before leaves open whether its script was done: a slow one, and clocks that differ.
const UNDECIDED_MICROS: i64 = 15_000_000;

/// The addresses that move with one peer group.
#[derive(Debug, Clone, Default)]
pub struct Moving {
    /// The surest first.
    addresses: Vec<Text>,
    /// Others at which one of its nodes was seen, where nothing but how well each fits tells which of all these moves.
    others: Vec<Text>,
    /// They are stated, or were seen to move.
    is_sure: bool,
}

impl Moving {
    fn stated(address: &Text) -> Self {
        Self { addresses: vec![address.clone()], others: Vec::new(), is_sure: true }
    }

    /// The one that is named where one must be.
    #[must_use]
    pub fn first(&self) -> Option<&Text> {
        self.addresses.first()
    }

    /// Each of them to be looked at by itself; where there is none, what names no address still is.
    pub fn each(&self) -> impl Iterator<Item = Option<&Text>> {
        self.addresses.iter().map(Some).chain(self.addresses.is_empty().then_some(None))
    }

    /// Addresses that may be the one that moves instead of this one.
    pub fn rivals<'m>(&'m self, address: &'m Text) -> impl Iterator<Item = &'m Text> {
        let all = self.addresses.iter().chain(&self.others);
        all.filter(move |other| !self.is_sure && *other != address)
    }

    /// Whether an observation is one of any of them.
    #[must_use]
    pub fn is_of_any(&self, witness: &Witness) -> bool {
        self.each().any(|address| self.is_of(address, witness))
    }

    /// Whether an observation is one of this address, which is of the group's.
    #[must_use]
    pub fn is_of(&self, address: Option<&Text>, witness: &Witness) -> bool {
        let Some(seen) = &witness.address else { return true };
        match witness.seen {
            // It speaks from another one: that is none of those which move.
            Seen::Strange | Seen::LeavesElsewhere => !self.addresses.contains(seen),
            Seen::Denied | Seen::Served | Seen::Heard | Seen::Acknowledged | Seen::Rejected => address == Some(seen),
            Seen::Claimed | Seen::Leaves | Seen::Associated | Seen::Disassociated | Seen::Listed => {
                address == Some(seen)
            }
        }
    }
}

impl World {
    /// What was seen of one of a group's addresses.
    pub fn seen_of<'w>(&'w self, group: &'w PeerGroup, address: Option<&'w Text>) -> impl Iterator<Item = &'w Witness> {
        self.witnesses.all().iter().filter(move |witness| group.moving.is_of(address, witness))
    }

    /// The address that moves with a peer group: the one that is stated, or that its nodes answered at; where there is one group, else
    /// the one that secondaries ask most.
    #[must_use]
    pub fn resource_of(&self, group: &PeerGroup) -> Option<Text> {
        let unseen = || {
            let only_group = self.groups.len() == 1;
            let mut asked = self
                .asked
                .iter()
                .filter(|(address, _)| only_group && !is_stated_elsewhere(&self.topology, group, address))
                .max_by_key(|(address, count)| (*count, std::cmp::Reverse(*address)));
            asked.take().map(|(address, _)| address.clone())
        };
        group.moving.first().cloned().or_else(unseen)
    }

    /// Addresses that secondaries ask and that may be a group's, without this one.
    pub(super) fn asked_beside<'w>(
        &'w self,
        group: &'w PeerGroup,
        address: &'w Text,
    ) -> impl Iterator<Item = &'w Text> {
        let may_be = move |other: &&Text| *other != address && !is_stated_elsewhere(&self.topology, group, other);
        self.asked.iter().map(|(other, _)| other).filter(may_be)
    }

    /// Works out what moves with each group.
    pub(super) fn find_moving(&mut self) {
        let found = of_groups(&self.nodes, &self.groups, &self.topology, self.witnesses.all());
        for (group, moving) in self.groups.iter_mut().zip(found) {
            group.moving = moving;
        }
    }
}

/// Whether an address is stated to be a node's own, or to move with other units.
fn is_stated_elsewhere(topology: &Topology, group: &PeerGroup, address: &Text) -> bool {
    let ours = stated_of(topology, group);
    ours != Some(address)
        && (topology.nodes.values().any(|node| node.addresses.contains(address))
            || topology.units.iter().any(|unit| unit.resource.as_ref() == Some(address)))
}

fn stated_of<'t>(topology: &'t Topology, group: &PeerGroup) -> Option<&'t Text> {
    topology.unit_of(&group.unit, group.nodes.keys()).and_then(|unit| unit.resource.as_ref())
}

/// What was seen of an address at the nodes of a group.
#[derive(Debug, Default)]
struct Sights<'w> {
    /// Where, when, and how.
    at: Vec<(&'w Text, Moment, Seen)>,
    /// A script or the cloud says that it was moved.
    was_moved: bool,
}

impl Sights<'_> {
    fn is_at_several(&self) -> bool {
        self.at.iter().any(|(node, ..)| *node != self.at[0].0)
    }

    /// How badly they agree with an address that moves with the group.
    fn cost(&self, group: &PeerGroup) -> Cost {
        let mut cost = Cost::default();
        for (index, (node, moment, seen)) in self.at.iter().enumerate() {
            let is_moved = index.checked_sub(1).is_some_and(|before| self.at[before].0 != *node);
            match expected(group, node, *moment) {
                // Where it should be, transfers are served.
                Expected::AtMaster => cost.troubled += u32::from(*seen == Seen::Denied),
                Expected::LeftBehind => cost.troubled += 1,
                Expected::Nowhere => {
                    cost.moves += u32::from(is_moved);
                    cost.places += 1;
                }
            }
        }
        cost
    }
}

/// Ordered by weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Cost {
    /// Changes of place that nothing explains.
    moves: u32,
    /// Sights where nothing had put it.
    places: u32,
    /// Sights where a take-over had put it that is over, or of a MASTER that refuses.
    troubled: u32,
}

/// Whether an address that moves with a group would be at a node.
enum Expected {
    AtMaster,
    LeftBehind,
    Nowhere,
}

fn expected(group: &PeerGroup, node: &Text, moment: Moment) -> Expected {
    let is_master = |node: &Text| group.nodes.get(node).is_some_and(|all| all.at(moment).next().is_some());
    if is_master(node) {
        return Expected::AtMaster;
    }
    let Some(last) = group.last_takeover(moment) else {
        let is_elsewhere = group.nodes.keys().any(is_master);
        return if is_elsewhere { Expected::Nowhere } else { Expected::AtMaster };
    };
    let is_being_moved = || {
        let previous = group.last_takeover(last.event.time.shifted(-1));
        moment.micros_since(last.event.time) <= UNDECIDED_MICROS
            && previous.is_none_or(|previous| previous.node == node)
    };
    if last.node == node || is_being_moved() { Expected::LeftBehind } else { Expected::Nowhere }
}

fn of_groups(
    nodes: &BTreeMap<Text, NodeFacts>,
    groups: &[PeerGroup],
    topology: &Topology,
    witnesses: &[Witness],
) -> Vec<Moving> {
    let seen: Vec<BTreeMap<&Text, Sights<'_>>> =
        groups.iter().map(|group| seen_at(group, topology, witnesses)).collect();
    let is_seen = seen.iter().any(|sights| !sights.is_empty());
    let own = if is_seen { vrrp_sources(nodes, groups) } else { BTreeMap::new() };
    let cost_of = |at: usize, address: &Text| seen[at].get(address).map(|sights| sights.cost(&groups[at]));
    let moving = |at: usize| {
        let group = &groups[at];
        if let Some(stated) = stated_of(topology, group) {
            return Moving::stated(stated);
        }
        let mut found: Vec<(&Text, &Sights<'_>, Cost)> = Vec::new();
        for (address, sights) in seen[at].iter().filter(|(address, _)| !own.contains_key(**address)) {
            let cost = sights.cost(group);
            let is_of_both = |other: &PeerGroup| sights.at.iter().any(|(node, ..)| other.nodes.contains_key(*node));
            let fits_another = (0..groups.len())
                .filter(|other| *other != at && is_of_both(&groups[*other]))
                .filter(|other| stated_of(topology, &groups[*other]).is_none())
                .any(|other| cost_of(other, address).is_some_and(|theirs| theirs < cost));
            if !fits_another {
                found.push((address, sights, cost));
            }
        }
        choose(&found)
    };
    (0..groups.len()).map(moving).collect()
}

/// The addresses at which a group's nodes were seen, without those that are stated to be others.
fn seen_at<'w>(group: &PeerGroup, topology: &Topology, witnesses: &'w [Witness]) -> BTreeMap<&'w Text, Sights<'w>> {
    let mut seen = BTreeMap::<&Text, Sights<'w>>::new();
    for witness in witnesses.iter().filter(|witness| witness.seen.holds() && group.nodes.contains_key(&witness.node)) {
        let Some(address) = &witness.address else { continue };
        let sights = seen.entry(address).or_default();
        sights.at.push((&witness.node, witness.time, witness.seen));
        sights.was_moved |= witness.seen == Seen::Claimed || witness.seen.is_of_cloud();
    }
    seen.retain(|address, _| !is_stated_elsewhere(topology, group, address));
    seen
}

/// Those that were seen to move; without such, those that were seen only where they should be, or were left; without such, all.
fn choose(found: &[(&Text, &Sights<'_>, Cost)]) -> Moving {
    let is_sure = |sights: &Sights<'_>| sights.was_moved || sights.is_at_several();
    let any_is_sure = found.iter().any(|(_, sights, _)| is_sure(sights));
    let fits = |sights: &Sights<'_>, cost: &Cost| {
        if any_is_sure { is_sure(sights) } else { cost.moves == 0 && cost.places == 0 }
    };
    let any_fits = found.iter().any(|(_, sights, cost)| fits(sights, cost));
    let mut sorted: Vec<_> = found.iter().collect();
    sorted.sort_by_key(|(address, sights, _)| (std::cmp::Reverse(sights.at.len()), *address));
    let (chosen, left): (Vec<_>, Vec<_>) =
        sorted.into_iter().partition(|(_, sights, cost)| !any_fits || fits(sights, cost));
    let names = |all: Vec<&(&Text, _, _)>| all.into_iter().map(|(address, ..)| (*address).clone()).collect();
    Moving { addresses: names(chosen), others: names(left), is_sure: any_is_sure }
}
