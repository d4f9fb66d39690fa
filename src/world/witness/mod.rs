//! Who answered at an address, and from which address a node spoke: pairs of PowerDNS lines of two hosts about one moment.
//!
//! A secondary names the address it asks; only the node behind that address can write the denial, or finish the transfer. A primary
//! logs the NOTIFY it sends; only the receiver sees the address it came from.

mod found;
mod line;
mod seen;
mod waiting;

use super::asked::Asked;
use super::copies::{Copies, Place};
use super::dns::Copy;
use crate::event::{Event, Pdns, SiteFact, Text, TransferFailure};
use ahash::AHashMap;
use found::Run;
use line::{address_of, asked_address, fetching, is_rejection, is_sent, is_turned_away, sender};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub(super) use line::fetched_from;
pub use seen::{Seen, Witness};

/// Two lines about one transfer are at most this far apart, clocks corrected: a second of resolution on either side and the
/// transfer itself.
const TRANSFER_MICROS: i64 = 3_000_000;
/// A transfer that no line says was served is taken for the one that was asked this shortly before.
const SUPPOSED_MICROS: i64 = 2_000_000;
/// A NOTIFY is queued before it is sent, and sent at the communicator's next tick.
const NOTIFY_MICROS: i64 = 5_000_000;
/// Stamps of whole seconds may turn the order of two lines of one second round.
const SAME_SECOND_MICROS: i64 = 1_000_000;
/// Receivers of one NOTIFY answer within this of each other.
const ROUND_MICROS: i64 = 1_500_000;
/// Lines waiting for their counterpart, per zone.
const WAITING_MAX: usize = 64;
/// Zones with waiting lines.
const ZONES_MAX: usize = 100_000;

/// Pairs lines as they come, in order of time.
#[derive(Debug, Clone, Default)]
pub struct Witnesses {
    waiting: AHashMap<Text, VecDeque<Arc<Event>>>,
    /// When zones without a line that can still be paired were last let go of.
    swept_micros: i64,
    /// Transfers asked here and stored there, while a denial may still follow: the default level logs no end of a transfer out.
    unsettled: VecDeque<Witness>,
    /// Nobody but one node writes lines: those that only another node's can meet need not wait.
    is_of_one_node: bool,
    found: Vec<Witness>,
    /// Places among them of NOTIFYs that were accepted and that a second node turned out to have sent as well.
    doubted: BTreeSet<usize>,
    /// Whether any sender's own log showed one of its NOTIFYs refused.
    has_strange: bool,
    /// What was found in the last seconds: one observation per node, kind, zone and second.
    known: BTreeSet<(i64, Text, Seen, Text)>,
    /// Where the last one of a run of like observations stands, since the last sign that anything changed.
    runs: BTreeMap<(Text, Seen, Option<Text>), Run>,
}

impl Witnesses {
    /// All observations, in the order of their times.
    #[must_use]
    pub fn all(&self) -> &[Witness] {
        &self.found
    }

    /// Whether any sender's own log showed, up to here, that one of its NOTIFYs was refused.
    pub(super) fn has_strange(&self) -> bool {
        self.has_strange
    }

    /// Takes a line of the site's own that states where the address is.
    pub(super) fn stated(&mut self, event: &Arc<Event>, what: &SiteFact) {
        let (seen, address, node) = match what {
            SiteFact::AddressClaimed { address, node } => (Seen::Claimed, address.clone(), node.as_ref()),
            // Which of the addresses is the one that moves is known when all is read.
            SiteFact::EgressAddress { address } => (Seen::LeavesElsewhere, Some(address.clone()), None),
            SiteFact::TakeoverFailed { .. } | SiteFact::Note => return,
        };
        self.add(Witness {
            node: node.unwrap_or(&event.node).clone(),
            seen,
            address,
            zone: Text::from(""),
            time: event.time,
            own: Arc::clone(event),
            other: None,
        });
    }

    /// A VRRP state changed: what is seen from here on is news even if it looks like what was seen before.
    pub(super) fn mark(&mut self) {
        self.runs.clear();
    }

    /// Lets go of the lines whose other half has not come.
    pub(super) fn end_pairing(&mut self) {
        self.accept_unsettled(i64::MAX);
        self.waiting.clear();
    }

    /// Takes observations that were worked out elsewhere.
    pub(super) fn add_all(&mut self, witnesses: Vec<Witness>) {
        self.found.extend(witnesses);
    }

