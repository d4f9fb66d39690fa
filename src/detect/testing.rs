//! Small timelines for the rules' tests: a node, a second, a fact.

use crate::event::{
    Advert, Cloud, CloudFact, Event, Fact, Keepalived, Mismatch, Origin, Pdns, Text, TransferFailure, Vrrp,
};
use crate::finding::Finding;
use crate::moment::{Moment, Precision};
use crate::world::{Clock, StatedNode, Topology, World};
use std::sync::Arc;

/// 2020-08-08 21:00:00 UTC, where all test timelines begin.
const BEGIN_MICROS: i64 = 1_596_920_400_000_000;
/// The address that moves, and the one the primary otherwise leaves from.
pub(super) const ADDRESS: &str = "192.0.2.10";
pub(super) const ORDINARY: &str = "198.51.100.1";

pub(super) fn at(node: &str, second: i64, fact: Fact) -> Event {
    let time = Moment { micros: BEGIN_MICROS + second * 1_000_000, precision: Precision::Micro };
    let origin = Origin { path: Text::from(node), line: u64::try_from(second).ok(), cursor: None };
    let id = match &fact {
        Fact::Pdns(_) => "pdns/test",
        Fact::Vrrp { .. } | Fact::Group { .. } | Fact::Keepalived(_) => "keepalived/test",
        Fact::Site { .. }
        | Fact::Cloud(_)
        | Fact::Keeper(_)
        | Fact::Setting(_)
        | Fact::Other
        | Fact::Unrecognised(_) => "other",
    };
    let raw = Text::from(format!("{second} {fact:?}"));
    Event { id, fact, time, node: Text::from(node), pid: None, repeated: 1, origin, raw: raw.into() }
}

fn vrrp(what: Vrrp) -> Fact {
    Fact::Vrrp { instance: Text::from("VI_1"), what }
}

fn advert(ours: u32, theirs: u32) -> Advert {
    Advert { from: Some(Text::from("192.0.2.200")), theirs: Some(theirs), ours: Some(ours) }
}

pub(super) fn starts() -> Fact {
    Fact::Keepalived(Keepalived::Starting { version: Some(Text::from("2.2.7")) })
}

pub(super) fn stops() -> Fact {
    Fact::Keepalived(Keepalived::Stopping)
}

pub(super) fn reloads() -> Fact {
    Fact::Keepalived(Keepalived::Reloading)
}

/// keepalived finds at load that a script cannot be run.
pub(super) fn disables_script() -> Fact {
    Fact::Keepalived(Keepalived::ScriptFailed { path: Some(Text::from("/etc/keepalived/master.sh")) })
}

pub(super) fn sends_zero() -> Fact {
    vrrp(Vrrp::SentZero)
}

pub(super) fn lowers_priority() -> Fact {
    vrrp(Vrrp::PriorityChanged { from: 103, to: 93 })
}

pub(super) fn hears_zero() -> Fact {
    vrrp(Vrrp::HeardZeroAsBackup)
}

pub(super) fn master() -> Fact {
    vrrp(Vrrp::MasterEntered)
}

pub(super) fn pending() -> Fact {
    vrrp(Vrrp::MasterPending)
}

pub(super) fn backup() -> Fact {
    vrrp(Vrrp::BackupEntered { at_start: false })
}

pub(super) fn faults() -> Fact {
    vrrp(Vrrp::FaultEntered)
}

pub(super) fn rejects(mismatch: Mismatch) -> Fact {
    vrrp(Vrrp::AdvertRejected { mismatch, from: None })
}

pub(super) fn wakes_after(seconds: u32) -> Fact {
    Fact::Keepalived(Keepalived::TimerLate { seconds })
}

/// A line of another program: the log goes on.
pub(super) fn hears_nothing_new() -> Fact {
    Fact::Other
}

pub(super) fn hears_lower() -> Fact {
    vrrp(Vrrp::HeardLower(advert(103, 102)))
}

pub(super) fn hears_higher() -> Fact {
    vrrp(Vrrp::HeardHigher(advert(102, 103)))
}

pub(super) fn waits_for_lower() -> Fact {
    vrrp(Vrrp::HeardLowerAsBackup(advert(103, 102)))
}

fn zone() -> Text {
    Text::from("example.com")
}

pub(super) fn stale() -> Fact {
    let primary = Some(Text::from(ADDRESS));
    Fact::Pdns(Pdns::ZoneStale {
        zone: zone(),
        primary,
        primary_serial: Some(2020081701),
        our_serial: Some(2020080601),
    })
}

pub(super) fn refused() -> Fact {
    let reason = Text::from("Server Not Authoritative for zone / Not Authorized");
    Fact::Pdns(Pdns::TransferFailed {
        zone: zone(),
        primary: Some(Text::from(ADDRESS)),
        why: TransferFailure::Refused,
        reason,
        until: None,
    })
}

