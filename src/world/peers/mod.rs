//! Who is whose VRRP peer: adverts that match prove it; the instance's name alone only suggests it (`VI_1` is everybody's).
//!
//! What ties two nodes together decides first; of what is left over, the name joins only what nothing speaks against.

mod ties;

use super::NodeFacts;
use super::group::{Masterships, PeerGroup};
use super::topology::{StatedUnit, Topology};
use super::vrrp::{Mastership, NodeVrrp, Unit};
use crate::event::{Fact, Text, Vrrp};
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use ties::{Tie, are_strangers};

/// One unit on one node.
type Seat = (Text, Unit);

/// What one unit on one node did.
#[derive(Debug, Default)]
struct Sitting {
    masterships: Masterships,
    instances: BTreeSet<Text>,
    /// `Changing effective priority`: when, and to what.
    priorities: Vec<(Moment, u32)>,
    /// The last line of any kind in the node's logs.
    last: Option<Moment>,
}

impl Sitting {
    fn is_master_at(&self, moment: Moment) -> bool {
        let is_covered = self.last.is_none_or(|last| last.micros >= moment.micros);
        is_covered && self.masterships.at(moment).next().is_some()
    }

    /// Its priority at a moment, as far as its lines tell it.
    fn priority_at(&self, moment: Moment) -> Option<u32> {
        let changes = &self.priorities[..self.priorities.partition_point(|(time, _)| time.micros <= moment.micros)];
        changes
            .last()
            .map(|(_, priority)| *priority)
            .or_else(|| self.masterships.at(moment).find_map(Mastership::priority))
    }
}

/// Finds the peer groups among all nodes.
pub(super) fn find(nodes: &BTreeMap<Text, NodeFacts>, topology: &Topology) -> Vec<PeerGroup> {
    let mut seats = BTreeMap::<Seat, Sitting>::new();
    for (node, NodeFacts { vrrp, last, .. }) in nodes {
        let masterships = vrrp.masterships();
        let mut instances = instances_of(vrrp, &masterships);
        for (unit, masterships) in masterships {
            let instances = instances.remove(&unit).unwrap_or_default();
            let priorities = priorities_of(vrrp, &instances);
            let masterships = Masterships::of(masterships);
            seats.insert((node.clone(), unit), Sitting { masterships, instances, priorities, last: *last });
        }
    }
    // What is stated outranks adverts that only happen to match.
    let stated = stated(&seats, topology);
    let of_stated: BTreeSet<&Seat> = stated.iter().flat_map(|group| &group.seats).collect();
    let (settled, left): (BTreeMap<Seat, Sitting>, BTreeMap<Seat, Sitting>) =
        seats.into_iter().partition(|(seat, _)| of_stated.contains(seat));
    let mut groups = tied(&left);
    join_by_name(&mut groups, &left);
    groups.extend(stated);
    groups.sort();
    let seats: BTreeMap<Seat, Sitting> = settled.into_iter().chain(left).collect();
    groups.iter().map(|group| build(group, &seats)).collect()
}

/// Seats that belong together; `proven`: by lines of two nodes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Members {
    seats: BTreeSet<Seat>,
    proven: bool,
}

impl Members {
    fn is_alone(&self) -> bool {
        self.seats.len() == 1
    }
}

/// Seats that the operator states to share an instance.
fn stated(seats: &BTreeMap<Seat, Sitting>, topology: &Topology) -> Vec<Members> {
    let members = |stated: &StatedUnit| {
        let is_of_it = |(node, unit): &&Seat| *unit == stated.unit && stated.nodes.contains(node);
        Members { seats: seats.keys().filter(is_of_it).cloned().collect(), proven: true }
    };
    topology.units.iter().map(members).filter(|group| !group.seats.is_empty()).collect()
}

/// The instances behind each unit of a node: for sync groups those of the group, learned the same way as the unit itself.
fn instances_of(vrrp: &NodeVrrp, masterships: &BTreeMap<Unit, Vec<Mastership>>) -> BTreeMap<Unit, BTreeSet<Text>> {
    let mut known = BTreeMap::<Unit, BTreeSet<Text>>::new();
    let alone: BTreeSet<&Text> = masterships
        .keys()
        .filter_map(|unit| match unit {
            Unit::Instance(name) => Some(name),
            Unit::Group(_) => None,
        })
        .collect();
    let groups: Vec<&Unit> = masterships.keys().filter(|unit| matches!(unit, Unit::Group(_))).collect();
    let mut last = None;
    for event in vrrp.events() {
        let Fact::Vrrp { instance, .. } = &event.fact else { continue };
        // Most lines are of the instance of the one before.
        if last.replace(instance) == Some(instance) {
            continue;
        }
        if alone.contains(instance) {
            known.entry(Unit::Instance(instance.clone())).or_default().insert(instance.clone());
        } else if let [group] = groups.as_slice() {
            known.entry((*group).clone()).or_default().insert(instance.clone());
        }
    }
    known
}

/// When an instance of the unit got which priority.
fn priorities_of(vrrp: &NodeVrrp, instances: &BTreeSet<Text>) -> Vec<(Moment, u32)> {
    let changes = vrrp.events().iter().filter_map(|event| {
        let Fact::Vrrp { instance, what: Vrrp::PriorityChanged { to, .. } } = &event.fact else { return None };
        instances.contains(instance).then_some((event.time, *to))
    });
    changes.collect()
}

