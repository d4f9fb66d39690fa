//! The seed's pattern: the BACKUP took over and fell back; the MASTER stayed and did nothing.

use super::chain::chain;
use super::one_sided::fetched_without;
use super::{COARSE_MICROS, Displacement, HANDOVER_MICROS, SECOND_MICROS, SETTLE_MICROS, Scope, Window, close, near};
use crate::event::{Daemon, Event, Fact, Text};
use crate::moment::Moment;
use crate::world::group::Takeover;
use crate::world::vrrp::{End, Mastership};
use crate::world::witness::{Seen, Witness};
use crate::world::{UNMEASURED_MICROS, World};

/// The seed's pattern: the node that took over fell back while another MASTER stayed, which therefore ran no script.
pub(super) fn fell_back(scope: &Scope<'_>, window: &Window<'_>) -> Option<Displacement> {
    let Scope { world, group, .. } = *scope;
    let Takeover { node: holder, mastership: taken, event } = window.takeover;
    let fell = fall_of(scope, window)?;
    if window.next.is_some_and(|next| next.event.time.micros < fell.micros) {
        return None;
    }
    let rivals = group.rivals_between(holder, event.time, fell.shifted(HANDOVER_MICROS));
    let stayed = rivals.filter(|(_, other)| stays_through(other, event.time, fell));
    let (owner, kept) = stayed.max_by_key(|(node, other)| {
        (
            other.ended().is_none_or(|ended| ended.micros > fell.micros),
            other.heard_lower_count,
            std::cmp::Reverse((*node).clone()),
        )
    })?;
    let heard = kept.heard_lower.iter().any(|line| near(line.time, event.time, fell, HANDOVER_MICROS));
    if !(heard || covers(world, owner, fell)) {
        return None;
    }
    // Without a line of either about the other nothing but their clocks says that the one was MASTER beside the other.
    let is_tied =
        heard || taken.heard_higher.is_some() || [holder, owner].into_iter().all(|node| world.is_clock_measured(node));
    let limit = [window.next.map(|next| next.event.time), kept.ended()].into_iter().flatten().min();
    let slack = world.clock_slack_micros(holder, owner);
    let (away, home, hints) = sightings(scope, holder, owner, event.time, limit);
    let mut displacement = Displacement {
        holder: Some(holder.clone()),
        owner: Some(owner.clone()),
        began_there: true,
        taken: Some(taken.clone()),
        kept: Some(kept.clone()),
        hints,
        is_complete: true,
        order_is_known: is_tied
            && scripts_are_ordered(kept, event, slack)
            && !seen_home_about(scope, holder, owner, event, slack),
        ..Displacement::suspicion(event)
    };
    displacement.chain = chain(scope, owner, holder, event.time, limit);
    displacement.failed = world.failed_takeover(holder, event.time, limit).cloned();
    let is_refused = displacement.failed.as_ref().is_some_and(|event| matches!(event.fact, Fact::Cloud(_)));
    if is_refused && away.is_empty() && displacement.chain.is_none() {
        // The cloud itself says that this take-over moved nothing.
        return None;
    }
    if !world.has_lines_of(owner, Daemon::Pdns) {
        let settled = event.time.shifted(SETTLE_MICROS + slack);
        let after = away.last().map_or(settled, |witness| witness.time);
        displacement.absent = fetched_without(scope, holder, after, limit);
    }
    close(&mut displacement, away, home, window.next, kept);
    Some(displacement)
}

/// Whether a node's logs go on until a moment, to the second: what one node writes at it the other may have written just before.
pub(super) fn covers(world: &World, node: &Text, moment: Moment) -> bool {
    world.last_of(node).is_some_and(|last| last.micros >= moment.micros - SECOND_MICROS)
}

/// When the node that took over was MASTER no longer. One that died while MASTER wrote nothing about it: then the last advert of
/// it that another MASTER heard bounds it, or else its new start, if the address was seen away from that other one afterwards.
fn fall_of(scope: &Scope<'_>, window: &Window<'_>) -> Option<Moment> {
    let Takeover { node, mastership, event: taken } = window.takeover;
    let restarted = match &mastership.end {
        Some((End::Yielded | End::Left | End::Stopped, event)) => return Some(event.time),
        Some((End::Died, event)) => Some(event.time),
        None => None,
    };
    let limit = window.next.map(|next| next.event.time);
    let is_left_behind = |owner: &Text, from: Moment| !sightings(scope, node, owner, from, limit).0.is_empty();
    let stayed = |until: Moment| {
        let rivals = scope.group.rivals_between(node, taken.time, taken.time.shifted(HANDOVER_MICROS));
        rivals.filter(move |(_, other)| stays_through(other, taken.time, until))
    };
    let heard = stayed(taken.time)
        .filter_map(|(owner, other)| Some((owner, other.heard_lower.last()?.time)))
        .filter(|(_, last)| last.micros >= taken.time.micros - HANDOVER_MICROS)
        .max_by_key(|(_, last)| last.micros)
        .filter(|(owner, last)| is_left_behind(owner, *last))
        .map(|(_, last)| last.max(taken.time));
    let anew = || restarted.filter(|moment| stayed(*moment).any(|(owner, _)| is_left_behind(owner, *moment)));
    heard.or_else(anew)
}

