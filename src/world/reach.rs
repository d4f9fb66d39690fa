//! Primaries that secondaries asked without an answer: which zones, since when, and when one came again.
//!
//! A zone is remembered while its primary does not answer, and afterwards only if that took long. An answer of any kind, be it no, ends it:
//! somebody is there.

use super::copies::{Copies, Place};
use super::dns::Lines;
use crate::event::{Event, Pdns, Text, TransferFailure};
use crate::moment::Moment;
use ahash::{AHashMap, AHashSet};
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
    /// Rounds of its node before its first check: those do not count.
    rounds_before: u64,
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
            rounds_before: 0,
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

/// A node's rounds of checks with time-outs.
#[derive(Debug, Clone, Default)]
struct Rounds {
    count: u64,
    last: Option<Arc<Event>>,
    /// Copies whose first round is still to come.
    awaited_by: AHashSet<Place>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    open: AHashMap<Place, Unreached>,
    /// Rounds of checks with time-outs, by node. A round is of all zones that had no answer before: each takes its share when it is told.
    rounds: BTreeMap<Text, Rounds>,
    done: Vec<Unreached>,
    /// Nodes whose log shows checks that succeed: only there their absence means something.
    shows_success: BTreeSet<Text>,
    /// When a zone's check was last answered with an error.
    answered: AHashMap<Place, Moment>,
    /// Addresses that a node asked.
    asked: BTreeMap<Text, BTreeSet<Text>>,
}

