//! A node is the only MASTER, and the address is seen at another node of its group: the script failed, was too slow, lost a race,
//! or somebody moved the address.

use super::{Displaced, Displacement, GRACE_MICROS, RACE_MICROS, SETTLE_MICROS, Scope, Window, close};
use crate::event::Text;
use crate::moment::Moment;
use crate::world::UNMEASURED_MICROS;
use crate::world::group::Takeover;
use crate::world::vrrp::{Begin, Mastership};
use crate::world::witness::Witness;
use std::sync::Arc;

/// The owner took over, but the address was seen at another node well after its script should be done.
pub(super) fn did_not_come(scope: &Scope<'_>, window: &Window<'_>) -> Option<Displacement> {
    let Takeover { node: owner, mastership: kept, event } = window.takeover;
    let limit = [window.next.map(|next| next.event.time), kept.ended()].into_iter().flatten().min();
    let seen = Seen::between(scope, owner, Some(event.time), limit)?;
    let raced = window.previous.is_some_and(|previous| {
        let close = event.time.micros_since(previous.event.time) <= RACE_MICROS;
        // Its script had already worked when this node took over: it is not the one that finished late.
        let done = scope.seen().any(|witness| {
            witness.node == seen.holder
                && witness.seen.holds()
                && witness.time.micros > previous.event.time.micros
                && witness.time.micros < event.time.micros
        });
        *previous.node == seen.holder && close && !done
    });
    let mut displacement = if seen.was_home {
        Displacement { why: Displaced::MovedAway, ..seen.displacement(owner, kept) }
    } else {
        Displacement {
            why: Displaced::DidNotCome { raced },
            first: Arc::clone(event),
            began_there: true,
            ..seen.displacement(owner, kept)
        }
    };
    let last_away = seen.away.last().map_or(event.time, |witness| witness.time);
    // Seen elsewhere only while a script may still be running: no more than a hint that it took longer.
    let unsure = if scope.world.is_clock_measured(owner) { 0 } else { UNMEASURED_MICROS };
    displacement.is_brief = !seen.was_home && last_away.micros_since(event.time) <= GRACE_MICROS + unsure;
    if last_away.micros_since(event.time) <= GRACE_MICROS && !seen.was_home && seen.home.is_empty() {
        return None;
    }
    close(&mut displacement, seen.away, seen.home, window.next, kept);
    Some(displacement)
}

/// A MASTER since before the log, and the address seen at another node of its group before anyone took over.
pub(super) fn before_any_takeover(scope: &Scope<'_>, first: Option<&Takeover<'_>>) -> Option<Displacement> {
    let unseen = scope.group.nodes.iter().filter_map(|(node, masterships)| {
        masterships.first().filter(|mastership| mastership.begin == Begin::Unseen).map(|mastership| (node, mastership))
    });
    let candidates: Vec<(&Text, &Mastership)> = unseen.collect();
    let [(owner, kept)] = candidates.as_slice() else { return None };
    let limit = [first.map(|takeover| takeover.event.time), kept.ended()].into_iter().flatten().min();
    let seen = Seen::between(scope, owner, None, limit)?;
    let mut displacement = Displacement { why: Displaced::MovedAway, ..seen.displacement(owner, kept) };
    close(&mut displacement, seen.away, seen.home, first.copied(), kept);
    Some(displacement)
}

/// What was seen of the address while one node was the only MASTER.
struct Seen {
    holder: Text,
    /// The address was seen at its owner before it was seen elsewhere.
    was_home: bool,
    /// Seen elsewhere, or the owner's voice from elsewhere; since it was last at home.
    away: Vec<Witness>,
    /// Seen at its owner after that, or no longer at the holder.
    home: Vec<Witness>,
    /// The holder was MASTER, and wrote nothing since the owner took over.
    holder_is_silent: bool,
}

impl Seen {
    /// `None` if it was not seen elsewhere, or only while another node was MASTER as well.
    fn between(scope: &Scope<'_>, owner: &Text, from: Option<Moment>, limit: Option<Moment>) -> Option<Self> {
        let Scope { world, group, .. } = *scope;
        // One that died wrote nothing about it: it is none that the take-over was wrong about.
        let is_silent = |node: &Text, mastership: &Mastership| {
            let wrote = |from: Moment| world.nodes.get(node).is_some_and(|facts| !facts.vrrp.since(from).is_empty());
            mastership.end.is_none()
                && from.is_some_and(|from| mastership.first.time.micros < from.micros && !wrote(from))
        };
        let alone =
            |moment: Moment| group.rivals_between(owner, moment, moment).all(|(node, one)| is_silent(node, one));
        let inside = |witness: &&Witness| {
            let settle = if witness.seen.is_of_a_move() { 0 } else { SETTLE_MICROS };
            from.is_none_or(|from| witness.latest() >= from.micros + settle)
                && limit.is_none_or(|limit| witness.time.micros < limit.micros)
                && witness.seen.is_paired()
        };
        let all: Vec<&Witness> = scope.seen().filter(inside).collect();
        let is_elsewhere = |witness: &Witness| {
            witness.seen.holds()
                && witness.node != *owner
                && group.nodes.contains_key(&witness.node)
                && alone(witness.time)
        };
        let is_home = |witness: &Witness| witness.seen.holds() && witness.node == *owner;
        let first = all.iter().position(|witness| is_elsewhere(witness))?;
        let holder = all[first].node.clone();
        let last_home = all[..first].iter().rposition(|witness| is_home(witness));
        let since = &all[last_home.map_or(0, |at| at + 1)..];
        let is_away = |witness: &Witness| {
            witness.node == holder && witness.seen.holds() || witness.node == *owner && !witness.seen.holds()
        };
        let has_left = |witness: &Witness| is_home(witness) || witness.node == holder && !witness.seen.holds();
        let pick = |wanted: &dyn Fn(&Witness) -> bool| {
            since.iter().filter(|witness| wanted(witness)).map(|witness| (*witness).clone()).collect::<Vec<Witness>>()
        };
        let (away, home) = (pick(&is_away), pick(&has_left));
        let holder_is_silent = group.nodes.get(&holder).into_iter().flatten().any(|one| is_silent(&holder, one));
        Some(Self { holder, was_home: last_home.is_some(), away, home, holder_is_silent })
    }

    fn displacement(&self, owner: &Text, kept: &Mastership) -> Displacement {
        let first = &self.away[0];
        Displacement {
            holder: Some(self.holder.clone()),
            owner: Some(owner.clone()),
            kept: Some(kept.clone()),
            began_there: first.seen == crate::world::witness::Seen::Associated,
            is_complete: true,
            rival_may_live: self.holder_is_silent,
            ..Displacement::suspicion(first.other.as_ref().unwrap_or(&first.own))
        }
    }
}
