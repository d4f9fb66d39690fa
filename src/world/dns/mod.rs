//! Replication as the lines of one node tell it: which copies were behind, who was refused, whose NOTIFY was turned away.
//!
//! Ordinary refreshes leave no trace here: a copy that is stale and then transferred is forgotten at once.

mod behind;
mod lines;
mod refusals;
mod serial;
mod strangers;

use super::asked::Number;
use super::copies::{Copies, Place};
use crate::event::{Event, Pdns, Text, TransferFailure};
use crate::moment::Moment;
use behind::{Pending, failed, stale};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use behind::Behind;
pub use lines::Lines;
pub use refusals::Refusals;
pub use serial::is_newer;
pub use strangers::Strangers;

/// Episodes of one key end after this long without a line (a day: someone has slept over it).
const QUIET_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Distinct zones kept per NOTIFY sender or refusing address; a sender chooses names freely.
const ZONES_MAX: usize = 10_000;

/// What the other side of a transfer wrote about the same moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Met<'a> {
    /// The node that denied it.
    pub(super) node: Option<&'a Text>,
    /// The address that was asked.
    pub(super) address: Option<&'a Text>,
}

/// What is known of one secondary's copy of one zone. Nearly all copies are current, so what only others have is boxed or kept elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    pending: Option<Pending>,
    /// The first NOTIFY refused since the copy was last current: if its sender was the primary, the copy was behind from there on.
    notify: Option<Arc<Event>>,
    open: Option<Box<Behind>>,
    /// When it was last transferred, in microseconds; long ago where that was never seen.
    committed: i64,
    /// Serial last seen here, however it was learned.
    serial: Option<u32>,
    /// The address that was asked last.
    pub(super) asked: Option<Number>,
    /// The address that it is being fetched from: 4.0–4.3 name it before the commit only.
    pub(super) fetching: Option<Number>,
    /// Whether a line told how the copy is, or that it may be old; others tell only whom it asks.
    is_judged: bool,
    /// Whether its primary does not answer.
    pub(super) is_unreached: bool,
    /// Whether it is newer than its primary's.
    pub(super) is_newer: bool,
}

impl Default for Copy {
    fn default() -> Self {
        Self {
            pending: None,
            notify: None,
            open: None,
            committed: i64::MIN,
            serial: None,
            asked: None,
            fetching: None,
            is_judged: false,
            is_unreached: false,
            is_newer: false,
        }
    }
}

/// What all nodes' PowerDNS said about replication.
#[derive(Debug, Clone, Default)]
pub struct Replication {
    /// Copies that are judged.
    judged: usize,
    /// Boxed as they were while they lasted.
    #[expect(
        clippy::vec_box,
        reason = "each comes in its box; moved out of it they would take twice the room while the list grows"
    )]
    behind: Vec<Box<Behind>>,
    strangers: BTreeMap<Text, Vec<Strangers>>,
    refusals: Vec<Refusals>,
    /// When an operator last asked for a NOTIFY of a zone: such a one is no sign of a new serial.
    ordered: BTreeMap<Text, Moment>,
    /// Lines whose senders, zones or clients the limits left out.
    pub left_out: u64,
}

impl Replication {
    /// `may_be_own`: some sender's own log showed one of its NOTIFYs refused.
    #[expect(clippy::too_many_arguments, reason = "a line, and what the other parts of the world know of it")]
    pub(super) fn observe(
        &mut self,
        event: &Arc<Event>,
        pdns: &Pdns,
        copies: &mut Copies,
        place: Option<Place>,
        met: Met<'_>,
        fetched_from: Option<&Text>,
        may_be_own: bool,
    ) {
        match pdns {
            Pdns::ZoneStale { primary_serial, our_serial, .. } => {
                if let Some(copy) = self.judge(copies, place) {
                    stale(copy, event, *primary_serial, *our_serial);
                }
            }
            Pdns::TransferFailed { zone, primary, why, .. } => {
                let refused = *why == TransferFailure::Refused;
                if let Some(copy) = self.judge(copies, place) {
                    failed(copy, event, zone, primary.as_ref(), refused);
                }
                if refused {
                    self.refused(event, zone, primary.as_ref(), met.node);
                }
            }
            Pdns::ZoneCommitted { zone, serial, .. } => {
                if let Some(copy) = self.judge(copies, place) {
                    self.current(copy, event, zone, *serial, true, fetched_from, may_be_own);
                }
            }
            Pdns::ZoneFresh { zone, serial, .. } => {
                if let Some(copy) = self.judge(copies, place) {
                    self.current(copy, event, zone, *serial, false, None, may_be_own);
                }
            }
            Pdns::NotifyRefused { zone, from } => self.stranger(event, copies, zone, from),
            Pdns::NotifyForbidden { zone, .. } => self.unheard(event, copies, zone),
            Pdns::NotifyOrdered { zone } => {
                if self.ordered.len() < ZONES_MAX || self.ordered.contains_key(zone) {
                    self.ordered.insert(zone.clone(), event.time);
                }
            }
            Pdns::TransferDenied { zone, client } => self.denied(event, zone, client.as_ref(), met.address),
            Pdns::TransferServed { zone, client } => self.no_longer_waiting(event, zone, client),
            Pdns::Started { .. }
            | Pdns::Ready
            | Pdns::CommunicatorStarted
            | Pdns::ZoneNewer { .. }
            | Pdns::FreshnessChecked { .. }
            | Pdns::SoaUnretrievable { .. }
            | Pdns::TransferStarted { .. }
            | Pdns::TransferRetrieved { .. }
            | Pdns::NotifyAccepted { .. }
            | Pdns::NotifyQueued { .. }
            | Pdns::NotifyAcknowledged { .. }
            | Pdns::NotifyRejected { .. }
            | Pdns::NotifyUnanswered { .. }
            | Pdns::TransferAsked { .. } => {}
        }
    }

    /// The copy of which a line tells how it is.
    fn judge<'c>(&mut self, copies: &'c mut Copies, place: Option<Place>) -> Option<&'c mut Copy> {
        let copy = &mut copies[place?];
        if !copy.is_judged {
            copy.is_judged = true;
            self.judged += 1;
        }
        Some(copy)
    }

    /// All episodes of NOTIFYs turned away.
    pub fn strangers(&self) -> impl Iterator<Item = &Strangers> {
        self.strangers.values().flatten()
    }

    /// All episodes of transfers refused.
    #[must_use]
    pub fn refusals(&self) -> &[Refusals] {
        &self.refusals
    }
}
