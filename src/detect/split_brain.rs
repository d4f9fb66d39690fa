//! Two nodes were MASTER of one instance at the same time.

mod clocks;
mod episodes;
mod refusals;

use self::clocks::{Doubt, Possible};
use super::words::{evidence, heard, lasting, length};
use super::{Explanation, Rule, listens};
use crate::event::{Daemon, Event, Keepalived, Text, Vrrp};
use crate::finding::{Bound, Confidence, Evidence, Finding, Rival, Role, Severity};
use crate::moment::{Moment, order_is_known};
use crate::version::Version;
use crate::world::{Begin, End, Mastership, Masterships, NodeFacts, PeerGroup, Unit, World, advert};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    id: "split-brain",
    explanation: Explanation {
        sees: "Two nodes of one VRRP instance were MASTER at the same time: each believed the other gone.",
        matters: "Both answer for the same addresses, both run their notify scripts, and whichever ran last has the address when it \
                  heals: a split-brain is how an EIP drift begins. Under 3 s it is an election under way (warning), longer it is not.",
        proves: "A MASTER that prints `Received advert … lower priority` proves another MASTER at that instant, and so does \
                 `Received advert … higher priority`. A partition that lets nothing through prints nothing until it heals: then \
                 the masterships of both logs overlap.",
        looks_like: "A take-over or failback, where the new MASTER's first advert makes the old one yield within moments; a restart \
                     (`received lower priority (N) advert … discarding` is a BACKUP speaking); a node that was paused or killed \
                     while MASTER and wrote no end; two unrelated clusters that both use `VI_1`; clocks that differ.",
        prevents: "Give VRRP a path of its own, or unicast peers over two; let firewalls and cloud security groups pass protocol \
                   112 both ways, also after a reload. Let the scripts ask the cloud who holds the address before they take it.",
        check_next: "Can VRRP (protocol 112) pass both ways, also in the security groups? Are authentication, interval and address \
                     lists the same on both sides? Was a node paused (`A thread timer expired`)? Where is the address now?",
    },
    listens: &[listens::STATES, listens::ADVERTS, listens::PROCESSES, listens::PAUSES],
    find,
};

/// Two masterships that overlap less than this are an election under way.
const ELECTION_MICROS: i64 = 3_000_000;
/// An overlap on paper that no advert line supports may be the clocks' doing up to this.
const PAPER_MICROS: i64 = 10_000_000;
/// 1.x advertises one interval before it enters MASTER, and may be sent back within it.
const NEAR_MISS_MICROS: i64 = 1_500_000;
/// Three adverts within this are no three intervals, unless somebody set a shorter one than the default of a second: that costs certainty,
/// and claims nothing.
const AT_ONCE_MICROS: i64 = 1_000_000;
/// 1.x advertises as soon as it is started, before its own line may be written.
const RESTART_MICROS: i64 = 1_500_000;
/// What ends by silence is over after this long; so near to each other the overlaps of a storm are told together.
const QUIET_MICROS: i64 = 60_000_000;

/// A clock that no time service sets may be off by this much; then nothing is certain that this would explain.
const ASTRAY_MICROS: i64 = 120_000_000;
/// A keepalived that was not running says so from this release on (`A thread timer expired`).
const TIMER_LATE_SINCE: Version = Version(2, 1, 0);

struct Overlap<'a> {
    from: Moment,
    to: Option<Moment>,
    /// `to` is the last advert that was heard of the other one, and no line says that either is MASTER no longer.
    ends_by_silence: bool,
    nodes: [&'a Text; 2],
    entered: Arc<Event>,
    lines: Vec<Evidence>,
    /// An advert line proves that both were MASTER.
    is_heard: bool,
    /// A MASTER heard a lesser one and stayed: no clock makes that up.
    is_lower_heard: bool,
    /// One of the two masterships has no end of its own in a log that ends early: its node may have been killed.
    may_be_dead: bool,
    was_paused: bool,
    /// What clocks may have made of it, where there are two of them.
    doubt: Option<Doubt<'a>>,
    /// Adverts prove its end only, and the older MASTER's release would not say that it had not been running until then.
    may_have_slept: bool,
    one_log: bool,
    /// 1.x, one side, one moment: the rival may have fallen back before it ever entered MASTER.
    may_be_near_miss: bool,
}

