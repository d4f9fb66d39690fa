//! Copies that were behind: since which line, why, and until which one.

use super::serial::{is_newer, newer};
use super::{Copy, Lines, Replication};
use crate::event::{Event, Pdns, Text};
use crate::moment::Moment;
use crate::world::World;
use std::sync::Arc;

/// A copy that is renewed this soon after a NOTIFY was not behind for long enough to be told.
const REFRESH_MICROS: i64 = 2_000_000;
/// A sender's log shows its NOTIFY refused within this, clocks corrected.
const SENDER_MICROS: i64 = 10_000_000;

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

/// A copy found stale whose transfer has not failed (yet).
#[derive(Debug, Clone)]
pub(super) struct Pending {
    first: Arc<Event>,
    primary_serial: Option<u32>,
}

impl Pending {
    fn our_serial(&self) -> Option<u32> {
        if let Some(Pdns::ZoneStale { our_serial, .. }) = self.first.pdns() { *our_serial } else { None }
    }
}

impl Replication {
    #[expect(clippy::too_many_arguments, reason = "a line, its parts, and what is known of its copy")]
    pub(super) fn current(
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

pub(super) fn stale(copy: &mut Copy, event: &Arc<Event>, primary_serial: Option<u32>, our_serial: Option<u32>) {
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

pub(super) fn failed(copy: &mut Copy, event: &Arc<Event>, zone: &Text, primary: Option<&Text>, refused: bool) {
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
