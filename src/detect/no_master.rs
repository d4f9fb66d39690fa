//! No node of a peer group was MASTER for longer than an election needs.

use super::words::{evidence, length, list, name_unit, number};
use super::{Explanation, Rule, listens};
use crate::event::{Keepalived, Text};
use crate::finding::{Confidence, Finding, Rival, Role, Severity};
use crate::moment::Moment;
use crate::world::{PeerGroup, Stand, Standing, Standings, World};

pub(super) static RULE: Rule = Rule {
    id: "no-master",
    explanation: Explanation {
        sees: "Every node of a peer group was in FAULT, stopped, or BACKUP, and none became MASTER for a minute or more.",
        matters: "Nobody answers for the virtual addresses, and a notify script moves nothing: an Elastic IP stays on a node that may \
                  be down.",
        proves: "The state lines of all nodes of the group: a node in FAULT, or whose keepalived is stopped, takes nothing over. It is \
                 likely, not confirmed: a further node, whose log is not here, may have been MASTER. A BACKUP takes over within seconds; \
                 where one does not, such a node is the more likely reading, and the finding is suspected.",
        looks_like: "A planned stop of all nodes; a boot, until the interfaces are up; an election; a log that ends before the others.",
        prevents: "Give every node at least one path to MASTER: no track script, interface or priority that puts all nodes into \
                   FAULT for one common cause. Watch that each instance has exactly one MASTER.",
        check_next: "Why is each node in FAULT: a tracked check (`VRRP_Script(…) failed`) or an interface that is down? Checks that all \
                     nodes fail together are better given a weight, which lowers the priority instead of ending the election.",
    },
    listens: &[listens::STATES, listens::ADVERTS, listens::PROCESSES],
    find,
};

/// Three intervals and one more in 1.x, also with an advert_int of 15 s.
const ELECTION_MICROS: i64 = 60_000_000;
/// A node that starts waits for its interfaces and, if configured, for vrrp_startup_delay.
const BOOT_MICROS: i64 = 120_000_000;

fn find(world: &World) -> Vec<Finding> {
    world.groups().iter().flat_map(|group| of_group(world, group)).collect()
}

/// One stretch without a MASTER.
#[derive(Clone, Copy)]
struct Gap {
    from: Moment,
    /// `None`: it lasts at the end of the logs.
    to: Option<Moment>,
    seen_to: Moment,
    /// For so long no node was even BACKUP: nobody could take over.
    all_down_micros: i64,
    /// A node's log ends while it is stopped: whether it was started again is unknown.
    lost_sight: bool,
}

fn of_group(world: &World, group: &PeerGroup) -> Vec<Finding> {
    // One node's log says nothing of the others.
    if group.nodes.len() < 2 {
        return Vec::new();
    }
    let standings = Standings::of(world, group);
    gaps(world, &standings)
        .into_iter()
        .filter_map(|gap| after_boots(world, group, gap))
        .filter(|gap| gap.seen_to.micros_since(gap.from) >= ELECTION_MICROS)
        .filter_map(|gap| tell(world, group, &standings, &gap))
        .collect()
}

/// Where no node is MASTER, each is in a state that a line proves, and one at least runs. What all nodes' lines change
/// at is a border; an advert of anybody else is one as well.
fn gaps(world: &World, standings: &Standings) -> Vec<Gap> {
    let mut borders: Vec<Moment> = standings.nodes.values().flatten().map(|standing| standing.line.time).collect();
    borders.extend(&standings.heard);
    borders.extend(standings.nodes.keys().filter_map(|node| world.nodes.get(node)?.last));
    borders.sort();
    borders.dedup();
    let mut gaps: Vec<Gap> = Vec::new();
    let mut had_master = false;
    for (at, from) in borders.iter().enumerate() {
        had_master |= standings.nodes.keys().any(|node| stands(standings, node, *from) == Stand::Master);
        let to = borders.get(at + 1).copied();
        let nobody = leaderless(world, standings, *from).filter(|_| had_master);
        let Some(Leaderless { has_backup, lost_sight }) = nobody else { continue };
        let was_heard = standings.heard.binary_search(from).is_ok();
        let goes_on = gaps.last_mut().filter(|gap| gap.seen_to == *from && !was_heard);
        let seen_to = to.unwrap_or(*from);
        let all_down_micros = if has_backup { 0 } else { seen_to.micros_since(*from) };
        // A border that is only the end of a node's log ends nothing.
        let to =
            to.filter(|to| standings.beginning_at(*to).next().is_some() || standings.heard.binary_search(to).is_ok());
        match goes_on {
            Some(gap) => {
                gap.all_down_micros += all_down_micros;
                gap.lost_sight |= lost_sight;
                (gap.to, gap.seen_to) = (to, seen_to);
            }
            None => gaps.push(Gap { from: *from, to, seen_to, all_down_micros, lost_sight }),
        }
    }
    gaps
}