impl Overlap<'_> {
    /// Whether clocks that nothing compares may be so far apart that one followed the other in order. It takes hundreds of
    /// tries to know: who asks has no cheaper question left.
    fn may_be_clocks(&self) -> bool {
        self.doubt.as_ref().is_some_and(Doubt::holds)
    }

    fn over_at(&self, world: &World) -> Option<Moment> {
        self.to.and_then(|to| if self.ends_by_silence { world.over_at(to, QUIET_MICROS) } else { Some(to) })
    }
}

fn find(world: &World) -> Vec<Finding> {
    let pauses = Pauses::of(world);
    world.groups().iter().flat_map(|group| of_group(world, &pauses, group)).collect()
}

fn of_group(world: &World, pauses: &Pauses<'_>, group: &PeerGroup) -> Vec<Finding> {
    let mut overlaps = Vec::new();
    let nodes: Vec<(&Text, &Masterships)> = group.nodes.iter().collect();
    for (index, (a_node, a_all)) in nodes.iter().enumerate() {
        for (b_node, b_all) in &nodes[index + 1..] {
            let slack = world.clock_slack_micros(a_node, b_node);
            let are_alone = group.proven && nodes.len() == 2;
            let possible = Possible { slack_micros: slack, are_alone, may_be_deaf: false };
            let is_real = |one: &Overlap<'_>| one.is_lower_heard || !clocks::explain(one.from, a_all, b_all, possible);
            let thinkable = Possible { slack_micros: astray_micros(slack), may_be_deaf: true, ..possible };
            let is_inferred = world.is_order_inferred(a_node, b_node);
            let doubt_of = |one: &Overlap<'_>| {
                (!one.is_lower_heard).then(|| Doubt::new(one.from, (a_all, b_all), thinkable, is_inferred))
            };
            let pairs = a_all.iter().flat_map(|a| b_all.beside(a).map(move |b| (a, b)));
            let told = pairs.filter_map(|(a, b)| overlap(world, pauses, (a_node, a), (b_node, b)));
            let real = told.filter(is_real);
            overlaps.extend(real.map(|one| Overlap { doubt: doubt_of(&one), ..one }));
        }
    }
    overlaps.extend(heard_only(pauses, group));
    overlaps.sort_by(|a, b| (a.from.micros, a.nodes).cmp(&(b.from.micros, b.nodes)));
    episodes::of(overlaps).iter().map(|episode| tell(world, group, episode)).collect()
}

