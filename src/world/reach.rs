//! Primaries that secondaries asked without an answer: which zones, since when, and when one came again.
//!
//! A zone is remembered while its primary does not answer, and afterwards only if that took long. An answer of any kind, be it no, ends it:
//! somebody is there.

use super::dns::Lines;
use crate::event::{Event, Pdns, Text, TransferFailure};
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A primary that is away for less is being restarted.
const RESTART_MICROS: i64 = 300_000_000;
/// Zones without an answer that are kept at a time.
const ZONES_MAX: usize = 10_000;
/// Stretches that are kept after their end.
const DONE_MAX: usize = 10_000;
/// Addresses kept per node.
const ADDRESSES_MAX: usize = 64;
/// An error that was answered is told a moment before `Unable to retrieve SOA` is.
const SAME_CHECK_MICROS: i64 = 5_000_000;

/// One zone whose primary a secondary could not reach.
#[derive(Debug, Clone)]
pub struct Unreached {
    /// The secondary.
    pub node: Text,
    /// The zone.
    pub zone: Text,
    /// Addresses asked, where lines name them.
    pub addresses: BTreeSet<Text>,
    /// SOA checks without an answer.
    pub checks: Lines,
    /// Transfers that found nobody.
    pub transfers: Lines,
    /// Rounds of checks with time-outs meanwhile.
    pub rounds: Lines,
    /// The line that shows an answer again.
    pub end: Option<Arc<Event>>,
}

impl Unreached {
    fn new(node: &Text, zone: &Text) -> Self {
        Self {
            node: node.clone(),
            zone: zone.clone(),
            addresses: BTreeSet::new(),
            checks: Lines::default(),
            transfers: Lines::default(),
            rounds: Lines::default(),
            end: None,
        }
    }

    /// The first line without an answer.
    #[must_use]
    pub fn first(&self) -> Option<&Arc<Event>> {
        let first = [&self.checks, &self.transfers].into_iter().filter_map(|lines| lines.first.first());
        first.min_by_key(|event| event.time.micros)
    }

    /// Moment of the last line without one.
    #[must_use]
    pub fn last_time(&self) -> Option<Moment> {
        let last = [&self.checks, &self.transfers, &self.rounds].into_iter().filter_map(Lines::last_time);
        last.max_by_key(|time| time.micros)
    }

    /// Whether it lasted longer than a restart takes, by at least two attempts.
    fn is_lasting(&self) -> bool {
        let first = self.first().map(|event| event.time);
        first.zip(self.last_time()).is_some_and(|(first, last)| last.micros_since(first) >= RESTART_MICROS)
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    open: BTreeMap<(Text, Text), Unreached>,
    done: Vec<Unreached>,
    /// Nodes whose log shows checks that succeed: only there their absence means something.
    shows_success: BTreeSet<Text>,
    /// When a zone's check was last answered with an error.
    answered: BTreeMap<(Text, Text), Moment>,
    /// Addresses that a node asked.
    asked: BTreeMap<Text, BTreeSet<Text>>,
}

impl Reach {
    /// Takes the next event; returns how many zones the limits left out.
    pub(super) fn observe(&mut self, event: &Arc<Event>, pdns: &Pdns) -> u64 {
        if let Some(address) = pdns.asked_primary() {
            let asked = self.asked.entry(event.node.clone()).or_default();
            if asked.len() < ADDRESSES_MAX {
                asked.insert(address.clone());
            }
        }
        match pdns {
            Pdns::SoaUnretrievable { zone, answered: true, .. } => {
                if self.answered.len() < ZONES_MAX {
                    self.answered.insert((event.node.clone(), zone.clone()), event.time);
                }
                self.answers(event, zone, true);
            }
            Pdns::SoaUnretrievable { zone, primary, attempt, answered: false, .. } => {
                return self.unanswered_check(event, zone, primary.as_ref(), *attempt);
            }
            Pdns::TransferFailed { zone, primary, why: TransferFailure::Unreachable, .. } => {
                let Some(unreached) = self.open(&event.node, zone) else { return 1 };
                unreached.addresses.extend(primary.clone());
                unreached.transfers.push(event, true);
            }
            Pdns::FreshnessChecked { timeouts, .. } if *timeouts > 0 => self.round(event),
            Pdns::ZoneFresh { zone, .. } => {
                self.shows_success.insert(event.node.clone());
                self.answers(event, zone, true);
            }
            Pdns::ZoneStale { zone, .. } | Pdns::ZoneNewer { zone, .. } => {
                self.shows_success.insert(event.node.clone());
                self.answers(event, zone, false);
            }
            Pdns::ZoneCommitted { zone, .. }
            | Pdns::TransferRetrieved { zone, .. }
            | Pdns::TransferFailed { zone, why: TransferFailure::Refused | TransferFailure::Broken, .. } => {
                self.answers(event, zone, true);
            }
            Pdns::Started { .. }
            | Pdns::Ready
            | Pdns::CommunicatorStarted
            | Pdns::FreshnessChecked { .. }
            | Pdns::TransferStarted { .. }
            | Pdns::NotifyAccepted { .. }
            | Pdns::NotifyRefused { .. }
            | Pdns::NotifyForbidden { .. }
            | Pdns::NotifyOrdered { .. }
            | Pdns::NotifyQueued { .. }
            | Pdns::NotifyAcknowledged { .. }
            | Pdns::NotifyRejected { .. }
            | Pdns::NotifyUnanswered { .. }
            | Pdns::TransferAsked { .. }
            | Pdns::TransferDenied { .. }
            | Pdns::TransferServed { .. } => {}
        }
        0
    }

