//! Secondaries ask a primary and nobody answers.

use super::words::{evidence, length, list, number, repeated};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Text};
use crate::finding::{Bound, Confidence, Finding, Rival, Role, Severity};
use crate::moment::Moment;
use crate::world::{Unreached, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "primary-unreachable",
    explanation: Explanation {
        sees: "Secondaries ask a primary for a zone's SOA, or for the zone, and nobody answers: time-outs, closed ports, no route, for \
               longer than a restart takes (5 minutes).",
        matters: "The secondaries serve the copy they have. It grows old unseen, and when the zone expires (SOA expire) they stop \
                  answering for it.",
        proves: "The secondary's own lines: `Timeout connecting to server`, `Connection refused`, `had N timeouts`. `Unable to retrieve \
                 SOA` alone does not say why, so it makes it likely. Whether the primary is down or only the way to it, one secondary \
                 cannot tell; that others fetch from it meanwhile does.",
        looks_like: "A refusal: whoever says no is there (transfer-refused). A primary that is restarted. A SOA check that is answered \
                     with an error (`While checking domain freshness: Query to … returned …`).",
        prevents: "Watch the age of each zone's last successful check against its SOA expire; give zones a second primary, and let \
                   firewalls pass UDP and TCP 53 both ways.",
        check_next: "From the secondary: dig +norecurse SOA ZONE @PRIMARY, and the same with +tcp: a firewall may pass one and not the \
                     other. On the primary: does PowerDNS run, and does it listen on that address? If the address moves: where is it?",
    },
    listens: &[listens::UNREACHABLE, listens::ANSWERS],
    find,
};

/// Zones that one cause made unreachable fail within this of each other: the back-off of either.
const TOGETHER_MICROS: i64 = 1_200_000_000;
/// PowerDNS prints the first and every tenth failed check, ten hours apart at most: where its log shows no success, silence for longer
/// than this is one.
const QUIET_MICROS: i64 = 12 * 3600 * 1_000_000;

fn find(world: &World) -> Vec<Finding> {
    let lasting = world.reach.lasting();
    let mut by_address = BTreeMap::<Text, Vec<&Unreached>>::new();
    for unreached in &lasting {
        by_address.entry(key(world, unreached)).or_default().push(unreached);
    }
    by_address.values().flat_map(|all| episodes(world, all)).filter_map(|together| tell(world, &together)).collect()
}

/// What is told as one: the address, or where no line names it the secondary.
fn key(world: &World, unreached: &Unreached) -> Text {
    address(world, unreached).unwrap_or_else(|| unreached.node.clone())
}

fn address(world: &World, unreached: &Unreached) -> Option<Text> {
    let named = unreached.addresses.iter().next().filter(|_| unreached.addresses.len() == 1);
    named.or_else(|| world.reach.only_primary(&unreached.node)).cloned()
}

fn episodes<'a>(world: &World, all: &[&'a Unreached]) -> Vec<Vec<&'a Unreached>> {
    let mut episodes: Vec<Vec<&Unreached>> = Vec::new();
    // The end of the last one.
    let mut end = i64::MIN;
    for unreached in all {
        let Some(first) = unreached.first() else { continue };
        let goes_on = first.time.micros.saturating_sub(end) <= TOGETHER_MICROS;
        let own_end = until(world, unreached).map_or(i64::MAX, |until| until.micros);
        match episodes.last_mut().filter(|_| goes_on) {
            Some(known) => {
                end = end.max(own_end);
                known.push(unreached);
            }
            None => {
                end = own_end;
                episodes.push(vec![unreached]);
            }
        }
    }
    episodes
}

/// Until when nobody answered; `None`: at the end of the logs as well.
fn until(world: &World, unreached: &Unreached) -> Option<Moment> {
    if let Some(end) = &unreached.end {
        return Some(end.time);
    }
    let last = unreached.last_time()?;
    let log_ends = world.last_of(&unreached.node)?;
    let is_told = world.reach.shows_success(&unreached.node) || unreached.transfers.count > 0;
    (!is_told && log_ends.micros_since(last) > QUIET_MICROS).then_some(last)
}

