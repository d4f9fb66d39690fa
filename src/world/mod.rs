//! What we believe about every node, and which lines prove it. Detectors share it; none keeps a state machine of its own.
//!
//! The world is built by [`World::observe`] in order of time and then asked. It forgets what was ordinary (a copy that was stale and
//! was transferred) and keeps what a claim may rest on.

mod address;
mod adverts;
mod asked;
mod clouds;
mod copies;
mod dns;
mod group;
mod learned;
mod moving;
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

use crate::event::{Cloud, Daemon, Event, Fact, Keepalived, Keeper, Pdns, Setting, SiteFact, Text};
use crate::moment::Moment;
use crate::timeline::Presence;
use crate::version::{Version, VersionRange};
use copies::Copies;
use dns::Met;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use address::{Chain, Displaced, Displacement, Ending, displacements, first_of, symptoms};
pub use adverts::Run;
pub use asked::Asked;
pub use clouds::Clouds;
pub use dns::{Behind, Lines, Refusals, Replication, Strangers, is_newer};
pub use group::{Masterships, PeerGroup, Takeover};
pub use learned::{How, KnownAddress, addresses};
pub use moving::Moving;
pub use reach::{Reach, Unreached};
pub use regress::{Regression, Regressions};
pub use said::Said;
pub use settings::{Settings, Stated};
pub use standing::{Stand, Standing, Standings};
pub use topology::{StatedNode, StatedUnit, Topology};
pub use unheeded::{Unheeded, UnheededNotifies};
pub use vrrp::{Begin, End, Mastership, NodeVrrp, Unit, advert};
pub use witness::{Seen, Witness, Witnesses};

