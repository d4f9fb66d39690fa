//! A secondary kept an old copy of a zone because its refresh failed, was refused, or did not follow.

use super::words::{count, evidence, length, list, repeated};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Pdns, Text, TransferFailure};
use crate::finding::{Bound, Confidence, Evidence, Finding, Role, Severity, ZoneImpact};
use crate::moment::Moment;
use crate::world::{Behind, Seen, World};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "stale-serial",
    explanation: Explanation {
        sees: "A secondary knows that its copy of a zone is older than the primary's and cannot fetch the new one.",
        matters: "It answers with old records until a transfer succeeds; when the zone expires it stops answering. PowerDNS has no \
                  line for the expiry.",
        proves: "`Domain … is stale` followed by a failed transfer, or a failed transfer alone: PowerDNS transfers only what it \
                 found stale. At the default level from 4.4 on the failed transfer is all that is logged.",
        looks_like: "`is stale` before an ordinary transfer: that is how every update begins.",
        prevents: "Compare the SOA serial of every zone on every secondary with the primary's, from outside, every few minutes; \
                   alert before the zone's expire, not at it.",
        check_next: "Why did the transfer fail: refused (who answers at that address?), a time-out, a broken zone? Compare serials: \
                     dig +norecurse SOA ZONE @SECONDARY and @PRIMARY. pdns_control retrieve ZONE tries again at once.",
    },
    listens: &[listens::COPIES],
    find,
};

/// A transfer follows `is stale` at once; two cycles of PowerDNS's default (slave-cycle-interval, 60 s) without one is too long.
const TWO_CYCLES_MICROS: i64 = 120_000_000;
/// A refused NOTIFY without a refresh for this long is told.
const UNHEARD_MICROS: i64 = 5_000_000;
/// A NOTIFY to several secondaries, and its repetitions, stand within this.
const SAME_NOTIFY_MICROS: i64 = 3_000_000;
/// More zones than this on one secondary at the same time are told as one.
const FLOOD_ZONES: usize = 5;
/// Zones of a flood end within this of each other.
const TOGETHER_MICROS: i64 = 60_000_000;

fn find(world: &World) -> Vec<Finding> {
    let Some(horizon) = world.horizon else { return Vec::new() };
    let mut by_node = BTreeMap::<&Text, Vec<&Behind>>::new();
    let waiting = world.waiting(horizon.shifted(-TWO_CYCLES_MICROS), horizon.shifted(-UNHEARD_MICROS));
    for behind in world.behind(&waiting) {
        if behind.by_notify && !is_from_primary(world, &behind.first) {
            continue;
        }
        by_node.entry(&behind.node).or_default().push(behind);
    }
    by_node.values().flat_map(|all| floods(all)).map(|flood| tell(horizon, world.to_here(), &flood)).collect()
}

/// Whether a NOTIFY was the primary's, not a stranger's: it came from the address that is asked, or the sender's own log shows it
/// refused.
fn is_from_primary(world: &World, notify: &Arc<Event>) -> bool {
    if let Some(Pdns::NotifyForbidden { from, .. }) = notify.pdns() {
        return world.asked.contains(from);
    }
    let strange = world.witnesses.all().iter().filter(|witness| witness.seen == Seen::Strange);
    strange.into_iter().any(|witness| {
        let Some(other) = &witness.other else { return false };
        let near = other.time.micros_since(notify.time).abs() <= SAME_NOTIFY_MICROS;
        near && other.pdns() == notify.pdns()
    })
}

/// Stretches of one secondary that overlap and end together, if there are many; each for itself otherwise.
fn floods<'a>(all: &[&'a Behind]) -> Vec<Vec<&'a Behind>> {
    let end = |behind: &Behind| behind.end.as_ref().map_or(i64::MAX, |event| event.time.micros);
    let mut sorted = all.to_vec();
    sorted.sort_by(|a, b| (end(a), a.first.time.micros, &a.zone).cmp(&(end(b), b.first.time.micros, &b.zone)));
    let mut together: Vec<Vec<&'a Behind>> = Vec::new();
    for behind in sorted {
        let fits = together.last().and_then(|flood| flood.last()).is_some_and(|last| {
            let last_end = end(last);
            end(behind).saturating_sub(last_end) <= TOGETHER_MICROS && behind.first.time.micros <= last_end
        });
        match together.last_mut().filter(|_| fits) {
            Some(flood) => flood.push(behind),
            None => together.push(vec![behind]),
        }
    }
    together
        .into_iter()
        .flat_map(|flood| {
            if flood.len() > FLOOD_ZONES { vec![flood] } else { flood.into_iter().map(|one| vec![one]).collect() }
        })
        .collect()
}