pub(super) fn fresh() -> Fact {
    Fact::Pdns(Pdns::ZoneFresh { zone: zone(), primary: Some(Text::from(ADDRESS)), serial: Some(2020081701) })
}

/// The copy has 2020081701, the primary `theirs`.
pub(super) fn is_newer_than(theirs: u32) -> Fact {
    newer(2020081701, theirs)
}

/// The primary's serial has wrapped: it is newer by RFC 1982.
pub(super) fn was_wrapped() -> Fact {
    newer(u32::MAX, 5)
}

fn newer(ours: u32, theirs: u32) -> Fact {
    let primary = Some(Text::from(ADDRESS));
    Fact::Pdns(Pdns::ZoneNewer { zone: zone(), primary, primary_serial: Some(theirs), our_serial: Some(ours) })
}

pub(super) fn transfer_fails(why: TransferFailure) -> Fact {
    let (reason, primary) = (Text::from("it failed"), Some(Text::from(ADDRESS)));
    Fact::Pdns(Pdns::TransferFailed { zone: zone(), primary, why, reason, until: None })
}

/// A SOA check without an answer, the how-many-eth in a row.
pub(super) fn unretrievable(attempt: u32) -> Fact {
    let attempt = Some(attempt);
    Fact::Pdns(Pdns::SoaUnretrievable { zone: zone(), primary: None, until: None, attempt, answered: false })
}

/// A SOA check that is answered with an error.
pub(super) fn soa_error() -> Fact {
    let primary = Some(Text::from(ADDRESS));
    Fact::Pdns(Pdns::SoaUnretrievable { zone: zone(), primary, until: None, attempt: None, answered: true })
}

pub(super) fn times_out() -> Fact {
    Fact::Pdns(Pdns::FreshnessChecked { zones: 0, timeouts: 1 })
}

/// A secondary, as the primary names it.
fn receiver() -> Text {
    Text::from("203.0.113.21")
}

pub(super) fn gives_up() -> Fact {
    Fact::Pdns(Pdns::NotifyUnanswered { zone: zone(), by: receiver() })
}

pub(super) fn is_acknowledged() -> Fact {
    Fact::Pdns(Pdns::NotifyAcknowledged { zone: zone(), by: receiver() })
}

pub(super) fn committed() -> Fact {
    Fact::Pdns(Pdns::ZoneCommitted { zone: zone(), primary: Some(Text::from(ADDRESS)), serial: Some(2020081701) })
}

pub(super) fn denies() -> Fact {
    Fact::Pdns(Pdns::TransferDenied { zone: zone(), client: Some(Text::from("203.0.113.21")) })
}

pub(super) fn is_asked() -> Fact {
    Fact::Pdns(Pdns::TransferAsked { zone: zone(), client: Text::from("192.0.2.53") })
}

pub(super) fn serves() -> Fact {
    Fact::Pdns(Pdns::TransferServed { zone: zone(), client: Text::from("203.0.113.21") })
}

pub(super) fn sends_notify() -> Fact {
    Fact::Pdns(Pdns::NotifyQueued { zone: zone(), to: Text::from("203.0.113.21") })
}

pub(super) fn takes_notify() -> Fact {
    Fact::Pdns(Pdns::NotifyAccepted { zone: zone(), from: Some(Text::from(ADDRESS)) })
}

pub(super) fn turns_away(from: &str) -> Fact {
    Fact::Pdns(Pdns::NotifyRefused { zone: zone(), from: Text::from(from) })
}

pub(super) fn is_rejected() -> Fact {
    Fact::Pdns(Pdns::NotifyRejected {
        zone: zone(),
        by: Text::from("203.0.113.21"),
        reason: Text::from("Query Refused"),
    })
}

/// `a` is `i-0aaa` and `b` is `i-0bbb`, as stated.
pub(super) fn stated() -> Topology {
    let node = |id: &str| StatedNode { cloud_ids: [Text::from(id)].into(), ..StatedNode::default() };
    let nodes = [(Text::from("a"), node("i-0aaa")), (Text::from("b"), node("i-0bbb"))];
    Topology { nodes: nodes.into(), ..Topology::default() }
}

/// The cloud ties the address to an instance, as `caller` asks.
pub(super) fn associates(instance: &str, caller: &str) -> Fact {
    Fact::Cloud(Box::new(Cloud {
        what: CloudFact::Associated,
        address: Some(Text::from(ADDRESS)),
        target: vec![Text::from(instance)],
        caller: Some(Text::from(caller)),
        ..Cloud::default()
    }))
}

/// The cloud refuses to.
pub(super) fn refuses(instance: &str) -> Fact {
    let Fact::Cloud(mut cloud) = associates(instance, instance) else { unreachable!("it is a cloud's record") };
    cloud.refused = Some(Text::from("Client.UnauthorizedOperation"));
    Fact::Cloud(cloud)
}

