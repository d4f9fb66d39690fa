//! A secondary's copy is newer than what its primary serves.

use super::words::{count, evidence, list, number, repeated};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Pdns, Text};
use crate::finding::{Bound, Confidence, Finding, Rival, Role, Severity};
use crate::moment::Moment;
use crate::world::{Regression, World, is_newer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "serial-regression",
    explanation: Explanation {
        sees: "Secondaries find, check after check, that their copy of a zone is newer than what the primary serves: the serial went \
               backwards there.",
        matters: "A secondary fetches only what is newer by RFC 1982. Until the primary's serial passes the copies', none of its changes \
                  reaches them, and nothing looks broken.",
        proves: "`Domain … more recent than master …` from two checks five minutes apart or more. One check alone may have met a replica \
                 that lags: then it is suspected, and for information.",
        looks_like: "A failover to a node whose copy lags by seconds; a second primary that has the change a moment later.",
        prevents: "Restore databases with a serial above the last one that was published, and let one tool alone write serials.",
        check_next: "dig +norecurse SOA ZONE @PRIMARY and @SECONDARY. Was the primary restored from a backup, or its serial written by \
                     hand? Which node answers at the primary's address? Raise the serial above the copies' (pdnsutil increase-serial ZONE, \
                     or edit the SOA).",
    },
    listens: &[listens::NEWER, listens::COPIES],
    find,
};

/// A check that nothing follows for so long is told: the next one comes with the zone's refresh, hours later.
const UNSETTLED_MICROS: i64 = 300_000_000;
/// After a take-over the address answers from another node, whose copy may lag; so long one check proves nothing.
const TAKEOVER_MICROS: i64 = 600_000_000;

fn find(world: &World) -> Vec<Finding> {
    let mut by_address = BTreeMap::<Text, Vec<&Regression>>::new();
    for regression in world.regressions.all() {
        if regression.is_repeated() || is_unsettled(world, regression) {
            by_address.entry(key(regression)).or_default().push(regression);
        }
    }
    by_address.values().flat_map(|all| episodes(all)).filter_map(|together| tell(&together)).collect()
}

fn key(regression: &Regression) -> Text {
    regression.addresses.iter().next().cloned().unwrap_or_else(|| regression.node.clone())
}

/// One check, not long after a take-over, and nothing since.
fn is_unsettled(world: &World, regression: &Regression) -> bool {
    let Some(first) = regression.lines.first_time() else { return false };
    let waited = world.last_of(&regression.node).map_or(0, |end| end.micros_since(first));
    let (before, after) = (first.shifted(-TAKEOVER_MICROS), first.shifted(TAKEOVER_MICROS));
    let moved = world.groups().iter().any(|group| group.takeovers_between(before, after).next().is_some());
    regression.end.is_none() && waited >= UNSETTLED_MICROS && !moved
}

/// Zones that overlap in time are one matter.
fn episodes<'a>(all: &[&'a Regression]) -> Vec<Vec<&'a Regression>> {
    let mut episodes: Vec<Vec<&Regression>> = Vec::new();
    for regression in all {
        let Some(first) = regression.lines.first_time() else { continue };
        let end = |known: &Regression| known.end.as_ref().map_or(i64::MAX, |end| end.time.micros);
        let goes_on = episodes.last().is_some_and(|known| known.iter().any(|known| first.micros <= end(known)));
        match episodes.last_mut().filter(|_| goes_on) {
            Some(known) => known.push(regression),
            None => episodes.push(vec![regression]),
        }
    }
    episodes
}