/// A mastership that began before the take-over and outlived the fall-back.
fn stays_through(other: &Mastership, taken: Moment, fell: Moment) -> bool {
    let began_before = other.start().is_none_or(|start| start.micros < taken.micros)
        && other.first.time.micros <= fell.micros + HANDOVER_MICROS;
    // One that died wrote nothing when it did: that it is started anew about then shows that it was dead before.
    let sure = match other.end {
        Some((End::Died, _)) => UNMEASURED_MICROS,
        Some((End::Yielded | End::Left | End::Stopped, _)) | None => 0,
    };
    began_before && other.ended().is_none_or(|ended| ended.micros > fell.micros + sure)
}

/// What was seen of the address in a window: away from the owner, at the owner, and by one side only.
pub(super) fn sightings(
    scope: &Scope<'_>,
    holder: &Text,
    owner: &Text,
    from: Moment,
    limit: Option<Moment>,
) -> (Vec<Witness>, Vec<Witness>, Vec<Witness>) {
    let (mut away, mut home, mut hints) = (Vec::new(), Vec::new(), Vec::new());
    let was_expected = |moment: Moment| scope.group.last_takeover(moment).is_some_and(|last| last.node == holder);
    // What was seen as well while the address was not expected there proves nothing now (an ACL, a second primary address).
    let usual = |witness: &Witness| {
        let is_usual = scope.seen().take_while(|other| other.time.micros < from.micros).any(|other| {
            (&other.node, other.seen, &other.address) == (&witness.node, witness.seen, &witness.address)
                && !was_expected(other.time)
        });
        is_usual && !witness.seen.is_of_cloud()
    };
    let owner_claims = scope.seen().any(|witness| witness.seen == Seen::Claimed && witness.node == *owner);
    for witness in scope.seen() {
        // A claim is what a script says when it is done; anything else may still speak of the time before.
        let settle = if witness.seen.is_of_a_move() { 0 } else { SETTLE_MICROS };
        if witness.latest() < from.micros + settle || limit.is_some_and(|limit| is_past(witness, limit)) {
            continue;
        }
        let of_owner = witness.node == *owner;
        let of_holder = witness.node == *holder;
        match (witness.seen.holds(), witness.seen.is_paired()) {
            (true, true) if of_owner => home.push(witness.clone()),
            // That a script took it does not say that it stayed, where the other side's script may have taken it back unheard.
            (true, true) if of_holder && witness.seen == Seen::Claimed && !owner_claims => hints.push(witness.clone()),
            (true, true) if of_holder && !usual(witness) => away.push(witness.clone()),
            (false, true) if of_owner && !usual(witness) => away.push(witness.clone()),
            (true, false) if of_owner => home.push(witness.clone()),
            (false, false) if of_owner => hints.push(witness.clone()),
            _ => {}
        }
    }
    (away, home, hints)
}

/// A move that was made for the next take-over is told by that take-over.
fn is_past(witness: &Witness, limit: Moment) -> bool {
    let apart = witness.time.micros_since(limit);
    apart > 0 || apart == 0 && witness.seen.is_of_cloud()
}

/// Whether the owner's own script certainly ran before the one that moved the address.
fn scripts_are_ordered(kept: &Mastership, takeover: &Event, slack: i64) -> bool {
    kept.entered.as_ref().is_none_or(|own| {
        let apart = takeover.time.micros_since(own.time);
        apart > COARSE_MICROS.max(slack)
    })
}

/// Whether the address was seen at its owner so near to the take-over that the clocks leave open whether it was after it.
fn seen_home_about(scope: &Scope<'_>, holder: &Text, owner: &Text, takeover: &Event, slack: i64) -> bool {
    let about = |witness: &Witness| {
        let apart = witness.own.time.micros_since(takeover.time);
        slack > SETTLE_MICROS && (SETTLE_MICROS - slack..SETTLE_MICROS).contains(&apart)
    };
    holder != owner && scope.seen().any(|witness| witness.node == *owner && witness.seen.holds() && about(witness))
}
