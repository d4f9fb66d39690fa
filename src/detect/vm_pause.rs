//! The MASTER was not running for a while, and another node took over meanwhile.

use super::words::{evidence, heard, name_unit};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Keepalived, Text, Vrrp};
use crate::finding::{Confidence, Finding, Rival, Role, Severity};
use crate::moment::Moment;
use crate::world::{Mastership, PeerGroup, Takeover, World};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "vm-pause",
    explanation: Explanation {
        sees: "keepalived on the MASTER was not run for seconds (`A thread timer expired N seconds ago`): a virtual machine that was \
               paused, migrated or starved. Another node became MASTER meanwhile.",
        matters: "A paused node wakes up believing that it is MASTER. If it has the higher priority it stays MASTER, and its notify \
                  script does not run again: the address stays with the node that took over, which is an EIP drift.",
        proves: "The late timer tells how long the process stood still; it was MASTER before, and the other node's `Entering MASTER \
                 STATE` lies inside the pause. Without the other node's log, an advert of another MASTER heard on waking.",
        looks_like: "A timer that is late without a take-over: load, and no harm; no finding is made of it. keepalived before 2.1.0 does \
                     not print the line, so a pause of it looks like a lost link.",
        prevents: "Keep the hypervisor from stopping a MASTER for longer than three advert intervals: no live migration or snapshot \
                   with a frozen guest, steal time watched; or make advert_int longer.",
        check_next: "Ask the hypervisor or the cloud for migrations and steal time at that minute. Where is the address now? Give \
                     keepalived real-time priority, and the adverts an interval that outlives the pauses of this platform.",
    },
    listens: &[listens::PAUSES, listens::STATES, listens::ADVERTS, listens::PROCESSES],
    find,
};

/// Three missed adverts of one second make an election: a shorter pause leads to none.
const PAUSE_SECONDS_MIN: u32 = 3;
/// Several timers of one process are late for one pause, and the line is printed when the process runs again.
const WAKING_MICROS: i64 = 5_000_000;

/// What a node's late timer tells.
struct Pause<'a> {
    node: &'a Text,
    mastership: &'a Mastership,
    line: &'a Arc<Event>,
    seconds: u32,
}

impl Pause<'_> {
    fn from(&self) -> Moment {
        self.line.time.shifted(-i64::from(self.seconds) * 1_000_000)
    }
}

fn find(world: &World) -> Vec<Finding> {
    world.groups().iter().flat_map(|group| of_group(world, group)).collect()
}

fn of_group(world: &World, group: &PeerGroup) -> Vec<Finding> {
    let mut found: Vec<(Moment, Finding)> = Vec::new();
    let is_late = |event: &Event| matches!(event.keepalived(), Some(Keepalived::TimerLate { .. }));
    for (node, events) in world.events_of(group, is_late) {
        let mut known: Option<Moment> = None;
        for line in events {
            let Some(Keepalived::TimerLate { seconds }) = line.keepalived() else { continue };
            if *seconds < PAUSE_SECONDS_MIN || known.is_some_and(|known| line.time.micros_since(known) < WAKING_MICROS)
            {
                continue;
            }
            let before = line.time.shifted(-i64::from(*seconds) * 1_000_000);
            let mastership = group.nodes.get(node).and_then(|all| all.at(before).next());
            let Some(mastership) = mastership else { continue };
            let pause = Pause { node, mastership, line, seconds: *seconds };
            if wrote_inside(world, &pause) {
                continue;
            }
            if let Some(finding) = tell(world, group, &pause) {
                known = Some(line.time);
                found.push((line.time, finding));
            }
        }
    }
    found.sort_by_key(|(time, _)| time.micros);
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// Whether keepalived wrote anything in the pause: then it was another process, or one timer, that stood still.
fn wrote_inside(world: &World, pause: &Pause<'_>) -> bool {
    let (from, to) = (pause.from().shifted(1_000_000), pause.line.time.shifted(-1_000_001));
    world.nodes.get(pause.node).is_some_and(|facts| facts.vrrp.between(from, to).next().is_some())
}

/// The take-over inside the pause, by another node's own log.
fn taken_over<'a>(group: &'a PeerGroup, pause: &Pause<'_>) -> Option<Takeover<'a>> {
    let mut inside = group.takeovers_between(pause.from(), pause.line.time.shifted(WAKING_MICROS));
    inside.find(|takeover| takeover.node != pause.node)
}

/// The first advert of another MASTER that the node hears on waking.
fn heard_on_waking<'a>(world: &'a World, group: &'a PeerGroup, pause: &Pause<'_>) -> Option<&'a Arc<Event>> {
    let woke = pause.line.time;
    let (_, mut events) =
        world.events_between(group, woke, woke.shifted(WAKING_MICROS)).find(|(node, _)| *node == pause.node)?;
    events.find(|event| matches!(event.vrrp(), Some(Vrrp::HeardLower(_) | Vrrp::HeardHigher(_))))
}