fn tell(together: &[&Regression]) -> Option<Finding> {
    let first = together.first()?;
    let is_repeated = together.iter().any(|one| one.is_repeated());
    let (severity, confidence) =
        if is_repeated { (Severity::Warning, Confidence::Confirmed) } else { (Severity::Info, Confidence::Suspected) };
    let mut finding = Finding::new(RULE.id, &key(first), severity, confidence, shown(first)?);
    finding.since_is = Bound::AtMost;
    for regression in together {
        if let Some(line) = shown(regression) {
            finding.add(line);
        }
        if let Some(end) = &regression.end {
            finding.add(evidence(
                Role::Repair,
                end,
                ended(end),
                format!("{} follows its primary again.", regression.node),
            ));
        }
    }
    let ends: Vec<Option<Moment>> = together.iter().map(|one| one.end.as_ref().map(|end| end.time)).collect();
    let is_open = ends.iter().any(Option::is_none);
    finding.until = ends.into_iter().flatten().max_by_key(|end| end.micros).filter(|_| !is_open);
    finding.until_is = Bound::AtMost;
    let nodes: BTreeSet<&Text> = together.iter().map(|one| &one.node).collect();
    let zones: BTreeSet<&Text> = together.iter().map(|one| &one.zone).collect();
    let addresses: BTreeSet<&Text> = together.iter().flat_map(|one| &one.addresses).collect();
    let address = addresses.first().filter(|_| addresses.len() == 1).map(|address| (*address).clone());
    finding.subject.nodes = nodes.iter().map(|node| (*node).clone()).collect();
    finding.subject.node = Some(first.node.clone()).filter(|_| nodes.len() == 1);
    finding.subject.zones = zones.iter().map(|zone| (*zone).clone()).collect();
    finding.subject.address = address.clone();
    finding.subject.resource = address.clone();
    let whom = address.as_deref().unwrap_or("the primary");
    let verb = if is_open { "serves" } else { "served" };
    finding.claim = match (zones.len(), first.ours, first.theirs) {
        (1, Some(ours), Some(theirs)) => {
            format!("{whom} {verb} {} {theirs}, older than {ours} on {}", first.zone, list(nodes.iter().copied()))
        }
        (zones_count, _, _) => format!(
            "{whom} {verb} older serials of {} ({}) than {} {}",
            count(zones_count, "zone", "zones"),
            list(zones.iter().copied()),
            list(nodes.iter().copied()),
            if is_open { number(nodes.len(), "has", "have") } else { "had" }
        ),
    };
    finding.story = vec!["A secondary fetches only what is newer: no change of the primary reaches it until its serial passes the copy's.".to_owned()];
    let wraps =
        together.iter().any(|one| one.ours.zip(one.theirs).is_some_and(|(ours, theirs)| is_newer(theirs, ours)));
    if wraps {
        finding.story.push(
            "By RFC 1982 the primary's serial is the newer one: it has wrapped, and this PowerDNS compares plain numbers.".to_owned(),
        );
    }
    finding.rivals = vec![Rival {
        claim: "another node answers at the address, whose copy lags".to_owned(),
        settled_by: format!("dig +norecurse SOA {} at each node behind {whom}", first.zone),
    }];
    finding.next_steps = vec![if is_open {
        "raise the zone's serial on the primary above the copies' (pdnsutil increase-serial ZONE), then pdns_control notify ZONE.".to_owned()
    } else {
        "nothing to repair: the secondary follows its primary again.".to_owned()
    }];
    finding.prevention =
        vec!["after restoring a primary from a backup, raise all serials before its secondaries ask.".to_owned()];
    Some(finding)
}

fn ended(end: &Event) -> &'static str {
    match end.pdns() {
        Some(Pdns::ZoneCommitted { .. }) => "transferred again",
        Some(Pdns::ZoneStale { .. }) => "the primary is ahead again",
        Some(_) | None => "both are level again",
    }
}

fn shown(regression: &Regression) -> Option<crate::finding::Evidence> {
    let first: &Arc<Event> = regression.lines.first.first()?;
    let serials = match (regression.ours, regression.theirs) {
        (Some(ours), Some(theirs)) => format!(" {ours} > {theirs}"),
        (Some(_), None) | (None, _) => String::new(),
    };
    let proves = format!("{}'s copy of {} is newer than what the primary answers.", regression.node, regression.zone);
    let brief = format!("{} newer than its primary{serials}", regression.zone);
    Some(repeated(Role::Primary, first, &regression.lines, brief, proves))
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::finding::Severity;

    #[test]
    fn fires_on_two_checks_and_ends_when_the_primary_is_ahead_again() {
        let checks = [at("s", 0, is_newer_than(2020080601)), at("s", 3600, is_newer_than(2020080601))];
        assert_eq!(told("serial-regression", &checks), ["confirmed open"]);
        let finding = &find("serial-regression", &checks)[0];
        assert!(finding.claim.contains("2020080601, older than 2020081701 on s"), "{}", finding.claim);
        let raised = [checks.as_slice(), &[at("s", 4000, stale()), at("s", 4001, committed())]].concat();
        assert_eq!(told("serial-regression", &raised), ["confirmed closed"]);
    }

    #[test]
    fn one_check_is_for_information() {
        let once = [at("s", 0, is_newer_than(2020080601)), at("s", 600, hears_nothing_new())];
        assert_eq!(told("serial-regression", &once), ["suspected open"]);
        assert_eq!(find("serial-regression", &once)[0].severity, Severity::Info);
    }

    #[test]
    fn says_when_the_serial_has_wrapped() {
        let wrapped = [at("s", 0, is_newer_than(4_294_967_290 - 2_000_000_000)), at("s", 3600, is_newer_than(5))];
        assert!(!find("serial-regression", &wrapped)[0].story.iter().any(|sentence| sentence.contains("RFC 1982")));
        let wrapped = [at("s", 0, was_wrapped()), at("s", 3600, was_wrapped())];
        assert!(find("serial-regression", &wrapped)[0].story[1].contains("RFC 1982"));
    }

    #[test]
    fn stays_quiet_on_a_replica_that_lags() {
        let lag = [at("s", 0, is_newer_than(2020080601)), at("s", 60, fresh())];
        assert!(told("serial-regression", &lag).is_empty());
        let failover =
            [failover_and_back(), vec![at("s", 150, is_newer_than(2020080601)), at("s", 900, hears_nothing_new())]];
        assert!(told("serial-regression", &failover.concat()).is_empty());
    }
}
