//! Where configuration files contradict each other or what the daemons did: the file is not the one that ran, or it is the fault.

use crate::event::{Daemon, Fact, Scope, Text, Vrrp};
use crate::report::Caveat;
use crate::world::{Mastership, PeerGroup, Stated, Unit, World};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Statements that change an instance's priority while it runs.
const TRACKED: [&str; 3] = ["track_script", "track_interface", "track_process"];

/// All of them.
pub(super) fn of(world: &World) -> Vec<Caveat> {
    let mut caveats: Vec<Caveat> = world
        .groups()
        .iter()
        .flat_map(|group| group.instances.iter().flat_map(move |name| of_instance(world, group, name)))
        .collect();
    caveats.extend(of_transfers(world));
    caveats
}

fn caveat(node: Option<&Text>, text: String) -> Caveat {
    Caveat { kind: "contradiction", node: node.cloned(), text }
}

/// What a file explains.
fn explanation(node: &Text, text: String) -> Caveat {
    Caveat { kind: "configuration", node: Some(node.clone()), text }
}

fn of_instance(world: &World, group: &PeerGroup, name: &Text) -> Vec<Caveat> {
    let mut caveats = Vec::new();
    let unit = Unit::Instance(name.clone());
    let stated = |node: &Text, options: &[&str]| -> Option<Stated> {
        world.nodes.get(node).and_then(|facts| facts.settings.unit(&unit, options)).cloned()
    };
    let mut ids = BTreeMap::<Text, String>::new();
    for node in group.nodes.keys() {
        if let Some(id) = stated(node, &["virtual_router_id"]) {
            ids.entry(id.value.clone()).or_insert_with(|| id.place());
        }
        let preempts_not = stated(node, &["nopreempt"]);
        let state = stated(node, &["state"]).filter(|state| &*state.value == "MASTER");
        if let (Some(nopreempt), Some(_)) = (preempts_not, state) {
            let text = format!(
                "{} has no effect: nopreempt of {name} needs state BACKUP, and {node}'s is MASTER.",
                nopreempt.place()
            );
            caveats.push(caveat(Some(node), text));
        }
        // Which of a sync group's instances a line's priority is of, the line does not always say.
        if group.instances.len() == 1
            && stated(node, &TRACKED).is_none()
            && let Some(priority) = stated(node, &["priority"])
        {
            let seen = priorities(world, group, node);
            if !seen.is_empty() && !seen.iter().any(|seen| *priority.value == *seen.to_string()) {
                let seen: Vec<String> = seen.iter().map(u32::to_string).collect();
                let text = format!(
                    "{} gives {name} the priority {}, but its lines have {}: another file ran then, or something changes it.",
                    priority.place(),
                    priority.value,
                    seen.join(", ")
                );
                caveats.push(caveat(Some(node), text));
            }
        }
    }
    if ids.len() > 1 {
        let ids: Vec<String> = ids.iter().map(|(id, place)| format!("{id} ({place})")).collect();
        let text = format!(
            "the configuration files give {name} different virtual_router_ids, {}: with these its nodes do not hear each other.",
            ids.join(" and ")
        );
        caveats.push(caveat(None, text));
    }
    caveats
}

/// The priorities that a node's own lines name.
fn priorities(world: &World, group: &PeerGroup, node: &Text) -> BTreeSet<u32> {
    let of_masterships = group.nodes.get(node).into_iter().flatten().filter_map(Mastership::priority);
    let events = world.nodes.get(node).map(|facts| facts.vrrp.events()).unwrap_or_default();
    let changes = events.iter().filter_map(|event| {
        let Fact::Vrrp { instance, what: Vrrp::PriorityChanged { from, to } } = &event.fact else { return None };
        group.instances.contains(instance).then_some([*from, *to])
    });
    of_masterships.chain(changes.flatten()).collect()
}

/// Transfers that a node refused to a client whom its configuration does not name.
fn of_transfers(world: &World) -> Vec<Caveat> {
    let mut refused = BTreeMap::<&Text, BTreeSet<&Text>>::new();
    for refusal in world.replication.refusals() {
        for node in &refusal.refusers {
            refused.entry(node).or_default().extend(&refusal.clients);
        }
    }
    let mut caveats = Vec::new();
    for (node, clients) in refused {
        let Some(facts) = world.nodes.get(node) else { continue };
        let allowed = facts.settings.of(Daemon::Pdns, &Scope::Global, "allow-axfr-ips");
        let Some(place) = allowed.first().map(Stated::place) else { continue };
        let nets: Vec<Net> =
            allowed.iter().flat_map(|stated| stated.value.split([',', ' ', '\t'])).filter_map(Net::of).collect();
        let strangers: Vec<&str> = clients
            .into_iter()
            .filter(|client| client.parse().is_ok_and(|client: IpAddr| !nets.iter().any(|net| net.has(client))))
            .map(|client| &**client)
            .collect();
        if !strangers.is_empty() {
            let text =
                format!("{place} does not allow transfers to {}, and its PowerDNS refused them.", strangers.join(", "));
            caveats.push(explanation(node, text));
        }
    }
    caveats
}

/// `192.0.2.0/24`, `2001:db8::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Net {
    address: IpAddr,
    bits: u32,
}

impl Net {
    fn of(text: &str) -> Option<Self> {
        let (address, bits) = text.trim().split_once('/').map_or((text.trim(), None), |(net, bits)| (net, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Self { address, bits })
    }

    fn has(self, other: IpAddr) -> bool {
        let differing = match (self.address, other) {
            (IpAddr::V4(net), IpAddr::V4(other)) => u128::from(net.to_bits() ^ other.to_bits()) << 96,
            (IpAddr::V6(net), IpAddr::V6(other)) => net.to_bits() ^ other.to_bits(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        differing.leading_zeros() >= self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::Net;

    #[test]
    fn nets_have_their_addresses() {
        let has = |net: &str, address: &str| Net::of(net).is_some_and(|net| net.has(address.parse().unwrap()));
        assert!(has("192.0.2.0/24", "192.0.2.77") && !has("192.0.2.0/24", "192.0.3.1"));
        assert!(has("192.0.2.1", "192.0.2.1") && !has("192.0.2.1", "192.0.2.2"));
        assert!(has("0.0.0.0/0", "203.0.113.9") && !has("0.0.0.0/0", "2001:db8::1"));
        assert!(has("2001:db8::/32", "2001:db8::9") && !has("2001:db8::/33", "2001:db8:8000::1"));
        assert!(["", "x", "192.0.2.0/33", "192.0.2.0/x", "/8"].iter().all(|text| Net::of(text).is_none()));
    }
}
