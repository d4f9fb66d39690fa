//! Nodes refuse adverts because their configuration and the sender's differ.

use super::words::{length, name_unit, several};
use super::{Explanation, Rule, listens};
use crate::event::{Event, Mismatch, Text, Vrrp};
use crate::finding::{Bound, Confidence, Finding, Rival, Role, Severity};
use crate::world::{PeerGroup, Run, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "advert-mismatch",
    explanation: Explanation {
        sees: "A node refuses VRRP adverts, again and again, because something in them is not what its own configuration says: \
               authentication, interval, version, addresses, virtual router id, unicast peer, multicast or unicast, TTL, checksum.",
        matters: "Who refuses adverts does not see the sender. keepalived 2.x then becomes MASTER beside it, for as long as the difference \
                  lasts; 1.x stays a BACKUP, and the difference is only noticed when it matters.",
        proves: "The refusing node's own line names what differs. That both are MASTER because of it is told from both nodes' states; \
                 then it is critical.",
        looks_like: "A damaged packet or two; a change of configuration that reaches the nodes one after the other, within moments; \
                     another cluster on the same network with the same virtual_router_id.",
        prevents: "Keep keepalived.conf of all nodes in one place and roll it out to all at once; `keepalived -t` (2.0 and later) \
                   checks the file, not its peers.",
        check_next: "Compare the vrrp_instance blocks of the nodes (auth_pass, advert_int, version, virtual_ipaddress, unicast_peer), and \
                     when each node was last reloaded. keepalived --config-test reads a file without using it.",
    },
    listens: &[listens::REFUSED_ADVERTS, listens::STATES, listens::PROCESSES],
    find,
};

/// Adverts come every few seconds; 2.3.3 and later print the same refusal more rarely. After this long it is another matter.
const QUIET_MICROS: i64 = 600_000_000;
/// Fewer lines are a damaged packet or a stranger's…
const LINES_MIN: u64 = 3;
/// …and a shorter stretch is a change of configuration on its way to the other node.
const LASTING_MICROS: i64 = 10_000_000;
/// Two MASTERs for less than this are an election under way.
const ELECTION_MICROS: i64 = 3_000_000;
/// One that still lasts has a line within this of the end of the logs.
const STILL_MICROS: i64 = 60_000_000;

fn find(world: &World) -> Vec<Finding> {
    world.groups().iter().flat_map(|group| of_group(world, group)).collect()
}

fn of_group(world: &World, group: &PeerGroup) -> Vec<Finding> {
    let lasting = |is_wanted: fn(Mismatch) -> bool| -> Vec<Run<'_>> {
        let mut runs = world.runs(group, QUIET_MICROS, |what| mismatch(what).is_some_and(is_wanted));
        let is_wanted: Vec<bool> = runs
            .iter()
            .map(|run| {
                let lasts = run.last().micros_since(run.first()) >= LASTING_MICROS;
                // Of two nodes that refuse each other each may say so once.
                let beside = runs.iter().filter(|other| is_beside(run, other)).map(Run::count).sum::<u64>();
                run.count() >= LINES_MIN && lasts || beside >= LINES_MIN && leaves_two_masters(world, group, run)
            })
            .collect();
        let mut is_wanted = is_wanted.into_iter();
        runs.retain(|_| is_wanted.next() == Some(true));
        runs
    };
    // The line that a packet was dropped follows the one that says why, which before 1.2.20 names no instance.
    let mut runs = lasting(|mismatch| mismatch != Mismatch::Unsaid);
    if runs.is_empty() {
        runs = lasting(|mismatch| mismatch == Mismatch::Unsaid);
    }
    runs.sort_by(|a, b| (a.first().micros, a.node).cmp(&(b.first().micros, b.node)));
    // Nodes whose configurations differ refuse each other: that is one matter.
    let mut together: Vec<Vec<Run<'_>>> = Vec::new();
    for run in runs {
        let goes_on = together.last().is_some_and(|known| {
            let end = known.iter().map(|known| known.last().micros).max().unwrap_or(i64::MIN);
            run.first().micros.saturating_sub(end) <= QUIET_MICROS
        });
        match together.last_mut().filter(|_| goes_on) {
            Some(known) => known.push(run),
            None => together.push(vec![run]),
        }
    }
    together.iter().filter_map(|runs| tell(world, group, runs)).collect()
}

/// Whether two runs begin together: about one matter.
fn is_beside(one: &Run<'_>, other: &Run<'_>) -> bool {
    one.first().micros_since(other.first()).abs() <= LASTING_MICROS
}

/// Whether two nodes are MASTER long after a refusal: 2.3.3 and later say only a few times that they refuse the other one.
fn leaves_two_masters(world: &World, group: &PeerGroup, run: &Run<'_>) -> bool {
    let (from, to) = (run.last().shifted(ELECTION_MICROS), run.last().shifted(LASTING_MICROS));
    let is_known = world.horizon.is_some_and(|end| end.micros >= to.micros);
    let masters = |moment| world.masters_at(group, moment).map(|(node, _)| node).collect::<BTreeSet<&Text>>();
    is_known && masters(from).intersection(&masters(to)).count() > 1
}