    /// Ends the pairing. A NOTIFY that one receiver took from its primary outranks the same one that another refused: the refusal
    /// was about something else.
    pub(super) fn settle(&mut self, asked: &Asked, stated: &BTreeSet<Text>) {
        self.accept_unsettled(i64::MAX);
        let doubted = std::mem::take(&mut self.doubted);
        let mut places = 0..;
        self.found.retain(|_| places.next().is_none_or(|at| !doubted.contains(&at)));
        self.tell_egress_apart(asked, stated);
        let accepted: BTreeSet<(Text, Text, i64)> = self
            .found
            .iter()
            .filter(|witness| matches!(witness.seen, Seen::Heard | Seen::Acknowledged))
            .flat_map(|witness| {
                let times = [witness.own.time.micros, witness.time.micros];
                times.map(|micros| (witness.node.clone(), witness.zone.clone(), micros))
            })
            .collect();
        self.found.retain(|witness| {
            let key = |micros| (witness.node.clone(), witness.zone.clone(), micros);
            let own = witness.own.time.micros;
            let around = key(own - ROUND_MICROS)..=key(own + ROUND_MICROS);
            witness.seen != Seen::Strange || accepted.range(around).next().is_none()
        });
        self.found.sort_by(|a, b| {
            a.time.cmp(&b.time).then_with(|| (&a.node, a.seen, &a.zone).cmp(&(&b.node, b.seen, &b.zone)))
        });
    }

    /// Says that all lines are one node's.
    pub(super) fn are_of_one_node(&mut self) {
        self.is_of_one_node = true;
    }

    /// Takes a line and returns what the other side wrote about the same moment, where it already did.
    pub(super) fn observe(
        &mut self,
        event: &Arc<Event>,
        pdns: &Pdns,
        copies: &mut Copies,
        place: Option<Place>,
        asked: &Asked,
    ) -> Option<Arc<Event>> {
        self.accept_unsettled(event.time.micros);
        match pdns {
            Pdns::TransferFailed { zone, why: TransferFailure::Refused, .. } => {
                self.keep_for_others(zone, event);
                let own =
                    self.by_one_node(zone, event, TRANSFER_MICROS, |fact| matches!(fact, Pdns::TransferDenied { .. }))?;
                self.pair(Seen::Denied, zone, &own, event, asked_address(pdns, None));
                Some(own)
            }
            Pdns::TransferDenied { zone, .. } => {
                self.unsettled.retain(|witness| witness.node != event.node || witness.zone != *zone);
                self.keep(zone, event);
                self.by_one_node(zone, event, TRANSFER_MICROS, |fact| matches!(fact, Pdns::TransferDenied { .. }))?;
                let is_refusal =
                    |fact: &Pdns| matches!(fact, Pdns::TransferFailed { why: TransferFailure::Refused, .. });
                let other = self.at_one_address(zone, event, is_refusal)?;
                self.pair(Seen::Denied, zone, event, &other, address_of(&other, None));
                Some(other)
            }
            Pdns::TransferRetrieved { primary, .. } | Pdns::TransferStarted { primary, .. } => {
                if let (Some(_), Some(place)) = (primary, place) {
                    Self::fetch(&mut copies[place]);
                }
                None
            }
            Pdns::ZoneCommitted { zone, .. } => {
                self.keep_for_others(zone, event);
                let address = fetched_from(pdns, copies, place, asked).cloned();
                let is_served = |fact: &Pdns| matches!(fact, Pdns::TransferServed { .. });
                if self.near(zone, event, TRANSFER_MICROS, is_served).is_empty() {
                    self.suppose_served(zone, event, event, address);
                    return None;
                }
                let own = self.by_one_node(zone, event, TRANSFER_MICROS, is_served)?;
                self.pair(Seen::Served, zone, &own, event, address);
                Some(own)
            }
            Pdns::TransferAsked { zone, .. } => {
                self.keep(zone, event);
                // Only stamps of one second may show the transfer before the question.
                let near =
                    self.near(zone, event, SAME_SECOND_MICROS, |fact| matches!(fact, Pdns::ZoneCommitted { .. }));
                let other = near.into_iter().find(|line| line.node != event.node)?;
                let fetched = fetching(copies, copies.place(&other.node, zone), asked);
                let address = address_of(&other, fetched);
                self.suppose_served(zone, event, &other, address);
                None
            }
            Pdns::TransferServed { zone, .. } => {
                self.keep(zone, event);
                self.by_one_node(zone, event, TRANSFER_MICROS, |fact| matches!(fact, Pdns::TransferServed { .. }))?;
                let other = self.at_one_address(zone, event, |fact| matches!(fact, Pdns::ZoneCommitted { .. }))?;
                let fetched = fetching(copies, copies.place(&other.node, zone), asked);
                let address = address_of(&other, fetched);
                self.pair(Seen::Served, zone, event, &other, address);
                Some(other)
            }
            Pdns::NotifyQueued { zone, .. } => {
                self.keep(zone, event);
                let other = self.at_one_address(zone, event, |fact| matches!(fact, Pdns::NotifyAccepted { .. }))?;
                if self.by_one_node(zone, event, NOTIFY_MICROS, is_sent).is_none() {
                    self.doubt(&other);
                    return None;
                }
                self.pair(Seen::Heard, zone, event, &other, sender(&other));
                None
            }
            Pdns::NotifyAccepted { zone, from } => {
                self.keep_for_others(zone, event);
                let own = self.by_one_node(zone, event, NOTIFY_MICROS, is_sent)?;
                self.pair(Seen::Heard, zone, &own, event, from.clone());
                None
            }
            Pdns::NotifyAcknowledged { zone, .. } => {
                self.keep(zone, event);
                match self.at_one_address(zone, event, |fact| matches!(fact, Pdns::NotifyAccepted { .. })) {
                    Some(other) if self.by_one_node(zone, event, NOTIFY_MICROS, is_sent).is_some() => {
                        self.pair(Seen::Heard, zone, event, &other, sender(&other));
                    }
                    Some(_) | None => self.alone(Seen::Acknowledged, zone, event),
                }
                None
            }
            // Only a NOTIFY that its sender saw refused is the one that the receiver refused: a stranger may send at the same time.
            Pdns::NotifyRejected { zone, .. } => {
                self.keep(zone, event);
                match self.at_one_address(zone, event, is_turned_away) {
                    Some(other) if self.by_one_node(zone, event, NOTIFY_MICROS, is_rejection).is_some() => {
                        self.strange(zone, event, &other);
                    }
                    Some(_) | None => self.alone(Seen::Rejected, zone, event),
                }
                None
            }
            Pdns::NotifyRefused { zone, .. } | Pdns::NotifyForbidden { zone, .. } => {
                self.keep_for_others(zone, event);
                // The receiver refuses before the sender hears of it.
                let own = self.by_one_node(zone, event, SAME_SECOND_MICROS, is_rejection)?;
                // Two senders turned away near one rejection: which of them it was cannot be told.
                if self.at_one_address(zone, &own, is_turned_away).is_some() {
                    self.strange(zone, &own, event);
                }
                None
            }
            Pdns::NotifyOrdered { .. } => None,
            Pdns::Started { .. }
            | Pdns::Ready
            | Pdns::CommunicatorStarted
            | Pdns::ZoneFresh { .. }
            | Pdns::ZoneStale { .. }
            | Pdns::ZoneNewer { .. }
            | Pdns::FreshnessChecked { .. }
            | Pdns::SoaUnretrievable { .. }
            | Pdns::TransferFailed { .. }
            | Pdns::NotifyUnanswered { .. } => None,
        }
    }