fn tell(world: &World, together: &[&Unreached]) -> Option<Finding> {
    let first = together.first()?;
    let is_proven = together.iter().any(|one| one.transfers.count > 0 || one.rounds.count > 0);
    let confidence = if is_proven { Confidence::Confirmed } else { Confidence::Likely };
    let address = address(world, first);
    let line = shown(first, first.first()?);
    let mut finding = Finding::new(RULE.id, &key(world, first), Severity::Warning, confidence, line);
    finding.since_is = Bound::AtMost;
    for unreached in together {
        add_lines(&mut finding, unreached);
    }
    let ends: Vec<Option<Moment>> = together.iter().map(|one| until(world, one)).collect();
    let is_open = ends.iter().any(Option::is_none);
    finding.until = ends.into_iter().flatten().max_by_key(|end| end.micros).filter(|_| !is_open);
    let is_seen = together.iter().all(|one| one.end.is_some());
    finding.until_is = if is_seen { Bound::AtMost } else { Bound::Exact };
    let nodes: BTreeSet<&Text> = together.iter().map(|one| &one.node).collect();
    let zones: BTreeSet<&Text> = together.iter().map(|one| &one.zone).collect();
    finding.subject.nodes = nodes.iter().map(|node| (*node).clone()).collect();
    finding.subject.node = Some(first.node.clone()).filter(|_| nodes.len() == 1);
    finding.subject.zones = zones.iter().map(|zone| (*zone).clone()).collect();
    finding.subject.address = address.clone();
    finding.subject.resource = address.clone();
    let whom = address.as_deref().unwrap_or(if nodes.len() == 1 { "its primary" } else { "their primary" });
    let last = together.iter().filter_map(|one| one.last_time()).max_by_key(|last| last.micros)?;
    let verb = if is_open { number(nodes.len(), "gets", "get") } else { "got" };
    finding.claim = format!(
        "{} {verb} no answer from {whom} for {}, at least for {}",
        list(nodes.iter().copied()),
        list(zones.iter().copied()),
        length(finding.since, last)
    );
    finding.story = vec![how(together)];
    if address.is_some() && first.addresses.is_empty() {
        finding.story.push(format!(
            "The lines of the checks name no address; {whom} is the only primary that {} names.",
            first.node
        ));
    }
    if !is_open && !is_seen {
        finding
            .story
            .push("Its log does not tell when an answer came again: its level hides checks that succeed.".to_owned());
    }
    let others = address.as_ref().map(|address| served_meanwhile(world, address, &nodes, finding.since, last));
    say_what_is_not_known(&mut finding, whom, others.unwrap_or_default());
    Some(finding)
}

fn how(together: &[&Unreached]) -> String {
    let checks: u64 = together.iter().map(|one| one.checks.count).sum();
    let transfers: u64 = together.iter().map(|one| one.transfers.count).sum();
    match (checks, transfers) {
        (0, _) => "Transfers found nobody; the SOA checks before them had an answer, or are not logged.".to_owned(),
        (_, 0) => "SOA checks had no answer, so no transfer was tried: a new serial would go unseen.".to_owned(),
        (_, _) => "Neither SOA checks nor transfers had an answer.".to_owned(),
    }
}

/// Nodes that fetched from the address while others found nobody there.
fn served_meanwhile(
    world: &World,
    address: &Text,
    nodes: &BTreeSet<&Text>,
    from: Moment,
    to: Moment,
) -> BTreeSet<Text> {
    let inside = world.commits_from(address).filter(|commit| (from.micros..=to.micros).contains(&commit.time.micros));
    inside.map(|commit| commit.node.clone()).filter(|node| !nodes.contains(node)).collect()
}

fn say_what_is_not_known(finding: &mut Finding, whom: &str, served: BTreeSet<Text>) {
    if served.is_empty() {
        finding.rivals = vec![Rival {
            claim: "the primary runs, and only the way to it is cut".to_owned(),
            settled_by: format!("the PowerDNS log of the node behind {whom}, or another secondary's"),
        }];
        finding.next_steps = vec![format!(
            "find out whether PowerDNS runs behind {whom} and listens there; then dig +norecurse SOA ZONE @{whom}, also with +tcp."
        )];
    } else {
        finding.story.push(format!(
            "{} fetched from it meanwhile: the primary was there, and the way to it was cut.",
            list(&served)
        ));
        finding.next_steps =
            vec![format!("look at firewalls and routes between the secondary and {whom}, for UDP and TCP.")];
    }
    finding.prevention = vec![
        "monitor the age of each zone's last successful check against its SOA expire, and give zones a second primary."
            .to_owned(),
    ];
}