fn mismatch(what: &Vrrp) -> Option<Mismatch> {
    if let Vrrp::AdvertRejected { mismatch, .. } = what { Some(*mismatch) } else { None }
}

/// What differs, as the end of a sentence that begins with "because".
fn differs(mismatch: Mismatch) -> &'static str {
    match mismatch {
        Mismatch::Authentication => "the authentication differs",
        Mismatch::Interval => "the advertisement interval differs",
        Mismatch::Version => "the VRRP version differs",
        Mismatch::Addresses => "the virtual addresses differ",
        Mismatch::VirtualRouter => "the virtual router id differs",
        Mismatch::Peer => "the sender is not a configured unicast peer",
        Mismatch::Cast => "one side sends by multicast and the other by unicast",
        Mismatch::Ttl => "the TTL shows that the advert came through a router",
        Mismatch::Checksum => "the checksum is wrong",
        Mismatch::Form => "the packet is not a whole advert",
        Mismatch::Unsaid => "something in it does not fit",
    }
}

/// Two nodes that were MASTER at once for longer than an election while adverts were refused.
fn two_masters<'a>(world: &'a World, group: &'a PeerGroup, runs: &[Run<'_>]) -> Option<Vec<&'a Text>> {
    let lines = runs.iter().flat_map(|run| run.lines.iter());
    lines
        .into_iter()
        .map(|line| {
            let masters = |micros| -> BTreeSet<&Text> {
                world.masters_at(group, line.time.shifted(micros)).map(|(node, _)| node).collect()
            };
            masters(-ELECTION_MICROS).intersection(&masters(ELECTION_MICROS)).copied().collect()
        })
        .find(|both: &Vec<&Text>| both.len() > 1)
}

