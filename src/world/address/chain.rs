//! The chain of the seed incident: what the secondaries alone can prove of the address.

use super::{Chain, Scope};
use crate::event::{Daemon, Event, Pdns, Text};
use crate::moment::Moment;
use crate::world::{Behind, World};
use std::sync::Arc;

/// The seed's chain, looked for where neither peer's PowerDNS log can say it directly.
pub(super) fn chain(
    scope: &Scope<'_>,
    owner: &Text,
    holder: &Text,
    from: Moment,
    limit: Option<Moment>,
) -> Option<Chain> {
    let Scope { world, group, address } = *scope;
    if world.has_lines_of(owner, Daemon::Pdns) || world.has_lines_of(holder, Daemon::Pdns) {
        return None;
    }
    let inside = |moment: Moment| moment.micros > from.micros && limit.is_none_or(|limit| moment.micros < limit.micros);
    let refused = world.behind(&[]).into_iter().filter(|stretch| stretch.refused);
    let is_of_address = |chain: &Chain| address.is_none_or(|address| chain.address == *address);
    let links = refused.flat_map(|stretch| links(world, stretch, &inside)).filter(is_of_address);
    let mut chains = links.collect::<Vec<Chain>>();
    for chain in &mut chains {
        // Of several addresses no line tells which moves with the group: this one may have had a trouble of its own.
        chain.is_of_group = address.is_some()
            || world.groups().len() == 1 && world.asked_beside(group, &chain.address).next().is_none();
    }
    // The whole chain proves; one without its end only agrees.
    let whole = chains.iter().position(|chain| chain.served.is_some()).unwrap_or(0);
    (!chains.is_empty()).then(|| chains.swap_remove(whole))
}

/// The chains that one copy's stretch of being behind is part of, by asked address.
fn links(world: &World, stretch: &Behind, inside: &dyn Fn(Moment) -> bool) -> Vec<Chain> {
    let Some(refused) = stretch.failures.first.first().filter(|event| inside(event.time)) else { return Vec::new() };
    let is_of_zone = |event: &&Arc<Event>| {
        matches!(event.pdns(), Some(Pdns::NotifyRefused { zone, .. }) if *zone == stretch.zone) && inside(event.time)
    };
    let chain = |address: &Text| {
        let strangers = world.replication.strangers().filter(|strangers| strangers.sender != *address);
        let notify = strangers.flat_map(|strangers| &strangers.lines.first).find(is_of_zone)?;
        let served = stretch.end.as_ref().filter(|end| {
            stretch.served_by.as_ref() == Some(address) && inside(end.time) && end.time.micros >= notify.time.micros
        });
        Some(Chain {
            refused: Arc::clone(refused),
            notify: Arc::clone(notify),
            served: served.cloned(),
            address: address.clone(),
            is_of_group: false,
        })
    };
    stretch.asked.iter().filter_map(chain).collect()
}
