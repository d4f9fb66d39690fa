//! What we believe about every node, and which lines prove it. Detectors share it; none keeps a state machine of its own.
//!
//! The world is built by [`World::observe`] in order of time and then asked. It forgets what was ordinary (a copy that was stale and
//! was transferred) and keeps what a claim may rest on.

mod address;
mod adverts;
mod asked;
mod clock;
mod clouds;
mod copies;
mod dns;
mod group;
mod learned;
mod moving;
mod node;
mod peers;
mod reach;
mod regress;
mod said;
mod settings;
mod standing;
mod topology;
mod unheeded;
mod vrrp;
mod witness;

use crate::event::{Cloud, Daemon, Event, Fact, Keepalived, Pdns, Setting, SiteFact, Text};
use crate::moment::Moment;
use clock::UNMEASURED_MICROS;
use copies::Copies;
use dns::Met;
use node::FAILED_MAX;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use address::{Chain, Displaced, Displacement, Ending, displacements, first_of, symptoms};
pub use adverts::Run;
pub use asked::Asked;
pub use clock::Clock;
pub use clouds::Clouds;
pub use dns::{Behind, Lines, Refusals, Replication, Strangers, is_newer};
pub use group::{Masterships, PeerGroup, Takeover};
pub use learned::{How, KnownAddress, addresses};
pub use moving::Moving;
pub use node::{NodeFacts, nodes_of};
pub use reach::{Reach, Unreached};
pub use regress::{Regression, Regressions};
pub use said::Said;
pub use settings::{Settings, Stated};
pub use standing::{Stand, Standing, Standings};
pub use topology::{StatedNode, StatedUnit, Topology};
pub use unheeded::{Unheeded, UnheededNotifies};
pub use vrrp::{Begin, End, Mastership, NodeVrrp, Unit, advert};
pub use witness::{Seen, Witness, Witnesses};

/// The shared belief.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// By node name.
    pub nodes: BTreeMap<Text, NodeFacts>,
    /// Replication.
    pub replication: Replication,
    /// Primaries that did not answer.
    pub reach: Reach,
    /// Copies that are newer than their primary.
    pub regressions: Regressions,
    /// NOTIFYs that their receivers did not acknowledge.
    pub unheeded: UnheededNotifies,
    /// Observations of where the address was.
    pub witnesses: Witnesses,
    /// What clouds tell of it.
    pub clouds: Clouds,
    /// What the operator states.
    pub topology: Arc<Topology>,
    /// Addresses that secondaries asked.
    pub asked: Asked,
    /// Commits per address they were fetched from: the first of each second, at most [`COMMITS_MAX`] of them.
    commits: BTreeMap<Text, BTreeMap<i64, Arc<Event>>>,
    /// The last line seen.
    pub horizon: Option<Moment>,
    /// The moment up to which all is known, where the logs go on.
    pub now: Option<Moment>,
    /// How well nodes' clocks are known.
    clocks: BTreeMap<Text, Clock>,
    groups: Vec<PeerGroup>,
    /// The secondaries' copies of zones.
    copies: Copies,
}

/// Seconds with a commit that are kept per address; the last one moves on when there are more.
const COMMITS_MAX: usize = 4096;

impl World {
    /// A world of which an operator states something.
    #[must_use]
    pub fn of(topology: Arc<Topology>) -> Self {
        Self { topology, ..Self::default() }
    }

    /// Says that all events will be one node's: then some lines need not be kept until another node's meets them.
    pub fn is_of_one_node(&mut self) {
        self.witnesses.are_of_one_node();
    }

    /// Takes what a cloud listed at an unknown time.
    pub fn list(&mut self, cloud: &Cloud) {
        self.clouds.list(cloud);
    }

    /// Takes a statement of a node's configuration file.
    pub fn configure(&mut self, node: &Text, setting: &Setting, path: &Text, line: Option<u64>) {
        self.nodes.entry(node.clone()).or_default().settings.take(setting, path, line);
    }

