//! A cloud's own records of the address that moves, turned into observations of the nodes.
//!
//! A record names machines by the cloud's ids. Which node that is must be stated by the operator or shown by the logs; where
//! neither says it, the record proves nothing of any node, and that is said.

use super::group::PeerGroup;
use super::topology::Topology;
use super::witness::{Seen, Witness};
use crate::event::{Cloud, CloudFact, Event, Fact, Text};
use crate::moment::{Moment, Precision};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Records kept; an account that moves addresses more often than this in the time of a log is not one of ours.
const RECORDS_MAX: usize = 20_000;
/// A notify script calls the cloud within this of the take-over.
const CALL_MICROS: i64 = 10_000_000;
/// The cloud's clock and a node's may differ by this.
const CLOCK_MICROS: i64 = 15_000_000;
/// Two calls this close: records of whole seconds do not say which of them came last, nor which was done last.
const TIE_MICROS: i64 = 1_000_000;
/// Ids told in one caveat.
const TOLD_MAX: usize = 5;
/// The answer to a call that only asks whether it would be allowed.
const DRY_RUN: &str = "DryRunOperation";

/// All records of clouds, and what they come to.
#[derive(Debug, Clone, Default)]
pub struct Clouds {
    records: Vec<Arc<Event>>,
    seen: BTreeSet<Text>,
    /// What was listed without a time.
    inventory: Vec<Cloud>,
    /// Why some of them prove nothing, in sentences.
    pub undecided: Vec<String>,
}

/// What the records prove.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) witnesses: Vec<Witness>,
    /// Calls that were refused, by the node that made them.
    pub(super) refused: Vec<(Text, Arc<Event>)>,
}

/// What is known of the nodes otherwise.
pub(super) struct Known<'w> {
    pub(super) topology: &'w Topology,
    pub(super) groups: &'w [PeerGroup],
    pub(super) nodes: BTreeSet<Text>,
    /// Addresses of adverts, by node.
    pub(super) vrrp_sources: BTreeMap<Text, Text>,
    /// Addresses that secondaries ask.
    pub(super) asked: BTreeSet<Text>,
}

impl Clouds {
    /// Takes a record, each once.
    pub(super) fn observe(&mut self, event: &Arc<Event>, cloud: &Cloud) {
        let is_new = cloud.record.as_ref().is_none_or(|id| self.seen.insert(id.clone()));
        if is_new && self.records.len() < RECORDS_MAX {
            self.records.push(Arc::clone(event));
        } else if is_new {
            self.undecided =
                vec![format!("more than {RECORDS_MAX} records of the cloud: the later ones are left out.")];
        }
    }

    /// Takes what a cloud listed at an unknown time: it tells who is who, not when.
    pub(super) fn list(&mut self, cloud: &Cloud) {
        if self.inventory.len() < RECORDS_MAX {
            self.inventory.push(cloud.clone());
        }
    }