/// The stretch in which two masterships overlap, unless it is a hand-over.
fn overlap<'a>(
    world: &World,
    pauses: &Pauses<'_>,
    a: (&'a Text, &'a Mastership),
    b: (&'a Text, &'a Mastership),
) -> Option<Overlap<'a>> {
    let begun = |mastership: &Mastership| mastership.begun().map(|begun| begun.micros);
    let ((first_node, first), (second_node, second)) = if begun(a.1) <= begun(b.1) { (a, b) } else { (b, a) };
    let from = second.begun().or_else(|| Some(second.first.time).filter(|_| first.covers(second.first.time)))?;
    // That no line says how it began says nothing of the time before its logs.
    let from = first.begun().or_else(|| world.begin_of(first_node)).map_or(from, |begin| begin.max(from));
    let to = end_of(from, first, second);
    if to.is_some_and(|to| to.micros < from.micros) || is_never_entered(second) || is_never_entered(first) {
        return None;
    }
    // The old MASTER yields to the new one's first adverts: a hand-over.
    let yields_soon = first.ended().is_some_and(|ended| ended.micros_since(from) <= ELECTION_MICROS);
    let outlives =
        second.ended().is_none_or(|ended| first.ended().is_some_and(|yielded| ended.micros > yielded.micros));
    // Which of the two began later is unknown: then it may be one as well.
    let is_short = to.is_some_and(|to| to.micros_since(from) <= ELECTION_MICROS);
    let order_is_open = first.start().is_some_and(|start| !order_is_known(start, from));
    // It heard the older MASTER's adverts before it took over: it preempts, and is heard itself.
    let preempts = second.preempts() && first.heard_higher.is_some() && outlives;
    if yields_soon && outlives || is_short && order_is_open || preempts && is_within(from, to, PAPER_MICROS) {
        return None;
    }
    // One that died is heard again when it is started anew: that is no rival any more.
    let is_restarted = [first, second].into_iter().any(|one| has_died(one) && one.ended() == to);
    let adverts: Vec<&Arc<Event>> = [first, second]
        .into_iter()
        .flat_map(|mastership| mastership.heard_lower.iter().chain(&mastership.heard_higher))
        .filter(|line| {
            line.time.micros >= from.micros - ELECTION_MICROS
                && to.is_none_or(|to| {
                    line.time.micros < to.micros || !is_restarted && line.time.micros <= to.micros + ELECTION_MICROS
                })
        })
        .collect();
    // A higher advert that ends the older mastership proves that one instant only, as every hand-over does; unless the new MASTER had
    // not heard the old one before it entered: then it was deaf, and both were MASTER from there on.
    let was_deaf = first.heard_higher.is_some() && !second.preempts() && second.begin != Begin::Unseen;
    // What the newer one yields to is the older one only while that is known to live.
    let last_alive = match &first.end {
        Some((End::Died, end)) => Some(end.time.shifted(-RESTART_MICROS)),
        Some((End::Yielded | End::Left | End::Stopped, end)) => Some(end.time),
        None => world.last_of(first_node).map(|last| last.shifted(RESTART_MICROS)),
    };
    let yields_to_first =
        second.heard_higher.as_ref().is_some_and(|line| last_alive.is_none_or(|last| line.time.micros <= last.micros));
    let is_lower_heard = adverts.iter().any(|line| matches!(line.vrrp(), Some(Vrrp::HeardLower(_))));
    let is_told = was_deaf || yields_to_first || is_lower_heard;
    // Only a MASTER sends adverts: two that refuse each other's are two.
    let refusals = if is_told {
        Vec::new()
    } else {
        refusals::mutual(world, (first_node, first), (second_node, second), from, to)
    };
    let is_heard = is_told || !refusals.is_empty();
    // A MASTER that was started anew without having ended, and wrote nothing since the other one took over, was dead by then: a take-over.
    if has_died(first) && !is_heard && !wrote_inside(world, first_node, from, to) {
        return None;
    }
    let is_compared = world.clock_slack_micros(first_node, second_node) <= ELECTION_MICROS;
    let paper = to.or(world.horizon).map_or(0, |to| to.micros_since(from));
    if !is_heard && paper < ELECTION_MICROS {
        return None;
    }
    let mut lines = vec![evidence(
        Role::Primary,
        &second.first,
        if second.begin == Begin::Unseen { "is MASTER" } else { "MASTER" },
        format!("{second_node} becomes MASTER while {first_node} is MASTER."),
    )];
    lines.extend(adverts.iter().map(|line| heard(Role::Primary, line)));
    lines.extend(refusals.iter().map(|line| {
        let proves = format!("{} refuses an advert while it is MASTER: another node sends adverts too.", line.node);
        evidence(Role::Primary, line, "refuses an advert", proves)
    }));
    if let Some(entered) = first.entered.as_ref().filter(|_| !is_heard) {
        lines.push(evidence(Role::Primary, entered, "MASTER", format!("{first_node} is MASTER from here on.")));
    }
    for mastership in [first, second] {
        if let Some((_, end)) = mastership.end.as_ref().filter(|(_, end)| to.is_some_and(|to| end.time == to)) {
            lines.push(evidence(
                Role::Repair,
                end,
                "no longer MASTER",
                format!("{} is not MASTER any more: one is left.", end.node),
            ));
        }
    }
    Some(Overlap {
        from,
        to,
        ends_by_silence: first.ended().or(second.ended()).is_none(),
        nodes: [first_node, second_node],
        entered: Arc::clone(&second.first),
        lines,
        is_heard,
        is_lower_heard,
        may_be_dead: may_have_died(world, first_node, first, from) || has_died(second),
        was_paused: woke_to_a_queue(first, from)
            || [first_node, second_node].into_iter().any(|node| pauses.was_paused(node, from, to, is_compared)),
        doubt: None,
        may_have_slept: may_have_slept(world, first_node, from, to),
        one_log: false,
        may_be_near_miss: false,
    })
}