/// What is known of one node.
#[derive(Debug, Clone, Default)]
pub struct NodeFacts {
    /// keepalived's events.
    pub vrrp: NodeVrrp,
    /// First and last line of each daemon.
    pub spans: BTreeMap<Daemon, (Moment, Moment)>,
    /// Versions: the newest banner's, else what the wordings of its lines allow.
    pub versions: BTreeMap<Daemon, VersionRange>,
    /// Daemons whose version a banner says.
    banners: BTreeSet<Daemon>,
    /// Whether it speaks as a primary (sends NOTIFYs, serves or denies transfers).
    pub is_primary: bool,
    /// Whether it speaks as a secondary (checks freshness, fetches transfers).
    pub is_secondary: bool,
    /// Lines of the site's own that say that a take-over failed, at most `FAILED_MAX` of them.
    pub failed_takeovers: Vec<Arc<Event>>,
    /// What its scripts said near what its keepalived did.
    pub said: Said,
    /// What its configuration files state.
    pub settings: Settings,
    /// When its lines were thrown away, and its clock was set: the first times.
    kept: Vec<(Moment, Keeper)>,
    /// Addresses that it served or sent a NOTIFY to, at most [`RECEIVERS_MAX`] of them.
    receivers: BTreeSet<Text>,
    /// Seconds in which a client asked for a transfer, at most [`ASKED_MAX`] of them.
    asked_in: BTreeSet<i64>,
    /// Whether a line of a freshness check was seen: the level that hides them hides their absence too.
    pub shows_freshness: bool,
    /// Last line of any kind that its logs hold.
    pub last: Option<Moment>,
    /// When the first of its logs with lines of keepalived begins.
    vrrp_logs_begin: Option<Moment>,
}

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
                let asked = matches!(
                    pdns,
                    Pdns::TransferAsked { .. } | Pdns::TransferDenied { .. } | Pdns::TransferServed { .. }
                );
                if asked && node.asked_in.len() < ASKED_MAX {
                    node.asked_in.insert(event.time.micros.div_euclid(1_000_000));
                }
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

    /// Takes when a daemon of a node wrote its first and last line and in which releases' wordings, also of lines that are not
    /// observed.
    pub fn note_presence(&mut self, node: &Text, presence: &Presence<Moment>) {
        let Presence { daemon, first, last, versions } = *presence;
        let facts = self.nodes.entry(node.clone()).or_default();
        facts.note(daemon, first);
        facts.note(daemon, last);
        facts.last = facts.last.max(Some(last));
        self.horizon = self.horizon.max(Some(last));
        let known = facts.versions.entry(daemon).or_default();
        // A banner is exact; wordings that exclude each other say that the daemon was replaced.
        if !facts.banners.contains(&daemon) {
            *known = versions.and_then(|versions| known.narrowed(versions)).unwrap_or_default();
        }
    }

    /// Takes when the first of a node's logs with lines of keepalived begins.
    pub fn note_begin(&mut self, node: &Text, begin: Moment) {
        self.nodes.entry(node.clone()).or_default().vrrp_logs_begin = Some(begin);
    }

    /// When that was: that its keepalived wrote nothing says nothing of the time before.
    #[must_use]
    pub fn begin_of(&self, node: &Text) -> Option<Moment> {
        self.nodes.get(node)?.vrrp_logs_begin
    }

    /// Takes how well a node's clock is known.
    pub fn note_clock(&mut self, node: &Text, clock: Clock) {
        self.clocks.insert(node.clone(), clock);
    }

    /// Whether a node's stamps can be compared with others' to the second.
    #[must_use]
    pub fn is_clock_measured(&self, node: &Text) -> bool {
        self.nodes.len() < 2 || self.clocks.contains_key(node)
    }

    /// Whether any node serves a client or sends NOTIFYs to it; `None` where no log tells whom the nodes serve, or not all of them.
    #[must_use]
    pub fn is_served(&self, client: &Text) -> Option<bool> {
        let known = || self.nodes.values().map(|facts| &facts.receivers);
        if known().any(|receivers| receivers.contains(client)) {
            return Some(true);
        }
        let is_told = known().any(|receivers| !receivers.is_empty());
        (is_told && known().all(|receivers| receivers.len() < RECEIVERS_MAX)).then_some(false)
    }

    /// By how much the stamps of two nodes may differ for one moment, in microseconds: no order inside it is known.
    #[must_use]
    pub fn clock_slack_micros(&self, a: &Text, b: &Text) -> i64 {
        if a == b {
            return 0;
        }
        match (self.clocks.get(a), self.clocks.get(b)) {
            (Some(one), Some(other)) if one.is_comparable_with(other) => {
                one.uncertainty_micros + other.uncertainty_micros
            }
            _ => 2 * UNMEASURED_MICROS,
        }
    }

    /// Whether the order of two nodes' lines rests on clocks that were set right by what a few pairs of lines say: what happens in regular
    /// turns pairs wrongly as well.
    #[must_use]
    pub fn is_order_inferred(&self, a: &Text, b: &Text) -> bool {
        let inferred = |node| self.clocks.get(node).map_or(0, |clock| clock.inferred_micros);
        (inferred(a) - inferred(b)).abs() > UNMEASURED_MICROS
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

    /// Whether a daemon of a node wrote anything between two moments.
    #[must_use]
    pub fn has_lines_of(&self, node: &Text, daemon: Daemon) -> bool {
        self.nodes.get(node).is_some_and(|facts| facts.spans.contains_key(&daemon))
    }

    /// Releases a node's daemon may be of.
    #[must_use]
    pub fn version(&self, node: &Text, daemon: Daemon) -> VersionRange {
        self.nodes.get(node).and_then(|facts| facts.versions.get(&daemon)).copied().unwrap_or_default()
    }

    /// The same in words, with what tells it: `1.3.0 to 1.4.5 by its wordings`.
    #[must_use]
    pub fn version_in_words(&self, node: &Text, daemon: Daemon) -> String {
        let version = self.version(node, daemon);
        match self.nodes.get(node) {
            Some(facts) if version.is_bounded() => format!("{version} by its {}", facts.version_is_by(daemon)),
            Some(_) | None => version.to_string(),
        }
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
/// A clock that nothing measures may be off by this: most hosts are synchronised, none is trusted to the second.
const UNMEASURED_MICROS: i64 = 5_000_000;

/// How well a node's clock is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Half-width, in microseconds.
    pub uncertainty_micros: i64,
    /// What lines made us take off its stamps, in microseconds; 0 where the operator states it.
    pub inferred_micros: i64,
    /// The node it was compared with, through whatever others; `None`: the operator states it.
    pub against: Option<Text>,
}

impl Clock {
    fn is_comparable_with(&self, other: &Clock) -> bool {
        self.against.is_none() || other.against.is_none() || self.against == other.against
    }
}

/// Failed take-overs kept per node.
const FAILED_MAX: usize = 1000;
/// Receivers kept per node; nobody but its configuration and its ACL chooses them.
const RECEIVERS_MAX: usize = 256;
/// Times of lost lines and of a clock that was set, per node.
const KEPT_MAX: usize = 1000;
/// Seconds with an asked transfer kept per node.
const ASKED_MAX: usize = 100_000;
/// A transfer is asked, served and committed within this, clocks corrected.
const ASKED_SECONDS: i64 = 4;

impl NodeFacts {
    /// What a daemon's version is known by: `banner` or `wordings`.
    #[must_use]
    pub fn version_is_by(&self, daemon: Daemon) -> &'static str {
        if self.banners.contains(&daemon) { "banner" } else { "wordings" }
    }

    fn note_banner(&mut self, daemon: Daemon, version: &str) {
        if let Some(version) = Version::parse(version) {
            self.versions.insert(daemon, VersionRange::only(version));
            self.banners.insert(daemon);
        }
    }

    /// Whether this node's PowerDNS wrote about a transfer out at about a moment; true where what is kept cannot tell.
    #[must_use]
    pub fn was_asked_near(&self, moment: Moment) -> bool {
        let second = moment.micros.div_euclid(1_000_000);
        self.asked_in.len() >= ASKED_MAX
            || self.asked_in.range(second - ASKED_SECONDS..=second + ASKED_SECONDS).next().is_some()
    }

    fn note(&mut self, daemon: Daemon, time: Moment) {
        let span = self.spans.entry(daemon).or_insert((time, time));
        span.0 = span.0.min(time);
        span.1 = span.1.max(time);
    }

    fn note_role(&mut self, pdns: &Pdns) {
        self.shows_freshness |=
            matches!(pdns, Pdns::ZoneFresh { .. } | Pdns::ZoneStale { .. } | Pdns::FreshnessChecked { .. });
        match pdns {
            Pdns::ZoneFresh { .. }
            | Pdns::ZoneStale { .. }
            | Pdns::ZoneNewer { .. }
            | Pdns::SoaUnretrievable { .. }
            | Pdns::TransferStarted { .. }
            | Pdns::TransferFailed { .. }
            | Pdns::ZoneCommitted { .. }
            | Pdns::TransferRetrieved { .. }
            | Pdns::NotifyAccepted { .. }
            | Pdns::NotifyRefused { .. }
            | Pdns::NotifyForbidden { .. } => self.is_secondary = true,
            Pdns::NotifyQueued { .. }
            | Pdns::NotifyOrdered { .. }
            | Pdns::NotifyAcknowledged { .. }
            | Pdns::NotifyRejected { .. }
            | Pdns::NotifyUnanswered { .. }
            | Pdns::TransferAsked { .. }
            | Pdns::TransferDenied { .. }
            | Pdns::TransferServed { .. } => self.is_primary = true,
            Pdns::Started { .. } | Pdns::Ready | Pdns::CommunicatorStarted | Pdns::FreshnessChecked { .. } => {}
        }
    }

    fn note_keeper(&mut self, time: Moment, keeper: Keeper) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push((time, keeper));
        }
    }

    /// When lines of this node were thrown away and its clock was set: the first `KEPT_MAX` times.
    pub fn kept(&self) -> impl Iterator<Item = (Moment, Keeper)> {
        self.kept.iter().copied()
    }

    fn note_receiver(&mut self, pdns: &Pdns) {
        let (Pdns::TransferServed { client: receiver, .. } | Pdns::NotifyQueued { to: receiver, .. }) = pdns else {
            return;
        };
        if self.receivers.len() < RECEIVERS_MAX && !self.receivers.contains(receiver) {
            self.receivers.insert(receiver.clone());
        }
    }

    /// Addresses that it served or sent a NOTIFY to.
    pub fn receivers(&self) -> impl Iterator<Item = &Text> {
        self.receivers.iter()
    }

    /// `primary`, `secondary`, `vrrp`; sorted.
    #[must_use]
    pub fn roles(&self) -> Vec<&'static str> {
        let has_vrrp = !self.vrrp.events().is_empty();
        let roles = [("primary", self.is_primary), ("secondary", self.is_secondary), ("vrrp", has_vrrp)];
        roles.into_iter().filter(|(_, holds)| *holds).map(|(role, _)| role).collect()
    }
}

/// All nodes a set of lines was written on, sorted.
#[must_use]
pub fn nodes_of<'a>(events: impl IntoIterator<Item = &'a Arc<Event>>) -> Vec<Text> {
    let nodes: BTreeSet<Text> = events.into_iter().map(|event| event.node.clone()).collect();
    nodes.into_iter().collect()
}