    /// Whether there is any record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.inventory.is_empty()
    }

    pub(super) fn resolve(&mut self, known: &Known<'_>) -> Resolved {
        let all: Vec<&Cloud> = self.records.iter().filter_map(|event| cloud(event)).chain(&self.inventory).collect();
        let names = Names::learn(&all, &self.records, known);
        let addresses = Addresses::learn(&all, known.topology);
        let mut resolved = Resolved::default();
        let mut unnamed = BTreeSet::new();
        let mut moves = Vec::new();
        // Where a tie holds the address: what its undoing ends.
        let mut ties = BTreeMap::<&Text, Option<Text>>::new();
        for listed in &self.inventory {
            if let Some(tie) = &listed.association {
                ties.insert(tie, names.of_target(listed).ok());
            }
        }
        for event in &self.records {
            let Some(cloud) = cloud(event) else { continue };
            if cloud.refused.is_some() {
                let is_try = cloud.refused.as_deref().is_some_and(|code| !code.ends_with(DRY_RUN));
                let by = cloud.caller.as_ref().and_then(|caller| names.of(caller));
                let node = by.or_else(|| names.of_target(cloud).ok());
                if let (CloudFact::Associated, true, Some(node)) = (cloud.what, is_try, node) {
                    resolved.refused.push((node, Arc::clone(event)));
                }
                continue;
            }
            let (seen, node) = match cloud.what {
                CloudFact::Associated => (Seen::Associated, names.of_target(cloud)),
                CloudFact::Listed if cloud.target.is_empty() => continue,
                CloudFact::Listed => (Seen::Listed, names.of_target(cloud)),
                CloudFact::Disassociated => {
                    let tie = cloud.association.as_ref().and_then(|tie| ties.get(tie)).cloned().flatten();
                    let Some(node) = tie else { continue };
                    (Seen::Disassociated, Ok(node))
                }
            };
            if let Some(tie) = cloud.association.as_ref().filter(|_| cloud.what != CloudFact::Disassociated) {
                ties.insert(tie, node.clone().ok());
            }
            if let Err(id) = &node {
                unnamed.insert(id.clone());
            }
            let address = addresses.of(cloud);
            let key = address.clone().or_else(|| cloud.allocation.clone());
            moves.push(Move { event, seen, node: node.ok(), address, key });
        }
        let mut undecided = std::mem::take(&mut self.undecided);
        undecided.extend(unnamed_in_words(&unnamed));
        let tied = tied(&moves);
        let mut others = BTreeSet::new();
        for (at, step) in moves.iter().enumerate() {
            let Some(node) = &step.node else { continue };
            if tied.contains(&at) {
                continue;
            }
            let group = known.groups.iter().find(|group| group.nodes.contains_key(node));
            if !is_about_what_moves(step, group, &moves, known) {
                others.extend(step.key.clone());
                continue;
            }
            resolved.witnesses.push(Witness {
                node: node.clone(),
                seen: step.seen,
                address: step.address.clone(),
                zone: Text::from(""),
                time: aligned(step, node, group),
                own: Arc::clone(step.event),
                other: None,
            });
        }
        undecided.extend(others_in_words(&others));
        if let Some(at) = tied.iter().next() {
            let when = moves[*at].event.time.rfc3339();
            undecided.push(format!(
                "CloudTrail has calls for two nodes within a second of each other at {when}: which came last is unknown, so they decide nothing."
            ));
        }
        self.undecided = undecided;
        resolved
    }
}

/// One record that says where the address went, was, or was seen.
struct Move<'a> {
    event: &'a Arc<Event>,
    seen: Seen,
    node: Option<Text>,
    /// The address, where the records tell it.
    address: Option<Text>,
    /// The address, else the cloud's id of it.
    key: Option<Text>,
}

fn cloud(event: &Event) -> Option<&Cloud> {
    if let Fact::Cloud(cloud) = &event.fact { Some(cloud) } else { None }
}

/// Which node an id stands for.
struct Names<'w> {
    topology: &'w Topology,
    learned: BTreeMap<Text, Text>,
}

impl<'w> Names<'w> {
    fn learn(all: &[&Cloud], records: &[Arc<Event>], known: &Known<'w>) -> Self {
        let mut names = Self { topology: known.topology, learned: BTreeMap::new() };
        let mut contested = BTreeSet::new();
        for (address, node) in &known.vrrp_sources {
            names.learned.insert(address.clone(), node.clone());
        }
        for node in &known.nodes {
            if let Some(id) = named_by_cloud(node) {
                names.learned.insert(id, node.clone());
            }
        }
        names.spread(all, &mut contested);
        for (caller, node) in voted(records, known, &names) {
            names.learned.insert(caller, node);
        }
        names.spread(all, &mut contested);
        names.learned.retain(|id, _| !contested.contains(id));
        names
    }

    /// What stands in one record is one machine; what one record tells may be what another one needs.
    fn spread(&mut self, all: &[&Cloud], contested: &mut BTreeSet<Text>) {
        for _ in 0..3 {
            for cloud in all {
                let Ok(node) = self.of_target(cloud) else { continue };
                for id in &cloud.target {
                    let before = self.learned.insert(id.clone(), node.clone());
                    if before.is_some_and(|before| before != node) {
                        contested.insert(id.clone());
                    }
                }
            }
        }
    }

    /// Whether it is known what the cloud calls a node's machine.
    fn has_instance(&self, node: &Text) -> bool {
        let stated = self.topology.nodes.get(node).is_some_and(|node| !node.cloud_ids.is_empty());
        stated || self.learned.iter().any(|(id, other)| other == node && is_instance(id))
    }

