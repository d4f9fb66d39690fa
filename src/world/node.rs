//! What is known of one node: what it is, of which releases, whom it serves, and how far its logs reach.

use super::{NodeVrrp, Said, Settings, World};
use crate::event::{Daemon, Event, Keeper, Pdns, Text};
use crate::moment::Moment;
use crate::timeline::Presence;
use crate::version::{Version, VersionRange};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Failed take-overs kept per node.
pub(super) const FAILED_MAX: usize = 1000;
/// Receivers kept per node; nobody but its configuration and its ACL chooses them.
const RECEIVERS_MAX: usize = 256;
/// Times of lost lines and of a clock that was set, per node.
const KEPT_MAX: usize = 1000;
/// Seconds with an asked transfer kept per node.
const ASKED_MAX: usize = 100_000;
/// A transfer is asked, served and committed within this, clocks corrected.
const ASKED_SECONDS: i64 = 4;

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

impl NodeFacts {
    /// What a daemon's version is known by: `banner` or `wordings`.
    #[must_use]
    pub fn version_is_by(&self, daemon: Daemon) -> &'static str {
        if self.banners.contains(&daemon) { "banner" } else { "wordings" }
    }

    pub(super) fn note_banner(&mut self, daemon: Daemon, version: &str) {
        if let Some(version) = Version::parse(version) {
            self.versions.insert(daemon, VersionRange::only(version));
            self.banners.insert(daemon);
        }
    }

    pub(super) fn note_asked(&mut self, time: Moment, pdns: &Pdns) {
        let asked =
            matches!(pdns, Pdns::TransferAsked { .. } | Pdns::TransferDenied { .. } | Pdns::TransferServed { .. });
        if asked && self.asked_in.len() < ASKED_MAX {
            self.asked_in.insert(time.micros.div_euclid(1_000_000));
        }
    }

    /// Whether this node's PowerDNS wrote about a transfer out at about a moment; true where what is kept cannot tell.
    #[must_use]
    pub fn was_asked_near(&self, moment: Moment) -> bool {
        let second = moment.micros.div_euclid(1_000_000);
        self.asked_in.len() >= ASKED_MAX
            || self.asked_in.range(second - ASKED_SECONDS..=second + ASKED_SECONDS).next().is_some()
    }

    pub(super) fn note(&mut self, daemon: Daemon, time: Moment) {
        let span = self.spans.entry(daemon).or_insert((time, time));
        span.0 = span.0.min(time);
        span.1 = span.1.max(time);
    }

    pub(super) fn note_role(&mut self, pdns: &Pdns) {
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

    pub(super) fn note_keeper(&mut self, time: Moment, keeper: Keeper) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push((time, keeper));
        }
    }

    /// When lines of this node were thrown away and its clock was set: the first `KEPT_MAX` times.
    pub fn kept(&self) -> impl Iterator<Item = (Moment, Keeper)> {
        self.kept.iter().copied()
    }

    pub(super) fn note_receiver(&mut self, pdns: &Pdns) {
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

impl World {
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

    /// Whether a daemon of a node wrote anything.
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
}

/// All nodes a set of lines was written on, sorted.
#[must_use]
pub fn nodes_of<'a>(events: impl IntoIterator<Item = &'a Arc<Event>>) -> Vec<Text> {
    let nodes: BTreeSet<Text> = events.into_iter().map(|event| event.node.clone()).collect();
    nodes.into_iter().collect()
}