fn tell(horizon: Moment, to_here: &str, flood: &[&Behind]) -> Finding {
    let mut flood: Vec<&Behind> = flood.to_vec();
    flood.sort_by(|a, b| (a.first.time.micros, &a.zone).cmp(&(b.first.time.micros, &b.zone)));
    let first = flood[0];
    let node = &first.node;
    let key = if let [one] = flood.as_slice() { format!("{node}/{}", one.zone) } else { node.to_string() };
    let confidence =
        if flood.iter().any(|behind| behind.failures.count > 0) { Confidence::Confirmed } else { Confidence::Likely };
    let mut finding = Finding::new(RULE.id, &key, Severity::Warning, confidence, first_line(first));
    finding.since_is = Bound::AtMost;
    let open = flood.iter().any(|behind| behind.end.is_none());
    finding.until =
        flood.iter().filter_map(|behind| behind.end.as_ref()).map(|event| event.time).max().filter(|_| !open);
    for behind in &flood {
        add_lines(&mut finding, behind);
    }
    finding.subject.node = Some(node.clone());
    finding.subject.nodes = vec![node.clone()];
    let mut zones: Vec<Text> = flood.iter().map(|behind| behind.zone.clone()).collect();
    zones.sort();
    zones.dedup();
    finding.subject.address = only(flood.iter().flat_map(|behind| &behind.asked));
    finding.impact = flood.iter().map(|behind| impact(behind)).collect();
    let lasting = match finding.until {
        // It has only just been seen.
        until if until.unwrap_or(horizon).micros_since(finding.since) < 1_000_000 => String::new(),
        Some(until) => format!(", at least for {}", length(finding.since, until)),
        None => format!(", at least for {} {to_here}", length(finding.since, horizon)),
    };
    let verb = if open { "has" } else { "had" };
    finding.claim = if let [one] = flood.as_slice() {
        format!("{node} {verb} {}{lasting}", copy_words(one))
    } else {
        format!("{node} {verb} old copies of {} ({}){lasting}", count(zones.len(), "zone", "zones"), list(&zones))
    };
    finding.subject.zones = zones;
    finding.story = vec![why(&flood)];
    finding.next_steps = vec![if open {
        format!("find out who answers at the address {node} asks, then pdns_control retrieve ZONE on {node}.")
    } else {
        "nothing to repair: the zones were transferred.".to_owned()
    }];
    finding.prevention = vec!["monitor the SOA serial of every secondary against the primary's.".to_owned()];
    finding
}

fn copy_words(behind: &Behind) -> String {
    match (behind.our_serial, behind.primary_serial) {
        (Some(ours), Some(theirs)) => format!("{} {ours} instead of {theirs}", behind.zone),
        (Some(ours), None) => format!("an old copy of {} ({ours})", behind.zone),
        (None, Some(theirs)) => format!("an old copy of {} (not yet {theirs})", behind.zone),
        (None, None) => format!("an old copy of {}", behind.zone),
    }
}

fn why(flood: &[&Behind]) -> String {
    let failed: u64 = flood.iter().map(|behind| behind.failures.count).sum();
    let asked = only(flood.iter().flat_map(|behind| &behind.asked));
    let from = asked.map_or(String::new(), |address| format!(" from {address}"));
    let refused = flood.iter().any(|behind| behind.refused);
    match failed {
        0 if flood.iter().all(|behind| behind.by_notify) => {
            "It refused the primary's NOTIFY and learned of the new zone at its next refresh only.".to_owned()
        }
        0 => "No transfer followed: neither a failure nor a success is in its log.".to_owned(),
        1 if refused => format!("Its transfer{from} was refused."),
        1 => format!("Its transfer{from} failed."),
        more if refused => format!("{more} of its transfers{from} were refused."),
        more => format!("{more} of its transfers{from} failed."),
    }
}

fn only<'a>(addresses: impl Iterator<Item = &'a Text>) -> Option<Text> {
    let mut all: Vec<&Text> = addresses.collect();
    all.sort();
    all.dedup();
    if let [one] = all.as_slice() { Some((*one).clone()) } else { None }
}

fn first_line(behind: &Behind) -> Evidence {
    if let Some(Pdns::ZoneStale { .. }) = behind.first.pdns() {
        let serials = match (behind.our_serial, behind.primary_serial) {
            (Some(ours), Some(theirs)) => format!(" {ours} < {theirs}"),
            _ => String::new(),
        };
        let proves = format!("{} knows that its copy of {} is old.", behind.node, behind.zone);
        evidence(Role::Primary, &behind.first, format!("{} stale{serials}", behind.zone), proves)
    } else if behind.by_notify {
        let proves = format!("{} refuses the NOTIFY that would have told it of a new {}.", behind.node, behind.zone);
        evidence(Role::Primary, &behind.first, format!("NOTIFY of {} refused", behind.zone), proves)
    } else {
        failure(behind, &behind.first)
    }
}

