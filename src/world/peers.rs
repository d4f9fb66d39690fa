//! Who is whose VRRP peer: adverts that match prove it; the instance's name alone only suggests it (`VI_1` is everybody's).

use super::topology::Topology;
use super::vrrp::{Mastership, NodeVrrp, PeerGroup, Unit, advert};
use crate::event::{Event, Fact, Text, Vrrp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An answer to an advert is heard within this, clocks corrected.
const ANSWER_MICROS: i64 = 3_000_000;

type Seat = (Text, Unit);

/// Finds the peer groups among all nodes.
pub(super) fn find(nodes: &BTreeMap<Text, NodeVrrp>, topology: &Topology) -> Vec<PeerGroup> {
    let mut seats = BTreeMap::<Seat, Vec<Mastership>>::new();
    let mut names = BTreeMap::<Seat, BTreeSet<Text>>::new();
    for (node, vrrp) in nodes {
        let masterships = vrrp.masterships();
        let known = instances_of(vrrp, &masterships);
        for (unit, masterships) in masterships {
            let seat = (node.clone(), unit.clone());
            names.insert(seat.clone(), known.get(&unit).cloned().unwrap_or_default());
            seats.insert(seat, masterships);
        }
    }
    let mut proven = matching_adverts(&seats);
    let stated = stated_pairs(&seats, topology);
    let is_stated = |seat: &Seat| stated.iter().any(|(a, b)| a == seat || b == seat);
    // What is stated outranks adverts that only happen to match.
    proven.retain(|(a, b)| !is_stated(a) && !is_stated(b));
    proven.extend(stated.iter().cloned());
    let groups = components(seats.keys(), &proven);
    let (settled, mut groups): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|(members, _)| members.iter().any(is_stated));
    join_by_name(&mut groups);
    groups.extend(settled);
    groups.sort();
    groups.into_iter().map(|(members, proven)| build(&members, proven, &seats, &names)).collect()
}

/// Pairs of seats that the operator states to share an instance.
fn stated_pairs(seats: &BTreeMap<Seat, Vec<Mastership>>, topology: &Topology) -> BTreeSet<(Seat, Seat)> {
    let mut pairs = BTreeSet::new();
    for stated in &topology.units {
        let members: Vec<&Seat> =
            seats.keys().filter(|(node, unit)| *unit == stated.unit && stated.nodes.contains(node)).collect();
        pairs.extend(members.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())));
    }
    pairs
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
    for event in vrrp.events() {
        let Fact::Vrrp { instance, .. } = &event.fact else { continue };
        if alone.contains(instance) {
            known.entry(Unit::Instance(instance.clone())).or_default().insert(instance.clone());
        } else if let [group] = groups.as_slice() {
            known.entry((*group).clone()).or_default().insert(instance.clone());
        }
    }
    known
}

/// Pairs of seats whose adverts answer each other: one heard lower, the other heard higher, with the same two priorities.
fn matching_adverts(seats: &BTreeMap<Seat, Vec<Mastership>>) -> BTreeSet<(Seat, Seat)> {
    let lower: Vec<(&Seat, &Arc<Event>)> = seats
        .iter()
        .flat_map(|(seat, all)| {
            all.iter().flat_map(move |mastership| mastership.heard_lower.iter().map(move |event| (seat, event)))
        })
        .collect();
    let higher: Vec<(&Seat, &Arc<Event>)> = seats
        .iter()
        .flat_map(|(seat, all)| {
            all.iter().filter_map(move |mastership| mastership.heard_higher.as_ref().map(|event| (seat, event)))
        })
        .collect();
    let entered: Vec<(&Seat, &Arc<Event>)> = seats
        .iter()
        .flat_map(|(seat, all)| all.iter().map(move |mastership| (seat, &mastership.first)))
        .filter(|(_, first)| matches!(first.fact, Fact::Vrrp { what: Vrrp::MasterEntered | Vrrp::MasterPending, .. }))
        .collect();
    let mut links = BTreeSet::new();
    for (high_seat, heard_lower) in &lower {
        for (low_seat, heard_higher) in &higher {
            let near = heard_lower.time.micros_since(heard_higher.time).abs() <= ANSWER_MICROS;
            if high_seat.0 != low_seat.0 && near && answer_each_other(heard_lower, heard_higher) {
                links.insert(((*high_seat).clone(), (*low_seat).clone()));
            }
        }
        // A rival that enters MASTER is heard at once; without numbers on its side the name must agree as well.
        for (low_seat, first) in &entered {
            let delay = heard_lower.time.micros_since(first.time);
            if high_seat.0 != low_seat.0
                && high_seat.1 == low_seat.1
                && (-ANSWER_MICROS..=ANSWER_MICROS).contains(&delay)
            {
                links.insert(((*high_seat).clone(), (*low_seat).clone()));
            }
        }
    }
    for (yielding, heard_higher) in &higher {
        for (preempting, first) in &entered {
            let delay = heard_higher.time.micros_since(first.time);
            if yielding.0 != preempting.0
                && yielding.1 == preempting.1
                && (-ANSWER_MICROS..=ANSWER_MICROS).contains(&delay)
            {
                links.insert(((*yielding).clone(), (*preempting).clone()));
            }
        }
    }
    links
}

