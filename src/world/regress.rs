//! Copies that are newer than what their primary serves: serials that went backwards.

use super::copies::{Copies, Place};
use super::dns::Lines;
use crate::event::{Event, Pdns, Text};
use ahash::AHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The next check of a primary whose replica lags finds it level again: what lasts longer is no lag.
const LAG_MICROS: i64 = 300_000_000;
/// Zones kept at a time.
const ZONES_MAX: usize = 10_000;
/// Stretches that are kept after their end.
const DONE_MAX: usize = 10_000;

/// One zone of one secondary whose primary has an older serial.
#[derive(Debug, Clone)]
pub struct Regression {
    /// The secondary.
    pub node: Text,
    /// The zone.
    pub zone: Text,
    /// Addresses that gave the older serial, where lines name them.
    pub addresses: BTreeSet<Text>,
    /// The lines.
    pub lines: Lines,
    /// Serial of the copy.
    pub ours: Option<u32>,
    /// Serial of the primary.
    pub theirs: Option<u32>,
    /// The line that shows both level again, or the primary ahead.
    pub end: Option<Arc<Event>>,
}

impl Regression {
    /// Found by two checks, far enough apart to be no lag.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.lines.count > 1 && self.lines.span_micros() >= LAG_MICROS
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Regressions {
    open: AHashMap<Place, Regression>,
    done: Vec<Regression>,
}

impl Regressions {
    /// Takes the next event; returns how many zones the limits left out.
    pub(super) fn observe(
        &mut self,
        event: &Arc<Event>,
        pdns: &Pdns,
        copies: &mut Copies,
        place: Option<Place>,
    ) -> u64 {
        let Some(place) = place else { return 0 };
        if let Pdns::ZoneNewer { zone, primary, primary_serial, our_serial } = pdns {
            if self.open.len() >= ZONES_MAX && !copies[place].is_newer {
                return 1;
            }
            copies[place].is_newer = true;
            let open = self.open.entry(place).or_insert_with(|| Regression {
                node: event.node.clone(),
                zone: zone.clone(),
                addresses: BTreeSet::new(),
                lines: Lines::default(),
                ours: None,
                theirs: None,
                end: None,
            });
            open.lines.push(event, true);
            open.addresses.extend(primary.clone());
            open.ours = our_serial.or(open.ours);
            open.theirs = primary_serial.or(open.theirs);
        } else if copies[place].is_newer
            && matches!(pdns, Pdns::ZoneFresh { .. } | Pdns::ZoneStale { .. } | Pdns::ZoneCommitted { .. })
            && let Some(mut closed) = self.open.remove(&place)
        {
            copies[place].is_newer = false;
            closed.end = Some(Arc::clone(event));
            if closed.is_repeated() && self.done.len() < DONE_MAX {
                self.done.push(closed);
            }
        }
        0
    }

    /// Those that ended after two checks at least, and all that last.
    #[must_use]
    pub fn all(&self) -> Vec<&Regression> {
        let mut all: Vec<&Regression> = self.done.iter().chain(self.open.values()).collect();
        let key = |regression: &Regression| regression.lines.first_time().map_or(i64::MIN, |time| time.micros);
        all.sort_by(|a, b| (key(a), &a.node, &a.zone).cmp(&(key(b), &b.node, &b.zone)));
        all
    }
}