    fn open(&mut self, node: &Text, zone: &Text) -> Option<&mut Unreached> {
        let key = (node.clone(), zone.clone());
        if self.open.len() >= ZONES_MAX && !self.open.contains_key(&key) {
            return None;
        }
        Some(self.open.entry(key).or_insert_with(|| Unreached::new(node, zone)))
    }

    fn unanswered_check(
        &mut self,
        event: &Arc<Event>,
        zone: &Text,
        primary: Option<&Text>,
        attempt: Option<u32>,
    ) -> u64 {
        let key = (event.node.clone(), zone.clone());
        let was_answered = self.answered.remove(&key);
        if was_answered.is_some_and(|time| event.time.micros_since(time) <= SAME_CHECK_MICROS) {
            return 0;
        }
        // PowerDNS counts from one again: there was an answer in between that its level hides.
        if attempt == Some(1)
            && let Some(before) = self.open.remove(&key)
        {
            self.keep(before);
        }
        let Some(unreached) = self.open(&event.node, zone) else { return 1 };
        unreached.addresses.extend(primary.cloned());
        unreached.checks.push(event, true);
        0
    }

    /// A round of checks with time-outs. Which zones they were is not said: those that had none before.
    fn round(&mut self, event: &Arc<Event>) {
        let of_node = self.open.range_mut((event.node.clone(), Text::from(""))..);
        for (_, unreached) in of_node.take_while(|((node, _), _)| *node == event.node) {
            if unreached.checks.count > 0 {
                let is_first = unreached.rounds.count == 0;
                unreached.rounds.push(event, is_first);
            }
        }
    }

    /// Somebody answers for a zone; `for_transfers`: by TCP as well, or so that no transfer is needed.
    fn answers(&mut self, event: &Arc<Event>, zone: &Text, for_transfers: bool) {
        if self.open.is_empty() {
            return;
        }
        let key = (event.node.clone(), zone.clone());
        let ends = self.open.get(&key).is_some_and(|open| for_transfers || open.transfers.count == 0);
        if ends && let Some(mut unreached) = self.open.remove(&key) {
            unreached.end = Some(Arc::clone(event));
            self.keep(unreached);
        }
    }

    fn keep(&mut self, unreached: Unreached) {
        if unreached.is_lasting() && self.done.len() < DONE_MAX {
            self.done.push(unreached);
        }
    }

    /// All stretches that lasted longer than a restart, in order of time. Rounds of time-outs count only where the log would show that
    /// a zone has its answer again.
    #[must_use]
    pub fn lasting(&self) -> Vec<Unreached> {
        let told = |unreached: &Unreached| {
            let mut told = unreached.clone();
            if !self.shows_success.contains(&unreached.node) {
                told.rounds = Lines::default();
            }
            told
        };
        let mut all: Vec<Unreached> =
            self.done.iter().chain(self.open.values()).map(told).filter(Unreached::is_lasting).collect();
        let key = |unreached: &Unreached| unreached.first().map_or(i64::MIN, |event| event.time.micros);
        all.sort_by(|a, b| (key(a), &a.node, &a.zone).cmp(&(key(b), &b.node, &b.zone)));
        all
    }

    /// Whether a node's log shows checks that succeed.
    #[must_use]
    pub fn shows_success(&self, node: &Text) -> bool {
        self.shows_success.contains(node)
    }

    /// The only address that a node asks, as far as its lines name any.
    #[must_use]
    pub fn only_primary(&self, node: &Text) -> Option<&Text> {
        let mut asked = self.asked.get(node)?.iter();
        asked.next().filter(|_| asked.next().is_none())
    }
}