fn failure(behind: &Behind, event: &Arc<Event>) -> Evidence {
    let Some(Pdns::TransferFailed { primary, why, reason, .. }) = event.pdns() else {
        return evidence(Role::Primary, event, "transfer failed", "The transfer failed.");
    };
    let from = primary.as_ref().map_or(String::new(), |primary| format!(" from {primary}"));
    let how = if *why == TransferFailure::Refused { "refused" } else { "failed" };
    let proves = format!("The transfer of {}{from} {how}: {reason}. The copy stays old.", behind.zone);
    repeated(Role::Primary, event, &behind.failures, format!("AXFR of {}{from} {how}", behind.zone), proves)
}

fn add_lines(finding: &mut Finding, behind: &Behind) {
    finding.add(first_line(behind));
    if let Some(event) = behind.failures.first.first() {
        finding.add(failure(behind, event));
    }
    if let Some(end) = &behind.end {
        let told = |serial: &Option<u32>| serial.map_or(String::new(), |serial| format!(" {serial}"));
        let what = match end.pdns() {
            Some(Pdns::ZoneFresh { serial, .. }) => format!("{} is current{}", behind.zone, told(serial)),
            Some(Pdns::ZoneCommitted { serial, .. }) => format!("{} committed{}", behind.zone, told(serial)),
            Some(_) | None => format!("{} committed", behind.zone),
        };
        let proves = format!("{} has the current copy of {}.", behind.node, behind.zone);
        finding.add(evidence(Role::Repair, end, what, proves));
    }
}

fn impact(behind: &Behind) -> ZoneImpact {
    ZoneImpact {
        zone: behind.zone.clone(),
        node: behind.node.clone(),
        since: behind.first.time,
        until: behind.end.as_ref().map(|event| event.time),
        our_serial: behind.our_serial,
        primary_serial: behind.primary_serial,
        failed_transfers: behind.failures.count,
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;

    #[test]
    fn fires_on_a_refused_refresh_and_closes_with_the_transfer() {
        let refresh = [at("s", 0, stale()), at("s", 1, refused())];
        assert_eq!(told("stale-serial", &refresh), ["confirmed open"]);
        let late = [refresh.as_slice(), &[at("s", 60, committed())]].concat();
        assert_eq!(told("stale-serial", &late), ["confirmed closed"]);
        let impact = &find("stale-serial", &late)[0].impact[0];
        assert_eq!((impact.our_serial, impact.primary_serial), (Some(2020080601), Some(2020081701)));
    }

    #[test]
    fn fires_where_no_transfer_follows() {
        assert_eq!(told("stale-serial", &[at("s", 0, stale()), at("a", 600, serves())]), ["likely open"]);
    }

    #[test]
    fn fires_on_a_notify_of_the_primary_that_was_turned_away() {
        let turned_away = [at("s", 0, turns_away(ORDINARY)), at("a", 0, is_rejected()), at("s", 30, committed())];
        assert_eq!(told("stale-serial", &turned_away), ["likely closed"]);
    }

    /// Two primaries of one database both tell of each change; the secondary knows one of them.
    #[test]
    fn stays_quiet_on_another_primarys_notify_of_what_was_transferred() {
        let told_twice = [at("s", 0, committed()), at("s", 1, turns_away(ORDINARY)), at("a", 1, is_rejected())];
        assert!(told("stale-serial", &[&told_twice[..], &[at("a", 60, master())]].concat()).is_empty());
        assert!(told("stale-serial", &[&told_twice[..], &[at("s", 60, fresh())]].concat()).is_empty());
    }

    #[test]
    fn stays_quiet_on_a_failed_transfer_that_nobody_needed() {
        let first = [at("s", 0, committed()), at("s", 60, refused())];
        assert_eq!(told("stale-serial", &first), ["confirmed open"], "whether it was needed is not known yet");
        assert!(told("stale-serial", &[first.as_slice(), &[at("s", 120, committed())]].concat()).is_empty());
    }

    #[test]
    fn stays_quiet_on_ordinary_refreshes_and_strangers() {
        assert!(told("stale-serial", &[at("s", 0, stale()), at("s", 1, committed())]).is_empty());
        assert!(told("stale-serial", &[at("s", 0, turns_away("203.0.113.66")), at("s", 30, committed())]).is_empty());
    }
}