    /// Takes the next event; events come in order of time.
    pub fn observe(&mut self, event: &Arc<Event>) {
        // A cloud is no node, and its records say nothing of how far the nodes' logs reach.
        if let Fact::Cloud(cloud) = &event.fact {
            return self.clouds.observe(event, cloud);
        }
        self.horizon = self.horizon.max(Some(event.time));
        let node = match self.nodes.get_mut(&event.node) {
            Some(node) => node,
            None => self.nodes.entry(event.node.clone()).or_default(),
        };
        node.last = node.last.max(Some(event.time));
        if Said::is_of(&event.fact) {
            node.said.take(event);
        }
        match &event.fact {
            Fact::Vrrp { .. } | Fact::Group { .. } => {
                node.note(Daemon::Keepalived, event.time);
                node.vrrp.observe(event);
                node.said.mark(event.time);
                self.witnesses.mark();
            }
            Fact::Keepalived(what) => {
                node.note(Daemon::Keepalived, event.time);
                node.vrrp.observe(event);
                if let Keepalived::Starting { version: Some(version) } = what {
                    node.note_banner(Daemon::Keepalived, version);
                }
            }
            Fact::Pdns(pdns) => {
                node.note(Daemon::Pdns, event.time);
                node.note_role(pdns);
                node.note_receiver(pdns);
                node.note_asked(event.time, pdns);
                if let Pdns::Started { version: Some(version) } = pdns {
                    node.note_banner(Daemon::Pdns, version);
                }
                self.replicate(event, pdns);
            }
            Fact::Site { what, .. } => {
                self.witnesses.stated(event, what);
                if let SiteFact::TakeoverFailed { node: named, .. } = what {
                    let node = self.nodes.entry(named.as_ref().unwrap_or(&event.node).clone()).or_default();
                    if node.failed_takeovers.len() < FAILED_MAX {
                        node.failed_takeovers.push(Arc::clone(event));
                    }
                }
            }
            Fact::Unrecognised(daemon) => node.note(*daemon, event.time),
            Fact::Other => {
                if let Some(daemon) = Daemon::of(event.id).filter(|daemon| *daemon != Daemon::Systemd) {
                    node.note(daemon, event.time);
                }
            }
            Fact::Keeper(keeper) => node.note_keeper(event.time, *keeper),
            Fact::Cloud(_) | Fact::Setting(_) => {}
        }
    }

    /// Takes that time went on until this moment without a further line, and goes on.
    pub fn note_now(&mut self, now: Moment) {
        self.horizon = self.horizon.max(Some(now));
        self.now = self.horizon;
    }

