//! Replication as the lines of one node tell it: which copies were behind, who was refused, whose NOTIFY was turned away.
//!
//! Ordinary refreshes leave no trace here: a copy that is stale and then transferred is forgotten at once.

use super::World;
use super::asked::Number;
use super::copies::{Copies, Place};
use crate::event::{Event, Pdns, Text, TransferFailure};
use crate::moment::Moment;
use ahash::AHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Episodes of one key end after this long without a line (a day: someone has slept over it).
const QUIET_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Distinct zones kept per NOTIFY sender or refusing address; a sender chooses names freely.
const ZONES_MAX: usize = 10_000;
/// Lines kept per episode as evidence: the first ones and the last.
const LINES_MAX: usize = 12;
/// NOTIFY senders remembered; the source address of a datagram is anyone's choice.
const SENDERS_MAX: usize = 10_000;

/// A copy that is renewed this soon after a NOTIFY was not behind for long enough to be told.
const REFRESH_MICROS: i64 = 2_000_000;
/// A NOTIFY leaves within this of the operator's order.
const BY_HAND_MICROS: i64 = 10_000_000;
/// A NOTIFY that comes this soon after a transfer tells of the change that was transferred: primaries send it at their communicator's
/// next tick, and again after a second or two.
const RENEWED_MICROS: i64 = 5_000_000;
/// A sender's log shows its NOTIFY refused within this, clocks corrected.
const SENDER_MICROS: i64 = 10_000_000;
/// A refusal this soon after the last refused one was served is the same trouble.
const RELAPSE_MICROS: i64 = 600 * 1_000_000;

/// What the other side of a transfer wrote about the same moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Met<'a> {
    /// The node that denied it.
    pub(super) node: Option<&'a Text>,
    /// The address that was asked.
    pub(super) address: Option<&'a Text>,
}

/// Lines of one kind: the first ones, the last, and how many.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// First ones, in order, one per (node, zone).
    pub first: Vec<Arc<Event>>,
    /// The last. A follower forgets the lines that no world holds, so it is held, not its time alone.
    pub last: Option<Arc<Event>>,
    /// How many.
    pub count: u64,
}

impl Lines {
    pub(super) fn push(&mut self, event: &Arc<Event>, is_new_kind: bool) {
        self.count += u64::from(event.repeated);
        if is_new_kind && self.first.len() < LINES_MAX {
            self.first.reserve_exact(usize::from(self.first.is_empty()));
            self.first.push(Arc::clone(event));
        }
        self.last = Some(Arc::clone(event));
    }

    /// Moment of the first line.
    #[must_use]
    pub fn first_time(&self) -> Option<Moment> {
        self.first.first().map(|event| event.time)
    }

    /// From the first line to the last.
    #[must_use]
    pub fn span_micros(&self) -> i64 {
        self.first_time().zip(self.last_time()).map_or(0, |(first, last)| last.micros_since(first))
    }

    /// Moment of the last line.
    #[must_use]
    pub fn last_time(&self) -> Option<Moment> {
        self.last.as_ref().map(|event| event.time)
    }
}

/// One stretch of a copy being behind.
#[derive(Debug, Clone)]
pub struct Behind {
    /// The secondary.
    pub node: Text,
    /// The zone.
    pub zone: Text,
    /// The line that shows it first: `is stale`, or the failed transfer where the level hides that.
    pub first: Arc<Event>,
    /// Failed transfers.
    pub failures: Lines,
    /// Whether the primary refused (some of) them.
    pub refused: bool,
    /// Addresses asked, sorted: one, nearly always.
    pub asked: Vec<Text>,
    /// `first` is a NOTIFY that was refused; only if the primary sent it does it show anything.
    pub by_notify: bool,
    /// Serial of the copy.
    pub our_serial: Option<u32>,
    /// Serial it should have.
    pub primary_serial: Option<u32>,
    /// The line that shows it current again.
    pub end: Option<Arc<Event>>,
    /// The address that the transfer which ended it came from, where a line names it.
    pub served_by: Option<Text>,
}

/// A copy found stale whose transfer has not failed (yet).
#[derive(Debug, Clone)]
struct Pending {
    first: Arc<Event>,
    primary_serial: Option<u32>,
}