    /// A transfer that was stored, and one node alone was asked for the zone about then and did not deny it: it served, whatever its
    /// level hides. `latest` is the line that came last.
    fn suppose_served(&mut self, zone: &Text, latest: &Event, committed: &Arc<Event>, address: Option<Text>) {
        let is_asked = |fact: &Pdns| matches!(fact, Pdns::TransferAsked { .. } | Pdns::TransferDenied { .. });
        let Some(own) = self.by_one_node(zone, latest, SUPPOSED_MICROS, is_asked) else { return };
        let is_denied = |fact: &Pdns| matches!(fact, Pdns::TransferDenied { .. });
        if own.node == committed.node || !self.near(zone, latest, SUPPOSED_MICROS, is_denied).is_empty() {
            return;
        }
        self.unsettled.push_back(Witness {
            node: own.node.clone(),
            seen: Seen::Served,
            address,
            zone: zone.clone(),
            time: own.time.max(committed.time),
            own: Arc::clone(&own),
            other: Some(Arc::clone(committed)),
        });
    }

    /// Takes for true what no denial has contradicted in time.
    fn accept_unsettled(&mut self, now: i64) {
        while let Some(first) = self.unsettled.front() {
            if now.saturating_sub(first.time.micros) <= TRANSFER_MICROS {
                break;
            }
            self.unsettled.pop_front().into_iter().for_each(|witness| self.add(witness));
        }
    }

    /// An egress address is the one that moves if it is stated to, if secondaries ask it, or a script claims it. Without any nobody can tell.
    fn tell_egress_apart(&mut self, asked: &Asked, stated: &BTreeSet<Text>) {
        let is_claim = |witness: &&Witness| witness.seen == Seen::Claimed || witness.seen.is_of_cloud();
        let mut moving: BTreeSet<Text> =
            self.found.iter().filter(is_claim).filter_map(|claim| claim.address.clone()).collect();
        moving.extend(asked.iter().map(|(address, _)| address.clone()));
        moving.extend(stated.iter().cloned());
        self.found.retain(|witness| witness.seen != Seen::LeavesElsewhere || !moving.is_empty());
        for witness in &mut self.found {
            let is_moving = witness.address.as_ref().is_some_and(|address| moving.contains(address));
            if witness.seen == Seen::LeavesElsewhere && is_moving {
                witness.seen = Seen::Leaves;
            }
        }
    }

    /// Takes that a copy is being fetched from the address that was asked last.
    fn fetch(copy: &mut Copy) {
        copy.fetching = copy.asked;
    }
}