fn tell(world: &World, group: &PeerGroup, runs: &[Run<'_>]) -> Option<Finding> {
    let unit = group.unit.name();
    let mut lines: BTreeMap<(&Text, Mismatch), Vec<&Arc<Event>>> = BTreeMap::new();
    for run in runs {
        for line in &run.lines {
            let Some(mismatch) = line.vrrp().and_then(mismatch) else { continue };
            lines.entry((run.node, mismatch)).or_default().push(line);
        }
    }
    let mut evidence: Vec<_> = lines
        .iter()
        .filter_map(|((node, mismatch), lines)| {
            let why = differs(*mismatch);
            several(
                Role::Primary,
                lines,
                format!("refuses adverts: {why}"),
                format!("{node} refuses an advert because {why}."),
            )
        })
        .collect();
    evidence.sort_by(|a, b| (a.event.time.micros, &a.event.node).cmp(&(b.event.time.micros, &b.event.node)));
    let mut evidence = evidence.into_iter();
    let both = two_masters(world, group, runs);
    let severity = if both.is_some() { Severity::Critical } else { Severity::Warning };
    let mut finding = Finding::new(RULE.id, &group.key(), severity, Confidence::Confirmed, evidence.next()?);
    evidence.for_each(|line| finding.add(line));
    name_unit(&mut finding, group);
    let nodes: BTreeSet<&Text> = runs.iter().map(|run| run.node).collect();
    finding.subject.nodes = nodes.iter().copied().chain(both.iter().flatten().copied()).cloned().collect();
    finding.subject.nodes.sort();
    finding.subject.nodes.dedup();
    finding.subject.node = Some(runs[0].node.clone()).filter(|_| nodes.len() == 1);
    let senders = senders(runs);
    finding.subject.address = if senders.len() == 1 { senders.first().cloned() } else { None };
    finding.since_is = Bound::Exact;
    let last = runs.iter().map(Run::last).max_by_key(|last| last.micros).unwrap_or(finding.since);
    let end = nodes.iter().filter_map(|node| world.last_of(node)).max_by_key(|end| end.micros);
    finding.until = Some(last).filter(|last| end.is_some_and(|end| end.micros_since(*last) > STILL_MICROS));
    let whys: BTreeSet<Mismatch> = lines.keys().map(|(_, mismatch)| *mismatch).collect();
    let why: Vec<&str> = whys.iter().map(|mismatch| differs(*mismatch)).collect();
    let count: u64 = runs.iter().map(Run::count).sum();
    let from = if senders.is_empty() { String::new() } else { format!(" of {}", super::words::list(&senders)) };
    let verb = match (finding.is_open(), nodes.len()) {
        (true, 1) => "refuses",
        (true, _) => "refuse",
        (false, _) => "refused",
    };
    finding.claim = format!(
        "{} {verb} adverts{from} for {unit} because {} ({count} times in {})",
        super::words::list(nodes),
        why.join(", and because "),
        length(finding.since, last)
    );
    match both {
        Some(both) => finding.story.push(format!(
            "{} were MASTER of {unit} at the same time meanwhile: who refuses an advert does not see its sender.",
            super::words::list(both)
        )),
        None => finding.rivals.push(Rival {
            claim: "another cluster on this network uses the same virtual_router_id".to_owned(),
            settled_by: "the sender's address (tcpdump -n 'ip proto 112')".to_owned(),
        }),
    }
    finding.next_steps = vec![format!(
        "compare the vrrp_instance {unit} of all nodes, correct the one that differs, and reload keepalived there."
    )];
    finding.prevention = vec![
        "write the nodes' keepalived.conf from one template, and reload both within one advertisement interval or stop the BACKUP first."
            .to_owned(),
    ];
    Some(finding)
}

/// Who sent what was refused, where the lines name it (2.3.3 and later).
fn senders(runs: &[Run<'_>]) -> BTreeSet<Text> {
    let lines = runs.iter().flat_map(|run| run.lines.iter());
    lines
        .filter_map(|line| match line.vrrp() {
            Some(Vrrp::AdvertRejected { from, .. }) => from.clone(),
            Some(_) | None => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::detect::testing::*;
    use crate::event::{Event, Mismatch};
    use crate::finding::Severity;

    fn refusing(node: &str, seconds: std::ops::Range<i64>, mismatch: Mismatch) -> Vec<Event> {
        seconds.map(|second| at(node, second, rejects(mismatch))).collect()
    }

    #[test]
    fn fires_on_adverts_refused_again_and_again_and_says_why() {
        let refused = [vec![at("a", 0, master()), at("b", 1, backup())], refusing("b", 100..140, Mismatch::Interval)];
        assert_eq!(told("advert-mismatch", &refused.concat()), ["confirmed open"]);
        let finding = &find("advert-mismatch", &refused.concat())[0];
        assert!(finding.claim.contains("the advertisement interval differs (40 times"), "{}", finding.claim);
        assert_eq!(finding.severity, Severity::Warning);
    }

    /// 2.x: a BACKUP that refuses the MASTER's adverts becomes MASTER itself.
    fn split() -> Vec<Event> {
        let mut events = refusing("b", 100..140, Mismatch::Authentication);
        events.extend(refusing("a", 104..140, Mismatch::Authentication));
        events.extend([at("a", 0, master()), at("b", 1, backup()), at("b", 104, master()), at("b", 141, backup())]);
        events.push(at("a", 900, hears_nothing_new()));
        events
    }

    #[test]
    fn is_critical_where_it_makes_two_masters_and_explains_them() {
        assert_eq!(told("advert-mismatch", &split()), ["confirmed closed"]);
        let finding = &find("advert-mismatch", &split())[0];
        assert_eq!((finding.severity, finding.subject.nodes.len()), (Severity::Critical, 2));
        assert_eq!(find("split-brain", &split())[0].cause.as_ref(), Some(&finding.id));
    }

    #[test]
    fn stays_quiet_on_a_damaged_packet_and_a_change_under_way() {
        let pair = [at("a", 0, master()), at("b", 1, backup())];
        let damaged = [at("b", 100, rejects(Mismatch::Checksum)), at("b", 300, rejects(Mismatch::Checksum))];
        assert!(told("advert-mismatch", &[pair.as_slice(), &damaged].concat()).is_empty());
        let change = refusing("b", 100..106, Mismatch::Authentication);
        assert!(told("advert-mismatch", &[pair.to_vec(), change].concat()).is_empty());
    }

    #[test]
    fn the_line_that_only_says_dropped_is_the_last_resort() {
        let pair = vec![at("a", 0, master()), at("b", 1, backup())];
        let dropped = refusing("b", 100..140, Mismatch::Unsaid);
        let both = [pair.clone(), dropped.clone(), refusing("b", 100..140, Mismatch::Version)].concat();
        assert!(find("advert-mismatch", &both)[0].claim.contains("the VRRP version differs (40 times"));
        assert!(find("advert-mismatch", &[pair, dropped].concat())[0].claim.contains("something in it"));
    }

    /// 2.3.3 says so a few times and is then quiet; that both stay MASTER shows that it lasts.
    #[test]
    fn a_few_refusals_that_leave_two_masters_are_enough() {
        let refused = [refusing("b", 5..7, Mismatch::Authentication), refusing("a", 5..6, Mismatch::Authentication)];
        let masters = vec![at("a", 0, master()), at("b", 4, master())];
        let later = vec![at("a", 60, hears_nothing_new()), at("b", 60, hears_nothing_new())];
        let all = [refused.concat(), masters, later].concat();
        assert_eq!(told("advert-mismatch", &all), ["confirmed open"]);
        let yields = [all, vec![at("b", 9, backup())]].concat();
        assert!(told("advert-mismatch", &yields).is_empty());
        // A stray packet hours before is no part of it, and one beside two MASTERs explains nothing.
        let strays =
            [refusing("b", 5..6, Mismatch::Checksum), refusing("b", 9_000..9_002, Mismatch::Checksum)].concat();
        let split = vec![at("a", 0, master()), at("b", 4, master()), at("a", 9_900, hears_nothing_new())];
        assert!(told("advert-mismatch", &[strays, split].concat()).is_empty());
    }
}