/// By how much two clocks may differ where nothing may be wrong.
fn astray_micros(slack_micros: i64) -> i64 {
    if slack_micros > ELECTION_MICROS { ASTRAY_MICROS } else { 0 }
}

/// Until when both were MASTER. One that died, or whose log ends, was MASTER for as long as the other heard its adverts.
fn end_of(from: Moment, first: &Mastership, second: &Mastership) -> Option<Moment> {
    let told = [first.ended(), second.ended()].into_iter().flatten().min();
    let is_told = second.end.as_ref().is_some_and(|(end, _)| *end != End::Died);
    let heard =
        first.heard_lower.iter().map(|line| line.time).filter(|time| time.micros >= from.micros - ELECTION_MICROS);
    match heard.max() {
        Some(last) if !is_told => Some(told.map_or(last, |told| told.min(last)).max(from)),
        Some(_) | None => told,
    }
}

fn is_within(from: Moment, to: Option<Moment>, micros: i64) -> bool {
    to.is_some_and(|to| to.micros_since(from) < micros)
}

fn has_died(mastership: &Mastership) -> bool {
    mastership.end.as_ref().is_some_and(|(end, _)| *end == End::Died)
}

/// Whether nothing shows that a MASTER still lived at a moment: it died unseen, or its keepalived wrote nothing afterwards.
fn may_have_died(world: &World, node: &Text, mastership: &Mastership, moment: Moment) -> bool {
    let last =
        world.nodes.get(node).and_then(|facts| facts.spans.get(&Daemon::Keepalived)).map(|(_, last)| last.micros);
    has_died(mastership) || mastership.end.is_none() && last.is_none_or(|last| last <= moment.micros)
}

fn wrote_inside(world: &World, node: &Text, from: Moment, to: Option<Moment>) -> bool {
    let next = world.nodes.get(node).and_then(|facts| facts.vrrp.since(from.shifted(1)).first());
    next.is_some_and(|event| to.is_none_or(|to| event.time.micros < to.micros))
}

fn is_never_entered(mastership: &Mastership) -> bool {
    mastership.begin == Begin::Pending && mastership.entered.is_none()
}

/// When nodes woke that had not been running, and since when they had not: few, so that they are looked for once.
struct Pauses<'w>(BTreeMap<&'w Text, Vec<(i64, i64)>>);

impl<'w> Pauses<'w> {
    fn of(world: &'w World) -> Self {
        let woke = |event: &Arc<Event>| {
            let Some(Keepalived::TimerLate { seconds }) = event.keepalived() else { return None };
            Some((event.time.micros, event.time.micros - i64::from(*seconds) * 1_000_000))
        };
        let of_node = |facts: &NodeFacts| facts.vrrp.events().iter().filter_map(woke).collect();
        Self(world.nodes.iter().map(|(node, facts)| (node, of_node(facts))).collect())
    }

    /// A node that was not running while its rival took over wakes believing it is MASTER. Where nothing compares its clock with the one
    /// that tells when that was, any pause will do that is long enough.
    fn was_paused(&self, node: &Text, from: Moment, to: Option<Moment>, is_compared: bool) -> bool {
        self.0.get(node).into_iter().flatten().any(|(woke, asleep_since)| {
            if !is_compared {
                return is_within(from, to, woke - asleep_since + ELECTION_MICROS);
            }
            *asleep_since <= from.micros + ELECTION_MICROS
                && to.is_none_or(|to| *woke <= to.micros + ELECTION_MICROS)
                && *woke >= from.micros
        })
    }
}

/// Whether a MASTER may not have been running for most of a stretch: it wrote nothing in it before its end, where it hears the
/// other one whether it was cut off or asleep, and its release does not say which.
fn may_have_slept(world: &World, node: &Text, from: Moment, to: Option<Moment>) -> bool {
    let Some(to) = to.filter(|to| to.micros_since(from) >= ELECTION_MICROS) else { return false };
    if world.version(node, Daemon::Keepalived).is_from(TIMER_LATE_SINCE) {
        return false;
    }
    !wrote_inside(world, node, from, Some(to.shifted(-ELECTION_MICROS)))
}

