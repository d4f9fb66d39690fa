//! One group changes its MASTER again and again.

use super::words::{evidence, length, list};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Keepalived, Text, Vrrp};
use crate::finding::{Confidence, Finding, Role, Severity};
use crate::moment::Moment;
use crate::world::{PeerGroup, Takeover, Unit, World};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "master-flapping",
    explanation: Explanation {
        sees: "Three or more transitions to MASTER of one group within five minutes, none of them explained by a restart.",
        matters: "Every transition runs the notify scripts, which take seconds and overlap: the slower one wins, and the address may \
                  end on the wrong node.",
        proves: "The `Entering MASTER STATE` lines of the group's nodes. One log is enough.",
        looks_like: "One failover with its failback; planned restarts of keepalived on both nodes; a boot.",
        prevents: "Give track scripts rise and fall counts, preempt_delay to the preferred node or nopreempt to all, and find what \
                   flaps below: the link, the check, or the load.",
        check_next: "What changes the priority (`Changing effective priority`): a health check that comes and goes? Are adverts \
                     lost? Give the check rise and fall values, or use nopreempt.",
    },
    listens: &[listens::STATES, listens::ADVERTS, listens::PROCESSES, listens::RELOADS],
    find,
};

/// This many transitions…
const TRANSITIONS_MIN: usize = 3;
/// …within this.
const WINDOW_MICROS: i64 = 300_000_000;
/// A start or stop of keepalived explains what the group does this long afterwards: start-up delay, election, preemption.
const RESTART_MICROS: i64 = 15_000_000;

fn find(world: &World) -> Vec<Finding> {
    world.groups().iter().flat_map(|group| of_group(world, group)).collect()
}

fn of_group(world: &World, group: &PeerGroup) -> Vec<Finding> {
    let restarts = restarts(world, group);
    let unexplained: Vec<Takeover<'_>> =
        group.takeovers().filter(|takeover| !is_explained(takeover, &restarts)).collect();
    let mut found = Vec::new();
    let mut index = 0;
    while index < unexplained.len() {
        let start = unexplained[index].event.time;
        let mut end = index + 1;
        while end < unexplained.len()
            && unexplained[end].event.time.micros_since(unexplained[end - 1].event.time) <= WINDOW_MICROS
        {
            end += 1;
        }
        let episode = &unexplained[index..end];
        let dense = episode.windows(TRANSITIONS_MIN).any(|three| {
            three.last().is_some_and(|last| last.event.time.micros_since(three[0].event.time) <= WINDOW_MICROS)
        });
        if dense {
            found.push(tell(world, group, episode, start));
        }
        index = end;
    }
    found
}

/// A line of a health check in the episode, and how often priorities changed.
fn what_moved_it(world: &World, group: &PeerGroup, start: Moment, end: Moment) -> (Option<Arc<Event>>, usize) {
    let from = start.shifted(-RESTART_MICROS);
    let nodes = group.nodes.keys().filter_map(|node| world.nodes.get(node));
    let inside: Vec<&Arc<Event>> = nodes.flat_map(|facts| facts.vrrp.between(from, end)).collect();
    let is_check =
        |event: &&&Arc<Event>| matches!(event.keepalived(), Some(Keepalived::TrackScript { succeeds: false, .. }));
    let check = inside.iter().filter(is_check).min_by_key(|event| (event.time.micros, event.node.clone()));
    let priorities = inside.iter().filter(|event| matches!(event.vrrp(), Some(Vrrp::PriorityChanged { .. }))).count();
    (check.map(|event| Arc::clone(event)), priorities)
}

/// When keepalived was started, stopped or reloaded on any of the nodes, sorted.
fn restarts(world: &World, group: &PeerGroup) -> Vec<i64> {
    let is_restart = |event: &&Arc<Event>| {
        matches!(
            event.keepalived(),
            Some(
                Keepalived::Starting { .. }
                    | Keepalived::Stopping
                    | Keepalived::Stopped
                    | Keepalived::VrrpChildDied
                    | Keepalived::Reloading
            )
        )
    };
    let events = group.nodes.keys().filter_map(|node| world.nodes.get(node)).flat_map(|facts| facts.vrrp.events());
    let mut all: Vec<i64> = events.filter(is_restart).map(|event| event.time.micros).collect();
    all.sort_unstable();
    all
}

fn is_explained(takeover: &Takeover<'_>, restarts: &[i64]) -> bool {
    let entered = takeover.event.time.micros;
    let last = restarts[..restarts.partition_point(|micros| *micros <= entered)].last();
    last.is_some_and(|last| entered - last <= RESTART_MICROS)
}

fn tell(world: &World, group: &PeerGroup, episode: &[Takeover<'_>], start: Moment) -> Finding {
    let lines = episode.iter().map(|takeover| {
        evidence(
            Role::Primary,
            takeover.event,
            "MASTER",
            format!("{} becomes MASTER and runs its script.", takeover.node),
        )
    });
    let mut lines = lines.collect::<Vec<_>>().into_iter();
    let first = lines.next().expect("an episode has three transitions or more");
    let mut finding = Finding::new(RULE.id, &group.key(), Severity::Warning, Confidence::Confirmed, first);
    for line in lines {
        finding.add(line);
    }
    let end = episode.last().map_or(start, |takeover| takeover.event.time);
    finding.until = world.over_at(end, WINDOW_MICROS);
    match &group.unit {
        Unit::Instance(name) => finding.subject.instance = Some(name.clone()),
        Unit::Group(name) => finding.subject.group = Some(name.clone()),
    }
    let nodes: BTreeSet<&Text> = episode.iter().map(|takeover| takeover.node).collect();
    finding.subject.nodes = nodes.iter().map(|node| (*node).clone()).collect();
    finding.claim = format!(
        "{} became MASTER of {} {} times in {} without a restart",
        list(nodes),
        group.unit.name(),
        episode.len(),
        length(start, end)
    );
    let (checks, priorities) = what_moved_it(world, group, start, end);
    if let Some(line) = &checks {
        let proves = format!("{}'s health check fails or recovers: that changes its priority.", line.node);
        finding.add(evidence(Role::Supporting, line, "health check changes", proves));
    }
    if priorities > 0 {
        finding.story.push(format!(
            "The nodes changed their priority {priorities} times meanwhile: a tracked check comes and goes."
        ));
    }
    finding.next_steps = vec![
        "check where the address is now: notify scripts that run close together may finish in any order.".to_owned(),
    ];
    finding.prevention = vec!["give the health check rise and fall values, or use nopreempt, so that one failure does not move the address twice.".to_owned()];
    finding
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::Event;

    fn turns(times: &[i64]) -> Vec<Event> {
        let one = |(turn, second): (usize, &i64)| {
            let (up, down) = if turn % 2 == 0 { ("b", "a") } else { ("a", "b") };
            [at(up, *second, master()), at(down, *second, hears_higher()), at(down, *second, backup())]
        };
        times.iter().enumerate().flat_map(one).collect()
    }

    #[test]
    fn fires_on_three_transitions_within_five_minutes() {
        assert_eq!(told("master-flapping", &turns(&[100, 200, 300])), ["confirmed closed"]);
    }

    #[test]
    fn stays_quiet_on_slow_changes_and_restarts() {
        assert!(told("master-flapping", &turns(&[100, 1000, 2000])).is_empty());
        let restarts = [failover_and_back(), vec![at("b", 210, stops()), at("b", 215, starts())]].concat();
        assert!(told("master-flapping", &restarts).is_empty());
    }
}
