//! The chain of the seed incident: what the secondaries alone can prove of the address.

use super::Chain;
use crate::event::{Daemon, Event, Pdns, Text};
use crate::moment::{Moment, Precision};
use crate::world::{Behind, World};
use std::sync::Arc;

/// The seed's chain, looked for where neither peer's PowerDNS log can say it directly.
pub(super) fn chain(world: &World, owner: &Text, holder: &Text, from: Moment, limit: Option<Moment>) -> Option<Chain> {
    if world.has_lines_of(owner, Daemon::Pdns) || world.has_lines_of(holder, Daemon::Pdns) {
        return None;
    }
    let inside = |moment: Moment| moment.micros > from.micros && limit.is_none_or(|limit| moment.micros < limit.micros);
    let far_future = Moment { micros: i64::MAX, precision: Precision::Micro };
    let behind: Vec<Behind> = world.replication.behind(far_future);
    for stretch in behind.iter().filter(|stretch| stretch.refused) {
        let Some(refused) = stretch.failures.first.first().filter(|event| inside(event.time)) else { continue };
        for address in &stretch.asked {
            let strangers = world.replication.strangers().filter(|strangers| strangers.sender != *address);
            let mut lines = strangers.flat_map(|strangers| &strangers.lines.first);
            let is_of_zone = |event: &&Arc<Event>| matches!(event.pdns(), Some(Pdns::NotifyRefused { zone, .. }) if *zone == stretch.zone);
            let Some(notify) = lines.find(|event| is_of_zone(event) && inside(event.time)) else { continue };
            let served = world
                .served_from(&stretch.zone, address)
                .iter()
                .find(|event| inside(event.time) && event.time.micros >= refused.time.micros.max(notify.time.micros));
            return Some(Chain {
                refused: Arc::clone(refused),
                notify: Arc::clone(notify),
                served: served.cloned(),
                address: address.clone(),
            });
        }
    }
    None
}