fn stands(standings: &Standings, node: &Text, moment: Moment) -> Stand {
    standings.at(node, moment).map_or(Stand::Unknown, |standing| standing.stand)
}

/// From a border to the next nobody is MASTER.
struct Leaderless {
    has_backup: bool,
    lost_sight: bool,
}

fn leaderless(world: &World, standings: &Standings, from: Moment) -> Option<Leaderless> {
    let (mut runs, mut has_backup, mut lost_sight) = (false, false, false);
    for node in standings.nodes.keys() {
        let is_over = world.nodes.get(node).and_then(|facts| facts.last).is_none_or(|last| last.micros <= from.micros);
        match stands(standings, node, from) {
            Stand::Master | Stand::Unknown => return None,
            Stand::Stopped => lost_sight |= is_over,
            Stand::Backup | Stand::Fault if is_over => return None,
            Stand::Backup => (runs, has_backup) = (true, true),
            Stand::Fault => runs = true,
        }
    }
    runs.then_some(Leaderless { has_backup, lost_sight })
}

/// What is left of a gap when the nodes that started shortly before or in it have had their time.
fn after_boots(world: &World, group: &PeerGroup, gap: Gap) -> Option<Gap> {
    // What was ready in the gap, or just after it, started so long before.
    let from = gap.from.shifted(-BOOT_MICROS);
    let events = world.events_between(group, from, gap.seen_to).flat_map(|(_, events)| events);
    let started = events.filter(|event| {
        matches!(event.keepalived(), Some(Keepalived::Starting { .. } | Keepalived::VrrpChildStarted { .. }))
    });
    let ready = started
        .map(|event| event.time.shifted(BOOT_MICROS))
        .filter(|ready| {
            ready.micros > gap.from.micros && ready.micros <= gap.seen_to.micros.saturating_add(BOOT_MICROS)
        })
        .max();
    match ready {
        Some(ready) if ready.micros >= gap.seen_to.micros => None,
        Some(ready) => {
            let all_down_micros = gap.all_down_micros.min(gap.seen_to.micros_since(ready));
            Some(Gap { from: ready, all_down_micros, ..gap })
        }
        None => Some(gap),
    }
}

