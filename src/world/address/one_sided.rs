//! One side's keepalived log, or none: what can only be suspected, and whose log would settle it.

use super::chain::chain;
use super::fell_back::{covers, sightings};
use super::{
    Chain, Displaced, Displacement, Ending, FLAP_MICROS, GRACE_MICROS, HANDOVER_MICROS, SYMPTOMS_MICROS, Scope, close,
    near,
};
use crate::event::{Daemon, Event, Pdns, Text, Vrrp};
use crate::moment::Moment;
use crate::world::World;
use crate::world::group::PeerGroup;
use crate::world::vrrp::{End, Mastership, advert};
use crate::world::witness::{Seen, Witness};
use std::collections::BTreeSet;
use std::sync::Arc;

/// However far two clocks may be off, an advert that another node of these logs sent stands this near to its time as MASTER.
const ANY_CLOCK_MICROS: i64 = 600_000_000;

/// Only one side's keepalived log: a flap that the other side would have to confirm.
pub(super) fn one_sided(scope: &Scope<'_>, without_script: &BTreeSet<&Text>) -> Vec<Displacement> {
    let mut found = Vec::new();
    for (node, masterships) in &scope.group.nodes {
        for mastership in masterships {
            if !without_script.contains(node) {
                found.extend(took_over_alone(scope, node, mastership));
            }
            found.extend(heard_a_rival(scope, node, mastership));
        }
    }
    found
}

/// Whether nothing tells what a node did from one moment to another: its logs end before that is over, or its keepalived has been silent for
/// a day or did not write yet.
fn is_dark(world: &World, node: &Text, moment: Moment, over: Moment) -> bool {
    let Some(facts) = world.nodes.get(node) else { return true };
    !covers(world, node, over)
        || facts.spans.get(&Daemon::Keepalived).is_none_or(|(first, last)| {
            first.micros > moment.micros || last.micros < moment.micros - 24 * 3_600_000_000
        })
}

/// Whether another node of the group was MASTER about then, by clocks that may differ: what was heard may have been its advert.
fn has_rival_about(group: &PeerGroup, node: &Text, moment: Moment) -> bool {
    group.rivals_between(node, moment.shifted(-ANY_CLOCK_MICROS), moment.shifted(ANY_CLOCK_MICROS)).next().is_some()
}

/// The holder's log alone: it was MASTER, heard a better one and yielded. Moments of that are a flap; a longer time was perhaps a
/// failover, unless the address is seen there long after.
fn took_over_alone(scope: &Scope<'_>, node: &Text, taken: &Mastership) -> Option<Displacement> {
    let Scope { world, group, .. } = *scope;
    let event = taken.entered.as_ref()?;
    let (End::Yielded, end) = taken.end.as_ref()? else { return None };
    let others: Vec<&Text> = group.nodes.keys().filter(|other| *other != node).collect();
    // What it yielded to is one of those whose logs are not here, or none of those that are.
    let better = taken.heard_higher.as_ref().and_then(|line| advert(line)?.from.clone());
    let all_are_dark = others.iter().all(|other| is_dark(world, other, event.time, end.time));
    if !all_are_dark && (better.is_none() || has_rival_about(group, node, event.time)) {
        return None;
    }
    let next = group.next_takeover(event.time);
    let limit = next.map(|next| next.event.time);
    // It yielded to one that took over and ran its script: the address followed.
    let slack = next.map_or(0, |next| HANDOVER_MICROS.max(world.clock_slack_micros(node, next.node)));
    if next.is_some_and(|next| next.node != node && next.event.time.micros <= end.time.micros + slack) {
        return None;
    }
    let inside = |moment: Moment| {
        moment.micros > end.time.micros + GRACE_MICROS && limit.is_none_or(|limit| moment.micros < limit.micros)
    };
    let here = scope.seen().filter(|witness| {
        witness.node == *node && witness.seen.holds() && witness.seen.is_paired() && inside(witness.time)
    });
    let away: Vec<Witness> = here.cloned().collect();
    let elsewhere = |after: Moment| fetched_without(scope, node, after, limit);
    let ending = match away.last() {
        Some(last) => elsewhere(last.time),
        None if end.time.micros_since(event.time) > FLAP_MICROS => return None,
        // The other one was not MASTER all along: it has entered since, and ran its script.
        None if was_handed_over(world, group, node, taken) => return None,
        // The first that is seen of the address shows it elsewhere: nothing was left behind.
        None if elsewhere(end.time).is_some() => return None,
        None => None,
    };
    let owner = match others.as_slice() {
        [only] if all_are_dark => Some((*only).clone()),
        _ if all_are_dark => None,
        _ => better,
    };
    let chain_owner = owner.clone().unwrap_or_else(|| Text::from(""));
    let chain = chain(scope, &chain_owner, node, event.time, limit);
    let endings = [
        ending.map(Ending::ServesAgain),
        chain.as_ref().and_then(|chain| chain.served.clone()).map(Ending::ServesAgain),
        next.map(|next| Ending::Takeover(Arc::clone(next.event))),
    ];
    Some(Displacement {
        holder: Some(node.clone()),
        owner,
        first: Arc::clone(event),
        began_there: true,
        taken: Some(taken.clone()),
        away,
        chain,
        ending: endings.into_iter().flatten().min_by_key(|ending| ending.time().micros),
        ..Displacement::suspicion(event)
    })
}