impl Pending {
    fn our_serial(&self) -> Option<u32> {
        if let Some(Pdns::ZoneStale { our_serial, .. }) = self.first.pdns() { *our_serial } else { None }
    }
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

/// NOTIFYs of one sender turned away in one episode.
#[derive(Debug, Clone)]
pub struct Strangers {
    /// Sender.
    pub sender: Text,
    /// The lines.
    pub lines: Lines,
    /// Zones named (at most `ZONES_MAX`).
    pub zones: BTreeSet<Text>,
    /// Nodes that turned it away.
    pub nodes: BTreeSet<Text>,
}

impl Strangers {
    /// An episode ends when its sender was silent for longer than this.
    pub const QUIET_MICROS: i64 = QUIET_MICROS;
}

/// Transfers refused by one address or node in one episode.
#[derive(Debug, Clone)]
pub struct Refusals {
    /// The address asked; `None` where only the refusing side's log exists.
    pub address: Option<Text>,
    /// The node that refused, where its own log says so.
    pub refusers: BTreeSet<Text>,
    /// Nodes that were refused (secondaries' own logs).
    pub refused_nodes: BTreeSet<Text>,
    /// Clients that were refused (the refusing side's log).
    pub clients: BTreeSet<Text>,
    /// Zones.
    pub zones: BTreeSet<Text>,
    /// The secondaries' lines.
    pub failures: Lines,
    /// The refusing side's lines.
    pub denials: Lines,
    /// Who (secondary, or client as the refusing side names it) still waits for which zone.
    waiting: AHashSet<(Text, Text)>,
    /// The transfer that ended it: the last of those refused got what it asked for.
    pub end: Option<Arc<Event>>,
}

impl Refusals {
    /// First line of either side.
    #[must_use]
    pub fn first(&self) -> Option<&Arc<Event>> {
        self.failures
            .first
            .iter()
            .chain(&self.denials.first)
            .min_by_key(|event| (event.time.micros, event.node.clone()))
    }

