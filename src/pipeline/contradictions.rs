//! Where the lines say otherwise than the operator's configuration: one of the two is wrong, and a verdict may rest on it.

use crate::event::Text;
use crate::report::Caveat;
use crate::world::{How, Mastership, NodeFacts, PeerGroup, StatedUnit, World, addresses};
use std::collections::BTreeSet;

/// What is stated and cannot be, and nodes that are stated and have no line.
pub(super) fn of(world: &World) -> Vec<Caveat> {
    if world.topology.nodes.is_empty() && world.topology.units.is_empty() {
        return Vec::new();
    }
    let mut caveats = of_addresses(world);
    caveats.extend(of_roles(world));
    caveats.extend(of_units(world));
    caveats.extend(without_a_line(world));
    caveats
}

fn contradiction(node: Option<&Text>, text: String) -> Caveat {
    Caveat { kind: "contradiction", node: node.cloned(), text }
}

fn of_addresses(world: &World) -> Vec<Caveat> {
    let stated_owner =
        |address: &Text| world.topology.nodes.iter().find(|(_, stated)| stated.addresses.contains(address));
    let known = addresses(world);
    let proven = known.iter().flat_map(|(node, all)| all.iter().map(move |known| (node, known)));
    let wrong = proven.filter(|(_, known)| known.how != How::Stated).filter_map(|(node, known)| {
        let (owner, _) = stated_owner(&known.address).filter(|(owner, _)| *owner != node)?;
        let by = match known.how {
            How::Stated => return None,
            How::VrrpSource => "its adverts come from there",
            How::NotifySource => "its NOTIFYs arrive from there",
        };
        let text = format!("the configuration gives {} to {owner}, but the lines to {node}: {by}.", known.address);
        Some(contradiction(Some(node), text))
    });
    wrong.collect()
}

fn of_roles(world: &World) -> Vec<Caveat> {
    let wrong =
        world.topology.nodes.iter().filter(|(_, stated)| !stated.roles.is_empty()).flat_map(|(node, stated)| {
            let shown = world.nodes.get(node).map(NodeFacts::roles).unwrap_or_default();
            let more = shown.into_iter().filter(|role| !stated.roles.contains(*role));
            more.map(move |role| {
                let stated: Vec<&str> = stated.roles.iter().map(|role| &**role).collect();
                let text =
                    format!("the configuration has {node} as {}, but its lines show it as {role} too.", list(&stated));
                contradiction(Some(node), text)
            })
        });
    wrong.collect()
}

fn list(words: &[&str]) -> String {
    words.join(" and ")
}

fn of_units(world: &World) -> Vec<Caveat> {
    if world.topology.units.is_empty() {
        return Vec::new();
    }
    let mut caveats = Vec::new();
    let by_lines = world.groups_by_lines();
    for group in world.groups() {
        let Some(stated) = world.topology.unit_of(&group.unit, group.nodes.keys()) else { continue };
        caveats.extend(of_nodes(stated, group, &by_lines));
        caveats.extend(of_preferred(stated, group));
        caveats.extend(of_resource(stated, group, world));
    }
    caveats
}

/// Nodes that lines of two prove to share the unit, and that it is not stated to have.
fn of_nodes(stated: &StatedUnit, group: &PeerGroup, by_lines: &[PeerGroup]) -> Vec<Caveat> {
    let shares = |other: &&PeerGroup| {
        let is_same = !other.instances.is_disjoint(&group.instances);
        other.proven && is_same && other.nodes.keys().any(|node| stated.nodes.contains(node))
    };
    let proven: BTreeSet<&Text> = by_lines.iter().filter(shares).flat_map(|other| other.nodes.keys()).collect();
    let unstated = proven.into_iter().filter(|node| !stated.nodes.is_empty() && !stated.nodes.contains(*node));
    let name = stated.unit.name();
    unstated
        .map(|node| {
            let text = format!("the lines show {node} as a peer in {name}, but the configuration does not.");
            contradiction(Some(node), text)
        })
        .collect()
}

/// Of two nodes, the one that is not preferred heard the other's adverts as the lower ones, and never the other way round.
fn of_preferred(stated: &StatedUnit, group: &PeerGroup) -> Option<Caveat> {
    let preferred = stated.preferred.as_ref()?;
    let ours = group.nodes.get(preferred)?;
    let mut others = group.nodes.iter().filter(|(node, _)| *node != preferred);
    let (Some((other, theirs)), None) = (others.next(), others.next()) else { return None };
    let heard_lower = |mastership: &Mastership| mastership.waited.is_some() || !mastership.heard_lower.is_empty();
    if ours.iter().any(heard_lower) || !theirs.iter().any(heard_lower) {
        return None;
    }
    let name = group.unit.name();
    let text = format!(
        "the configuration prefers {preferred} in {name}, but to {other} its adverts were the lower ones, never the other way round."
    );
    Some(contradiction(Some(preferred), text))
}

fn of_resource(stated: &StatedUnit, group: &PeerGroup, world: &World) -> Option<Caveat> {
    let resource = stated.resource.as_ref()?;
    let is_seen = |address: &Text| world.asked.contains(address);
    let placed =
        world.witnesses.all().iter().filter(|witness| {
            witness.seen.holds() && witness.other.is_some() && group.nodes.contains_key(&witness.node)
        });
    let others: BTreeSet<&Text> = placed.filter_map(|witness| witness.address.as_ref()).collect();
    if is_seen(resource) || others.is_empty() || others.contains(resource) {
        return None;
    }
    let others: Vec<&str> = others.into_iter().map(|address| &**address).collect();
    let name = group.unit.name();
    let text = format!(
        "the configuration has {resource} move with {name}, but no secondary asks it: its nodes answer at {}.",
        list(&others)
    );
    Some(contradiction(None, text))
}

/// Nodes that are stated and wrote nothing that is here.
fn without_a_line(world: &World) -> Option<Caveat> {
    let of_units = world.topology.units.iter().flat_map(|unit| &unit.nodes);
    let notified = world.topology.nodes.values().flat_map(|node| &node.notifies);
    let stated: BTreeSet<&Text> = world.topology.nodes.keys().chain(of_units).chain(notified).collect();
    let missing: Vec<&str> =
        stated.into_iter().filter(|node| !world.nodes.contains_key(*node)).map(|node| &**node).collect();
    if missing.is_empty() {
        return None;
    }
    let them = if missing.len() == 1 { "it" } else { "them" };
    let text = format!("the configuration names {}, but no line of {them} is here.", list(&missing));
    Some(Caveat { kind: "missing", node: None, text })
}