fn answer_each_other(heard_lower: &Event, heard_higher: &Event) -> bool {
    match (advert(heard_lower), advert(heard_higher)) {
        (Some(a), Some(b)) => match (a.ours, a.theirs, b.ours, b.theirs) {
            (Some(ours), Some(theirs), Some(their_ours), Some(their_theirs)) => {
                ours == their_theirs && theirs == their_ours
            }
            _ => false,
        },
        _ => false,
    }
}

fn components<'a>(
    seats: impl Iterator<Item = &'a Seat>,
    links: &BTreeSet<(Seat, Seat)>,
) -> Vec<(BTreeSet<Seat>, bool)> {
    let mut groups: Vec<(BTreeSet<Seat>, bool)> = seats.map(|seat| (BTreeSet::from([seat.clone()]), false)).collect();
    for (a, b) in links {
        let Some(index_a) = groups.iter().position(|(members, _)| members.contains(a)) else { continue };
        let Some(index_b) = groups.iter().position(|(members, _)| members.contains(b)) else { continue };
        if index_a == index_b {
            groups[index_a].1 = true;
            continue;
        }
        let (moved, _) = groups.swap_remove(index_a.max(index_b));
        let kept = &mut groups[index_a.min(index_b)];
        kept.0.extend(moved);
        kept.1 = true;
    }
    groups.sort();
    groups
}

/// Seats that no advert ties to anyone join those of the same name, where the name leaves one possibility.
fn join_by_name(groups: &mut Vec<(BTreeSet<Seat>, bool)>) {
    let units: BTreeSet<Unit> =
        groups.iter().flat_map(|(members, _)| members.iter().map(|seat| seat.1.clone())).collect();
    for unit in units {
        let (same, mut others): (Vec<_>, Vec<_>) =
            std::mem::take(groups).into_iter().partition(|(members, _)| members.iter().any(|seat| seat.1 == unit));
        let proven = same.iter().filter(|(_, proven)| *proven).count();
        if proven <= 1 && same.len() > 1 {
            let members = same.into_iter().flat_map(|(members, _)| members).collect();
            others.push((members, proven == 1));
        } else {
            others.extend(same);
        }
        *groups = others;
    }
    groups.sort();
}

fn build(
    members: &BTreeSet<Seat>,
    proven: bool,
    seats: &BTreeMap<Seat, Vec<Mastership>>,
    names: &BTreeMap<Seat, BTreeSet<Text>>,
) -> PeerGroup {
    let units: Vec<&Unit> = members.iter().map(|(_, unit)| unit).collect();
    let unit = units
        .iter()
        .max_by_key(|unit| (units.iter().filter(|other| other == unit).count(), std::cmp::Reverse(**unit)))
        .map_or_else(|| Unit::Instance(Text::from("")), |unit| (**unit).clone());
    let mut nodes = BTreeMap::<Text, Vec<Mastership>>::new();
    let mut instances = BTreeSet::new();
    for seat in members {
        nodes.entry(seat.0.clone()).or_default().extend(seats.get(seat).cloned().unwrap_or_default());
        instances.extend(names.get(seat).cloned().unwrap_or_default());
    }
    for masterships in nodes.values_mut() {
        masterships.sort_by_key(|mastership| mastership.first.time.micros);
    }
    PeerGroup { unit, nodes, proven, instances }
}
