//! A MASTER hears another one again and again, which does not hear it.

use super::words::{evidence, length, name_unit, several};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Text, Vrrp};
use crate::finding::{Bound, Confidence, Finding, Rival, Role, Severity};
use crate::world::{Mastership, PeerGroup, Run, World, advert};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "one-way-partition",
    explanation: Explanation {
        sees: "A MASTER hears adverts of lower priority again and again and stays MASTER; their sender hears none of its adverts, or it \
               would yield at once. Packets pass one way only.",
        matters: "Both nodes are MASTER for as long as it lasts, and the deaf one's notify script has taken the address.",
        proves: "`Received advert … with lower priority` line after line on one node, while the other node's log shows it MASTER all \
                 the time without an advert heard or refused. With one node's log alone it is likely at most.",
        looks_like: "One or two such lines: an election that ends at once. A node that hears the adverts and refuses them \
                     (advert-mismatch). A link that is cut both ways: then nobody hears anything until it heals.",
        prevents: "Let firewalls and security groups pass adverts both ways, and test each way; watch on every node that adverts \
                   come in.",
        check_next: "On the deaf node: tcpdump -n 'ip proto 112'. Firewalls and security groups are often open one way only; unicast_peer \
                     may name an old address; a NIC or bond may not receive after a boot.",
    },
    listens: &[listens::ADVERTS, listens::STATES, listens::PROCESSES],
    find,
};

/// Adverts this far apart are still one stretch: a slow advert_int, and one lost.
const QUIET_MICROS: i64 = 15_000_000;
/// An election takes one advert each way; who has sent this many was deaf for two intervals at least…
const ADVERTS_MIN: u64 = 3;
/// …and for so long.
const DEAF_MICROS: i64 = 5_000_000;
/// Stamps of the two nodes about one advert.
const SLACK_MICROS: i64 = 1_500_000;

fn find(world: &World) -> Vec<Finding> {
    world.groups().iter().flat_map(|group| of_group(world, group)).collect()
}

fn of_group(world: &World, group: &PeerGroup) -> Vec<Finding> {
    let runs = world.runs(group, QUIET_MICROS, |what| matches!(what, Vrrp::HeardLower(_)));
    let lasting = runs.into_iter().filter(|run| {
        run.count() >= ADVERTS_MIN && run.lines.len() > 1 && run.last().micros_since(run.first()) >= DEAF_MICROS
    });
    lasting.filter_map(|run| tell(world, group, &run)).collect()
}

/// The other MASTER, where its log shows it MASTER for the whole of the run.
fn deaf<'a>(world: &'a World, group: &'a PeerGroup, run: &Run<'_>) -> Option<(&'a Text, &'a Mastership)> {
    let others = world.masters_at(group, run.first().shifted(SLACK_MICROS));
    others.into_iter().find(|(node, mastership)| {
        let lasts = mastership.ended().is_none_or(|end| end.micros + SLACK_MICROS >= run.last().micros);
        *node != run.node && lasts
    })
}

/// Whether a node heard or refused an advert during the run: then it is not deaf.
fn hears(world: &World, group: &PeerGroup, run: &Run<'_>) -> bool {
    let is_advert = |event: &&Arc<Event>| {
        matches!(
            event.vrrp(),
            Some(
                Vrrp::HeardHigher(_) | Vrrp::HeardLower(_) | Vrrp::HeardLowerAsBackup(_) | Vrrp::AdvertRejected { .. }
            )
        )
    };
    world
        .events_between(group, run.first(), run.last().shifted(-SLACK_MICROS - 1))
        .filter(|(node, _)| *node != run.node)
        .any(|(_, mut events)| events.any(|event| is_advert(&event)))
}