/// Whether lines of a node show that its peer was not MASTER while it was: the peer had left before it took over (priority 0, or a
/// lower one that it heard and outbid), or it yielded because its own priority was lowered, and until then it was the better one.
fn was_handed_over(world: &World, group: &PeerGroup, node: &Text, taken: &Mastership) -> bool {
    let (Some(entered), Some(ended)) = (&taken.entered, taken.ended()) else { return false };
    let (before, after) = (entered.time.shifted(-HANDOVER_MICROS), entered.time.max(ended));
    let says = |event: &Arc<Event>| match event.vrrp() {
        Some(Vrrp::HeardZeroAsBackup) => (0..=HANDOVER_MICROS).contains(&entered.time.micros_since(event.time)),
        Some(Vrrp::PriorityChanged { from, to }) => {
            to < from && (0..=HANDOVER_MICROS).contains(&ended.micros_since(event.time))
        }
        _ => false,
    };
    taken.heard_lower.is_empty()
        && (taken.preempts()
            || world.events_between(group, before, after).any(|(of, mut events)| of == node && events.any(says)))
}

/// A commit from the address of the group about which this node's PowerDNS, whose log is here, wrote nothing: the address was not
/// on it. (Every asked transfer is logged, at any level; a log that was cut short would look the same, so this only casts doubt, or
/// closes what was seen to be open.)
pub(super) fn fetched_without(
    scope: &Scope<'_>,
    node: &Text,
    after: Moment,
    limit: Option<Moment>,
) -> Option<Arc<Event>> {
    let Scope { world, group, address } = *scope;
    let facts = world.nodes.get(node)?;
    let address = address.cloned().or_else(|| world.resource_of(group))?;
    let (first, _) = facts.spans.get(&Daemon::Pdns)?;
    let mut commits = world.commits_from(&address);
    let is_later = |commit: &Arc<Event>| {
        commit.time.micros > after.micros
            && limit.is_none_or(|limit| commit.time.micros < limit.micros)
            && commit.node != *node
            && commit.time.micros >= first.micros
    };
    commits.find(|commit| is_later(commit) && !facts.was_asked_near(commit.time)).cloned()
}