    /// Last line of either side.
    #[must_use]
    pub fn last_time(&self) -> Option<Moment> {
        self.failures.last_time().max(self.denials.last_time())
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
    /// Senders and zones that the limits above left out.
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

    #[expect(clippy::too_many_arguments, reason = "a line, its parts, and what is known of its copy")]
    fn current(
        &mut self,
        copy: &mut Copy,
        event: &Arc<Event>,
        zone: &Text,
        serial: Option<u32>,
        committed: bool,
        from: Option<&Text>,
        may_be_own: bool,
    ) {
        let had = copy.serial;
        copy.serial = serial.or(copy.serial);
        copy.pending = None;
        if committed {
            copy.committed = event.time.micros;
        }
        let notify = copy.notify.take().filter(|_| committed && copy.open.is_none());
        let is_new = had.zip(serial).is_none_or(|(had, new)| is_newer(new, had));
        let since = |notify: &Event| event.time.micros_since(notify.time);
        // What no sender's log shows refused by now was a stranger's: nothing was behind because of it.
        let is_strangers = |notify: &Event| {
            let is_for_no_primary = matches!(notify.pdns(), Some(Pdns::NotifyRefused { .. }));
            is_for_no_primary && !may_be_own && since(notify) > SENDER_MICROS
        };
        let is_told = |notify: &Arc<Event>| is_new && since(notify) >= REFRESH_MICROS && !is_strangers(notify);
        if let Some(notify) = notify.filter(is_told) {
            self.behind.push(Box::new(Behind {
                by_notify: true,
                our_serial: had,
                primary_serial: serial,
                end: Some(Arc::clone(event)),
                served_by: from.cloned(),
                ..Behind::since(&notify, &event.node, zone)
            }));
        }
        let still_behind = copy.open.as_ref().is_some_and(|open| match (serial, open.primary_serial) {
            (Some(serial), Some(wanted)) => is_newer(wanted, serial),
            (None, _) | (_, None) => false,
        });
        if still_behind {
            return;
        }
        // A transfer may fail that nobody needed: the copy was never behind if its serial is still the one that is current.
        let was_behind = |open: &Behind| open.primary_serial.is_some() || serial.is_none() || open.our_serial != serial;
        if let Some(mut open) = copy.open.take().filter(|open| was_behind(open)) {
            open.primary_serial = open.primary_serial.or(serial);
            open.end = Some(Arc::clone(event));
            open.served_by = from.cloned();
            self.behind.push(open);
        }
        if committed {
            self.no_longer_waiting(event, zone, &event.node);
        }
    }

    fn stranger(&mut self, event: &Arc<Event>, copies: &mut Copies, zone: &Text, sender: &Text) {
        if !self.strangers.contains_key(sender) && self.strangers.len() >= SENDERS_MAX {
            self.left_out += 1;
            return;
        }
        let episodes = self.strangers.entry(sender.clone()).or_default();
        let goes_on = episodes.last().and_then(|episode| episode.lines.last_time());
        if goes_on.is_none_or(|last| event.time.micros_since(last) > QUIET_MICROS) {
            let (zones, nodes) = (BTreeSet::new(), BTreeSet::new());
            episodes.push(Strangers { sender: sender.clone(), lines: Lines::default(), zones, nodes });
        }
        let Some(episode) = episodes.last_mut() else { return };
        let new_zone = !episode.zones.contains(zone);
        if new_zone && episode.zones.len() >= ZONES_MAX {
            self.left_out += 1;
        } else if new_zone {
            episode.zones.insert(zone.clone());
        }
        let new_node = episode.nodes.insert(event.node.clone());
        episode.lines.push(event, new_zone || new_node);
        self.unheard(event, copies, zone);
    }

    /// A NOTIFY that this node did not take: perhaps its copy is behind from here on.
    fn unheard(&mut self, event: &Arc<Event>, copies: &mut Copies, zone: &Text) {
        // One sent by hand tells nothing new.
        let by_hand = self.ordered.get(zone).is_some_and(|time| event.time.micros_since(*time) <= BY_HAND_MICROS);
        if by_hand {
            return;
        }
        // Anyone may name any zone: only zones that this node has a copy of are remembered.
        let is_judged = |place: &Place| copies[*place].is_judged;
        let place = copies.place(&event.node, zone).filter(is_judged);
        let place = place.or_else(|| (self.judged < ZONES_MAX).then(|| copies.place_or_new(&event.node, zone)));
        let Some(copy) = self.judge(copies, place) else { return };
        // Several primaries tell of one change, and the copy has it from one of them.
        if event.time.micros.saturating_sub(copy.committed) > RENEWED_MICROS {
            copy.notify.get_or_insert_with(|| Arc::clone(event));
        }
    }

    /// A transfer that a secondary was refused, and the node that denied it if its own log says so.
    fn refused(&mut self, event: &Arc<Event>, zone: &Text, address: Option<&Text>, denied_by: Option<&Text>) {
        let wanted = |refusals: &Refusals| match (&refusals.address, address) {
            (Some(known), Some(asked)) => known == asked,
            (None, _) => denied_by.is_some_and(|node| refusals.refusers.contains(node)),
            (Some(_), None) => false,
        };
        let refusals = self.refusals_of(event, wanted, address);
        refusals.address = refusals.address.take().or_else(|| address.cloned());
        refusals.refusers.extend(denied_by.cloned());
        let new_zone = refusals.zones.len() < ZONES_MAX && refusals.zones.insert(zone.clone());
        let new_node = refusals.refused_nodes.insert(event.node.clone());
        // Whoever was refused as a client is the same one: its own log names it better. No client joins them after the first node.
        if new_node {
            refusals.waiting.retain(|(who, _)| refusals.refused_nodes.contains(who));
        }
        if refusals.waiting.len() < ZONES_MAX {
            refusals.waiting.insert((event.node.clone(), zone.clone()));
        }
        refusals.failures.push(event, new_zone || new_node);
    }

    fn denied(&mut self, event: &Arc<Event>, zone: &Text, client: Option<&Text>, asked: Option<&Text>) {
        let wanted = |refusals: &Refusals| match (&refusals.address, asked) {
            (Some(known), Some(asked)) => known == asked,
            (Some(_), None) | (None, _) => refusals.refusers.contains(&event.node),
        };
        let refusals = self.refusals_of(event, wanted, asked);
        refusals.refusers.insert(event.node.clone());
        let new_zone = refusals.zones.len() < ZONES_MAX && refusals.zones.insert(zone.clone());
        let new_client = client.is_some_and(|client| refusals.clients.insert(client.clone()));
        if let Some(client) = client.filter(|_| refusals.refused_nodes.is_empty() && refusals.waiting.len() < ZONES_MAX)
        {
            refusals.waiting.insert((client.clone(), zone.clone()));
        }
        refusals.denials.push(event, new_zone || new_client);
    }

    fn refusals_of(
        &mut self,
        event: &Event,
        wanted: impl Fn(&Refusals) -> bool,
        address: Option<&Text>,
    ) -> &mut Refusals {
        let is_open = |refusals: &Refusals| {
            let resting_since = refusals.end.as_ref().map(|end| (end.time, RELAPSE_MICROS));
            let (since, allowed) =
                resting_since.or_else(|| Some((refusals.last_time()?, QUIET_MICROS))).unwrap_or((event.time, 0));
            event.time.micros_since(since) <= allowed
        };
        let found = self.refusals.iter().rposition(|refusals| is_open(refusals) && wanted(refusals));
        let index = found.unwrap_or_else(|| {
            self.refusals.push(Refusals::at(address.cloned()));
            self.refusals.len() - 1
        });
        self.refusals[index].end = None;
        &mut self.refusals[index]
    }

    fn no_longer_waiting(&mut self, event: &Arc<Event>, zone: &Text, who: &Text) {
        let mut key = None;
        for refusals in self.refusals.iter_mut().filter(|refusals| refusals.end.is_none()) {
            let key = key.get_or_insert_with(|| (who.clone(), zone.clone()));
            if refusals.waiting.remove(key) && refusals.waiting.is_empty() {
                refusals.end = Some(Arc::clone(event));
            }
        }
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

impl World {
    /// All stretches of copies being behind, those that last and those that ended, and those that are only `waiting`; in order of time.
    #[must_use]
    pub fn behind<'a>(&'a self, waiting: &'a [Behind]) -> Vec<&'a Behind> {
        let ended = self.replication.behind.iter().map(|behind| &**behind);
        let open = self.copies.iter().filter_map(|(.., copy)| copy.open.as_deref());
        let mut all: Vec<&Behind> = ended.chain(open).chain(waiting).collect();
        all.sort_by(|a, b| (a.first.time.micros, &a.node, &a.zone).cmp(&(b.first.time.micros, &b.node, &b.zone)));
        all
    }

    /// Copies stale since before `stale_before` whose transfer neither failed nor came, and those that refused a NOTIFY before
    /// `unheard_before` and heard nothing since: these are behind if the primary sent it.
    #[must_use]
    pub fn waiting(&self, stale_before: Moment, unheard_before: Moment) -> Vec<Behind> {
        let has_not_failed = self.copies.iter().filter(|(.., copy)| copy.open.is_none());
        let waiting = has_not_failed.filter_map(|(node, zone, copy)| match &copy.pending {
            Some(pending) => (pending.first.time.micros <= stale_before.micros).then(|| Behind {
                our_serial: pending.our_serial(),
                primary_serial: pending.primary_serial,
                ..Behind::since(&pending.first, node, zone)
            }),
            None => {
                let notify = copy.notify.as_ref().filter(|notify| notify.time.micros <= unheard_before.micros)?;
                Some(Behind { by_notify: true, our_serial: copy.serial, ..Behind::since(notify, node, zone) })
            }
        });
        waiting.collect()
    }
}

fn stale(copy: &mut Copy, event: &Arc<Event>, primary_serial: Option<u32>, our_serial: Option<u32>) {
    copy.serial = our_serial.or(copy.serial);
    if let Some(open) = &mut copy.open {
        open.our_serial = our_serial.or(open.our_serial);
        open.primary_serial = newer(open.primary_serial, primary_serial);
    } else if let Some(pending) = &mut copy.pending {
        pending.primary_serial = newer(pending.primary_serial, primary_serial);
    } else {
        copy.pending = Some(Pending { first: Arc::clone(event), primary_serial });
    }
}

fn failed(copy: &mut Copy, event: &Arc<Event>, zone: &Text, primary: Option<&Text>, refused: bool) {
    let pending = copy.pending.take();
    let serial = copy.serial;
    let new = || Behind {
        our_serial: pending.as_ref().and_then(Pending::our_serial).or(serial),
        primary_serial: pending.as_ref().and_then(|pending| pending.primary_serial),
        ..Behind::since(pending.as_ref().map_or(event, |pending| &pending.first), &event.node, zone)
    };
    let open = copy.open.get_or_insert_with(|| Box::new(new()));
    let is_first = open.failures.count == 0;
    open.failures.push(event, is_first);
    open.refused |= refused;
    if let Some(primary) = primary
        && let Err(at) = open.asked.binary_search(primary)
    {
        open.asked.reserve_exact(1);
        open.asked.insert(at, primary.clone());
    }
}

impl Behind {
    fn since(first: &Arc<Event>, node: &Text, zone: &Text) -> Self {
        Self {
            node: node.clone(),
            zone: zone.clone(),
            first: Arc::clone(first),
            failures: Lines::default(),
            refused: false,
            asked: Vec::new(),
            by_notify: false,
            our_serial: None,
            primary_serial: None,
            end: None,
            served_by: None,
        }
    }
}

impl Refusals {
    fn at(address: Option<Text>) -> Self {
        Self {
            address,
            refusers: BTreeSet::new(),
            refused_nodes: BTreeSet::new(),
            clients: BTreeSet::new(),
            zones: BTreeSet::new(),
            failures: Lines::default(),
            denials: Lines::default(),
            waiting: AHashSet::new(),
            end: None,
        }
    }
}

/// RFC 1982: whether serial `a` is newer than `b`.
#[must_use]
pub fn is_newer(a: u32, b: u32) -> bool {
    let ahead = a.wrapping_sub(b);
    ahead != 0 && ahead < 1 << 31
}

fn newer(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if is_newer(b, a) { b } else { a }),
        (a, None) => a,
        (None, b) => b,
    }
}

#[cfg(test)]
mod tests {
    use super::is_newer;

    #[test]
    fn serials_compare_by_rfc_1982() {
        assert!(is_newer(2020081701, 2020080601));
        assert!(is_newer(1, u32::MAX));
        assert!(!is_newer(u32::MAX, 1));
        assert!(!is_newer(7, 7));
    }
}