fn tell(world: &World, group: &PeerGroup, run: &Run<'_>) -> Option<Finding> {
    if hears(world, group, run) {
        return None;
    }
    let deaf = deaf(world, group, run);
    // A peer whose log is here and does not show it MASTER: somebody else sends these adverts.
    let confidence = if deaf.is_some() { Confidence::Confirmed } else { Confidence::Likely };
    let node = run.node;
    let unit = group.unit.name();
    let sender = run.lines.iter().find_map(|line| advert(line)?.from.clone());
    let other = match (deaf, &sender) {
        (Some((name, _)), _) => name.to_string(),
        (None, Some(sender)) => sender.to_string(),
        (None, None) => "another MASTER".to_owned(),
    };
    let line = several(
        Role::Primary,
        &run.lines,
        format!("hears {other}; stays MASTER"),
        format!("{node} hears {other}, answers with a higher priority, and is not heard: {other} goes on."),
    )?;
    let mut finding = Finding::new(RULE.id, &group.key(), Severity::Warning, confidence, line);
    finding.since_is = Bound::AtMost;
    // The next advert would stand in its log by then.
    let goes_on = world.last_of(node).is_none_or(|end| end.micros_since(run.last()) <= QUIET_MICROS);
    // Nor is anybody deaf who is MASTER no longer.
    let healed = deaf.and_then(|(_, mastership)| mastership.ended());
    finding.until = healed.filter(|_| goes_on).or(Some(run.last()).filter(|_| !goes_on));
    name_unit(&mut finding, group);
    finding.subject.nodes = vec![node.clone()];
    if let Some((name, mastership)) = deaf {
        finding.subject.node = Some(name.clone());
        finding.subject.nodes.push(name.clone());
        finding.subject.nodes.sort();
        let proves = format!("{name} is MASTER of {unit} all the time and writes of no advert that it hears.");
        finding.add(evidence(Role::Primary, &mastership.first, "MASTER, hears nobody", proves));
        if let Some((_, end)) = mastership.end.as_ref().filter(|_| finding.until.is_some()) {
            finding.add(evidence(Role::Repair, end, "no longer MASTER", format!("{name} is not MASTER any more.")));
        }
    } else {
        finding.subject.address = sender.clone();
        finding.rivals = vec![
            Rival {
                claim: format!("{other} hears the adverts and refuses them (authentication, interval, addresses)"),
                settled_by: format!("the keepalived log of {other}"),
            },
            Rival {
                claim: "another cluster on this network uses the same virtual_router_id".to_owned(),
                settled_by: format!("whose address {other} is"),
            },
        ];
    }
    let verb = if finding.is_open() { "hears" } else { "heard" };
    finding.claim = format!(
        "{node} {verb} {other}'s adverts for {unit}, and {other} none of {node}'s, at least for {}",
        length(run.first(), run.last())
    );
    finding.story = vec![format!(
        "A node that hears a higher priority yields at once. {other} did not: no advert of {node} reached it, while its own arrived."
    )];
    finding.next_steps = vec![
        format!(
            "on {other}: tcpdump -n 'ip proto 112' shows whether {node}'s adverts arrive; look at firewalls and security groups."
        ),
        "check where the address is: the script that ran last has it.".to_owned(),
    ];
    finding.prevention = vec![
        "allow VRRP (protocol 112) both ways, and test both directions after each change of a firewall.".to_owned(),
    ];
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::{Event, Mismatch};

    /// `b` is deaf from 96 on and takes over at 100; `a` hears it each second until 130.
    fn deaf() -> Vec<Event> {
        let mut events = vec![at("a", 0, master()), at("b", 1, backup()), at("b", 100, master())];
        events.extend((100..=130).map(|second| at("a", second, hears_lower())));
        events.extend([at("b", 131, hears_higher()), at("b", 131, backup()), at("a", 300, hears_nothing_new())]);
        events
    }

    #[test]
    fn fires_on_a_master_that_is_not_heard() {
        assert_eq!(told("one-way-partition", &deaf()), ["confirmed closed"]);
        assert_eq!(find("one-way-partition", &deaf())[0].subject.node.as_deref(), Some("b"));
    }

    /// The node that hears has no reason to write any more.
    #[test]
    fn ends_when_the_deaf_one_yields() {
        let healed: Vec<Event> =
            deaf().into_iter().filter(|event| *event != at("a", 300, hears_nothing_new())).collect();
        assert_eq!(told("one-way-partition", &healed), ["confirmed closed"]);
    }

    #[test]
    fn one_log_makes_it_likely() {
        let one: Vec<Event> = deaf().into_iter().filter(|event| &*event.node == "a").collect();
        assert_eq!(told("one-way-partition", &one), ["likely closed"]);
    }

    #[test]
    fn explains_the_split() {
        let split = &find("split-brain", &deaf())[0];
        assert_eq!(split.cause.as_deref(), Some(&*find("one-way-partition", &deaf())[0].id));
    }

    #[test]
    fn stays_quiet_on_elections_and_cuts_both_ways() {
        assert!(told("one-way-partition", &flap()).is_empty());
        assert!(told("one-way-partition", &failover_and_back()).is_empty());
        let cut = [at("a", 0, master()), at("b", 100, master()), at("a", 130, hears_lower()), at("b", 130, backup())];
        assert!(told("one-way-partition", &cut).is_empty());
    }

    #[test]
    fn stays_quiet_where_the_other_hears_and_refuses() {
        let refusing: Vec<Event> = (100..=130).map(|second| at("b", second, rejects(Mismatch::Interval))).collect();
        assert!(told("one-way-partition", &[deaf(), refusing].concat()).is_empty());
    }
}