/// The seed's flap: `b` is MASTER from 100 to 101 while `a` is MASTER all along.
pub(super) fn flap() -> Vec<Event> {
    vec![
        at("a", 0, master()),
        at("b", 1, backup()),
        at("b", 100, master()),
        at("a", 100, hears_lower()),
        at("b", 101, hears_higher()),
        at("b", 101, backup()),
    ]
}

/// A planned failover from `a` to `b` at 100 and the failback at 200.
pub(super) fn failover_and_back() -> Vec<Event> {
    vec![
        at("a", 0, master()),
        at("b", 1, backup()),
        at("a", 100, stops()),
        at("b", 101, master()),
        at("a", 190, starts()),
        at("a", 198, waits_for_lower()),
        at("a", 199, waits_for_lower()),
        at("a", 200, master()),
        at("b", 200, hears_higher()),
        at("b", 200, backup()),
    ]
}

/// What one rule finds in a timeline; events may be given in any order.
pub(super) fn find(rule: &str, events: &[Event]) -> Vec<Finding> {
    find_where(&Topology::default(), rule, events)
}

/// The same, where something is stated.
pub(super) fn find_where(topology: &Topology, rule: &str, events: &[Event]) -> Vec<Finding> {
    find_in(topology, &measured(events), rule, events, None)
}

/// The same, where nothing compares the nodes' clocks.
pub(super) fn find_unmeasured(rule: &str, events: &[Event]) -> Vec<Finding> {
    find_in(&Topology::default(), &[], rule, events, None)
}

/// The same as [`told`], where the logs go on and have been silent for so many seconds.
pub(super) fn told_while_it_goes_on(rule: &str, events: &[Event], seconds: i64) -> Vec<String> {
    words(&find_in(&Topology::default(), &measured(events), rule, events, Some(seconds)))
}

/// The same as [`told`], where lines made us set one node's clock right by so many seconds.
pub(super) fn told_corrected(rule: &str, events: &[Event], node: &str, seconds: i64) -> Vec<String> {
    let mut clocks = measured(events);
    for (_, clock) in clocks.iter_mut().filter(|(known, _)| known == node) {
        clock.inferred_micros = seconds * 1_000_000;
    }
    words(&find_in(&Topology::default(), &clocks, rule, events, None))
}

/// Clocks that agree.
fn measured(events: &[Event]) -> Vec<(Text, Clock)> {
    events
        .iter()
        .map(|event| (event.node.clone(), Clock { uncertainty_micros: 0, inferred_micros: 0, against: None }))
        .collect()
}

/// The same as [`told`], where each node's logs begin with the first of its events.
pub(super) fn told_from_begin_of_logs(rule: &str, events: &[Event]) -> Vec<String> {
    let mut world = observed(&Topology::default(), &measured(events), events);
    for event in events {
        let begin = world.begin_of(&event.node).map_or(event.time, |begin| begin.min(event.time));
        world.note_begin(&event.node, begin);
    }
    words(&find_settled(world, rule))
}

fn find_in(
    topology: &Topology,
    clocks: &[(Text, Clock)],
    rule: &str,
    events: &[Event],
    silence_seconds: Option<i64>,
) -> Vec<Finding> {
    let mut world = observed(topology, clocks, events);
    if let (Some(seconds), Some(last)) = (silence_seconds, events.iter().map(|event| event.time).max()) {
        world.note_now(last.shifted(seconds * 1_000_000));
    }
    find_settled(world, rule)
}

fn observed(topology: &Topology, clocks: &[(Text, Clock)], events: &[Event]) -> World {
    let mut ordered: Vec<Arc<Event>> = events.iter().cloned().map(Arc::new).collect();
    ordered.sort_by(|a, b| (a.time, &a.node).cmp(&(b.time, &b.node)));
    let mut world = World::of(Arc::new(topology.clone()));
    ordered.iter().for_each(|event| world.observe(event));
    for (node, clock) in clocks {
        world.note_clock(node, clock.clone());
    }
    world
}

fn find_settled(mut world: World, rule: &str) -> Vec<Finding> {
    world.settle(&[]);
    super::find_all(&world, 1).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// The confidences of what one rule finds, as short words: `confirmed open`, `likely closed`.
pub(super) fn told(rule: &str, events: &[Event]) -> Vec<String> {
    told_where(&Topology::default(), rule, events)
}

/// The same, where something is stated.
pub(super) fn told_where(topology: &Topology, rule: &str, events: &[Event]) -> Vec<String> {
    words(&find_where(topology, rule, events))
}

/// The same, where nothing compares the nodes' clocks.
pub(super) fn told_unmeasured(rule: &str, events: &[Event]) -> Vec<String> {
    words(&find_unmeasured(rule, events))
}

fn words(findings: &[Finding]) -> Vec<String> {
    let words = findings.iter().map(|finding| {
        let state = if finding.is_open() { "open" } else { "closed" };
        format!("{:?} {state}", finding.confidence).to_lowercase()
    });
    words.collect()
}
