//! Adverts that two MASTERs refuse of each other: each shows that the other one sends.

use crate::event::{Event, Fact, Mismatch, Text, Vrrp};
use crate::moment::Moment;
use crate::world::{Mastership, World};
use std::sync::Arc;

/// A line of each of two nodes, while both are MASTER, that refuses an advert because the other's configuration differs; none if one of them
/// writes none: then a third node may have sent it.
pub(super) fn mutual<'w>(
    world: &'w World,
    a: (&Text, &Mastership),
    b: (&Text, &Mastership),
    from: Moment,
    to: Option<Moment>,
) -> Vec<&'w Arc<Event>> {
    let to = to.or(world.horizon).unwrap_or(from);
    let of_node = |(node, mastership): (&Text, &Mastership)| {
        let Fact::Vrrp { instance, .. } = &mastership.first.fact else { return None };
        let is_refusal = |event: &&Arc<Event>| {
            let Fact::Vrrp { instance: of, what: Vrrp::AdvertRejected { mismatch, .. } } = &event.fact else {
                return false;
            };
            of == instance && is_of_configuration(*mismatch)
        };
        world.nodes.get(node)?.vrrp.between(from, to).find(is_refusal)
    };
    match (of_node(a), of_node(b)) {
        (Some(a), Some(b)) => vec![a, b],
        (_, _) => Vec::new(),
    }
}

/// What two nodes of one cluster may differ in while both go on to send. Where the interval or the addresses differ, a MASTER of 2.x
/// falls silent; anything else may be a stranger's packet.
fn is_of_configuration(mismatch: Mismatch) -> bool {
    match mismatch {
        Mismatch::Authentication | Mismatch::Version | Mismatch::Cast => true,
        Mismatch::Interval
        | Mismatch::Addresses
        | Mismatch::VirtualRouter
        | Mismatch::Peer
        | Mismatch::Ttl
        | Mismatch::Checksum
        | Mismatch::Form
        | Mismatch::Unsaid => false,
    }
}