fn tell(world: &World, group: &PeerGroup, pause: &Pause<'_>) -> Option<Finding> {
    let takeover = taken_over(group, pause);
    let advert = heard_on_waking(world, group, pause);
    let node = pause.node;
    let unit = group.unit.name();
    let confidence = match takeover {
        Some(_) => Confidence::Confirmed,
        None if advert.is_some() => Confidence::Likely,
        None => return None,
    };
    let line = evidence(
        Role::Primary,
        pause.line,
        format!("runs again after {} s", pause.seconds),
        format!("{node}'s keepalived was not run for {} seconds, while it was MASTER.", pause.seconds),
    );
    let mut finding = Finding::new(RULE.id, &group.key(), Severity::Warning, confidence, line);
    finding.since = pause.from();
    name_unit(&mut finding, group);
    finding.subject.node = Some(node.clone());
    finding.subject.nodes = vec![node.clone()];
    if let Some(advert) = advert {
        finding.add(heard(Role::Supporting, advert));
    }
    let rival = match takeover {
        Some(takeover) => {
            finding.subject.nodes.push(takeover.node.clone());
            finding.subject.nodes.sort();
            let proves = format!("{} becomes MASTER of {unit} while {node} does not run.", takeover.node);
            finding.add(evidence(Role::Primary, takeover.event, "MASTER", proves));
            takeover.node.to_string()
        }
        None => "another node".to_owned(),
    };
    finding.claim = format!(
        "{node} did not run for {} s while it was MASTER of {unit}, and {rival} took over meanwhile",
        pause.seconds
    );
    how_it_ended(&mut finding, pause, takeover, advert, &rival);
    finding.rivals = vec![Rival {
        claim: "what stopped it: a pause or migration of the machine, starved CPU, a debugger".to_owned(),
        settled_by: "the hypervisor's log, or steal time in the node's metrics".to_owned(),
    }];
    finding.prevention = vec![
        "give keepalived real-time priority (vrrp_rt_priority), and the adverts an interval that outlives such pauses (advert_int)."
            .to_owned(),
        "timer_expired_backup (keepalived 2.2.8 or later) makes a node that wakes up late go to BACKUP first.".to_owned(),
    ];
    Some(finding)
}

/// Two MASTERs until one of them yields; who it is decides about the address.
fn how_it_ended(
    finding: &mut Finding,
    pause: &Pause<'_>,
    takeover: Option<Takeover<'_>>,
    advert: Option<&Arc<Event>>,
    rival: &str,
) {
    let node = pause.node;
    let woken = pause.mastership.end.as_ref().map(|(_, line)| line).filter(|line| line.time >= pause.line.time);
    let other = takeover.and_then(|takeover| takeover.mastership.end.as_ref()).map(|(_, line)| line);
    let first = [woken, other].into_iter().flatten().min_by_key(|line| line.time.micros);
    let is_rival_gone = first.is_some_and(|line| line.node != *node);
    let ended = first.map(|line| line.time);
    finding.until = ended.or_else(|| advert.filter(|_| takeover.is_none()).map(|line| line.time));
    finding.story = vec![format!("{node} woke up at {} as MASTER.", pause.line.time.rfc3339())];
    if let Some(line) = first {
        let proves = format!("{} is not MASTER any more: one is left.", line.node);
        finding.add(evidence(Role::Repair, line, "no longer MASTER", proves));
    }
    if is_rival_gone {
        finding.story.push(format!(
            "{rival} yielded to it: {node} stayed MASTER, so its notify_master script did not run again, but {rival}'s had."
        ));
        finding.next_steps = vec![format!("check where the address is: {rival}'s script ran last.")];
    } else if let Some(line) = first {
        finding.story.push(format!("It yielded to {rival} at {}.", line.time.rfc3339()));
        finding.next_steps = vec![format!("find out what stopped {node}; {rival} is MASTER until {node} preempts.")];
    } else {
        finding.next_steps = vec![format!("find out what stopped {node}, and check where the address is.")];
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::Event;

    fn paused() -> Vec<Event> {
        vec![
            at("a", 0, master()),
            at("b", 1, backup()),
            at("b", 103, master()),
            at("a", 112, wakes_after(12)),
            at("a", 112, hears_lower()),
            at("b", 113, hears_higher()),
            at("b", 113, backup()),
        ]
    }

    #[test]
    fn fires_on_a_take_over_inside_the_pause() {
        assert_eq!(told("vm-pause", &paused()), ["confirmed closed"]);
        let finding = &find("vm-pause", &paused())[0];
        assert_eq!(finding.since, at("a", 100, master()).time, "the pause began 12 s before its line");
        assert!(finding.story[1].contains("b yielded"), "{:?}", finding.story);
    }

    #[test]
    fn one_log_makes_it_likely() {
        let one: Vec<Event> = paused().into_iter().filter(|event| &*event.node == "a").collect();
        assert_eq!(told("vm-pause", &one), ["likely closed"]);
    }

    #[test]
    fn explains_the_split_that_follows() {
        let split = &find("split-brain", &paused())[0];
        assert_eq!(split.cause.as_deref(), Some(&*find("vm-pause", &paused())[0].id));
    }

    #[test]
    fn stays_quiet_without_a_take_over_and_on_a_backup() {
        let late = [at("a", 0, master()), at("b", 1, backup()), at("a", 100, wakes_after(12))];
        assert!(told("vm-pause", &late).is_empty());
        let short = [at("a", 0, master()), at("b", 1, backup()), at("b", 99, master()), at("a", 100, wakes_after(2))];
        assert!(told("vm-pause", &short).is_empty());
        let sleeper = [failover_and_back(), vec![at("b", 205, wakes_after(8))]].concat();
        assert!(told("vm-pause", &sleeper).is_empty(), "b wrote meanwhile");
    }
}