/// Whether a MASTER that had heard nothing since the other one took over then heard several adverts at once: they come no more often than once
/// an interval, so they had waited for it to run again.
fn woke_to_a_queue(first: &Mastership, from: Moment) -> bool {
    let since = first.heard_lower.partition_point(|line| line.time.micros < from.micros);
    let [one, _, third, ..] = &first.heard_lower[since..] else { return false };
    one.time.micros_since(from) > ELECTION_MICROS && third.time.micros_since(one.time) < AT_ONCE_MICROS
}

/// Lower-priority lines whose rival's own log is not here.
fn heard_only<'a>(pauses: &Pauses<'_>, group: &'a PeerGroup) -> Vec<Overlap<'a>> {
    let mut found = Vec::new();
    for (node, masterships) in &group.nodes {
        for mastership in masterships {
            let alien = |line: &&Arc<Event>| {
                let (before, after) = (line.time.shifted(-ELECTION_MICROS), line.time.shifted(ELECTION_MICROS));
                !group.rivals_between(node, before, after).any(|(_, other)| other.first.time.micros <= after.micros)
            };
            // A MASTER this young hears the last adverts of the one it replaces.
            let settled = |line: &&Arc<Event>| {
                mastership.start().is_none_or(|start| line.time.micros_since(start) > ELECTION_MICROS)
            };
            let lines: Vec<&Arc<Event>> = mastership.heard_lower.iter().filter(alien).filter(settled).collect();
            let (Some(first), Some(last)) = (lines.first(), lines.last()) else { continue };
            found.push(Overlap {
                from: first.time,
                to: Some(last.time),
                ends_by_silence: mastership.ended().is_none(),
                nodes: [node, node],
                entered: Arc::clone(first),
                lines: lines.iter().map(|line| heard(Role::Primary, line)).collect(),
                is_heard: true,
                is_lower_heard: true,
                may_be_dead: false,
                was_paused: pauses.was_paused(node, first.time.shifted(-ELECTION_MICROS), Some(last.time), true),
                doubt: None,
                may_have_slept: false,
                one_log: true,
                may_be_near_miss: advert(first).is_some_and(|advert| advert.from.is_none())
                    && last.time.micros_since(first.time) < NEAR_MISS_MICROS,
            });
        }
    }
    found
}