impl Reach {
    /// Takes the next event; returns how many zones the limits left out.
    pub(super) fn observe(
        &mut self,
        event: &Arc<Event>,
        pdns: &Pdns,
        copies: &mut Copies,
        place: Option<Place>,
    ) -> u64 {
        if let Pdns::FreshnessChecked { timeouts, .. } = pdns
            && *timeouts > 0
        {
            self.round(event);
        }
        let Some(place) = place else { return 0 };
        match pdns {
            Pdns::SoaUnretrievable { answered: true, .. } => {
                if self.answered.len() < ZONES_MAX {
                    self.answered.insert(place, event.time);
                }
                self.answers(event, copies, place, true);
            }
            Pdns::SoaUnretrievable { zone, primary, attempt, answered: false, .. } => {
                return self.unanswered_check(event, copies, place, zone, primary.as_ref(), *attempt);
            }
            Pdns::TransferFailed { zone, primary, why: TransferFailure::Unreachable, .. } => {
                let Some(unreached) = self.open(&event.node, zone, copies, place) else { return 1 };
                unreached.addresses.extend(primary.clone());
                unreached.transfers.push(event, true);
            }
            Pdns::ZoneFresh { .. } => {
                self.note_success(&event.node);
                self.answers(event, copies, place, true);
            }
            Pdns::ZoneStale { .. } | Pdns::ZoneNewer { .. } => {
                self.note_success(&event.node);
                self.answers(event, copies, place, false);
            }
            Pdns::ZoneCommitted { .. }
            | Pdns::TransferRetrieved { .. }
            | Pdns::TransferFailed { why: TransferFailure::Refused | TransferFailure::Broken, .. } => {
                self.answers(event, copies, place, true);
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

    fn note_success(&mut self, node: &Text) {
        if !self.shows_success.contains(node) {
            self.shows_success.insert(node.clone());
        }
    }

    /// Takes that a node asked an address.
    pub(super) fn note_asked(&mut self, node: &Text, address: &Text) {
        let asked = self.asked.entry(node.clone()).or_default();
        if asked.len() < ADDRESSES_MAX && !asked.contains(address) {
            asked.insert(address.clone());
        }
    }

    fn open(&mut self, node: &Text, zone: &Text, copies: &mut Copies, place: Place) -> Option<&mut Unreached> {
        if self.open.len() >= ZONES_MAX && !copies[place].is_unreached {
            return None;
        }
        copies[place].is_unreached = true;
        Some(self.open.entry(place).or_insert_with(|| Unreached::new(node, zone)))
    }

    fn unanswered_check(
        &mut self,
        event: &Arc<Event>,
        copies: &mut Copies,
        place: Place,
        zone: &Text,
        primary: Option<&Text>,
        attempt: Option<u32>,
    ) -> u64 {
        let was_answered = self.answered.remove(&place);
        if was_answered.is_some_and(|time| event.time.micros_since(time) <= SAME_CHECK_MICROS) {
            return 0;
        }
        // PowerDNS counts from one again: there was an answer in between that its level hides.
        if attempt == Some(1)
            && let Some(before) = self.close(copies, place)
        {
            self.keep(before);
        }
        let rounds_before = self.rounds.get(&event.node).map_or(0, |rounds| rounds.count);
        let Some(unreached) = self.open(&event.node, zone, copies, place) else { return 1 };
        unreached.addresses.extend(primary.cloned());
        let is_first = unreached.checks.count == 0;
        unreached.checks.push(event, true);
        if is_first {
            unreached.rounds_before = rounds_before;
            self.rounds.entry(event.node.clone()).or_default().awaited_by.insert(place);
        }
        0
    }

    /// A round of checks with time-outs. Which zones they were is not said: those that had none before.
    fn round(&mut self, event: &Arc<Event>) {
        let Some(rounds) = self.rounds.get_mut(&event.node) else { return };
        rounds.count += u64::from(event.repeated);
        rounds.last = Some(Arc::clone(event));
        for place in std::mem::take(&mut rounds.awaited_by) {
            let waits = |open: &&mut Unreached| open.checks.count > 0 && open.rounds.first.is_empty();
            if let Some(open) = self.open.get_mut(&place).filter(waits) {
                open.rounds.first.push(Arc::clone(event));
            }
        }
    }

    /// Gives a zone its share of the rounds so far.
    fn count_rounds(&self, unreached: &mut Unreached) {
        let Some(rounds) = self.rounds.get(&unreached.node).filter(|_| !unreached.rounds.first.is_empty()) else {
            return;
        };
        unreached.rounds.count = rounds.count - unreached.rounds_before;
        unreached.rounds.last.clone_from(&rounds.last);
    }

    /// Somebody answers for a zone; `for_transfers`: by TCP as well, or so that no transfer is needed.
    fn answers(&mut self, event: &Arc<Event>, copies: &mut Copies, place: Place, for_transfers: bool) {
        if !copies[place].is_unreached {
            return;
        }
        let ends = |open: &Unreached| for_transfers || open.transfers.count == 0;
        if self.open.get(&place).is_some_and(ends)
            && let Some(mut unreached) = self.close(copies, place)
        {
            unreached.end = Some(Arc::clone(event));
            self.keep(unreached);
        }
    }

    /// Takes a zone out, with its share of the rounds.
    fn close(&mut self, copies: &mut Copies, place: Place) -> Option<Unreached> {
        let mut closed = self.open.remove(&place)?;
        copies[place].is_unreached = false;
        self.count_rounds(&mut closed);
        if let Some(rounds) = self.rounds.get_mut(&closed.node) {
            rounds.awaited_by.remove(&place);
        }
        Some(closed)
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
        let open = self.open.values().map(|open| {
            let mut told = open.clone();
            self.count_rounds(&mut told);
            told
        });
        let told = |mut told: Unreached| {
            if !self.shows_success.contains(&told.node) {
                told.rounds = Lines::default();
            }
            told
        };
        let mut all: Vec<Unreached> =
            self.done.iter().cloned().chain(open).map(told).filter(Unreached::is_lasting).collect();
        let key = |unreached: &Unreached| unreached.first().map_or(i64::MIN, |event| event.time.micros);
        all.sort_by(|a, b| (key(a), &a.node, &a.zone).cmp(&(key(b), &b.node, &b.zone)));
        all
    }

    /// Whether a node's log shows checks that succeed.
    #[must_use]
    pub fn shows_success(&self, node: &Text) -> bool {
        self.shows_success.contains(node)
    }

    /// The addresses that a node asks, as far as its lines name any.
    pub fn asked_by(&self, node: &Text) -> impl Iterator<Item = &Text> {
        self.asked.get(node).into_iter().flatten()
    }

    /// The only address that a node asks, as far as its lines name any.
    #[must_use]
    pub fn only_primary(&self, node: &Text) -> Option<&Text> {
        let mut asked = self.asked.get(node)?.iter();
        asked.next().filter(|_| asked.next().is_none())
    }
}
