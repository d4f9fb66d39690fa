//! Other readings of a drift, what to do now, and what prevents the next.

use super::configured::SilentRepair;
use super::story::{keepalived_of, script_of};
use super::{Names, RX_LOWER_PRI_SINCE, lost_of_owner, unmeasured_owner};
use crate::detect::words::length;
use crate::event::Daemon;
use crate::finding::{Bound, Confidence, Finding, Rival};
use crate::world::{Displaced, Displacement, World};

pub(super) fn rivals(world: &World, displacement: &Displacement, names: &Names, finding: &Finding) -> Vec<Rival> {
    let Names { address, owner, holder, configured } = names;
    let cloud = format!("CloudTrail AssociateAddress for {address} (kept 90 days), or the cloud's own record of moves");
    let mut rivals = Vec::new();
    if !displacement.is_placed() && displacement.why == Displaced::TookAndFellBack {
        let silently = match &configured.silent_repair {
            SilentRepair::Impossible(_) => None,
            SilentRepair::Possible => Some((String::new(), format!("keepalived.conf of {owner}, or {cloud}"))),
            SilentRepair::Configured(place) => Some((format!(" ({place})"), cloud.clone())),
        };
        if let Some((place, settled_by)) = silently {
            let claim = format!("{owner} moved it back at once: notify_master_rx_lower_pri{place} runs in silence");
            rivals.push(Rival { claim, settled_by });
        }
        let was_started = displacement.taken.as_ref().is_some_and(|taken| taken.script.is_some());
        match &configured.holder_notifies {
            None if was_started => rivals.push(Rival {
                claim: format!(
                    "{holder}'s script failed and moved nothing: keepalived does not say how a script ended"
                ),
                settled_by: cloud.clone(),
            }),
            None => rivals.push(Rival {
                claim: "nothing moves but keepalived's own addresses: without a notify_master script nothing can drift"
                    .to_owned(),
                settled_by: format!("keepalived.conf of {holder}"),
            }),
            Some(None) => rivals.push(Rival {
                claim: format!(
                    "nothing moves: {holder}'s keepalived.conf names no notify_master, so its take-over took no address"
                ),
                settled_by: format!("keepalived.conf of {holder} as it was at {}", finding.since.rfc3339()),
            }),
            Some(Some(_)) => {}
        }
    }
    if !displacement.order_is_known {
        let is_measured =
            [&displacement.holder, &displacement.owner].into_iter().flatten().all(|node| world.is_clock_measured(node));
        let why = if is_measured {
            "the stamps leave the order of the two scripts open"
        } else {
            "no lines compare the two nodes' clocks, and the two scripts ran within seconds"
        };
        rivals.push(Rival { claim: format!("{owner}'s own script ran last: {why}"), settled_by: cloud.clone() });
    }
    if let (Some(unmeasured), Some(seen)) = (unmeasured_owner(world, displacement), displacement.away.first()) {
        let apart = length(displacement.first.time, seen.time);
        rivals.push(Rival {
            claim: format!(
                "the address was not moved yet: {unmeasured}'s clock is {apart} or more behind, which no lines here can tell"
            ),
            settled_by: format!("the clock of {unmeasured} (chronyc tracking)"),
        });
    }
    if let Some(other) = displacement.rival_addresses.first() {
        rivals.push(Rival {
            claim: format!("{other} is the address that moves with the MASTER, and {address} is another one"),
            settled_by: "the notify_master script; `resource` in the configuration states which address it moves"
                .to_owned(),
        });
    }
    if let Some((time, messages)) = lost_of_owner(world, displacement) {
        let at = time.rfc3339();
        rivals.push(Rival {
            claim: format!("{owner} took over once more: {messages} lines of it were thrown away before {at}"),
            settled_by: cloud.clone(),
        });
    }
    if !displacement.is_complete {
        let missing = if displacement.taken.is_some() { owner } else { holder };
        rivals.push(Rival {
            claim: "an ordinary failover or failback that one log alone cannot tell from a flap".to_owned(),
            settled_by: format!("{missing}'s keepalived log around {}", finding.since.rfc3339()),
        });
    }
    if finding.until_is == Bound::AtMost || displacement.why == Displaced::MovedAway {
        rivals.push(Rival { claim: "moved by hand in between".to_owned(), settled_by: cloud });
    }
    rivals
}

pub(super) fn next_steps(displacement: &Displacement, names: &Names, confidence: Confidence) -> Vec<String> {
    let Names { address, owner, .. } = names;
    let script = script_of(displacement).map_or_else(|| "the notify_master script".to_owned(), |path| path.to_string());
    if displacement.ending.is_some() {
        vec![format!("nothing to repair. Verify: {owner} must leave from {address}.")]
    } else if confidence == Confidence::Suspected {
        vec![
            format!(
                "look where {address} is: {owner} must leave from it. If it does not, run {script} on {owner} by hand."
            ),
            "then pdns_control notify ZONE for each zone that is behind.".to_owned(),
        ]
    } else {
        vec![
            format!("run {script} on {owner} by hand: it brings {address} back."),
            format!(
                "verify that {owner} leaves from {address}; then pdns_control notify ZONE for each zone that is behind."
            ),
        ]
    }
}

pub(super) fn prevention(world: &World, displacement: &Displacement, names: &Names) -> Vec<String> {
    let owner = &names.owner;
    let mut advice = Vec::new();
    if displacement.why == Displaced::TookAndFellBack {
        let version = keepalived_of(world, displacement.owner.as_ref());
        let known = displacement
            .owner
            .as_ref()
            .map_or_else(|| version.to_string(), |node| world.version_in_words(node, Daemon::Keepalived));
        advice.push(if let SilentRepair::Configured(place) = &names.configured.silent_repair {
            format!(
                "look into {owner}'s notify_master_rx_lower_pri ({place}): it should have brought the address back; both scripts run at once then, and the slower one wins."
            )
        } else if version.is_before(RX_LOWER_PRI_SINCE) {
            format!("keepalived 2.0.6 or later with notify_master_rx_lower_pri on {owner} (here: {known}, which lacks it).")
        } else if version.is_from(RX_LOWER_PRI_SINCE) {
            format!(
                "notify_master_rx_lower_pri on {owner} (its keepalived, {known}, has it); mind that both scripts then run at once and the slower one wins."
            )
        } else {
            format!("keepalived 2.0.6 or later with notify_master_rx_lower_pri on {owner} (here: {known}).")
        });
    } else {
        advice.push("let the notify script check what it did, try again, and log the outcome (logger -t).".to_owned());
    }
    advice.push("an ownership check every minute that fails when the MASTER does not leave from the address: driftline explain eip-drift.".to_owned());
    advice
}