/// Seats that lines tie together: what is sure first; weaker signs only join two that are still alone, and each with one other only.
fn tied(seats: &BTreeMap<Seat, Sitting>) -> Vec<Members> {
    let mut groups: Vec<Members> =
        seats.keys().map(|seat| Members { seats: BTreeSet::from([seat.clone()]), proven: false }).collect();
    let mut ties: Vec<((Seat, Seat), Tie)> = ties::between(seats).into_iter().collect();
    ties.sort_by(|(_, a), (_, b)| b.cmp(a));
    let is_sure =
        |(a, b): &(Seat, Seat), tie: &Tie| tie.answered > 0 || tie.entered > 0 && !are_strangers(&seats[a], &seats[b]);
    let sure: BTreeSet<&(Seat, Seat)> =
        ties.iter().filter(|(pair, tie)| is_sure(pair, tie)).map(|(pair, _)| pair).collect();
    for (pair, _) in ties.iter().filter(|(pair, _)| sure.contains(pair)) {
        if !joins_strangers(&groups, pair, seats, &sure) {
            join(&mut groups, pair);
        }
    }
    let alone =
        |groups: &[Members], seat: &Seat| groups.iter().any(|group| group.is_alone() && group.seats.contains(seat));
    ties.retain(|((a, b), _)| alone(&groups, a) && alone(&groups, b));
    for ((a, b), tie) in &ties {
        let has_rival = ties.iter().any(|((c, d), other)| {
            let shares_one = [c, d].into_iter().filter(|seat| *seat == a || *seat == b).count() == 1;
            shares_one && other >= tie
        });
        if !has_rival && alone(&groups, a) && alone(&groups, b) {
            join(&mut groups, &(a.clone(), b.clone()));
        }
    }
    groups.sort();
    groups
}

/// Whether two nodes would get into one group that were MASTER side by side for long, and of which no line ties one to the other: then one
/// of the lines that would join them is about another cluster.
fn joins_strangers(
    groups: &[Members],
    (a, b): &(Seat, Seat),
    seats: &BTreeMap<Seat, Sitting>,
    sure: &BTreeSet<&(Seat, Seat)>,
) -> bool {
    let of = |seat: &Seat| groups.iter().find(|group| group.seats.contains(seat)).map(|group| &group.seats);
    let (Some(ours), Some(theirs)) = (of(a), of(b)) else { return false };
    let is_tied = |one: &Seat, other: &Seat| {
        let pair = if one < other { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) };
        sure.contains(&pair)
    };
    let are_apart = |one: &Seat, other: &Seat| !is_tied(one, other) && ties::are_strangers(&seats[one], &seats[other]);
    ours != theirs && ours.iter().any(|one| theirs.iter().any(|other| are_apart(one, other)))
}

fn join(groups: &mut Vec<Members>, (a, b): &(Seat, Seat)) {
    let Some(index_a) = groups.iter().position(|group| group.seats.contains(a)) else { return };
    let Some(index_b) = groups.iter().position(|group| group.seats.contains(b)) else { return };
    if index_a != index_b {
        let moved = groups.swap_remove(index_a.max(index_b));
        groups[index_a.min(index_b)].seats.extend(moved.seats);
    }
    groups[index_a.min(index_b)].proven = true;
}

/// Seats that no line ties to anyone join those of the same name, where the name leaves one possibility and nothing speaks against it.
fn join_by_name(groups: &mut Vec<Members>, seats: &BTreeMap<Seat, Sitting>) {
    let units: BTreeSet<&Unit> = seats.keys().map(|(_, unit)| unit).collect();
    for unit in units {
        let is_of_unit = |group: &Members| group.seats.iter().any(|seat| seat.1 == *unit);
        let (same, mut others): (Vec<Members>, Vec<Members>) = std::mem::take(groups).into_iter().partition(is_of_unit);
        let (alone, mut joined): (Vec<Members>, Vec<Members>) = same.into_iter().partition(Members::is_alone);
        let left: Vec<&Seat> = alone.iter().flat_map(|group| &group.seats).collect();
        let have_quarrel = left
            .iter()
            .enumerate()
            .any(|(index, a)| left[index + 1..].iter().any(|b| a.0 == b.0 || are_strangers(&seats[*a], &seats[*b])));
        match (joined.as_mut_slice(), left.as_slice()) {
            // Two that the set knows alone: a partition that let nothing through is likelier than two clusters of one node each.
            ([], [_, _]) => joined.push(all_of(&alone)),
            ([one], [only]) if !one.seats.iter().any(|seat| are_strangers(&seats[seat], &seats[*only])) => {
                one.seats.insert((*only).clone());
            }
            (_, [_, _, ..]) if !have_quarrel => joined.push(all_of(&alone)),
            (_, _) => others.extend(alone),
        }
        others.extend(joined);
        *groups = others;
    }
    groups.sort();
}

fn all_of(groups: &[Members]) -> Members {
    Members { seats: groups.iter().flat_map(|group| group.seats.clone()).collect(), proven: false }
}

fn build(members: &Members, seats: &BTreeMap<Seat, Sitting>) -> PeerGroup {
    let units: Vec<&Unit> = members.seats.iter().map(|(_, unit)| unit).collect();
    let unit = units
        .iter()
        .max_by_key(|unit| (units.iter().filter(|other| other == unit).count(), std::cmp::Reverse(**unit)))
        .map_or_else(|| Unit::Instance(Text::from("")), |unit| (**unit).clone());
    let mut nodes = BTreeMap::<Text, Vec<Mastership>>::new();
    let mut instances = BTreeSet::new();
    for seat in &members.seats {
        let masterships = nodes.entry(seat.0.clone()).or_default();
        if let Some(sitting) = seats.get(seat) {
            masterships.extend(sitting.masterships.iter().cloned());
            instances.extend(sitting.instances.iter().cloned());
        }
    }
    let nodes = nodes.into_iter().map(|(node, masterships)| (node, Masterships::of(masterships))).collect();
    PeerGroup::new(unit, nodes, members.proven, instances)
}