/// The owner's log alone: it heard another MASTER. From 2.0 on that one has run its script; before, nobody can tell from here.
fn heard_a_rival(scope: &Scope<'_>, owner: &Text, kept: &Mastership) -> Option<Displacement> {
    let Scope { world, group, .. } = *scope;
    let young = |line: &Arc<Event>| kept.start().is_some_and(|start| line.time.micros_since(start) <= HANDOVER_MICROS);
    let heard = kept.heard_lower.iter().find(|line| !young(line))?;
    let from = advert(heard)?.from.clone()?;
    let (before, after) = (heard.time.shifted(-HANDOVER_MICROS), heard.time.shifted(HANDOVER_MICROS));
    let told = group.rivals_between(owner, before, after).any(|(_, other)| other.first.time.micros <= after.micros);
    let others: Vec<&Text> = group.nodes.keys().filter(|other| *other != owner).collect();
    let all_are_dark = others.iter().all(|other| is_dark(world, other, heard.time, heard.time));
    if told || !all_are_dark && has_rival_about(group, owner, heard.time) {
        return None;
    }
    let holder = match others.as_slice() {
        [only] if all_are_dark => (*only).clone(),
        _ => from,
    };
    let limit = kept.ended();
    let (away, home, hints) = sightings(scope, &holder, owner, heard.time, limit);
    let mut displacement = Displacement {
        holder: Some(holder.clone()),
        owner: Some(owner.clone()),
        began_there: true,
        kept: Some(kept.clone()),
        hints,
        chain: chain(scope, owner, &holder, heard.time, limit),
        ..Displacement::suspicion(heard)
    };
    close(&mut displacement, away, home, None, kept);
    Some(displacement)
}

/// Only symptoms: a primary's NOTIFY arrives from an address that is no master, and the address that the secondaries know refuses
/// the zone. Told only where no two keepalived logs can settle it.
#[must_use]
pub fn symptoms(world: &World) -> Vec<Displacement> {
    let mut found: Vec<Displacement> = Vec::new();
    for refusals in world.replication.refusals() {
        let (Some(address), Some(first)) = (&refusals.address, refusals.failures.first.first()) else { continue };
        let is_of_zone = |event: &&Arc<Event>| {
            let Some(Pdns::NotifyRefused { zone, from }) = event.pdns() else { return false };
            let last = refusals.last_time().unwrap_or(first.time);
            from != address && refusals.zones.contains(zone) && near(event.time, first.time, last, SYMPTOMS_MICROS)
        };
        let strangers = world.replication.strangers().flat_map(|strangers| &strangers.lines.first);
        let Some(notify) = strangers.filter(is_of_zone).min_by_key(|event| (event.time.micros, event.node.clone()))
        else {
            continue;
        };
        let own = world
            .witnesses
            .all()
            .iter()
            .filter(|witness| witness.seen == Seen::Strange && refusals.zones.contains(&witness.zone));
        let sender = own.map(|witness| &witness.node).next().cloned();
        let refuser = refusals.refusers.iter().find(|node| Some(*node) != sender.as_ref()).cloned();
        if refusals.refusers.len() == 1 && refuser.is_none()
            || is_settled_by_vrrp(world, sender.as_ref(), refuser.as_ref(), notify.time)
        {
            continue;
        }
        let begin = if first.time.micros <= notify.time.micros { first } else { notify };
        let away: Vec<Witness> = world
            .witnesses
            .all()
            .iter()
            .filter(|witness| {
                let strange = witness.seen == Seen::Strange && Some(&witness.node) == sender.as_ref();
                let denied = witness.seen == Seen::Denied && Some(&witness.node) == refuser.as_ref();
                (strange || denied)
                    && refusals.zones.contains(&witness.zone)
                    && witness.time.micros >= begin.time.micros
            })
            .cloned()
            .collect();
        found.push(Displacement {
            holder: refuser,
            owner: sender,
            away,
            chain: Some(Chain {
                refused: Arc::clone(first),
                notify: Arc::clone(notify),
                served: None,
                address: address.clone(),
                is_of_group: false,
            }),
            ending: refusals.end.clone().map(Ending::ServesAgain),
            why: Displaced::MovedAway,
            ..Displacement::suspicion(begin)
        });
    }
    found
}

/// Whether keepalived's logs say enough to judge without the symptoms: two nodes' logs, or one that shows its node in its role.
fn is_settled_by_vrrp(world: &World, sender: Option<&Text>, refuser: Option<&Text>, moment: Moment) -> bool {
    world.groups().iter().any(|group| {
        let lit = group.nodes.keys().filter(|node| !is_dark(world, node, moment, moment)).count();
        let is_master = |node: &Text| group.nodes.get(node).is_some_and(|all| all.at(moment).next().is_some());
        let left = sender.is_some_and(|sender| group.nodes.contains_key(sender) && !is_master(sender));
        let took = refuser.is_some_and(is_master);
        lit > 1 || left || took
    })
}
