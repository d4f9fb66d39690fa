//! A flood of one kind of line: the first lines of it are news, those behind them are looked after together.
//!
//! What a question costs grows with the lines kept, and a stranger can write a line a thousand times a second (a NOTIFY, a transfer that is
//! refused). **Invariant:** a function of the lines and their own times, so that a run that was killed asks where an undisturbed one did.

use super::Weight;
use crate::event::{Fact, Text};
use crate::timeline::Line;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More lines of one kind from one host within [`WINDOW_SECONDS`] are a flood. An incident of a few zones stays below it.
const FEW: u32 = 50;
const WINDOW_SECONDS: i64 = 10;
/// Kinds and hosts that are counted at the same time; beyond them counting begins anew.
const COUNTED_MAX: usize = 1_000;

/// Lines of PowerDNS in the present window, by host and kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Floods {
    window: i64,
    counts: BTreeMap<(Option<Text>, String), u32>,
}

impl Floods {
    /// What a line weighs among its like. A keepalived line is never one of many: each may be the one that decides.
    pub(super) fn weigh(&mut self, line: &Line, weight: Weight) -> Weight {
        let Some(stamp) = line.stamp.filter(|_| weight == Weight::Remarkable && matches!(line.fact, Fact::Pdns(_)))
        else {
            return weight;
        };
        let window = stamp.written.and_utc().timestamp().div_euclid(WINDOW_SECONDS);
        if window != self.window || self.counts.len() > COUNTED_MAX {
            self.window = window;
            self.counts.clear();
        }
        let count = self.counts.entry((line.host.clone(), line.id.to_owned())).or_default();
        *count = count.saturating_add(1);
        if *count > FEW { Weight::Repeated } else { weight }
    }
}