fn tell(world: &World, group: &PeerGroup, standings: &Standings, gap: &Gap) -> Option<Finding> {
    let unit = group.unit.name();
    let mut states: Vec<(&Text, &Standing)> =
        group.nodes.keys().filter_map(|node| Some((node, standings.at(node, gap.from)?))).collect();
    // The line that left the group without a MASTER comes first: it is the newest.
    states.sort_by(|a, b| b.1.line.time.micros.cmp(&a.1.line.time.micros).then_with(|| a.0.cmp(b.0)));
    let lines = states.iter().map(|(node, standing)| {
        let (brief, proves) = match standing.stand {
            Stand::Fault => ("FAULT", format!("{node} is in FAULT: it does not take over.")),
            Stand::Stopped => ("stopped", format!("{node}'s keepalived does not run from here on.")),
            Stand::Backup | Stand::Master | Stand::Unknown => {
                ("BACKUP", format!("{node} is BACKUP and does not become MASTER."))
            }
        };
        evidence(Role::Primary, &standing.line, brief, proves)
    });
    let mut lines = lines.collect::<Vec<_>>().into_iter();
    let confidence = if gap.all_down_micros < ELECTION_MICROS || gap.lost_sight {
        Confidence::Suspected
    } else {
        Confidence::Likely
    };
    let mut finding = Finding::new(RULE.id, &group.key(), Severity::Critical, confidence, lines.next()?);
    lines.for_each(|line| finding.add(line));
    finding.since = gap.from;
    finding.until = gap.to;
    name_unit(&mut finding, group);
    finding.subject.resource = world.resource_of(group);
    finding.subject.nodes = group.nodes.keys().cloned().collect();
    if let Some(end) = gap.to.and_then(|to| ending(standings, to)) {
        let proves = format!("{} becomes MASTER: the group has one again.", end.line.node);
        finding.add(evidence(Role::Repair, &end.line, "MASTER", proves));
    }
    let lasting = match gap.to {
        Some(to) => format!("for {}", length(gap.from, to)),
        None => format!("for {} {}", length(gap.from, gap.seen_to), world.to_here()),
    };
    let (is, perhaps) = (
        if finding.is_open() { "is" } else { "was" },
        if confidence == Confidence::Suspected { " perhaps" } else { "" },
    );
    finding.claim = format!("no node of {unit} {is}{perhaps} MASTER {lasting}: {}", states_in_words(&states));
    finding.story = vec![format!("{} left the group without a MASTER, at {}.", states[0].0, gap.from.rfc3339())];
    finding.rivals = vec![Rival {
        claim: format!("a node of {unit} whose log is not here was MASTER"),
        settled_by: format!("keepalived.conf (which peers are there?) and the log of every node of {unit}"),
    }];
    if gap.lost_sight {
        finding.rivals.push(Rival {
            claim: "a node that was stopped was started again, after its log ends".to_owned(),
            settled_by: "its later log".to_owned(),
        });
    }
    let broken: Vec<&Text> =
        states.iter().filter(|(_, standing)| standing.stand == Stand::Fault).map(|(node, _)| *node).collect();
    finding.next_steps = if broken.is_empty() {
        vec![
            "look for a further node, and at why a BACKUP does not take over (ip -d link; its keepalived's log)."
                .to_owned(),
        ]
    } else {
        vec![
            format!(
                "find out why {} {} in FAULT: a check that fails, or an interface that is down.",
                list(broken.iter().copied()),
                number(broken.len(), "is", "are")
            ),
            "check where the address is: without a MASTER no script moves it.".to_owned(),
        ]
    };
    finding.prevention = vec![
        "give a check that all nodes may fail together a weight: it then lowers the priority, and one node stays MASTER.".to_owned(),
    ];
    Some(finding)
}

/// `ns1 was in FAULT and ns2 was stopped`.
fn states_in_words(states: &[(&Text, &Standing)]) -> String {
    let mut named: Vec<(&Text, &str)> = states
        .iter()
        .map(|(node, standing)| {
            let word = match standing.stand {
                Stand::Fault => "in FAULT",
                Stand::Stopped => "stopped",
                Stand::Backup | Stand::Master | Stand::Unknown => "BACKUP",
            };
            (*node, word)
        })
        .collect();
    named.sort();
    let words: Vec<Text> = named.iter().map(|(node, word)| Text::from(format!("{node} {word}"))).collect();
    list(&words)
}

