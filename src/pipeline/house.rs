//! Who is who, as the logs show it and the operator states it: nodes with their addresses, and who shares what moves.

use crate::event::Text;
use crate::report::{Group, Node, OwnAddress};
use crate::world::{How, KnownAddress, NodeFacts, PeerGroup, Unit, World, addresses};

/// All nodes, ordered by name.
pub(super) fn nodes(world: &World) -> Vec<Node> {
    let mut known = addresses(world);
    let node = |(name, facts): (&Text, &NodeFacts)| {
        let bounded = || facts.versions.iter().filter(|(_, version)| version.is_bounded());
        Node {
            name: name.clone(),
            roles: facts.roles(),
            versions: bounded().map(|(daemon, version)| (daemon.word(), version.to_string())).collect(),
            versions_by: bounded().map(|(daemon, _)| (daemon.word(), facts.version_is_by(*daemon))).collect(),
            addresses: known.remove(name).unwrap_or_default().into_iter().map(own_address).collect(),
            asks: world.reach.asked_by(name).cloned().collect(),
        }
    };
    world.nodes.iter().map(node).collect()
}

fn own_address(known: KnownAddress) -> OwnAddress {
    let by = match known.how {
        How::Stated => "stated",
        How::VrrpSource => "adverts",
        How::NotifySource => "notifies",
    };
    OwnAddress { address: known.address, by, since: known.since }
}

/// All peer groups, ordered by name and nodes.
pub(super) fn groups(world: &World) -> Vec<Group> {
    let mut groups: Vec<Group> = world.groups().iter().map(|group| shared(world, group)).collect();
    groups.sort_by(|a, b| (&a.name, &a.nodes).cmp(&(&b.name, &b.nodes)));
    groups
}

fn shared(world: &World, group: &PeerGroup) -> Group {
    let is_master = |node: &&Text| group.nodes[*node].iter().any(|mastership| mastership.end.is_none());
    let stated = world.topology.unit_of(&group.unit, group.nodes.keys());
    Group {
        name: group.unit.name().clone(),
        is_sync_group: matches!(group.unit, Unit::Group(_)),
        nodes: group.nodes.keys().cloned().collect(),
        is_proven: group.proven,
        masters: group.nodes.keys().filter(is_master).cloned().collect(),
        preferred: stated.and_then(|stated| stated.preferred.clone()),
        resource: world.resource_of(group),
    }
}