    /// How long something lasts that has no end: `when the logs end`, or `so far` where they go on.
    #[must_use]
    pub fn to_here(&self) -> &'static str {
        if self.now.is_some() { "so far" } else { "when the logs end" }
    }

    /// The end of what ends by silence: its last line, and where the logs go on only when the silence has lasted for longer than
    /// `quiet_micros`. Until then a further line may go on with it.
    #[must_use]
    pub fn over_at(&self, last: Moment, quiet_micros: i64) -> Option<Moment> {
        let is_over = self.now.is_none_or(|now| now.micros_since(last) > quiet_micros);
        is_over.then_some(last)
    }

    /// Lets go of lines that are held only until their other half comes.
    pub fn end_pairing(&mut self) {
        self.witnesses.end_pairing();
    }

    /// Ends the observing: works out who is whose peer. `last_lines` are the ends of each node's logs, whatever program wrote them.
    pub fn settle(&mut self, last_lines: &[(Text, Moment)]) {
        for (node, last) in last_lines {
            let facts = self.nodes.entry(node.clone()).or_default();
            facts.last = facts.last.max(Some(*last));
        }
        self.groups = peers::find(&self.nodes, &self.topology);
        self.ask_clouds();
        let stated = self.topology.units.iter().filter_map(|unit| unit.resource.clone()).collect();
        self.witnesses.settle(&self.asked, &stated);
        self.find_moving();
    }

    /// The peer groups as the lines alone have them, whatever is stated.
    #[must_use]
    pub fn groups_by_lines(&self) -> Vec<PeerGroup> {
        peers::find(&self.nodes, &Topology::default())
    }

    /// Turns the clouds' records into observations of the nodes.
    fn ask_clouds(&mut self) {
        if self.clouds.is_empty() {
            return;
        }
        let sources = learned::vrrp_sources(&self.nodes, &self.groups);
        let known = clouds::Known {
            topology: &self.topology,
            groups: &self.groups,
            nodes: self.nodes.keys().cloned().collect(),
            vrrp_sources: sources.into_iter().map(|(address, (node, _))| (address, node)).collect(),
            asked: self.asked.iter().map(|(address, _)| address.clone()).collect(),
        };
        let resolved = self.clouds.resolve(&known);
        self.witnesses.add_all(resolved.witnesses);
        for (node, event) in resolved.refused {
            let node = self.nodes.entry(node).or_default();
            if node.failed_takeovers.len() < FAILED_MAX {
                node.failed_takeovers.push(event);
            }
        }
    }

    /// The VRRP peer groups.
    #[must_use]
    pub fn groups(&self) -> &[PeerGroup] {
        &self.groups
    }

    /// The only MASTER of a node's peer group at a moment, with the group; `None` where the node has no group, or it is contested.
    #[must_use]
    pub fn master_beside(&self, node: &Text, moment: Moment) -> Option<(&PeerGroup, &Text)> {
        let group = self.groups.iter().find(|group| group.nodes.contains_key(node))?;
        let mut masters = group.nodes.iter().filter(|(_, all)| all.at(moment).next().is_some()).map(|(name, _)| name);
        match (masters.next(), masters.next()) {
            (Some(only), None) => Some((group, only)),
            (Some(_), Some(_)) | (None, _) => None,
        }
    }

    /// Commits of any zone fetched from an address, one per second, in order.
    pub fn commits_from(&self, address: &Text) -> impl Iterator<Item = &Arc<Event>> {
        self.commits.get(address).into_iter().flat_map(BTreeMap::values)
    }

    /// The line that says that a take-over of a node failed, unless one says that it came to work before another one followed.
    #[must_use]
    pub fn failed_takeover(&self, node: &Text, taken: Moment, limit: Option<Moment>) -> Option<&Arc<Event>> {
        let is_of_it = |time: Moment, slack: i64| {
            (-slack..=SCRIPT_MICROS).contains(&time.micros_since(taken))
                && limit.is_none_or(|limit| time.micros < limit.micros)
        };
        // The cloud has a clock of its own.
        let slack = |event: &Event| if matches!(event.fact, Fact::Cloud(_)) { CLOCK_MICROS } else { 0 };
        let mut failed = self.nodes.get(node)?.failed_takeovers.iter();
        let failed = failed.find(|event| is_of_it(event.time, slack(event)))?;
        let worked = self.witnesses.all().iter().any(|witness| {
            witness.node == *node && witness.seen.is_of_a_move() && is_of_it(witness.time, slack(&witness.own))
        });
        (!worked).then_some(failed)
    }

    fn replicate(&mut self, event: &Arc<Event>, pdns: &Pdns) {
        let copies = &mut self.copies;
        let place = pdns.copied_zone().map(|zone| copies.place_or_new(&event.node, zone));
        if let (Some(address), Some(place)) = (pdns.asked_primary(), place) {
            let copy = &mut copies[place];
            let number = self.asked.count(address, copy.asked);
            if copy.asked != Some(number) {
                copy.asked = Some(number);
                self.reach.note_asked(&event.node, address);
            }
        }
        self.replication.left_out += self.reach.observe(event, pdns, copies, place);
        self.replication.left_out += self.regressions.observe(event, pdns, copies, place);
        self.unheeded.observe(event, pdns);
        let other = self.witnesses.observe(event, pdns, copies, place, &self.asked);
        let fetched_from = witness::fetched_from(pdns, copies, place, &self.asked);
        if let Some(address) = fetched_from {
            let commits = match self.commits.get_mut(address) {
                Some(commits) => commits,
                None => self.commits.entry(address.clone()).or_default(),
            };
            let second = event.time.micros.div_euclid(1_000_000);
            let is_told = commits.last_key_value().is_some_and(|(last, _)| *last == second);
            if !is_told && !commits.contains_key(&second) {
                if commits.len() >= COMMITS_MAX {
                    commits.pop_last();
                }
                commits.insert(second, Arc::clone(event));
            }
        }
        let address = other.as_deref().and_then(|other| {
            if let Some(Pdns::TransferFailed { primary, .. }) = other.pdns() { primary.as_ref() } else { None }
        });
        let met = Met { node: other.as_deref().map(|other| &other.node), address };
        let may_be_own = self.witnesses.has_strange();
        self.replication.observe(event, pdns, copies, place, met, fetched_from, may_be_own);
    }
}

/// A cloud's API answers, or not, within this.
const SCRIPT_MICROS: i64 = 120_000_000;
/// A cloud's clock and a node's differ by no more than this.
const CLOCK_MICROS: i64 = 5_000_000;