    fn of(&self, id: &Text) -> Option<Text> {
        self.topology.node_of(id).or_else(|| self.learned.get(id)).cloned()
    }

    /// The node that a record's target is; else the id that nobody knows.
    fn of_target(&self, cloud: &Cloud) -> Result<Text, Text> {
        let named: BTreeSet<Text> = cloud.target.iter().filter_map(|id| self.of(id)).collect();
        let mut named = named.into_iter();
        match (named.next(), named.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(cloud.target.first().cloned().unwrap_or_else(|| Text::from("a target without an id"))),
        }
    }
}

/// EC2's own names for hosts: `ip-198-51-100-7` has that private address, `i-0abc` is that instance.
fn named_by_cloud(node: &str) -> Option<Text> {
    let label = node.split('.').next().unwrap_or(node);
    if is_instance(label) {
        return Some(Text::from(label));
    }
    let parts: Vec<&str> = label.strip_prefix("ip-")?.split('-').collect();
    let is_address = parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok());
    is_address.then(|| Text::from(parts.join(".")))
}

fn is_instance(word: &str) -> bool {
    word.strip_prefix("i-").is_some_and(|rest| rest.len() >= 3 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Instances that called whenever one and the same node had just taken over. Once may be chance, or the other side's script at the
/// same moment: it takes two take-overs, or an id for each other node of the group.
fn voted(records: &[Arc<Event>], known: &Known<'_>, names: &Names<'_>) -> Vec<(Text, Text)> {
    let takeovers: Vec<(Moment, &Text)> = known
        .groups
        .iter()
        .flat_map(|group| group.takeovers().map(|takeover| (takeover.event.time, takeover.node)))
        .collect();
    let mut votes = BTreeMap::<Text, BTreeMap<&Text, BTreeSet<i64>>>::new();
    for event in records {
        let Some(caller) = cloud(event).and_then(|cloud| cloud.caller.as_ref()).filter(|caller| is_instance(caller))
        else {
            continue;
        };
        let near = takeovers.iter().filter(|(time, _)| {
            let delay = latest(event.time) - time.micros;
            (0..=CALL_MICROS + TIE_MICROS).contains(&delay)
        });
        let near: BTreeMap<&Text, i64> = near.map(|(time, node)| (*node, time.micros)).collect();
        if near.len() == 1 {
            let of_caller = votes.entry(caller.clone()).or_default();
            near.into_iter().for_each(|(node, time)| _ = of_caller.entry(node).or_default().insert(time));
        }
    }
    let only: Vec<(&Text, &Text, usize)> = votes
        .iter()
        .filter(|(caller, nodes)| nodes.len() == 1 && names.of(caller).is_none())
        .flat_map(|(caller, nodes)| nodes.iter().map(move |(node, times)| (caller, *node, times.len())))
        .collect();
    let is_claimed_twice = |node: &Text| votes.values().filter(|nodes| nodes.contains_key(node)).count() > 1;
    let has_id = |node: &Text| only.iter().any(|(_, other, _)| *other == node) || names.has_instance(node);
    only.iter()
        .filter(|(_, node, times)| {
            let group = known.groups.iter().find(|group| group.nodes.contains_key(*node));
            let others_have = group.is_some_and(|group| {
                group.nodes.len() > 1 && group.nodes.keys().filter(|other| other != node).all(&has_id)
            });
            !is_claimed_twice(node) && (*times > 1 || others_have)
        })
        .map(|(caller, node, _)| ((*caller).clone(), (*node).clone()))
        .collect()
}

/// Addresses by the cloud's ids of them.
struct Addresses<'w> {
    topology: &'w Topology,
    learned: BTreeMap<&'w Text, &'w Text>,
}

impl<'w> Addresses<'w> {
    fn learn(all: &[&'w Cloud], topology: &'w Topology) -> Self {
        let pairs = all.iter().filter_map(|cloud| Some((cloud.allocation.as_ref()?, cloud.address.as_ref()?)));
        Self { topology, learned: pairs.collect() }
    }

    fn of(&self, cloud: &Cloud) -> Option<Text> {
        if cloud.address.is_some() {
            return cloud.address.clone();
        }
        let id = cloud.allocation.as_ref()?;
        self.topology.resource_called(id).or_else(|| self.learned.get(id).copied()).cloned()
    }
}

/// Steps so close to one of another node that the records do not tell which was last.
fn tied(moves: &[Move<'_>]) -> BTreeSet<usize> {
    let steps: Vec<(usize, &Move<'_>)> =
        moves.iter().enumerate().filter(|(_, step)| step.seen == Seen::Associated).collect();
    let mut tied = BTreeSet::new();
    for (place, (at, step)) in steps.iter().enumerate() {
        let near = steps[place + 1..]
            .iter()
            .take_while(|(_, later)| later.event.time.micros_since(step.event.time) <= TIE_MICROS);
        for (other, later) in near {
            let is_same_address = step.key.is_none() || later.key.is_none() || step.key == later.key;
            if is_same_address && (step.node != later.node || step.node.is_none()) {
                tied.extend([*at, *other]);
            }
        }
    }
    tied
}

/// Whether a record is about the address that moves with a node's group: it is stated or asked, or it is the only one that the
/// records have for the group and a script called for it at a take-over.
fn is_about_what_moves(step: &Move<'_>, group: Option<&PeerGroup>, moves: &[Move<'_>], known: &Known<'_>) -> bool {
    let Some(group) = group else { return false };
    let stated = known.topology.unit_of(&group.unit, group.nodes.keys()).and_then(|unit| unit.resource.as_ref());
    if let (Some(stated), Some(address)) = (stated, &step.address) {
        return address == stated;
    }
    if step.address.as_ref().is_some_and(|address| known.asked.contains(address)) {
        return true;
    }
    let of_group =
        || moves.iter().filter(|other| other.node.as_ref().is_some_and(|node| group.nodes.contains_key(node)));
    let keys: BTreeSet<&Text> = of_group().filter_map(|other| other.key.as_ref()).collect();
    let is_only = keys.len() <= 1;
    let is_called_at_takeover = of_group().any(|other| {
        group.takeovers().any(|takeover| {
            let delay = latest(other.event.time) - takeover.event.time.micros;
            other.seen == Seen::Associated
                && other.node.as_ref() == Some(takeover.node)
                && (-CLOCK_MICROS..=CLOCK_MICROS).contains(&delay)
        })
    });
    is_only && is_called_at_takeover
}

/// The record's time; that of the take-over where the cloud's clock puts the call shortly before it.
fn aligned(step: &Move<'_>, node: &Text, group: Option<&PeerGroup>) -> Moment {
    let time = step.event.time;
    if step.seen != Seen::Associated {
        return time;
    }
    let delays = group
        .into_iter()
        .flat_map(PeerGroup::takeovers)
        .filter(|takeover| takeover.node == node)
        .map(|takeover| (latest(time) - takeover.event.time.micros, takeover.event.time));
    let mut before = None;
    for (delay, taken) in delays {
        if (0..=CALL_MICROS).contains(&delay) {
            return time.max(taken);
        }
        if (-CLOCK_MICROS..0).contains(&delay) {
            before = before.or(Some(taken));
        }
    }
    before.unwrap_or(time)
}

/// The end of the second that a coarse stamp is the beginning of.
fn latest(time: Moment) -> i64 {
    match time.precision {
        Precision::Second => time.micros.saturating_add(999_999),
        Precision::Milli | Precision::Micro => time.micros,
    }
}

fn others_in_words(others: &BTreeSet<Text>) -> Option<String> {
    let told: Vec<&str> = others.iter().take(TOLD_MAX).map(|id| &**id).collect();
    let more = if others.len() > told.len() { " and others" } else { "" };
    (!told.is_empty()).then(|| {
        format!(
            "the cloud's records move {}{more}; nothing says that this is the address that moves with VRRP, so they prove nothing of it (resource and resource_ids of [[instance]] state it).",
            told.join(", ")
        )
    })
}

fn unnamed_in_words(unnamed: &BTreeSet<Text>) -> Option<String> {
    let told: Vec<&str> = unnamed.iter().take(TOLD_MAX).map(|id| &**id).collect();
    let more = if unnamed.len() > told.len() { " and others" } else { "" };
    (!told.is_empty()).then(|| {
        format!(
            "the cloud's records move an address to {}{more}; neither the logs nor driftline.toml say which node that is, so they prove nothing of any node (cloud_ids of [[node]] states it).",
            told.join(", ")
        )
    })
}