fn shown(unreached: &Unreached, event: &Arc<Event>) -> crate::finding::Evidence {
    let (node, zone) = (&unreached.node, &unreached.zone);
    if unreached.transfers.first.first() == Some(event) {
        let proves = format!("{node} finds nobody to fetch {zone} from.");
        repeated(Role::Primary, event, &unreached.transfers, format!("AXFR of {zone}: nobody answers"), proves)
    } else {
        let proves = format!("{node} has no answer for the SOA of {zone}.");
        repeated(Role::Primary, event, &unreached.checks, format!("SOA of {zone}: no answer"), proves)
    }
}

fn add_lines(finding: &mut Finding, unreached: &Unreached) {
    for event in unreached.checks.first.first().into_iter().chain(unreached.transfers.first.first()) {
        finding.add(shown(unreached, event));
    }
    // Those between them are not kept, so they are not counted either.
    let rounds = unreached.rounds.first.first().map(|first| (first, "checks begin to time out"));
    let last = unreached.rounds.last.as_ref().map(|last| (last, "checks time out still"));
    for (event, brief) in rounds.into_iter().chain(last) {
        let proves = format!("A round of {}'s checks timed out: nobody answered in time.", unreached.node);
        finding.add(evidence(Role::Supporting, event, brief, proves));
    }
    if let Some(end) = &unreached.end {
        let proves = format!("{} has an answer for {} again.", unreached.node, unreached.zone);
        finding.add(evidence(Role::Repair, end, format!("{}: an answer", unreached.zone), proves));
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::TransferFailure;

    #[test]
    fn fires_on_transfers_that_find_nobody_for_longer_than_a_restart() {
        let failing = [0, 60, 180, 360].map(|second| at("s", second, transfer_fails(TransferFailure::Unreachable)));
        assert_eq!(told("primary-unreachable", &failing), ["confirmed open"]);
        let repaired = [failing.as_slice(), &[at("s", 600, committed())]].concat();
        assert_eq!(told("primary-unreachable", &repaired), ["confirmed closed"]);
        let finding = &find("primary-unreachable", &repaired)[0];
        assert_eq!(
            (finding.subject.address.as_deref(), finding.until),
            (Some(ADDRESS), Some(at("s", 600, stale()).time))
        );
        assert_eq!(find("stale-serial", &repaired)[0].cause.as_ref(), Some(&finding.id));
    }

    #[test]
    fn checks_alone_are_likely_and_time_outs_confirm_them() {
        let checks = [at("s", 0, unretrievable(1)), at("s", 2700, unretrievable(10))];
        assert_eq!(told("primary-unreachable", &checks), ["likely open"]);
        assert!(find("primary-unreachable", &checks)[0].claim.starts_with("s gets no answer from "));
        let rounds =
            [at("s", -60, fresh()), at("s", 0, times_out()), at("s", 0, unretrievable(1)), at("s", 360, times_out())];
        assert_eq!(told("primary-unreachable", &rounds), ["confirmed open"]);
    }

    #[test]
    fn stays_quiet_on_a_restart_of_the_primary() {
        let restart = [
            at("s", 0, unretrievable(1)),
            at("s", 60, transfer_fails(TransferFailure::Unreachable)),
            at("s", 120, committed()),
            at("s", 4000, unretrievable(1)),
            at("s", 4060, committed()),
        ];
        assert!(told("primary-unreachable", &restart).is_empty());
    }

    #[test]
    fn a_first_failure_after_a_first_failure_had_an_answer_in_between() {
        let twice = [at("s", 0, unretrievable(1)), at("s", 86_400, unretrievable(1))];
        assert!(told("primary-unreachable", &twice).is_empty());
    }

    #[test]
    fn stays_quiet_on_a_no_and_on_errors() {
        let refusals = [0, 60, 180, 360].map(|second| at("s", second, refused()));
        assert!(told("primary-unreachable", &refusals).is_empty());
        let errors =
            [0, 60, 180, 2700].map(|second| [at("s", second, soa_error()), at("s", second, unretrievable(10))]);
        assert!(told("primary-unreachable", &errors.concat()).is_empty(), "an error is an answer");
        let broken = [0, 60, 180, 360].map(|second| at("s", second, transfer_fails(TransferFailure::Broken)));
        assert!(told("primary-unreachable", &broken).is_empty());
    }
}
