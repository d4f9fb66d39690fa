//! What a follower's numbers are at this moment.

use crate::cli::outlets::metrics::Gauges;
use crate::event::Daemon;
use crate::follow::{Change, Follower, Kind};
use std::collections::BTreeMap;

/// Announced so far, by rule and severity; counts from the start of the process.
#[derive(Debug, Default)]
pub(super) struct Totals(BTreeMap<(String, String), u64>);

impl Totals {
    pub(super) fn count(&mut self, change: &Change) {
        if change.kind == Kind::Opened {
            *self.0.entry((change.rule.clone(), change.severity.clone())).or_default() += 1;
        }
    }
}

/// The numbers by `wall`, microseconds since 1970.
pub(super) fn of(follower: &Follower, totals: &Totals, wall: i64) -> Gauges {
    let mut gauges = Gauges { findings_total: totals.0.clone(), ..Gauges::default() };
    for (_, rule, _) in follower.ledger().open() {
        *gauges.findings_open.entry(rule.to_owned()).or_default() += 1;
    }
    let counts = follower.counts();
    gauges.entries = counts.lines;
    gauges.recognised = counts.recognised;
    for daemon in [Daemon::Pdns, Daemon::Keepalived] {
        gauges.unrecognised.insert(daemon.word().to_owned(), counts.unrecognised_of(daemon));
    }
    gauges.lost = follower.gaps();
    gauges.suppressed = follower.suppressed();
    gauges.last_entry = follower.newest();
    #[expect(clippy::cast_precision_loss, reason = "a lag in microseconds is far below 2^52")]
    let lag = |since: i64| (wall - since).max(0) as f64 / 1e6;
    gauges.lag_seconds = follower.behind_since().map_or(0.0, lag);
    if let Some(report) = follower.report() {
        for node in &report.masterships {
            let is_master = node.stretches.iter().any(|stretch| stretch.until.is_none());
            gauges.masters.insert((node.node.to_string(), node.instance.to_string()), is_master);
        }
        let drifts = report.findings.iter().filter(|finding| finding.rule == "eip-drift" && finding.is_open());
        let since = drifts.map(|finding| finding.since.micros).min();
        gauges.drift_seconds = since.map_or(0.0, lag);
    }
    gauges
}