fn tell(world: &World, group: &PeerGroup, episode: &[Overlap<'_>]) -> Finding {
    let first = &episode[0];
    let ends: Option<Vec<Moment>> = episode.iter().map(|overlap| overlap.over_at(world)).collect();
    let end = ends.and_then(|ends| ends.into_iter().max_by_key(|end| end.micros));
    let unit = group.unit.name();
    let confidence = surest(episode);
    let longest = episode
        .iter()
        .map(|overlap| overlap.to.map_or(i64::MAX, |to| to.micros_since(overlap.from)))
        .max()
        .unwrap_or(0);
    let severity = if longest < ELECTION_MICROS { Severity::Warning } else { Severity::Critical };
    let first_evidence = first.lines[0].clone();
    let mut finding = Finding::new(RULE.id, &group.key(), severity, confidence, first_evidence);
    finding.since = first.from;
    if first.one_log || first.entered.time != first.from {
        finding.since_is = Bound::AtMost;
    }
    finding.until = end;
    for overlap in episode {
        for line in &overlap.lines {
            finding.add(line.clone());
        }
    }
    let nodes: BTreeSet<&Text> = episode.iter().flat_map(|overlap| overlap.nodes).collect();
    finding.subject.nodes = nodes.iter().map(|node| (*node).clone()).collect();
    match &group.unit {
        Unit::Instance(name) => finding.subject.instance = Some(name.clone()),
        Unit::Group(name) => finding.subject.group = Some(name.clone()),
    }
    let who = match finding.subject.nodes.as_slice() {
        [only] => {
            let rival = advert(&first.entered).and_then(|advert| advert.from.clone());
            format!("{only} and {}", rival.as_deref().unwrap_or("another node"))
        }
        several => super::words::list(several),
    };
    let verb = if finding.is_open() { "are" } else { "were" };
    let how_long =
        end.map_or_else(|| format!(" {}", world.to_here()), |end| format!(" for {}", length(first.from, end)));
    let surely = if confidence == Confidence::Suspected { " perhaps" } else { "" };
    finding.claim = match episode.len() {
        1 => format!("{who} {verb}{surely} MASTER of {unit} at the same time{how_long}"),
        times => {
            let in_all: i64 = episode.iter().filter_map(|overlap| Some(overlap.to?.micros_since(overlap.from))).sum();
            let in_all = lasting(in_all, first.from.precision);
            format!(
                "{who} {verb}{surely} MASTER of {unit} at the same time {times} times, {in_all} in all{}",
                how_long.replace(" for ", " within ")
            )
        }
    };
    finding.story = vec![format!(
        "{} was MASTER of {unit} when {} became MASTER too, at {}.",
        first.nodes[0],
        if first.one_log { "another node" } else { first.nodes[1] },
        first.from.rfc3339()
    )];
    finding.rivals = rivals(group, episode);
    finding.next_steps = vec!["check where the address is: the script that ran last has it.".to_owned()];
    finding.prevention = vec![
        "let VRRP (protocol 112) pass both ways, or use unicast_peer where multicast is lost.".to_owned(),
        "give the election time: a longer advert_int, vrrp_startup_delay (keepalived 2.0.14 or later) for boot-time flaps.".to_owned(),
    ];
    finding
}

fn confidence(overlap: &Overlap<'_>) -> Confidence {
    let on_paper = overlap.to.is_some_and(|to| to.micros_since(overlap.from) < PAPER_MICROS);
    let rests_on_an_end = overlap.may_be_dead && !overlap.is_heard;
    if rests_on_an_end || overlap.was_paused || overlap.may_be_near_miss || (!overlap.is_heard && on_paper) {
        Confidence::Suspected
    } else if overlap.is_heard && !overlap.one_log && !overlap.may_have_slept && !overlap.may_be_clocks() {
        Confidence::Confirmed
    } else {
        Confidence::Likely
    }
}

/// How sure the surest of them is; none is looked at behind one that is confirmed.
fn surest(episode: &[Overlap<'_>]) -> Confidence {
    let mut surest = Confidence::Suspected;
    for overlap in episode {
        surest = surest.max(confidence(overlap));
        if surest == Confidence::Confirmed {
            break;
        }
    }
    surest
}

fn rivals(group: &PeerGroup, episode: &[Overlap<'_>]) -> Vec<Rival> {
    let mut rivals = Vec::new();
    if episode.iter().any(|overlap| overlap.may_be_dead && !overlap.is_heard) {
        rivals.push(Rival {
            claim: "one of them had died while MASTER: its log ends without saying so".to_owned(),
            settled_by: "the system's journal of that node (was keepalived killed, did the host go down?)".to_owned(),
        });
    }
    if episode.iter().any(|overlap| overlap.was_paused) {
        rivals.push(Rival {
            claim: "one of them was not running at the time (`A thread timer expired`) and woke up as MASTER"
                .to_owned(),
            settled_by: "the hypervisor's log".to_owned(),
        });
    }
    if episode.iter().all(Overlap::may_be_clocks) {
        rivals.push(Rival {
            claim: "their clocks differ by more than that, and one followed the other in order".to_owned(),
            settled_by: "the time services of both at that time (chronyc tracking, timedatectl), then --skew"
                .to_owned(),
        });
    }
    if episode.iter().any(|overlap| overlap.may_have_slept && !overlap.was_paused) {
        rivals.push(Rival {
            claim: format!(
                "{} was not running until then (a paused machine) and woke up as MASTER, which keepalived says from 2.1.0 on only",
                episode[0].nodes[0]
            ),
            settled_by: "the hypervisor's log, or other programs' lines of that node meanwhile".to_owned(),
        });
    }
    if episode.iter().all(|overlap| !overlap.is_heard) && !group.proven {
        rivals.push(Rival {
            claim: format!("they are no peers: {} is everybody's name and no advert ties them", group.unit.name()),
            settled_by: "keepalived.conf of both (virtual_router_id, unicast_peer)".to_owned(),
        });
    }
    rivals
}

#[cfg(test)]
mod tests;