fn ending(standings: &Standings, to: Moment) -> Option<&Standing> {
    let masters = standings.beginning_at(to).filter(|standing| standing.stand == Stand::Master);
    masters.min_by_key(|standing| &standing.line.node)
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::Event;
    use crate::finding::Severity;

    /// `b` fails over from `a`, which is in FAULT since 50, and fails itself at 100.
    fn both_fail() -> Vec<Event> {
        vec![
            at("a", 0, master()),
            at("b", 1, backup()),
            at("a", 50, faults()),
            at("b", 54, master()),
            at("b", 100, faults()),
            at("a", 400, backup()),
            at("a", 404, master()),
            at("b", 900, hears_nothing_new()),
        ]
    }

    #[test]
    fn fires_where_all_nodes_are_in_fault_and_ends_with_the_next_state() {
        assert_eq!(told("no-master", &both_fail()), ["likely closed"]);
        let finding = &find("no-master", &both_fail())[0];
        assert_eq!((finding.since, finding.severity), (at("b", 100, faults()).time, Severity::Critical));
        assert!(finding.claim.contains("a in FAULT and b in FAULT"), "{}", finding.claim);
        assert!(finding.next_steps[0].starts_with("find out why b and a are in FAULT"), "{:?}", finding.next_steps);
    }

    /// With -D keepalived tells of its priority 0 behind the line of the state it goes to.
    #[test]
    fn priority_0_on_the_way_out_takes_no_node_out_of_fault() {
        let detailed = [both_fail(), vec![at("b", 100, sends_zero())]].concat();
        assert_eq!(told("no-master", &detailed), ["likely closed"]);
        assert!(find("no-master", &detailed)[0].claim.contains("a in FAULT and b in FAULT"));
    }

    #[test]
    fn fires_where_one_is_in_fault_and_the_other_is_stopped() {
        let stopped = [
            at("a", 0, master()),
            at("b", 1, backup()),
            at("b", 50, faults()),
            at("a", 100, stops()),
            at("a", 500, hears_nothing_new()),
            at("b", 500, hears_nothing_new()),
        ];
        assert_eq!(told("no-master", &stopped), ["likely open"]);
        let lost: Vec<Event> = stopped
            .into_iter()
            .filter(|event| event.time < at("a", 500, stops()).time || &*event.node == "b")
            .collect();
        assert_eq!(told("no-master", &lost), ["suspected open"], "a's log ends when it stops");
    }

    #[test]
    fn a_backup_that_does_not_take_over_is_a_suspicion() {
        let idle = [
            at("a", 0, master()),
            at("b", 1, backup()),
            at("a", 100, stops()),
            at("a", 500, hears_nothing_new()),
            at("b", 500, hears_nothing_new()),
        ];
        assert_eq!(told("no-master", &idle), ["suspected open"]);
        let heard = [idle.as_slice(), &[at("b", 130, waits_for_lower()), at("b", 480, waits_for_lower())]].concat();
        let still: Vec<String> = told("no-master", &heard);
        assert!(still.iter().all(|one| one.starts_with("suspected")), "a third node sends adverts: {still:?}");
    }

    #[test]
    fn stays_quiet_on_planned_stops_failovers_and_boots() {
        let all_stopped = [
            at("a", 0, master()),
            at("b", 1, backup()),
            at("b", 100, stops()),
            at("a", 101, stops()),
            at("a", 4000, starts()),
            at("b", 4001, starts()),
            at("a", 4002, faults()),
            at("b", 4002, faults()),
            at("a", 4100, backup()),
            at("a", 4104, master()),
            at("b", 9000, hears_nothing_new()),
        ];
        assert!(told("no-master", &all_stopped).is_empty());
        assert!(told("no-master", &failover_and_back()).is_empty());
        let elected = [
            at("a", 0, master()),
            at("b", 1, backup()),
            at("a", 100, faults()),
            at("b", 130, master()),
            at("a", 900, hears_nothing_new()),
        ];
        assert!(told("no-master", &elected).is_empty());
    }

    #[test]
    fn stays_quiet_where_a_log_is_missing_or_ends() {
        let one: Vec<Event> = both_fail().into_iter().filter(|event| &*event.node == "b").collect();
        assert!(told("no-master", &one).is_empty());
        let ends = [
            at("a", 0, master()),
            at("b", 1, backup()),
            at("a", 100, faults()),
            at("b", 101, faults()),
            at("b", 900, hears_nothing_new()),
        ];
        assert!(told("no-master", &ends).is_empty(), "a's log ends in FAULT: what it did later is unknown");
    }
}
